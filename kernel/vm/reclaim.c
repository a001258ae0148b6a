/*
 * Getting memory back. Clean page-cache pages go first, in the order of lru.c; dirty ones are
 * written by the write-back thread and go the next time round; anonymous and shared memory goes to
 * swap (swap_out.c) when the page cache gave too little, or has become so small that vm.swappiness
 * spares it; objects of other caches are asked for through shrinkers.
 *
 * The reclaim thread does all of this when mm wakes it at its low mark. A thread whose allocation
 * fails helps itself to clean pages only: it may hold a file system's locks, so it calls no file
 * system, and it never writes, so reclaim cannot enter itself. Otherwise it waits for the reclaim
 * and write-back threads, for a limited time each.
 *
 * When round after round of the thread brings nothing, and nothing is on its way to swap, a process
 * has to die (oom.c). A page cache that is all but gone, with no swap to go to, counts as nothing:
 * programs would only read their code again and again.
 */
#include "vm/swap_int.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sched/wait.h"

#define TABLES_MAX 512 /* made room for at once */
#define SCAN_BATCH 32
#define ROUND_PAGES 256      /* what a round of the thread is to free */
#define FRUITLESS_ROUNDS 3

/* l: shrink_lock.  a: atomic. */
static struct {
	struct thread *thread;      /* I */
	struct mutex shrink_lock;
	struct list shrinkers;      /* l */
	bool wanted;                /* a */
	u64 freed;                  /* a: by everybody, since boot */
	u64 rounds;                 /* a: of the thread */
	unsigned fruitless;         /* a: the last rounds that brought nothing */
	struct wait_queue work, progress;
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
	/* Mapped pages of the swap cache are found through their spaces. */
	if (page_mapped(page) && ((page->flags & PG_SWAPCACHE) || rmap_referenced(page))) {
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
		vm_count(VM_SCANNED, n);
		for (unsigned i = 0; i < n; i++) {
			enum verdict verdict = judge(pages[i], thorough);

			if (verdict == FREED)
				freed++;
			else
				lru_putback(pages[i], verdict == ACTIVATE);
		}
		sched_point();
	}
	vm_count(VM_RECLAIMED, (s64)freed);
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

/*
 * Whether what is left of the page cache is no help any more: with nowhere else to go, taking it
 * would only make programs read it again.
 */
static bool cache_is_spent(void)
{
	struct mm_stats stats;
	u64 active, inactive;

	if (swap_slots_free())
		return false;
	mm_stats(&stats);
	lru_counts(&active, &inactive);
	return active + inactive < stats.total / 128;
}

static bool is_hopeless(void)
{
	return READ_ONCE(rc.fruitless) >= FRUITLESS_ROUNDS || cache_is_spent();
}

/* Lets the thread work, until it has freed something or is at its end: frames freed meanwhile. */
static u64 wait_for_thread(void)
{
	u64 before = READ_ONCE(rc.freed), round = READ_ONCE(rc.rounds);

	WRITE_ONCE(rc.wanted, true);
	wait_wake(&rc.work, 0);
	(void)wait_until_timeout(&rc.progress,
				 READ_ONCE(rc.freed) != before || READ_ONCE(rc.rounds) >= round + 2,
				 clock_monotonic() + 100 * NSEC_PER_MSEC);
	return READ_ONCE(rc.freed) - before;
}

/* mm's hook: an allocation found nothing. */
static u64 reclaim_direct(u64 n, unsigned flags)
{
	bool helper = thread_current() == rc.thread || writeback_is_current();
	u64 freed;

	if (!(flags & MM_WAIT))
		return 0;
	/* Where there is swap, the page cache is not made to pay for everything. */
	freed = shrink_cache(n, (flags & MM_NORETRY) || swap_slots_free() ? 4 * n : whole_scan(),
			     false);
	/* What is dirty may need some to become clean. */
	if (!freed && !(flags & MM_NORETRY) &&
	    (thread_current()->frees_memory || writeback_is_current()))
		return MM_USE_RESERVE;
	if (helper || (flags & MM_NORETRY))
		return freed;
	if (freed && !cache_is_spent())
		return freed;
	if (!freed && READ_ONCE(wb_dirty) + READ_ONCE(wb_writing)) {
		writeback_kick();
		writeback_wait_progress();
		freed = shrink_cache(n, whole_scan(), false);
		if (freed)
			return freed;
	}
	if (thread_fatal_pending())
		return freed;
	if (wait_for_thread())
		return 1;
	return swap_busy() || !is_hopeless();
}

/* Wakes the thread; also mm's hook when a mark was passed. Any context. */
void reclaim_wake(void)
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

/*
 * Pages that a round sends to swap, after it freed `freed` of the page cache: what is missing, and
 * a part even so if the page cache is small. vm.swappiness 60 defends the last 6 % of memory, 200
 * the last fifth, 0 nothing.
 */
static u64 swap_share(u64 freed)
{
	u64 missing = freed < ROUND_PAGES / 2 ? ROUND_PAGES / 2 - freed : 0, active, inactive;
	struct mm_stats stats;

	if (missing || !READ_ONCE(vm_swappiness))
		return missing;
	mm_stats(&stats);
	lru_counts(&active, &inactive);
	return active + inactive < stats.total * vm_swappiness / 1000 ? ROUND_PAGES / 4 : 0;
}

static void note_freed(u64 n)
{
	vm_count(VM_RECLAIMED, (s64)n);
	__atomic_fetch_add(&rc.freed, n, __ATOMIC_RELAXED);
	if (n)
		wait_wake(&rc.progress, 0);
}

/* One round of the thread: frames freed, or on their way. */
static u64 reclaim_round(void)
{
	u64 active, inactive, freed, sent = 0, objects, back = swap_reap(false);

	note_freed(back);
	lru_counts(&active, &inactive);
	freed = shrink_cache(ROUND_PAGES, max((active + inactive) / 4, (u64)ROUND_PAGES), true);
	if (swap_slots_free()) {
		sent = swap_out(swap_share(freed));
		back += swap_reap(sent == 0);
		note_freed(back);
	}
	/* Kernel objects give way in step with pages. */
	objects = run_shrinkers(freed < ROUND_PAGES && !sent ? 512 : 128);
	note_freed(objects);
	freed += back + objects;
	WRITE_ONCE(rc.fruitless, freed + sent ? 0 : rc.fruitless + 1);
	__atomic_fetch_add(&rc.rounds, 1, __ATOMIC_RELAXED);
	wait_wake(&rc.progress, 0);
	return freed + sent;
}

static void reclaim_main(void *arg)
{
	u64 high = mm_mark_low() + mm_mark_low() / 2;

	WRITE_ONCE(rc.thread, thread_current());
	for (;;) {
		unsigned idle_rounds = 0;

		(void)wait_interruptible_timeout(&rc.work, READ_ONCE(rc.wanted), ~0ull);
		while (mm_free_frames() < high && idle_rounds < 6) {
			oom_reap();
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
			(void)wait_until_timeout(&rc.work, oom_has_victim(),
						 clock_monotonic() + 50 * NSEC_PER_MSEC);
		else
			__atomic_fetch_add(&rc.rounds, 1, __ATOMIC_RELAXED);
		WRITE_ONCE(rc.wanted, false);
	}
}

bool vm_make_room(unsigned flags)
{
	struct page *page = page_alloc(MM_WAIT | flags);

	if (page)
		page_put(page);
	return page;
}

void vm_make_room_for_tables(u64 n)
{
	struct list held = LIST_INIT(held);
	struct page *page;

	n = min(n, (u64)TABLES_MAX);
	if (likely(mm_free_frames() > mm_mark_low() + n))
		return;
	while (n-- && (page = page_alloc(MM_WAIT | MM_USER)))
		list_add(&page->lru, &held);
	while ((page = list_first_entry_or_null(&held, struct page, lru))) {
		list_unlink(&page->lru);
		page_put(page);
	}
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
	mm_set_reclaim(reclaim_direct, oom_decide, reclaim_wake);
}
