/*
 * fs/ext/ext_range.c - the same change for all blocks of a stretch of a file.
 *
 * Each is a loop of steps under map_lock, between which others may use the map. inode->lock is held
 * for writing, and the stretch has no whole page in the cache, nor can one be read in: the caller
 * holds the cache's `invalidate` where blocks go away. Pages at its edges are locked within each
 * step: nothing of them is being written meanwhile, and none takes for its own a block that goes.
 *
 * A stretch that moves does so in one transaction, if that can have all nodes of the tree that are
 * behind it; else leaf by leaf, in an order in which the tree is whole after each: a crash may then
 * leave it moved in part.
 */
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"

/* Deals with *done blocks from `logical` on, at most `max`. After an error nothing is done. */
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

static void edges_lock(struct page *const *edge)
{
	for (unsigned i = 0; edge && i < EXT_RANGE_EDGES; i++) {
		if (!edge[i])
			continue;
		page_lock(edge[i]);
		page_wait_writeback(edge[i]);
		page_reset(edge[i], PG_PRIVATE);
	}
}

static void edges_unlock(struct page *const *edge)
{
	for (unsigned i = 0; edge && i < EXT_RANGE_EDGES; i++)
		if (edge[i])
			page_unlock(edge[i]);
}

static int range_do(struct inode *inode, u64 from, u64 to, struct page *const *edge,
		    range_step_fn step)
{
	struct ext_inode *ei = ext_i(inode);
	unsigned tries = 0;
	int err = 0;

	while (from < to && !err) {
		u32 done = 0;

		err = step_begin(inode);
		if (err)
			break;
		edges_lock(edge);
		rwsem_write(&ei->map_lock);
		ext_map_forget_run(ei);
		err = step(ei, from, step_limit(inode, from, to), &done);
		ei->next_logical = ei->next_block = 0;
		rwsem_write_end(&ei->map_lock);
		edges_unlock(edge);
		inode_dirty(inode);
		from += err ? 0 : done;
		err = ext_end_saving(ext_fs_of(inode), err, inode, NULL);
		/* An extent that is cut in two may need a node. */
		if (err == -ABI_ENOSPC && ext_retry(ext_fs_of(inode), err, &tries))
			err = 0;
		sched_point();
	}
	return err;
}

int ext_range_unmap(struct inode *inode, u64 from, u64 to, struct page *const *edge)
{
	for (unsigned i = 0; edge && i < EXT_RANGE_EDGES; i++) {
		if (!edge[i])
			continue;
		page_lock(edge[i]);
		ext_delayed_drop(inode, edge[i], from, to);
		page_unlock(edge[i]);
	}
	return range_do(inode, from, to, edge,
			ext_has_extents(inode) ? ext_extent_unmap_some : indirect_unmap_some);
}

int ext_range_unwrite(struct inode *inode, u64 from, u64 to, struct page *const *edge)
{
	return range_do(inode, from, to, edge, ext_extent_unwrite_some);
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
		from += err ? 0 : done;
		ei->alloc_end = max(ei->alloc_end, from);
		ei->kept_end = max(ei->kept_end, from);
		rwsem_write_end(&ei->map_lock);
		err = ext_end_saving(ext_fs_of(inode), err, inode, NULL);
		if (err == -ABI_ENOSPC && ext_retry(ext_fs_of(inode), err, &tries))
			err = 0;
		if (!err && thread_fatal_pending())
			err = -EINTR;
		sched_point();
	}
	return err;
}

/* What one handle of a move may change, and how many leaves. */
struct shift_plan { u32 credits, leaves; };

static int shift_plan(struct inode *inode, u64 from, struct shift_plan *plan)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	u32 fixed = 2 * ext_credits_map(inode) + ext_credits_inode();
	u32 most = fs->journaled ? fs->most_credits : ~0u, depth, n;
	int err;

	rwsem_read(&ei->map_lock);
	depth = ((const struct ext_extent_header *)ei->block)->depth + 1u; /* a gap may add one */
	err = ext_extent_count(ei, from, most, &n);
	rwsem_read_end(&ei->map_lock);
	*plan = (struct shift_plan){ fixed + n, ~0u };
	if ((u64)fixed + n > most) {
		plan->leaves = most > fixed ? max((most - fixed) / depth, 1u) : 1;
		plan->credits = fixed + plan->leaves * depth;
	}
	return err;
}

static void size_shift(struct inode *inode, s64 blocks)
{
	WRITE_ONCE(inode->size, inode->size + blocks * (s64)ext_fs_of(inode)->geo.block_size);
}

/* Before what is behind `from` moves up by n: it can, no extent crosses, and the size is new. */
static int gap_begin(struct inode *inode, u64 from, u64 n)
{
	struct ext_inode *ei = ext_i(inode);
	u64 end;
	int err = ext_extent_end(ei, &end);

	if (!err && end > from && end + n > ~0u)
		err = -EINVAL;
	if (!err)
		err = ext_extent_split(ei, from);
	if (err)
		return err;
	if (ei->alloc_end > from)
		ei->alloc_end += n;
	if (ei->kept_end > from)
		ei->kept_end += n;
	if (ei->excess_end > from)
		ei->excess_end += n;
	size_shift(inode, (s64)n);
	return 0;
}

/* Where blocks end now that what was behind `from` moved down by n: no further up than they do. */
static u64 end_moved(u64 end, u64 from, u64 n)
{
	return end > from ? end - n : min(end, from - n);
}

/* What was behind `from` has moved down by n. */
static void gap_end(struct inode *inode, u64 from, u64 n)
{
	struct ext_inode *ei = ext_i(inode);

	ei->alloc_end = end_moved(ei->alloc_end, from, n);
	ei->kept_end = end_moved(ei->kept_end, from, n);
	WRITE_ONCE(ei->excess_end, end_moved(ei->excess_end, from, n));
	size_shift(inode, -(s64)n);
}

static int range_shift(struct inode *inode, u64 from, s64 by)
{
	struct ext_inode *ei = ext_i(inode);
	u32 at = by < 0 ? (u32)min(from, (u64)~0u) : ~0u;
	struct shift_plan plan;
	int more = shift_plan(inode, from, &plan);

	if (more)
		return more;
	for (bool first = true; first || more > 0; first = false) {
		int err = ext_begin(ext_fs_of(inode), plan.credits);

		if (err)
			return err;
		rwsem_write(&ei->map_lock);
		ext_map_forget_run(ei);
		err = first && by > 0 ? gap_begin(inode, from, (u64)by) : 0;
		more = err ? err : 1;
		for (u32 i = 0; more > 0 && i < plan.leaves; i++)
			more = ext_extent_shift_some(ei, from, by, &at);
		ei->next_logical = ei->next_block = 0;
		if (!more && by < 0)
			gap_end(inode, from, (u64)-by);
		rwsem_write_end(&ei->map_lock);
		inode_dirty(inode);
		err = ext_end_saving(ext_fs_of(inode), min(more, 0), inode, NULL);
		if (err)
			return err;
		sched_point();
	}
	return 0;
}

int ext_range_collapse(struct inode *inode, u64 from, u64 to)
{
	int err = ext_range_unmap(inode, from, to, NULL);

	return err ? err : range_shift(inode, to, -(s64)(to - from));
}

int ext_range_insert(struct inode *inode, u64 from, u64 n)
{
	unsigned tries = 0;
	int err;

	/* An extent that is cut in two may need a node; nothing has moved before. */
	do {
		err = range_shift(inode, from, (s64)n);
	} while (ext_retry(ext_fs_of(inode), err, &tries));
	return err;
}
