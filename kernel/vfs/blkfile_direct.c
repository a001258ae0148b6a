/*
 * Block devices with O_DIRECT: transfers go to the disk at once and leave nothing in the cache.
 * What the cache has of the range is written before a read, and dropped around a write, so that
 * both ways of access see the same bytes. A device that is mounted is written by way of the cache
 * all the same, since the file system holds pages of it.
 *
 * The disk reads and writes memory of the kernel's, up to 1 MiB at a time, which is copied from and
 * to the caller: his pages may be given away, copied or swapped while a transfer runs.
 */
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/blkfile_int.h"

#define ORDER_MAX 8
#define PIECE	  (64u << 10)
#define FEW	  (((size_t)PAGE_SIZE << ORDER_MAX) / PIECE)

/* A buffer in one piece, and the pieces of a request for it: as long as may be, so that a device
 * with few segments takes all at once. */
struct bounce {
	struct page *page;
	unsigned order;
	u32 piece;	/* bytes */
	struct dma_piece *pieces, few[FEW];
};

/* Room for n bytes, or for as many as there is memory for. */
static int bounce_init(struct bounce *b, const struct disk *disk, size_t n)
{
	unsigned order = 0;

	while (order < ORDER_MAX && (size_t)PAGE_SIZE << order < n)
		order++;
	do {
		b->page = page_alloc_order(order, order ? MM_KERNEL | MM_NORETRY : MM_KERNEL);
	} while (!b->page && order--);
	if (!b->page)
		return -ENOMEM;
	b->order = order;
	b->piece = (u32)min((u64)disk->max_sectors << 9, (u64)min(PIECE, disk->max_segment_bytes));
	b->piece &= (u32)PAGE_MASK;
	n = DIV_ROUND_UP((size_t)PAGE_SIZE << order, (size_t)b->piece);
	b->pieces = n <= FEW ? b->few : kmalloc_array(n, sizeof(*b->pieces), MM_KERNEL);
	if (b->pieces)
		return 0;
	page_free_order(b->page, order);
	return -ENOMEM;
}

static void bounce_fini(struct bounce *b)
{
	if (b->pieces != b->few)
		kfree(b->pieces);
	page_free_order(b->page, b->order);
}

static size_t bounce_bytes(const struct bounce *b)
{
	return (size_t)PAGE_SIZE << b->order;
}

static int bounce_transfer(struct bounce *b, struct blkdev *dev, enum blk_op op, loff_t at,
			   size_t n, bool fua)
{
	struct blk_request req = {
		.dev = dev,
		.op = op,
		.fua = fua,
		.lba = (lba_t)at >> 9,
		.n_sectors = (u32)(n >> 9),
		.pieces = b->pieces,
	};

	for (size_t done = 0; done < n; done += b->piece)
		b->pieces[req.n_pieces++] = (struct dma_piece){
			b->page + (done >> PAGE_SHIFT), 0, (u32)min(n - done, (size_t)b->piece) };
	return blk_submit_wait(&req);
}

/* -EINVAL unless position, lengths and addresses are multiples of a logical sector. */
static int check_alignment(const struct blkdev *dev, const struct iov_iter *it, loff_t pos)
{
	u64 all = (u64)pos | it->left, mask = dev->disk->sector_size - 1;
	size_t left = it->left, skip = it->offset;

	for (unsigned i = 0; i < it->n_iov && left; i++) {
		size_t n = min(it->iov[i].iov_len - skip, left);

		all |= (u64)it->iov[i].iov_base + skip;
		all |= n;
		left -= n;
		skip = 0;
	}
	return all & mask ? -EINVAL : 0;
}

/* The pages that hold bytes [from, to). */
static pgoff_t page_first(loff_t from)
{
	return (pgoff_t)from >> PAGE_SHIFT;
}

static pgoff_t page_last(loff_t to)
{
	return (pgoff_t)(to - 1) >> PAGE_SHIFT;
}

/* What the cache has is on the disk, and is dropped if `drop`. */
static int cache_out(struct blkdev *dev, loff_t from, loff_t to, bool drop)
{
	int err = pagecache_write_range(&dev->cache, page_first(from), page_last(to), true);

	if (drop)
		pagecache_drop_range(&dev->cache, page_first(from), page_last(to));
	return err;
}

ssize_t blkfile_read_direct(struct blkdev *dev, struct iov_iter *to, loff_t *pos)
{
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct bounce b;
	ssize_t err = check_alignment(dev, to, at);

	if (err < 0)
		return err;
	if (at >= size || !iov_left(to))
		return 0;
	end = at + (loff_t)min(iov_left(to), (size_t)(size - at));
	err = cache_out(dev, at, end, false);
	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(end - at));
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		size_t n = min((size_t)(end - at), bounce_bytes(&b)), copied = 0;

		err = bounce_transfer(&b, dev, BLK_READ, at, n, false);
		if (err == 0)
			copied = iov_copy_to(to, page_to_virt(b.page), n);
		at += (loff_t)copied;
		if (err == 0 && copied < n)
			err = -EFAULT;
		if (thread_fatal_pending())
			break;
	}
	bounce_fini(&b);
	if (at > *pos)
		err = at - *pos;
	*pos = at;
	return err;
}

ssize_t blkfile_write_direct(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct blkdev *dev = blkfile_dev(f);
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct bounce b;
	ssize_t err = check_alignment(dev, from, at);

	if (err < 0 || !iov_left(from))
		return err;
	end = at + (loff_t)min(iov_left(from), (size_t)(size - at));
	err = cache_out(dev, at, end, true);
	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(end - at));
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		size_t n = min((size_t)(end - at), bounce_bytes(&b));
		size_t copied = iov_copy_from(from, page_to_virt(b.page), n);

		if (copied < n)
			err = -EFAULT;
		else
			err = bounce_transfer(&b, dev, BLK_WRITE, at, n, f->flags & O_DSYNC);
		if (err == 0)
			at += (loff_t)n;
		if (thread_fatal_pending())
			break;
	}
	bounce_fini(&b);
	/* A reader, or a mapping, may have brought old bytes into the cache meanwhile. */
	if (at > *pos)
		pagecache_drop_range(&dev->cache, page_first(*pos), page_last(at));
	if (at > *pos)
		err = at - *pos;
	*pos = at;
	return err;
}

int blkfile_zero(struct blkdev *dev, loff_t from, loff_t to)
{
	struct bounce b;
	int err = cache_out(dev, from, to, true);

	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(to - from));
	if (err < 0)
		return err;
	memset(page_to_virt(b.page), 0, bounce_bytes(&b));
	while (from < to && err == 0) {
		size_t n = min((size_t)(to - from), bounce_bytes(&b));

		err = bounce_transfer(&b, dev, BLK_WRITE, from, n, false);
		from += (loff_t)n;
		if (err == 0 && thread_fatal_pending())
			err = -EINTR;
	}
	bounce_fini(&b);
	return err;
}
