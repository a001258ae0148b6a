/*
 * What stands behind the page cache of a block device: page i is the bytes from i * 4096 of the
 * device.
 *
 * File systems keep their metadata in these pages in blocks smaller than a page, while file data
 * that may lie in the same 4096 bytes of the disk goes another way (the file's own cache). So a
 * page must never write more than what was changed in it: page->private has a *mark* (bits 0 … 7)
 * for each 512-byte sector that is newer than the disk. Marks are set before page_dirty(), taken by
 * the writer, removed when a block is freed, and put back when its write failed. Bits 8 … 15 *pin*
 * sectors: a journal has not made their change stable, so the writer leaves their marks, and who
 * removes the pins makes the page dirty again. The upper half of page->private counts the
 * transfers of a page under write-back, since its marked sectors may be several runs; bit 16
 * remembers that one of them failed. All this begins as zero while the page is not yet up to date.
 *
 * The last page may lie partly beyond the device's end: that part is zero and is never written.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define SECTORS_PER_PAGE ((u32)(PAGE_SIZE >> 9))
#define MARKS 0xffull
#define PIN_SHIFT 8
#define WRITE_ERROR BIT(16)
#define ONE_TRANSFER BIT(32)

static struct blkdev *cache_dev(struct pagecache *cache)
{
	return container_of(cache, struct blkdev, cache);
}

/* Bits for the sectors that hold bytes [from, to), whole logical sectors of the device. */
static u64 marks_of(const struct page *page, unsigned from, unsigned to)
{
	u32 sector = cache_dev(page->cache)->disk->sector_size;
	unsigned first = align_down(from, sector) >> 9, end = align_up(to, sector) >> 9;

	return BIT(end) - BIT(first);
}

void blkdev_page_init(struct page *page)
{
	if (!page_test(page, PG_UPTODATE))
		page->private = 0;
}

void blkdev_page_mark(struct page *page, unsigned from, unsigned to)
{
	u64 marks = marks_of(page, from, to);

	/* The change comes before the marks are read; who takes them reads the bytes afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (~READ_ONCE(page->private) & marks)
		__atomic_fetch_or(&page->private, marks, __ATOMIC_ACQ_REL);
}

void blkdev_page_unmark(struct page *page, unsigned from, unsigned to)
{
	__atomic_fetch_and(&page->private, ~marks_of(page, from, to), __ATOMIC_ACQ_REL);
}

void blkdev_page_pin(struct page *page, unsigned from, unsigned to)
{
	u64 pins = marks_of(page, from, to) << PIN_SHIFT;

	if (~READ_ONCE(page->private) & pins)
		__atomic_fetch_or(&page->private, pins, __ATOMIC_ACQ_REL);
}

bool blkdev_page_unpin(struct page *page, unsigned from, unsigned to)
{
	u64 marks = marks_of(page, from, to);

	return __atomic_fetch_and(&page->private, ~(marks << PIN_SHIFT), __ATOMIC_ACQ_REL) & marks;
}

bool blkdev_page_is_clean(const struct page *page, unsigned from, unsigned to)
{
	u64 state = __atomic_load_n(&page->private, __ATOMIC_ACQUIRE);

	return !(state & marks_of(page, from, to)) && state < ONE_TRANSFER;
}

/* Takes the marks that are not pinned. */
static u64 page_take_marks(struct page *page)
{
	u64 state = READ_ONCE(page->private), marks;

	do
		marks = state & ~(state >> PIN_SHIFT) & MARKS;
	while (!__atomic_compare_exchange_n(&page->private, &state, state & ~marks, true,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return marks;
}

/* How many bytes of the page lie on the device. */
static u32 page_bytes(const struct blkdev *d, const struct page *page)
{
	u64 end = d->n_sectors << 9, start = page->index << PAGE_SHIFT;

	return start >= end ? 0 : (u32)min(end - start, (u64)PAGE_SIZE);
}

static void read_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++)
		page_read_done(req->pieces[i].page, req->error);
	blk_request_free(req);
}

static struct blk_request *transfer_create(struct blkdev *d, enum blk_op op, lba_t lba,
					   void (*done)(struct blk_request *req), unsigned n_pieces)
{
	struct blk_request *req = blk_request_alloc(n_pieces);

	req->dev = d;
	req->op = op;
	req->lba = lba;
	req->done = done;
	return req;
}

static void transfer_add(struct blk_request *req, struct page *page, u32 offset, u32 length)
{
	req->pieces[req->n_pieces++] = (struct dma_piece){ page, offset, length };
	req->n_sectors += length >> 9;
}

static void blkdev_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct blkdev *d = cache_dev(cache);

	while (n) {
		unsigned count = min(n, (unsigned)BLK_RESERVE_PIECES);
		lba_t lba = pages[0]->index * SECTORS_PER_PAGE;
		struct blk_request *req = transfer_create(d, BLK_READ, lba, read_done, count);

		for (unsigned i = 0; i < count; i++) {
			u32 bytes = page_bytes(d, pages[i]);

			blkdev_page_init(pages[i]);
			if (bytes < PAGE_SIZE)
				memset((char *)page_to_virt(pages[i]) + bytes, 0,
				       PAGE_SIZE - bytes);
			if (bytes)
				transfer_add(req, pages[i], 0, bytes);
			else
				page_read_done(pages[i], 0);
		}
		if (req->n_pieces)
			blk_submit(req);
		else
			blk_request_free(req);
		pages += count;
		n -= count;
	}
}

/* A transfer of the page ended (or its writer is through with it): the last one ends the
 * write-back. */
static void page_transfer_end(struct page *page, int error)
{
	u64 left;

	if (error)
		__atomic_fetch_or(&page->private, WRITE_ERROR, __ATOMIC_RELAXED);
	left = __atomic_sub_fetch(&page->private, ONE_TRANSFER, __ATOMIC_ACQ_REL);
	if (left >= ONE_TRANSFER)
		return;
	if (left & WRITE_ERROR)
		__atomic_fetch_and(&page->private, ~WRITE_ERROR, __ATOMIC_RELAXED);
	page_write_done(page, left & WRITE_ERROR ? -EIO : 0);
}

static void write_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++) {
		const struct dma_piece *p = &req->pieces[i];

		if (unlikely(req->error))
			blkdev_page_mark(p->page, p->offset, p->offset + p->length);
		page_transfer_end(p->page, req->error);
	}
	blk_request_free(req);
}

/* Adds the marked runs of a page to the transfer under construction, which is sent off where the
 * disk's addresses break. */
static struct blk_request *write_runs(struct blkdev *d, struct blk_request *req, struct page *page,
				      u64 marks)
{
	lba_t base = page->index * SECTORS_PER_PAGE;
	unsigned limit = page_bytes(d, page) >> 9;

	marks &= BIT(limit) - 1;
	while (marks) {
		unsigned first = ctz64(marks), n = ctz64(~(marks >> first));

		if (req && (req->lba + req->n_sectors != base + first ||
			    req->n_pieces == BLK_RESERVE_PIECES)) {
			blk_submit(req);
			req = NULL;
		}
		if (!req)
			req = transfer_create(d, BLK_WRITE, base + first, write_done,
					      BLK_RESERVE_PIECES);
		__atomic_fetch_add(&page->private, ONE_TRANSFER, __ATOMIC_RELAXED);
		transfer_add(req, page, first << 9, n << 9);
		marks &= ~((BIT(n) - 1) << first);
	}
	return req;
}

static void blkdev_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct blkdev *d = cache_dev(cache);
	struct blk_request *req = NULL;

	blk_plug();
	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];
		u64 marks;

		/* One of the writer's own, until all is sent; before the marks go, lest the page
		 * look clean. */
		__atomic_fetch_add(&page->private, ONE_TRANSFER, __ATOMIC_RELAXED);
		marks = page_take_marks(page);
		page_unlock(page);
		req = write_runs(d, req, page, marks);
	}
	if (req)
		blk_submit(req);
	blk_unplug();
	for (unsigned i = 0; i < n; i++)
		page_transfer_end(pages[i], 0);
}

static int blkdev_prepare_write(struct pagecache *cache, struct page *page, unsigned from,
				unsigned to)
{
	blkdev_page_init(page);
	blkdev_page_mark(page, from, to);
	return 0;
}

static u64 blkdev_size(struct pagecache *cache)
{
	return cache_dev(cache)->n_sectors << 9;
}

static void blkdev_hold(struct pagecache *cache)
{
	blkdev_get(cache_dev(cache));
}

static void blkdev_unhold(struct pagecache *cache)
{
	blkdev_put(cache_dev(cache));
}

static bool blkdev_try_hold(struct pagecache *cache)
{
	return ref_try_get(&cache_dev(cache)->refs);
}

static const struct pagecache_ops blkdev_cache_ops = {
	.read = blkdev_read,
	.write = blkdev_write,
	.prepare_write = blkdev_prepare_write,
};

void blkdev_cache_init(struct blkdev *d)
{
	pagecache_init(&d->cache, &blkdev_cache_ops, d);
	/* Metadata is read with a file system's locks held, and below a file's own cache. */
	rwsem_init(&d->cache.invalidate, RANK_SLEEP_LAST, "bdev-invalidate");
	d->cache.size = blkdev_size;
	d->cache.ahead = &d->disk->ahead;
	d->cache.hold = blkdev_hold;
	d->cache.unhold = blkdev_unhold;
	d->cache.try_hold = blkdev_try_hold;
}
