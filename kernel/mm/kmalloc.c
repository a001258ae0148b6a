/*
 * kmalloc(): memory of any size. Up to two pages it comes from one of the size classes below, slab
 * caches found by a table; above, it is whole frames. The frame that holds a pointer tells which:
 * PG_SLAB and its cache, or PG_LARGE and its order.
 */
#include "mm/slab_int.h"

#include "core/panic.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"

#define CLASS_MAX 8192
#define FINE_MAX 1024 /* up to here the table goes by 16 bytes, above by 256 */

static const struct size_class { u32 size; const char *name; } classes[] = {
	{ 16, "kmalloc-16" }, { 32, "kmalloc-32" }, { 48, "kmalloc-48" }, { 64, "kmalloc-64" },
	{ 96, "kmalloc-96" }, { 128, "kmalloc-128" }, { 192, "kmalloc-192" },
	{ 256, "kmalloc-256" }, { 384, "kmalloc-384" }, { 512, "kmalloc-512" },
	{ 768, "kmalloc-768" }, { 1024, "kmalloc-1k" }, { 1536, "kmalloc-1536" },
	{ 2048, "kmalloc-2k" }, { 3072, "kmalloc-3k" }, { 4096, "kmalloc-4k" },
	{ 8192, "kmalloc-8k" },
};

static struct slab_cache caches[ARRAY_SIZE(classes)];
static u8 class_fine[FINE_MAX / 16 + 1];      /* I: class of (size + 15) / 16 */
static u8 class_coarse[CLASS_MAX / 256 + 1];  /* I: class of (size + 255) / 256 */

static unsigned class_search(size_t size)
{
	unsigned i = 0;

	while (classes[i].size < size)
		i++;
	return i;
}

void kmalloc_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		size_t size = classes[i].size;
		size_t align = is_pow2(size) && size >= 64 ? min(size, (size_t)PAGE_SIZE) : 16;

		slab_cache_setup(&caches[i], classes[i].name, size, align, true);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(class_fine); i++)
		class_fine[i] = (u8)class_search(i * 16);
	for (unsigned i = 0; i < ARRAY_SIZE(class_coarse); i++)
		class_coarse[i] = (u8)class_search(i * 256);
}

static unsigned frames_order(size_t size)
{
	return fls64((size - 1) >> PAGE_SHIFT);
}

static __noinline void *kmalloc_frames(size_t size, unsigned flags)
{
	struct page *page;

	if (size > (size_t)BUDDY_MAX_FRAMES * PAGE_SIZE)
		return NULL;
	page = page_alloc_order(frames_order(size), flags);
	if (!page)
		return NULL;
	if (KASAN)
		kasan_large_resize(page, size);
	return page_to_virt(page);
}

void *kmalloc(size_t size, unsigned flags)
{
	struct slab_cache *cache;
	void *object;

	if (likely(size <= FINE_MAX))
		cache = &caches[class_fine[(size + 15) / 16]];
	else if (likely(size <= CLASS_MAX))
		cache = &caches[class_coarse[(size + 255) / 256]];
	else
		return kmalloc_frames(size, flags);
	object = slab_alloc(cache, flags);
	if (KASAN && object)
		kasan_object_resize(cache, object, size);
	return object;
}

void *kmalloc_array(size_t n, size_t size, unsigned flags)
{
	size_t bytes;

	if (mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, flags);
}

void kfree(void *p)
{
	struct page *page;

	if (!p)
		return;
	page = virt_to_page(p);
	if (likely(page->flags & PG_SLAB)) {
		slab_free(page->slab_cache, p);
		return;
	}
	if (MM_DEBUG && (((u64)p & ~PAGE_MASK) || !page->refs))
		panic("kfree: %p was not allocated", p);
	page_free_order(page, page->order);
}

size_t kmalloc_size(const void *p)
{
	const struct page *page = virt_to_page(p);

	if (page->flags & PG_SLAB)
		return kasan_object_size(page->slab_cache, p);
	return KASAN ? page->private : PAGE_SIZE << page->order;
}

void *krealloc(void *p, size_t size, unsigned flags)
{
	size_t had = p ? kmalloc_size(p) : 0;
	void *grown;

	/* A block that is not much too large stays where it is. */
	if (p && size <= had && size >= had / 4)
		return p;
	grown = kmalloc(size, flags & ~MM_ZERO);
	if (!grown)
		return NULL;
	if (p)
		memcpy(grown, p, min(size, had));
	if ((flags & MM_ZERO) && size > had)
		memset((char *)grown + had, 0, size - had);
	kfree(p);
	return grown;
}

char *kstrdup(const char *s, unsigned flags)
{
	return kmemdup(s, strlen(s) + 1, flags);
}

void *kmemdup(const void *p, size_t n, unsigned flags)
{
	void *copy = kmalloc(n, flags & ~MM_ZERO);

	return copy ? memcpy(copy, p, n) : NULL;
}
