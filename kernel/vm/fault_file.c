/*
 * Faults on pages of a cache: files and shared memory.
 *
 * A read maps what the cache has of the 16 pages around, in one go. A private store copies the
 * page. A shared store goes through the page lock: the file system prepares the blocks
 * (ops->prepare_write), the page becomes dirty, and only then its entry becomes writable;
 * write-back takes the right away again, so every dirty period begins with a fault. Caches with
 * nothing to write to are spared that: their entries are writable from the first touch.
 *
 * cache->invalidate is held for reading from the check against the end of the file until the entry
 * is in place: truncation, which holds it for writing, sees either no entry or one that it removes.
 * Waiting (for a disk, for a page lock) is done with no lock held.
 */
#include "lib/bitops.h"
#include "sched/gate.h"
#include "sched/rcu.h"
#include "sched/thread.h"
#include "vm/vm_int.h"

#define AROUND 16
#define AROUND_BYTES ((vaddr_t)(AROUND * PAGE_SIZE))

/* Takes hold of what the area maps and drops as->lock, to wait. *hold keeps the reference. */
static struct pagecache *let_go(struct fault *f, struct vm_area *area, struct vm_area *hold)
{
	*hold = *area;
	if (hold->source)
		hold->source->get(hold);
	rwsem_read_end(&f->as->lock);
	return hold->cache;
}

static void put_hold(struct vm_area *hold)
{
	if (hold->source)
		hold->source->put(hold);
}

static void keep(struct fault *f, struct page *page)
{
	if (f->held)
		page_put(f->held);
	f->held = page;
}

/*
 * Reads the page (and the window around it) with no lock held: FAULT_AGAIN, or negative errno with
 * as->lock held again.
 */
static int read_and_retry(struct fault *f, struct vm_area *area, pgoff_t index)
{
	pgoff_t low = align_down(index, (pgoff_t)AROUND), last;
	struct pagecache *cache;
	struct vm_area hold;
	struct page *page;
	int err;

	last = area_index(area, area->end) - 1;
	low = max(low, area->index);
	cache = let_go(f, area, &hold);
	if (READ_ONCE(cache->n_swapped))
		f->major = true;
	if (cache->ops->read) {
		f->major = true;
		if (!(hold.flags & AREA_RANDOM))
			pagecache_readahead(cache, low, min(low + AROUND - 1, last));
	}
	err = pagecache_get(cache, index,
			    hold.flags & AREA_RANDOM ? index : min(index + AROUND - 1, last),
			    &page);
	if (!err)
		keep(f, page);
	put_hold(&hold);
	if (!err)
		return FAULT_AGAIN;
	rwsem_read(&f->as->lock);
	return err;
}

/* Waits until the page is unlocked, with no lock held; takes over the reference. */
static int wait_and_retry(struct fault *f, struct page *page)
{
	rwsem_read_end(&f->as->lock);
	(void)page_wait_unlocked_killable(page);
	page_put(page);
	return FAULT_AGAIN;
}

/*
 * A page that is born valid is made on the spot: NULL if the cache must read it, or there is no
 * memory. Holds invalidate.
 */
static struct page *make_valid(struct pagecache *cache, pgoff_t index)
{
	struct page *page;

	/* One that may be in swap is read with no lock held. */
	if (cache->ops->read || READ_ONCE(cache->n_swapped) ||
	    cache_add_new(cache, index, MM_WAIT | MM_USER | MM_MOVABLE, false, &page))
		return NULL;
	return page;
}

/*
 * The page at index, up to date and referenced, if it can be had without waiting. Holds invalidate.
 */
static struct page *find_valid(struct pagecache *cache, pgoff_t index)
{
	struct page *page = pagecache_find(cache, index);

	if (page && unlikely(!page_test(page, PG_UPTODATE))) {
		page_put(page);
		return NULL;
	}
	return page ? page : make_valid(cache, index);
}

/*
 * Referenced, valid pages first … last of the cache into pages[index - first], NULL where there
 * is none.
 */
static void find_around(struct pagecache *cache, pgoff_t first, pgoff_t last, struct page **pages)
{
	void *found[AROUND];
	u64 index[AROUND];
	unsigned n;

	rcu_read_lock();
	n = radix_gang_lookup(&cache->pages, first, found, index, (unsigned)(last - first + 1));
	for (unsigned i = 0; i < n && index[i] <= last; i++) {
		struct page *page = found[i];

		if (!page_try_get(page))
			continue;
		/* A page that is to start read-ahead is left to a fault of its own. */
		if (READ_ONCE(page->cache) == cache && page->index == index[i] &&
		    (load_acquire(&page->flags) & (PG_UPTODATE | PG_READAHEAD)) == PG_UPTODATE)
			pages[index[i] - first] = page;
		else
			page_put(page);
	}
	rcu_read_unlock();
}

/* Maps the pages found where nothing is mapped: whether the fault's own page is there now. */
static int install_around(struct fault *f, struct vm_area *area, struct page **pages, vaddr_t start,
			  unsigned n)
{
	struct aspace *as = f->as;
	bool write = (area->flags & AREA_SHARED) && !pagecache_tracks_dirty(area->cache);
	pte_t *slot = fault_slot(f);
	int err = 0;

	if (unlikely(!slot))
		err = -ENOMEM;
	else
		slot -= (f->addr - start) >> PAGE_SHIFT;
	for (unsigned i = 0; i < n; i++) {
		bool mine = start + i * PAGE_SIZE == f->addr;

		if (!pages[i])
			continue;
		if (!slot || pte_read(&slot[i])) {
			page_put(pages[i]);
			continue;
		}
		page_map_inc(pages[i]);
		++*resident_counter(as, pages[i]);
		pte_write(&slot[i], area_pte(area, page_to_phys(pages[i]), write,
					     mine ? PTE_ACCESSED | (write ? PTE_DIRTY : 0) : 0));
	}
	if (slot)
		spin_unlock(&as->table_lock);
	return err;
}

static int fault_read(struct fault *f, struct vm_area *area, pgoff_t index)
{
	struct pagecache *cache = area->cache;
	struct page *pages[AROUND] = { NULL };
	vaddr_t start = max(align_down(f->addr, AROUND_BYTES), area->start);
	vaddr_t end = min(align_down(f->addr, AROUND_BYTES) + AROUND_BYTES, area->end);
	pgoff_t first, last, eof;
	int err;

	if (area->flags & AREA_RANDOM) {
		start = f->addr;
		end = start + PAGE_SIZE;
	}
	rwsem_read(&cache->invalidate);
	eof = cache_end(cache);
	if (unlikely(index >= eof)) {
		rwsem_read_end(&cache->invalidate);
		return -EIO;
	}
	first = area_index(area, start);
	last = min(area_index(area, end) - 1, eof - 1);
	find_around(cache, first, last, pages);
	if (!pages[index - first])
		pages[index - first] = make_valid(cache, index);
	if (unlikely(!pages[index - first])) {
		rwsem_read_end(&cache->invalidate);
		for (unsigned i = 0; i < AROUND; i++)
			if (pages[i])
				page_put(pages[i]);
		return read_and_retry(f, area, index);
	}
	page_touch(pages[index - first]);
	err = install_around(f, area, pages, start, (unsigned)(last - first + 1));
	rwsem_read_end(&cache->invalidate);
	return err;
}

static int fault_private_write(struct fault *f, struct vm_area *area, pgoff_t index)
{
	struct pagecache *cache = area->cache;
	struct page *copy = page_alloc(MM_WAIT | MM_USER | MM_MOVABLE), *page;
	int err;

	if (!copy)
		return -ENOMEM;
	rwsem_read(&cache->invalidate);
	if (index >= cache_end(cache)) {
		rwsem_read_end(&cache->invalidate);
		page_put(copy);
		return -EIO;
	}
	page = find_valid(cache, index);
	if (unlikely(!page)) {
		rwsem_read_end(&cache->invalidate);
		page_put(copy);
		return read_and_retry(f, area, index);
	}
	page_touch(page);
	page_copy(page_to_virt(copy), page_to_virt(page));
	err = fault_install_anon(f, area, copy, 0);
	rwsem_read_end(&cache->invalidate);
	page_put(page);
	return err;
}

/* Makes the entry of a prepared, dirty page writable. */
static int install_writable(struct fault *f, struct vm_area *area, struct page *page)
{
	struct aspace *as = f->as;
	pte_t *slot = fault_slot(f), pte;

	if (unlikely(!slot))
		return -ENOMEM;
	pte = pte_read(slot);
	if (!pte) {
		page_get(page);
		page_map_inc(page);
		++*resident_counter(as, page);
	}
	if (!pte || pte_page(pte) == page)
		pte_write(slot, area_pte(area, page_to_phys(page), true, PTE_ACCESSED | PTE_DIRTY));
	spin_unlock(&as->table_lock);
	return 0;
}

/*
 * Lets the file system make room for the whole page, up to the end of the file, and marks it dirty:
 * 0 and it is locked, -EAGAIN: somebody else has its lock, -ESTALE: it left the cache, or -EIO.
 */
static int prepare_store(struct pagecache *cache, struct page *page)
{
	u64 size = cache->size ? cache->size(cache) : ~0ull, start = page->index << PAGE_SHIFT;
	unsigned to = (unsigned)min(size - start, (u64)PAGE_SIZE);
	int err;

	if (cache->ops->make_dirty) {
		err = cache->ops->make_dirty(cache, page, 0, to, 0);
		return err && err != -ABI_ESTALE ? -EIO : err;
	}
	if (!page_try_lock(page))
		return -EAGAIN;
	if (page->cache != cache)
		err = -ESTALE;
	else
		err = cache->ops->prepare_write ?
			cache->ops->prepare_write(cache, page, 0, to) : 0;
	if (err) {
		page_unlock(page);
		return err == -ABI_ESTALE ? err : -EIO;
	}
	page_dirty(page);
	return 0;
}

/*
 * A store that has passed the gate: 0, -ENOENT: the page is to be read, -EAGAIN: it is *busy, which
 * the caller puts, or a real error.
 */
static int shared_write(struct fault *f, struct vm_area *area, pgoff_t index, struct page **busy)
{
	struct pagecache *cache = area->cache;
	struct page *page;
	int err;

	rwsem_read(&cache->invalidate);
	page = index < cache_end(cache) ? find_valid(cache, index) : NULL;
	if (unlikely(!page)) {
		err = index < cache_end(cache) ? -ENOENT : -EIO;
		rwsem_read_end(&cache->invalidate);
		return err;
	}
	err = prepare_store(cache, page);
	if (!err) {
		if (cache->stored)
			cache->stored(cache);
		page_touch(page);
		f->dirtied = true;
		err = install_writable(f, area, page);
		page_unlock(page);
	}
	if (err == -ABI_EAGAIN)
		*busy = page;
	else
		page_put(page);
	rwsem_read_end(&cache->invalidate);
	/* Reclaimed between finding and locking: the fault comes again. */
	return err == -ABI_ESTALE ? 0 : err;
}

/* Waits for the gate with nothing locked. */
static int gate_and_retry(struct fault *f, struct vm_area *area)
{
	struct vm_area hold;

	(void)gate_wait_open(let_go(f, area, &hold)->gate, GATE_FAULT);
	put_hold(&hold);
	return FAULT_AGAIN;
}

static int fault_shared_write(struct fault *f, struct vm_area *area, pgoff_t index)
{
	struct gate *gate = area->cache->gate;
	struct page *busy = NULL;
	int err;

	if (unlikely(!gate_try_enter(gate, GATE_FAULT)))
		return gate_and_retry(f, area);
	err = shared_write(f, area, index, &busy);
	gate_leave(gate, GATE_FAULT);
	if (err == -ABI_ENOENT)
		return read_and_retry(f, area, index);
	return busy ? wait_and_retry(f, busy) : err;
}

/* Makes an entry writable that need not be noticed. */
static int allow_write(struct fault *f, struct vm_area *area)
{
	pte_t *slot, pte;

	spin_lock(&f->as->table_lock);
	slot = space_slot(f->as, f->addr);
	pte = slot ? pte_read(slot) : 0;
	if (pte_page(pte))
		pte_write(slot, area_pte(area, pte_paddr(pte), true, PTE_ACCESSED | PTE_DIRTY));
	spin_unlock(&f->as->table_lock);
	tlb_flush_local(f->addr);
	return 0;
}

int fault_file(struct fault *f, struct vm_area *area)
{
	pgoff_t index = area_index(area, f->addr);

	if (!(f->flags & FAULT_WRITE))
		return fault_read(f, area, index);
	if (!(area->flags & AREA_SHARED))
		return fault_private_write(f, area, index);
	if (pagecache_tracks_dirty(area->cache))
		return fault_shared_write(f, area, index);
	if (area->cache->stored)
		area->cache->stored(area->cache);
	return f->flags & FAULT_PRESENT ? allow_write(f, area) : fault_read(f, area, index);
}
