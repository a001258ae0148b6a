/*
 * The slab allocator (Bonwick 1994, 2001): objects of one size.
 *
 * A slab is a block of frames cut into objects; its free objects are chained through their first
 * word, from page->slab_free of its head frame, whose page->private counts the objects in use.
 * Slabs with some free objects are on the cache's `partial` list, those with only free ones on
 * `empty`, full ones on none. On each CPU a magazine, a stack of free objects, stands before the
 * slabs and is filled and drained by half; it needs no lock, by the same busy mark as the frame
 * lists (frames.c).
 *
 * Debug builds put a red zone behind each object and fill free objects with a pattern.
 *
 * Locks: cache->lock (RANK_SLAB), interrupts off; frames are allocated and freed outside it.
 */
#include "mm/slab_int.h"

#include "core/fail.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"

#define BATCH_MAX ((MAGAZINE_SLOTS + 1) / 2)

static struct slab_cache magazines; /* the cache of struct magazine itself has none */

static inline struct page *object_slab(const struct slab_cache *cache, const void *object)
{
	return virt_to_page((void *)((u64)object & ~((PAGE_SIZE << cache->order) - 1)));
}

static inline void *object_next(void *object)
{
	return *(void **)object;
}

static void object_mark_free(struct slab_cache *cache, void *object)
{
	memset((char *)object, POISON_OBJECT, cache->size);
	*slab_object_red(cache, object) = RED_FREE;
}

/* Object leaves the cache: nobody may have written to it since it was freed (its first word is the
 * chain). */
static void object_check_alloc(struct slab_cache *cache, void *object)
{
	if (*slab_object_red(cache, object) != RED_FREE)
		panic("slab %s: red zone of free object %p is %016llx", cache->name, object,
		      (unsigned long long)*slab_object_red(cache, object));
	if (cache->size > 8 && !mem_is_all((char *)object + 8, POISON_OBJECT, cache->size - 8))
		panic("slab %s: object %p was written after it was freed", cache->name, object);
	*slab_object_red(cache, object) = RED_USED;
}

static void object_check_free(struct slab_cache *cache, void *object)
{
	struct page *page = object_slab(cache, object);

	if (!page_test(page, PG_SLAB) || page->slab_cache != cache)
		panic("slab %s: object %p is not of this cache", cache->name, object);
	if (((u64)object - (u64)page_to_virt(page)) % cache->stride)
		panic("slab %s: %p does not point to the start of an object", cache->name, object);
	if (*slab_object_red(cache, object) != RED_USED)
		panic("slab %s: object %p %s", cache->name, object,
		      *slab_object_red(cache, object) == RED_FREE ? "freed twice" :
							       "written beyond its end");
	object_mark_free(cache, object);
}

/* A new slab, all free and on no list. */
static struct page *slab_create(struct slab_cache *cache, unsigned flags)
{
	struct page *page =
		page_alloc_order(cache->order, flags & ~(MM_ZERO | MM_USER | MM_MOVABLE));
	char *object;

	if (!page)
		return NULL;
	for (unsigned i = 0; i < 1u << cache->order; i++) {
		page[i].flags |= PG_SLAB;
		page[i].slab_cache = cache;
	}
	object = page_to_virt(page);
	page->slab_free = object;
	page->private = 0;
	for (unsigned i = 0; i < cache->per_slab; i++, object += cache->stride) {
		if (MM_DEBUG)
			object_mark_free(cache, object);
		*(void **)object = i + 1u < cache->per_slab ? object + cache->stride : NULL;
	}
	kasan_slab_created(cache, page);
	return page;
}

static void slab_release(struct slab_cache *cache, struct page *page)
{
	for (unsigned i = 0; i < 1u << cache->order; i++) {
		page[i].flags &= ~PG_SLAB;
		page[i].slab_cache = NULL;
	}
	page_free_order(page, cache->order);
}

/* Takes up to n free objects from the slabs that there are. Cache locked. */
static unsigned take_locked(struct slab_cache *cache, void **out, unsigned n)
{
	unsigned got = 0;

	while (got < n) {
		struct page *page;

		if (!list_empty(&cache->partial)) {
			page = list_first_entry(&cache->partial, struct page, lru);
		} else if (!list_empty(&cache->empty)) {
			page = list_first_entry(&cache->empty, struct page, lru);
			list_move(&page->lru, &cache->partial);
			cache->n_empty--;
		} else {
			break;
		}
		while (got < n && page->slab_free) {
			out[got++] = page->slab_free;
			page->slab_free = object_next(page->slab_free);
			page->private++;
			cache->n_free--;
		}
		if (!page->slab_free)
			list_del(&page->lru);
	}
	return got;
}

/* Puts objects back into their slabs. Cache locked. */
static void give_locked(struct slab_cache *cache, void *const *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct page *page = object_slab(cache, in[i]);
		bool was_full = !page->slab_free;

		*(void **)in[i] = page->slab_free;
		page->slab_free = in[i];
		cache->n_free++;
		if (--page->private == 0) {
			if (!was_full)
				list_unlink(&page->lru);
			list_add(&page->lru, &cache->empty);
			cache->n_empty++;
		} else if (was_full) {
			list_add(&page->lru, &cache->partial);
		}
	}
}

static void slabs_give(struct slab_cache *cache, void *const *in, unsigned n)
{
	u64 irq = spin_lock_irq(&cache->lock);
	bool many;

	give_locked(cache, in, n);
	many = cache->n_empty > cache->keep_empty;
	spin_unlock_irq(&cache->lock, irq);
	if (unlikely(many))
		slab_trim(cache, cache->keep_empty);
}

/* Up to n objects from the slabs, with a new one if need be: 0 only without memory. */
static unsigned slabs_take(struct slab_cache *cache, void **out, unsigned n, unsigned flags)
{
	struct page *page;
	unsigned got;
	u64 irq;

	irq = spin_lock_irq(&cache->lock);
	got = take_locked(cache, out, n);
	spin_unlock_irq(&cache->lock, irq);
	if (got)
		return got;
	page = slab_create(cache, flags);
	if (!page)
		return 0;
	irq = spin_lock_irq(&cache->lock);
	list_add(&page->lru, &cache->empty);
	cache->n_empty++;
	cache->n_slabs++;
	cache->n_free += cache->per_slab;
	got = take_locked(cache, out, n);
	spin_unlock_irq(&cache->lock, irq);
	return got;
}

u64 slab_trim(struct slab_cache *cache, u32 keep)
{
	struct page *page, *next;
	LIST_HEAD(drop);
	u64 frames_freed = 0, irq;

	irq = spin_lock_irq(&cache->lock);
	while (cache->n_empty > keep) {
		page = list_last_entry(&cache->empty, struct page, lru);
		list_move(&page->lru, &drop);
		cache->n_empty--;
		cache->n_slabs--;
		cache->n_free -= cache->per_slab;
	}
	spin_unlock_irq(&cache->lock, irq);
	list_for_each_entry_safe(page, next, &drop, lru) {
		slab_release(cache, page);
		frames_freed += 1u << cache->order;
	}
	return frames_freed;
}

/* Allocation past an empty (or busy, or missing) magazine: one object for the caller, and the
 * magazine half filled. */
static __noinline void *alloc_slow(struct slab_cache *cache, unsigned flags)
{
	struct magazine *mag = cache->magazine[cpu_id()];
	void *batch[BATCH_MAX];
	unsigned n, kept = 0;

	n = mag && !mag->busy ? cache->magazine_slots / 2 + 1u : 1;
	n = slabs_take(cache, batch, min(n, (unsigned)BATCH_MAX), flags);
	if (n <= 1)
		return n ? batch[0] : NULL;
	/* slabs_take() may have slept, and on another CPU we are now. */
	mag = cache->magazine[cpu_id()];
	if (mag && !mag->busy) {
		mag->busy = 1;
		barrier();
		while (kept < n - 1 && mag->count < cache->magazine_slots)
			mag->object[mag->count++] = batch[++kept];
		barrier();
		mag->busy = 0;
	}
	if (kept < n - 1)
		slabs_give(cache, batch + 1 + kept, n - 1 - kept);
	return batch[0];
}

static inline void *magazine_pop(struct magazine *mag)
{
	void *object = NULL;

	if (unlikely(!mag || mag->busy))
		return NULL;
	mag->busy = 1;
	barrier();
	if (likely(mag->count)) {
		object = mag->object[--mag->count];
		if (MM_DEBUG) /* the search for leaks shall not find it here */
			mag->object[mag->count] = NULL;
	}
	barrier();
	mag->busy = 0;
	return object;
}

static inline bool magazine_push(struct slab_cache *cache, struct magazine *mag, void *object)
{
	bool done = false;

	if (unlikely(!mag || mag->busy))
		return false;
	mag->busy = 1;
	barrier();
	if (likely(mag->count < cache->magazine_slots)) {
		mag->object[mag->count++] = object;
		done = true;
	}
	barrier();
	mag->busy = 0;
	return done;
}

void *slab_alloc(struct slab_cache *cache, unsigned flags)
{
	void *object;

	if (fail_now(FAIL_ALLOC))
		return NULL;
	object = magazine_pop(cache->magazine[cpu_id()]);
	if (flags & MM_WAIT)
		might_sleep();
	if (unlikely(!object)) {
		object = alloc_slow(cache, flags);
		if (!object)
			return NULL;
	}
	kasan_object_alloc(cache, object);
	if (MM_DEBUG)
		object_check_alloc(cache, object);
	if (flags & MM_ZERO)
		memset(object, 0, cache->size);
	return object;
}

void slab_magazine_drain(struct slab_cache *cache, struct magazine *mag)
{
	unsigned n;

	if (mag->busy)
		return;
	mag->busy = 1;
	barrier();
	n = mag->count;
	mag->count = 0;
	slabs_give(cache, mag->object, n);
	barrier();
	mag->busy = 0;
}

/* Gives this CPU its magazine of the cache; NULL without memory. An interrupt may have been
 * faster. */
static struct magazine *magazine_make(struct slab_cache *cache)
{
	struct magazine *mag = slab_alloc(&magazines, MM_ATOMIC | MM_ZERO), *other = NULL;

	if (mag && !__atomic_compare_exchange_n(&cache->magazine[cpu_id()], &other, mag, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		slab_free(&magazines, mag);
		mag = other;
	}
	return mag;
}

/* Release past a full (or busy, or missing) magazine. A CPU's first release to a cache makes the
 * magazine. */
static __noinline void free_slow(struct slab_cache *cache, void *object)
{
	struct magazine *mag = cache->magazine[cpu_id()];
	void *batch[BATCH_MAX];
	unsigned n = 0;

	if (!mag && cache->magazine_slots)
		mag = magazine_make(cache);
	batch[n++] = object;
	if (mag && !mag->busy) {
		mag->busy = 1;
		barrier();
		while (n < BATCH_MAX && mag->count > cache->magazine_slots / 2u)
			batch[n++] = mag->object[--mag->count];
		barrier();
		mag->busy = 0;
	}
	slabs_give(cache, batch, n);
}

void slab_free_now(struct slab_cache *cache, void *object)
{
	if (unlikely(!magazine_push(cache, cache->magazine[cpu_id()], object)))
		free_slow(cache, object);
}

void slab_free(struct slab_cache *cache, void *object)
{
	if (!kasan_object_may_free(cache, object))
		return;
	if (MM_DEBUG)
		object_check_free(cache, object);
	if (KASAN)
		kasan_object_free(cache, object);
	else
		slab_free_now(cache, object);
}

void slab_init(void)
{
	slab_cache_setup(&magazines, "magazine", sizeof(struct magazine), 64, false);
	kmalloc_init();
}
