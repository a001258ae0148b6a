/*
 * fs/ext/ext_raw.c - inodes between their on-disk form and struct inode.
 *
 * Inodes of 256 bytes and more carry nanoseconds and two more bits of seconds, so that time runs to
 * 2446; in 128 bytes seconds are 32 bits and signed. Owner numbers and block counts are split in
 * halves. Device numbers are in i_block: the first word in the old 16-bit form, else the second.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"

#include "abi/kdev.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "lib/string.h"

/*
 * Whether the extra part, of `isize` bytes, holds a field of the raw inode: where it does not, the
 * field may be beyond the memory there is.
 */
#define RAW_HAS(isize, field) \
	((isize) >= offsetof(struct ext_raw_inode, field) + \
			    sizeof_field(struct ext_raw_inode, field) - EXT_INODE_SIZE_OLD)

static struct timespec time_decode(u32 seconds, bool wide, const u32 *extra)
{
	struct timespec ts = { .tv_sec = (s32)seconds };

	if (wide) {
		ts.tv_sec += (s64)(*extra & 3) << 32;
		ts.tv_nsec = *extra >> 2;
		if (ts.tv_nsec >= NSEC_PER_SEC)
			ts.tv_nsec = 0;
	}
	return ts;
}

static u32 time_encode(const struct timespec *ts, bool wide, u32 *extra)
{
	s64 least = EXT_TIME_MIN, most = wide ? EXT_TIME_MAX_EXTRA : EXT_TIME_MAX;
	s64 seconds = clamp(ts->tv_sec, least, most);

	if (wide)
		*extra = (u32)((seconds - (s32)seconds) >> 32 & 3) | (u32)ts->tv_nsec << 2;
	return (u32)seconds;
}

int ext_raw_get(struct ext_fs *fs, u32 ino, struct bblock *b, struct ext_raw_inode **raw)
{
	if (ino == 0 || ino > fs->geo.n_inodes)
		return ext_error(fs, "inode %u does not exist", ino);
	return ext_raw_get_in(fs, ext_group_nth(fs, (ino - 1) / fs->geo.inodes_per_group)->desc,
			      ino, b, raw);
}

int ext_raw_get_in(struct ext_fs *fs, const struct ext_group_desc *desc, u32 ino,
		   struct bblock *b, struct ext_raw_inode **raw)
{
	const struct ext_geo *geo = &fs->geo;
	u32 index = (ino - 1) % geo->inodes_per_group;
	u64 block = ext_desc_inode_table(geo, desc) + index / geo->inodes_per_block;
	int err;

	err = ext_block_get(fs, block, b);
	if (err)
		return err;
	*raw = (void *)((u8 *)b->data + index % geo->inodes_per_block * geo->inode_size);
	return 0;
}

static u64 blocks_decode(const struct ext_fs *fs, const struct ext_raw_inode *raw)
{
	u64 n = raw->blocks_lo;

	if (!(fs->geo.ro_compat & EXT_RO_HUGE_FILE))
		return n;
	n |= (u64)raw->blocks_hi << 32;
	return raw->flags & EXT_FL_HUGE_FILE ? n << (fs->geo.block_bits - 9) : n;
}

static u64 rdev_decode(const struct ext_raw_inode *raw)
{
	return raw->block[0] ? dev_decode_old(raw->block[0]) : raw->block[1];
}

static void times_from_raw(struct inode *inode, const struct ext_raw_inode *raw, u16 isize)
{
	inode->atime = time_decode(raw->atime, RAW_HAS(isize, atime_extra), &raw->atime_extra);
	inode->mtime = time_decode(raw->mtime, RAW_HAS(isize, mtime_extra), &raw->mtime_extra);
	inode->ctime = time_decode(raw->ctime, RAW_HAS(isize, ctime_extra), &raw->ctime_extra);
	inode->btime = (struct timespec){ 0 };
	if (RAW_HAS(isize, crtime))
		inode->btime = time_decode(raw->crtime, RAW_HAS(isize, crtime_extra),
					   &raw->crtime_extra);
}

void ext_inode_from_raw(struct ext_inode *ei, const struct ext_raw_inode *raw)
{
	struct inode *inode = &ei->inode;
	struct ext_fs *fs = ext_fs_of(inode);
	u16 isize = fs->geo.inode_size > EXT_INODE_SIZE_OLD ? raw->extra_isize : 0;

	inode->mode = raw->mode;
	inode->uid = raw->uid | (u32)raw->uid_hi << 16;
	inode->gid = raw->gid | (u32)raw->gid_hi << 16;
	inode->nlink = raw->links_count;
	inode->size = (s64)ext_raw_size(&fs->geo, raw);
	inode->blocks = blocks_decode(fs, raw);
	inode->flags = raw->flags;
	inode->generation = raw->generation;
	times_from_raw(inode, raw, isize);
	memcpy(ei->block, raw->block, sizeof(ei->block));
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		inode->rdev = rdev_decode(raw);
	ei->file_acl = raw->file_acl_lo;
	ei->file_acl_hi = raw->file_acl_hi;
	ei->group = ((u32)inode->ino - 1) / fs->geo.inodes_per_group;
	ei->extra_isize = isize;
	ei->csum_seed = ext_csum_inode_seed(&fs->geo, (u32)inode->ino, raw->generation);
	ei->alloc_end = DIV_ROUND_UP((u64)inode->size, fs->geo.block_size);
	ei->disk_size = (u64)inode->size;
	ei->sync_tid = ei->datasync_tid = READ_ONCE(fs->last_tid);
}

static void times_to_raw(const struct inode *inode, struct ext_raw_inode *raw, u16 isize)
{
	raw->atime = time_encode(&inode->atime, RAW_HAS(isize, atime_extra), &raw->atime_extra);
	raw->mtime = time_encode(&inode->mtime, RAW_HAS(isize, mtime_extra), &raw->mtime_extra);
	raw->ctime = time_encode(&inode->ctime, RAW_HAS(isize, ctime_extra), &raw->ctime_extra);
	if (RAW_HAS(isize, crtime))
		raw->crtime = time_encode(&inode->btime, RAW_HAS(isize, crtime_extra),
					  &raw->crtime_extra);
}

static void rdev_to_raw(const struct inode *inode, struct ext_raw_inode *raw)
{
	u32 dev = (u32)inode->rdev;

	memset(raw->block, 0, sizeof(raw->block));
	if (dev_is_old(dev))
		raw->block[0] = dev_encode_old(dev);
	else
		raw->block[1] = dev;
}

void ext_inode_to_raw(struct ext_inode *ei, struct ext_raw_inode *raw)
{
	struct inode *inode = &ei->inode;
	struct ext_fs *fs = ext_fs_of(inode);
	u64 blocks = inode->blocks;

	if (ei->fresh)
		memset(raw, 0, fs->geo.inode_size);
	ei->fresh = false;
	raw->mode = (u16)inode->mode;
	raw->uid = (u16)inode->uid;
	raw->uid_hi = (u16)(inode->uid >> 16);
	raw->gid = (u16)inode->gid;
	raw->gid_hi = (u16)(inode->gid >> 16);
	raw->links_count = (u16)inode->nlink;
	/* Until its blocks behind the end are freed, the file ends on the disk where they do. */
	if (!fs->journal || !S_ISREG(inode->mode) || !ext_map_has_excess(inode))
		ei->disk_size = ext_delayed_size(ei);
	else
		ei->disk_size = max(ei->disk_size, ext_delayed_size(ei));
	raw->size_lo = (u32)ei->disk_size;
	if (S_ISREG(inode->mode) || ei->disk_size >> 32)
		raw->size_hi = (u32)(ei->disk_size >> 32);
	raw->blocks_lo = (u32)blocks;
	if (fs->geo.ro_compat & EXT_RO_HUGE_FILE)
		raw->blocks_hi = (u16)(blocks >> 32);
	raw->flags = inode->flags & ~(u32)EXT_FL_HUGE_FILE;
	raw->generation = inode->generation;
	raw->file_acl_lo = ei->file_acl;
	raw->file_acl_hi = (u16)ei->file_acl_hi;
	if (fs->geo.inode_size > EXT_INODE_SIZE_OLD)
		raw->extra_isize = ei->extra_isize;
	times_to_raw(inode, raw, ei->extra_isize);
	raw->dtime = ext_orphan_next(inode);
	if (inode->nlink == 0 && inode->state & I_FREEING && list_empty(&ei->orphan_link))
		raw->dtime = (u32)clock_now().tv_sec;
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		rdev_to_raw(inode, raw);
	else
		memcpy(raw->block, ei->block, sizeof(raw->block));
}
