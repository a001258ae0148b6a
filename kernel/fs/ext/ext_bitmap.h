/*
 * fs/ext/ext_bitmap.h - bitmaps of groups, read and looked at.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* A group's bitmaps with group->lock held: 0, or -EIO (then the group is out of use), -ENOMEM. */
int must_check ext_block_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b);
int must_check ext_inode_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b);
/* A bitmap and the group's counts changed: group->lock still held. */
void ext_block_bitmap_dirty(struct ext_fs *fs, u32 group, struct bblock *b);
void ext_inode_bitmap_dirty(struct ext_fs *fs, u32 group, struct bblock *b);
