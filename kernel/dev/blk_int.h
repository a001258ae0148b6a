/* Private to dev/: what the files of the block layer share. */
#pragma once

#include "dev/blk.h"

/* Requests that left the queue, to be given back with blk_end() when no lock is held. */
void blk_end(struct list *ended);

/* Sets the request's steps and its first transfer. */
void blk_prepare(struct disk *disk, struct blk_request *req);
/* Sets xfer to the next step's. */
void blk_prepare_step(struct disk *disk, struct blk_request *req);
/* Takes a merged chain apart: all of its requests, not to be merged again, to `out` in order. */
void blk_chain_split(struct disk *disk, struct blk_request *head, struct list *out);
/* Puts a new request (or chain) into the queue, merged with a neighbour if there is one. Queue
 * lock. */
void blk_insert_locked(struct disk *disk, struct blk_request *req);
/* The list in which the request waits. */
static inline struct list *blk_waiting(struct disk *disk, const struct blk_request *req)
{
	return &disk->waiting[req->op != BLK_READ];
}
/* Starts what the device takes; what could not start goes to `ended`. Queue lock. */
void blk_dispatch_locked(struct disk *disk, struct list *ended);
/* Inserts all of a list, merging, then dispatches: disk by disk. Never sleeps. */
void blk_queue_list(struct list *reqs);

/* Whether the current thread's plug took the request. */
bool blk_plug_add(struct blk_request *req);
/* Sends off what the current thread holds back. Never sleeps. */
void blk_plug_flush(void);

/* A device and its disk have this many more requests, or fewer. Queue lock. */
void blk_count_locked(struct blkdev *d, int more, u64 now);
/* A transfer ended well. Queue lock. */
void blk_account_locked(struct disk *disk, struct blk_request *head, u64 now);

/* Time-outs (blk_watchdog.c). watch: queue lock. */
void blk_watchdog_init(struct disk *disk);
void blk_watch_locked(struct disk *disk, const struct blk_request *started);

/* Buffers for a device that does not reach all of memory (blk_bounce.c): 0 or -ENOMEM. */
int must_check blk_bounce_init(struct disk *disk);
void blk_bounce_fini(struct disk *disk);
/* blk_map() of a transfer with pieces out of reach; how many segments, or -E2BIG. */
int must_check blk_bounce_map(struct disk *disk, struct blk_request *req,
			      struct dma_segment *segments, unsigned max);
/* Such a transfer has ended. The request is the caller's alone. */
void blk_bounce_end(struct disk *disk, struct blk_request *req, int error);

void blk_pool_init(void);

/* The page cache of a block device (blkdev_cache.c). */
void blkdev_cache_init(struct blkdev *d);
/* Marks bytes [from, to) of a page of a block device's cache as newer than the disk; the page
 * itself is marked by page_dirty(). */
void blkdev_page_mark(struct page *page, unsigned from, unsigned to);
/* The opposite, for the bytes of freed blocks. */
void blkdev_page_unmark(struct page *page, unsigned from, unsigned to);
/* Keeps bytes [from, to) from being written although marked; lets them be written, and says
 * whether any are marked. Whether they are neither marked nor, with their page, on their way. */
void blkdev_page_pin(struct page *page, unsigned from, unsigned to);
bool blkdev_page_unpin(struct page *page, unsigned from, unsigned to);
bool blkdev_page_is_clean(const struct page *page, unsigned from, unsigned to);
/* Begins the marks of a page that is not up to date; nothing for another. Page lock. */
void blkdev_page_init(struct page *page);

/* Partition scan of a new disk or at BLKRRPART: adds blkdevs to the disk, not yet announced. */
void disk_scan(struct disk *disk);
/* A blkdev of the disk, in its list, unannounced: 0 or -ENOMEM. Under the registry's lock. */
int blkdev_create(struct disk *disk, unsigned partition, lba_t start, u64 n_sectors, const u8 *uuid,
		  const char *label);
