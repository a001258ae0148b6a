/*
 * Writing a range of a file's dirty pages. First the dirty pages of the range are tagged TOWRITE,
 * so that a writer who dirties pages as fast as they are written cannot keep us for ever; then the
 * tagged ones are taken in index order, and runs of neighbours go to ops->write() together.
 *
 * Pages that have no place on the disk yet are given one before (ops->place): for many at a time,
 * and while none is locked, since that may wait for a transaction of the file system.
 *
 * A page is written so: lock it; write-protect its entries in all spaces, so that the next store
 * faults and waits for the lock; take the dirty mark off and set WRITEBACK; hand it to the file
 * system, which unlocks it at once or later. Page locks are taken in index order, and never waited
 * for with a batch in hand.
 */
#include "vm/vm_int.h"

#include "lib/string.h"
#include "sched/rcu.h"
#include "sched/thread.h"

#define BATCH 64

struct batch {
	struct pagecache *cache;
	unsigned n;
	struct page *pages[BATCH]; /* consecutive, locked, dirty, referenced by us */
};

/*
 * Bytes of the last page beyond the end of the file go out as zeroes, whatever a mapping stored
 * there (mmap(2), NOTES); but what is being appended is there before the end moves.
 */
static void clear_beyond_end(struct pagecache *cache, struct page *page)
{
	u64 size = cache->size ? max(cache->size(cache), READ_ONCE(cache->write_end)) : 0;

	if (size >> PAGE_SHIFT == page->index && (size & ~PAGE_MASK))
		memset((char *)page_to_virt(page) + (size & ~PAGE_MASK), 0,
		       PAGE_SIZE - (size & ~PAGE_MASK));
}

/*
 * Moves the batch from dirty to under write. What is PG_DELAYED stays dirty all the time: whoever
 * places pages meanwhile has to find it, or fsync(2) would pass it by.
 */
static void batch_mark(struct batch *b)
{
	struct pagecache *cache = b->cache;
	unsigned cleaned = 0;
	u64 irq = spin_lock_irq(&cache->lock);

	for (unsigned i = 0; i < b->n; i++) {
		struct page *page = b->pages[i];

		if (likely(!page_test(page, PG_DELAYED))) {
			page_reset(page, PG_DIRTY);
			cleaned += radix_tag_test(&cache->pages, page->index, RADIX_DIRTY);
			radix_tag_clear(&cache->pages, page->index, RADIX_DIRTY);
		}
		radix_tag_clear(&cache->pages, page->index, RADIX_TOWRITE);
		radix_tag_set(&cache->pages, page->index, RADIX_WRITEBACK);
		page_set(page, PG_WRITEBACK);
	}
	spin_unlock_irq(&cache->lock, irq);
	__atomic_fetch_sub(&cache->n_dirty, cleaned, __ATOMIC_RELEASE);
	if (unlikely(!cache_is_filed(cache))) {
		vm_count(VM_SWAPPED_OUT, b->n);
		return;
	}
	__atomic_fetch_add(&wb_writing, b->n, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&wb_dirty, cleaned, __ATOMIC_RELAXED);
}

static void batch_submit(struct batch *b)
{
	struct pagecache *cache = b->cache;

	if (!b->n)
		return;
	rmap_clean(cache, b->pages[0]->index, b->pages[b->n - 1]->index);
	batch_mark(b);
	clear_beyond_end(cache, b->pages[b->n - 1]);
	cache->ops->write(cache, b->pages, b->n);
	for (unsigned i = 0; i < b->n; i++)
		page_put(b->pages[i]);
	b->n = 0;
}

static void drop_towrite(struct pagecache *cache, struct page *page)
{
	u64 irq = spin_lock_irq(&cache->lock);

	if (page->cache == cache)
		radix_tag_clear(&cache->pages, page->index, RADIX_TOWRITE);
	spin_unlock_irq(&cache->lock, irq);
}

/*
 * Locks the page and puts it into the batch if it still is to be written; takes over the reference.
 */
static void batch_add(struct batch *b, struct page *page, bool wait)
{
	struct pagecache *cache = b->cache;

	if (b->n && (b->n == BATCH || b->pages[b->n - 1]->index + 1 != page->index))
		batch_submit(b);
	if (!page_try_lock(page)) {
		batch_submit(b);
		page_lock(page);
	}
	if (unlikely(page_test(page, PG_WRITEBACK)) && wait) {
		batch_submit(b);
		page_wait_writeback(page);
	}
	if (page->cache == cache && (page->flags & (PG_DIRTY | PG_WRITEBACK)) == PG_DIRTY &&
	    page->index < cache_end(cache)) {
		b->pages[b->n++] = page;
		return;
	}
	drop_towrite(cache, page);
	page_unlock(page);
	page_put(page);
}

/* Tags at most `max` dirty pages of the range: how many. */
static u64 tag_range(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max)
{
	u64 tagged = 0;

	do {
		u64 irq = spin_lock_irq(&cache->lock);

		tagged += radix_tag_range(&cache->pages, &first, last, min(max - tagged, (u64)1024),
					  RADIX_DIRTY, RADIX_TOWRITE);
		spin_unlock_irq(&cache->lock, irq);
	} while (first && first <= last && tagged < max);
	return tagged;
}

/* The next pages of the range with the tag, referenced: how many; *first moves past them. */
static unsigned next_tagged(struct pagecache *cache, enum radix_tag tag, pgoff_t *first,
			    pgoff_t last, struct page **pages, unsigned max)
{
	u64 index[16];
	unsigned n, found;
	u64 irq = spin_lock_irq(&cache->lock);

	found = radix_gang_lookup_tag(&cache->pages, tag, *first, (void **)pages, index,
				      min(max, (unsigned)ARRAY_SIZE(index)));
	for (n = 0; n < found && index[n] <= last; n++)
		page_get(pages[n]);
	spin_unlock_irq(&cache->lock, irq);
	if (n)
		*first = index[n - 1] + 1;
	return n;
}

static u64 write_tagged(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool wait)
{
	struct batch b = { .cache = cache };
	struct page *pages[16];
	u64 tagged = tag_range(cache, first, last, max);
	unsigned n;

	if (!tagged && !radix_tagged(&cache->pages, RADIX_TOWRITE))
		return 0;
	while ((n = next_tagged(cache, RADIX_TOWRITE, &first, last, pages, ARRAY_SIZE(pages)))) {
		for (unsigned i = 0; i < n; i++)
			batch_add(&b, pages[i], wait);
		if (!first)
			break;
	}
	batch_submit(&b);
	return tagged;
}

static void wait_written(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	struct page *pages[16];
	unsigned n;

	while ((n = next_tagged(cache, RADIX_WRITEBACK, &first, last, pages, ARRAY_SIZE(pages)))) {
		for (unsigned i = 0; i < n; i++) {
			page_wait_writeback(pages[i]);
			page_put(pages[i]);
		}
		if (!first)
			break;
	}
}

unsigned pagecache_next_dirty(struct pagecache *cache, pgoff_t *first, pgoff_t last,
			      struct page **pages, unsigned max)
{
	return next_tagged(cache, RADIX_DIRTY, first, last, pages, max);
}

/* What has no place on the disk gets one; before the pages are locked one by one. */
static int place(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool soon)
{
	return cache->ops->place ? cache->ops->place(cache, first, last, max, soon) : 0;
}

int pagecache_write_range(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	int err = 0, err2;

	if (cache->ops->write && READ_ONCE(cache->n_dirty))
		err = place(cache, first, last, ~0ull, false);
	if (unlikely(err))
		pagecache_note_error(cache, err);
	err2 = pagecache_write_placed(cache, first, last, wait);
	/* Another may have been told of it; but what is ours to write is not written. */
	return err2 || !wait ? err2 : err;
}

int pagecache_write_placed(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait)
{
	if (!cache->ops->write)
		return 0;
	if (READ_ONCE(cache->n_dirty))
		(void)write_tagged(cache, first, last, ~0ull, wait);
	if (!wait)
		return 0;
	wait_written(cache, first, last);
	return pagecache_take_error(cache);
}

void pagecache_write_untold(struct pagecache *cache)
{
	(void)write_tagged(cache, 0, ~0ull, ~0ull, true);
	wait_written(cache, 0, ~0ull);
}

bool pagecache_is_unwritten(const struct pagecache *cache)
{
	bool yes;

	/* A page is under way before it is not counted: batch_mark(). */
	if (__atomic_load_n(&cache->n_dirty, __ATOMIC_ACQUIRE))
		return true;
	rcu_read_lock();
	yes = radix_tagged(&cache->pages, RADIX_WRITEBACK);
	rcu_read_unlock();
	return yes;
}

u64 pagecache_write_some(struct pagecache *cache, u64 max)
{
	u64 written;
	int err;

	if (!READ_ONCE(cache->n_dirty))
		return 0;
	err = place(cache, 0, ~0ull, max, writeback_is_current());
	/* What stays dirty is not lost; nobody has asked for it. */
	if (unlikely(err) && err != -ABI_ENOMEM && err != -ABI_EAGAIN)
		pagecache_note_error(cache, err);
	written = write_tagged(cache, 0, ~0ull, max, false);
	return err == -ABI_ENOMEM || err == -ABI_EAGAIN ? 0 : written;
}
