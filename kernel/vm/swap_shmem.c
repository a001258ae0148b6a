/*
 * Shared memory and tmpfs in swap. A cache with nothing behind it keeps a second tree, `swapped`,
 * of the places whose page is in swap: the entry, with SWAPPED_PRIVATE for a page that had
 * PG_PRIVATE (tmpfs has charged it). A place is in one of the two trees at most; both change under
 * cache->lock, so finding a page in memory costs nothing more than before.
 *
 * Out: the page itself moves from its cache to the swap cache, while its count of references is
 * frozen at zero so that no finder gets hold of it on the way. In: a copy of what the swap cache
 * has goes to the place, and the entry is freed.
 */
#include "vm/swap_int.h"

#include "lib/string.h"
#include "sched/thread.h"

#define SWAPPED_PRIVATE 1ull /* in an item of the tree; entries leave their low bits free */
#define DROP_BATCH 32

/* l: lock. Caches that have had pages in swap. */
static struct {
	struct spinlock lock;
	struct list caches; /* l */
} shmem_list = {
	.lock = SPINLOCK_INIT(RANK_LRU, "swapped-caches"),
	.caches = LIST_INIT(shmem_list.caches),
};

static inline void *item_of(pte_t entry, bool private)
{
	return (void *)(entry | (private ? SWAPPED_PRIVATE : 0));
}
static inline pte_t item_entry(const void *item) { return (u64)item & ~SWAPPED_PRIVATE; }
static inline bool item_private(const void *item) { return (u64)item & SWAPPED_PRIVATE; }

/* ---- Out ---- */

static void cache_enlist(struct pagecache *cache)
{
	if (!list_empty(&cache->swap_link))
		return;
	spin_lock(&shmem_list.lock);
	if (list_empty(&cache->swap_link))
		list_add_tail(&cache->swap_link, &shmem_list.caches);
	spin_unlock(&shmem_list.lock);
}

/* Enters the page in the swap cache's tree, one entry named: 0 or -ENOMEM. Nobody looks yet. */
static int slot_enter(struct swap_area *area, u64 slot, struct page *page)
{
	u64 irq = spin_lock_irq(&area->cache.lock);
	int err = radix_insert(&area->cache.pages, slot, page, NULL);

	if (err) {
		swap_slot_uncached_locked(area, slot);
	} else {
		area->map[slot]++;
		area->cache.n_pages++;
	}
	spin_unlock_irq(&area->cache.lock, irq);
	return err;
}

static void slot_leave(struct swap_area *area, u64 slot)
{
	u64 irq = spin_lock_irq(&area->cache.lock);

	radix_delete(&area->cache.pages, slot);
	area->cache.n_pages--;
	area->map[slot]--;
	swap_slot_uncached_locked(area, slot);
	spin_unlock_irq(&area->cache.lock, irq);
}

/* Exchanges the page in its cache for the entry: whether nobody else held it. */
static bool exchange(struct page *page, struct swap_area *area, pte_t entry)
{
	struct pagecache *cache = page->cache;
	pgoff_t index = page->index;
	void *item = item_of(entry, page_test(page, PG_PRIVATE));
	u32 mine_and_caches = 2;
	u64 irq = spin_lock_irq(&cache->lock);

	if (!__atomic_compare_exchange_n(&page->refs, &mine_and_caches, 0, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		spin_unlock_irq(&cache->lock, irq);
		return false;
	}
	if (radix_insert(&cache->swapped, index, item, NULL)) {
		__atomic_store_n(&page->refs, 2, __ATOMIC_RELEASE);
		spin_unlock_irq(&cache->lock, irq);
		return false;
	}
	/* In this order: who looks without the lock sees the page in one place at least. */
	store_release(&cache->n_swapped, cache->n_swapped + 1);
	radix_delete(&cache->pages, index);
	cache->n_pages--;
	page->cache = &area->cache;
	page->index = swap_entry_slot(entry);
	page_reset(page, PG_SHMEM | PG_PRIVATE | PG_DIRTY | PG_ERROR | PG_WORKING);
	page_set(page, PG_ANON | PG_SWAPCACHE);
	__atomic_store_n(&page->refs, 2, __ATOMIC_RELEASE);
	spin_unlock_irq(&cache->lock, irq);
	return true;
}

bool swap_shmem_out(struct page *page)
{
	struct pagecache *cache = page->cache;
	struct swap_area *area;
	pte_t entry;

	entry = swap_slot_alloc();
	if (!entry)
		return false;
	area = swap_area_of(entry);
	cache_enlist(cache);
	if (slot_enter(area, swap_entry_slot(entry), page))
		return false;
	if (!exchange(page, area, entry)) {
		slot_leave(area, swap_entry_slot(entry));
		return false;
	}
	vm_count(VM_CACHED, -1);
	vm_count(VM_SHMEM, -1);
	vm_count(VM_SWAP_CACHED, 1);
	page_dirty(page);
	return true;
}

/* ---- In ---- */

static void *item_find(struct pagecache *cache, pgoff_t index)
{
	u64 irq = spin_lock_irq(&cache->lock);
	void *item = radix_lookup(&cache->swapped, index);

	spin_unlock_irq(&cache->lock, irq);
	return item;
}

bool pagecache_exists(struct pagecache *cache, pgoff_t index)
{
	u64 irq = spin_lock_irq(&cache->lock);
	bool there = radix_lookup(&cache->pages, index) || radix_lookup(&cache->swapped, index);

	spin_unlock_irq(&cache->lock, irq);
	return there;
}

/* A copy of what the slot holds: 0, -ENOENT, -EIO, -ENOMEM. */
static int copy_in_slot(pte_t entry, unsigned mm_flags, struct page **out)
{
	struct page *source, *copy;
	bool major = false;
	int err = swap_cache_get(entry, &source, &major);

	if (err)
		return err;
	/* Before the lock is taken: reclaim may want it to make room. */
	copy = page_alloc(mm_flags);
	page_lock(source);
	err = !page_test(source, PG_UPTODATE) ? -EIO : copy ? 0 : -ENOMEM;
	if (!err)
		page_copy(page_to_virt(copy), page_to_virt(source));
	page_unlock(source);
	page_put(source);
	if (err && copy)
		page_put(copy);
	*out = copy;
	return err;
}

/* Puts the copy in the place of the item: 0, -EEXIST (it is gone), -ENOMEM. */
static int replace_item(struct pagecache *cache, pgoff_t index, void *item, struct page *page)
{
	struct radix_pool pool = { 0 };
	int err = radix_pool_fill(&pool, &radix_wait_ops, RADIX_MAX_NODES);
	u64 irq;

	if (!err) {
		irq = spin_lock_irq(&cache->lock);
		page->cache = cache;
		page->index = index;
		err = radix_lookup(&cache->swapped, index) == item
			      ? radix_insert(&cache->pages, index, page, &pool)
			      : -EEXIST;
		if (!err) {
			radix_delete(&cache->swapped, index);
			cache->n_swapped--;
			cache->n_pages++;
		}
		spin_unlock_irq(&cache->lock, irq);
	}
	if (err)
		page->cache = NULL;
	radix_pool_drain(&pool, &radix_wait_ops);
	return err;
}

int cache_swap_in(struct pagecache *cache, pgoff_t index, unsigned mm_flags, bool keep_locked,
		  struct page **out)
{
	void *item = item_find(cache, index);
	struct page *page;
	int err;

	if (!item)
		return -ENOENT;
	err = copy_in_slot(item_entry(item), mm_flags, &page);
	if (err)
		return err == -ABI_ENOENT ? -EEXIST : err;
	page->flags |= PG_UPTODATE | PG_SHMEM | PG_REFERENCED | (keep_locked ? PG_LOCKED : 0) |
		       (item_private(item) ? PG_PRIVATE : 0);
	page_get(page);
	err = replace_item(cache, index, item, page);
	if (err) {
		page->flags = 0;
		page_put(page);
		page_put(page);
		return err;
	}
	vm_count(VM_CACHED, 1);
	vm_count(VM_SHMEM, 1);
	lru_add(page);
	swap_entry_free(item_entry(item));
	if (out)
		*out = page;
	else
		page_put(page);
	return 0;
}

/* ---- Away ---- */

/* Takes up to n items of the range out of the tree: how many. */
static unsigned take_items(struct pagecache *cache, pgoff_t *first, pgoff_t last, void **items,
			   unsigned n)
{
	u64 index[DROP_BATCH], irq = spin_lock_irq(&cache->lock);
	unsigned found = radix_gang_lookup(&cache->swapped, *first, items, index, n), got = 0;

	while (got < found && index[got] <= last)
		radix_delete(&cache->swapped, index[got++]);
	cache->n_swapped -= got;
	if (got)
		*first = index[got - 1] + 1;
	spin_unlock_irq(&cache->lock, irq);
	return got;
}

void cache_drop_swapped(struct pagecache *cache, pgoff_t first, pgoff_t last)
{
	void *items[DROP_BATCH];
	unsigned n;

	if (!READ_ONCE(cache->n_swapped))
		return;
	while ((n = take_items(cache, &first, last, items, DROP_BATCH))) {
		for (unsigned i = 0; i < n; i++) {
			if (item_private(items[i]))
				cache->ops->release_swapped(cache);
			swap_entry_free(item_entry(items[i]));
		}
		if (!first || first > last)
			break;
		sched_point();
	}
}

void cache_unlist_swapped(struct pagecache *cache)
{
	if (list_empty(&cache->swap_link))
		return;
	spin_lock(&shmem_list.lock);
	list_del_init(&cache->swap_link);
	spin_unlock(&shmem_list.lock);
}

/* ---- The end of an area ---- */

/* The next listed cache that has pages in swap, with its owner held; it goes to the list's end. */
static struct pagecache *cache_next(unsigned *left)
{
	struct pagecache *found = NULL;

	spin_lock(&shmem_list.lock);
	while (!found && *left && !list_empty(&shmem_list.caches)) {
		struct pagecache *cache =
			list_first_entry(&shmem_list.caches, struct pagecache, swap_link);

		--*left;
		list_move_tail(&cache->swap_link, &shmem_list.caches);
		if (READ_ONCE(cache->n_swapped) && cache->try_hold(cache))
			found = cache;
	}
	spin_unlock(&shmem_list.lock);
	return found;
}

/* The first item at or after *first that lies in the area: false if there is none. */
static bool item_in_area(struct pagecache *cache, unsigned type, pgoff_t *first)
{
	void *items[DROP_BATCH];
	u64 index[DROP_BATCH];
	bool found = false;
	unsigned n;

	do {
		u64 irq = spin_lock_irq(&cache->lock);

		n = radix_gang_lookup(&cache->swapped, *first, items, index, DROP_BATCH);
		spin_unlock_irq(&cache->lock, irq);
		for (unsigned i = 0; i < n && !found; i++) {
			*first = index[i];
			found = swap_entry_type(item_entry(items[i])) == type;
		}
		if (!found && n)
			++*first;
	} while (!found && n);
	return found;
}

int swap_shmem_recall(unsigned type)
{
	struct pagecache *cache;
	unsigned left = 0;
	int err = 0;

	spin_lock(&shmem_list.lock);
	list_for_each_entry(cache, &shmem_list.caches, swap_link)
		left++;
	spin_unlock(&shmem_list.lock);
	while (!err && (cache = cache_next(&left))) {
		pgoff_t index = 0;

		while (!err && item_in_area(cache, type, &index)) {
			struct page *page;

			err = pagecache_get(cache, index, index, &page);
			if (!err)
				page_put(page);
			if (thread_signal_pending())
				err = -EINTR;
			sched_point();
		}
		cache->unhold(cache);
	}
	return err;
}
