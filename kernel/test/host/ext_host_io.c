/*
 * test/host/ext_host_io.c - block device and page cache for fs/ext on the host.
 *
 * Data requests are only queued when submitted; they run, in a random order, when somebody waits
 * for a page, so that whatever relies on an order or on being done at once fails.
 */
#include "test/host/ext_host_int.h"

#include "dev/blk_int.h"

#define QUEUE_MAX 256u

struct host_dev {
	struct blkdev dev;
	struct disk disk;
	int fd;
};

unsigned host_requests, host_lost_writes;
bool host_disk_read_only;
static struct blk_request *queue[QUEUE_MAX];
static unsigned n_queued;
static unsigned fail_io;
static bool fail_io_for_good;

void host_fail_io(unsigned nth, bool for_good)
{
	fail_io = nth;
	fail_io_for_good = for_good;
}

static struct host_dev *host_of(struct blkdev *dev)
{
	return container_of(dev, struct host_dev, dev);
}

/* Requests */
struct blk_request *blk_request_alloc(unsigned n_pieces)
{
	struct blk_request *req = calloc(1, sizeof(*req) + n_pieces * sizeof(struct dma_piece));

	if (n_pieces > BLK_RESERVE_PIECES)
		abort();
	req->pieces = (void *)(req + 1);
	req->n_done = n_pieces;
	return req;
}

void blk_request_free(struct blk_request *req)
{
	free(req);
}

static bool dev_write(struct host_dev *h, const void *data, u32 n, u64 at, bool fua)
{
	if (!os_pwrite(h->fd, data, n, at))
		return false;
	host_record_write(at, data, n, fua);
	return true;
}

static void request_run(struct blk_request *req)
{
	struct host_dev *h = host_of(req->dev);
	u64 at = req->lba << 9;

	req->error = host_fail(&fail_io, fail_io_for_good) ? -EIO : 0;
	host_lost_writes += req->error && req->op == BLK_WRITE;
	if (req->preflush && !req->error)
		host_record_flush();
	if (req->lba + req->n_sectors > req->dev->n_sectors)
		req->error = -ENXIO;
	for (unsigned i = 0; i < req->n_pieces && !req->error; i++) {
		const struct dma_piece *p = &req->pieces[i];
		u8 *data = (u8 *)page_to_virt(p->page) + p->offset;
		bool ok = req->op == BLK_READ ? os_pread(h->fd, data, p->length, at) :
			dev_write(h, data, p->length, at, req->fua);

		if (p->offset + p->length > PAGE_SIZE || p->length & 511)
			abort();
		if (!ok)
			req->error = -EIO;
		at += p->length;
	}
	if (!req->error && at != (req->lba + req->n_sectors) << 9)
		abort();
	req->done(req);
}

void host_io_finish(void)
{
	while (n_queued) {
		unsigned i = (unsigned)unit_below(n_queued);
		struct blk_request *req = queue[i];

		queue[i] = queue[--n_queued];
		request_run(req);
	}
}

static void wait_done(struct blk_request *req)
{
}

void blk_submit(struct blk_request *req)
{
	if (req->n_pieces == 0 || req->n_pieces > BLK_RESERVE_PIECES)
		abort();
	host_requests++;
	if (n_queued == QUEUE_MAX)
		host_io_finish();
	queue[n_queued++] = req;
}

void blk_plug(void) { }
void blk_unplug(void) { }

int blk_submit_wait(struct blk_request *req)
{
	if (req->n_pieces == 0 || req->n_pieces > BLK_RESERVE_PIECES)
		abort();
	req->done = wait_done;
	request_run(req);
	return req->error;
}

int blk_discard(struct blkdev *dev, lba_t lba, u64 n_sectors)
{
	return lba + n_sectors <= dev->n_sectors ? 0 : -ENXIO;
}

int blk_flush(struct blkdev *dev)
{
	if (host_fail(&fail_io, fail_io_for_good)) {
		host_lost_writes++;
		return -EIO;
	}
	host_record_flush();
	return 0;
}

bool host_io_failed(void)
{
	return fail_io == 0 || fail_io_for_good;
}

/* Page cache */
struct page *pagecache_find(struct pagecache *cache, pgoff_t index)
{
	struct page *page = radix_lookup(&cache->pages, index);

	if (page)
		page_get(page);
	return page;
}

bool pagecache_cached(struct pagecache *cache, pgoff_t index)
{
	struct page *page = radix_lookup(&cache->pages, index);

	return page && page_test(page, PG_UPTODATE);
}

/* A locked page, with a reference for the caller. */
static struct page *cache_add(struct pagecache *cache, pgoff_t index)
{
	struct page *page = page_alloc(MM_KERNEL);

	if (!page)
		return NULL;
	page->flags = PG_LOCKED;
	page->cache = cache;
	page->index = index;
	if (radix_insert(&cache->pages, index, page, NULL))
		abort();
	cache->n_pages++;
	page_get(page);
	return page;
}

void page_lock(struct page *page)
{
	if (page_test(page, PG_LOCKED))
		host_io_finish();
	if (page_test_set(page, PG_LOCKED)) {
		fprintf(stderr, "page locked twice\n");
		abort();
	}
}

int pagecache_get_locked(struct pagecache *cache, pgoff_t index, bool whole, struct page **out)
{
	struct page *page = pagecache_find(cache, index);

	if (page) {
		page_lock(page);
	} else {
		page = cache_add(cache, index);
		if (!page)
			return -ENOMEM;
	}
	if (!whole && !page_test(page, PG_UPTODATE)) {
		cache->ops->read(cache, &page, 1);
		page_lock(page);
		if (!page_test(page, PG_UPTODATE)) {
			page_unlock(page);
			page_put(page);
			return -EIO;
		}
	}
	*out = page;
	return 0;
}

/* Reads the missing pages of a range, a few at a time. */
void pagecache_readahead(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	struct page *batch[64];
	unsigned n = 0;

	for (pgoff_t i = first; i <= last; i++) {
		struct page *page = radix_lookup(&cache->pages, i) ? NULL : cache_add(cache, i);

		if (page) {
			page_put(page);
			batch[n++] = page;
		}
		if (n && (!page || n == 64 || i == last)) {
			cache->ops->read(cache, batch, n);
			n = 0;
		}
	}
}

int pagecache_get(struct pagecache *cache, pgoff_t index, pgoff_t last, struct page **out)
{
	struct page *page;

	if (!radix_lookup(&cache->pages, index) && last > index)
		pagecache_readahead(cache, index, last);
	int err = pagecache_get_locked(cache, index, false, &page);

	if (!err) {
		page_unlock(page);
		*out = page;
	}
	return err;
}

unsigned pagecache_next_dirty(struct pagecache *cache, pgoff_t *first, pgoff_t last,
			      struct page **pages, unsigned max)
{
	struct page *page;
	unsigned n = 0;

	while (n < max && (page = host_cache_next(cache, *first)) && page->index <= last) {
		*first = page->index + 1;
		if (!page_test(page, PG_DIRTY))
			continue;
		page_get(page);
		pages[n++] = page;
	}
	return n;
}

void pagecache_write_untold(struct pagecache *cache)
{
	(void)pagecache_write_placed(cache, 0, ~0ull, false);
	host_io_finish();
}

int pagecache_write_range(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	int err = cache->ops->place ? cache->ops->place(cache, first, last, ~0ull, false) : 0;

	if (err)
		pagecache_note_error(cache, err);
	return pagecache_write_placed(cache, first, last, wait);
}

int pagecache_write_placed(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	struct page *batch[64], *page;
	pgoff_t end = cache->size ? (cache->size(cache) + PAGE_SIZE - 1) >> PAGE_SHIFT : ~0ull;
	unsigned n = 0;
	int err;

	if (!cache->ops->write)
		return 0;
	host_io_finish();
	while ((page = host_cache_next(cache, first)) || n) {
		if (page && page->index > last)
			page = NULL;
		if (n && (!page || n == 64 || batch[n - 1]->index + 1 != page->index ||
			  !page_test(page, PG_DIRTY) || page->index >= end)) {
			cache->ops->write(cache, batch, n);
			n = 0;
			continue;
		}
		if (!page)
			break;
		first = page->index + 1;
		if (!page_test(page, PG_DIRTY) || page->index >= end)
			continue;
		page_lock(page);
		page_reset(page, PG_DIRTY);
		page_set(page, PG_WRITEBACK);
		cache->n_dirty--;
		batch[n++] = page;
	}
	if (!wait)
		return 0;
	host_io_finish();
	err = cache->error;
	cache->error = 0;
	return err;
}

void pagecache_truncate(struct pagecache *cache, u64 size)
{
	pgoff_t first = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct page *page;

	if (cache->invalidate.state == 0)
		abort();
	host_io_finish();
	if (size & ~PAGE_MASK && (page = pagecache_find(cache, size >> PAGE_SHIFT))) {
		page_lock(page);
		if (page_test(page, PG_UPTODATE)) {
			memset((u8 *)page_to_virt(page) + (size & ~PAGE_MASK), 0,
			       PAGE_SIZE - (size & ~PAGE_MASK));
			page_dirty(page);
		}
		page_unlock(page);
		page_put(page);
	}
	while ((page = host_cache_next(cache, first)))
		host_cache_remove(cache, page);
}

void pagecache_drop_range(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	struct page *page;

	if (cache->invalidate.state == 0)
		abort();
	host_io_finish();
	while ((page = host_cache_next(cache, first)) && page->index <= last)
		host_cache_remove(cache, page);
}

void pagecache_wait_unlocked(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	/* Nobody else has locked one. */
}

void page_wait_writeback(struct page *page)
{
	host_io_finish();
}

u64 pagecache_shrink(struct pagecache *cache)
{
	pgoff_t at = 0;
	struct page *page;

	host_io_finish();
	while ((page = host_cache_next(cache, at))) {
		at = page->index + 1;
		if (page->refs == 1 && !(page->flags & (PG_DIRTY | PG_LOCKED)))
			host_cache_remove(cache, page);
	}
	return 0;
}

/* Devices */
bool host_io_fails(void)
{
	return host_fail(&fail_io, fail_io_for_good);
}

bool host_dev_read(struct blkdev *dev, void *data, u32 n, u64 at)
{
	return os_pread(host_of(dev)->fd, data, n, at);
}

bool host_dev_write(struct blkdev *dev, const void *data, u32 n, u64 at)
{
	return dev_write(host_of(dev), data, n, at, false);
}

struct blkdev *host_dev_open(const char *path, bool read_only)
{
	struct host_dev *h = calloc(1, sizeof(*h));

	read_only |= host_disk_read_only;
	h->fd = os_open(path, read_only);
	if (h->fd < 0)
		abort();
	strlcpy(h->dev.name, "host1", sizeof(h->dev.name));
	h->dev.n_sectors = os_size(h->fd) >> 9;
	h->dev.disk = &h->disk;
	h->disk.whole = &h->dev;
	h->disk.read_only = read_only;
	h->disk.sector_size = 512;
	blkdev_cache_init(&h->dev);
	return &h->dev;
}

void host_dev_close(struct blkdev *dev)
{
	struct host_dev *h = host_of(dev);

	pagecache_fini(&dev->cache);
	os_close(h->fd);
	free(h);
}
