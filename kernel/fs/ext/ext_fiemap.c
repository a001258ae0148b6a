/*
 * fs/ext/ext_fiemap.c - where a file lies on the disk: FIEMAP (filefrag(8)) and FIBMAP.
 *
 * Each stretch is told when the next one is found, or the end, so that the last can be told to be
 * the last. Blocks that were allocated and never written are told as such.
 */
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_map.h"

#include "abi/capability.h"
#include "abi/fiemap.h"
#include "arch/usercopy.h"

/* A stretch of the map: `block` 0: a hole, or delayed. */
struct stretch { u64 block; u32 count; bool unwritten, delayed; };

static int stretch_mapped(struct inode *inode, u64 logical, u32 max, struct stretch *s)
{
	struct ext_inode *ei = ext_i(inode);
	struct ext_extent_place place;
	struct ext_run run;
	int err;

	if (!ext_has_extents(inode)) {
		err = ext_map(inode, logical, max, &run);
		*s = (struct stretch){ .block = run.block, .count = run.count };
		return err;
	}
	if (logical >= ~0u) {
		*s = (struct stretch){ .count = max };
		return 0;
	}
	rwsem_write(&ei->map_lock); /* as ext_extent_open() wants it */
	err = ext_extent_find(ei, (u32)logical, max, &place);
	rwsem_write_end(&ei->map_lock);
	if (!err)
		*s = (struct stretch){
			.block = place.mapped ? place.block : 0, .count = place.count,
			.unwritten = place.mapped && !place.written,
		};
	return err;
}

/* With delayed blocks told from holes. The inode is locked. */
static int stretch_at(struct inode *inode, u64 logical, u32 max, struct stretch *s)
{
	bool delayed = ext_has_delayed(inode); /* before the map is asked: it will have them */
	int err = stretch_mapped(inode, logical, max, s);
	u64 start;
	u32 n;

	if (err || s->block || !delayed)
		return err;
	if (ext_delayed_find(inode, logical, logical + s->count, &start, &n)) {
		if (start == logical) {
			*s = (struct stretch){ .count = n, .delayed = true };
			return 0;
		}
		s->count = (u32)(start - logical);
	}
	/* What was placed since the map was asked is in it now. */
	return stretch_mapped(inode, logical, s->count, s);
}

/* An answer under way. */
struct answer {
	struct abi_fiemap head;
	u64 user;			/* where the extents go */
	struct abi_fiemap_extent next;	/* not told yet, or of length 0 */
};

/* Tells what is pending: 1 when there is no more room, 0, or -EFAULT. */
static int answer_tell(struct answer *a, u32 flags)
{
	struct abi_fiemap_extent e = a->next;

	a->next.fe_length = 0;
	if (!e.fe_length)
		return 0;
	e.fe_flags |= flags;
	if (a->head.fm_extent_count) {
		if (a->head.fm_mapped_extents >= a->head.fm_extent_count)
			return 1;
		if (copy_out((void __user *)(a->user + a->head.fm_mapped_extents * sizeof(e)), &e,
			     sizeof(e)) < 0)
			return -EFAULT;
	}
	a->head.fm_mapped_extents++;
	return a->head.fm_extent_count && a->head.fm_mapped_extents == a->head.fm_extent_count;
}

static int answer_inline(struct inode *inode, struct answer *a)
{
	if (a->head.fm_start < (u64)inode->size)
		a->next = (struct abi_fiemap_extent){
			.fe_length = (u64)inode->size,
			.fe_flags = FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED,
		};
	return answer_tell(a, FIEMAP_EXTENT_LAST);
}

static u32 stretch_flags(const struct inode *inode, const struct stretch *s)
{
	if (s->delayed)
		return FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_UNKNOWN;
	return (s->unwritten ? FIEMAP_EXTENT_UNWRITTEN : 0) |
	       (ext_has_extents(inode) ? 0 : FIEMAP_EXTENT_MERGED);
}

static int answer_fill(struct inode *inode, struct answer *a)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;
	u64 limit = (u64)inode->sb->max_file_size, end;
	u64 at = a->head.fm_start >> bits;
	int err = 0;

	if (ext_is_inline(inode))
		return answer_inline(inode, a);
	end = DIV_ROUND_UP(a->head.fm_start + min(a->head.fm_length, limit - a->head.fm_start),
			   1ull << bits);
	while (at < end && !err) {
		struct stretch s;

		err = stretch_at(inode, at, (u32)min(end - at, (u64)0x7fffffff), &s);
		if (err)
			break;
		if (s.block || s.delayed) {
			err = answer_tell(a, 0);
			a->next = (struct abi_fiemap_extent){
				.fe_logical = at << bits, .fe_physical = s.block << bits,
				.fe_length = (u64)s.count << bits,
				.fe_flags = stretch_flags(inode, &s),
			};
		}
		at += max(s.count, 1u);
		if (!err && thread_fatal_pending())
			err = -EINTR;
		sched_point();
	}
	if (!err)
		err = answer_tell(a, FIEMAP_EXTENT_LAST);
	return min(err, 0);
}

long ext_fiemap(struct inode *inode, u64 arg)
{
	struct answer a = { .user = arg + sizeof(a.head) };
	u32 unknown;
	int err;

	if (copy_in_obj(&a.head, (const struct abi_fiemap __user *)arg) < 0)
		return -EFAULT;
	if (a.head.fm_extent_count > FIEMAP_MAX_EXTENTS || !a.head.fm_length)
		return -EINVAL;
	if (a.head.fm_start > inode->sb->max_file_size)
		return -EFBIG;
	a.head.fm_mapped_extents = 0;
	unknown = a.head.fm_flags & ~(u32)(FIEMAP_FLAG_SYNC | FIEMAP_FLAG_CACHE);
	if (unknown) {
		a.head.fm_flags = unknown;
		err = -EBADR;
	} else {
		err = a.head.fm_flags & FIEMAP_FLAG_SYNC ? pagecache_sync(&inode->cache) : 0;
		rwsem_read(&inode->lock);
		if (!err)
			err = answer_fill(inode, &a);
		rwsem_read_end(&inode->lock);
	}
	if ((!err || err == -ABI_EBADR) &&
	    copy_out_obj((struct abi_fiemap __user *)arg, &a.head) < 0)
		err = -EFAULT;
	return err;
}

long ext_fibmap(struct file *file, u64 arg)
{
	struct inode *inode = file->inode;
	struct ext_run run = { 0 };
	s32 block;
	int err = 0;

	if (!cred_capable(cred_caller(), CAP_SYS_RAWIO))
		return -EPERM;
	if (copy_in_obj(&block, (const s32 __user *)arg) < 0)
		return -EFAULT;
	if (block < 0)
		return -EINVAL;
	if (ext_has_delayed(inode))
		(void)pagecache_sync(&inode->cache);
	rwsem_read(&inode->lock);
	if (!ext_is_inline(inode))
		err = ext_map(inode, (u64)block, 1, &run);
	rwsem_read_end(&inode->lock);
	if (!err && run.block > 0x7fffffff)
		err = -ERANGE;
	block = err ? 0 : (s32)run.block;
	if (copy_out_obj((s32 __user *)arg, &block) < 0)
		return -EFAULT;
	return err;
}
