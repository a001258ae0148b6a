/* Memory that is contiguous in virtual addresses only: an area of the kernel's range with a frame
 * behind each page. */
#include "mm/kmap_int.h"

#include "arch/mmu.h"
#include "core/panic.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/slab.h"

/* What kmalloc() gives without asking the buddies for more than two pages in a row. */
#define KVMALLOC_SMALL (2 * PAGE_SIZE)

void *vmalloc(size_t size, unsigned flags)
{
	u64 pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct kmap_area *area;

	if (size == 0 || pages > frames.total)
		return NULL;
	area = kmap_reserve(pages, KMAP_MEMORY, flags & ~MM_ZERO);
	if (!area)
		return NULL;
	if (kmap_populate(area, flags)) {
		kmap_release(area);
		return NULL;
	}
	if (KASAN)
		kasan_poison((void *)(area->start + align_up(size, KASAN_GRANULE)),
			     pages * PAGE_SIZE - align_up(size, KASAN_GRANULE), KASAN_PAGE_RED);
	return (void *)area->start;
}

void vfree(void *p)
{
	struct kmap_area *area;

	if (!p)
		return;
	area = kmap_find((vaddr_t)p);
	if (!area || area->kind != KMAP_MEMORY || area->start != (vaddr_t)p)
		panic("vfree: %p was not allocated", p);
	kmap_retire(area);
}

void *kvmalloc(size_t size, unsigned flags)
{
	return size <= KVMALLOC_SMALL ? kmalloc(size, flags) : vmalloc(size, flags);
}

void kvfree(void *p)
{
	if ((vaddr_t)p >= KMAP_BASE && (vaddr_t)p < KMAP_TOP)
		vfree(p);
	else
		kfree(p);
}
