/*
 * fs/ext/ext_inode.h - inodes on the disk and in memory, and their end.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_inode.c, ext_raw.c, ext_evict.c */
/* The inode of that number with a reference: 0, -EIO, -ENOMEM, -ESTALE (not in use). */
int must_check ext_iget(struct superblock *sb, u32 ino, struct inode **out);
struct inode *ext_inode_alloc(struct superblock *sb);
void ext_inode_free(struct inode *inode);
int ext_inode_write(struct inode *inode, bool wait);
/* Of one that is being made, in the handle that does so: its buffer is no longer the last owner's.
 * 0, -EIO. */
int must_check ext_inode_begin(struct inode *inode);
void ext_inode_evict(struct inode *inode);
void ext_inode_set_ops(struct inode *inode);
int ext_setattr(struct inode *inode, const struct inode_attr *attr);
/* The buffer that holds the raw inode, and where: put it back with bcache_put(). */
int must_check ext_raw_get(struct ext_fs *fs, u32 ino, struct bblock *b,
		struct ext_raw_inode **raw);
/* The same where the group's descriptor is `desc`; the number exists. */
int must_check ext_raw_get_in(struct ext_fs *fs, const struct ext_group_desc *desc, u32 ino,
		struct bblock *b, struct ext_raw_inode **raw);
void ext_inode_from_raw(struct ext_inode *ei, const struct ext_raw_inode *raw);
void ext_inode_to_raw(struct ext_inode *ei, struct ext_raw_inode *raw);
int ext_inode_cache_init(void);
/*
 * Into the list of orphans, and out of it. With a journal in a handle, and the caller saves the
 * inode in the same one; map_lock not held.
 */
void ext_orphan_add(struct inode *inode);
void ext_orphan_remove(struct inode *inode);
void ext_orphan_forget(struct inode *inode); /* leaves memory, whatever the disk says */
u32 ext_orphan_first(struct ext_fs *fs);
u32 ext_orphan_next(struct inode *inode);
void ext_orphans_process(struct ext_fs *fs);
/*
 * An orphan on the disk, now in memory with a reference, which is dropped: without a name it is
 * freed; with one, a journal's last transaction was about to truncate it. 0 or an error.
 */
int must_check ext_orphan_finish(struct inode *inode);
/* It, and in *next the one after it in the list: 0 or an error. */
int must_check ext_orphan_read(struct ext_fs *fs, u32 ino, struct inode **out, u32 *next);
/* ext_orphan_file.c: those in the file of orphans: how many. */
u32 ext_orphan_file_process(struct ext_fs *fs);
