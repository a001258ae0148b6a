/*
 * Removing many entries. Entries are cleared under table_lock while their pages gather in a batch;
 * then one flush of the TLB, after which nobody can reach the pages, and they are released. A space
 * that runs on no processor needs no flush.
 */
#include "vm/large_int.h"
#include "vm/swap_int.h"

#include "sched/thread.h"

void zap_init(struct zap *zap, struct aspace *as)
{
	zap->as = as;
	zap->low = ~0ull;
	zap->high = 0;
	zap->tables = false;
	zap->n = zap->n_large = 0;
}

/* One entry less, and its reference. */
static inline void page_drop(struct page *page)
{
	u32 one = 1;

	/*
	 * A frame that was a file's a moment ago may be looked at by a late finder (page_try_get),
	 * hence the exchange.
	 */
	if ((page->flags & PG_ANON) && page->map_count == 1 &&
	    __atomic_compare_exchange_n(&page->refs, &one, 0, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		page->map_count = 0;
		vm_count(VM_ANON, -1);
		page_release(page);
		return;
	}
	page_unmap_put(page);
}

void page_unmap_put(struct page *page)
{
	page_map_dec(page);
	if (unlikely(page_test(page, PG_SWAPCACHE)))
		swap_cache_release(page);
	page_put(page);
}

static void zap_flush(struct zap *zap)
{
	struct pgtable *pt = &zap->as->pgtable;

	if (zap->low < zap->high && READ_ONCE(pt->cpus[0]))
		tlb_flush_range(pt, zap->low, zap->high);
	zap->low = ~0ull;
	zap->high = 0;
	for (unsigned i = 0; i < zap->n; i++)
		page_drop(zap->pages[i]);
	for (unsigned i = 0; i < zap->n_large; i++)
		large_drop(zap->large[i]);
	zap->n = zap->n_large = 0;
}

/* Clears the large entry at va. */
static void zap_large(struct zap *zap, vaddr_t va)
{
	pte_t pte = pgtable_large_clear(&zap->as->pgtable, va);

	zap->low = min(zap->low, va);
	zap->high = max(zap->high, va + (vaddr_t)LARGE_PAGE_SIZE);
	zap->as->n_resident_anon -= LARGE_PAGES;
	zap->large[zap->n_large++] = phys_to_page(pte_paddr(pte));
}

/* Clears entries from slot on until the batch is full: how many it passed. */
static size_t zap_slots(struct zap *zap, pte_t *slot, vaddr_t va, size_t n, unsigned flags)
{
	struct aspace *as = zap->as;
	size_t i;

	for (i = 0; i < n && zap->n < ZAP_BATCH; i++) {
		pte_t pte = pte_read(&slot[i]);
		struct page *page;
		vaddr_t at;

		if (!pte)
			continue;
		page = pte_page(pte);
		if (unlikely(flags & ZAP_SHARED_ONLY) &&
		    (page ? page->flags & PG_ANON : pte_is_swap(pte)))
			continue;
		pte_write(&slot[i], 0);
		at = va + i * PAGE_SIZE;
		if (pte_present(pte)) {
			zap->low = min(zap->low, at);
			zap->high = max(zap->high, at + (vaddr_t)PAGE_SIZE);
		}
		if (!page) {
			if (unlikely(pte_is_swap(pte))) {
				as->n_swapped--;
				swap_entry_free(pte);
			}
			continue;
		}
		if ((pte & PTE_ACCESSED) && !(page->flags & PG_ANON))
			page_touch(page);
		--*resident_counter(as, page);
		zap->pages[zap->n++] = page;
	}
	return i;
}

void zap_range(struct zap *zap, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct aspace *as = zap->as;
	vaddr_t va = start;
	unsigned tables = 0;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	as->resident_peak = max(as->resident_peak, aspace_resident(as));
	while (va < end && (slot = pgtable_next_large(&as->pgtable, &va, end, &n))) {
		zap->tables = true;
		if (likely(n)) {
			va += zap_slots(zap, slot, va, n, flags) * PAGE_SIZE;
		} else {
			zap_large(zap, va);
			va += LARGE_PAGE_SIZE;
		}
		/* Entries in swap fill no batch. */
		if (zap->n < ZAP_BATCH && zap->n_large < ZAP_LARGE && ++tables % 16)
			continue;
		if (flags & ZAP_ATOMIC) {
			zap_flush(zap);
			continue;
		}
		spin_unlock(&as->table_lock);
		zap_flush(zap);
		sched_point();
		spin_lock(&as->table_lock);
	}
	/*
	 * An entry of the range must not be filled again before it left the TLBs: faults that race
	 * with a truncation take the lock.
	 */
	if (flags & ZAP_ATOMIC)
		zap_flush(zap);
	spin_unlock(&as->table_lock);
}

void zap_finish(struct zap *zap)
{
	zap_flush(zap);
}
