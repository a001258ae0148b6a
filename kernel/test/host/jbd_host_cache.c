/*
 * test/host/jbd_host_cache.c - a page cache for the journal's harness: what vm does for dev/bcache
 * and its blocks. All under the harness' one lock, which is given up while a page is waited for.
 */
#include "test/host/jbd_host.h"

struct page *pagecache_find(struct pagecache *cache, pgoff_t index)
{
	struct page *page;

	os_lock();
	page = radix_lookup(&cache->pages, index);
	if (page)
		page_get(page);
	os_unlock();
	return page;
}

void page_lock(struct page *page)
{
	while (page_test_set(page, PG_LOCKED))
		if (!host_io_run())
			os_yield();
}

void page_wait_writeback(struct page *page)
{
	while (page_test(page, PG_WRITEBACK))
		if (!host_io_run())
			os_yield();
}

int pagecache_get_locked(struct pagecache *cache, pgoff_t index, bool whole, struct page **out)
{
	struct page *page;

	os_lock();
	page = radix_lookup(&cache->pages, index);
	if (!page) {
		page = page_alloc(MM_KERNEL);
		if (!page) {
			os_unlock();
			return -ENOMEM;
		}
		page->cache = cache;
		page->index = index;
		if (radix_insert(&cache->pages, index, page, NULL))
			abort();
		cache->n_pages++;
	}
	page_get(page);
	os_unlock();
	page_lock(page);
	if (!whole && !page_test(page, PG_UPTODATE)) {
		cache->ops->read(cache, &page, 1);
		page_lock(page);
	}
	*out = page;
	return 0;
}

int pagecache_get(struct pagecache *cache, pgoff_t index, pgoff_t last, struct page **out)
{
	int err = pagecache_get_locked(cache, index, false, out);

	if (!err)
		page_unlock(*out);
	return err;
}

/* Write-back as it may come at any time: a page here and there. */
static void write_page(struct pagecache *cache, struct page *page)
{
	page_lock(page);
	page_wait_writeback(page);
	if (page_test_reset(page, PG_DIRTY)) {
		page_set(page, PG_WRITEBACK);
		cache->ops->write(cache, &page, 1);
	} else {
		page_unlock(page);
	}
}

static void write_pages(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	struct page *page;

	for (int pass = 0; pass < (wait ? 2 : 1); pass++) {
		for (pgoff_t at = first; ; at++) {
			os_lock();
			page = host_cache_next(cache, at);
			if (page && page->index <= last)
				page_get(page);
			else
				page = NULL;
			os_unlock();
			if (!page)
				break;
			at = page->index;
			if (pass)
				page_wait_writeback(page);
			else
				write_page(cache, page);
			page_put(page);
		}
	}
}

int pagecache_write_range(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	int err = 0;

	write_pages(cache, first, last, wait);
	if (wait) {
		os_lock();
		err = cache->error;
		cache->error = 0;
		os_unlock();
	}
	return err;
}

void pagecache_write_untold(struct pagecache *cache)
{
	write_pages(cache, 0, ~0ull, true);
}

u64 pagecache_shrink(struct pagecache *cache)
{
	struct page *page;
	pgoff_t at = 0;

	os_lock();
	while ((page = host_cache_next(cache, at))) {
		at = page->index + 1;
		if (page->refs == 1 && !(page->flags & (PG_DIRTY | PG_LOCKED | PG_WRITEBACK)))
			host_cache_remove(cache, page);
	}
	os_unlock();
	return 0;
}

void pagecache_readahead(struct pagecache *cache, pgoff_t first, pgoff_t last) { }
