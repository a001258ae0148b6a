/*
 * Transfers past the page cache (O_DIRECT): what block devices (blkfile_direct.c) and regular files
 * (direct_file.c) share.
 */
#pragma once

#include "dev/blk.h"
#include "vfs/super.h"
#include "vm/iov.h"

#define BOUNCE_ORDER_MAX 8
#define BOUNCE_PIECE	 (64u << 10)
#define BOUNCE_FEW	 (((size_t)PAGE_SIZE << BOUNCE_ORDER_MAX) / BOUNCE_PIECE)

/*
 * The memory that a disk reads and writes, in one stretch of up to 1 MiB, and the pieces of a
 * request for it: as long as may be, so that a device with few segments takes all at once. The
 * caller's own pages may be given away, copied or swapped while a transfer runs; and some of them
 * may be mapped from the very file.
 */
struct bounce {
	struct page *page;
	unsigned order;
	u32 piece;	/* bytes */
	struct dma_piece *pieces, few[BOUNCE_FEW];
};

/* Room for n bytes, or for as many as there is memory for: 0 or -ENOMEM. */
int must_check bounce_init(struct bounce *b, const struct disk *disk, size_t n);
void bounce_fini(struct bounce *b);

static inline size_t bounce_bytes(const struct bounce *b)
{
	return (size_t)PAGE_SIZE << b->order;
}

static inline void *bounce_at(const struct bounce *b, size_t offset)
{
	return (u8 *)page_to_virt(b->page) + offset;
}

/*
 * n bytes at `offset` of the buffer, from or to the device's sector `lba`, all in whole sectors;
 * one at a time. 0, -EIO … `fua`: a write is stable when it ends.
 */
int must_check bounce_transfer(struct bounce *b, size_t offset, struct blkdev *dev, enum blk_op op,
			       lba_t lba, size_t n, bool fua);

/* -EINVAL unless position, lengths and addresses are multiples of a logical sector. */
int must_check direct_check(const struct blkdev *dev, const struct iov_iter *it, loff_t pos);
/*
 * What the cache has of [from, to) is on the disk, and dropped if `drop`: 0; or why it is not, and
 * all of it stays.
 */
int direct_cache_out(struct pagecache *cache, loff_t from, loff_t to, bool drop);
/* Whether pages of [from, to) are to be written first, or in somebody's hands (RWF_NOWAIT). */
bool direct_cache_is_busy(struct pagecache *cache, loff_t from, loff_t to);
