/*
 * fs/ext/ext_alloc.h - which blocks and inode numbers are taken.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_balloc.c */
/*
 * Takes 1 … want contiguous free blocks at `goal` or near it for `ei`: 0, -ENOSPC, -EIO, -ENOMEM.
 * `reserve`: the reserved blocks may be used. Caller holds ei->map_lock for writing, or owns ei.
 * With ei->uses_promise what was promised is used up first.
 */
int must_check ext_blocks_alloc(struct ext_inode *ei, u64 goal, u32 want, bool reserve,
		u64 *block, u32 *got);
/*
 * Gives blocks back: 0 or -EIO (damage; what could be freed is). `metadata`: they went through
 * bcache.
 */
int ext_blocks_free(struct ext_fs *fs, u64 block, u64 count, bool metadata);
/*
 * The same for what was just taken for `ei`, and could not be used: with ei->uses_promise it is
 * promised again.
 */
void ext_blocks_undo(struct ext_inode *ei, u64 block, u32 n, bool metadata);
/* Charges for n blocks that will be taken later: all, or false. And gives such back. */
bool must_check ext_blocks_promise(struct ext_fs *fs, u32 n, bool reserve);
void ext_blocks_unpromise(struct ext_fs *fs, u32 n);
/* Whether that user may go into the reserve. */
bool ext_may_use_reserve(const struct ext_fs *fs, const struct cred *cred);
/* Where the first block of a file belongs. */
u64 ext_goal_for_inode(const struct ext_inode *ei);

/* ext_trim.c */
/* Tells the device that n blocks hold nothing: 0 or an error. */
int ext_discard(struct ext_fs *fs, u64 block, u64 n);

/* ext_runs.c: any context, without locks */
/* A search for a run begins; and has ended: of `least` blocks there was none. */
u32 ext_runs_begin(const struct ext_runs *runs);
void ext_runs_none(struct ext_runs *runs, u32 begun, u32 least);
/* Whether a search found that there is none of `least` blocks. */
bool ext_runs_lack(const struct ext_runs *runs, u32 least);
/* Runs of that group may be longer from now on than what searches found. */
void ext_runs_grew(struct ext_fs *fs, u32 group);
/* The same, if those blocks of one group, which may be taken from now on, are such a run. */
void ext_runs_appeared(struct ext_fs *fs, u64 start, u64 end);

/* ext_window.c: the owner's map_lock held for writing; a group's lock may be, too. */
void ext_window_drop(struct ext_fs *fs, struct ext_window *w);
/*
 * Makes [start, end) `w`'s window, replacing its old one; shortened or left empty if others are
 * there.
 */
void ext_window_set(struct ext_fs *fs, struct ext_window *w, u64 start, u64 end);
/* The window's blocks below `start` (which lies within it, or at its end) are used. */
void ext_window_use(struct ext_fs *fs, struct ext_window *w, u64 start);
/*
 * Cuts [*start, *end) to its first part outside windows of others than `own`; false if nothing is
 * left.
 */
bool ext_window_trim(struct ext_fs *fs, const struct ext_window *own, u64 *start, u64 *end);

/* ext_freed.c */
/* The blocks, of one group, were freed in this handle. */
void ext_freed_add(struct ext_fs *fs, u32 group, u64 block, u32 n);
/* Cuts [*start, *end) to its first part that may be taken; false if nothing is left. */
bool ext_freed_trim(struct ext_fs *fs, u64 *start, u64 *end);
bool ext_freed_any(const struct ext_fs *fs);
void ext_freed_release(struct ext_fs *fs, u32 tid); /* that transaction is stable */
void ext_freed_fini(struct ext_fs *fs);

/* ext_ialloc.c */
/*
 * A new inode for `dir` with I_NEW, one link (two for a directory), owner and mode set, not yet
 * named: 0, -ENOSPC, -EIO, -ENOMEM. The caller names it and calls inode_unlock_new(), or
 * ext_inode_abandon(). After an error *out is NULL, or one that was abandoned.
 */
int must_check ext_inode_new(struct inode *dir, u32 mode, const struct cred *cred,
		struct inode **out);
/*
 * A new inode does not get a name. Its end is more than a handle for making it has room for: the
 * caller puts it after that, and the list of orphans has it until then.
 */
void ext_inode_abandon(struct inode *inode);
/* Frees the number of an inode that is being evicted: 0 or an error. */
int must_check ext_inode_number_free(struct inode *inode);
