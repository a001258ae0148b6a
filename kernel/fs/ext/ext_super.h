/*
 * fs/ext/ext_super.h - mounting, options, groups, and whether the file system is clean.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_options.c */
int must_check ext_options_parse(const struct superblock *sb, const char *text,
		struct ext_options *o);
bool ext_options_delalloc(const struct ext_fs *fs); /* whether it is the default */
void ext_show_options(struct superblock *sb, char *buf, size_t size);

/* ext_super.c, ext_state.c, ext_group.c */
/* Whether it could be written: 0, or -EROFS and said why. */
int must_check ext_state_check_features(const struct ext_fs *fs);
int ext_state_begin_write(struct ext_fs *fs);	/* the mount becomes read-write: 0, -EROFS, -EIO */
void ext_state_end_write(struct ext_fs *fs);	/* and no longer is */
/* Makes all metadata stable: 0, or an error if any write failed since writing began. */
int must_check ext_meta_sync(struct ext_fs *fs);
void ext_meta_sync_begin(struct ext_fs *fs);	/* writing begins */
int ext_sync_super(struct superblock *sb, bool wait);
int ext_statfs(struct superblock *sb, struct abi_statfs *out);
void ext_statfs_prepare(struct ext_fs *fs);
int ext_remount(struct superblock *sb, u32 flags, const char *options);
int ext_freeze(struct superblock *sb);	/* ext_freeze.c: super_ops */
void ext_thaw(struct superblock *sb);
void ext_super_dirty(struct ext_fs *fs);	/* super_lock held */
int must_check ext_feature_large_file(struct ext_fs *fs); /* a file passes 2 GiB */
int must_check ext_groups_load(struct ext_fs *fs);
void ext_groups_free(struct ext_fs *fs);
/* Descriptors from their own places on the disk, the same as those of the overlay. */
int must_check ext_groups_go_home(struct ext_fs *fs);
/* One group's descriptor from its place on the disk, its numbers in range; before the others. */
int must_check ext_group_read(struct ext_fs *fs, u32 group, struct ext_group_desc *desc);
/* Room in the tables for that group and all before it: 0 or -ENOMEM. */
int must_check ext_groups_reserve(struct ext_fs *fs, u32 group);
/*
 * A group that nobody knows yet gets its descriptor (it is summed here), in a handle. Room for it
 * is there, and the block of descriptors as well.
 */
void ext_group_enter(struct ext_fs *fs, u32 group, const struct ext_group_desc *desc);
/* Blocks at a group's start for a superblock, descriptors, and what is reserved for these. */
u32 ext_group_head_blocks(const struct ext_fs *fs, u32 group);
/* Physical block of the nth block of descriptors. */
u64 ext_gdt_location(const struct ext_fs *fs, u32 n);
bool ext_group_has_super(const struct ext_geo *geo, const struct ext_super *s, u32 group);
/*
 * The group's descriptor changed, and what else `stale` says. With a journal the sums are made when
 * the transaction ends, by ext_groups_sum_up(). group->lock held.
 */
void ext_group_dirty(struct ext_fs *fs, u32 group, u8 stale);
void ext_groups_sum_up(struct ext_fs *fs);
/* Whether [block, block + n) touches a superblock, descriptors, bitmaps or inode tables. */
bool ext_overlaps_metadata(const struct ext_fs *fs, u64 block, u64 n);

/* ext_log.c: the journal of a writable mount */
int must_check ext_log_open(struct ext_fs *fs);
/* Nothing is stable any more but what it says: 0, or the error that keeps the log needed. */
int ext_log_close(struct ext_fs *fs);
/* The superblock says, on the disk, that errors were found; nothing else will be written. */
void ext_state_mark_error(struct ext_fs *fs);
/* The superblock's counts as they are now. With a journal in a handle. */
void ext_state_sum_up(struct ext_fs *fs);
