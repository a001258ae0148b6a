/*
 * fs/ext/ext_truncate.c - freeing the blocks of a file from some point on.
 *
 * The tree of indirect blocks is walked from left to right; data blocks are gathered into runs, so
 * that the bitmaps are touched once per run. The walk is as deep as the map, never deeper, whatever
 * the numbers on the disk say, and it stops at the first sign of damage: a subtree that was freed
 * twice would be freed many times over. A step ends after EXT_TRUNCATE_UNITS runs; the next one
 * begins anew and finds holes where it has been.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"

struct truncation {
	struct ext_fs *fs;
	struct ext_inode *ei;
	u64 block;	/* run gathered so far */
	u64 count;
	u32 left;	/* units that may be freed in this step */
	u32 most;	/* blocks in a run */
	bool metadata;	/* the file's blocks go through bcache: a directory or a link */
	int err;	/* the first one */
};

static void trunc_count(struct truncation *t, u64 n)
{
	struct inode *inode = &t->ei->inode;
	u64 sectors = n << (t->fs->geo.block_bits - 9);

	inode->blocks -= min(inode->blocks, sectors);
}

static void trunc_flush(struct truncation *t)
{
	if (t->count) {
		int err = ext_blocks_free(t->fs, t->block, t->count, t->metadata);

		trunc_count(t, t->count);
		t->count = 0;
		t->left--;
		if (!t->err)
			t->err = err;
	}
}

/* The step has done its part, or found damage. */
static bool trunc_over(const struct truncation *t)
{
	return t->err || t->left == 0;
}

static void trunc_data(struct truncation *t, u32 *slot)
{
	u32 block = *slot;

	if (!block)
		return;
	if (t->count && t->block + t->count == block && t->count < t->most) {
		t->count++;
		*slot = 0;
		return;
	}
	trunc_flush(t);
	if (trunc_over(t))
		return;
	*slot = 0;
	t->block = block;
	t->count = 1;
}

/*
 * The subtree at *slot, `depth` levels of indirect blocks, loses its blocks from the `first`th on;
 * with first 0 it goes altogether.
 */
static void trunc_branch(struct truncation *t, u32 *slot, unsigned depth, u64 first)
{
	const struct ext_geo *geo = &t->fs->geo;
	u32 bits = (depth - 1) * geo->addr_bits, block = *slot;
	struct bblock b;
	u32 *array;
	int err;

	if (!block)
		return;
	if (!ext_blocks_valid(geo, block, 1) || ext_overlaps_metadata(t->fs, block, 1))
		err = ext_inode_error(&t->ei->inode, "indirect block %u is out of range", block);
	else
		err = ext_block_get(t->fs, block, &b);
	if (err) {
		t->err = err;
		return;
	}
	array = b.data;
	for (u64 i = first >> bits; i < geo->addr_per_block && !trunc_over(t); i++) {
		if (depth == 1)
			trunc_data(t, &array[i]);
		else if (array[i])
			trunc_branch(t, &array[i], depth - 1,
				     i == first >> bits ? first & ((1ull << bits) - 1) : 0);
	}
	if (first || trunc_over(t))
		ext_block_dirty(t->fs, &b);
	bcache_put(&b);
	if (first || trunc_over(t))
		return;
	*slot = 0;
	ext_order_forget(&t->ei->inode, block);
	err = ext_blocks_free(t->fs, block, 1, true);
	trunc_count(t, 1);
	t->left--;
	if (!t->err)
		t->err = err;
}

int ext_indirect_truncate(struct ext_inode *ei, u64 logical)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct truncation t = { .fs = fs, .ei = ei, .metadata = !S_ISREG(ei->inode.mode),
				.left = EXT_TRUNCATE_UNITS,
				.most = ext_truncate_most(&ei->inode) };
	u64 base = EXT_NDIR;

	for (u64 i = logical; i < EXT_NDIR && !trunc_over(&t); i++)
		trunc_data(&t, &ei->block[i]);
	for (unsigned depth = 1; depth <= 3 && !trunc_over(&t); depth++) {
		u64 span = 1ull << (depth * fs->geo.addr_bits);

		if (logical < base + span)
			trunc_branch(&t, &ei->block[EXT_NDIR + depth - 1], depth,
				     logical > base ? logical - base : 0);
		base += span;
	}
	trunc_flush(&t);
	return t.err ? t.err : t.left == 0 || t.left > EXT_TRUNCATE_UNITS;
}
