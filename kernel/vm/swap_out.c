/*
 * Pages on their way to swap. The reclaim thread goes round the address spaces and, in each, on
 * from where it stopped: a page whose entry was used since the last look gets another round (the
 * accessed bit is taken away), the others leave, a batch at a time:
 *
 * 	collect   under table_lock: unused pages and their addresses, a reference to each
 * 	prepare   lock each page and give it a place in the swap cache, dirty; what cannot be locked
 * 	          or has other users stays
 * 	unmap     under table_lock again: entries that are still the same become swap entries; flush
 * 	finish    pages that stayed after all leave the swap cache; the others are unlocked
 *
 * and then everything dirty in the swap cache is written, neighbours together. The space's lock is
 * held for reading all the while, but only if it could be had at once.
 *
 * Whoever reaches a page other than through entries and the swap cache (a copy in progress, a pipe)
 * has a reference: such pages stay, since what is stored into them now would be lost.
 *
 * Pages under write wait in `ring`; when the write has ended they are freed in the order in which
 * they left. Shared memory has its own list (lru.c) and leaves through its reverse map.
 */
#include "vm/large_int.h"
#include "vm/swap_int.h"

#include "core/log.h"
#include "sched/thread.h"

#define BATCH 32
#define RING 256
#define SCAN_MAX 4096 /* entries looked at under one hold of the lock of a space */

/* Only the reclaim thread uses it. */
static struct {
	struct page *page[RING];
	unsigned first, n;
} ring;

struct batch {
	struct vm_area *area;
	unsigned n;
	bool by_ring;            /* else the pages wait on reclaim's lists */
	vaddr_t va[BATCH];
	struct page *page[BATCH];
	bool gone[BATCH];        /* its entry names the slot now */
};

/* ---- One batch ---- */

/* Locks the page and sees that it is in the swap cache: whether it may go. */
static bool page_prepare(struct page *page)
{
	pte_t entry;

	/* Ours, one of each entry, the swap cache's. */
	if (READ_ONCE(page->refs) > (u32)page->map_count + 2 || !page_try_lock(page))
		return false;
	if (page_test(page, PG_SWAPCACHE)) {
		if (!page_test(page, PG_WRITEBACK))
			return true;
	} else {
		entry = swap_slot_alloc();
		if (entry && !swap_cache_add(entry, page))
			return true;
	}
	page_unlock(page);
	return false;
}

static inline pte_t page_entry(struct page *page)
{
	struct swap_area *area = container_of(page->cache, struct swap_area, cache);

	return swap_entry_make(area->type, page->index);
}

/* Replaces the entry of page i by its slot's: whether it did. table_lock held. */
static bool unmap_one(struct batch *b, unsigned i)
{
	struct aspace *as = b->area->aspace;
	pte_t *slot = space_slot(as, b->va[i]), pte = slot ? pte_read(slot) : 0;
	struct page *page = b->page[i];

	if (pte_page(pte) != page)
		return false;
	if (__atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) != (u32)page->map_count + 2)
		return false;
	if (swap_entry_dup(page_entry(page)))
		return false;
	pte_write(slot, page_entry(page));
	as->n_resident_anon--;
	as->n_swapped++;
	return true;
}

static void batch_unmap(struct batch *b)
{
	struct aspace *as = b->area->aspace;
	vaddr_t low = ~0ull, high = 0;

	spin_lock(&as->table_lock);
	as->resident_peak = max(as->resident_peak, aspace_resident(as));
	for (unsigned i = 0; i < b->n; i++) {
		b->gone[i] = unmap_one(b, i);
		if (!b->gone[i])
			continue;
		low = min(low, b->va[i]);
		high = max(high, b->va[i] + (vaddr_t)PAGE_SIZE);
	}
	if (low < high && READ_ONCE(as->pgtable.cpus[0]))
		tlb_flush_range(&as->pgtable, low, high);
	spin_unlock(&as->table_lock);
}

/* Makes room for a batch. No page is locked. */
static void ring_prepare(void)
{
	if (ring.n + BATCH <= RING)
		return;
	swap_flush();
	(void)swap_reap(true);
}

static void ring_put(struct page *page)
{
	ring.page[(ring.first + ring.n++) % RING] = page;
}

/* A page without its entry: freed once it is written, if nobody else maps it. */
static void page_gone(struct batch *b, struct page *page)
{
	page_map_dec(page);
	page_put(page);
	page_unlock(page);
	if (page_mapped(page)) {
		page_put(page);
	} else if (b->by_ring) {
		ring_put(page);
	} else {
		lru_add(page);
		page_put(page);
	}
}

/*
 * A page that keeps its entry. One that nothing names may not stay in the swap cache: rules there.
 */
static void page_stays(struct page *page)
{
	struct swap_area *area = container_of(page->cache, struct swap_area, cache);

	if (!swap_slot_count(area, page->index))
		swap_cache_remove(page);
	page_unlock(page);
	page_put(page);
}

/* Sends the collected pages out: how many went. as->lock held for reading. */
static unsigned batch_send(struct batch *b)
{
	unsigned n = 0, sent = 0;

	for (unsigned i = 0; i < b->n; i++) {
		if (!page_prepare(b->page[i])) {
			page_put(b->page[i]);
			continue;
		}
		b->page[n] = b->page[i];
		b->va[n++] = b->va[i];
	}
	b->n = n;
	if (n)
		batch_unmap(b);
	for (unsigned i = 0; i < n; i++) {
		if (b->gone[i]) {
			page_gone(b, b->page[i]);
			sent++;
		} else {
			page_stays(b->page[i]);
		}
	}
	b->n = 0;
	return sent;
}

/*
 * Collects unused pages of a leaf table's n slots: how many slots were looked at. `idle`: used
 * ones, too. *used: some lost the mark of use.
 */
static size_t collect(struct batch *b, pte_t *slot, vaddr_t va, size_t n, bool idle, bool *used)
{
	size_t i;

	for (i = 0; i < n && b->n < BATCH; i++) {
		pte_t pte = pte_read(&slot[i]);
		struct page *page = pte_page(pte);

		if (!page || !(page->flags & PG_ANON))
			continue;
		if ((pte & PTE_ACCESSED) && !idle) {
			__atomic_fetch_and(&slot[i], ~PTE_ACCESSED, __ATOMIC_RELAXED);
			*used = true;
			continue;
		}
		if (!page_try_get(page))
			continue;
		b->va[b->n] = va + i * PAGE_SIZE;
		b->page[b->n++] = page;
	}
	return i;
}

/*
 * The next leaf entries of [*va, end), n of them. Large entries that were used since the last look
 * lose the mark of it and are passed over, unless `idle`; others are split.
 */
static pte_t *next_unused(struct aspace *as, vaddr_t *va, vaddr_t end, size_t *n, bool idle,
			  bool *used)
{
	pte_t *slot;

	while ((slot = pgtable_next_large(&as->pgtable, va, end, n)) && !*n) {
		if (idle || !(pte_read(slot) & PTE_ACCESSED))
			return pgtable_next(&as->pgtable, va, end, n);
		__atomic_fetch_and(slot, ~PTE_ACCESSED, __ATOMIC_RELAXED);
		*used = true;
		*va += LARGE_PAGE_SIZE;
	}
	return slot;
}

/*
 * Sends out up to `want` pages of the area's [*va, end): how many; *va moves past what was looked
 * at, *scan goes down by it. as->lock held for reading.
 */
static u64 area_send(struct batch *b, vaddr_t *va, vaddr_t end, u64 want, u64 *scan, bool idle)
{
	struct aspace *as = b->area->aspace;
	u64 sent = 0;

	while (*va < end && sent < want && *scan) {
		vaddr_t from = *va;
		bool used = false;
		pte_t *slot;
		size_t n;

		if (b->by_ring)
			ring_prepare();
		spin_lock(&as->table_lock);
		while (b->n < BATCH && *va < end &&
		       (slot = next_unused(as, va, end, &n, idle, &used))) {
			size_t looked = collect(b, slot, *va, n, idle, &used);

			*va += looked * PAGE_SIZE;
			*scan -= min(*scan, (u64)looked);
			if (!*scan)
				break;
		}
		if (b->n < BATCH && *scan)
			*va = end;
		/* So that the next use is seen. */
		if (used && READ_ONCE(as->pgtable.cpus[0]))
			tlb_flush_range(&as->pgtable, from, *va);
		spin_unlock(&as->table_lock);
		vm_count(VM_SCANNED, b->n);
		sent += batch_send(b);
		sched_point();
	}
	return sent;
}

/* ---- Spaces ---- */

static inline bool area_may_leave(const struct vm_area *area)
{
	return !(area->flags & (AREA_LOCKED | AREA_DEVICE | AREA_SPECIAL | AREA_SHARED)) &&
	       (!area->cache || (area->flags & AREA_COWED));
}

/*
 * Goes on in the space from where it stopped, under one hold of its lock: pages sent. *end: it came
 * to the end, or nothing is to be had.
 */
static u64 space_send_some(struct aspace *as, u64 want, bool *end)
{
	struct batch b = { .by_ring = true };
	u64 sent = 0, scan = SCAN_MAX;
	struct vm_area *area;
	vaddr_t va;

	*end = true;
	if (READ_ONCE(as->dying) || !READ_ONCE(as->n_resident_anon) || !rwsem_try_read(&as->lock))
		return 0;
	va = as->swap_hand;
	area = area_find(as, va);
	while (area && sent < want && scan) {
		va = max(va, area->start);
		b.area = area;
		if (area_may_leave(area))
			sent += area_send(&b, &va, area->end, want - sent, &scan, false);
		else
			va = area->end;
		if (va >= area->end)
			area = area_next(area);
	}
	as->swap_hand = area ? va : 0;
	*end = !area;
	rwsem_read_end(&as->lock);
	return sent;
}

static u64 space_send(struct aspace *as, u64 want)
{
	bool end = false;
	u64 sent = 0;

	while (sent < want && !end) {
		sent += space_send_some(as, want - sent, &end);
		sched_point();
	}
	return sent;
}

void swap_out_range(struct vm_area *area, vaddr_t start, vaddr_t end)
{
	struct batch b = { .area = area };
	u64 scan = ~0ull;

	if (area_may_leave(area) && swap_slots_free())
		(void)area_send(&b, &start, end, ~0ull, &scan, true);
}

/* ---- Shared memory ---- */

/* Whether a page isolated from the list of shared memory has left; else it goes back. */
static bool shmem_send(struct page *page)
{
	struct pagecache *cache;
	bool sent = false;

	if (!page_try_lock(page)) {
		lru_putback(page, false);
		return false;
	}
	cache = page->cache;
	if (cache && (page->flags & PG_SHMEM) && !(READ_ONCE(cache->flags) & PAGECACHE_LOCKED) &&
	    !page_test_reset(page, PG_REFERENCED) &&
	    !(page_mapped(page) && rmap_referenced(page))) {
		if (page_mapped(page))
			rmap_unmap(cache, page->index, page->index, false);
		sent = !page_mapped(page) && swap_shmem_out(page);
	}
	page_unlock(page);
	if (sent)
		ring_put(page);
	else
		lru_putback(page, false);
	return sent;
}

static u64 shmem_send_some(u64 want)
{
	u64 scan = 2 * lru_count_shmem(), sent = 0;
	struct page *pages[BATCH];

	scan = min(scan, (u64)SCAN_MAX);
	while (sent < want && scan) {
		unsigned n;

		ring_prepare();
		n = lru_isolate_shmem(pages, (unsigned)min(scan, (u64)BATCH));
		if (!n)
			break;
		scan -= n;
		vm_count(VM_SCANNED, n);
		for (unsigned i = 0; i < n; i++)
			sent += shmem_send(pages[i]);
		sched_point();
	}
	return sent;
}

/* ---- All of it ---- */

void swap_flush(void)
{
	for (unsigned type = 0; type < SWAP_AREAS_MAX; type++) {
		struct swap_area *area = swap_area_get_type(type);

		if (!area)
			continue;
		(void)pagecache_write_some(&area->cache, ~0ull);
		if (pagecache_take_error(&area->cache))
			log_err("swap: %s: write error: the pages stay in memory",
				area->source.name);
		swap_area_put(area);
	}
}

u64 swap_out(u64 want)
{
	u64 anon = vm_counter_sum(VM_ANON), shmem = lru_count_shmem(), sent = 0;
	/*
	 * What is in use now is unused in the second round, unless it is used again; and the round
	 * begins where the last one stopped, so what comes before needs a third.
	 */
	unsigned visits = 3 * spaces_count();

	if (!swap_slots_free())
		return 0;
	if (shmem)
		sent = shmem_send_some(max(want * shmem / (anon + shmem), (u64)1));
	while (anon && sent < want && visits--) {
		struct aspace *as = space_next();

		if (!as)
			break;
		sent += space_send(as, want - sent);
		aspace_put(as);
		if (!swap_slots_free())
			break;
	}
	swap_flush();
	return sent;
}

bool swap_busy(void)
{
	return READ_ONCE(ring.n) != 0;
}

/* Frees the page if it is only the swap cache's; our reference is used up. */
static bool ring_free(struct page *page)
{
	struct pagecache *cache;

	if (page_try_lock(page)) {
		cache = page->cache;
		if (cache && page_test(page, PG_SWAPCACHE) && !page_mapped(page) &&
		    cache_evict(cache, page))
			return true;
		page_unlock(page);
	}
	if (page_test(page, PG_SWAPCACHE))
		lru_add(page);
	page_put(page);
	return false;
}

u64 swap_reap(bool wait)
{
	u64 freed = 0;

	while (ring.n) {
		struct page *page = ring.page[ring.first];

		if (page_test(page, PG_WRITEBACK | PG_DIRTY)) {
			if (!wait)
				break;
			if (page_test(page, PG_DIRTY))
				swap_flush();
			page_wait_writeback(page);
		}
		/* Some room is enough. */
		wait = wait && ring.n > RING / 2;
		ring.first = (ring.first + 1) % RING;
		WRITE_ONCE(ring.n, ring.n - 1);
		freed += ring_free(page);
	}
	return freed;
}
