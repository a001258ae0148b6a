/*
 * fs/ext/ext_meta.h - blocks of metadata, in the cache of the device.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_overlay.c */
/* What ext_block_get() does with an overlay. */
int must_check ext_overlay_get(struct ext_fs *fs, u64 block, struct bblock *b);
/*
 * How many of `count` blocks from `block` on are together: at *where on the disk (the same place,
 * or in the journal), or one block whose contents are at *copy, until unmount.
 */
u32 ext_overlay_run(struct ext_fs *fs, u64 block, u32 count, u64 *where, const void **copy);

/* Metadata block number `block`, with a reference to put by bcache_put(): as bcache_get(). */
static inline int must_check ext_block_get(struct ext_fs *fs, u64 block, struct bblock *b)
{
	if (unlikely(fs->overlaid))
		return ext_overlay_get(fs, block, b);
	return bcache_get(fs->dev, block, fs->geo.block_size, b);
}

/* ext_handle.c: in a handle */
/* A block of metadata changed: written some time. */
void ext_block_dirty(struct ext_fs *fs, struct bblock *b);
#define EXT_FORGET_MAX 120u /* freed blocks that one block of any journal can name */
/* Blocks of metadata were freed, EXT_FORGET_MAX at most: they are not written any more. */
void ext_block_forget(struct ext_fs *fs, u64 block, u64 n);
