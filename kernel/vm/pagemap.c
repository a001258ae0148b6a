/*
 * What lies behind each page of a space, for /proc/[pid]/pagemap, and forgetting what was used, for
 * clear_refs.
 */
#include "lib/string.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

/* An entry of pagemap: Linux' Documentation, admin-guide/mm/pagemap. */
#define PAGEMAP_PRESENT   BIT(63)
#define PAGEMAP_SWAP      BIT(62)
#define PAGEMAP_FILE      BIT(61) /* of a file, or shared */
#define PAGEMAP_EXCLUSIVE BIT(56) /* mapped once */
#define PAGEMAP_TYPE_BITS 5       /* of a swap entry: the area's number, then the slot */

static u64 frame_word(struct page *page, pfn_t pfn, bool frames)
{
	u64 word = PAGEMAP_PRESENT | (frames ? pfn : 0);

	if (page && !(page->flags & PG_ANON))
		word |= PAGEMAP_FILE;
	if (page && READ_ONCE(page->map_count) == 1)
		word |= PAGEMAP_EXCLUSIVE;
	return word;
}

static u64 entry_word(pte_t pte, bool frames)
{
	if (pte_holds_frame(pte))
		return frame_word(pte_page(pte), pte_paddr(pte) >> PAGE_SHIFT, frames);
	if (!pte_is_swap(pte))
		return 0;
	return PAGEMAP_SWAP | (frames ? swap_entry_slot(pte) << PAGEMAP_TYPE_BITS |
					swap_entry_type(pte) : 0);
}

static void large_words(pte_t pte, u64 *out, bool frames)
{
	struct page *head = phys_to_page(pte_paddr(pte));

	for (unsigned i = 0; i < LARGE_PAGES; i++)
		out[i] = frame_word(&head[i], page_to_pfn(head) + i, frames);
}

void aspace_pagemap(struct aspace *as, vaddr_t table, u64 out[PAGEMAP_PART], bool frames)
{
	vaddr_t va = table;
	pte_t *slot;
	size_t n;

	memset(out, 0, PAGEMAP_PART * sizeof(*out));
	spin_lock(&as->table_lock);
	slot = pgtable_next_large(&as->pgtable, &va, table + LARGE_PAGE_SIZE, &n);
	if (slot && !n)
		large_words(pte_read(slot), out, frames);
	else if (slot)
		for (size_t i = 0; i < n; i++)
			out[i] = entry_word(pte_read(&slot[i]), frames);
	spin_unlock(&as->table_lock);
}

static void large_forget(struct aspace *as, vaddr_t va, pte_t pte)
{
	struct page *head = phys_to_page(pte_paddr(pte));

	pgtable_large_change(&as->pgtable, va, pte & ~PTE_ACCESSED);
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		page_reset(&head[i], PG_REFERENCED);
}

static void area_forget(struct vm_area *area)
{
	struct aspace *as = area->aspace;
	vaddr_t va = area->start;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	while (va < area->end && (slot = pgtable_next_large(&as->pgtable, &va, area->end, &n))) {
		for (size_t i = 0; i < n; i++)
			page_forget(&slot[i], PG_REFERENCED);
		if (!n)
			large_forget(as, va, pte_read(slot));
		va += n ? n * PAGE_SIZE : LARGE_PAGE_SIZE;
		table_lock_rest(as);
	}
	spin_unlock(&as->table_lock);
}

void aspace_forget_use(struct aspace *as, bool private, bool cached)
{
	rwsem_read(&as->lock);
	for (struct vm_area *area = area_first(as); area; area = area_next(area))
		if (!(area->flags & AREA_DEVICE) && (area->cache ? cached : private))
			area_forget(area);
	rwsem_read_end(&as->lock);
}
