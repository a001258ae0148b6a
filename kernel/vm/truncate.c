/*
 * Taking pages out of a cache: truncation, hole punching, the end of a file's life, and the
 * dropping of clean pages.
 *
 * The caller of truncation has set the new size and holds cache->invalidate for writing: no fault
 * maps a page of the cache and no reader adds one meanwhile, so that unmapping first and removing
 * after leaves nothing behind.
 */
#include "vm/vm_int.h"

#include "core/panic.h"
#include "lib/string.h"

#define REMOVE_BATCH 32

/* Referenced pages first … last of the cache, at most REMOVE_BATCH. */
static unsigned gather(struct pagecache *cache, pgoff_t first, pgoff_t last, struct page **pages)
{
	u64 index[REMOVE_BATCH];
	unsigned n, found;
	u64 irq = spin_lock_irq(&cache->lock);

	found = radix_gang_lookup(&cache->pages, first, (void **)pages, index, REMOVE_BATCH);
	for (n = 0; n < found && index[n] <= last; n++)
		page_get(pages[n]);
	spin_unlock_irq(&cache->lock, irq);
	return n;
}

static void remove_range(struct pagecache *cache, pgoff_t first, pgoff_t last, bool cows)
{
	struct page *pages[REMOVE_BATCH];
	const pgoff_t start = first;
	unsigned n;

	while ((n = gather(cache, first, last, pages))) {
		first = pages[n - 1]->index + 1;
		for (unsigned i = 0; i < n; i++) {
			struct page *page = pages[i];

			page_lock(page);
			if (page->cache == cache) {
				page_wait_writeback(page);
				if (unlikely(page_mapped(page)))
					rmap_unmap(cache, page->index, page->index, cows);
				cache_remove(cache, page);
			}
			page_unlock(page);
			page_put(page);
		}
		if (first == 0 || first > last)
			break;
		sched_point();
	}
	/* After the pages: some may have gone to swap meanwhile, and none comes back. */
	cache_drop_swapped(cache, start, last);
}

/*
 * The page at index, locked, referenced and up to date, read if there may be something to read;
 * NULL if it cannot be had. Holds invalidate.
 */
static struct page *straddling_page(struct pagecache *cache, pgoff_t index)
{
	struct page *page = pagecache_find(cache, index);

	if (!page) {
		if (!cache->ops->read && !pagecache_exists(cache, index))
			return NULL;
		if (cache_add_new(cache, index, MM_WAIT | MM_NOFS, true, &page))
			return NULL;
		if (cache->ops->read)
			cache->ops->read(cache, &page, 1);
		else
			page_unlock(page);
	}
	page_lock(page);
	if (page->cache == cache && page_test(page, PG_UPTODATE))
		return page;
	page_unlock(page);
	page_put(page);
	return NULL;
}

/*
 * Zeroes the bytes of the last page that lie beyond the end. What is not zero there has a block on
 * the disk, so it may be dirtied as it is.
 */
static void zero_tail(struct pagecache *cache, u64 size)
{
	size_t offset = size & ~PAGE_MASK;
	struct page *page;
	char *tail;

	if (!offset)
		return;
	page = straddling_page(cache, size >> PAGE_SHIFT);
	if (!page)
		return;
	tail = (char *)page_to_virt(page) + offset;
	if (!mem_is_all(tail, 0, PAGE_SIZE - offset)) {
		memset(tail, 0, PAGE_SIZE - offset);
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
}

void pagecache_truncate(struct pagecache *cache, u64 size)
{
	pgoff_t first = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	zero_tail(cache, size);
	rmap_unmap(cache, first, MAX_PAGE_INDEX, true);
	if (READ_ONCE(cache->n_pages) || READ_ONCE(cache->n_swapped))
		remove_range(cache, first, ~0ull, true);
}

void pagecache_drop_range(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	rmap_unmap(cache, first, last, false);
	remove_range(cache, first, last, false);
}

void pagecache_fini(struct pagecache *cache)
{
	kassert(list_empty(&cache->areas));
	writeback_forget(cache);
	if (READ_ONCE(cache->n_pages) || READ_ONCE(cache->n_swapped))
		remove_range(cache, 0, ~0ull, true);
	cache_unlist_swapped(cache);
	radix_destroy(&cache->pages, NULL, NULL);
}

u64 pagecache_shrink(struct pagecache *cache)
{
	struct page *pages[REMOVE_BATCH];
	pgoff_t first = 0;
	u64 freed = 0;
	unsigned n;

	if (cache->flags & PAGECACHE_NO_RECLAIM)
		return 0;
	while ((n = gather(cache, first, ~0ull, pages))) {
		first = pages[n - 1]->index + 1;
		for (unsigned i = 0; i < n; i++) {
			struct page *page = pages[i];

			if (page_try_lock(page)) {
				if (page->cache == cache && !page_mapped(page) &&
				    cache_evict(cache, page)) {
					freed++;
					continue;
				}
				page_unlock(page);
			}
			page_put(page);
		}
		if (!first)
			break;
		sched_point();
	}
	return freed;
}
