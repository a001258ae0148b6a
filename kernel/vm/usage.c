/*
 * What of an area is in memory and with whom it is shared, for /proc/[pid]/smaps. Caller holds
 * as->lock for reading.
 */
#include "vm/large_int.h"
#include "vm/swap_int.h"

static void count_page(struct area_usage *out, struct page *page, pte_t pte)
{
	u32 flags = READ_ONCE(page->flags), mappers = max(READ_ONCE(page->map_count), 1);
	bool dirty = (flags & (PG_ANON | PG_DIRTY)) || (pte & PTE_DIRTY);
	u64 part = 4096 / mappers;

	out->rss++;
	out->pss += part;
	*(flags & PG_ANON ? &out->pss_anon :
	  flags & PG_SHMEM ? &out->pss_shmem : &out->pss_file) += part;
	if (dirty)
		out->pss_dirty += part;
	if (mappers > 1)
		*(dirty ? &out->shared_dirty : &out->shared_clean) += 1;
	else
		*(dirty ? &out->private_dirty : &out->private_clean) += 1;
	if ((pte & PTE_ACCESSED) || (flags & PG_REFERENCED))
		out->referenced++;
	if (flags & PG_ANON)
		out->anonymous++;
}

static void count_swapped(struct area_usage *out, pte_t entry)
{
	unsigned sharers = swap_slot_count(swap_area_of(entry), swap_entry_slot(entry));

	out->swap++;
	out->swap_pss += 4096 / max(sharers, 1u);
}

static void count_large(struct area_usage *out, pte_t pte)
{
	struct page *head = phys_to_page(pte_paddr(pte));

	for (unsigned i = 0; i < LARGE_PAGES; i++)
		count_page(out, &head[i], pte);
	out->large += LARGE_PAGES;
}

void area_usage_add(struct vm_area *area, struct area_usage *out)
{
	struct aspace *as = area->aspace;
	u64 pss = out->pss;
	vaddr_t va = area->start;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	while (va < area->end && (slot = pgtable_next_large(&as->pgtable, &va, area->end, &n))) {
		if (unlikely(!n)) {
			count_large(out, pte_read(slot));
			va += LARGE_PAGE_SIZE;
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			pte_t pte = pte_read(&slot[i]);
			struct page *page = pte_page(pte);

			if (page)
				count_page(out, page, pte);
			else if (pte_is_swap(pte))
				count_swapped(out, pte);
		}
		va += n * PAGE_SIZE;
	}
	spin_unlock(&as->table_lock);
	if (area->flags & AREA_LOCKED)
		out->pss_locked += out->pss - pss;
}
