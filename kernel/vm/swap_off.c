/*
 * The end of a swap area: everything that it holds comes back into memory. The area gives out
 * nothing more; then each address space is walked and every entry of the area is faulted in as a
 * read of it would, shared memory is brought back place by place, and what is left in the swap
 * cache is taken out. Spaces that exit meanwhile free their entries themselves, so this is done
 * again until the area is empty.
 */
#include "vm/swap_int.h"

#include "core/clock.h"
#include "sched/thread.h"
#include "sched/wait.h"

static u64 last_pass; /* a */

/* The next address from *va on whose entry is of the area: false if there is none. */
static bool entry_find(struct aspace *as, unsigned type, vaddr_t *va)
{
	bool found = false;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	while (!found && *va < USER_TOP &&
	       (slot = pgtable_next_large(&as->pgtable, va, USER_TOP, &n))) {
		/* Nothing of a large page is in swap. */
		if (!n)
			*va += LARGE_PAGE_SIZE;
		for (size_t i = 0; i < n && !found; i++) {
			pte_t pte = pte_read(&slot[i]);

			found = pte_is_swap(pte) && swap_entry_type(pte) == type;
			if (!found)
				*va += PAGE_SIZE;
		}
	}
	spin_unlock(&as->table_lock);
	return found;
}

static int space_recall(struct aspace *as, unsigned type)
{
	vaddr_t va = 0;
	int err = 0;

	while (!err && READ_ONCE(as->n_swapped) && entry_find(as, type, &va)) {
		err = fault_resolve(as, va, FAULT_FORCE);
		/* The area or the space went away meanwhile. */
		if (err == -ABI_EFAULT || err == -ABI_EACCES) {
			va += PAGE_SIZE;
			err = 0;
		}
		if (thread_signal_pending())
			err = -EINTR;
		sched_point();
	}
	return err;
}

static int spaces_recall(unsigned type)
{
	u64 pass = __atomic_add_fetch(&last_pass, 1, __ATOMIC_RELAXED);
	struct aspace *as;
	int err = 0;

	while (!err && (as = space_next_of_pass(pass))) {
		if (aspace_try_get_user(as)) {
			err = space_recall(as, type);
			aspace_put_user(as);
		}
		aspace_put(as);
	}
	return err;
}

/* Takes pages that no entry names out of the swap cache, be they mapped or not. */
static void cache_empty(struct swap_area *area)
{
	for (u64 slot = 1; slot < area->source.n_slots && READ_ONCE(area->n_used); slot++) {
		struct page *page;

		if (READ_ONCE(area->map[slot]) != SWAP_CACHED)
			continue;
		page = pagecache_find(&area->cache, slot);
		if (!page)
			continue;
		page_lock(page);
		page_wait_writeback(page);
		if (page_test(page, PG_SWAPCACHE) && page->cache == &area->cache &&
		    !swap_slot_count(area, page->index))
			swap_cache_remove(page);
		page_unlock(page);
		page_put(page);
		sched_point();
	}
}

/* Whether what the area holds has a place elsewhere, as far as one can tell. */
static bool has_room(struct swap_area *area)
{
	struct pagecache_stats cache;
	u64 file;

	pagecache_stats(&cache);
	file = cache.pages - min(cache.pages, cache.shmem);
	return READ_ONCE(area->n_used) <
	       mm_free_frames() + swap_slots_free() + file + cache.swap_cached;
}

int swap_area_remove(struct swap_area *area)
{
	struct wait_queue idle = WAIT_QUEUE_INIT(idle);
	int err = 0;

	swap_area_close(area, true);
	if (!has_room(area))
		err = -ENOMEM;
	while (!err && READ_ONCE(area->n_used)) {
		swap_flush();
		err = spaces_recall(area->type);
		if (!err)
			err = swap_shmem_recall(area->type);
		if (err)
			break;
		cache_empty(area);
		/* What is left is being freed by others. */
		if (READ_ONCE(area->n_used))
			err = wait_interruptible_timeout(&idle, false,
							 clock_monotonic() + 5 * NSEC_PER_MSEC);
		err = err == -ABI_ERESTARTSYS ? -EINTR : 0;
	}
	if (err) {
		swap_area_close(area, false);
		return err == -ABI_ERESTARTSYS ? -EINTR : err;
	}
	swap_area_forget(area);
	return 0;
}
