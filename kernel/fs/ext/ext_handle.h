/*
 * fs/ext/ext_handle.h - changes of metadata as parts of transactions.
 *
 * Every function that makes metadata dirty runs between ext_begin() and ext_end(). Without a
 * journal these do nothing. Order: a handle is begun after inode->lock, cache->invalidate and an
 * address space's lock, and before page locks and all locks of this room.
 */
#pragma once

#include "fs/ext/ext_int.h"

/*
 * Opens a handle that may change `credits` blocks: 0, -EROFS (aborted, or no longer writable),
 * -ENOMEM, -ENOSPC. May wait for a commit. They nest.
 */
int must_check ext_begin(struct ext_fs *fs, u32 credits);
/* The same, but -EAGAIN instead of a wait for a commit; none is open. */
int must_check ext_begin_soon(struct ext_fs *fs, u32 credits);
void ext_end(struct ext_fs *fs);
/*
 * Ends a handle in which something was done with result `err`: the inodes (NULL: none) have changed
 * and are written into their buffers first. `err`, else an error of that.
 */
int ext_end_saving(struct ext_fs *fs, int err, struct inode *a, struct inode *b);
/* The inode's fields into its buffer, at once if there is a journal: 0, -EIO. */
int must_check ext_inode_save(struct inode *inode);
/*
 * Blocks that were freed are kept until that is stable. Whether something that found no room
 * (`err` -ENOSPC) should be tried once more, after a commit; *tries begins as 0. No handle is open.
 */
bool ext_retry(struct ext_fs *fs, int err, unsigned *tries);
/*
 * Makes what was done to the inode stable (`data_only`: its size and map, else times and the like,
 * too), and all data that the device was given: 0 or an error.
 */
int must_check ext_commit_inode(struct inode *inode, bool data_only);
int must_check ext_commit_all(struct ext_fs *fs);
/* Has the journal's thread do the same. */
void ext_commit_start(struct ext_fs *fs);

u32 ext_tid(struct ext_fs *fs);
/* Whether a transaction before the running one is being committed: see jbd_is_committing(). */
bool ext_is_committing(struct ext_fs *fs);
/* Any context that may sleep: ends all writing by the journal. */
void ext_abort(struct ext_fs *fs, int error);

/* How many blocks these change at most; each says why in ext_handle.c. */
u32 ext_credits_map(const struct inode *inode);	 /* ext_map_create() of one run */
u32 ext_credits_undo(void);			 /* ext_map_undo() after it */
u32 ext_credits_inode(void);			 /* ext_inode_save() */
u32 ext_credits_new(const struct inode *dir);	 /* a new inode with its name and first block */
u32 ext_credits_link(const struct inode *dir);	 /* a new name */
u32 ext_credits_unlink(void);			 /* a name goes */
u32 ext_credits_rename(const struct inode *from, const struct inode *to);
u32 ext_credits_orphan(void);			 /* into the list of orphans, or out of it */
u32 ext_credits_xattr(void);
u32 ext_credits_truncate(const struct inode *inode); /* one step of ext_map_truncate_step() */
u32 ext_credits_evict(const struct inode *inode);    /* such a step, and the end of the inode */
