/*
 * fs/ext/ext_extent_range.c - stretches of files with extents: allocated without being written,
 * unmapped, made to read as zeroes, moved.
 *
 * Each function takes one step, so that whoever calls may end what it began between them: it says
 * how many blocks from `logical` on it has dealt with. Moving touches every node behind the place
 * at once; the keys of inner nodes are made anew from the leaves up.
 */
#include "fs/ext/ext_extent_int.h"

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

/* What moves, and how far. */
struct shift {
	struct ext_inode *ei;
	u32 from;
	s64 by;
};

static u32 shifted(const struct shift *s, u32 block)
{
	return block >= s->from ? (u32)((s64)block + s->by) : block;
}

/* One node and all below it; *first: where it begins then. */
static int shift_node(const struct shift *s, struct ext_extent_header *h, struct bblock *b,
		      unsigned depth, u32 *first)
{
	struct ext_extent *e = ext_extents(h);
	struct ext_extent_index *x = ext_extent_indices(h);
	int err = 0;

	for (u32 i = 0; i < h->entries && !err; i++) {
		struct bblock below;

		if (depth == 0) {
			e[i].block = shifted(s, e[i].block);
			continue;
		}
		/* Those that end before it stay as they are. */
		if (i + 1 < h->entries && x[i + 1].block <= s->from)
			continue;
		err = ext_extent_node_get(s->ei, x[i].leaf_lo | (u64)x[i].leaf_hi << 32,
					  (int)depth - 1, &below);
		if (err)
			break;
		err = shift_node(s, below.data, &below, depth - 1, &x[i].block);
		bcache_put(&below);
	}
	*first = e->block; /* both kinds of entries begin with it */
	if (b)
		ext_extent_node_dirty(s->ei, b);
	else
		inode_dirty(&s->ei->inode);
	return err;
}

int ext_extent_shift(struct ext_inode *ei, u64 from, s64 by)
{
	struct ext_extent_header *root = (void *)ei->block;
	struct shift s = { ei, (u32)from, by };
	u32 first;

	if (from >= ~0u || !root->entries)
		return 0;
	return shift_node(&s, root, NULL, root->depth, &first);
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
