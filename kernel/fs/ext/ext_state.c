/*
 * fs/ext/ext_state.c - the superblock while mounted: clean or not, counts, sync, remount.
 *
 * A file system is "valid" on the disk only while it is not mounted for writing: the bit is
 * cleared, on the disk, before anything else changes, and put back after everything else was
 * written. If it was not valid at mount it stays so until e2fsck has looked at it. With a journal
 * it is valid all the time, but says "needs recovery" from before the first transaction until the
 * journal is empty again. The free counts live in memory and are written with each sync, and with
 * each transaction of a journal.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "core/clock.h"
#include "lib/string.h"

/* A journal that has to be replayed is so before anything is written. */
#define WRITABLE_INCOMPAT	(EXT_INCOMPAT_FILETYPE | EXT_INCOMPAT_META_BG | \
				 EXT_INCOMPAT_64BIT | EXT_INCOMPAT_FLEX_BG | \
				 EXT_INCOMPAT_CSUM_SEED | EXT_INCOMPAT_EXTENTS)
#define RECOVERABLE_INCOMPAT	(WRITABLE_INCOMPAT | EXT_INCOMPAT_RECOVER)
#define WRITABLE_RO_COMPAT	(EXT_RO_SPARSE_SUPER | EXT_RO_LARGE_FILE | EXT_RO_BTREE_DIR | \
				 EXT_RO_EXTRA_ISIZE | EXT_RO_DIR_NLINK | EXT_RO_HUGE_FILE | \
				 EXT_RO_GDT_CSUM | EXT_RO_METADATA_CSUM | EXT_RO_ORPHAN_PRESENT)

void ext_super_dirty(struct ext_fs *fs)
{
	u64 now = (u64)clock_now().tv_sec;

	fs->super->wtime = (u32)now;
	fs->super->wtime_hi = (u8)(now >> 32);
	ext_csum_super_set(&fs->geo, fs->super);
	ext_block_dirty(fs, &fs->super_block);
}

int ext_state_check_features(const struct ext_fs *fs)
{
	u32 known = fs->opt.noload ? WRITABLE_INCOMPAT : RECOVERABLE_INCOMPAT;
	u32 incompat = fs->geo.incompat & ~known;
	u32 ro = fs->geo.ro_compat & ~WRITABLE_RO_COMPAT;

	if (blkdev_is_read_only(fs->dev)) {
		super_log(fs->sb, LOG_ERR, "the device is read-only");
		return -EROFS;
	}
	if (incompat || ro) {
		super_log(fs->sb, LOG_ERR,
			  "can only be mounted read-only: features incompat %#x, "
			  "ro_compat %#x cannot be written",
			  incompat, ro);
		return -EROFS;
	}
	if (fs->geo.n_blocks >> 32) {
		super_log(fs->sb, LOG_ERR,
			  "can only be mounted read-only: more blocks than indirect blocks name");
		return -EROFS;
	}
	if (fs->opt.super_given && fs->opt.super_at != 1) {
		super_log(fs->sb, LOG_ERR,
			  "can only be mounted read-only from a backup superblock");
		return -EROFS;
	}
	return 0;
}

static void state_warn(const struct ext_fs *fs)
{
	const struct ext_super *s = fs->super;
	s16 max_count = (s16)s->max_mnt_count;

	if (s->state & EXT_STATE_ERROR)
		super_log(fs->sb, LOG_WARNING, "errors were found in it before: run e2fsck");
	else if (!(s->state & EXT_STATE_VALID))
		super_log(fs->sb, LOG_WARNING, "was not cleanly unmounted: run e2fsck");
	else if (max_count > 0 && s->mnt_count >= (u16)max_count)
		super_log(fs->sb, LOG_WARNING, "mounted more often than its limit: run e2fsck");
	else if (s->checkinterval &&
		 (u64)s->lastcheck + s->checkinterval <= (u64)clock_now().tv_sec)
		super_log(fs->sb, LOG_WARNING,
			  "not checked for longer than its limit: run e2fsck");
}

void ext_meta_sync_begin(struct ext_fs *fs)
{
	fs->write_errors = READ_ONCE(fs->dev->cache.n_errors);
}

int ext_meta_sync(struct ext_fs *fs)
{
	int err = bcache_sync(fs->dev);

	if (!err && load_acquire(&fs->dev->cache.n_errors) != fs->write_errors)
		err = -EIO;
	return err ? err : blk_flush(fs->dev);
}

/* The journal is empty, and all else stable: nothing will have to be recovered. */
static int state_recovered(struct ext_fs *fs)
{
	mutex_lock(&fs->super_lock);
	fs->super->feature_incompat &= ~(u32)EXT_INCOMPAT_RECOVER;
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
	return ext_meta_sync(fs);
}

int ext_state_begin_write(struct ext_fs *fs)
{
	struct ext_super *s = fs->super;
	u64 now = (u64)clock_now().tv_sec;
	int err = ext_state_check_features(fs);

	if (err)
		return err;
	ext_meta_sync_begin(fs);
	state_warn(fs);
	mutex_lock(&fs->super_lock);
	fs->mount_state = s->state;
	if (fs->journaled)
		s->feature_incompat |= EXT_INCOMPAT_RECOVER;
	else
		s->state &= (u16)~EXT_STATE_VALID;
	s->mnt_count++;
	s->mtime = (u32)now;
	s->mtime_hi = (u8)(now >> 32);
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
	err = ext_meta_sync(fs);
	if (err) {
		super_log(fs->sb, LOG_ERR, "cannot write the superblock (error %d)", err);
		return err;
	}
	if (fs->journaled) {
		err = ext_log_open(fs);
		if (err) {
			state_recovered(fs);
			return err;
		}
	}
	WRITE_ONCE(fs->had_errors, false);
	WRITE_ONCE(fs->writable, true);
	return 0;
}

/* Brings the counts up to date. super_lock held; whether anything differed. */
static bool state_update(struct ext_fs *fs)
{
	struct ext_super *s = fs->super;
	u64 blocks = (u64)max(__atomic_load_n(&fs->unused_blocks, __ATOMIC_RELAXED), (s64)0);
	u32 inodes = (u32)max(__atomic_load_n(&fs->free_inodes, __ATOMIC_RELAXED), (s64)0);
	u32 orphan = ext_orphan_first(fs);
	u16 state = s->state;
	u32 errors = s->error_count;

	ext_error_record(fs);
	if (READ_ONCE(fs->had_errors))
		state = (u16)((state & ~EXT_STATE_VALID) | EXT_STATE_ERROR);
	if (s->free_blocks_count_lo == (u32)blocks && s->free_inodes_count == inodes &&
	    s->last_orphan == orphan && s->state == state && s->error_count == errors)
		return false;
	s->free_blocks_count_lo = (u32)blocks;
	if (fs->geo.incompat & EXT_INCOMPAT_64BIT)
		s->free_blocks_count_hi = (u32)(blocks >> 32);
	s->free_inodes_count = inodes;
	s->last_orphan = orphan;
	s->state = state;
	return true;
}

void ext_state_sum_up(struct ext_fs *fs)
{
	mutex_lock(&fs->super_lock);
	if (state_update(fs))
		ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
}

/* The same in a handle of its own. */
static void state_write(struct ext_fs *fs)
{
	if (ext_begin(fs, 1))
		return;
	ext_state_sum_up(fs);
	ext_end(fs);
}

void ext_state_mark_error(struct ext_fs *fs)
{
	u32 at = (u32)((u8 *)fs->super - (u8 *)fs->super_block.data);
	struct page *page = page_alloc(MM_WAIT | MM_NOFS);
	struct dma_piece piece = { .page = page, .length = fs->geo.block_size };
	struct blk_request req = { .dev = fs->dev, .op = BLK_WRITE, .fua = true,
				   .pieces = &piece, .n_pieces = 1 };
	struct ext_super *s;

	if (!page)
		return;
	/* Not by way of the cache, which may not write it: a transaction has changed it. */
	ext_error_record(fs);
	memcpy(page_to_virt(page), fs->super_block.data, fs->geo.block_size);
	s = (void *)((u8 *)page_to_virt(page) + at);
	s->state = (u16)((s->state & ~EXT_STATE_VALID) | EXT_STATE_ERROR);
	ext_csum_super_set(&fs->geo, s);
	req.n_sectors = fs->geo.block_size >> 9;
	req.lba = fs->opt.super_at * 2 / req.n_sectors * req.n_sectors;
	if (blk_submit_wait(&req))
		super_log(fs->sb, LOG_ERR, "cannot write the superblock");
	page_put(page);
}

/* A mount with a journal ends writing; after an error the next mount has to replay. */
static void journal_end_write(struct ext_fs *fs)
{
	int err;

	state_write(fs);
	err = ext_log_close(fs);
	WRITE_ONCE(fs->writable, false);
	if (!err)
		err = state_recovered(fs);
	if (!err)
		return;
	fs->cache_stale = true;
	super_log(fs->sb, LOG_ERR, "cannot be written completely (error %d): its journal will be "
		  "replayed", err);
}

void ext_state_end_write(struct ext_fs *fs)
{
	int err, last;

	if (fs->journaled) {
		journal_end_write(fs);
		return;
	}
	/* Everything else first: the superblock may be called valid only when it is stable. */
	err = ext_meta_sync(fs);
	mutex_lock(&fs->super_lock);
	state_update(fs);
	if (!READ_ONCE(fs->had_errors) && !err)
		fs->super->state = fs->mount_state;
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
	last = ext_meta_sync(fs);
	err = err ? err : last;
	if (err)
		super_log(fs->sb, LOG_ERR, "cannot be written completely (error %d)", err);
	WRITE_ONCE(fs->writable, false);
}

int ext_sync_super(struct superblock *sb, bool wait)
{
	struct ext_fs *fs = sb->data;
	int err;

	if (READ_ONCE(fs->writable))
		state_write(fs);
	if (!wait)
		return 0;
	err = fs->journaled ? ext_commit_all(fs) : bcache_sync(fs->dev);
	return err ? err : blk_flush(fs->dev);
}

int ext_feature_large_file(struct ext_fs *fs)
{
	int err = 0;

	if (READ_ONCE(fs->super->feature_ro_compat) & EXT_RO_LARGE_FILE)
		return 0;
	mutex_lock(&fs->super_lock);
	if (fs->super->rev_level == 0) {
		err = -EFBIG;
	} else {
		fs->super->feature_ro_compat |= EXT_RO_LARGE_FILE;
		ext_super_dirty(fs);
	}
	mutex_unlock(&fs->super_lock);
	return err;
}

static u64 state_overhead(const struct ext_fs *fs)
{
	const struct ext_geo *geo = &fs->geo;
	u64 n = geo->first_data_block;

	if (fs->super->overhead_blocks && fs->super->overhead_blocks < geo->n_blocks)
		return fs->super->overhead_blocks;
	for (u32 i = 0; i < geo->n_groups; i++)
		n += 2 + geo->itable_blocks + ext_group_nth(fs, i)->head_blocks;
	return min(n, geo->n_blocks);
}

void ext_statfs_prepare(struct ext_fs *fs)
{
	fs->overhead = state_overhead(fs);
}

int ext_statfs(struct superblock *sb, struct abi_statfs *out)
{
	struct ext_fs *fs = sb->data;
	const u32 *id = (const u32 *)fs->super->uuid;
	s64 free = __atomic_load_n(&fs->free_blocks, __ATOMIC_RELAXED);
	s64 inodes = __atomic_load_n(&fs->free_inodes, __ATOMIC_RELAXED);

	if (fs->geo.ro_compat & EXT_RO_BIGALLOC)
		free <<= fs->super->log_cluster_size - fs->super->log_block_size;
	out->f_type = EXT2_SUPER_MAGIC;
	out->f_bsize = fs->geo.block_size;
	out->f_frsize = fs->geo.block_size;
	out->f_blocks = fs->geo.n_blocks - READ_ONCE(fs->overhead);
	out->f_bfree = (u64)max(free, (s64)0);
	out->f_bavail = free > fs->reserved_blocks ? (u64)(free - fs->reserved_blocks) : 0;
	out->f_files = fs->geo.n_inodes;
	out->f_ffree = (u64)max(inodes, (s64)0);
	out->f_namelen = EXT_NAME_MAX;
	out->f_fsid[0] = (s32)(id[0] ^ id[2]);
	out->f_fsid[1] = (s32)(id[1] ^ id[3]);
	return 0;
}
