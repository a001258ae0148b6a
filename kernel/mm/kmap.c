/*
 * Areas of the kernel's own virtual range: a tree of those in use, by address, where each knows the
 * gap before it and the widest gap below it in the tree, so that the lowest place that fits is
 * found in one walk. Every area has an unmapped guard page below.
 *
 * Memory that is given back (stacks above all, with every thread) is not worth an interrupt on all
 * CPUs: its areas retire. Nobody has a right to touch their addresses any more, so what a TLB still
 * knows of them does no harm as long as the addresses are not used again; they are once
 * RETIRED_PAGES have come together and all TLBs were flushed. Debug builds flush each time, for a
 * use after free to fault.
 *
 * Before: vmalloc.c, kstack.c, ioremap.c. After: arch's kernel page tables, frames.
 * Locks: kmap_lock (RANK_SLAB: nothing is taken inside) guards the tree. The page tables of an area
 * are its owner's alone.
 */
#include "mm/kmap_int.h"

#include "abi/errno.h"
#include "arch/mmu.h"
#include "core/panic.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"
#include "mm/slab.h"

#define RETIRED_PAGES (MM_DEBUG ? 0u : 1024u)

struct spinlock kmap_lock = SPINLOCK_INIT(RANK_SLAB, "kmap");
static struct rb_root areas;           /* k */
static struct kmap_area *last;         /* k: highest area */
static LIST_HEAD(retired);             /* k: unmapped areas that some TLB may still know */
static u64 retired_pages;              /* k */
static struct slab_cache *area_cache;  /* I */

#define area_of(node_) rb_entry_or_null(node_, struct kmap_area, node)

static vaddr_t area_end(const struct kmap_area *area)
{
	return area ? area->start + area->pages * PAGE_SIZE : KMAP_BASE;
}

static void widest_update(struct rb_node *node)
{
	struct kmap_area *area = area_of(node), *left = area_of(node->left),
			 *right = area_of(node->right);
	u64 widest = area->gap;

	if (left)
		widest = max(widest, left->widest);
	if (right)
		widest = max(widest, right->widest);
	area->widest = widest;
}

static void gap_set(struct kmap_area *area, const struct kmap_area *before)
{
	area->gap = (area->start - PAGE_SIZE - area_end(before)) / PAGE_SIZE;
}

/* The first area whose gap takes `pages`, or NULL: then the place is behind the last area. */
static struct kmap_area *gap_search(u64 pages)
{
	struct kmap_area *area = area_of(areas.node);

	if (!area || area->widest < pages)
		return NULL;
	for (;;) {
		struct kmap_area *left = area_of(area->node.left);

		if (left && left->widest >= pages)
			area = left;
		else if (area->gap >= pages)
			return area;
		else
			area = area_of(area->node.right);
	}
}

/* Hangs `area`, whose start is set, in front of `next` (NULL: at the end). */
static void area_insert(struct kmap_area *area, struct kmap_area *next)
{
	struct kmap_area *before = next ? area_of(rb_prev(&next->node)) : last;
	struct rb_node **link, *parent;

	if (next && !next->node.left) {
		parent = &next->node;
		link = &parent->left;
	} else if (before) {
		parent = &before->node;
		link = &parent->right;
	} else {
		parent = NULL;
		link = &areas.node;
	}
	gap_set(area, before);
	rb_link(&area->node, parent, link);
	rb_insert_augmented(&areas, &area->node, widest_update);
	if (next) {
		gap_set(next, area);
		rb_update_path(&next->node, widest_update);
	} else {
		last = area;
	}
}

struct kmap_area *kmap_reserve(u64 pages, enum kmap_kind kind, unsigned flags)
{
	struct kmap_area *area, *next;
	vaddr_t start;
	u64 irq;

	if (pages == 0 || pages >= (KMAP_TOP - KMAP_BASE) / PAGE_SIZE)
		return NULL;
	area = slab_alloc(area_cache, flags);
	if (!area)
		return NULL;
	area->kind = kind;
	area->pages = pages;
	irq = spin_lock_irq(&kmap_lock);
	next = gap_search(pages + 1);
	start = area_end(next ? area_of(rb_prev(&next->node)) : last) + PAGE_SIZE;
	if (start + pages * PAGE_SIZE > KMAP_TOP) {
		spin_unlock_irq(&kmap_lock, irq);
		slab_free(area_cache, area);
		return NULL;
	}
	area->start = start;
	area_insert(area, next);
	spin_unlock_irq(&kmap_lock, irq);
	if (kasan_shadow_populate(start, pages * PAGE_SIZE)) {
		kmap_release(area);
		return NULL;
	}
	kasan_unpoison((void *)start, pages * PAGE_SIZE);
	return area;
}

void kmap_release(struct kmap_area *area)
{
	u64 irq = spin_lock_irq(&kmap_lock);
	struct kmap_area *next = area_of(rb_next(&area->node)),
			 *before = area_of(rb_prev(&area->node));

	rb_erase_augmented(&areas, &area->node, widest_update);
	if (next) {
		gap_set(next, before);
		rb_update_path(&next->node, widest_update);
	} else {
		last = before;
	}
	spin_unlock_irq(&kmap_lock, irq);
	slab_free(area_cache, area);
}

struct kmap_area *kmap_find(vaddr_t addr)
{
	u64 irq = spin_lock_irq(&kmap_lock);
	struct kmap_area *area = area_of(areas.node);

	while (area && (addr < area->start || addr >= area_end(area)))
		area = area_of(addr < area->start ? area->node.left : area->node.right);
	spin_unlock_irq(&kmap_lock, irq);
	return area;
}

bool kmap_next(vaddr_t at, struct kmap_range *out)
{
	u64 irq = spin_lock_irq(&kmap_lock);
	struct kmap_area *area = area_of(areas.node), *best = NULL;

	while (area) {
		if (area->start >= at)
			best = area;
		area = area_of(area->start >= at ? area->node.left : area->node.right);
	}
	if (best)
		*out = (struct kmap_range){ best->start, best->pages, best->kind };
	spin_unlock_irq(&kmap_lock, irq);
	return best;
}

/* Unmaps the first `pages` pages and adds their frames to the list. TLBs may still know them. */
static void pages_unmap(struct kmap_area *area, u64 pages, struct list *drop)
{
	for (u64 i = 0; i < pages; i++) {
		vaddr_t va = area->start + i * PAGE_SIZE;
		paddr_t pa;

		if (area->kind != KMAP_DEVICE && mmu_translate_kernel(va, &pa))
			list_add(&phys_to_page(pa)->lru, drop);
	}
	mmu_unmap_kernel(area->start, pages);
}

static void pages_put(struct list *drop)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, drop, lru)
		page_put(page);
}

/* Unmaps the first `pages` pages and gives their frames back. */
static void pages_clear(struct kmap_area *area, u64 pages)
{
	LIST_HEAD(drop);

	pages_unmap(area, pages, &drop);
	tlb_flush_kernel(area->start, area->start + pages * PAGE_SIZE);
	pages_put(&drop);
}

int kmap_populate(struct kmap_area *area, unsigned flags)
{
	for (u64 i = 0; i < area->pages; i++) {
		struct page *page = page_alloc(flags);

		if (page && mmu_map_kernel(area->start + i * PAGE_SIZE, page_to_phys(page), 1,
					   MMU_READ | MMU_WRITE)) {
			page_put(page);
			page = NULL;
		}
		if (!page) {
			if (i)
				pages_clear(area, i);
			return -ENOMEM;
		}
	}
	return 0;
}

void kmap_clear(struct kmap_area *area)
{
	pages_clear(area, area->pages);
}

void kmap_retire(struct kmap_area *area)
{
	LIST_HEAD(drop);
	LIST_HEAD(flushed);
	struct kmap_area *next;
	u64 irq;

	pages_unmap(area, area->pages, &drop);
	irq = spin_lock_irq(&kmap_lock);
	area->kind = KMAP_RETIRED;
	list_add(&area->link, &retired);
	retired_pages += area->pages;
	if (retired_pages > RETIRED_PAGES) {
		list_splice_init(&retired, &flushed);
		retired_pages = 0;
	}
	spin_unlock_irq(&kmap_lock, irq);
	if (!list_empty(&flushed)) {
		tlb_flush_kernel(KMAP_BASE, KMAP_TOP);
		list_for_each_entry_safe(area, next, &flushed, link)
			kmap_release(area);
	}
	pages_put(&drop);
}

void kmap_init(void)
{
	area_cache = slab_cache_create("kmap_area", sizeof(struct kmap_area), 8);
	if (!area_cache)
		panic("kmap: no memory");
}
