/*
 * The address sanitizer's view of slab objects and page frames: marks, histories, the quarantine,
 * and what a report says about the memory it met.
 *
 * A freed object goes through the quarantine, a queue of QUARANTINE_BYTES at most chained through
 * the objects' first words, before it can be allocated again: a stale pointer meets it there and
 * not its next owner. Frames go back at once; they are marked until they are allocated.
 *
 * Not instrumented. Locks: quarantine.lock (RANK_SLAB), interrupts off; objects leave outside it.
 */
#include "mm/kasan_int.h"

#include "arch/context.h"
#include "core/log.h"
#include "mm/frames_int.h"

#define QUARANTINE_BYTES MIB(4)
#define LEAVE_AT_ONCE 16

/* q: lock. */
static struct {
	struct spinlock lock;
	void *first, *last; /* q: chained by their first words */
	u64 bytes;          /* q */
} quarantine = { .lock = SPINLOCK_INIT(RANK_SLAB, "kasan quarantine") };

static struct kasan_history *history_of(const struct slab_cache *cache, const void *object)
{
	return (struct kasan_history *)((char *)object + align_up(cache->size, 8) + 8);
}

void kasan_slab_created(struct slab_cache *cache, struct page *page)
{
	char *object = page_to_virt(page);

	kasan_poison(object, PAGE_SIZE << cache->order, KASAN_SLAB_RED);
	for (unsigned i = 0; i < cache->per_slab; i++, object += cache->stride) {
		*history_of(cache, object) = (struct kasan_history){ .asked = cache->size };
		kasan_poison(object, cache->size, KASAN_SLAB_FREE);
	}
}

void kasan_object_alloc(struct slab_cache *cache, void *object)
{
	struct kasan_history *h = history_of(cache, object);

	kasan_unpoison(object, cache->size);
	h->alloc_stack = kasan_stack_save();
	h->alloc_tid = kasan_thread_number();
	h->asked = cache->size;
}

void kasan_object_resize(struct slab_cache *cache, void *object, size_t size)
{
	size_t granules = align_up(size, KASAN_GRANULE);

	history_of(cache, object)->asked = (u32)size;
	kasan_unpoison(object, size);
	kasan_poison((char *)object + granules,
		     align_up((size_t)cache->size, KASAN_GRANULE) - granules, KASAN_SLAB_RED);
}

void kasan_large_resize(struct page *page, size_t size)
{
	size_t granules = align_up(size, KASAN_GRANULE);

	page->private = size;
	kasan_unpoison(page_to_virt(page), size);
	kasan_poison((char *)page_to_virt(page) + granules, (PAGE_SIZE << page->order) - granules,
		     KASAN_PAGE_RED);
}

size_t kasan_object_size(struct slab_cache *cache, const void *object)
{
	return history_of(cache, object)->asked;
}

u32 kasan_object_stack(const struct slab_cache *cache, const void *object)
{
	return history_of(cache, object)->alloc_stack;
}

bool kasan_object_may_free(struct slab_cache *cache, void *object)
{
	u64 ip = (u64)__builtin_return_address(0);
	struct page *page =
		virt_to_page((void *)((u64)object & ~((PAGE_SIZE << cache->order) - 1)));
	u64 offset = (u64)object - (u64)page_to_virt(page);

	if (!page_test(page, PG_SLAB) || page->slab_cache != cache || offset % cache->stride ||
	    offset / cache->stride >= cache->per_slab) {
		kasan_report("invalid-free", object, 0, true, ip);
		return false;
	}
	if (kasan_mark_of(object) == KASAN_SLAB_FREE) {
		kasan_report("double-free", object, cache->size, true, ip);
		return false;
	}
	/* The whole object again, for those who fill it. */
	kasan_unpoison(object, cache->size);
	return true;
}

/* Takes up to n of the oldest objects while there are more than `limit` bytes. */
static unsigned quarantine_take(void **out, unsigned n, u64 limit)
{
	u64 irq = spin_lock_irq(&quarantine.lock);
	unsigned got = 0;

	while (got < n && quarantine.first && quarantine.bytes > limit) {
		void *object = quarantine.first;
		const struct slab_cache *cache = virt_to_page(object)->slab_cache;

		quarantine.first = *(void **)object;
		quarantine.bytes -= cache->stride;
		out[got++] = object;
	}
	spin_unlock_irq(&quarantine.lock, irq);
	return got;
}

static unsigned quarantine_leave(u64 limit)
{
	void *object[LEAVE_AT_ONCE];
	unsigned n = quarantine_take(object, LEAVE_AT_ONCE, limit);

	for (unsigned i = 0; i < n; i++)
		slab_free_now(virt_to_page(object[i])->slab_cache, object[i]);
	return n;
}

void kasan_object_free(struct slab_cache *cache, void *object)
{
	struct kasan_history *h = history_of(cache, object);
	u64 irq;

	h->free_stack = kasan_stack_save();
	h->free_tid = kasan_thread_number();
	kasan_poison(object, cache->size, KASAN_SLAB_FREE);
	irq = spin_lock_irq(&quarantine.lock);
	*(void **)object = NULL;
	if (quarantine.first)
		*(void **)quarantine.last = object;
	else
		quarantine.first = object;
	quarantine.last = object;
	quarantine.bytes += cache->stride;
	spin_unlock_irq(&quarantine.lock, irq);
	if (READ_ONCE(quarantine.bytes) > QUARANTINE_BYTES)
		quarantine_leave(QUARANTINE_BYTES);
}

void kasan_quarantine_drain(void)
{
	while (quarantine_leave(0))
		;
}

/* Of frames the history is two stacks in the entry's spare word: who allocated, who freed. */
void kasan_frames_alloc(struct page *page, unsigned order)
{
	u32 stack = kasan_stack_save();

	kasan_unpoison(page_to_virt(page), PAGE_SIZE << order);
	for (unsigned i = 0; i < 1u << order; i++)
		page[i].reserved = stack;
}

void kasan_frames_free(struct page *page, unsigned order)
{
	u64 stack = (u64)kasan_stack_save() << 32;

	kasan_poison(page_to_virt(page), PAGE_SIZE << order, KASAN_PAGE_FREE);
	for (unsigned i = 0; i < 1u << order; i++)
		page[i].reserved = (u32)page[i].reserved | stack;
}

static void describe_object(const struct slab_cache *cache, const char *slab, u64 address)
{
	u64 n = (address - (u64)slab) / cache->stride;
	const char *object = slab + n * cache->stride;
	const struct kasan_history *h = history_of(cache, object);
	u64 offset = address - (u64)object;

	if (n >= cache->per_slab)
		return;
	log_emit(LOG_EMERG,
		 "the object of %u bytes at %016llx, of slab cache %s, is meant:", h->asked,
		 (unsigned long long)object, cache->name);
	if (offset < h->asked)
		log_emit(LOG_EMERG, "  the address is its byte %llu", (unsigned long long)offset);
	else
		log_emit(LOG_EMERG,
			 "  the address lies %llu bytes behind its end, %llu before the next",
			 (unsigned long long)(offset - h->asked),
			 (unsigned long long)(cache->stride - offset));
	kasan_stack_log("allocated", h->alloc_stack, h->alloc_tid);
	kasan_stack_log("freed", h->free_stack, h->free_tid);
}

static void describe(u64 address)
{
	const struct page *page;
	const struct slab_cache *cache;

	if (address < PHYSMAP_BASE || address >= KMAP_BASE)
		return;
	page = virt_to_page((void *)address);
	if (!mmu_translate_kernel((vaddr_t)page, NULL))
		return;
	cache = page->slab_cache;
	if (page_test(page, PG_SLAB)) {
		describe_object(cache, (char *)(address & ~((PAGE_SIZE << cache->order) - 1)),
				address);
		return;
	}
	log_emit(LOG_EMERG, "frame %llx: flags %x, %u references",
		 (unsigned long long)page_to_phys(page), page->flags, page->refs);
	kasan_stack_log("allocated", (u32)page->reserved, 0);
	kasan_stack_log("freed", (u32)(page->reserved >> 32), 0);
}

void kasan_objects_init(void)
{
	kasan_set_describe(describe);
}
