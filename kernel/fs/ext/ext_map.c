/*
 * fs/ext/ext_map.c - from a file's blocks to the disk's.
 *
 * Step 6 on the walk of read(2). Each inode remembers the run it was asked for last, which answers
 * most questions of sequential work and of small writes without a lock that sleeps; a truncation
 * forgets it. Otherwise the question goes to the kind of map that the inode has.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"

void ext_map_forget_run(struct ext_inode *ei)
{
	spin_lock(&ei->spin);
	ei->run.count = 0;
	spin_unlock(&ei->spin);
}

static bool run_cached(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run)
{
	bool hit;

	spin_lock(&ei->spin);
	hit = logical - ei->run_logical < ei->run.count;
	if (hit) {
		u32 skip = (u32)(logical - ei->run_logical);

		run->block = ei->run.block + skip;
		run->count = min(ei->run.count - skip, max);
	}
	spin_unlock(&ei->spin);
	return hit;
}

/* Remembers a run, grown by one that continues it. */
static void run_remember(struct ext_inode *ei, u64 logical, const struct ext_run *run)
{
	if (!run->block)
		return;
	spin_lock(&ei->spin);
	if (ei->run.count && ei->run_logical + ei->run.count == logical &&
	    ei->run.block + ei->run.count == run->block && ei->run.count < 0x40000000) {
		ei->run.count += run->count;
	} else {
		ei->run_logical = logical;
		ei->run = *run;
	}
	spin_unlock(&ei->spin);
}

int ext_map(struct inode *inode, u64 logical, u32 max, struct ext_run *run)
{
	struct ext_inode *ei = ext_i(inode);
	int err;

	if (run_cached(ei, logical, max, run))
		return 0;
	rwsem_read(&ei->map_lock);
	if (ext_has_extents(inode))
		err = ext_extent_map(ei, logical, max, run);
	else
		err = ext_indirect_map(ei, logical, max, run);
	if (!err)
		run_remember(ei, logical, run);
	rwsem_read_end(&ei->map_lock);
	return err;
}

static int map_create(struct inode *inode, u64 logical, u32 max, bool reserve, bool promised,
		      struct ext_run *run)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	struct ext_inode *ei = ext_i(inode);
	int err;

	if (!READ_ONCE(ext_fs_of(inode)->writable) || ext_is_inline(inode))
		return -EROFS;
	rwsem_write(&ei->map_lock);
	ei->uses_promise = promised;
	if (ext_has_extents(inode))
		err = ext_extent_create(ei, logical, max, reserve, run);
	else
		err = ext_indirect_create(ei, logical, max, reserve, run);
	if (!err) {
		ext_order_add(inode, logical >> shift, (logical + run->count - 1) >> shift);
		run_remember(ei, logical, run);
		ei->alloc_end = max(ei->alloc_end, logical + run->count);
		ei->excess_end = max(ei->excess_end, logical + run->count);
	}
	ei->uses_promise = false;
	/* Nobody is known to want more: others may have what comes behind. */
	if (promised && !err && READ_ONCE(inode->n_writers) <= 0 &&
	    READ_ONCE(inode->blocks_delayed) <=
		    (u64)run->count << (ext_fs_of(inode)->geo.block_bits - 9))
		ext_window_drop(ext_fs_of(inode), &ei->window);
	rwsem_write_end(&ei->map_lock);
	return err;
}

int ext_map_create(struct inode *inode, u64 logical, u32 max, bool reserve, struct ext_run *run)
{
	return map_create(inode, logical, max, reserve, false, run);
}

int ext_map_create_promised(struct inode *inode, u64 logical, u32 max, struct ext_run *run)
{
	return map_create(inode, logical, max, true, true, run);
}

int ext_map_truncate_step(struct inode *inode, u64 logical)
{
	struct ext_inode *ei = ext_i(inode);
	int more;

	if (!READ_ONCE(ext_fs_of(inode)->writable) || ext_is_inline(inode))
		return -EROFS;
	ext_pages_forget_map(inode, logical, logical);
	rwsem_write(&ei->map_lock);
	ext_map_forget_run(ei);
	if (ext_has_extents(inode))
		more = ext_extent_truncate(ei, logical);
	else
		more = ext_indirect_truncate(ei, logical);
	if (more <= 0) {
		ei->alloc_end = min(ei->alloc_end, logical);
		ei->excess_end = min(ei->excess_end, logical);
		ei->kept_end = min(ei->kept_end, logical);
	}
	ei->next_logical = ei->next_block = 0;
	rwsem_write_end(&ei->map_lock);
	inode_dirty(inode);
	return more;
}

/* A step in the open handle, and its end. `first`: of the steps. */
static int truncate_and_end(struct inode *inode, u64 logical, bool first)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err, more = ext_map_truncate_step(inode, logical);

	/* It is the orphan list that a crash between the steps relies on. */
	if (more > 0 && first && fs->journal) {
		ext_i(inode)->disk_size = (u64)inode->size;
		ext_orphan_add(inode);
	} else if (more <= 0 && inode->nlink) {
		ext_orphan_remove(inode);
	}
	err = ext_end_saving(fs, min(more, 0), inode, NULL);
	sched_point();
	return err ? err : more;
}

int ext_map_truncate_begun(struct inode *inode, u64 logical)
{
	int more = truncate_and_end(inode, logical, true);

	while (more > 0) {
		int err = ext_begin(ext_fs_of(inode), ext_credits_truncate(inode));

		more = err ? err : truncate_and_end(inode, logical, false);
	}
	return more;
}

int ext_map_truncate(struct inode *inode, u64 logical)
{
	int err = ext_begin(ext_fs_of(inode), ext_credits_truncate(inode));

	return err ? err : ext_map_truncate_begun(inode, logical);
}

void ext_map_undo(struct inode *inode, u64 logical)
{
	struct ext_inode *ei = ext_i(inode);

	rwsem_write(&ei->map_lock);
	ext_map_forget_run(ei);
	if (ext_has_extents(inode))
		(void)ext_extent_unmap(ei, logical);
	else
		(void)ext_indirect_unmap(ei, logical);
	ei->next_logical = ei->next_block = 0;
	rwsem_write_end(&ei->map_lock);
}

bool ext_map_has_excess(const struct inode *inode)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;
	u64 end = ((u64)READ_ONCE(inode->size) + (1u << bits) - 1) >> bits;

	return READ_ONCE(ext_i(inode)->excess_end) > end;
}

void ext_map_trim(struct inode *inode)
{
	const u32 size = ext_fs_of(inode)->geo.block_size;
	u64 end = DIV_ROUND_UP((u64)inode->size, size), last = READ_ONCE(ext_i(inode)->excess_end);
	u64 kept = READ_ONCE(ext_i(inode)->kept_end);

	if (last <= end || !READ_ONCE(ext_fs_of(inode)->writable))
		return;
	ext_pages_forget_map(inode, end, last);
	if (kept > end)
		(void)ext_range_unwrite(inode, end, min(last, kept), NULL);
	if (last > kept)
		ext_map_truncate(inode, max(end, kept));
	else
		WRITE_ONCE(ext_i(inode)->excess_end, end);
}

int ext_locate(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;
	u64 within = (offset & ((1u << bits) - 1)) >> 9;
	struct ext_run run;
	int err;

	if (ext_is_inline(inode))
		return -EINVAL;
	err = ext_map(inode, offset >> bits, 1u << 20, &run);
	if (err)
		return err;
	*lba = run.block ? (run.block << (bits - 9)) + within : 0;
	*n_sectors = ((u64)run.count << (bits - 9)) - within;
	return 0;
}
