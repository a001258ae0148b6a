/*
 * Getting memory back. Clean page-cache pages go first, in the order of lru.c; dirty ones are
 * written by the write-back thread and go the next time round; objects of other caches are asked
 * for through shrinkers.
 *
 * The reclaim thread does all of this when mm wakes it at its low mark. A thread whose allocation
 * fails helps itself to clean pages only: it may hold a file system's locks, so it calls no file
 * system, and it never writes, so reclaim cannot enter itself. Otherwise it waits for the reclaim
 * and write-back threads, for a limited time each. When nothing helps, proc chooses a process to
 * die; a dying one gets NULL at once, since its way out needs little.
 *
 * Anonymous pages stay where they are: once there is swap, they are found by walking the address
 * spaces.
 */
#include "vm/vm_int.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sched/wait.h"

#define SCAN_BATCH 32

/* l: shrink_lock.  a: atomic. */
static struct {
	struct thread *thread;      /* I */
	struct mutex shrink_lock;
	struct list shrinkers;      /* l */
	bool wanted;                /* a */
	u64 freed;                  /* a: by everybody, since boot */
	u64 rounds;                 /* a: of the thread */
	u64 spaces_freed;           /* a: address spaces that went away */
	struct wait_queue work, progress;
	bool (*kill)(unsigned order);
} rc = {
	.shrinkers = LIST_INIT(rc.shrinkers),
	.work = WAIT_QUEUE_INIT(rc.work),
	.progress = WAIT_QUEUE_INIT(rc.progress),
};

enum verdict { FREED, KEEP, ACTIVATE };

/* What becomes of an isolated page; its reference is used up with FREED. */
static enum verdict judge(struct page *page, bool thorough)
{
	enum verdict verdict = KEEP;
	struct pagecache *cache;
	bool used;

	if (!page_try_lock(page))
		return KEEP;
	cache = page->cache;
	if (!cache || (page->flags & PG_WRITEBACK))
		goto out;
	used = page_test_reset(page, PG_REFERENCED);
	if (page_mapped(page) && rmap_referenced(page)) {
		verdict = ACTIVATE;
		goto out;
	}
	if (used) {
		verdict = page_test_set(page, PG_WORKING) ? ACTIVATE : KEEP;
		goto out;
	}
	if ((page->flags & PG_PRIVATE) && !thorough)
		goto out;
	if (page_mapped(page))
		rmap_unmap(cache, page->index, page->index, false);
	if (!page_mapped(page) && !(page->flags & PG_DIRTY) && cache_evict(cache, page))
		return FREED;
out:
	page_unlock(page);
	return verdict;
}

/* Looks at up to `scan` pages to free `want`: how many were freed. */
static u64 shrink_cache(u64 want, u64 scan, bool thorough)
{
	struct page *pages[SCAN_BATCH];
	u64 freed = 0;

	while (freed < want && scan) {
		unsigned n;

		lru_balance();
		n = lru_isolate(pages, (unsigned)min(scan, (u64)SCAN_BATCH));
		if (!n)
			break;
		scan -= n;
		for (unsigned i = 0; i < n; i++) {
			enum verdict verdict = judge(pages[i], thorough);

			if (verdict == FREED)
				freed++;
			else
				lru_putback(pages[i], verdict == ACTIVATE);
		}
		sched_point();
	}
	if (freed)
		__atomic_fetch_add(&rc.freed, freed, __ATOMIC_RELAXED);
	return freed;
}

static u64 whole_scan(void)
{
	u64 active, inactive;

	lru_counts(&active, &inactive);
	/* A page may need three looks: used, used before, free. */
	return 3 * (active + inactive);
}

/* mm's hook: an allocation found nothing. */
static u64 reclaim_direct(u64 n, unsigned flags)
{
	bool helper = thread_current() == rc.thread || writeback_is_current();
	u64 freed, before;

	if (!(flags & MM_WAIT))
		return 0;
	freed = shrink_cache(n, flags & MM_NORETRY ? 4 * n : whole_scan(), false);
	if (freed || helper || (flags & MM_NORETRY))
		return freed;
	before = READ_ONCE(rc.freed);
	if (READ_ONCE(wb_dirty) + READ_ONCE(wb_writing)) {
		writeback_kick();
		writeback_wait_progress();
		freed = shrink_cache(n, whole_scan(), false);
		if (freed)
			return freed;
	}
	u64 round = READ_ONCE(rc.rounds);

	WRITE_ONCE(rc.wanted, true);
	wait_wake(&rc.work, 0);
	(void)wait_until_timeout(&rc.progress, READ_ONCE(rc.rounds) != round,
				 clock_monotonic() + 50 * NSEC_PER_MSEC);
	return READ_ONCE(rc.freed) - before;
}

/* mm's hook: a mark was passed. Any context. */
static void reclaim_wake(void)
{
	if (READ_ONCE(rc.wanted))
		return;
	WRITE_ONCE(rc.wanted, true);
	wait_wake(&rc.work, 0);
}

static u64 run_shrinkers(u64 n)
{
	struct vm_shrinker *shrinker;
	u64 freed = 0;

	mutex_lock(&rc.shrink_lock);
	list_for_each_entry(shrinker, &rc.shrinkers, link)
		freed += shrinker->shrink(n);
	mutex_unlock(&rc.shrink_lock);
	return freed ? slab_shrink() : 0;
}

/* One round of the thread: frames freed. */
static u64 reclaim_round(void)
{
	u64 active, inactive, freed;

	lru_counts(&active, &inactive);
	freed = shrink_cache(256, max((active + inactive) / 4, (u64)256), true);
	/* Kernel objects give way in step with pages. */
	u64 objects = run_shrinkers(freed < 256 ? 512 : 128);

	__atomic_fetch_add(&rc.freed, objects, __ATOMIC_RELAXED);
	__atomic_fetch_add(&rc.rounds, 1, __ATOMIC_RELAXED);
	wait_wake(&rc.progress, 0);
	return freed + objects;
}

static void reclaim_main(void *arg)
{
	u64 high = mm_mark_low() + mm_mark_low() / 2;

	WRITE_ONCE(rc.thread, thread_current());
	for (;;) {
		unsigned idle_rounds = 0;

		(void)wait_until_timeout(&rc.work, READ_ONCE(rc.wanted), ~0ull);
		while (mm_free_frames() < high && idle_rounds < 6) {
			if (reclaim_round()) {
				idle_rounds = 0;
				continue;
			}
			idle_rounds++;
			if (READ_ONCE(wb_dirty) + READ_ONCE(wb_writing)) {
				writeback_kick();
				writeback_wait_progress();
			}
		}
		/*
		 * Nothing left to take: rest before the next call, for each allocation below the
		 * mark makes one.
		 */
		if (idle_rounds)
			(void)wait_until_timeout(&rc.progress, false,
						 clock_monotonic() + 50 * NSEC_PER_MSEC);
		else
			__atomic_fetch_add(&rc.rounds, 1, __ATOMIC_RELAXED);
		WRITE_ONCE(rc.wanted, false);
	}
}

void oom_memory_freed(void)
{
	__atomic_fetch_add(&rc.spaces_freed, 1, __ATOMIC_RELAXED);
	wait_wake(&rc.progress, 0);
}

/* mm's hook: nothing could be reclaimed. Whether it makes sense to try again. */
static bool reclaim_oom(unsigned order)
{
	u64 seen = READ_ONCE(rc.spaces_freed);

	if (thread_fatal_pending() || !rc.kill || !rc.kill(order))
		return false;
	/* The victim needs the processor to go away; it may be this very thread. */
	if (!thread_fatal_pending())
		(void)wait_until_timeout(
			&rc.progress, READ_ONCE(rc.spaces_freed) != seen || thread_fatal_pending(),
			clock_monotonic() + 100 * NSEC_PER_MSEC);
	return !thread_fatal_pending();
}

void vm_set_oom_killer(bool (*kill)(unsigned order))
{
	rc.kill = kill;
}

void vm_shrinker_add(struct vm_shrinker *shrinker)
{
	mutex_lock(&rc.shrink_lock);
	list_add_tail(&shrinker->link, &rc.shrinkers);
	mutex_unlock(&rc.shrink_lock);
}

void reclaim_init(void)
{
	mutex_init(&rc.shrink_lock, RANK_PROC_EXEC, "shrinkers");
	if (kthread_start("reclaim", reclaim_main, NULL))
		panic("vm: cannot start the reclaim thread");
	mm_set_reclaim(reclaim_direct, reclaim_oom, reclaim_wake);
}
