/*
 * mprotect(2). Each area of the range is cut to fit, gets its new rights, and its entries follow:
 * rights that go are taken from them with one flush at the end; rights that come are given where no
 * fault has to notice the first use, else with that fault.
 */
#include "abi/mman.h"
#include "vm/large_int.h"
#include "vm/vm_int.h"

/* What an entry becomes under the area's new rights. */
static pte_t pte_reprotect(const struct vm_area *area, pte_t pte)
{
	struct page *page = pte_page(pte);
	bool write = false;

	if (area->flags & AREA_WRITE) {
		/*
		 * Private pages with one owner need no fault; shared ones of a file that tracks
		 * dirty pages do.
		 */
		if (!page)
			write = false;
		else if (page->flags & PG_ANON)
			write = READ_ONCE(page->refs) == 1 || page_pinned(page);
		else
			write = (area->flags & AREA_SHARED) && !pagecache_tracks_dirty(area->cache);
	}
	return area_pte(area, pte_paddr(pte), write,
			pte & (PTE_ACCESSED | PTE_DIRTY | PTE_SPECIAL));
}

/* Whether someone could still do with the old entry what the new one forbids. */
static inline bool pte_lost_rights(pte_t old, pte_t new)
{
	return pte_present(old) &&
	       (!pte_present(new) || ((old & ~new) & PTE_WRITE) || ((new & ~old) & PTE_NX));
}

/* The large entry at va; `old` without its mark. Whether the TLB must be flushed. */
static bool large_reprotect(struct vm_area *area, vaddr_t va, pte_t old)
{
	pte_t new = area_pte(area, pte_paddr(old), old & PTE_WRITE, PTE_ACCESSED | PTE_DIRTY);

	if (new == old)
		return false;
	pgtable_large_change(&area->aspace->pgtable, va, new);
	return pte_lost_rights(old, new);
}

/* As pgtable_next(); large entries are kept if they can express the area's rights. */
static pte_t *next_entries(struct vm_area *area, vaddr_t *va, size_t *n)
{
	struct pgtable *pt = &area->aspace->pgtable;

	return area->flags & AREA_RIGHTS ? pgtable_next_large(pt, va, area->end, n)
					 : pgtable_next(pt, va, area->end, n);
}

/* Rewrites the entries of an area: whether the TLB must be flushed. */
static bool entries_reprotect(struct vm_area *area)
{
	struct aspace *as = area->aspace;
	vaddr_t va = area->start;
	bool flush = false;
	pte_t *slot;
	size_t n;

	if (area->flags & AREA_DEVICE) {
		/* They are made anew by the next fault: nothing is lost with them. */
		struct zap zap;

		zap_init(&zap, as);
		zap_range(&zap, area->start, area->end, 0);
		zap_finish(&zap);
		return false;
	}
	spin_lock(&as->table_lock);
	while (va < area->end && (slot = next_entries(area, &va, &n))) {
		if (unlikely(!n)) {
			flush |= large_reprotect(area, va, pte_read(slot) & ~PTE_LARGE);
			va += LARGE_PAGE_SIZE;
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			pte_t old = pte_read(&slot[i]), new;

			if (!pte_holds_frame(old))
				continue;
			new = pte_reprotect(area, old);
			if (new == old)
				continue;
			pte_write(&slot[i], new);
			flush |= pte_lost_rights(old, new);
		}
		va += n * PAGE_SIZE;
		table_lock_rest(as);
	}
	spin_unlock(&as->table_lock);
	return flush;
}

/*
 * Gives one whole area its new rights: 0, -EACCES, -ENOMEM. *flush is set if its entries lost some.
 */
static int area_protect(struct vm_area *area, u32 rights, bool *flush)
{
	struct aspace *as = area->aspace;
	u32 flags = (area->flags & ~AREA_RIGHTS) | rights;
	u64 pages = area_pages(area);
	int err;

	if (flags == area->flags)
		return 0;
	if (rights & ~(area->flags / AREA_MAYREAD * AREA_READ) & AREA_RIGHTS)
		return -EACCES;
	if (area_wants_charge(flags) && !(flags & AREA_ACCOUNTED)) {
		if (!(area->flags & AREA_WRITE) &&
		    as->n_data + pages > as->limits_data >> PAGE_SHIFT)
			return -ENOMEM;
		err = vm_charge(pages);
		if (err)
			return err;
		flags |= AREA_ACCOUNTED;
	}
	area_account(as, area->flags, -(s64)pages);
	area->flags = flags;
	area_account(as, flags, (s64)pages);
	*flush |= entries_reprotect(area);
	return 0;
}

static int protect_locked(struct aspace *as, vaddr_t start, vaddr_t end, u32 rights, u32 grows,
			  bool *flush)
{
	struct vm_area *area = area_find(as, start);
	int err;

	if (!area || (area->start > start && !grows))
		return -ENOMEM;
	if (grows) {
		/*
		 * PROT_GROWSDOWN: down to the start of a stack that holds (or would grow to hold)
		 * the range.
		 */
		if (area->start >= end)
			return -ENOMEM;
		if (!(area->flags & AREA_GROWSDOWN))
			return -EINVAL;
		start = area->start;
	}
	for (vaddr_t at = start; at < end; at = area->end) {
		area = area_find(as, at);
		if (!area || area->start > at)
			return -ENOMEM;
		if ((area->flags & AREA_RIGHTS) == rights)
			continue;
		/* Rights that may not be had are refused before anything is cut. */
		if (rights & ~(area->flags / AREA_MAYREAD * AREA_READ) & AREA_RIGHTS)
			return -EACCES;
		err = area_cut(as, at, min(end, area->end));
		if (err)
			return err;
		area = area_find(as, at);
		err = area_protect(area, rights, flush);
		if (err)
			return err;
		area = area_merge(area);
	}
	return 0;
}

int vm_protect(struct aspace *as, vaddr_t addr, u64 length, u32 prot)
{
	u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	u64 span = align_up(length, (u64)PAGE_SIZE);
	bool flush = false;
	u32 rights;
	int err;

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (addr & ~PAGE_MASK))
		return -EINVAL;
	if (!length)
		return 0;
	if (!span || addr + span < addr)
		return -ENOMEM;
	if (prot &
	    ~(u32)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (prot & PROT_GROWSUP)
		return -EINVAL;
	rights = (prot & PROT_READ ? AREA_READ : 0) | (prot & PROT_WRITE ? AREA_WRITE : 0) |
		 (prot & PROT_EXEC ? AREA_EXEC : 0);
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	err = protect_locked(as, addr, addr + span, rights, grows, &flush);
	if (flush && grows)
		tlb_flush_space(&as->pgtable);
	else if (flush)
		tlb_flush_range(&as->pgtable, addr, addr + span);
	aspace_write_end(as);
	return err;
}
