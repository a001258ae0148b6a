/*
 * Faults on private memory: pages of zeroes, and copies.
 *
 * The first read of anonymous memory maps the one page of zeroes that all share; the first store
 * gets a page of its own. A page is written in place when this entry holds the only reference to it
 * (its sharers from fork are gone), else copied. References are counted by entries and by those who
 * hold the page for a moment; the latter at worst cause a needless copy.
 *
 * A store where 2 MiB of an area are still untouched may get a large page (large.c).
 */
#include "core/panic.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

#define USER_PAGE (MM_WAIT | MM_USER | MM_MOVABLE)

struct page *vm_zero_page;

/* Bits that the processor changes by itself. */
#define PTE_SOFT_STATE (PTE_ACCESSED | PTE_DIRTY)

int fault_install_anon(struct fault *f, struct vm_area *area, struct page *page, pte_t expected)
{
	struct aspace *as = f->as;
	pte_t *slot = fault_slot(f);
	struct page *old;

	if (unlikely(!slot)) {
		page_put(page);
		return -ENOMEM;
	}
	if (unlikely((pte_read(slot) ^ expected) & ~PTE_SOFT_STATE)) {
		spin_unlock(&as->table_lock);
		page_put(page);
		f->flags |= FAULT_PRESENT;
		return FAULT_CHANGED;
	}
	page_make_anon(page);
	as->n_resident_anon++;
	pte_write(slot, area_pte(area, page_to_phys(page), true, PTE_ACCESSED | PTE_DIRTY));
	if (likely(!expected)) {
		spin_unlock(&as->table_lock);
	} else {
		old = pte_page(expected);
		if (pte_present(expected))
			tlb_flush_range(&as->pgtable, f->addr, f->addr + PAGE_SIZE);
		if (old)
			--*resident_counter(as, old);
		spin_unlock(&as->table_lock);
		if (old)
			page_unmap_put(old);
	}
	if (area->cache && !(area->flags & AREA_COWED))
		__atomic_fetch_or(&area->flags, AREA_COWED, __ATOMIC_RELAXED);
	return 0;
}

/* First read: the page of zeroes. */
static int map_zero(struct fault *f, struct vm_area *area)
{
	pte_t *slot = fault_slot(f);

	if (unlikely(!slot))
		return -ENOMEM;
	if (!pte_read(slot))
		pte_write(slot, area_pte(area, page_to_phys(vm_zero_page), false,
					 PTE_SPECIAL | PTE_ACCESSED));
	spin_unlock(&f->as->table_lock);
	return 0;
}

int fault_anon(struct fault *f, struct vm_area *area)
{
	struct page *page;

	if (!(f->flags & FAULT_WRITE))
		return map_zero(f, area);
	if (unlikely(area_covers_large(area, f->addr)) && fault_large(f, area))
		return 0;
	page = page_alloc(USER_PAGE | MM_ZERO);
	if (unlikely(!page))
		return -ENOMEM;
	return fault_install_anon(f, area, page, 0);
}

/* Whether the entry holds the only reference, but for those of the swap cache and the fault. */
static inline bool is_only_mine(struct fault *f, struct page *page)
{
	u32 refs = __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE);

	if (likely(refs == 1) || page_pinned(page))
		return true;
	return unlikely(page_test(page, PG_SWAPCACHE)) &&
	       swap_cache_take(page, 1u + (f->held == page));
}

int fault_cow(struct fault *f, struct vm_area *area)
{
	struct aspace *as = f->as;
	struct page *old, *page;
	pte_t *slot, pte;
	int err;

	spin_lock(&as->table_lock);
	slot = leaf_slot(as, f->addr);
	if (unlikely(!slot)) {
		if (large_store_locked(f, area)) {
			spin_unlock(&as->table_lock);
			return 0;
		}
		slot = pgtable_pte(&as->pgtable, f->addr);
	}
	pte = slot ? pte_read(slot) : 0;
	if (unlikely(!pte_holds_frame(pte))) {
		/* Gone meanwhile. */
		spin_unlock(&as->table_lock);
		f->flags &= ~FAULT_PRESENT;
		return FAULT_CHANGED;
	}
	if (unlikely((pte & (PTE_PRESENT | PTE_WRITE)) == (PTE_PRESENT | PTE_WRITE))) {
		spin_unlock(&as->table_lock);
		tlb_flush_local(f->addr);
		return 0;
	}
	old = pte_page(pte);
	if (old && (old->flags & PG_ANON) && is_only_mine(f, old)) {
		/*
		 * More rights on the same frame: a processor that remembers less faults once more.
		 */
		pte_write(slot, area_pte(area, pte_paddr(pte), true, PTE_ACCESSED | PTE_DIRTY));
		spin_unlock(&as->table_lock);
		return 0;
	}
	if (old)
		page_get(old);
	spin_unlock(&as->table_lock);
	page = page_alloc(USER_PAGE | (old ? 0 : MM_ZERO));
	if (unlikely(!page)) {
		err = -ENOMEM;
	} else {
		if (old)
			page_copy(page_to_virt(page), page_to_virt(old));
		err = fault_install_anon(f, area, page, pte);
	}
	if (old)
		page_put(old);
	return err;
}

void fault_init(void)
{
	vm_zero_page = page_alloc(MM_KERNEL | MM_ZERO);
	if (!vm_zero_page)
		panic("vm: no memory for the zero page");
}
