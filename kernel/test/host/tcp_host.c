/*
 * test/host/tcp_host.c - memory, clock, timers, sockets for net/tcp on the host.
 */
#include <malloc.h>

#include "test/host/tcp_host_int.h"

#include "core/random.h"
#include "mm/slab.h"
#include "net/tcp/tcp_mem.h"
#include "sched/rcu.h"
#include "sched/thread.h"
#include "vm/iov.h"

u64 host_now_ns;
static u64 rng_state = 1;
static LIST_HEAD(armed);
static long n_objects, n_pages;
static unsigned fail_alloc;

__attribute__((section(".percpu"))) struct thread *cpu_thread;
__attribute__((section(".percpu"))) u64 percpu_self_offset;
__attribute__((section(".percpu"))) u32 percpu_cpu_id;
u64 percpu_offset[CPU_MAX];
static struct thread the_thread;
u32 sock_somaxconn = 4096;
u32 route_generation;

unsigned cpu_count(void) { return 1; }

/* Random numbers: one generator for the machine, so that a seed repeats a run. */
u64 host_random(void)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return rng_state * 0x2545f4914f6cdd1dULL;
}

u64 random_u64(void) { return host_random(); }
u64 random_below(u64 limit) { return host_random() % limit; }

void random_bytes(void *out, size_t n)
{
	for (u8 *p = out; n; n--)
		*p++ = (u8)host_random();
}

/* Memory */
#define FRAMES 65536u
static u32 free_small[FRAMES], free_large[FRAMES / 8];
static u32 n_small, n_large;

static void mem_init(void)
{
	os_map((void *)PHYSMAP_BASE, (u64)FRAMES * PAGE_SIZE);
	os_map((void *)PAGEMAP_BASE, (u64)FRAMES * sizeof(struct page));
	for (u32 i = 0; i < FRAMES / 2; i++)
		free_small[n_small++] = i;
	for (u32 i = FRAMES / 2; i < FRAMES; i += 8)
		free_large[n_large++] = i;
}

static bool fails(void)
{
	return fail_alloc && --fail_alloc == 0;
}

void host_fail_alloc(unsigned nth) { fail_alloc = nth; }

struct page *page_alloc_order(unsigned order, unsigned flags)
{
	struct page *page;

	if ((order && order != 3) || fails())
		return NULL;
	if (order ? !n_large : !n_small)
		abort();
	page = pfn_to_page(order ? free_large[--n_large] : free_small[--n_small]);
	memset(page, 0, sizeof(*page));
	page->refs = 1;
	page->order = order;
	memset(page_to_virt(page), 0xa5, PAGE_SIZE << order);
	n_pages++;
	return page;
}

void page_release(struct page *page)
{
	u32 pfn = (u32)page_to_pfn(page);

	memset(page_to_virt(page), 0xdd, PAGE_SIZE << page->order);
	if (page->order)
		free_large[n_large++] = pfn;
	else
		free_small[n_small++] = pfn;
	n_pages--;
}

u64 mm_free_frames(void) { return 1 << 18; }

void *kmalloc(size_t size, unsigned flags)
{
	void *p;

	if (fails())
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

size_t kmalloc_size(const void *p) { return malloc_usable_size((void *)p); }
void *kmalloc_array(size_t n, size_t size, unsigned flags) { return kmalloc(n * size, flags); }

struct slab_cache { size_t size; };

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *cache = malloc(sizeof(*cache));

	cache->size = size;
	return cache;
}

void *slab_alloc(struct slab_cache *cache, unsigned flags) { return kmalloc(cache->size, flags); }
void slab_free(struct slab_cache *cache, void *object) { kfree(object); }

/* Locks: there is one thread. */
void spin_wait(struct spinlock *lock)
{
	fprintf(stderr, "spinlock taken twice\n");
	abort();
}

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name)
{
	memset(m, 0, sizeof(*m));
}
void mutex_lock_slow(struct mutex *m) { abort(); }
void mutex_wake_slow(struct mutex *m) { }
void mutex_unlock_slow(struct mutex *m) { m->owner = NULL; }
void wait_add(struct wait_queue *q, struct wait_entry *entry) { abort(); }
void wait_remove(struct wait_queue *q, struct wait_entry *entry) { abort(); }
void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n) { }
void wait_begin(struct wait_queue *q, struct wait_entry *e, enum thread_state state, bool x) { }
void wait_begin_for(struct wait_queue *q, struct wait_entry *e, enum thread_state state, bool x,
		    u32 events)
{
}
void wait_end(struct wait_queue *q, struct wait_entry *entry) { }

/* Whoever waits lets time pass. */
bool thread_block_until(u64 deadline_ns)
{
	if (host_now_ns >= deadline_ns)
		return true;
	if (!host_step(deadline_ns - host_now_ns))
		host_now_ns = max(host_now_ns, deadline_ns);
	return false;
}
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head)) { fn(head); }

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

/* Time */
u64 clock_monotonic(void) { return host_now_ns; }
u64 clock_realtime(void) { return host_now_ns; }

void soft_timer_init(struct soft_timer *t, void (*fn)(struct soft_timer *timer))
{
	t->fn = fn;
	t->timer.armed = false;
	list_init(&t->link);
}

bool soft_timer_cancel(struct soft_timer *t)
{
	bool was = t->timer.armed;

	if (was)
		list_del_init(&t->link);
	t->timer.armed = false;
	return was;
}

bool soft_timer_arm(struct soft_timer *t, u64 expires_ns)
{
	bool was = soft_timer_cancel(t);

	t->timer.armed = true;
	t->timer.expires_ns = expires_ns;
	list_add_tail(&t->link, &armed);
	return !was;
}

static struct soft_timer *first_timer(void)
{
	struct soft_timer *t, *best = NULL;

	list_for_each_entry(t, &armed, link)
		if (!best || t->timer.expires_ns < best->timer.expires_ns)
			best = t;
	return best;
}

bool host_step(u64 ns)
{
	struct soft_timer *t = first_timer();
	u64 end = host_now_ns + ns, packet = host_link_next();
	u64 timer = t ? max(t->timer.expires_ns, host_now_ns) : ~0ull;

	if (min(packet, timer) > end)
		return false;
	if (packet <= timer) {
		host_now_ns = max(host_now_ns, packet);
		host_link_deliver();
	} else {
		host_now_ns = timer;
		soft_timer_cancel(t);
		t->fn(t);
	}
	return true;
}

void host_run_for(u64 ns)
{
	u64 end = host_now_ns + ns;

	while (host_now_ns < end && host_step(end - host_now_ns))
		;
	host_now_ns = max(host_now_ns, end);
}

void host_begin(u64 seed)
{
	static bool started;

	if (!started) {
		cpu_thread = &the_thread;
		mem_init();
		packet_init();
		tcp_init();
		started = true;
		n_objects = 0;
	}
	rng_state = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
	host_now_ns = 1000000000000ull + host_random() % 1000000000000ull;
	host_link = (struct host_link){ .delay_ns = 1000000, .mtu = 1500, .cut = true };
	host_link_forget();
	fail_alloc = 0;
}

void host_end(void)
{
	host_fail_alloc(0);
	/* Everything that is left goes within TIME-WAIT, or with its last retransmission. */
	for (int i = 0; i < 40 && (n_objects || n_pages || !list_empty(&armed)); i++) {
		host_run_for(60000 * TCP_MS);
		host_link_forget();
	}
	CHECK_LEFT(n_objects);
	CHECK_LEFT(tcp_mem_bytes);
	CHECK_LEFT(n_pages);
	CHECK_LEFT(!list_empty(&armed));
}

/* Iterators over kernel memory. */
void iov_init_kernel(struct iov_iter *it, void *buf, size_t n)
{
	memset(it, 0, sizeof(*it));
	it->one = (struct iovec){ .iov_base = buf, .iov_len = n };
	it->iov = &it->one;
	it->left = n;
}

size_t iov_copy_to(struct iov_iter *it, const void *src, size_t n)
{
	n = min(n, it->left);
	memcpy((char *)it->one.iov_base + it->offset, src, n);
	it->offset += n;
	it->left -= n;
	return n;
}

size_t iov_copy_from(struct iov_iter *it, void *dst, size_t n)
{
	n = min(n, it->left);
	memcpy(dst, (char *)it->one.iov_base + it->offset, n);
	it->offset += n;
	it->left -= n;
	return n;
}

int copy_in(void *dst, const void __user *src, size_t n)
{
	memcpy(dst, src, n);
	return 0;
}

int copy_out(void __user *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
	return 0;
}
