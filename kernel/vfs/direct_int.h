/*
 * Transfers past the page cache (O_DIRECT): what block devices (blkfile_direct.c) and regular files
 * (direct_file.c) share.
 */
#pragma once

#include "dev/blk.h"
#include "vfs/super.h"
#include "vm/iov.h"

#define DIRECT_ORDER  8
#define DIRECT_MAX    ((size_t)PAGE_SIZE << DIRECT_ORDER)
#define DIRECT_PIECE  (64u << 10)
#define DIRECT_PIECES (1u << DIRECT_ORDER)
#define DIRECT_FEW    17 /* pages of 64 KiB that begin somewhere */

/*
 * The memory that a disk reads and writes, up to 1 MiB at a time: the caller's own pages, or a
 * buffer of the kernel's. A caller's page that could be mapped from the very file is never used.
 */
struct direct {
	struct iov_pins pins;   /* its pieces are of either kind */
	bool own;               /* of the kernel's */
	struct page *page;      /* that buffer, once it was needed; or NULL */
	unsigned order;
	size_t room;            /* bytes that it needs at most */
	struct dma_piece few[DIRECT_FEW];
};

/* For transfers of n bytes in all; `into`: the caller's memory is written. 0 or -ENOMEM. */
int must_check direct_init(struct direct *d, const struct disk *disk, size_t n, bool into);
void direct_fini(struct direct *d);

/*
 * Gets hold of memory for a transfer of up to n bytes, in whole sectors, from or to the iterator's
 * next ones: how many bytes it will be, more than 0; or -ENOMEM, -EFAULT. The iterator moves if the
 * transfer is from there. No lock that a fault takes is held.
 */
ssize_t must_check direct_begin(struct direct *d, struct iov_iter *it, size_t n);
/* The same with the kernel's buffer, whose bytes are the caller's to set; or -ENOMEM. */
ssize_t must_check direct_own(struct direct *d, size_t n);
/* The transfer is over. */
void direct_end(struct direct *d);
/* Where the memory's bytes from `offset` on are, and how many of *n lie there in a row. */
void *direct_span(const struct direct *d, size_t offset, size_t *n);

/*
 * n bytes at `offset` of the memory, from or to the device's sector `lba`, all in whole sectors;
 * one at a time. 0, -EIO … `fua`: a write is stable when it ends.
 */
int must_check direct_transfer(struct direct *d, size_t offset, struct blkdev *dev, enum blk_op op,
			       lba_t lba, size_t n, bool fua);
/*
 * Some of n bytes, in whole sectors or less than one, from the device's sector `lba` to the caller:
 * 0 and *at moves on; -EIO, -ENOMEM; -EFAULT, with *at behind what reached him. As direct_begin().
 */
int must_check direct_fetch(struct direct *d, struct iov_iter *to, struct blkdev *dev, lba_t lba,
			    size_t n, loff_t *at);

/* -EINVAL unless position, lengths and addresses are multiples of a logical sector. */
int must_check direct_check(const struct blkdev *dev, const struct iov_iter *it, loff_t pos);
/*
 * What the cache has of [from, to) is on the disk, and dropped if `drop`: 0; or why it is not, and
 * all of it stays.
 */
int direct_cache_out(struct pagecache *cache, loff_t from, loff_t to, bool drop);
/* Whether pages of [from, to) are to be written first, or in somebody's hands (RWF_NOWAIT). */
bool direct_cache_is_busy(struct pagecache *cache, loff_t from, loff_t to);
