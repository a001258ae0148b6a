/*
 * fs/ext/ext_extent_range.c - stretches of files with extents: allocated without being written,
 * unmapped, made to read as zeroes, moved.
 *
 * Each function takes one step, so that whoever calls may end what it began between them: it says
 * how many blocks from `logical` on it has dealt with. What moves goes leaf by leaf, from the side
 * to which it moves, and the keys above follow each: the tree is in order all the time.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_map.h"

#define UNWRITTEN_MAX (EXT_EXTENT_INIT_MAX - 1)

int ext_extent_allocate(struct ext_inode *ei, u64 logical, u32 max, bool reserve, u32 *done)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct ext_extent_place place;
	u64 block;
	int err;

	if (logical >= ~0u)
		return -EFBIG;
	err = ext_extent_find(ei, (u32)logical, min(max, UNWRITTEN_MAX), &place);
	if (err)
		return err;
	*done = place.count;
	if (place.mapped)
		return 0;
	err = ext_blocks_alloc(ei, place.block, place.count, reserve, &block, done);
	if (err)
		return err;
	err = ext_extent_insert(ei, (u32)logical, block, *done, false, reserve);
	if (err) {
		ext_blocks_free(fs, block, *done, false);
		return err;
	}
	ei->next_logical = logical + *done;
	ei->next_block = block + *done;
	ei->inode.blocks += (u64)*done << (fs->geo.block_bits - 9);
	inode_dirty(&ei->inode);
	return 0;
}

int ext_extent_unmap_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done)
{
	struct ext_extent_place place;
	int err;

	*done = max;
	if (logical >= ~0u)
		return 0;
	err = ext_extent_find(ei, (u32)logical, max, &place);
	if (err)
		return err;
	*done = place.count;
	if (!place.mapped)
		return 0;
	err = ext_extent_cut(ei, (u32)logical, place.count, EXT_CUT_UNMAP, true);
	return err ? err : ext_extent_free(ei, place.block, place.count);
}

int ext_extent_unwrite_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done)
{
	struct ext_extent_place place;
	int err;

	*done = max;
	if (logical >= ~0u)
		return 0;
	err = ext_extent_find(ei, (u32)logical, min(max, UNWRITTEN_MAX), &place);
	if (err)
		return err;
	*done = place.count;
	if (!place.mapped || !place.written)
		return 0;
	return ext_extent_cut(ei, (u32)logical, place.count, EXT_CUT_UNWRITTEN, true);
}

int ext_extent_split(struct ext_inode *ei, u64 logical)
{
	struct ext_extent_place place;
	int err = ext_extent_find(ei, (u32)logical, UNWRITTEN_MAX, &place);

	if (err || !place.mapped)
		return err;
	/* Cutting out what begins there and leaving it as it is. */
	return ext_extent_cut(ei, (u32)logical, place.count,
			      place.written ? EXT_CUT_WRITTEN : EXT_CUT_UNWRITTEN, true);
}

/* Nodes below one of that depth, down to the leaves, that have something from `from` on. */
static int count_below(struct ext_inode *ei, const struct ext_extent_header *h, unsigned depth,
		       u64 from, u32 most, u32 *n)
{
	const struct ext_extent_index *x = ext_extent_indices(h);
	int err = 0;

	for (u32 i = 0; depth && i < h->entries && *n <= most && !err; i++) {
		struct bblock below;

		if (i + 1 < h->entries && x[i + 1].block <= from)
			continue;
		++*n;
		if (depth == 1)
			continue;
		err = ext_extent_node_get(ei, x[i].leaf_lo | (u64)x[i].leaf_hi << 32,
					  (int)depth - 1, &below);
		if (err)
			break;
		err = count_below(ei, below.data, depth - 1, from, most, n);
		bcache_put(&below);
	}
	return err;
}

int ext_extent_count(struct ext_inode *ei, u64 from, u32 most, u32 *n)
{
	const struct ext_extent_header *root = (const void *)ei->block;

	*n = 0;
	return count_below(ei, root, root->depth, from, most, n);
}

/* Whether a leaf's entries are where the keys above it say. */
static bool leaf_in_place(const struct ext_extent_header *h, u32 low, u64 end)
{
	const struct ext_extent *e = ext_extents(h), *last = e + h->entries - 1;

	return e->block >= low && (u64)last->block + ext_extent_len(last) <= end;
}

/* The path's leaf moves; its keys follow. */
static void leaf_shift(struct ext_extent_path *p, u64 from, s64 by)
{
	struct ext_extent_header *h = p->level[p->depth].h;
	struct ext_extent *e = ext_extents(h);
	bool changed = false;

	for (u32 i = 0; i < h->entries; i++) {
		if (e[i].block < from)
			continue;
		e[i].block = (u32)((s64)e[i].block + by);
		changed = true;
	}
	if (!changed)
		return;
	ext_extent_dirty(p, p->depth);
	ext_extent_fix_keys(p);
}

int ext_extent_shift_some(struct ext_inode *ei, u64 from, s64 by, u32 *at)
{
	const struct ext_extent_header *h;
	struct ext_extent_path p;
	bool first = true, more;
	u32 low = 0;
	int err;

	if (from >= ~0u)
		return 0;
	err = ext_extent_open(ei, *at, &p);
	if (err)
		return err;
	for (unsigned i = 0; i < p.depth; i++) {
		low = ext_extent_indices(p.level[i].h)[p.level[i].at].block;
		first = first && p.level[i].at == 0;
	}
	h = p.level[p.depth].h;
	more = by < 0 ? p.end <= ~0u : !first && low > from;
	if (h->entries && !leaf_in_place(h, low, p.end))
		err = ext_inode_error(&ei->inode, "extent tree is out of order");
	else if (h->entries)
		leaf_shift(&p, from, by);
	*at = by < 0 ? (u32)p.end : low - 1;
	ext_extent_close(&p);
	return err ? err : more;
}

int ext_extent_end(struct ext_inode *ei, u64 *end)
{
	const struct ext_extent *e;
	struct ext_extent_path p;
	int err = ext_extent_open(ei, ~0u, &p);

	if (err)
		return err;
	e = ext_extents(p.level[p.depth].h) + p.level[p.depth].at;
	*end = p.level[p.depth].at < 0 ? 0 : (u64)e->block + ext_extent_len(e);
	ext_extent_close(&p);
	return 0;
}
