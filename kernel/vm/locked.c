/*
 * How much memory is locked, for /proc/meminfo and /proc/vmstat. It is counted when it is asked
 * for: nearly always nothing is locked, and a count that is kept would cost every fault and every
 * removal of an entry. The census visits each space that has locked areas.
 *
 * A page of a file or of shared memory that several locked areas map counts where the first of them
 * in its cache's list does. A private page has two only when a child locks what it shares with its
 * parent since fork(2) and may not store to; it counts in both.
 *
 * Unevictable is what reclaim passes over: what is locked so, and segments under SHM_LOCK.
 *
 * Locks: census_lock, under it aspace->lock for reading, then table_lock or the reverse map's.
 */
#include "vm/large_int.h"
#include "vm/shmem.h"

#define SHARED_BATCH 64

struct census {
	struct vm_locked *sums;
	struct { struct page *page; pgoff_t index; } shared[SHARED_BATCH];
	unsigned n_shared;
};

/* Makes one census of all at a time: spaces remember which one has seen them. */
static struct mutex census_lock = MUTEX_INIT(census_lock, RANK_CENSUS, "locked memory");

static void add(struct census *c, const struct vm_area *area, bool anon, u64 pages)
{
	c->sums->mlocked += pages;
	if (anon || !(READ_ONCE(area->cache->flags) & PAGECACHE_LOCKED))
		c->sums->unevictable += pages;
}

/* Counts what the area alone has at va; keeps what others may have locked too for later. */
static void look(struct census *c, struct vm_area *area, vaddr_t va, pte_t pte)
{
	struct page *page = pte_page(pte);

	if (!page)
		return;
	if ((page->flags & PG_ANON) || READ_ONCE(page->map_count) <= 1) {
		add(c, area, page->flags & PG_ANON, 1);
		return;
	}
	c->shared[c->n_shared].page = page;
	c->shared[c->n_shared++].index = area_index(area, va);
}

/* Looks at entries from va on until the batch is full: where it stopped. */
static vaddr_t look_some(struct census *c, struct vm_area *area, vaddr_t va)
{
	struct aspace *as = area->aspace;
	pte_t *slot;
	size_t n;

	spin_lock(&as->table_lock);
	while (va < area->end && c->n_shared < SHARED_BATCH &&
	       (slot = pgtable_next_large(&as->pgtable, &va, area->end, &n))) {
		if (!n) {
			add(c, area, true, LARGE_PAGES);
			va += LARGE_PAGE_SIZE;
			continue;
		}
		for (size_t i = 0; i < n && c->n_shared < SHARED_BATCH; i++, va += PAGE_SIZE)
			look(c, area, va, pte_read(&slot[i]));
	}
	if (c->n_shared < SHARED_BATCH)
		va = area->end;
	spin_unlock(&as->table_lock);
	return va;
}

static void count_area(struct census *c, struct vm_area *area)
{
	vaddr_t va = area->start;

	while (va < area->end) {
		c->n_shared = 0;
		va = look_some(c, area, va);
		for (unsigned i = 0; i < c->n_shared; i++)
			if (rmap_locker(area->cache, c->shared[i].index, c->shared[i].page) == area)
				add(c, area, false, 1);
		sched_point();
	}
}

static int count_space(struct census *c, struct aspace *as)
{
	int err = rwsem_read_killable(&as->lock);

	if (err)
		return err;
	for (struct vm_area *area = area_first(as); area; area = area_next(area))
		if ((area->flags & (AREA_LOCKED | AREA_DEVICE)) == AREA_LOCKED)
			count_area(c, area);
	rwsem_read_end(&as->lock);
	return 0;
}

int vm_locked(struct vm_locked *out)
{
	static u64 pass; /* census_lock */
	static struct census census;
	struct aspace *as;
	int err;

	*out = (struct vm_locked){ 0 };
	err = mutex_lock_killable(&census_lock);
	if (err)
		return err;
	pass++;
	census.sums = out;
	while (!err && (as = space_next_locked(pass))) {
		err = count_space(&census, as);
		aspace_put(as);
	}
	mutex_unlock(&census_lock);
	out->unevictable += shmem_locked_pages();
	return err;
}
