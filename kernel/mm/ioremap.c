/*
 * Device memory in the kernel's range. Whoever asks for bytes that lie within an existing mapping
 * of the same kind shares it, so the many small tables and register blocks of one page cost one
 * mapping.
 */
#include "mm/kmap_int.h"

#include "arch/mmu.h"
#include "core/panic.h"

static LIST_HEAD(devices); /* k: areas of KMAP_DEVICE */

/* A mapping that holds [pa, pa + pages) already, with one more user, or NULL. */
static struct kmap_area *device_share(paddr_t pa, u64 pages, u32 prot)
{
	struct kmap_area *area, *found = NULL;
	u64 irq = spin_lock_irq(&kmap_lock);

	list_for_each_entry(area, &devices, link) {
		if (area->prot == prot && pa >= area->pa &&
		    pa + pages * PAGE_SIZE <= area->pa + area->pages * PAGE_SIZE) {
			area->users++;
			found = area;
			break;
		}
	}
	spin_unlock_irq(&kmap_lock, irq);
	return found;
}

static struct kmap_area *device_map(paddr_t pa, u64 pages, u32 prot)
{
	struct kmap_area *area = kmap_reserve(pages, KMAP_DEVICE, 0);
	u64 irq;

	if (!area)
		return NULL;
	if (mmu_map_kernel(area->start, pa, pages, prot)) {
		kmap_clear(area);
		kmap_release(area);
		return NULL;
	}
	area->pa = pa;
	area->prot = prot;
	area->users = 1;
	irq = spin_lock_irq(&kmap_lock);
	list_add(&area->link, &devices);
	spin_unlock_irq(&kmap_lock, irq);
	return area;
}

void *ioremap(paddr_t pa, size_t size, unsigned mmu_prot)
{
	u32 prot = MMU_READ | MMU_WRITE | mmu_prot;
	paddr_t first = align_down(pa, PAGE_SIZE), end;
	struct kmap_area *area;
	u64 pages;

	if (size == 0 || add_overflow(pa, size, &end) || end > 1ull << 52)
		return NULL;
	pages = (align_up(end, PAGE_SIZE) - first) / PAGE_SIZE;
	area = device_share(first, pages, prot);
	if (!area)
		area = device_map(first, pages, prot);
	return area ? (void *)(area->start + (pa - area->pa)) : NULL;
}

void iounmap(void *p)
{
	struct kmap_area *area;
	bool unused;
	u64 irq;

	if (!p)
		return;
	area = kmap_find((vaddr_t)p);
	if (!area || area->kind != KMAP_DEVICE)
		panic("iounmap: %p is not mapped", p);
	irq = spin_lock_irq(&kmap_lock);
	unused = --area->users == 0;
	if (unused)
		list_del(&area->link);
	spin_unlock_irq(&kmap_lock, irq);
	if (!unused)
		return;
	kmap_clear(area);
	kmap_release(area);
}
