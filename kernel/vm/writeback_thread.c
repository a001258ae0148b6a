/*
 * When dirty pages are written without anybody asking. A thread keeps the list of caches that have
 * some, oldest first, and writes a cache when its oldest dirty page is old
 * (vm.dirty_expire_centisecs, 5 s), all of them when more than a tenth of the memory that could be
 * dirty is (vm.dirty_background_ratio), or when kicked (sync(2), reclaim). Writers are made to wait
 * when it is more than a fifth (vm.dirty_ratio).
 *
 * The thread only starts writes; it never waits for one, so a slow device does not hold up the
 * others for longer than its queue takes requests; nor for a journal (ops->place() has `soon`). It
 * is inside the gate (sched/gate.h) of a cache when it writes, since that may take blocks; there is
 * nothing to write behind a closed one. It holds a cache's owner (ops hold/try_hold) while it works
 * on it; a cache whose owner refuses is on its way out, and pagecache_fini() waits in
 * writeback_forget() until the thread has let go.
 */
#include "vm/vm_int.h"

#include "core/clock.h"
#include "core/panic.h"
#include "sched/gate.h"
#include "sched/thread.h"
#include "sched/wait.h"

u32 vm_dirty_ratio = 20, vm_dirty_background_ratio = 10, vm_dirty_expire_centisecs = 500;
u64 wb_dirty, wb_writing;

/* l: lock.  a: atomic. */
static struct {
	struct spinlock lock;
	struct list caches;        /* l: by dirtied_ns */
	struct pagecache *busy;    /* l: the thread works on it */
	bool kicked;               /* a */
	u64 done;                  /* a: pages written since boot */
	struct thread *thread;     /* I */
	struct wait_queue work;    /* the thread sleeps here */
	struct wait_queue progress; /* who waits for pages to be written, or for `busy` to change */
} wb = {
	.lock = SPINLOCK_INIT(RANK_LRU, "writeback"),
	.caches = LIST_INIT(wb.caches),
	.work = WAIT_QUEUE_INIT(wb.work),
	.progress = WAIT_QUEUE_INIT(wb.progress),
};

/* Pages that could be dirty: free ones and the page cache. */
static u64 dirtyable(void)
{
	return mm_free_frames() + vm_counter_sum(VM_CACHED);
}

u64 writeback_limit(void)
{
	return dirtyable() * READ_ONCE(vm_dirty_ratio) / 100;
}

/* Never above the limit, lest writers wait for a thread that sees no reason to write. */
u64 writeback_background_limit(void)
{
	u32 ratio = READ_ONCE(vm_dirty_background_ratio), limit = READ_ONCE(vm_dirty_ratio);

	return dirtyable() * (ratio < limit ? ratio : limit / 2) / 100;
}

static u64 age_ns(void)
{
	return (u64)READ_ONCE(vm_dirty_expire_centisecs) * (NSEC_PER_SEC / 100);
}

static inline bool over_background(void)
{
	u64 dirty = READ_ONCE(wb_dirty);

	return dirty > 64 && dirty > writeback_background_limit();
}

static bool over_limit(void)
{
	u64 dirty = READ_ONCE(wb_dirty) + READ_ONCE(wb_writing);

	return dirty > 256 && dirty > writeback_limit();
}

void writeback_note_dirty(struct pagecache *cache)
{
	bool wake = false;

	spin_lock(&wb.lock);
	if (list_empty(&cache->dirty_link)) {
		wake = list_empty(&wb.caches);
		cache->dirtied_ns = clock_monotonic();
		list_add_tail(&cache->dirty_link, &wb.caches);
	}
	spin_unlock(&wb.lock);
	if (wake)
		wait_wake(&wb.work, 0);
}

void writeback_forget(struct pagecache *cache)
{
	spin_lock(&wb.lock);
	if (!list_empty(&cache->dirty_link))
		list_del_init(&cache->dirty_link);
	spin_unlock(&wb.lock);
	if (unlikely(READ_ONCE(wb.busy) == cache) && wb.thread != thread_current())
		wait_until(&wb.progress, READ_ONCE(wb.busy) != cache);
}

void writeback_progress(void)
{
	__atomic_fetch_add(&wb.done, 1, __ATOMIC_RELAXED);
	wait_wake(&wb.progress, 0);
}

void writeback_wait_progress(void)
{
	u64 seen = READ_ONCE(wb.done);

	(void)wait_until_timeout(&wb.progress, READ_ONCE(wb.done) != seen,
				 clock_monotonic() + 100 * NSEC_PER_MSEC);
}

bool writeback_is_current(void)
{
	return thread_current() == wb.thread;
}

void writeback_kick(void)
{
	WRITE_ONCE(wb.kicked, true);
	wait_wake(&wb.work, 0);
}

void writeback_throttle(struct pagecache *cache)
{
	if (likely(READ_ONCE(wb_dirty) < 256) && READ_ONCE(wb_writing) < 256)
		return;
	if (over_background())
		wait_wake(&wb.work, 0);
	if (unlikely(thread_current()->frees_memory)) {
		if (over_background() && cache && cache->ops->write)
			(void)pagecache_write_some(cache, 1024);
		return;
	}
	while (over_limit() && !thread_fatal_pending() && !writeback_is_current()) {
		/* The writer helps with its own pages, then waits for the device. */
		if (!cache || !cache->ops->write || !pagecache_write_some(cache, 256))
			writeback_kick();
		writeback_wait_progress();
	}
}

/* Lets go of the cache; one without dirty pages leaves the list. */
static void let_go(struct pagecache *cache)
{
	spin_lock(&wb.lock);
	if (!list_empty(&cache->dirty_link) && !__atomic_load_n(&cache->n_dirty, __ATOMIC_SEQ_CST))
		list_del_init(&cache->dirty_link);
	wb.busy = NULL;
	spin_unlock(&wb.lock);
	wait_wake(&wb.progress, 0);
}

/*
 * Takes the next cache and marks it busy: NULL if none is due. `end`: a cache dirtied at or after
 * this time was visited in this round already.
 */
static struct pagecache *next_cache(bool all, u64 end)
{
	struct pagecache *cache = NULL;

	spin_lock(&wb.lock);
	if (!list_empty(&wb.caches)) {
		struct pagecache *head = list_first_entry(&wb.caches, struct pagecache, dirty_link);

		if (head->dirtied_ns < end && (all || head->dirtied_ns + age_ns() <= end)) {
			head->dirtied_ns = end;
			list_move_tail(&head->dirty_link, &wb.caches);
			cache = head;
			wb.busy = cache;
		}
	}
	spin_unlock(&wb.lock);
	return cache;
}

static u64 write_due(bool all)
{
	u64 now = clock_monotonic(), written = 0;
	struct pagecache *cache;

	while ((cache = next_cache(all, now))) {
		bool held = !cache->try_hold || cache->try_hold(cache);

		if (held && gate_try_enter(cache->gate, GATE_SYNC)) {
			written += pagecache_write_some(cache, ~0ull);
			gate_leave(cache->gate, GATE_SYNC);
		}
		let_go(cache);
		if (held && cache->unhold)
			cache->unhold(cache);
	}
	return written;
}

/* When the oldest cache will be due, ns. */
static u64 next_deadline(void)
{
	u64 deadline = ~0ull;

	spin_lock(&wb.lock);
	if (!list_empty(&wb.caches))
		deadline = list_first_entry(&wb.caches, struct pagecache, dirty_link)->dirtied_ns +
			   age_ns();
	spin_unlock(&wb.lock);
	return deadline;
}

static void writeback_main(void *arg)
{
	WRITE_ONCE(wb.thread, thread_current());
	for (;;) {
		u64 deadline = next_deadline();
		bool kicked, pressed;

		(void)wait_interruptible_timeout(&wb.work,
						 READ_ONCE(wb.kicked) || over_background() ||
							 next_deadline() < deadline,
						 deadline);
		kicked = __atomic_exchange_n(&wb.kicked, false, __ATOMIC_ACQ_REL);
		pressed = over_background();
		/*
		 * Nothing could be written although much is dirty: those who hold it must move
		 * first.
		 */
		if (!write_due(kicked || pressed) && pressed)
			writeback_wait_progress();
	}
}

void writeback_init(void)
{
	if (kthread_start("writeback", writeback_main, NULL))
		panic("vm: cannot start the write-back thread");
}
