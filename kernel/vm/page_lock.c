/*
 * Page locks. The lock is one bit of page->flags; who must wait does so on one of a few wait queues
 * chosen by the page's address, shared with those who wait for the end of a write. PG_WAITERS says
 * that somebody may be there, so that the usual unlock wakes nobody: a waiter sets it before it
 * looks again, an unlocker takes it away together with the lock.
 *
 * Also here: the end of reads and writes that pagecache_ops began, called from interrupts.
 */
#include "vm/vm_int.h"

#include "lib/hash.h"
#include "sched/rcu.h"
#include "sched/wait.h"

#define WAIT_QUEUE_BITS 8

static struct wait_queue page_queues[1 << WAIT_QUEUE_BITS] = {
	[0 ... (1 << WAIT_QUEUE_BITS) - 1] = { .lock = SPINLOCK_INIT(RANK_WAIT, "page") },
};
static bool queues_ready;

static struct wait_queue *page_queue(const struct page *page)
{
	return &page_queues[hash_ptr(page, WAIT_QUEUE_BITS)];
}

void page_lock_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(page_queues); i++)
		wait_init(&page_queues[i]);
	queues_ready = true;
}

void page_wake(const struct page *page)
{
	if (likely(queues_ready))
		wait_wake(page_queue(page), 0);
}

/* Announces a waiter, then tries for the lock: the order matters (see above). */
static inline bool lock_announced(struct page *page)
{
	page_set(page, PG_WAITERS);
	return !page_test_set(page, PG_LOCKED);
}

static inline bool clear_announced(struct page *page, u32 flag)
{
	if (!page_test(page, flag))
		return true;
	page_set(page, PG_WAITERS);
	return !page_test(page, flag);
}

bool page_try_lock(struct page *page)
{
	return !page_test_set(page, PG_LOCKED);
}

void page_lock(struct page *page)
{
	struct thread *self = thread_current();

	might_sleep();
	if (likely(page_try_lock(page)))
		return;
	self->in_iowait = true;
	wait_until(page_queue(page), lock_announced(page));
	self->in_iowait = false;
}

int page_lock_killable(struct page *page)
{
	struct thread *self = thread_current();
	int err;

	might_sleep();
	if (likely(page_try_lock(page)))
		return 0;
	self->in_iowait = true;
	err = wait_killable(page_queue(page), lock_announced(page));
	self->in_iowait = false;
	return err;
}

void page_unlock(struct page *page)
{
	u32 old = __atomic_fetch_and(&page->flags, ~(PG_LOCKED | PG_WAITERS), __ATOMIC_ACQ_REL);

	if (unlikely(old & PG_WAITERS))
		page_wake(page);
}

int page_wait_unlocked_killable(struct page *page)
{
	struct thread *self = thread_current();
	int err;

	self->in_iowait = true;
	err = wait_killable(page_queue(page), clear_announced(page, PG_LOCKED));
	self->in_iowait = false;
	return err;
}

/*
 * The locked ones of the next pages in [*first, last], referenced: how many, in `pages`. *first
 * moves behind those that were looked at; `last` + 1: there are no more.
 */
static unsigned next_locked(struct pagecache *cache, pgoff_t *first, pgoff_t last,
			    struct page *pages[16])
{
	unsigned n = 0, found;
	u64 index[16];

	rcu_read_lock();
	found = radix_gang_lookup(&cache->pages, *first, (void **)pages, index, 16);
	*first = found == 16 && index[15] < last ? index[15] + 1 : last + 1;
	for (unsigned i = 0; i < found && index[i] <= last; i++)
		if (page_test(pages[i], PG_LOCKED) && page_try_get(pages[i]))
			pages[n++] = pages[i];
	rcu_read_unlock();
	return n;
}

void pagecache_wait_unlocked(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	struct page *pages[16];

	last = min(last, ~(pgoff_t)1);
	while (first <= last) {
		unsigned n = next_locked(cache, &first, last, pages);

		for (unsigned i = 0; i < n; i++) {
			wait_until(page_queue(pages[i]), clear_announced(pages[i], PG_LOCKED));
			page_put(pages[i]);
		}
	}
}

void page_wait_writeback(struct page *page)
{
	struct thread *self = thread_current();

	if (likely(!page_test(page, PG_WRITEBACK)))
		return;
	self->in_iowait = true;
	wait_until(page_queue(page), clear_announced(page, PG_WRITEBACK));
	self->in_iowait = false;
}

void page_read_done(struct page *page, int error)
{
	if (error) {
		page_set(page, PG_ERROR);
	} else {
		page_reset(page, PG_ERROR);
		page_set(page, PG_UPTODATE);
	}
	page_unlock(page);
}

void pagecache_note_error(struct pagecache *cache, int error)
{
	struct pagecache_errors *all = cache->all_errors;

	WRITE_ONCE(cache->error, (s32)error);
	__atomic_fetch_add(&cache->n_errors, 1, __ATOMIC_RELEASE);
	if (all) {
		WRITE_ONCE(all->last, (s32)error);
		__atomic_fetch_add(&all->n, 1, __ATOMIC_RELEASE);
	}
}

void page_write_done(struct page *page, int error)
{
	struct pagecache *cache = page->cache;
	bool filed;
	u64 irq;
	u32 old;

	if (error) {
		page_set(page, PG_ERROR);
		pagecache_note_error(cache, error);
	}
	/*
	 * Once the flag is clear the page may leave the cache, and the cache its owner: whoever
	 * does that takes the lock once more.
	 */
	irq = spin_lock_irq(&cache->lock);
	radix_tag_clear(&cache->pages, page->index, RADIX_WRITEBACK);
	old = __atomic_fetch_and(&page->flags, ~(PG_WRITEBACK | PG_WAITERS), __ATOMIC_ACQ_REL);
	filed = cache_is_filed(cache);
	spin_unlock_irq(&cache->lock, irq);
	if (unlikely(old & PG_WAITERS))
		page_wake(page);
	if (filed)
		__atomic_fetch_sub(&wb_writing, 1, __ATOMIC_RELAXED);
	writeback_progress();
}
