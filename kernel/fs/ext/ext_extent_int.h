/*
 * fs/ext/ext_extent_int.h - what the files that change trees of extents share.
 *
 * A path leads from the root, level 0, which is in i_block, to the leaf at level `depth`; the other
 * nodes are in pinned buffers. All under ei->map_lock held for writing.
 */
#pragma once

#include "fs/ext/ext_int.h"

struct ext_extent_path {
	struct ext_inode *ei;
	unsigned depth;
	struct {
		struct bblock b;	/* page NULL at the root */
		struct ext_extent_header *h;
		int at;			/* entry the path follows; in the leaf -1: before all */
	} level[EXT_EXTENT_DEPTH_MAX + 1];
	u64 end;	/* first logical block that belongs to the leaf behind */
};

/* Entries of a leaf and of an inner node. */
static inline struct ext_extent *ext_extents(const struct ext_extent_header *h)
{
	return (struct ext_extent *)(h + 1);
}

static inline struct ext_extent_index *ext_extent_indices(const struct ext_extent_header *h)
{
	return (struct ext_extent_index *)(h + 1);
}

static inline u64 ext_extent_start(const struct ext_extent *e)
{
	return e->start_lo | (u64)e->start_hi << 32;
}

static inline bool ext_extent_written(const struct ext_extent *e)
{
	return e->len <= EXT_EXTENT_INIT_MAX;
}

static inline u32 ext_extent_len(const struct ext_extent *e)
{
	return ext_extent_written(e) ? e->len : e->len - EXT_EXTENT_INIT_MAX;
}

static inline struct ext_extent ext_extent_make(u32 logical, u64 start, u32 len, bool written)
{
	return (struct ext_extent){ .block = logical, .start_lo = (u32)start,
				    .start_hi = (u16)(start >> 32),
				    .len = (u16)(written ? len : len + EXT_EXTENT_INIT_MAX) };
}

/* ext_extent.c */
int ext_extent_search(const struct ext_extent_header *h, u32 logical);
int must_check ext_extent_node_get(struct ext_inode *ei, u64 block, int depth, struct bblock *b);

/* ext_extent_write.c */
struct ext_extent_place {
	bool mapped, written;
	u64 block;	/* of the logical block, or where it would lie best */
	u32 count;	/* blocks that are alike from here on */
};
int must_check ext_extent_find(struct ext_inode *ei, u32 logical, u32 max,
		struct ext_extent_place *place);
/* Enters new blocks, for which there is a hole. Of unwritten ones 32767 at most. */
int must_check ext_extent_insert(struct ext_inode *ei, u32 logical, u64 block, u32 n, bool written,
		bool reserve);
/*
 * Cuts [logical, logical + n) out of the extent that holds it: it is unmapped, or stays as an
 * extent of its own.
 */
enum ext_extent_cut { EXT_CUT_UNMAP, EXT_CUT_WRITTEN, EXT_CUT_UNWRITTEN };
int must_check ext_extent_cut(struct ext_inode *ei, u32 logical, u32 n, enum ext_extent_cut how,
		bool reserve);
/* Blocks that are no longer mapped. */
int ext_extent_free(struct ext_inode *ei, u64 block, u32 n);

/* ext_extent_tree.c */
void ext_extent_node_dirty(struct ext_inode *ei, struct bblock *b);
/* Opens the path to the leaf of a logical block: 0, -EIO, -ENOMEM. Close it. */
int must_check ext_extent_open(struct ext_inode *ei, u32 logical, struct ext_extent_path *p);
/* The same where nodes of the path may come to name other blocks (ext_order_pin()). */
int must_check ext_extent_open_pinned(struct ext_inode *ei, u32 logical,
		struct ext_extent_path *p);
void ext_extent_close(struct ext_extent_path *p);
/* The node at that level changed: summed, and written some time. */
void ext_extent_dirty(struct ext_extent_path *p, unsigned level);
/* The leaf's first entry changed: the keys above follow. */
void ext_extent_fix_keys(struct ext_extent_path *p);
/*
 * Puts n entries in the place of `gone` ones from `at` on in the leaf, with room or without: 0, or
 * -EAGAIN after a step that makes room (open the path anew), or an error.
 */
int must_check ext_extent_replace(struct ext_extent_path *p, int at, u32 gone,
				  const struct ext_extent *entries, u32 n, bool reserve);
/* The leaf is empty: it goes, and what is empty above it. */
int must_check ext_extent_drop_leaf(struct ext_extent_path *p);
