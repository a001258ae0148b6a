/*
 * fs/ext/ext_extent_tree.c - trees of extents, changing their shape.
 *
 * A full leaf is split, after the nodes above it that are full, too: one node at a time, from the
 * lowest with room above it, and the path is sought anew after each. If all are full the root's
 * entries move to a new node below it, and the tree is one deeper. A node that is split where the
 * file grows keeps all but its last entry, so that files written from front to back have full
 * nodes. Each step takes its block first, and cannot fail after that.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_ordered.h"

#include "lib/string.h"

void ext_extent_close(struct ext_extent_path *p)
{
	for (unsigned i = 0; i <= p->depth; i++)
		if (p->level[i].b.page)
			bcache_put(&p->level[i].b);
}

int ext_extent_open(struct ext_inode *ei, u32 logical, struct ext_extent_path *p)
{
	const struct ext_extent_header *root = (const void *)ei->block;

	*p = (struct ext_extent_path){ .ei = ei, .end = 1ull << 32 };
	p->level[0].h = (void *)ei->block;
	for (unsigned i = 0; i < root->depth; i++) {
		const struct ext_extent_header *h = p->level[i].h;
		const struct ext_extent_index *x = ext_extent_indices(h);
		int at = max(ext_extent_search(h, logical), 0), err;

		if (at + 1 < h->entries)
			p->end = x[at + 1].block;
		p->level[i].at = at;
		err = ext_extent_node_get(ei, x[at].leaf_lo | (u64)x[at].leaf_hi << 32,
					  h->depth - 1, &p->level[i + 1].b);
		if (err) {
			ext_extent_close(p);
			return err;
		}
		p->level[i + 1].h = p->level[i + 1].b.data;
		p->depth = i + 1;
	}
	p->level[p->depth].at = ext_extent_search(p->level[p->depth].h, logical);
	return 0;
}

int ext_extent_open_pinned(struct ext_inode *ei, u32 logical, struct ext_extent_path *p)
{
	int err = ext_extent_open(ei, logical, p);

	for (unsigned i = 1; !err && i <= p->depth; i++)
		ext_order_pin(&ei->inode, &p->level[i].b);
	return err;
}

void ext_extent_node_dirty(struct ext_inode *ei, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	ext_csum_extent_block_set(&fs->geo, ei->csum_seed, b->data);
	ext_block_dirty(fs, b);
}

void ext_extent_dirty(struct ext_extent_path *p, unsigned level)
{
	if (level)
		ext_extent_node_dirty(p->ei, &p->level[level].b);
	else
		inode_dirty(&p->ei->inode);
}

void ext_extent_fix_keys(struct ext_extent_path *p)
{
	for (unsigned i = p->depth; i > 0; i--) {
		struct ext_extent_index *x =
			&ext_extent_indices(p->level[i - 1].h)[p->level[i - 1].at];
		u32 first = ext_extents(p->level[i].h)->block; /* of either kind */

		if (p->level[i].h->entries == 0 || x->block == first)
			return;
		x->block = first;
		ext_extent_dirty(p, i - 1);
		if (p->level[i - 1].at)
			return;
	}
}

/* A block for a node: 0, *block and *b, zeroed. */
static int node_new(struct ext_inode *ei, bool reserve, u64 *block, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	u64 goal = ei->next_block ? ei->next_block : ext_goal_for_inode(ei);
	u32 got;
	int err = ext_blocks_alloc(ei, goal, 1, reserve, block, &got);

	if (err)
		return err;
	err = ext_order_add_map_node(&ei->inode, *block);
	if (!err)
		err = bcache_get_new(fs->dev, *block, fs->geo.block_size, b);
	if (err) {
		ext_order_forget(&ei->inode, *block);
		ext_blocks_undo(ei, *block, 1, true);
		return err;
	}
	ei->inode.blocks += fs->geo.block_size >> 9;
	inode_dirty(&ei->inode);
	return 0;
}

/* Entries of both kinds are 12 bytes and begin with their logical block. */
static void node_fill(struct bblock *b, u16 depth, const struct ext_extent *entries, u32 n)
{
	struct ext_extent_header *h = b->data;

	*h = (struct ext_extent_header){
		.magic = EXT_EXTENT_MAGIC, .entries = (u16)n, .depth = depth,
		.max = (u16)((b->size - sizeof(*h)) / sizeof(*entries)),
	};
	memcpy(h + 1, entries, n * sizeof(*entries));
}

static void index_set(struct ext_extent_index *x, u32 logical, u64 block)
{
	*x = (struct ext_extent_index){ .block = logical, .leaf_lo = (u32)block,
					.leaf_hi = (u16)(block >> 32) };
}

/* The root's entries move to a new node below it. */
static int tree_grow(struct ext_extent_path *p, bool reserve)
{
	struct ext_extent_header *root = p->level[0].h;
	struct bblock b;
	u64 block;
	int err;

	if (root->depth >= EXT_EXTENT_DEPTH_MAX)
		return -ENOSPC;
	err = node_new(p->ei, reserve, &block, &b);
	if (err)
		return err;
	node_fill(&b, root->depth, ext_extents(root), root->entries);
	ext_extent_node_dirty(p->ei, &b);
	bcache_put(&b);
	index_set(ext_extent_indices(root), ext_extents(root)->block, block);
	root->entries = 1;
	root->depth++;
	return 0;
}

/* The upper part of a node's entries moves to a new one behind it; the node above has room. */
static int node_split(struct ext_extent_path *p, unsigned level, bool reserve)
{
	struct ext_extent_header *h = p->level[level].h, *above = p->level[level - 1].h;
	struct ext_extent_index *x = ext_extent_indices(above);
	u32 n = h->entries, at = (u32)p->level[level - 1].at + 1;
	u32 keep = p->level[level].at + 1 >= (int)n ? n - 1 : n / 2;
	struct bblock b;
	u64 block;
	int err;

	if (n < 2)
		return ext_inode_error(&p->ei->inode, "extent node of one entry is full");
	err = node_new(p->ei, reserve, &block, &b);
	if (err)
		return err;
	node_fill(&b, h->depth, ext_extents(h) + keep, n - keep);
	ext_extent_node_dirty(p->ei, &b);
	bcache_put(&b);
	memmove(&x[at + 1], &x[at], (above->entries - at) * sizeof(*x));
	index_set(&x[at], ext_extents(h)[keep].block, block);
	above->entries++;
	h->entries = (u16)keep;
	ext_extent_dirty(p, level);
	ext_extent_dirty(p, level - 1);
	return 0;
}

/* One step towards room in the leaf: -EAGAIN, or an error. */
static int tree_make_room(struct ext_extent_path *p, bool reserve)
{
	unsigned level = p->depth;
	int err;

	while (level > 0 && p->level[level - 1].h->entries >= p->level[level - 1].h->max)
		level--;
	err = level ? node_split(p, level, reserve) : tree_grow(p, reserve);
	return err ? err : -EAGAIN;
}

int ext_extent_replace(struct ext_extent_path *p, int at, u32 gone,
		       const struct ext_extent *entries, u32 n, bool reserve)
{
	struct ext_extent_header *h = p->level[p->depth].h;
	struct ext_extent *e = ext_extents(h) + at;

	if (h->entries + n > h->max + gone)
		return tree_make_room(p, reserve);
	memmove(e + n, e + gone, (h->entries - (u32)at - gone) * sizeof(*e));
	memcpy(e, entries, n * sizeof(*e));
	h->entries = (u16)(h->entries + n - gone);
	ext_extent_dirty(p, p->depth);
	if (at == 0)
		ext_extent_fix_keys(p);
	return 0;
}

int ext_extent_drop_leaf(struct ext_extent_path *p)
{
	struct ext_inode *ei = p->ei;
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	unsigned level = p->depth;
	int err = 0;

	while (level > 0 && p->level[level].h->entries == 0) {
		struct ext_extent_header *above = p->level[level - 1].h;
		u32 at = (u32)p->level[level - 1].at;
		struct ext_extent_index *x = ext_extent_indices(above) + at;
		u64 block = x->leaf_lo | (u64)x->leaf_hi << 32;
		int one;

		memmove(x, x + 1, (above->entries - at - 1) * sizeof(*x));
		above->entries--;
		ext_extent_dirty(p, level - 1);
		ext_order_forget(&ei->inode, block);
		one = ext_blocks_free(fs, block, 1, true);
		err = err ? err : one; /* the tree is whole in any case */
		ei->inode.blocks -= min(ei->inode.blocks, (u64)fs->geo.block_size >> 9);
		level--;
		if (at == 0 && above->entries) {
			/* The keys from here up. */
			unsigned depth = p->depth;

			p->depth = level;
			ext_extent_fix_keys(p);
			p->depth = depth;
		}
	}
	if (p->level[0].h->entries == 0)
		p->level[0].h->depth = 0;
	return err;
}
