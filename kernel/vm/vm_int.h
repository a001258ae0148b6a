/*
 * Private to vm: what its files share. Two halves, the page cache (pages by file) and address
 * spaces (pages by user address); they meet in faults, in the reverse map and in reclaim.
 *
 * Lock order: aspace->lock, cache->invalidate, page lock; then spinlocks cache->mmap_lock,
 * aspace->table_lock, reclaim's lists, cache->lock (interrupts off). Nobody waits for a page lock
 * or for I/O with aspace->lock held: a fault drops it and starts again.
 */
#pragma once

#include "arch/mmu.h"
#include "arch/percpu.h"
#include "arch/upcall.h"
#include "sched/thread.h"
#include "vm/aspace.h"
#include "vm/pagecache.h"

/* ---- Entries of leaf tables ---- */

/* PTE_SOFT1 on a present entry: no page reference stands behind it (zero page, device memory). */
#define PTE_SPECIAL PTE_SOFT1
/*
 * A page that is there but may not be touched (PROT_NONE): not present, PTE_SOFT0 set, the rest as
 * it was.
 */
#define PTE_NONE PTE_SOFT0

/* Neither present nor PTE_NONE: the page is in swap; the entry says where (swap_int.h). */
#define PTE_SWAP BIT(11)

static inline bool pte_is_swap(pte_t pte)
{
	return (pte & (PTE_PRESENT | PTE_NONE | PTE_SWAP)) == PTE_SWAP;
}
static inline bool pte_is_none_prot(pte_t pte)
{
	return (pte & (PTE_PRESENT | PTE_NONE)) == PTE_NONE;
}
/* Whether the entry holds a frame, accessible or not. */
static inline bool pte_holds_frame(pte_t pte) { return pte & (PTE_PRESENT | PTE_NONE); }
/* The page that the entry references, or NULL (empty, special). */
static inline struct page *pte_page(pte_t pte)
{
	if (!pte_holds_frame(pte) || (pte & PTE_SPECIAL))
		return NULL;
	return phys_to_page(pte_paddr(pte));
}
/* The entry's page looks unused, and without those flags. table_lock held; the TLB may not know. */
static inline void page_forget(pte_t *slot, u32 flags)
{
	pte_t pte = pte_read(slot);
	struct page *page = pte_page(pte);

	if (!page)
		return;
	if (pte & PTE_ACCESSED)
		__atomic_fetch_and(slot, ~PTE_ACCESSED, __ATOMIC_RELAXED);
	page_reset(page, flags);
}

/* Rights of an area for new entries; `write`: the entry may be writable at once. */
static inline unsigned area_mmu_prot(const struct vm_area *area, bool write)
{
	return MMU_USER | MMU_READ | (write && (area->flags & AREA_WRITE) ? MMU_WRITE : 0) |
	       (area->flags & AREA_EXEC ? MMU_EXEC : 0);
}

#define AREA_RIGHTS (AREA_READ | AREA_WRITE | AREA_EXEC)
/*
 * An entry of the area; `extra`: PTE_* bits to set. Without any rights it is there, but not
 * present.
 */
static inline pte_t area_pte(const struct vm_area *area, paddr_t pa, bool write, pte_t extra)
{
	pte_t pte = pte_make(pa, area_mmu_prot(area, write)) | extra;

	return likely(area->flags & AREA_RIGHTS) ? pte : (pte & ~PTE_PRESENT) | PTE_NONE;
}

/*
 * Slots of leaf tables, by way of the few tables that faults used last: a walk from the root would
 * touch three pages more. Whoever frees tables forgets them. Caller holds table_lock.
 */
static inline unsigned leaf_place(vaddr_t start)
{
	return (start / LARGE_PAGE_SIZE ^ start >> 30) % ASPACE_LEAVES;
}
static inline pte_t *leaf_slot(struct aspace *as, vaddr_t va)
{
	vaddr_t start = align_down(va, (vaddr_t)LARGE_PAGE_SIZE);
	unsigned i = leaf_place(start);

	return likely(as->leaves[i].start == start) && likely(as->leaves[i].table)
		       ? as->leaves[i].table + ((va - start) >> PAGE_SHIFT)
		       : NULL;
}
static inline void leaf_remember(struct aspace *as, vaddr_t va, pte_t *slot)
{
	vaddr_t start = align_down(va, (vaddr_t)LARGE_PAGE_SIZE);
	unsigned i = leaf_place(start);

	as->leaves[i].start = start;
	as->leaves[i].table = slot - ((va - start) >> PAGE_SHIFT);
}
static inline void leaves_forget(struct aspace *as)
{
	for (unsigned i = 0; i < ASPACE_LEAVES; i++)
		as->leaves[i].table = NULL;
}
/* The slot of va if its leaf table exists. */
static inline pte_t *space_slot(struct aspace *as, vaddr_t va)
{
	pte_t *slot = leaf_slot(as, va);

	return slot ? slot : pgtable_pte(&as->pgtable, va);
}

static inline pgoff_t area_index(const struct vm_area *area, vaddr_t addr)
{
	return area->index + ((addr - area->start) >> PAGE_SHIFT);
}
static inline u64 area_pages(const struct vm_area *area)
{
	return (area->end - area->start) >> PAGE_SHIFT;
}
#define STACK_GUARD_GAP (256 * PAGE_SIZE)
#define MAX_PAGE_INDEX (~(pgoff_t)0 >> PAGE_SHIFT)

/* ---- Counters (counters.c): pages, one copy per CPU ---- */
enum vm_counter {
	VM_CACHED,     /* in some page cache */
	VM_MAPPED,     /* of a cache and mapped somewhere */
	VM_ANON,       /* anonymous and mapped */
	VM_SHMEM,      /* in caches without anything behind them */
	VM_COMMITTED,  /* promised */
	VM_SWAP_CACHED, /* in the swap cache */
	/* Events since boot: */
	VM_SWAPPED_IN,  /* pages read from swap */
	VM_SWAPPED_OUT, /* pages written there */
	VM_FAULTS, VM_MAJOR_FAULTS,
	VM_SCANNED,    /* pages that reclaim looked at */
	VM_RECLAIMED,  /* pages it freed */
	VM_OOM_KILLS,
	VM_N_COUNTERS,
};
/*
 * Nonzero while this CPU copies user memory under a page lock: faults are refused
 * (iov_copy_from_nofault).
 */
DECLARE_PERCPU(u32, vm_faults_disabled);
DECLARE_PERCPU(s64[VM_N_COUNTERS], vm_counters);
static inline void vm_count(enum vm_counter c, s64 n) { this_cpu_add(vm_counters[c], n); }
u64 vm_counter_sum(enum vm_counter c);

/* ---- Pages of user memory ---- */
extern struct page *vm_zero_page;
/* One more entry maps the page. */
static inline void page_map_inc(struct page *page)
{
	if (__atomic_fetch_add(&page->map_count, 1, __ATOMIC_RELAXED) == 0)
		vm_count(page->flags & PG_ANON ? VM_ANON : VM_MAPPED, 1);
}
/* One entry less. */
static inline void page_map_dec(struct page *page)
{
	if (__atomic_sub_fetch(&page->map_count, 1, __ATOMIC_RELAXED) == 0)
		vm_count(page->flags & PG_ANON ? VM_ANON : VM_MAPPED, -1);
}
static inline bool page_mapped(const struct page *page) { return READ_ONCE(page->map_count) > 0; }
/* Turns a fresh frame into an anonymous page that one entry is about to map. */
static inline void page_make_anon(struct page *page)
{
	page->flags |= PG_ANON | PG_UPTODATE;
	page->map_count = 1;
	vm_count(VM_ANON, 1);
}
/* The space's resident counter that the page belongs to. Caller holds table_lock to change it. */
static inline u64 *resident_counter(struct aspace *as, const struct page *page)
{
	u32 flags = page->flags;

	if (flags & PG_ANON)
		return &as->n_resident_anon;
	return flags & PG_SHMEM ? &as->n_resident_shmem : &as->n_resident_file;
}

/* ---- Page cache internals ---- */
void pagecache_init_nodes(void);
extern const struct radix_ops radix_wait_ops;
/*
 * Puts a page (one reference, becomes the cache's; flags set up) at index: 0, -EEXIST, -ENOMEM. May
 * sleep.
 */
int cache_insert(struct pagecache *cache, pgoff_t index, struct page *page);
/* Takes a locked page out and drops the cache's reference. The caller has one of its own. */
void cache_remove(struct pagecache *cache, struct page *page);
/*
 * Frees a locked, clean, unmapped page that only the cache and the caller hold; false: nothing
 * done, the caller still has lock and reference.
 */
bool cache_evict(struct pagecache *cache, struct page *page);
/*
 * A new page of the cache at index: locked, or up to date and zero if nothing is behind the cache.
 * 0, -EEXIST, -ENOMEM; with a reference in *out if out.
 */
int cache_add_new(struct pagecache *cache, pgoff_t index, unsigned mm_flags, bool keep_locked,
		  struct page **out);
/*
 * Brings a page back that the cache has in swap: as cache_add_new(), and -ENOENT (there is none at
 * index), -EIO. Sleeps for the disk.
 */
int cache_swap_in(struct pagecache *cache, pgoff_t index, unsigned mm_flags, bool keep_locked,
		  struct page **out);
/* Forgets what the cache has in swap at indices first … last. */
void cache_drop_swapped(struct pagecache *cache, pgoff_t first, pgoff_t last);
/* The cache goes: it leaves the list of those that have something in swap. */
void cache_unlist_swapped(struct pagecache *cache);
/* Pages of the file up to its end (~0 if unknown). */
static inline pgoff_t cache_end(struct pagecache *cache)
{
	return cache->size ? (cache->size(cache) + PAGE_SIZE - 1) >> PAGE_SHIFT : MAX_PAGE_INDEX;
}
/* Marks a page as used. */
static inline void page_touch(struct page *page)
{
	if (!(page->flags & PG_REFERENCED))
		page_set(page, PG_REFERENCED);
}
/* Waits with `page` referenced until it is unlocked: 0 or -ERESTARTSYS. */
int page_wait_unlocked_killable(struct page *page);
void page_lock_init(void);
/*
 * Wakes who waits for the page's LOCKED or WRITEBACK. Any context; the page itself is not touched.
 */
void page_wake(const struct page *page);

/* Read-ahead (readahead.c). Callers hold cache->invalidate for reading. */
int readahead_miss(struct pagecache *cache, pgoff_t index, pgoff_t last);
/* The reader reached a page with PG_READAHEAD. Takes invalidate itself. */
void readahead_marker(struct pagecache *cache, struct page *page);

/* Reclaim's lists (lru.c) */
void lru_add(struct page *page);
void lru_remove(struct page *page);
/* Moves up to n pages off the inactive list into out[], referenced: how many. */
unsigned lru_isolate(struct page **out, unsigned n);
/* The same off the list of pages with nothing but swap behind them. */
unsigned lru_isolate_shmem(struct page **out, unsigned n);
/* Puts an isolated page back (to the active list if `active`) and drops the reference. */
void lru_putback(struct page *page, bool active);
/* Moves old pages from the active to the inactive list when that one is short. */
void lru_balance(void);
void lru_counts(u64 *active, u64 *inactive);
u64 lru_count_shmem(void);

/* Write-back (writeback.c, writeback_thread.c) */
extern u64 wb_dirty, wb_writing;   /* a: pages dirty, under write */
void writeback_note_dirty(struct pagecache *cache);  /* the cache's first dirty page */
void writeback_forget(struct pagecache *cache);      /* the cache goes away */
void writeback_progress(void);                       /* a page was written. Any context */
/* Waits until a page was written, up to 100 ms. */
void writeback_wait_progress(void);
bool writeback_is_current(void);
u64 pagecache_write_some(struct pagecache *cache, u64 max);
/* Whether the cache's dirty pages count for the limits of write-back; swap's do not. */
static inline bool cache_is_filed(const struct pagecache *cache)
{
	return !(cache->flags & PAGECACHE_SWAP);
}

/* Reverse map (rmap.c): the entries of a cache's pages in all spaces. */
static inline void rmap_lock(struct pagecache *cache)
{
	if (cache)
		spin_lock(&cache->mmap_lock);
}
static inline void rmap_unlock(struct pagecache *cache)
{
	if (cache)
		spin_unlock(&cache->mmap_lock);
}
/* Lists an area in its cache, if it has one. */
void rmap_link_locked(struct vm_area *area);
void rmap_unlink_locked(struct vm_area *area);
/* Removes entries of pages first … last; `cows`: private copies too. */
void rmap_unmap(struct pagecache *cache, pgoff_t first, pgoff_t last, bool cows);
/* Write-protects shared entries of pages first … last. */
void rmap_clean(struct pagecache *cache, pgoff_t first, pgoff_t last);
/* Collects and clears the accessed bits of a page; ~0u if a locked area maps it. */
unsigned rmap_referenced(struct page *page);
/*
 * The first locked area that maps `page`, which was found at `index` of the cache and may be gone
 * by now; NULL: none does. Only to be compared with areas that the caller keeps.
 */
const struct vm_area *rmap_locker(struct pagecache *cache, pgoff_t index, const struct page *page);

/* ---- Removing entries in bulk (zap.c) ---- */
#define ZAP_BATCH 110
#define ZAP_LARGE 8
struct zap {
	struct aspace *as;
	vaddr_t low, high;        /* removed and not yet flushed */
	bool tables;              /* leaf tables were seen: pruning may free some */
	unsigned n;
	struct page *pages[ZAP_BATCH];
	unsigned n_large;
	struct page *large[ZAP_LARGE]; /* first frames of what large entries mapped */
};
void zap_init(struct zap *zap, struct aspace *as);
/* keep private copies; the caller holds a spinlock */
enum zap_flags { ZAP_SHARED_ONLY = 1, ZAP_ATOMIC = 2 };
/*
 * Removes the entries of [start, end). Takes table_lock. Caller holds as->lock, or the mmap_lock of
 * a cache that an area of the range maps.
 */
void zap_range(struct zap *zap, vaddr_t start, vaddr_t end, unsigned flags);
/* Flushes and frees what is collected. */
void zap_finish(struct zap *zap);

/* ---- Areas (area.c, area_edit.c): all under as->lock for writing unless said ---- */
void area_init_cache(void);
struct vm_area *area_alloc(struct aspace *as);
/*
 * A copy of `area` for space `as`, with its own reference to the source; not linked. NULL: no
 * memory.
 */
struct vm_area *area_dup(const struct vm_area *area, struct aspace *as);
/* Frees an area that is not linked, dropping the source. */
void area_free(struct vm_area *area);
void area_link(struct vm_area *area);
void area_unlink(struct vm_area *area);
/* Links `upper`, which takes over the end of `area` from its own start on. */
void area_link_upper(struct vm_area *area, struct vm_area *upper);
/* Unlinks `high`, whose range its lower neighbour takes over. */
void area_absorb(struct vm_area *low, struct vm_area *high);
/* Moves the borders of a linked area; index is of the new start. */
void area_resize(struct vm_area *area, vaddr_t start, vaddr_t end, pgoff_t index);
struct vm_area *area_prev(struct vm_area *area);
struct vm_area *area_last(struct aspace *as);
/* The area that holds addr, or NULL. as->lock for reading. */
struct vm_area *area_at(struct aspace *as, vaddr_t addr);
/* Whether some area overlaps [start, end). */
bool area_overlaps(struct aspace *as, vaddr_t start, vaddr_t end);
/* Splits at addr (inside area); the given area keeps the lower part: 0 or -ENOMEM. */
int area_split(struct vm_area *area, vaddr_t addr);
/* Makes [start, end) of areas begin and end at the borders: 0 or -ENOMEM. */
int area_cut(struct aspace *as, vaddr_t start, vaddr_t end);
/* Joins area with its neighbours where they are alike: the area that holds its range now. */
struct vm_area *area_merge(struct vm_area *area);
/*
 * A change of the areas in a range that passes over gaps, as madvise(2) does: `needs` says whether
 * an area would be another one by it (1, 0, or -errno, which ends it), `apply` does it.
 */
struct area_change {
	int (*needs)(const struct area_change *change, const struct vm_area *area);
	void (*apply)(const struct area_change *change, struct vm_area *area);
};
/* 0; -ENOMEM: no memory, or there are gaps and the rest is done; the error of `needs`. */
int areas_change(struct aspace *as, vaddr_t start, vaddr_t end, const struct area_change *change);
/* The highest free range of `length` bytes below `top`: its address, or 0. */
vaddr_t area_gap_find(struct aspace *as, u64 length, vaddr_t bottom, vaddr_t top);
/* Page counts by kind, by `pages` (perhaps negative). */
void area_account(struct aspace *as, u32 flags, s64 pages);
/* Whether `pages` more of an area with `flags` break RLIMIT_AS or RLIMIT_DATA: 0 or -ENOMEM. */
int area_check_limits(struct aspace *as, u32 flags, u64 pages);
/* Whether `pages` more may be locked: 0 or -EAGAIN (-EPERM when nothing may). */
int area_check_locked(struct aspace *as, u64 pages);
/* Whether as many pages may be locked in all. */
bool area_lock_fits(struct aspace *as, u64 pages);
static inline bool area_wants_charge(u32 flags)
{
	return (flags & (AREA_WRITE | AREA_SHARED | AREA_NORESERVE | AREA_DEVICE)) == AREA_WRITE;
}

/* What programs call their memory (label.c). as->lock, for writing where an area changes. */
void area_label_get(struct area_label *label); /* of NULL: nothing, here and below */
void area_label_put(struct area_label *label);
/* Whether the areas are called the same, or both nothing. */
bool area_labels_equal(const struct vm_area *a, const struct vm_area *b);

/* Overcommit (commit.c) */
int vm_charge(u64 pages);
static inline void vm_uncharge(u64 pages) { vm_count(VM_COMMITTED, -(s64)pages); }

/* Removes everything mapped; `prune`: the tables too. */
void aspace_empty(struct aspace *as, bool prune);
/* Releases as->lock held for writing, and frees the areas that were unmapped under it. */
void aspace_write_end(struct aspace *as);
/* Removes [start, end) (page multiples): areas, entries, tables. 0 or -ENOMEM. */
int unmap_locked(struct aspace *as, vaddr_t start, vaddr_t end);
/* Chooses an address for a mapping as mmap(2) does: *addr or -ENOMEM, -EINVAL, -EPERM, -EEXIST. */
int map_choose(struct aspace *as, vaddr_t hint, u64 length, u32 map_flags, vaddr_t *addr);
/*
 * Makes the area of a request, whose flags and length (of pages) are those given: 0 and *addr, or
 * as vm_map().
 */
int map_locked(struct aspace *as, const struct map_request *req, u32 flags, u64 length,
	       vaddr_t *addr);
/* Extends a stack down to addr. as->lock for writing. 0 or -ENOMEM. */
int stack_grow(struct vm_area *area, vaddr_t addr);

/* ---- Faults ---- */
#define FAULT_FORCE (1u << 8)  /* with aspace_peek and _poke: whatever the protection */
#define FAULT_STRICT (1u << 9) /* fault_range(): exactly this access, else its error */
#define FAULT_GAPS (1u << 10)  /* fault_range(): what is not mapped or not allowed is passed over */
#define FAULT_AGAIN 1          /* as->lock was dropped: look the area up again */
/* The entry is another one by now; f->flags says FAULT_PRESENT or not: resolve it again. */
#define FAULT_CHANGED 2
struct fault {
	struct aspace *as;
	vaddr_t addr;         /* of the page */
	unsigned flags;       /* FAULT_* */
	bool major;           /* waited for a disk */
	bool dirtied;         /* a page of a cache became dirty: throttle */
	/* keeps a page that was read from being reclaimed until the retry, or NULL */
	struct page *held;
};
/*
 * Resolves a fault within `area`, as->lock held for reading: 0, -errno, FAULT_CHANGED, or
 * FAULT_AGAIN with the lock dropped.
 */
int fault_in_area(struct fault *f, struct vm_area *area);
int fault_anon(struct fault *f, struct vm_area *area);
int fault_file(struct fault *f, struct vm_area *area);
int fault_device(struct fault *f, struct vm_area *area);
/* The page is in swap, as `entry` says. */
int fault_swap(struct fault *f, struct vm_area *area, pte_t entry);
/* Store to a present, write-protected page of a private area. */
int fault_cow(struct fault *f, struct vm_area *area);
/*
 * The leaf slot of f->addr, its table made if need be, with table_lock held; NULL (lock not held):
 * no memory.
 */
pte_t *fault_slot(struct fault *f);
/*
 * Puts a new anonymous page (its reference passes on) over an empty entry, or over `expected`: 0;
 * FAULT_CHANGED (page is put); -ENOMEM.
 */
int fault_install_anon(struct fault *f, struct vm_area *area, struct page *page, pte_t expected);
/* A private page that one entry referenced: counts and the reference, and its slot in swap. */
void page_unmap_put(struct page *page);
/* Resolves the fault of any space from lookup to end: 0 or -errno. */
int fault_resolve(struct aspace *as, vaddr_t addr, unsigned flags);
/*
 * Makes all pages of [start, end) present, private ones for writing where the area allows it (with
 * FAULT_STRICT: for the access in flags): 0 or -errno of the first failure. No lock held.
 */
int fault_range(struct aspace *as, vaddr_t start, vaddr_t end, unsigned flags);

/* Pages that a device writes (pin.c); table_lock held, but for pin_range(). */
struct iov_pins;
/* Pins [va, va + n) of p->as, faulting it in: how many bytes. No lock held. */
size_t pin_range(struct iov_pins *p, vaddr_t va, size_t n);
/*
 * Whether a device writes the anonymous page: then only one entry maps it, which may be writable.
 */
static inline bool page_pinned(const struct page *page)
{
	return unlikely(READ_ONCE(page->private));
}
/* What fork's child gets of such a page: an anonymous page for one entry, or NULL. */
struct page *page_copy_pinned(const struct page *page);

/* The list of spaces (spaces.c) */
void space_enlist(struct aspace *as);
void space_unlist(struct aspace *as);
unsigned spaces_count(void);
/* The space that was looked at longest ago, with a reference (not a user), or NULL. */
struct aspace *space_next(void);
/* A space that the pass has not seen, with a reference, or NULL. */
struct aspace *space_next_of_pass(u64 pass);
/* The same of those that have locked areas; one such pass at a time. */
struct aspace *space_next_locked(u64 pass);

/* Reclaim (reclaim.c) */
void reclaim_init(void);
void fault_init(void);
void reclaim_wake(void);
/*
 * Frees a frame for those who allocate without sleeping (tables), which stays with this CPU for the
 * moment: whether there is one. `flags`: MM_USER, MM_NOFS … Thread context, no spinlock held.
 */
bool vm_make_room(unsigned flags);
/*
 * Before a space is locked whose tables will grow by n or so: when memory is short, frees as many
 * frames at once, as reclaim cannot look at that space then. The same context.
 */
void vm_make_room_for_tables(u64 n);

/* The end of memory (oom.c) */
/* mm's hook: nothing could be reclaimed. Whether it makes sense to try again. */
bool oom_decide(unsigned order);
/* A space has gone: who waits for memory looks again. */
void oom_memory_freed(void);
/* Takes the private memory of a process that was chosen to die. The reclaim thread only. */
void oom_reap(void);
bool oom_has_victim(void);

/*
 * In a long walk, between two tables: lets another thread run that waits. The caller holds
 * table_lock and no other spinlock; what it knows of the entries is void.
 */
static inline void table_lock_rest(struct aspace *as)
{
	if (likely(!(READ_ONCE(thread_current()->work) & WORK_RESCHED)))
		return;
	spin_unlock(&as->table_lock);
	sched_point();
	spin_lock(&as->table_lock);
}
