/*
 * fs/ext/ext_map.h - from a file's blocks to the disk's.
 */
#pragma once

#include "abi/stat.h"
#include "fs/ext/ext_meta.h"

/* ext_map.c, ext_indirect.c, ext_truncate.c, ext_extent.c */
/* The run at `logical`, at most `max` (> 0) blocks: 0, -EIO, -ENOMEM. */
int must_check ext_map(struct inode *inode, u64 logical, u32 max, struct ext_run *run);
/* The same, with a hole filled: run->block is never 0. Also -ENOSPC, -EFBIG, -EROFS. */
int must_check ext_map_create(struct inode *inode, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
/* The same for blocks that were promised to the file: ext_delayed.c. */
int must_check ext_map_create_promised(struct inode *inode, u64 logical, u32 max,
		struct ext_run *run);
/* Gives back one block that ext_map_create() just took, in the same handle; its page, of a regular
 * file, is locked. */
void ext_map_undo(struct inode *inode, u64 logical);
/* inode_ops.locate */
int ext_locate(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors);
/*
 * Frees all blocks from `logical` on, in as many handles as it takes. No page of them is in the
 * cache. inode->lock held, or the last reference.
 */
int ext_map_truncate(struct inode *inode, u64 logical);
/* The same in a handle with ext_credits_truncate() that is open, which it ends. */
int ext_map_truncate_begun(struct inode *inode, u64 logical);
/* Some of them, in a handle: 1 if there may be more, 0, or an error. */
int must_check ext_map_truncate_step(struct inode *inode, u64 logical);
#define EXT_TRUNCATE_UNITS 8u /* stretches of blocks that a step frees, or nodes of a map */

/*
 * Blocks in such a stretch: no more than a group's worth, so that two are touched at most; and if
 * the journal may have copies of them, no more than its credit for one ext_block_forget() is for.
 */
static inline u32 ext_truncate_most(const struct inode *inode)
{
	return min(ext_fs_of(inode)->geo.blocks_per_group,
		   S_ISREG(inode->mode) ? ~0u : EXT_FORGET_MAX);
}
/*
 * A write that fails half way leaves blocks beyond the end of file: whether there are any, and
 * frees them. inode->lock held (for reading is enough), or the last reference.
 */
bool ext_map_has_excess(const struct inode *inode);
void ext_map_trim(struct inode *inode);
void ext_map_forget_run(struct ext_inode *ei);
u64 ext_map_limit(const struct ext_geo *geo); /* logical blocks a file without extents can have */
/* The following: map_lock held. */
int must_check ext_indirect_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run);
int must_check ext_indirect_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
int ext_indirect_unmap(struct ext_inode *ei, u64 logical);
int must_check ext_indirect_truncate(struct ext_inode *ei, u64 logical); /* a step */
int must_check ext_extent_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run);
/* ext_extent_write.c; map_lock held for writing. */
int must_check ext_extent_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
int ext_extent_unmap(struct ext_inode *ei, u64 logical);
/* Blocks from `logical` on that are allocated and unwritten: 0 and *run, count 0 if none are. */
int must_check ext_extent_unwritten(struct ext_inode *ei, u64 logical, u32 max,
		struct ext_run *run);
/* They become written. Changes what ext_map_create() of one run does. */
int must_check ext_extent_set_written(struct ext_inode *ei, u64 logical, u32 n, bool reserve);
int must_check ext_extent_truncate(struct ext_inode *ei, u64 logical); /* a step */
/*
 * ext_extent_range.c; map_lock held for writing. Steps: *done blocks from `logical` on were dealt
 * with. Allocates what is a hole, unwritten; unmaps; makes unwritten what is written.
 */
int must_check ext_extent_allocate(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		u32 *done);
int must_check ext_extent_unmap_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done);
int must_check ext_extent_unwrite_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done);
/* No extent reaches over that block any more. */
int must_check ext_extent_split(struct ext_inode *ei, u64 logical);
/*
 * What is mapped from `from` on, where no extent crosses, moves to where there is a hole, a leaf at
 * a time: 1 if there may be more, 0, or an error. *at, where that is, begins as `from` if it goes
 * down and as ~0u if it goes up. Changes a block per level of the tree.
 */
int must_check ext_extent_shift_some(struct ext_inode *ei, u64 from, s64 by, u32 *at);
/* How many blocks all of it would change, counted up to `most` or a few more: 0 or an error. */
int must_check ext_extent_count(struct ext_inode *ei, u64 from, u32 most, u32 *n);
/* The first block behind all that are mapped. */
int must_check ext_extent_end(struct ext_inode *ei, u64 *end);
void ext_extent_init(struct ext_inode *ei); /* a new inode's map: an empty tree */
struct ext_path { unsigned depth; u32 offset[4]; };
/*
 * Way to a logical block: offset[0] in i_block, then in each indirect block. False beyond the
 * limit.
 */
bool must_check ext_path_of(const struct ext_geo *geo, u64 logical, struct ext_path *path);

/*
 * ext_range.c: [from, to) of a file's blocks; see there what the caller holds. 0 or an error.
 * `edge`: pages with references, or NULL, that have other blocks, too; NULL: there are none.
 */
#define EXT_RANGE_EDGES 2
int ext_range_unmap(struct inode *inode, u64 from, u64 to, struct page *const *edge);
/* Of files with extents: what is written reads as zeroes; holes are allocated, unwritten. */
int ext_range_unwrite(struct inode *inode, u64 from, u64 to, struct page *const *edge);
int must_check ext_range_allocate(struct inode *inode, u64 from, u64 to, bool reserve);
/* What is behind moves to `from`; n blocks that are a hole move in at `from`. The size follows. */
int must_check ext_range_collapse(struct inode *inode, u64 from, u64 to);
int must_check ext_range_insert(struct inode *inode, u64 from, u64 n);

/* ext_inline.c */
/* Copies up to `size` bytes of inline contents: how many there are, or -EIO. */
ssize_t ext_inline_read(struct inode *inode, void *buf, size_t size);
