/*
 * test/host/ext_host_mem.c - memory, locks, clock, log and the like for fs/ext on the host.
 *
 * Frames are every second page of one mapping; those between are poisoned, so that running over a
 * page's end is found. Locks know their holder only as "the one thread there is": taking one twice
 * is a dead-lock.
 */
#include "test/host/ext_host_int.h"

#include "core/clock.h"
#include "core/random.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define FRAMES 32768u

struct cred host_cred = { .cap_effective = ~0ull };
const struct cred *cred_root = &host_cred;
u64 host_now_ns = 1700000000ull * 1000000000;
bool host_quiet;

__attribute__((section(".percpu"))) struct thread *cpu_thread;
static struct thread the_thread;

static pfn_t free_pfn[FRAMES];
static u32 n_free;
static u64 n_objects;
static long locks_held;
static unsigned fail_alloc;
static bool fail_alloc_for_good;

void host_mem_init(void)
{
	if (cpu_thread)
		return;
	cpu_thread = &the_thread;
	os_map((void *)PHYSMAP_BASE, 2ull * FRAMES * PAGE_SIZE);
	os_map((void *)PAGEMAP_BASE, 2ull * FRAMES * sizeof(struct page));
	for (u32 i = 0; i < FRAMES; i++) {
		os_poison(phys_to_virt((2ull * i + 1) << PAGE_SHIFT), PAGE_SIZE);
		free_pfn[n_free++] = 2 * (FRAMES - 1 - i);
	}
}

void host_fail_alloc(unsigned nth, bool for_good)
{
	fail_alloc = nth;
	fail_alloc_for_good = for_good;
}

u64 host_allocations(void)
{
	return n_objects + (FRAMES - n_free);
}

struct page *page_alloc_order(unsigned order, unsigned flags)
{
	struct page *page;

	if (order || n_free == 0 || host_fail(&fail_alloc, fail_alloc_for_good))
		return NULL;
	page = pfn_to_page(free_pfn[--n_free]);
	memset(page, 0, sizeof(*page));
	page->refs = 1;
	page->private = 0xdeadbeef;
	memset(page_to_virt(page), flags & MM_ZERO ? 0 : 0xa5, PAGE_SIZE);
	return page;
}

void page_release(struct page *page)
{
	free_pfn[n_free++] = page_to_pfn(page);
}

void *kmalloc(size_t size, unsigned flags)
{
	void *p;

	if (host_fail(&fail_alloc, fail_alloc_for_good))
		return NULL;
	p = malloc(size ? size : 1);
	n_objects++;
	memset(p, flags & MM_ZERO ? 0 : 0x5a, size);
	return p;
}

void kfree(void *p)
{
	n_objects -= p != NULL;
	free(p);
}

void *krealloc(void *p, size_t size, unsigned flags)
{
	void *q;

	if (host_fail(&fail_alloc, fail_alloc_for_good))
		return NULL;
	q = realloc(p, size);
	n_objects += p == NULL;
	return q;
}

void *kvmalloc(size_t size, unsigned flags)
{
	return kmalloc(size, flags);
}

void kvfree(void *p)
{
	kfree(p);
}

struct slab_cache { size_t size; };

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *cache = malloc(sizeof(*cache));

	cache->size = size;
	return cache;
}

void slab_cache_set_reclaimable(struct slab_cache *cache)
{
}

void *slab_alloc(struct slab_cache *cache, unsigned flags)
{
	return kmalloc(cache->size, flags);
}

void slab_free(struct slab_cache *cache, void *object)
{
	kfree(object);
}

/* Locks */
void spin_wait(struct spinlock *lock)
{
	fprintf(stderr, "spinlock taken twice\n");
	abort();
}

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name)
{
	memset(m, 0, sizeof(*m));
}

void mutex_lock_slow(struct mutex *m)
{
	fprintf(stderr, "mutex taken twice\n");
	abort();
}

void mutex_wake_slow(struct mutex *m)
{
}

void mutex_unlock_slow(struct mutex *m)
{
	m->owner = NULL;
}

void rwsem_init(struct rwsem *s, enum lock_rank rank, const char *name)
{
	memset(s, 0, sizeof(*s));
}

#define WRITER (1ull << 63)

bool rwsem_try_read(struct rwsem *s)
{
	if (s->state & WRITER)
		return false;
	s->state++;
	locks_held++;
	return true;
}

void rwsem_read(struct rwsem *s)
{
	if (!rwsem_try_read(s)) {
		fprintf(stderr, "rwsem: read while written\n");
		abort();
	}
}

void rwsem_read_end(struct rwsem *s)
{
	if (s->state == 0 || s->state & WRITER)
		abort();
	s->state--;
	locks_held--;
}

void rwsem_write(struct rwsem *s)
{
	if (s->state) {
		fprintf(stderr, "rwsem: write while held\n");
		abort();
	}
	s->state = WRITER;
	locks_held++;
}

void rwsem_write_end(struct rwsem *s)
{
	if (s->state != WRITER)
		abort();
	s->state = 0;
	locks_held--;
}

void host_locks_check(void)
{
	CHECK_EQ(locks_held, 0);
}

void sched_switch_now(void)
{
}

/* Clock, random numbers, identity */
struct timespec clock_now(void)
{
	host_now_ns += 1000;
	return ns_to_timespec(host_now_ns);
}

struct timespec clock_stamp(void)
{
	return clock_now();
}

u64 clock_monotonic(void)
{
	return host_now_ns;
}

u64 random_u64(void)
{
	return unit_rand();
}

u64 random_below(u64 limit)
{
	return unit_below(limit);
}

const struct cred *cred_caller(void)
{
	return &host_cred;
}

bool cred_in_group(const struct cred *c, u32 gid)
{
	return c->fsgid == gid;
}

/* Log */
static char log_text[4096];
static size_t log_length;

void log_emit(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = (size_t)host_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = min(n, sizeof(line) - 1);
	if (level <= LOG_ERR && !host_quiet)
		unit_fail("log", 0, "%s", line);
	if (getenv("EXT_LOG"))
		printf("# log %d: %s\n", (int)level, line);
	if (log_length + n + 2 < sizeof(log_text)) {
		memcpy(log_text + log_length, line, n);
		log_length += n;
		log_text[log_length++] = '\n';
	}
}

const char *host_log(void)
{
	static char last[sizeof(log_text)];

	memcpy(last, log_text, log_length);
	last[log_length] = '\0';
	log_length = 0;
	return last;
}
