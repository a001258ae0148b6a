/*
 * fs/ext/ext_extent.c - maps of ext4: trees of extents, read.
 *
 * A node is a header and sorted entries. In a leaf each entry maps a stretch of the file; blocks
 * that are allocated but were never written read as zeroes and count as a hole here. In an inner
 * node each entry points to the node for the blocks from its own on. The root is in i_block and was
 * checked when the inode was read; other nodes are checked, and summed, each time they are read.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

/*
 * The last entry whose first block is not above `logical`, or -1. Entries are 12 bytes and begin
 * with that block.
 */
int ext_extent_search(const struct ext_extent_header *h, u32 logical)
{
	const struct ext_extent *e = (const void *)(h + 1);
	int lo = 0, hi = h->entries;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (e[mid].block <= logical)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - 1;
}

static void extent_hole(struct ext_run *run, u64 logical, u64 end, u32 max)
{
	run->block = 0;
	run->count = end > logical ? (u32)min(end - logical, (u64)max) : 1;
}

/* `end`: first logical block that belongs to the next leaf. */
static void extent_in_leaf(const struct ext_extent_header *h, u32 logical, u64 end, u32 max,
			   struct ext_run *run)
{
	const struct ext_extent *e = (const void *)(h + 1);
	int i = ext_extent_search(h, logical);
	bool written;
	u32 len;

	if (i + 1 < h->entries)
		end = e[i + 1].block;
	if (i >= 0) {
		written = e[i].len <= EXT_EXTENT_INIT_MAX;
		len = written ? e[i].len : e[i].len - EXT_EXTENT_INIT_MAX;
		if (logical - e[i].block < len) {
			u32 skip = logical - e[i].block;

			run->block = written ?
				(e[i].start_lo | (u64)e[i].start_hi << 32) + skip : 0;
			run->count = min(len - skip, max);
			return;
		}
	}
	extent_hole(run, logical, end, max);
}

int ext_extent_node_get(struct ext_inode *ei, u64 block, int depth, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	const char *why;
	int err;

	if (READ_ONCE(fs->writable) && ext_overlaps_metadata(fs, block, 1))
		return ext_inode_error(&ei->inode, "extent node over metadata");
	err = ext_block_get(fs, block, b);
	if (err)
		return err;
	why = ext_check_extent_node(&fs->geo, b->data, fs->geo.block_size, depth);
	if (!why && !ext_csum_extent_block(&fs->geo, ei->csum_seed, b->data))
		why = "extent block checksum is wrong";
	if (!why)
		return 0;
	bcache_put(b);
	return ext_inode_error(&ei->inode, "%s", why);
}

int ext_extent_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run)
{
	const struct ext_extent_header *h = (const void *)ei->block;
	u64 end = 1ull << 32;
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct bblock b = { 0 }, next;
	int err = 0;

	if (logical >= end) {
		extent_hole(run, logical, ~0ull, max);
		return 0;
	}
	while (h->depth) {
		const struct ext_extent_index *x = (const void *)(h + 1);
		int i = ext_extent_search(h, (u32)logical);

		if (i + 1 < h->entries)
			end = x[i + 1].block;
		if (i < 0) {
			extent_hole(run, logical, end, max);
			goto out;
		}
		err = ext_extent_node_get(ei, x[i].leaf_lo | (u64)x[i].leaf_hi << 32, h->depth - 1,
				      &next);
		if (b.page)
			bcache_put(&b);
		if (err)
			return err;
		b = next;
		h = b.data;
	}
	extent_in_leaf(h, (u32)logical, end, max, run);
	if (run->block && READ_ONCE(fs->writable) &&
	    ext_overlaps_metadata(fs, run->block, run->count))
		err = ext_inode_error(&ei->inode, "extent over metadata");
out:
	if (b.page)
		bcache_put(&b);
	return err;
}
