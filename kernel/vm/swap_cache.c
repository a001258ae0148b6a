/*
 * The swap cache: pages of slots, in the page cache of their area. It is where a page stands while
 * it is written out, where the sharers of a slot find one page, and where pages read ahead wait.
 *
 * A slot's mark (SWAP_CACHED) is set before the page enters the tree and goes with it under the
 * tree's lock, so two readers of a slot never make two pages. Reading brings the neighbours of the
 * same aligned run that are in use: they left together, so they are likely to be wanted together.
 * As long as that proves true the run grows, up to SWAP_READ_AROUND.
 */
#include "vm/swap_int.h"

#include "arch/cpu.h"
#include "sched/thread.h"

static inline struct swap_area *page_area(struct page *page)
{
	return container_of(page->cache, struct swap_area, cache);
}

static void slot_unmark(struct swap_area *area, u64 slot)
{
	u64 irq = spin_lock_irq(&area->cache.lock);

	swap_slot_uncached_locked(area, slot);
	spin_unlock_irq(&area->cache.lock, irq);
}

int swap_cache_add(pte_t entry, struct page *page)
{
	struct swap_area *area = swap_area_of(entry);
	int err;

	page_get(page);
	page_reset(page, PG_DIRTY | PG_ERROR | PG_REFERENCED | PG_WORKING);
	page_set(page, PG_SWAPCACHE);
	err = cache_insert(&area->cache, swap_entry_slot(entry), page);
	if (err) {
		page_reset(page, PG_SWAPCACHE);
		slot_unmark(area, swap_entry_slot(entry));
		page_put(page);
		return err;
	}
	page_dirty(page);
	return 0;
}

void swap_cache_remove(struct page *page)
{
	struct pagecache *cache = page->cache;

	cache_remove(cache, page);
	page_reset(page, PG_SWAPCACHE | PG_ERROR);
}

/* Whether nobody needs the page any more. Page locked. */
static bool page_unused(struct page *page)
{
	return page_test(page, PG_SWAPCACHE) && !page_mapped(page) &&
	       !page_test(page, PG_WRITEBACK) && !swap_slot_count(page_area(page), page->index);
}

void swap_cache_release(struct page *page)
{
	if (page_mapped(page) || !page_try_lock(page))
		return;
	if (page_unused(page))
		swap_cache_remove(page);
	page_unlock(page);
}

bool swap_cache_take(struct page *page, u32 refs)
{
	bool mine = false;

	if (!page_try_lock(page))
		return false;
	if (page_test(page, PG_SWAPCACHE) && !page_test(page, PG_WRITEBACK) &&
	    __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == refs + 1 &&
	    !swap_slot_count(page_area(page), page->index)) {
		swap_cache_remove(page);
		mine = true;
	}
	page_unlock(page);
	return mine;
}

/* ---- Reading ---- */

/* Marks a slot that is in use and has no page: 0, -EEXIST (it has), -ENOENT (it is free). */
static int slot_mark(struct swap_area *area, u64 slot)
{
	u64 irq = spin_lock_irq(&area->cache.lock);
	u16 state = area->map[slot];
	int err = 0;

	if (!(state & SWAP_COUNT) || state == SWAP_BAD)
		err = -ENOENT;
	else if (state & SWAP_CACHED)
		err = -EEXIST;
	else
		area->map[slot] |= SWAP_CACHED;
	spin_unlock_irq(&area->cache.lock, irq);
	return err;
}

/* Adds a locked page for a slot, to be read: 0, -EEXIST, -ENOENT, -ENOMEM. */
static int slot_prepare(struct swap_area *area, u64 slot, unsigned flags, struct page **out)
{
	struct page *page;
	int err;

	if (slot >= area->source.n_slots || !(READ_ONCE(area->map[slot]) & SWAP_COUNT))
		return -ENOENT;
	if (READ_ONCE(area->map[slot]) & SWAP_CACHED)
		return -EEXIST;
	page = page_alloc(MM_WAIT | MM_MOVABLE | flags);
	if (!page)
		return -ENOMEM;
	err = slot_mark(area, slot);
	if (err) {
		page_put(page);
		return err;
	}
	page->flags |= PG_LOCKED | PG_ANON | PG_SWAPCACHE;
	page_get(page);
	err = cache_insert(&area->cache, slot, page);
	if (err) {
		slot_unmark(area, slot);
		page->flags = 0;
		page_put(page);
		page_put(page);
		return err;
	}
	lru_add(page);
	*out = page;
	return 0;
}

/* Reads n locked pages of consecutive slots, and drops the references. */
static void slots_read(struct swap_area *area, struct page **pages, unsigned n)
{
	if (!n)
		return;
	vm_count(VM_SWAPPED_IN, n);
	area->cache.ops->read(&area->cache, pages, n);
	for (unsigned i = 0; i < n; i++)
		page_put(pages[i]);
}

/*
 * How many slots to read together: more while what was read ahead is used, or slots are read one
 * after the other; fewer while it is not.
 */
static unsigned window_next(struct swap_area *area, u64 slot)
{
	unsigned window = max(READ_ONCE(area->window), 1u), hits = READ_ONCE(area->hits);
	u64 last = READ_ONCE(area->last_read);

	if (hits >= window / 2 && hits)
		window = min(2 * window, (unsigned)SWAP_READ_AROUND);
	else if (slot == last + 1 || slot + 1 == last)
		window = max(window, 2u);
	else
		window = max(window / 2, 1u);
	WRITE_ONCE(area->hits, 0);
	WRITE_ONCE(area->last_read, slot);
	WRITE_ONCE(area->window, window);
	return window;
}

/*
 * Begins to read a slot and its neighbours: 0, or why not this slot. What the neighbours lack in
 * memory is not pressed for.
 */
static int read_around(struct swap_area *area, u64 slot)
{
	struct page *run[SWAP_READ_AROUND], *mine;
	int err = slot_prepare(area, slot, MM_USER, &mine);
	unsigned n = 0, window;
	u64 first;

	if (err)
		return err;
	window = window_next(area, slot);
	if (window == 1 || mm_free_frames() < mm_mark_min()) {
		slots_read(area, &mine, 1);
		return 0;
	}
	first = align_down(slot, (u64)window);
	for (u64 at = first; at < first + window; at++) {
		struct page *page = mine;

		if (at == slot || !slot_prepare(area, at, MM_NORETRY, &page)) {
			if (at != slot)
				page_set(page, PG_READAHEAD);
			run[n++] = page;
			continue;
		}
		slots_read(area, run, n);
		n = 0;
	}
	slots_read(area, run, n);
	return 0;
}

int swap_cache_get(pte_t entry, struct page **out, bool *major)
{
	struct swap_area *area = swap_area_get(entry);
	u64 slot = swap_entry_slot(entry);
	int err = 0;

	if (!area)
		return -ENOENT;
	while (!(*out = pagecache_find(&area->cache, slot))) {
		err = read_around(area, slot);
		if (!err)
			*major = true;
		else if (err != -ABI_EEXIST)
			break;
		else
			sched_point();
		err = 0;
	}
	swap_area_put(area);
	return err;
}
