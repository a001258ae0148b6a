/*
 * fs/ext/ext_resize.h - what the files of growing (ext_resize*.c) share. One thread at a time is
 * here (fs->resizing), with no lock held and, but where it is said, no handle open.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* The group to be added, which nobody else knows yet. */
struct ext_new_group {
	u32 number;
	u32 n_blocks;
	u32 head;		/* blocks of a superblock, descriptors, and what is reserved */
	bool new_gdt;		/* its descriptor is the first of its block */
	struct ext_group_desc desc; /* without its own checksum */
};

/* The resize inode as far as it is changed: see ext_resize_inode.c. */
struct ext_reserve {
	struct bblock table, map;	/* the inode's block, its double indirect block */
	struct ext_raw_inode *raw;
	struct bblock *lists;		/* of each reserved block that remains; or NULL */
	u32 n_lists, at;		/* and the place of the new group's in them */
	bool open;
};

/* ext_resize_group.c */
/*
 * The shape of that group behind the last, when the file system is to have `end` blocks: false if
 * it has none of them, or no room for itself.
 */
bool must_check ext_new_group_plan(const struct ext_fs *fs, u32 number, u64 end,
				   struct ext_new_group *n);
/* Writes what is in the group's blocks, none of which counts yet: 0, -EIO, -ENOMEM. */
int must_check ext_new_group_write(struct ext_fs *fs, struct ext_new_group *n);
/* Blocks that the group's own use takes. */
u32 ext_new_group_overhead(const struct ext_fs *fs, const struct ext_new_group *n);

/* ext_resize_inode.c */
/* How many blocks ext_reserve_take() may change. */
u32 ext_reserve_credits(const struct ext_fs *fs, const struct ext_new_group *n);
/*
 * Reads and checks all that ext_reserve_take() needs for the group: 0 (and nothing, if there is no
 * resize inode), -EIO, -ENOMEM, -EUCLEAN. To be closed, if 0.
 */
int must_check ext_reserve_open(struct ext_fs *fs, const struct ext_new_group *n,
				struct ext_reserve *r);
/* In a handle: the inode loses the block that becomes descriptors, and gets the group's. */
void ext_reserve_take(struct ext_fs *fs, const struct ext_new_group *n, struct ext_reserve *r);
void ext_reserve_close(struct ext_reserve *r);
/* Ends the inode, which has no blocks in reserve any more: 0 or an error. In a handle. */
#define EXT_RESERVE_END_CREDITS 4u
int must_check ext_reserve_end(struct ext_fs *fs);

/* ext_resize_backup.c */
/* The superblock's bytes in the backup of that group. super_lock is taken. */
int must_check ext_backup_super(struct ext_fs *fs, u32 group, bool journaled);
/* Block n of the descriptors, in the backup at block `to`. */
int must_check ext_backup_gdt(struct ext_fs *fs, u32 n, u64 to, bool journaled);
/* All backups of the superblock, and of descriptors from block `first` on. */
int must_check ext_backup_all(struct ext_fs *fs, u32 first);
