/*
 * Slab caches as a whole: how one is laid out, made, trimmed, counted and destroyed. The life of an
 * object is slab.c.
 *
 * Locks: slab_caches_lock guards the list of caches. It ranks before a cache's own lock, which is
 * taken inside it.
 */
#include "mm/slab_int.h"

#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"

#define SLAB_ORDER_MAX 3
#define KEEP_EMPTY_BYTES (32 * 1024)

struct spinlock slab_caches_lock = SPINLOCK_INIT(RANK_SLAB_LIST, "slab caches");
struct list slab_caches = LIST_INIT(slab_caches);

/* The smallest slab that wastes at most an eighth of itself and holds several objects, or else the
 * largest. */
static unsigned slab_order(size_t stride)
{
	unsigned order = 0;

	for (; order < SLAB_ORDER_MAX; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / stride >= 4 && bytes % stride <= bytes / 8)
			break;
	}
	return order;
}

/* Magazines bind memory: at most about 16 KiB of objects each. */
static unsigned magazine_slots(size_t stride)
{
	return (unsigned)clamp(KIB(16) / stride, (u64)2, (u64)MAGAZINE_SLOTS);
}

void slab_cache_setup(struct slab_cache *cache, const char *name, size_t size, size_t align,
		      bool use_magazines)
{
	u64 irq;

	if (!align)
		align = size >= 64 ? 64 : 8;
	align = max(align, sizeof(void *));
	memset(cache, 0, sizeof(*cache));
	spin_init(&cache->lock, RANK_SLAB, name);
	list_init(&cache->partial);
	list_init(&cache->empty);
	cache->name = name;
	cache->size = (u32)max(size, sizeof(void *));
	cache->stride = (u32)align_up(align_up(cache->size, 8) + (MM_DEBUG ? 8 : 0) +
				      KASAN_HISTORY_BYTES, (u32)align);
	cache->order = (u8)slab_order(cache->stride);
	cache->per_slab = (u16)((PAGE_SIZE << cache->order) / cache->stride);
	cache->magazine_slots = use_magazines ? (u8)magazine_slots(cache->stride) : 0;
	cache->keep_empty = (u16)max(KEEP_EMPTY_BYTES / (PAGE_SIZE << cache->order), 1ull);
	irq = spin_lock_irq(&slab_caches_lock);
	list_add_tail(&cache->link, &slab_caches);
	spin_unlock_irq(&slab_caches_lock, irq);
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *cache;

	if (size > (PAGE_SIZE << SLAB_ORDER_MAX) / 2 || (align & (align - 1)) || align > PAGE_SIZE)
		return NULL;
	cache = kmalloc(sizeof(*cache), MM_KERNEL);
	if (cache)
		slab_cache_setup(cache, name, size, align, true);
	return cache;
}

void slab_cache_set_reclaimable(struct slab_cache *cache)
{
	cache->reclaimable = true;
}

void slab_cache_destroy(struct slab_cache *cache)
{
	u64 irq;

	kasan_quarantine_drain();
	irq = spin_lock_irq(&slab_caches_lock);
	list_del(&cache->link);
	spin_unlock_irq(&slab_caches_lock, irq);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct magazine *mag = cache->magazine[cpu];

		if (!mag)
			continue;
		slab_magazine_drain(cache, mag);
		cache->magazine[cpu] = NULL;
		kfree(mag); /* of the cache of magazines, as its slab says */
	}
	slab_trim(cache, 0);
	if (cache->n_slabs) {
		/* Objects are still out there: their slabs must stay, and so must what they point
		 * to. */
		log_err("slab %s: destroyed with %llu objects in use", cache->name,
			(unsigned long long)(cache->n_slabs * cache->per_slab - cache->n_free));
		backtrace_log();
		return;
	}
	kfree(cache);
}

void slab_drain_cpu(void)
{
	struct slab_cache *cache;
	u64 irq = spin_lock_irq(&slab_caches_lock);

	list_for_each_entry(cache, &slab_caches, link) {
		struct magazine *mag = cache->magazine[cpu_id()];

		if (mag)
			slab_magazine_drain(cache, mag);
	}
	spin_unlock_irq(&slab_caches_lock, irq);
}

u64 slab_shrink(void)
{
	struct slab_cache *cache;
	u64 freed = 0, irq;

	kasan_quarantine_drain();
	irq = spin_lock_irq(&slab_caches_lock);
	list_for_each_entry(cache, &slab_caches, link) {
		struct magazine *mag = cache->magazine[cpu_id()];

		if (mag)
			slab_magazine_drain(cache, mag);
		freed += slab_trim(cache, 0);
	}
	spin_unlock_irq(&slab_caches_lock, irq);
	return freed;
}

/* Objects in magazines are free, though their slabs count them as taken. */
static u64 objects_in_magazines(const struct slab_cache *cache)
{
	u64 n = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		const struct magazine *mag = READ_ONCE(cache->magazine[cpu]);

		if (mag)
			n += READ_ONCE(mag->count);
	}
	return n;
}

/* Describes the nth cache: false if there are not so many. */
static bool cache_describe(unsigned n, struct slab_info *info)
{
	struct slab_cache *cache;
	bool found = false;
	u64 irq = spin_lock_irq(&slab_caches_lock), idle;

	list_for_each_entry(cache, &slab_caches, link) {
		if (n--)
			continue;
		*info = (struct slab_info){
			.name = cache->name,
			.size = cache->size,
			.per_slab = cache->per_slab,
			.pages_per_slab = 1u << cache->order,
			.slabs = READ_ONCE(cache->n_slabs),
		};
		info->total = info->slabs * info->per_slab;
		idle = READ_ONCE(cache->n_free) + objects_in_magazines(cache);
		info->active = info->total > idle ? info->total - idle : 0;
		found = true;
		break;
	}
	spin_unlock_irq(&slab_caches_lock, irq);
	return found;
}

void slab_each(void (*fn)(const struct slab_info *info, void *arg), void *arg)
{
	struct slab_info info;

	for (unsigned n = 0; cache_describe(n, &info); n++)
		fn(&info, arg);
}

void slab_count_frames(u64 *reclaimable, u64 *unreclaimable)
{
	struct slab_cache *cache;
	u64 irq = spin_lock_irq(&slab_caches_lock);

	*reclaimable = *unreclaimable = 0;
	list_for_each_entry(cache, &slab_caches, link)
		*(cache->reclaimable ? reclaimable : unreclaimable) += READ_ONCE(cache->n_slabs)
								       << cache->order;
	spin_unlock_irq(&slab_caches_lock, irq);
}
