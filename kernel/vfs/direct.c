/*
 * O_DIRECT: memory between a caller and a disk, and what the page cache has to do with it. The disk
 * reads and writes the caller's own pages where these can be held on to (vm/pin.c), else memory of
 * the kernel's, up to 1 MiB at a time, which is copied from and to the caller. Before:
 * blkfile_direct.c, direct_file.c.
 */
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/direct_int.h"

int direct_init(struct direct *d, const struct disk *disk, size_t n, bool into)
{
	size_t room = DIV_ROUND_UP(min(n, (size_t)DIRECT_MAX), (size_t)PAGE_SIZE) + 1;
	u32 piece = min(DIRECT_PIECE, disk->max_segment_bytes);

	d->room = n;
	d->page = NULL;
	d->pins = (struct iov_pins){
		.pieces = d->few,
		.max = DIRECT_FEW,
		.piece_max = min(disk->max_sectors, piece >> 9) << 9 & (u32)PAGE_MASK,
		.write = into,
	};
	if (room <= DIRECT_FEW)
		return 0;
	d->pins.max = (unsigned)min(room, (size_t)DIRECT_PIECES);
	d->pins.pieces = kmalloc_array(d->pins.max, sizeof(struct dma_piece), MM_KERNEL);
	return d->pins.pieces ? 0 : -ENOMEM;
}

void direct_fini(struct direct *d)
{
	if (d->pins.pieces != d->few)
		kfree(d->pins.pieces);
	if (d->page)
		page_free_order(d->page, d->order);
}

/* Memory of the kernel's: in one stretch, as long as may be. */
static int own_alloc(struct direct *d)
{
	unsigned order = 0;

	while (order < DIRECT_ORDER && (size_t)PAGE_SIZE << order < d->room)
		order++;
	do {
		d->page = page_alloc_order(order, order ? MM_KERNEL | MM_NORETRY : MM_KERNEL);
	} while (!d->page && order--);
	d->order = order;
	return d->page ? 0 : -ENOMEM;
}

ssize_t direct_own(struct direct *d, size_t n)
{
	struct iov_pins *p = &d->pins;

	if (!d->page && own_alloc(d))
		return -ENOMEM;
	n = min(n, (size_t)PAGE_SIZE << d->order);
	d->own = true;
	p->n = 0;
	for (size_t at = 0; at < n; at += p->piece_max)
		p->pieces[p->n++] = (struct dma_piece){ d->page + (at >> PAGE_SHIFT), 0,
							(u32)min(n - at, (size_t)p->piece_max) };
	return (ssize_t)n;
}

ssize_t direct_begin(struct direct *d, struct iov_iter *it, size_t n)
{
	size_t pinned = iov_pin(it, min(n, (size_t)DIRECT_MAX), &d->pins);
	ssize_t own;

	if (pinned) {
		d->own = false;
		if (!d->pins.write)
			iov_advance(it, pinned);
		return (ssize_t)pinned;
	}
	own = direct_own(d, n);
	if (own < 0 || d->pins.write)
		return own;
	return iov_copy_from(it, page_to_virt(d->page), (size_t)own) == (size_t)own ? own : -EFAULT;
}

void direct_end(struct direct *d)
{
	if (!d->own)
		iov_unpin(&d->pins);
}

void *direct_span(const struct direct *d, size_t offset, size_t *n)
{
	const struct dma_piece *piece = d->pins.pieces;

	while (offset >= piece->length)
		offset -= piece++->length;
	*n = min(*n, piece->length - offset);
	return (u8 *)page_to_virt(piece->page) + piece->offset + offset;
}

int direct_transfer(struct direct *d, size_t offset, struct blkdev *dev, enum blk_op op, lba_t lba,
		    size_t n, bool fua)
{
	struct dma_piece *first = d->pins.pieces, *last, first_was, last_was;
	struct blk_request req = {
		.dev = dev,
		.op = op,
		.fua = fua,
		.lba = lba,
		.n_sectors = (u32)(n >> 9),
	};
	size_t end = offset + n;
	int err;

	while (offset >= first->length) {
		offset -= first->length;
		end -= first++->length;
	}
	for (last = first; end > last->length; last++)
		end -= last->length;
	/* The two at the borders are cut for the time of the request. */
	first_was = *first;
	last_was = *last;
	last->length = (u32)end;
	first->offset += (u32)offset;
	first->length -= (u32)offset;
	req.pieces = first;
	req.n_pieces = (unsigned)(last - first) + 1;
	err = blk_submit_wait(&req);
	*last = last_was;
	*first = first_was;
	return err;
}

int direct_fetch(struct direct *d, struct iov_iter *to, struct blkdev *dev, lba_t lba, size_t n,
		 loff_t *at)
{
	u32 sector = dev->disk->sector_size;
	/* What lies behind the end of a file is not for the caller. */
	ssize_t got = n >= sector ? direct_begin(d, to, align_down(n, (size_t)sector)) :
				    direct_own(d, sector);
	size_t copied;
	int err;

	if (got < 0)
		return (int)got;
	err = direct_transfer(d, 0, dev, BLK_READ, lba, (size_t)got, false);
	if (!err) {
		n = min(n, (size_t)got);
		copied = n;
		if (d->own)
			copied = iov_copy_to(to, page_to_virt(d->page), n);
		else
			iov_advance(to, n);
		*at += (loff_t)copied;
		err = copied < n ? -EFAULT : 0;
	}
	direct_end(d);
	return err;
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
