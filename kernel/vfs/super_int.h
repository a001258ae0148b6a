/* What the files of vfs tell each other about superblocks and inodes. */
#pragma once

#include "vfs/super.h"

void icache_init(void);
/* Waits until no inode of `sb` is in memory: whether that came before the deadline. */
bool icache_wait_empty(struct superblock *sb, u64 deadline_ns);
/*
 * Frees an inode that has no reference (inode_destroy) or only the caller's and was never hashed
 * (inode_discard), without evicting.
 */
void inode_destroy(struct inode *inode);
void inode_discard(struct inode *inode);
/* Changes inode->state under its lock. */
void inode_set_state(struct inode *inode, u32 set, u32 clear);
/* Writes the inode's metadata to its buffer if it is dirty; 0 or the error. */
int inode_clean(struct inode *inode);

/*
 * Inodes that could not be written for want of memory when their last reference went were kept:
 * they are let go once more, and evicted if they can be written now. Whether some are left. `last`:
 * there is no other time, and what cannot be written is lost, which is logged. May sleep.
 */
bool icache_put_late(struct superblock *sb, bool last);

void super_init(void);
/* A superblock's storage outlives the last of its inodes. */
void super_put_storage(struct superblock *sb);
/* Finds or makes the superblock for a mount: 0 and *out with a reference. `dev` is claimed here. */
struct mounter { u32 uid, gid, umask; };
int super_obtain(struct fs_type *type, struct blkdev *dev, u32 sb_flags, const char *options,
		 const struct mounter *who, struct superblock **out);
/* The kernel itself. */
extern const struct mounter mounter_kernel;
static inline void super_get(struct superblock *sb) { ref_get(&sb->refs); }
/* The last reference unmounts: writes everything, drops the caches. May sleep. */
void super_put(struct superblock *sb);
/*
 * Changes SB_READ_ONLY, SB_SYNC (SB_DIRSYNC is for good) and options: 0, -EBUSY (files are open
 * for writing, or a call is changing something), or the file system's error. mount_mutex held.
 */
int super_remount(struct superblock *sb, u32 sb_flags, const char *options);
/* Calls fn for each superblock, with a reference held and no lock; ends at the first error. */
int super_each(int (*fn)(struct superblock *sb, void *arg), void *arg);
/* vfs_sync_super(), frozen or not. */
int super_sync(struct superblock *sb);
/* The periodic write-back of inodes. */
void inode_writeback_init(void);
