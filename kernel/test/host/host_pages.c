/*
 * test/host/host_pages.c - the page cache of the harnesses, as far as it is the same for one thread
 * (ext_host_io.c) and for many (jbd_host_cache.c, under the harness' one lock).
 */
#include "test/host/host.h"

static struct radix_node *node_alloc(void)
{
	return calloc(1, sizeof(struct radix_node));
}

static void node_free(struct radix_node *node)
{
	free(node);
}

static const struct radix_ops node_ops = { .alloc = node_alloc, .free = node_free };

void pagecache_init(struct pagecache *cache, const struct pagecache_ops *ops, void *owner)
{
	memset(cache, 0, sizeof(*cache));
	cache->ops = ops;
	cache->owner = owner;
	radix_init(&cache->pages, &node_ops);
	rwsem_init(&cache->invalidate, RANK_INVALIDATE, "invalidate");
}

void host_cache_remove(struct pagecache *cache, struct page *page)
{
	if (page->flags & PG_WRITEBACK)
		abort();
	if (page->flags & (PG_PRIVATE | PG_DELAYED) && cache->ops->release)
		cache->ops->release(cache, page);
	if (page->flags & PG_DIRTY)
		cache->n_dirty--;
	radix_delete(&cache->pages, page->index);
	cache->n_pages--;
	page->cache = NULL;
	page_put(page);
}

struct page *host_cache_next(struct pagecache *cache, pgoff_t first)
{
	void *page;

	return radix_gang_lookup(&cache->pages, first, &page, NULL, 1) ? page : NULL;
}

void pagecache_fini(struct pagecache *cache)
{
	struct page *page;

	host_io_finish();
	while ((page = host_cache_next(cache, 0))) {
		if (page->refs != 1)
			unit_fail(__FILE__, __LINE__, "page %llu has %u references",
				  (unsigned long long)page->index, page->refs);
		page->refs = 1;
		host_cache_remove(cache, page);
	}
}

void page_unlock(struct page *page)
{
	if (!page_test(page, PG_LOCKED))
		abort();
	page_reset(page, PG_LOCKED);
}

void page_read_done(struct page *page, int error)
{
	if (page_test(page, PG_UPTODATE))
		abort();
	page_set(page, error ? PG_ERROR : PG_UPTODATE);
	page_unlock(page);
}

void pagecache_note_error(struct pagecache *cache, int error)
{
	cache->error = cache->error ? cache->error : error;
	cache->n_errors++;
}

void page_write_done(struct page *page, int error)
{
	if (!page_test(page, PG_WRITEBACK))
		abort();
	if (error)
		pagecache_note_error(page->cache, error);
	page_reset(page, PG_WRITEBACK);
}

void page_dirty(struct page *page)
{
	if (!page_test(page, PG_UPTODATE))
		abort();
	if (!page_test_set(page, PG_DIRTY))
		__atomic_fetch_add(&page->cache->n_dirty, 1, __ATOMIC_RELAXED);
}
