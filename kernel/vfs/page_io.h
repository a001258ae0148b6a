/*
 * vfs/page_io.h - pages of a file between its cache and a block device, for the file systems whose
 * files lie there in runs.
 *
 * A file system's pagecache_ops.read and .write go through the pages that they were given: they
 * begin each page's transfer, add its parts with their places on the device, and end it. Parts that
 * continue each other share a request, with a piece per page; a page may take part in several
 * requests. Its page->private counts these from bit 0, one more for who began, and remembers an
 * error; who drops the last count ends the page's read or write.
 *
 * No request may be held while waiting for another one: page_io_submit() before the map is read.
 */
#pragma once

#include "dev/blk.h"
#include "vm/pagecache.h"

#define PAGE_IO_BITS	34	/* of page->private; those above are the file system's */

struct page_io {
	struct blkdev *dev;
	enum blk_op op;			/* BLK_READ or BLK_WRITE */
	struct blk_request *req;	/* not yet submitted, or NULL */
	u64 next;			/* 512-byte sector after it */
};

/* The locked page's transfer begins; of page->private the bits `keep` stay. */
void page_io_begin(struct page *page, u64 keep);
/*
 * Nothing more is added to it; `error`: 0, or why not all was. When its last request is done the
 * page is up to date and unlocked, or written, or has the error: -EIO, or -ENOSPC.
 */
void page_io_end(struct page *page, enum blk_op op, int error);
/* What a read ends with, also without a device: what is beyond the file's end is zeroed. */
void page_io_read_done(struct page *page, int error);

/* Adds n bytes of a page, whole sectors, which lie at that 512-byte sector. May wait for memory. */
void page_io_add(struct page_io *io, struct page *page, u32 offset, u32 n, u64 sector);
/* Submits what is under construction. */
void page_io_submit(struct page_io *io);
