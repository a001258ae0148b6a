/*
 * The reverse map of page-cache pages: from a page to the entries that map it, through the areas
 * listed in its cache. Used to take pages away (truncation, reclaim), to notice the next store
 * (write-back), and to ask whether a page is in use (reclaim).
 *
 * An area is listed before its first entry exists and until its last one is gone; its borders
 * change under mmap_lock. The walk holds mmap_lock (which keeps areas and their spaces alive) and
 * each space's table_lock in turn.
 */
#include "vm/vm_int.h"

static inline bool may_store_shared(const struct vm_area *area)
{
	return (area->flags & (AREA_SHARED | AREA_MAYWRITE)) == (AREA_SHARED | AREA_MAYWRITE);
}

void rmap_link_locked(struct vm_area *area)
{
	if (!area->cache)
		return;
	list_add_tail(&area->cache_link, &area->cache->areas);
	if (may_store_shared(area))
		area->cache->n_writable++;
}

void rmap_unlink_locked(struct vm_area *area)
{
	if (!area->cache)
		return;
	list_del(&area->cache_link);
	if (may_store_shared(area))
		area->cache->n_writable--;
}

/* The addresses at which area maps pages first … last: false if it maps none of them. */
static bool area_span(const struct vm_area *area, pgoff_t first, pgoff_t last, vaddr_t *start,
		      vaddr_t *end)
{
	pgoff_t area_last = area->index + area_pages(area) - 1;

	if (last < area->index || first > area_last)
		return false;
	*start = first > area->index ? area->start + ((first - area->index) << PAGE_SHIFT)
				     : area->start;
	*end = last < area_last ? area->start + ((last - area->index + 1) << PAGE_SHIFT)
				: area->end;
	return true;
}

void rmap_unmap(struct pagecache *cache, pgoff_t first, pgoff_t last, bool cows)
{
	struct vm_area *area;
	vaddr_t start, end;

	if (list_empty(&cache->areas))
		return;
	spin_lock(&cache->mmap_lock);
	list_for_each_entry(area, &cache->areas, cache_link) {
		struct zap zap;

		if (!area_span(area, first, last, &start, &end))
			continue;
		zap_init(&zap, area->aspace);
		zap_range(&zap, start, end, ZAP_ATOMIC | (cows ? 0 : ZAP_SHARED_ONLY));
		zap_finish(&zap);
	}
	spin_unlock(&cache->mmap_lock);
}

static void area_clean(struct vm_area *area, vaddr_t start, vaddr_t end)
{
	struct aspace *as = area->aspace;
	bool changed = false;
	vaddr_t va = start;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	while ((slot = pgtable_next(&as->pgtable, &va, end, &n))) {
		for (size_t i = 0; i < n; i++) {
			pte_t pte = pte_read(&slot[i]);

			if ((pte & (PTE_PRESENT | PTE_WRITE | PTE_SPECIAL)) !=
			    (PTE_PRESENT | PTE_WRITE))
				continue;
			pte_write(&slot[i], pte & ~(PTE_WRITE | PTE_DIRTY));
			changed = true;
		}
		va += n * PAGE_SIZE;
	}
	if (changed)
		tlb_flush_range(&as->pgtable, start, end);
	spin_unlock(&as->table_lock);
}

void rmap_clean(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	struct vm_area *area;
	vaddr_t start, end;

	if (!READ_ONCE(cache->n_writable))
		return;
	spin_lock(&cache->mmap_lock);
	list_for_each_entry(area, &cache->areas, cache_link)
		if (may_store_shared(area) && area_span(area, first, last, &start, &end))
			area_clean(area, start, end);
	spin_unlock(&cache->mmap_lock);
}

/* Whether the area, at start, has an entry for the page. */
static bool area_maps(struct vm_area *area, vaddr_t start, const struct page *page)
{
	struct aspace *as = area->aspace;
	pte_t *slot;
	bool maps;

	spin_lock(&as->table_lock);
	slot = space_slot(as, start);
	maps = slot && pte_page(pte_read(slot)) == page;
	spin_unlock(&as->table_lock);
	return maps;
}

const struct vm_area *rmap_locker(struct pagecache *cache, pgoff_t index, const struct page *page)
{
	const struct vm_area *found = NULL;
	struct vm_area *area;
	vaddr_t start, end;

	spin_lock(&cache->mmap_lock);
	list_for_each_entry(area, &cache->areas, cache_link) {
		if (!(area->flags & AREA_LOCKED) || !area_span(area, index, index, &start, &end) ||
		    !area_maps(area, start, page))
			continue;
		found = area;
		break;
	}
	spin_unlock(&cache->mmap_lock);
	return found;
}

unsigned rmap_referenced(struct page *page)
{
	struct pagecache *cache = page->cache;
	unsigned n = 0;
	struct vm_area *area;
	vaddr_t start, end;

	spin_lock(&cache->mmap_lock);
	list_for_each_entry(area, &cache->areas, cache_link) {
		struct aspace *as = area->aspace;
		pte_t *slot, pte;

		if (!area_span(area, page->index, page->index, &start, &end))
			continue;
		spin_lock(&as->table_lock);
		slot = space_slot(as, start);
		pte = slot ? pte_read(slot) : 0;
		if (pte_page(pte) == page) {
			if (area->flags & AREA_LOCKED)
				n = ~0u;
			else if ((pte & PTE_ACCESSED) && n != ~0u)
				n++;
			if (pte & PTE_ACCESSED)
				__atomic_fetch_and(slot, ~PTE_ACCESSED, __ATOMIC_RELAXED);
		}
		spin_unlock(&as->table_lock);
	}
	spin_unlock(&cache->mmap_lock);
	return n;
}
