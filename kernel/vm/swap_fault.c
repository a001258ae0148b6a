/*
 * Faults on entries whose page is in swap. The page is looked for in the swap cache, else read with
 * its neighbours while no lock is held; then the fault starts again and finds it there.
 *
 * With the page locked its entry becomes a mapping: read-only while others name the slot or the
 * copy on the disk is worth keeping, so that the page can leave again without being written;
 * writable, and out of the swap cache, for a store by the only one who wants it. When swap is more
 * than half full nothing is kept.
 */
#include "vm/swap_int.h"

#include "sched/thread.h"

/* Reads the page with no lock held, and keeps it for the fault that starts again. */
static int read_and_retry(struct fault *f, pte_t entry)
{
	struct page *page;
	int err;

	rwsem_read_end(&f->as->lock);
	err = swap_cache_get(entry, &page, &f->major);
	if (!err) {
		(void)page_wait_unlocked_killable(page);
		if (f->held)
			page_put(f->held);
		f->held = page;
	}
	if (!err || err == -ABI_ENOENT)
		return FAULT_AGAIN;
	rwsem_read(&f->as->lock);
	return err;
}

/*
 * Waits, with no lock held, for the page's lock or the end of its write. Takes over the reference.
 */
static int wait_and_retry(struct fault *f, struct page *page, bool write)
{
	rwsem_read_end(&f->as->lock);
	if (write)
		page_wait_writeback(page);
	else
		(void)page_wait_unlocked_killable(page);
	page_put(page);
	return FAULT_AGAIN;
}

/* Whether this entry is all that wants the page: locked, our reference, the cache's, no mapping. */
static bool only_ours(struct swap_area *area, struct page *page, u64 slot, bool held)
{
	return swap_slot_count(area, slot) == 1 && !page_mapped(page) &&
	       __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == 2u + held;
}

static bool swap_is_half_full(void)
{
	u64 total, free;

	swap_totals(&total, &free);
	return free < total / 2;
}

/*
 * Makes the entry a mapping of the locked page of the swap cache: 0, or 1 if the entry is another
 * one by now.
 */
static int install(struct fault *f, struct vm_area *area, struct page *page, pte_t entry)
{
	struct aspace *as = f->as;
	bool take, store = f->flags & FAULT_WRITE;
	pte_t *slot;

	spin_lock(&as->table_lock);
	slot = space_slot(as, f->addr);
	if (!slot || pte_read(slot) != entry || page->cache != &swap_area_of(entry)->cache ||
	    page->index != swap_entry_slot(entry)) {
		spin_unlock(&as->table_lock);
		return 1;
	}
	take = (store || swap_is_half_full()) && !page_test(page, PG_WRITEBACK) &&
	       only_ours(swap_area_of(entry), page, swap_entry_slot(entry), f->held == page);
	if (take)
		swap_cache_remove(page);
	page_get(page);
	page_map_inc(page);
	as->n_resident_anon++;
	as->n_swapped--;
	pte_write(slot, area_pte(area, page_to_phys(page), take,
				 PTE_ACCESSED | (take ? PTE_DIRTY : 0)));
	spin_unlock(&as->table_lock);
	return 0;
}

/* The entry's page in the swap cache, referenced, or NULL; FAULT_CHANGED: the entry is gone. */
static int find_page(pte_t entry, struct page **out)
{
	struct swap_area *swap = swap_area_get(entry);

	if (!swap)
		return FAULT_CHANGED;
	*out = pagecache_find(&swap->cache, swap_entry_slot(entry));
	swap_area_put(swap);
	return 0;
}

int fault_swap(struct fault *f, struct vm_area *area, pte_t entry)
{
	struct page *page;
	bool bad;

	if (find_page(entry, &page))
		return FAULT_CHANGED;
	if (!page)
		return read_and_retry(f, entry);
	if (!page_try_lock(page))
		return wait_and_retry(f, page, false);
	/* If it is another slot's page by now, the entry is another one, too. */
	if (unlikely(!page_test(page, PG_SWAPCACHE))) {
		page_unlock(page);
		page_put(page);
		return FAULT_CHANGED;
	}
	if ((f->flags & FAULT_WRITE) && page_test(page, PG_WRITEBACK)) {
		page_unlock(page);
		return wait_and_retry(f, page, true);
	}
	swap_cache_hit(page);
	bad = !page_test(page, PG_UPTODATE);
	if (unlikely(bad) || install(f, area, page, entry)) {
		/* What could not be read is tried again by the next fault. */
		if (bad && !page_mapped(page))
			swap_cache_remove(page);
		page_unlock(page);
		page_put(page);
		return bad ? -EIO : FAULT_CHANGED;
	}
	page_unlock(page);
	swap_entry_free(entry);
	page_put(page);
	if (!(f->flags & FAULT_WRITE))
		return 0;
	/* It may be shared: then the store copies it. */
	f->flags |= FAULT_PRESENT;
	return FAULT_CHANGED;
}
