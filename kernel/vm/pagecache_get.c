/*
 * Getting a page of a file, reading it if need be. The reader's side of the page cache; the
 * writer's is pagecache_get_locked().
 *
 * A missing page is added locked and not up to date and handed to ops->read(), which unlocks it
 * when its contents are there. Whoever wants it meanwhile waits for the lock. A read that failed
 * leaves the page not up to date; the next one who wants it tries once more.
 *
 * Adding happens with cache->invalidate held for reading, until the read is under way: truncation,
 * which holds it for writing, then finds either no page or a locked one.
 */
#include "vm/vm_int.h"

#include "sched/wait.h"

#define GET_FLAGS (MM_WAIT | MM_USER | MM_MOVABLE)

/* Reads one locked page and waits: 0 and up to date (unlocked), -EIO, -ERESTARTSYS. */
static int read_single(struct pagecache *cache, struct page *page)
{
	int err;

	page_reset(page, PG_ERROR);
	cache->ops->read(cache, &page, 1);
	err = page_wait_unlocked_killable(page);
	if (err)
		return err;
	return page_test(page, PG_UPTODATE) ? 0 : -EIO;
}

/*
 * Waits for a page that somebody reads; a read that failed is done again if `retry`. 0; -EAGAIN if
 * the page left the cache; -EIO, -ERESTARTSYS.
 */
static int wait_uptodate(struct pagecache *cache, struct page *page, bool retry)
{
	int err = page_lock_killable(page);

	if (err)
		return err;
	if (page->cache != cache) {
		page_unlock(page);
		return -EAGAIN;
	}
	if (page_test(page, PG_UPTODATE)) {
		page_unlock(page);
		return 0;
	}
	if (!retry) {
		page_unlock(page);
		return -EIO;
	}
	return read_single(cache, page);
}

/* Adds the missing page: born valid, or with its read (and read-ahead) under way. */
static int fill_missing(struct pagecache *cache, pgoff_t index, pgoff_t last)
{
	int err = rwsem_read_killable(&cache->invalidate);

	if (err)
		return err;
	if (cache->ops->read)
		err = readahead_miss(cache, index, last);
	else
		err = cache_add_new(cache, index, GET_FLAGS, false, NULL);
	rwsem_read_end(&cache->invalidate);
	return err == -ABI_EEXIST ? 0 : err;
}

int pagecache_get(struct pagecache *cache, pgoff_t index, pgoff_t last, struct page **out)
{
	bool asked = false;

	for (;;) {
		struct page *page = pagecache_find(cache, index);
		int err;

		if (likely(page)) {
			u32 flags = load_acquire(&page->flags);

			if (unlikely(!(flags & PG_UPTODATE))) {
				err = wait_uptodate(cache, page, !asked);
				if (err) {
					page_put(page);
					if (err == -ABI_EAGAIN)
						continue;
					return err;
				}
			}
			if (unlikely(flags & PG_READAHEAD))
				readahead_marker(cache, page);
			page_touch(page);
			*out = page;
			return 0;
		}
		err = fill_missing(cache, index, last);
		if (err)
			return err;
		asked = true;
	}
}

int pagecache_get_locked(struct pagecache *cache, pgoff_t index, bool whole, struct page **out)
{
	struct page *page;
	int err;

	for (;;) {
		page = pagecache_find(cache, index);
		if (!page) {
			err = rwsem_read_killable(&cache->invalidate);
			if (err)
				return err;
			err = cache_add_new(cache, index, GET_FLAGS, true, &page);
			rwsem_read_end(&cache->invalidate);
			if (err == -ABI_EEXIST)
				continue;
			if (err)
				return err;
		} else {
			err = page_lock_killable(page);
			if (err)
				goto fail;
			if (unlikely(page->cache != cache)) {
				page_unlock(page);
				page_put(page);
				continue;
			}
		}
		page_touch(page);
		if (whole || page_test(page, PG_UPTODATE)) {
			*out = page;
			return 0;
		}
		/* Read it, then lock it again: it may be gone by then. */
		err = read_single(cache, page);
		if (err)
			goto fail;
		page_put(page);
	}
fail:
	page_put(page);
	return err;
}
