/*
 * madvise(2) with MADV_COLLAPSE: small pages of anonymous memory become large ones, now, whatever
 * the setting for transparent large pages. What is in swap is brought in first. Then, with the
 * space locked against all faults, the entries of 2 MiB are taken out, their pages copied into 512
 * frames in a row, and one large entry put in place of the leaf table. What was not mapped is zero.
 *
 * Pages that somebody else uses besides the spaces that map them stay where they are.
 */
#include "lib/string.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

#define COLLAPSE_BITS (PTE_ACCESSED | PTE_DIRTY)

struct collapse {
	struct aspace *as;
	vaddr_t base;
	struct page *head;  /* of the new frames */
	pte_t *old;         /* LARGE_PAGES entries that were taken out */
};

static bool may_collapse(const struct vm_area *area)
{
	return area_can_large(area) && (area->flags & AREA_RIGHTS);
}

/* What there is at base: 1 if it is large, -EINVAL if nothing; 0, and the first place in swap. */
static int look(struct aspace *as, vaddr_t base, vaddr_t *swapped)
{
	vaddr_t va = base;
	bool any = false;
	pte_t *slot;
	size_t n;
	int result;

	*swapped = 0;
	spin_lock(&as->table_lock);
	slot = pgtable_next_large(&as->pgtable, &va, base + LARGE_PAGE_SIZE, &n);
	result = slot && !n ? 1 : slot ? 0 : -EINVAL;
	for (size_t i = 0; !result && i < n && !*swapped; i++) {
		pte_t pte = pte_read(&slot[i]);

		any |= pte_page(pte) != NULL;
		if (pte_is_swap(pte))
			*swapped = va + i * PAGE_SIZE;
	}
	spin_unlock(&as->table_lock);
	return result || any || *swapped ? result : -EINVAL;
}

/* Brings in what is in swap: as look() at its end, or another negative errno. */
static int bring_in(struct aspace *as, vaddr_t base)
{
	vaddr_t swapped;
	int err;

	do {
		err = rwsem_read_killable(&as->lock);
		if (err)
			return err;
		err = look(as, base, &swapped);
		rwsem_read_end(&as->lock);
		if (!err && swapped)
			err = fault_resolve(as, swapped, 0);
	} while (!err && swapped);
	return err == -ABI_EFAULT || err == -ABI_EACCES ? -EINVAL : err;
}

/* Whether the entry can be taken: 0 or -EAGAIN. */
static int check(pte_t pte)
{
	struct page *page = pte_page(pte);
	u32 refs;

	if (pte_is_swap(pte))
		return -EAGAIN;
	if (!page)
		return 0;
	refs = __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE);
	return refs == (u32)READ_ONCE(page->map_count) + !!page_test(page, PG_SWAPCACHE) ? 0 :
											   -EAGAIN;
}

/* Takes the entries out, so that nobody reaches them: 0, 1 if it is large, -EAGAIN, -EINVAL. */
static int take_entries(struct collapse *c)
{
	struct aspace *as = c->as;
	vaddr_t va = c->base;
	pte_t *slot;
	size_t n;
	int err = 0;

	spin_lock(&as->table_lock);
	slot = pgtable_next_large(&as->pgtable, &va, c->base + LARGE_PAGE_SIZE, &n);
	if (!slot || !n)
		err = slot ? 1 : -EINVAL;
	for (unsigned i = 0; i < LARGE_PAGES && !err; i++)
		err = check(pte_read(&slot[i]));
	for (unsigned i = 0; i < LARGE_PAGES && !err; i++) {
		c->old[i] = pte_exchange(&slot[i], 0);
		if (pte_page(c->old[i]))
			as->n_resident_anon--;
	}
	if (!err)
		tlb_flush_range(&as->pgtable, c->base, c->base + LARGE_PAGE_SIZE);
	spin_unlock(&as->table_lock);
	return err;
}

static void copy_pages(struct collapse *c)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++) {
		struct page *page = pte_page(c->old[i]);

		if (page)
			page_copy(page_to_virt(&c->head[i]), page_to_virt(page));
		else
			memset(page_to_virt(&c->head[i]), 0, PAGE_SIZE);
	}
}

static void enter(struct collapse *c, struct vm_area *area)
{
	struct aspace *as = c->as;

	spin_lock(&as->table_lock);
	leaves_forget(as);
	pgtable_large_replace(&as->pgtable, c->base,
			      area_pte(area, page_to_phys(c->head), true, COLLAPSE_BITS));
	as->n_resident_anon += LARGE_PAGES;
	spin_unlock(&as->table_lock);
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		if (pte_page(c->old[i]))
			page_unmap_put(pte_page(c->old[i]));
}

/* The region with all it needs at hand: 0, 1 if it was large, or negative errno. */
static int collapse(struct collapse *c)
{
	struct vm_area *area;
	int err = rwsem_write_killable(&c->as->lock);

	if (err)
		return err;
	area = area_at(c->as, c->base);
	err = area && may_collapse(area) && area_covers_large(area, c->base) ? take_entries(c) :
									       -EINVAL;
	if (!err) {
		copy_pages(c);
		enter(c, area);
	}
	aspace_write_end(c->as);
	return err;
}

static int collapse_region(struct aspace *as, vaddr_t base)
{
	struct collapse c = { .as = as, .base = base };
	struct page *list;
	int err = bring_in(as, base);

	if (err)
		return err > 0 ? 0 : err;
	list = page_alloc(MM_KERNEL);
	if (!list)
		return -ENOMEM;
	c.old = page_to_virt(list);
	c.head = large_alloc(MM_WAIT | MM_NORETRY);
	err = c.head ? collapse(&c) : -ENOMEM;
	if (c.head && err)
		large_drop(c.head);
	page_put(list);
	if (!err)
		large_count_collapse();
	return err > 0 ? 0 : err;
}

/* The large pages of [start, end), which one area covers: 0, or the last failure. */
static int collapse_part(struct aspace *as, vaddr_t start, vaddr_t end)
{
	vaddr_t first = align_up(start, (vaddr_t)LARGE_PAGE_SIZE), last = large_base(end);
	int err, result = last < first ? -EINVAL : 0;

	for (vaddr_t base = first; base < last; base += LARGE_PAGE_SIZE) {
		err = collapse_region(as, base);
		if (err == -ABI_ERESTARTSYS)
			return err;
		if (err)
			result = err;
		sched_point();
	}
	return result;
}

int vm_collapse(struct aspace *as, vaddr_t start, vaddr_t end)
{
	vaddr_t part_end;
	int err, gap = 0;

	for (vaddr_t at = start; at < end; at = part_end) {
		struct vm_area *area;

		err = rwsem_read_killable(&as->lock);
		if (err)
			return err;
		area = area_find(as, at);
		if (!area || area->start >= end) {
			rwsem_read_end(&as->lock);
			return -ENOMEM;
		}
		if (area->start > at)
			gap = -ENOMEM;
		at = max(at, area->start);
		part_end = min(end, area->end);
		err = may_collapse(area) ? 0 : -EINVAL;
		rwsem_read_end(&as->lock);
		if (!err)
			err = collapse_part(as, at, part_end);
		if (err)
			return err;
	}
	return gap;
}
