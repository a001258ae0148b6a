/*
 * fs/ext/ext_range.c - the same change for all blocks of a stretch of a file.
 *
 * Each is a loop of steps under map_lock, between which others may use the map. inode->lock is held
 * for writing, and the stretch has no whole page in the cache, nor can one be read in: the caller
 * holds the cache's `invalidate` where blocks go away.
 */
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_handle.h"

/* Deals with *done blocks from `logical` on, at most `max`. */
typedef int (*range_step_fn)(struct ext_inode *ei, u64 logical, u32 max, u32 *done);

/* Blocks of a file without extents: one of a run at a time. */
static int indirect_unmap_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done)
{
	struct ext_run run;
	int err = ext_indirect_map(ei, logical, max, &run);

	if (err)
		return err;
	*done = run.block ? 1 : run.count;
	return run.block ? ext_indirect_unmap(ei, logical) : 0;
}

/* A handle for one step: blocks are taken or freed, an extent is cut. */
static int step_begin(struct inode *inode)
{
	return ext_begin(ext_fs_of(inode), 2 * ext_credits_map(inode) +
					       ext_credits_truncate(inode));
}

/* No more than a group's worth, so that two are touched at most. */
static u32 step_limit(const struct inode *inode, u64 from, u64 to)
{
	return (u32)min(to - from, (u64)ext_fs_of(inode)->geo.blocks_per_group);
}

static int range_do(struct inode *inode, u64 from, u64 to, range_step_fn step)
{
	struct ext_inode *ei = ext_i(inode);
	int err = 0;

	while (from < to && !err) {
		u32 done = 0;

		err = step_begin(inode);
		if (err)
			break;
		rwsem_write(&ei->map_lock);
		ext_map_forget_run(ei);
		err = step(ei, from, step_limit(inode, from, to), &done);
		ei->next_logical = ei->next_block = 0;
		rwsem_write_end(&ei->map_lock);
		inode_dirty(inode);
		err = ext_end_saving(ext_fs_of(inode), err, inode, NULL);
		from += done;
		sched_point();
	}
	return err;
}

int ext_range_unmap(struct inode *inode, u64 from, u64 to)
{
	return range_do(inode, from, to,
			ext_has_extents(inode) ? ext_extent_unmap_some : indirect_unmap_some);
}

int ext_range_unwrite(struct inode *inode, u64 from, u64 to)
{
	return range_do(inode, from, to, ext_extent_unwrite_some);
}

int ext_range_allocate(struct inode *inode, u64 from, u64 to, bool reserve)
{
	struct ext_inode *ei = ext_i(inode);
	unsigned tries = 0;
	int err = 0;

	while (from < to && !err) {
		u32 done = 0;

		err = step_begin(inode);
		if (err)
			break;
		rwsem_write(&ei->map_lock);
		ext_map_forget_run(ei);
		err = ext_extent_allocate(ei, from, step_limit(inode, from, to), reserve, &done);
		from += done;
		ei->alloc_end = max(ei->alloc_end, from);
		ei->kept_end = max(ei->kept_end, from);
		rwsem_write_end(&ei->map_lock);
		err = ext_end_saving(ext_fs_of(inode), err, inode, NULL);
		if (err == -ENOSPC && ext_retry(ext_fs_of(inode), err, &tries))
			err = 0;
		if (!err && thread_fatal_pending())
			err = -EINTR;
		sched_point();
	}
	return err;
}

/* A handle in which any node of the map may change. */
static int shift_begin(struct inode *inode)
{
	const struct ext_extent_header *h = (const void *)ext_i(inode)->block;
	u32 per = ext_fs_of(inode)->geo.block_size / (u32)sizeof(struct ext_extent), nodes = 0;

	for (unsigned i = 0, n = h->entries; i < h->depth; i++, n *= per)
		nodes += n;
	return ext_begin(ext_fs_of(inode), nodes + 2 * ext_credits_map(inode) +
						ext_credits_inode());
}

/* The size changes in the same transaction. */
static int shift_end(struct inode *inode, int err, s64 blocks)
{
	if (!err)
		WRITE_ONCE(inode->size, inode->size +
					blocks * (s64)ext_fs_of(inode)->geo.block_size);
	inode_dirty(inode);
	return ext_end_saving(ext_fs_of(inode), err, inode, NULL);
}

int ext_range_collapse(struct inode *inode, u64 from, u64 to)
{
	struct ext_inode *ei = ext_i(inode);
	int err = ext_range_unmap(inode, from, to);

	if (!err)
		err = shift_begin(inode);
	if (err)
		return err;
	rwsem_write(&ei->map_lock);
	ext_map_forget_run(ei);
	err = ext_extent_shift(ei, to, -(s64)(to - from));
	ei->next_logical = ei->next_block = 0;
	rwsem_write_end(&ei->map_lock);
	return shift_end(inode, err, -(s64)(to - from));
}

int ext_range_insert(struct inode *inode, u64 from, u64 n)
{
	struct ext_inode *ei = ext_i(inode);
	u64 end;
	int err = shift_begin(inode);

	if (err)
		return err;
	rwsem_write(&ei->map_lock);
	ext_map_forget_run(ei);
	err = ext_extent_end(ei, &end);
	if (!err && end > from && end + n > ~0u)
		err = -EINVAL;
	if (!err)
		err = ext_extent_split(ei, from);
	if (!err)
		err = ext_extent_shift(ei, from, (s64)n);
	if (!err && ei->alloc_end > from)
		ei->alloc_end += n;
	if (!err && ei->kept_end > from)
		ei->kept_end += n;
	if (!err && ei->excess_end > from)
		ei->excess_end += n;
	ei->next_logical = ei->next_block = 0;
	rwsem_write_end(&ei->map_lock);
	return shift_end(inode, err, (s64)n);
}
