/*
 * fs/ext/ext_direct.c - regular files with O_DIRECT: which blocks a transfer past the page cache is
 * for.
 *
 * Blocks that were written before are overwritten where they are. Where there is a hole blocks are
 * taken that are unwritten, which read as zeroes; when the data is on the disk they become written
 * and the file as long as that, in one handle: whenever the power fails, nobody sees what they held
 * for their last owner. So only files with extents can be extended, by whole blocks; the rest goes
 * through the page cache, and so does what has its bytes in the inode, or in a journal that was not
 * replayed. Before: vfs/direct_file.c.
 */
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"

static bool direct_possible(struct inode *inode)
{
	return !ext_is_inline(inode) && !READ_ONCE(ext_fs_of(inode)->overlaid);
}

/* The run is n blocks from `block` on, of which the first is wanted from byte `skip` on. */
static void run_set(struct direct_run *out, const struct ext_fs *fs, u64 block, u32 n, u32 skip)
{
	const u32 bits = fs->geo.block_bits;

	*out = (struct direct_run){ .kind = DIRECT_DISK, .n = ((loff_t)n << bits) - skip,
				    .lba = (block << (bits - 9)) + (skip >> 9) };
}

/* Unwritten blocks from `logical` on, at most n, are allocated if they are a hole: 0 and *run. */
static int blocks_unwritten(struct inode *inode, u64 logical, u32 n, struct ext_run *run)
{
	struct ext_inode *ei = ext_i(inode);
	int err = ext_range_allocate(inode, logical, logical + n,
				     READ_ONCE(ei->n_privileged) > 0), err2;

	rwsem_read(&ei->map_lock);
	err2 = ext_extent_unwritten(ei, logical, n, run);
	rwsem_read_end(&ei->map_lock);
	if (err2)
		return err2;
	/* Of those that were to be had some may be here. */
	return run->count ? 0 : err ? err : -EIO;
}

/* A hole, or unwritten, are `count` blocks from `logical` on; n bytes are to be written. */
static int map_fresh(struct inode *inode, u64 logical, u32 skip, u32 count, loff_t n,
		     struct direct_run *out)
{
	struct ext_fs *fs = ext_fs_of(inode);
	const u32 bits = fs->geo.block_bits;
	u32 whole = (u32)min((u64)n >> bits, (u64)count);
	struct ext_run run;
	int err;

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (!ext_has_extents(inode) || skip || !whole) {
		if (ext_has_extents(inode))
			count = 1;
		*out = (struct direct_run){ .kind = DIRECT_CACHED,
					    .n = ((loff_t)count << bits) - skip };
		return 0;
	}
	err = blocks_unwritten(inode, logical, whole, &run);
	if (err)
		return err;
	run_set(out, fs, run.block, run.count, 0);
	out->fresh = true;
	return 0;
}

static int direct_map(struct inode *inode, loff_t at, loff_t n, bool write, struct direct_run *out)
{
	struct ext_fs *fs = ext_fs_of(inode);
	const u32 bits = fs->geo.block_bits, size = fs->geo.block_size;
	u32 skip = (u32)at & (size - 1);
	u64 logical = (u64)at >> bits;
	struct ext_run run;
	int err = ext_map(inode, logical, (u32)DIV_ROUND_UP((u64)n + skip, size), &run);

	if (err)
		return err;
	/* What a block has behind the end nobody has seen to: the cache zeroes what will show. */
	if (write && run.block && skip && at >= inode->size) {
		*out = (struct direct_run){ .kind = DIRECT_CACHED, .n = (loff_t)(size - skip) };
		return 0;
	}
	if (!run.block && write)
		return map_fresh(inode, logical, skip, run.count, n, out);
	run_set(out, fs, run.block, run.count, skip);
	if (!run.block)
		out->kind = DIRECT_HOLE;
	return 0;
}

/* In a handle. */
static int blocks_set_written(struct inode *inode, u64 logical, u32 n)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	struct ext_inode *ei = ext_i(inode);
	int err;

	rwsem_write(&ei->map_lock);
	ext_map_forget_run(ei);
	err = ext_extent_set_written(ei, logical, n, READ_ONCE(ei->n_privileged) > 0);
	if (!err) {
		/* The end on the disk is behind them (ext_delayed_size()). */
		ei->excess_end = max(ei->excess_end, logical + n);
		ext_order_add(inode, logical >> shift, (logical + n - 1) >> shift);
	}
	rwsem_write_end(&ei->map_lock);
	return err;
}

static int direct_written(struct inode *inode, loff_t at, const struct direct_run *run, loff_t end)
{
	struct ext_fs *fs = ext_fs_of(inode);
	const u32 bits = fs->geo.block_bits;
	unsigned tries = 0;
	int err;

	if (!run->fresh && end <= inode->size)
		return 0;
	do {
		err = ext_begin(fs, ext_credits_map(inode) + ext_credits_inode());
		if (err)
			return err;
		if (run->fresh)
			err = blocks_set_written(inode, (u64)at >> bits,
						 (u32)((u64)(end - at) >> bits));
		if (!err && end > inode->size) {
			WRITE_ONCE(inode->size, end);
			inode_dirty(inode);
		}
		err = ext_end_saving(fs, err, inode, NULL);
	} while (ext_retry(fs, err, &tries));
	return err;
}

const struct direct_ops ext_direct_ops = {
	.possible = direct_possible,
	.map = direct_map,
	.written = direct_written,
};
