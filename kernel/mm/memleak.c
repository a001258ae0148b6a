/*
 * The search for forgotten objects, conservative: whatever word looks like a pointer into an object
 * keeps it alive. From the roots (the image's variables, per-CPU areas, kernel stacks, vmalloc()
 * areas, entries of the page array, and frames that no file and no user has) objects are marked,
 * and from those further ones, until nothing new comes. Objects in use without a mark are suspects.
 *
 * Nothing stands still meanwhile: a pointer may move from a place not yet seen to one seen already,
 * or be in another CPU's register. So it is done twice, and a suspect is who was one both times.
 *
 * Marks are bits, one for each 16 bytes of memory, in vmalloc() memory for the time of the scan.
 * One scan at a time: `busy`. What is read is locked by nobody: it is mapped, and that is enough.
 */
#include "mm/memleak.h"

#include "abi/errno.h"
#include "arch/boot.h"
#include "lib/bitmap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/kmap_int.h"
#include "mm/poison_int.h"

#ifdef CONFIG_DEBUG

#define GRANULE_SHIFT 4
#define FOUND_MAX 64
#define PENDING_MAX (256 * 1024) /* objects marked and not yet looked into */

extern const char data_start[], data_end[], percpu_start[], percpu_end[]; /* kernel.ld */

/* Of the running scan. */
static u64 *marks, *suspects;
static void **pending;
static unsigned n_pending;
static bool overflown; /* an object found no room in `pending` */

static u32 busy;                             /* a: a scan is running, or its result is read */
static const void *found[FOUND_MAX];         /* of the last scan; as `busy` */
static const struct slab_cache *found_cache[FOUND_MAX];
static unsigned n_found;                     /* may be more than FOUND_MAX */

static u64 mark_index(const void *object)
{
	return virt_to_phys(object) >> GRANULE_SHIFT;
}

static no_kasan bool in_use(const struct slab_cache *cache, const void *object)
{
	return *slab_object_red(cache, object) == RED_USED;
}

/* Marks the object that the word points into, if it does. */
static no_kasan void consider(u64 word)
{
	const struct slab_cache *cache;
	const struct page *page;
	u64 slab, n, at;
	void *object;

	if (word < PHYSMAP_BASE || word >= PHYSMAP_BASE + boot_info.ram_end ||
	    !pfn_is_ram((word - PHYSMAP_BASE) >> PAGE_SHIFT))
		return;
	page = virt_to_page((void *)word);
	cache = READ_ONCE(page->slab_cache);
	if (!page_test(page, PG_SLAB) || !cache)
		return;
	slab = word & ~((PAGE_SIZE << cache->order) - 1);
	n = (word - slab) / cache->stride;
	object = (void *)(slab + n * cache->stride);
	if (n >= cache->per_slab || !in_use(cache, object))
		return;
	at = mark_index(object);
	if (bitmap_test(marks, at))
		return;
	bitmap_set(marks, at);
	if (n_pending < PENDING_MAX)
		pending[n_pending++] = object;
	else
		overflown = true;
}

static no_kasan void scan(const void *start, size_t bytes)
{
	const u64 *word = start;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		consider(*(const volatile u64 *)&word[i]);
}

static const struct slab_cache *cache_of(const void *object)
{
	return virt_to_page(object)->slab_cache;
}

static void scan_pending(void)
{
	while (n_pending) {
		const void *object = pending[--n_pending];
		const struct slab_cache *cache = cache_of(object);

		if (cache)
			scan(object, cache->size);
	}
}

/* Virtual memory by pages, through the physical one: it may be unmapped at any time. */
static void scan_mapped(vaddr_t start, vaddr_t end)
{
	paddr_t pa;

	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		if (mmu_translate_kernel(va, &pa))
			scan(phys_to_virt(pa), min_t(u64, PAGE_SIZE, end - va));
	scan_pending();
}

static void scan_areas(void)
{
	struct kmap_range range = { .start = KMAP_BASE };

	while (kmap_next(range.start, &range)) {
		const void *start = (void *)range.start;

		if (range.kind != KMAP_DEVICE && start != marks && start != suspects &&
		    start != pending)
			scan_mapped(range.start, range.start + range.pages * PAGE_SIZE);
		range.start += range.pages * PAGE_SIZE;
	}
}

/* Calls fn for each object in use. */
static void each_object(void (*fn)(const struct slab_cache *cache, void *object))
{
	for (pfn_t pfn = 1; pfn < boot_info.ram_end >> PAGE_SHIFT; pfn++) {
		const struct slab_cache *cache;
		char *object = phys_to_virt(pfn << PAGE_SHIFT);

		if (!pfn_is_ram(pfn) || !page_test(pfn_to_page(pfn), PG_SLAB))
			continue;
		cache = READ_ONCE(pfn_to_page(pfn)->slab_cache);
		if (!cache || !is_aligned((u64)object, PAGE_SIZE << cache->order))
			continue;
		for (unsigned i = 0; i < cache->per_slab; i++, object += cache->stride)
			if (in_use(cache, object))
				fn(cache, object);
	}
}

static void look_again(const struct slab_cache *cache, void *object)
{
	if (bitmap_test(marks, mark_index(object)))
		scan(object, cache->size);
}

/* Frames that the kernel has for itself, and what the entries of all others point to. */
static void scan_frames(void)
{
	for (pfn_t pfn = 1; pfn < boot_info.ram_end >> PAGE_SHIFT; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!pfn_is_ram(pfn) || !page->refs || (page->flags & (PG_SLAB | PG_RESERVED)))
			continue;
		scan(page, sizeof(*page));
		if (!page->cache && !page->map_count && !(page->flags & (PG_LRU | PG_ANON)))
			scan(page_to_virt(page),
			     PAGE_SIZE << (page->flags & PG_LARGE ? page->order : 0));
		scan_pending();
	}
}

static void mark_all(void)
{
	memset(marks, 0, BITMAP_BYTES(boot_info.ram_end >> GRANULE_SHIFT));
	n_pending = 0;
	overflown = false;
	scan_mapped((vaddr_t)data_start, (vaddr_t)data_end);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		scan((const char *)percpu_start + percpu_offset[cpu],
		     (size_t)(percpu_end - percpu_start));
	scan_pending();
	scan_areas();
	scan_frames();
	while (overflown) {
		overflown = false;
		each_object(look_again);
		scan_pending();
	}
}

static void suspect(const struct slab_cache *cache, void *object)
{
	if (!bitmap_test(marks, mark_index(object)))
		bitmap_set(suspects, mark_index(object));
}

static void convict(const struct slab_cache *cache, void *object)
{
	u64 at = mark_index(object);

	if (bitmap_test(marks, at) || !bitmap_test(suspects, at))
		return;
	if (n_found < FOUND_MAX) {
		/* The list itself shall not keep it alive in the next scan. */
		found[n_found] = (void *)~(u64)object;
		found_cache[n_found] = cache;
	}
	n_found++;
}

static const void *found_object(unsigned i)
{
	return (void *)~(u64)found[i];
}

int memleak_scan(void (*pause)(void))
{
	size_t bytes = BITMAP_BYTES(boot_info.ram_end >> GRANULE_SHIFT);
	int err = -ENOMEM;

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	marks = vmalloc(bytes, MM_KERNEL);
	suspects = vmalloc(bytes, MM_KERNEL | MM_ZERO);
	pending = vmalloc(PENDING_MAX * sizeof(*pending), MM_KERNEL);
	if (marks && suspects && pending) {
		n_found = 0;
		mark_all();
		each_object(suspect);
		pause();
		mark_all();
		each_object(convict);
		err = 0;
	}
	vfree(marks);
	vfree(suspects);
	vfree(pending);
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return err;
}

unsigned memleak_count(void)
{
	return n_found;
}

bool memleak_found(const void *object)
{
	for (unsigned i = 0; i < min(n_found, (unsigned)FOUND_MAX); i++)
		if (found_object(i) == object)
			return true;
	return false;
}

static no_kasan void describe(unsigned i, void (*line)(const char *text, void *arg), void *arg)
{
	const struct slab_cache *cache = found_cache[i];
	const u64 *word = found_object(i);
	u32 stack = kasan_object_stack(cache, word);
	char text[160];

	snprintf(text, sizeof(text), "unreferenced object %p of %u bytes, %s: %016llx %016llx",
		 word, cache->size, cache->name, (unsigned long long)word[0],
		 (unsigned long long)(cache->size >= 16 ? word[1] : 0));
	line(text, arg);
	for (unsigned n = 0; kasan_stack_line(stack, n, text, sizeof(text)); n++)
		line(text, arg);
}

void memleak_each(void (*line)(const char *text, void *arg), void *arg)
{
	char text[64];

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return;
	for (unsigned i = 0; i < min(n_found, (unsigned)FOUND_MAX); i++)
		if (cache_of(found_object(i)) == found_cache[i] &&
		    in_use(found_cache[i], found_object(i)))
			describe(i, line, arg);
	if (n_found > FOUND_MAX) {
		snprintf(text, sizeof(text), "and %u more", n_found - FOUND_MAX);
		line(text, arg);
	}
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

#endif
