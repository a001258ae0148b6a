/*
 * O_DIRECT: buffers between a caller and a disk, and what the page cache has to do with it. The
 * disk reads and writes memory of the kernel's, up to 1 MiB at a time, which is copied from and to
 * the caller: direct_int.h says why. Before: blkfile_direct.c, direct_file.c.
 */
#include "mm/slab.h"
#include "vfs/direct_int.h"

int bounce_init(struct bounce *b, const struct disk *disk, size_t n)
{
	unsigned order = 0;

	while (order < BOUNCE_ORDER_MAX && (size_t)PAGE_SIZE << order < n)
		order++;
	do {
		b->page = page_alloc_order(order, order ? MM_KERNEL | MM_NORETRY : MM_KERNEL);
	} while (!b->page && order--);
	if (!b->page)
		return -ENOMEM;
	b->order = order;
	b->piece = (u32)min((u64)disk->max_sectors << 9,
			    (u64)min(BOUNCE_PIECE, disk->max_segment_bytes));
	b->piece &= (u32)PAGE_MASK;
	n = DIV_ROUND_UP((size_t)PAGE_SIZE << order, (size_t)b->piece);
	b->pieces = n <= BOUNCE_FEW ? b->few : kmalloc_array(n, sizeof(*b->pieces), MM_KERNEL);
	if (b->pieces)
		return 0;
	page_free_order(b->page, order);
	return -ENOMEM;
}

void bounce_fini(struct bounce *b)
{
	if (b->pieces != b->few)
		kfree(b->pieces);
	page_free_order(b->page, b->order);
}

int bounce_transfer(struct bounce *b, size_t offset, struct blkdev *dev, enum blk_op op, lba_t lba,
		    size_t n, bool fua)
{
	struct blk_request req = {
		.dev = dev,
		.op = op,
		.fua = fua,
		.lba = lba,
		.n_sectors = (u32)(n >> 9),
		.pieces = b->pieces,
	};

	/* Pieces end where they would if it were all of the buffer: so they are never more. */
	for (size_t at = offset, end; at < offset + n; at = end) {
		end = min((at / b->piece + 1) * b->piece, offset + n);
		b->pieces[req.n_pieces++] = (struct dma_piece){
			b->page + (at >> PAGE_SHIFT), (u32)(at & ~PAGE_MASK), (u32)(end - at) };
	}
	return blk_submit_wait(&req);
}

int direct_check(const struct blkdev *dev, const struct iov_iter *it, loff_t pos)
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

int direct_cache_out(struct pagecache *cache, loff_t from, loff_t to, bool drop)
{
	pgoff_t first = (pgoff_t)from >> PAGE_SHIFT, last = (pgoff_t)(to - 1) >> PAGE_SHIFT;
	int err = pagecache_write_range(cache, first, last, true);

	/* What could not be written, for want of memory, say, is nowhere else. */
	if (drop && !err)
		pagecache_drop_range(cache, first, last);
	return err;
}

bool direct_cache_is_busy(struct pagecache *cache, loff_t from, loff_t to)
{
	pgoff_t last = (pgoff_t)(to - 1) >> PAGE_SHIFT;
	bool busy = false;

	if (!READ_ONCE(cache->n_pages))
		return false;
	for (pgoff_t i = (pgoff_t)from >> PAGE_SHIFT; i <= last && !busy; i++) {
		struct page *page = pagecache_find(cache, i);

		if (!page)
			continue;
		busy = READ_ONCE(page->flags) & (PG_LOCKED | PG_DIRTY | PG_WRITEBACK);
		page_put(page);
	}
	return busy;
}
