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
/* The same for a block whose bytes are there already: they are copied from `data`. */
int must_check bcache_get_copy(struct blkdev *dev, u64 block, u32 size, const void *data,
			       struct bblock *out);
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
/* Makes dirty metadata stable: writes it, waits, and flushes the device's cache. What fails is for
 * whoever syncs to find. May sleep. */
void bcache_settle(struct blkdev *dev);
/*
 * For what has an order: from pin to unpin the block is not written, whoever marks it dirty or
 * asks for writing (a write that is on its way already goes on). Between them the caller has a
 * reference to the page. unpin: `changed` says that the block is newer than the disk, as
 * bcache_dirty() does. Any context for pin; unpin as bcache_dirty(), may be called under a spinlock
 * below RANK_LRU.
 */
void bcache_pin(struct bblock *b);
void bcache_unpin(struct blkdev *dev, struct bblock *b, bool changed);
/* Whether the disk (or its write cache) has all of the block, and no write of its page is on its
 * way; a write that failed leaves a block that is not clean. Any context. */
bool bcache_is_clean(const struct bblock *b);
/*
 * Writes the block if it is newer than the disk, and waits until it is not on its way, either: as
 * bcache_is_clean() says, unless that failed, which is for whoever syncs to find. The caller's lock
 * keeps it from being changed. May sleep.
 */
void bcache_write(struct blkdev *dev, const struct bblock *b);
/* The block has been written by other means: if it is cached it becomes those bytes. May sleep. */
void bcache_update(struct blkdev *dev, u64 block, u32 size, const void *data);
/* Drops all pages that nobody uses and that are not to be written: they are read again. */
void bcache_drop_clean(struct blkdev *dev);
