/*
 * test/host/jbd_host_mem.c - memory, locks, threads, wait queues, clock and log of the journal's
 * harness. Threads are the host's; each has a struct thread, which the kernel's code finds through
 * %gs as it does on a machine.
 */
#include "test/host/jbd_host.h"

#include "core/clock.h"
#include "core/log.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/thread.h"

#define FRAMES 65536u

__attribute__((section(".percpu"))) struct thread *cpu_thread;
bool host_quiet;

static u32 next_pfn, n_free;
static u32 free_pfn[FRAMES];
static u64 n_objects, n_pages;
static unsigned fail_alloc;
static bool fail_alloc_for_good;
static unsigned n_threads;	/* of host_thread(), not ended */

/* Makes the calling thread of the host one of the kernel's. */
static void thread_become(void)
{
	/* Kept in a list, since they are found through %gs only. */
	static struct kept {
		struct thread *current;
		struct thread thread;
		struct kept *next;
	} *all;
	struct kept *t = calloc(1, sizeof(*t));

	t->current = &t->thread;
	os_lock();
	t->next = all;
	all = t;
	os_unlock();
	os_set_gs((u64)t - (u64)&cpu_thread);
}

void host_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	os_map((void *)PHYSMAP_BASE, FRAMES * PAGE_SIZE);
	os_map((void *)PAGEMAP_BASE, FRAMES * sizeof(struct page));
	thread_become();
}

struct start {
	void (*fn)(void *arg);
	void *arg;
	bool counted;
};

static void thread_run(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	thread_become();
	s.fn(s.arg);
	os_lock();
	n_threads -= s.counted;
	os_unlock();
}

static void start(void (*fn)(void *arg), void *arg, bool counted)
{
	struct start *s = malloc(sizeof(*s));

	*s = (struct start){ fn, arg, counted };
	os_lock();
	n_threads += counted;
	os_unlock();
	os_thread(thread_run, s);
}

int kthread_start(const char *name, void (*fn)(void *arg), void *arg)
{
	os_lock();
	if (host_fail(&fail_alloc, fail_alloc_for_good)) {
		os_unlock();
		return -ENOMEM;
	}
	os_unlock();
	start(fn, arg, false);
	return 0;
}

void host_thread(void (*fn)(void *arg), void *arg)
{
	start(fn, arg, true);
}

void host_join(void)
{
	os_lock();
	while (n_threads)
		os_sleep(NSEC_PER_MSEC);
	os_unlock();
}

/* Memory */
void host_fail_alloc(unsigned nth, bool for_good)
{
	fail_alloc = nth;
	fail_alloc_for_good = for_good;
}

bool host_fail_pending(void)
{
	return fail_alloc > 1 || (fail_alloc && !fail_alloc_for_good);
}

u64 host_allocations(void)
{
	return n_objects + n_pages;
}

struct page *page_alloc_order(unsigned order, unsigned flags)
{
	struct page *page = NULL;

	os_lock();
	if (!host_fail(&fail_alloc, fail_alloc_for_good)) {
		u32 pfn = n_free ? free_pfn[--n_free] : next_pfn++;

		if (order || pfn >= FRAMES)
			abort();
		n_pages++;
		page = pfn_to_page(pfn);
		memset(page, 0, sizeof(*page));
		page->refs = 1;
		page->private = 0xdeadbeef;
		memset(page_to_virt(page), flags & MM_ZERO ? 0 : 0xa5, PAGE_SIZE);
	}
	os_unlock();
	return page;
}

void page_release(struct page *page)
{
	os_lock();
	memset(page_to_virt(page), 0xdb, PAGE_SIZE);
	free_pfn[n_free++] = (u32)page_to_pfn(page);
	n_pages--;
	os_unlock();
}

void *kmalloc(size_t size, unsigned flags)
{
	void *p = NULL;

	os_lock();
	if (!host_fail(&fail_alloc, fail_alloc_for_good)) {
		p = malloc(size ? size : 1);
		n_objects++;
		memset(p, flags & MM_ZERO ? 0 : 0x5a, size);
	}
	os_unlock();
	return p;
}

void kfree(void *p)
{
	os_lock();
	n_objects -= p != NULL;
	os_unlock();
	free(p);
}

/* Locks */
void spin_wait(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		os_yield();
}

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name)
{
	memset(m, 0, sizeof(*m));
}

void mutex_lock_slow(struct mutex *m)
{
	if (m->owner == thread_current()) {
		fprintf(stderr, "mutex taken twice\n");
		abort();
	}
	while (!mutex_take_(m)) {
		host_io_run();
		os_yield();
	}
}

void mutex_unlock_slow(struct mutex *m) { abort(); }
void mutex_wake_slow(struct mutex *m) { abort(); }
void rwsem_init(struct rwsem *s, enum lock_rank rank, const char *name) { }
void sched_switch_now(void) { }

/* Wait queues: under the harness' lock. */
void wait_begin_for(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		    bool exclusive, u32 events)
{
	entry->thread = thread_current();
	os_lock();
	entry->thread->state = state;
	list_add_tail(&entry->link, &q->entries);
	os_unlock();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_end(struct wait_queue *q, struct wait_entry *entry)
{
	os_lock();
	list_del(&entry->link);
	entry->thread->state = THREAD_RUNNING;
	os_unlock();
}

void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n_exclusive)
{
	struct wait_entry *entry;

	os_lock();
	list_for_each_entry(entry, &q->entries, link)
		entry->thread->state = THREAD_RUNNING;
	os_unlock();
}

bool thread_block_until(u64 deadline_ns)
{
	struct thread *t = thread_current();
	bool late = false;

	os_lock();
	while (t->state != THREAD_RUNNING && !late) {
		if (host_io_run())
			continue;
		os_sleep(50 * NSEC_PER_USEC);
		late = os_now() >= deadline_ns;
	}
	os_unlock();
	return late;
}

/* Clock */
u64 clock_monotonic(void)
{
	return os_now();
}

struct timespec clock_now(void)
{
	return ns_to_timespec(1700000000ull * NSEC_PER_SEC + os_now());
}

/* Log */
void log_emit(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	host_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (level <= LOG_ERR && !host_quiet)
		unit_fail("log", 0, "%s", line);
	if (getenv("JBD_LOG"))
		printf("# log %d: %s\n", (int)level, line);
}
