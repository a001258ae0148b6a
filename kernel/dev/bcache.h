/*
 * Blocks of a block device in its page cache: how file systems read and write their metadata. A
 * block is of 512 … 4096 bytes and never crosses a page.
 */
#pragma once

#include "dev/blk.h"

struct bblock { struct page *page; void *data; u32 size; };

/* Block number `block` of `size` bytes, read if needed, with a reference to its page: 0, -EIO,
 * -ENOMEM, -ENXIO beyond the end. May sleep (uninterruptibly). */
int must_check bcache_get(struct blkdev *dev, u64 block, u32 size, struct bblock *out);
/* The same for a block that will be overwritten whole: it is zeroed, not read (the rest of its page
 * is read when needed). */
int must_check bcache_get_new(struct blkdev *dev, u64 block, u32 size, struct bblock *out);
/* Says that the block's bytes changed: written back later. Caller has its own lock for the
 * contents. */
void bcache_dirty(struct blkdev *dev, struct bblock *b);
void bcache_put(struct bblock *b);
/* Starts reading n blocks. */
void bcache_read_ahead(struct blkdev *dev, u64 block, u32 size, unsigned n);
/* Forgets dirty state of freed blocks (their new owner may write them by another path). */
void bcache_forget(struct blkdev *dev, u64 block, u32 size, u64 n);
/* Writes dirty metadata and waits, without flushing the device's cache: 0 or -EIO. */
int bcache_sync(struct blkdev *dev);
