/*
 * Read-ahead. There is no state per open file: the cache itself shows what was read. A miss whose
 * predecessor is cached (or page 0) counts as sequential and reads a window beyond what is wanted;
 * the page after the wanted ones is marked PG_READAHEAD. A reader that comes to a marked page
 * starts the next window, twice the distance it has ahead, behind the last page present, and marks
 * that window's first page: so reading goes on while the reader works. Windows grow to RA_MAX. A
 * miss without a predecessor reads just what is wanted.
 *
 * Locks: the caller (or readahead_marker itself) holds cache->invalidate for reading, so the file's
 * end stands still.
 */
#include "vm/vm_int.h"

#include "lib/bitops.h"
#include "sched/rcu.h"

#define RA_MIN ((u64)8)
#define RA_BATCH 64

/* Most pages ahead: 1 MiB, less when memory is small. */
u32 pagecache_ahead_default(void)
{
	static u32 max_pages;

	if (unlikely(!max_pages)) {
		struct mm_stats stats;

		mm_stats(&stats);
		max_pages = (u32)clamp(rounddown_pow2((stats.total >> 8) | 1), (u64)32, (u64)256);
	}
	return max_pages;
}

static u64 ra_max(const struct pagecache *cache)
{
	return cache->ahead ? READ_ONCE(*cache->ahead) : pagecache_ahead_default();
}

static bool present(struct pagecache *cache, pgoff_t index)
{
	bool there;

	rcu_read_lock();
	there = radix_lookup(&cache->pages, index) != NULL;
	rcu_read_unlock();
	return there;
}

/*
 * Adds the missing ones of n pages from `first` and starts reading them, in runs. Page `marker`
 * gets PG_READAHEAD. Only the first page may press for memory. 0 (also if fewer were read), or why
 * not even the first one: -EEXIST, -ENOMEM.
 */
static int read_range(struct pagecache *cache, pgoff_t first, u64 n, pgoff_t marker,
		      bool must_first)
{
	struct page *batch[RA_BATCH];
	unsigned in_batch = 0;
	int err = 0, first_err = 0;

	for (u64 i = 0; i < n; i++) {
		struct page *page;
		unsigned hard = i == 0 && must_first ? MM_USER : MM_NORETRY;

		if (i > 0 || !must_first)
			err = present(cache, first + i) ? -EEXIST : 0;
		if (!err)
			err = cache_add_new(cache, first + i, MM_WAIT | MM_MOVABLE | hard, true,
					    &page);
		if (!err) {
			if (first + i == marker)
				page_set(page, PG_READAHEAD);
			/* The lock keeps it in the cache until the read is done. */
			page_put(page);
			batch[in_batch++] = page;
		} else if (i == 0) {
			first_err = err;
		}
		if (in_batch && (err || in_batch == RA_BATCH)) {
			cache->ops->read(cache, batch, in_batch);
			in_batch = 0;
		}
		if (err == -ABI_ENOMEM)
			break;
		err = 0;
	}
	if (in_batch)
		cache->ops->read(cache, batch, in_batch);
	return first_err;
}

/* n cut so that first + n does not pass the end of the file. */
static u64 clip(struct pagecache *cache, pgoff_t first, u64 n)
{
	pgoff_t end = cache_end(cache);

	return first >= end ? 0 : min(n, end - first);
}

int readahead_miss(struct pagecache *cache, pgoff_t index, pgoff_t last)
{
	u64 limit = ra_max(cache);
	u64 want = last > index ? clamp(last - index + 1, (u64)1, max(limit, (u64)1)) : 1;
	u64 n = want;
	bool sequential = index == 0 || present(cache, index - 1);

	if (sequential)
		n = max(min(max(RA_MIN, 2 * want), limit), want);
	if (mm_free_frames() < mm_mark_low())
		n = min(n, want);
	n = max(clip(cache, index, n), (u64)1);
	return read_range(cache, index, n, sequential && n > want ? index + want : ~0ull, true);
}

void readahead_marker(struct pagecache *cache, struct page *page)
{
	u64 limit = ra_max(cache);
	pgoff_t index = page->index, hole;
	u64 n;

	if (!page_test_reset(page, PG_READAHEAD) || !cache->ops->read)
		return;
	if (mm_free_frames() < mm_mark_low() || !rwsem_try_read(&cache->invalidate))
		return;
	rcu_read_lock();
	hole = radix_next_hole(&cache->pages, index + 1, limit);
	rcu_read_unlock();
	if (hole - index <= limit) {
		n = clip(cache, hole, min(max(2 * (hole - index), 2 * RA_MIN), limit));
		if (n)
			(void)read_range(cache, hole, n, hole, false);
	}
	rwsem_read_end(&cache->invalidate);
}

void pagecache_readahead(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	if (!cache->ops->read || last < first || rwsem_read_killable(&cache->invalidate))
		return;
	u64 n = clip(cache, first, min(last - first, MAX_PAGE_INDEX - 1) + 1);

	/*
	 * No more than a good part of what is free: the rest would only push out what came first.
	 */
	n = min(n, mm_free_frames() / 2);
	if (n)
		(void)read_range(cache, first, n, ~0ull, false);
	rwsem_read_end(&cache->invalidate);
}
