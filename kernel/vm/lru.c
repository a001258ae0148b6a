/*
 * Reclaim's lists of page-cache pages. A new page enters the inactive list at its head; reclaim
 * looks at the tail. What was used again since the last look gets another round, what was used in
 * two rounds (or through a mapping) becomes active. Active pages that nobody uses go back when the
 * inactive list has become the shorter one.
 *
 * Pages that nothing but swap stands behind (tmpfs, shared memory) have a list of their own, in the
 * order in which reclaim last looked. Anonymous pages are on no list, unless they are in the swap
 * cache. Using a page sets PG_REFERENCED and touches no list.
 *
 * A page is on a list (PG_LRU) only while it is in a cache: whoever takes it out clears page->cache
 * first and comes here after, and an isolated page is put back only if page->cache is still set,
 * both under the list's lock.
 */
#include "vm/vm_int.h"

#define BALANCE_BATCH 64

/* l: lock. */
static struct {
	struct spinlock lock;
	struct list active, inactive, shmem; /* l: youngest first */
	u64 n_active, n_inactive, n_shmem; /* l */
} lru = {
	.lock = SPINLOCK_INIT(RANK_LRU, "lru"),
	.active = LIST_INIT(lru.active),
	.inactive = LIST_INIT(lru.inactive),
	.shmem = LIST_INIT(lru.shmem),
};

static inline void list_in(struct page *page, bool active)
{
	if (page->flags & PG_SHMEM) {
		list_add(&page->lru, &lru.shmem);
		lru.n_shmem++;
		page_set(page, PG_LRU);
		return;
	}
	list_add(&page->lru, active ? &lru.active : &lru.inactive);
	if (active)
		lru.n_active++;
	else
		lru.n_inactive++;
	page_set(page, PG_LRU | (active ? PG_ACTIVE : 0));
}

static inline void list_out(struct page *page)
{
	list_unlink(&page->lru);
	if (page->flags & PG_SHMEM)
		lru.n_shmem--;
	else if (page->flags & PG_ACTIVE)
		lru.n_active--;
	else
		lru.n_inactive--;
	page_reset(page, PG_LRU | PG_ACTIVE);
}

void lru_add(struct page *page)
{
	spin_lock(&lru.lock);
	if (likely(page->cache && !(page->flags & PG_LRU)))
		list_in(page, false);
	spin_unlock(&lru.lock);
}

void lru_remove(struct page *page)
{
	spin_lock(&lru.lock);
	if (page->flags & PG_LRU)
		list_out(page);
	spin_unlock(&lru.lock);
}

static unsigned isolate(struct list *list, struct page **out, unsigned n)
{
	unsigned got = 0;

	spin_lock(&lru.lock);
	while (got < n && !list_empty(list)) {
		struct page *page = list_last_entry(list, struct page, lru);

		/* A page being freed (count zero) waits for this lock to leave the list. */
		if (!page_try_get(page)) {
			list_move(&page->lru, list);
			break;
		}
		list_out(page);
		out[got++] = page;
	}
	spin_unlock(&lru.lock);
	return got;
}

unsigned lru_isolate(struct page **out, unsigned n)
{
	return isolate(&lru.inactive, out, n);
}

unsigned lru_isolate_shmem(struct page **out, unsigned n)
{
	return isolate(&lru.shmem, out, n);
}

void lru_putback(struct page *page, bool active)
{
	spin_lock(&lru.lock);
	if (page->cache && !(page->flags & PG_LRU))
		list_in(page, active);
	spin_unlock(&lru.lock);
	page_put(page);
}

void lru_balance(void)
{
	spin_lock(&lru.lock);
	for (unsigned i = 0; i < BALANCE_BATCH && lru.n_inactive < lru.n_active; i++) {
		struct page *page = list_last_entry(&lru.active, struct page, lru);

		if (page->flags & PG_REFERENCED) {
			page_reset(page, PG_REFERENCED);
			list_move(&page->lru, &lru.active);
			continue;
		}
		list_out(page);
		list_in(page, false);
	}
	spin_unlock(&lru.lock);
}

void lru_counts(u64 *active, u64 *inactive)
{
	*active = READ_ONCE(lru.n_active);
	*inactive = READ_ONCE(lru.n_inactive);
}

u64 lru_count_shmem(void)
{
	return READ_ONCE(lru.n_shmem);
}
