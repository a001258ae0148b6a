/*
 * Page frames: a buddy allocator over the firmware's memory map, with per-CPU lists of single
 * frames. Every frame of RAM has a struct page in the array at PAGEMAP_BASE.
 *
 * Who uses which field of struct page depends on its kind: free frames belong to the allocator,
 * slab frames to mm/slab, the rest to vm (anonymous and page-cache pages).
 */
#pragma once

#include "arch/mmu.h"
#include "lib/list.h"
#include "lib/types.h"

struct pagecache;

enum page_flags {
	PG_RESERVED  = 1 << 0,  /* not RAM, or taken for good at boot */
	PG_BUDDY     = 1 << 1,  /* free, head of a block of 2^order frames */
	PG_SLAB      = 1 << 2,
	PG_LOCKED    = 1 << 3,  /* vm: page lock bit */
	PG_UPTODATE  = 1 << 4,  /* vm: contents are valid */
	PG_DIRTY     = 1 << 5,  /* vm: newer than the disk */
	PG_WRITEBACK = 1 << 6,  /* vm: being written */
	PG_LRU       = 1 << 7,  /* vm: on a reclaim list */
	PG_ACTIVE    = 1 << 8,  /* vm: on the active list */
	PG_REFERENCED= 1 << 9,  /* vm: used since the last scan */
	PG_ANON      = 1 << 10, /* vm: anonymous memory */
	PG_ERROR     = 1 << 11, /* vm: the last read or write failed */
	PG_WAITERS   = 1 << 12, /* vm: somebody waits for LOCKED or WRITEBACK to clear */
	PG_PRIVATE   = 1 << 13, /* `private` belongs to the file system */
	PG_LARGE     = 1 << 14, /* head of an allocation of 2^order frames */
	PG_SWAPCACHE = 1 << 15,
	PG_UNEVICTABLE = 1 << 16,
	PG_READAHEAD = 1 << 17, /* vm: reaching this page starts the next read-ahead */
	PG_SHMEM     = 1 << 18, /* vm: page of a cache with nothing behind it (tmpfs, shared
				 * anonymous memory) */
	PG_WORKING   = 1 << 19, /* vm: was used again after its first scan */
	PG_DELAYED   = 1 << 20, /* dirty, and parts have no place on the disk yet (ops->place) */
};

/*
 * a: atomic.  f: frame allocator.  c: pagecache->lock to change, page lock or reference to read.
 * u: the user of the frame.
 */
struct page {
	u32 flags;                /* a: enum page_flags */
	u32 refs;                 /* a: references; 0 = free */
	s32 map_count;            /* a: page-table entries that map it */
	u32 order;                /* f, u: of a block whose head this is */
	struct list lru;          /* f: free list; u: reclaim list, slab list */
	union {
		struct pagecache *cache;  /* c: file whose page it is; anonymous: NULL */
		void *slab_cache;         /* u: mm/slab */
	};
	union {
		pgoff_t index;            /* c: place in the file, pages */
		void *slab_free;          /* u: mm/slab */
	};
	u64 private;              /* u: file system's or slab's; a: anonymous: devices that
				   * write it */
	u64 reserved;
};

#define page_array ((struct page *)PAGEMAP_BASE)

static inline struct page *pfn_to_page(pfn_t pfn) { return page_array + pfn; }
static inline pfn_t page_to_pfn(const struct page *page) { return (pfn_t)(page - page_array); }
static inline paddr_t page_to_phys(const struct page *page)
{
	return page_to_pfn(page) << PAGE_SHIFT;
}
static inline void *page_to_virt(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}
static inline struct page *phys_to_page(paddr_t pa) { return pfn_to_page(pa >> PAGE_SHIFT); }
/* Of a physmap address only. */
static inline struct page *virt_to_page(const void *p) { return phys_to_page(virt_to_phys(p)); }

static inline bool page_test(const struct page *p, u32 flag)
{
	return __atomic_load_n(&p->flags, __ATOMIC_ACQUIRE) & flag;
}
static inline void page_set(struct page *p, u32 flag)
{
	__atomic_fetch_or(&p->flags, flag, __ATOMIC_ACQ_REL);
}
static inline void page_reset(struct page *p, u32 flag)
{
	__atomic_fetch_and(&p->flags, ~flag, __ATOMIC_ACQ_REL);
}
static inline bool page_test_set(struct page *p, u32 flag)
{
	return __atomic_fetch_or(&p->flags, flag, __ATOMIC_ACQ_REL) & flag;
}
static inline bool page_test_reset(struct page *p, u32 flag)
{
	return __atomic_fetch_and(&p->flags, ~flag, __ATOMIC_ACQ_REL) & flag;
}

enum mm_flags {
	MM_WAIT    = 1 << 0, /* may sleep and reclaim; without it the call never sleeps and may use
			      * the emergency reserve */
	MM_ZERO    = 1 << 1,
	MM_DMA32   = 1 << 2, /* below 4 GiB */
	MM_NOFS    = 1 << 3, /* reclaim must not call a file system (the caller holds its locks) */
	MM_NORETRY = 1 << 4, /* fail rather than reclaim hard or kill */
	MM_USER    = 1 << 5, /* for user memory: may end in the OOM killer */
	MM_MOVABLE = 1 << 6,
};
#define MM_KERNEL MM_WAIT
#define MM_ATOMIC 0

/* 2^order physically contiguous frames with one reference on the first, or NULL. Any context
 * without MM_WAIT. */
struct page *page_alloc_order(unsigned order, unsigned flags);
static inline struct page *page_alloc(unsigned flags) { return page_alloc_order(0, flags); }
/* Frees a block of page_alloc_order(); the caller has the last reference. */
void page_free_order(struct page *page, unsigned order);
/*
 * Makes 2^order single frames, each with a reference of its own, of a block of page_alloc_order().
 */
void page_split_order(struct page *page, unsigned order);
/*
 * Frees such frames together, as one block: all belong to nobody any more (references 0, taken away
 * by exchange, so that no late reader has one).
 */
void page_release_block(struct page *page, unsigned order);

/*
 * Gives the frames [start, end) that boot kept, the initial RAM disk's, to the allocator. Once.
 */
void mm_give(paddr_t start, paddr_t end);

static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
}
/* Takes a reference unless the frame is free. */
static inline bool must_check page_try_get(struct page *page)
{
	u32 n = __atomic_load_n(&page->refs, __ATOMIC_RELAXED);

	do {
		if (n == 0)
			return false;
	} while (!__atomic_compare_exchange_n(&page->refs, &n, n + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}
void page_release(struct page *page); /* the last reference is gone: back to the allocator */
static inline void page_put(struct page *page)
{
	if (__atomic_sub_fetch(&page->refs, 1, __ATOMIC_ACQ_REL) == 0)
		page_release(page);
}

/* Whether a physical page has a struct page and is RAM. */
bool pfn_is_ram(pfn_t pfn);

/*
 * Gives back what the allocators keep in stock for a rainy day, on all CPUs: how many frames that
 * brought. Thread context, no spinlock.
 */
u64 mm_shrink_stocks(void);

struct mm_stats {
	u64 total;      /* frames managed */
	u64 free;       /* frames free, per-CPU lists included */
	u64 slab_reclaimable, slab_unreclaimable; /* frames */
	u64 tables;     /* frames of page tables */
	u64 stacks;     /* frames of kernel stacks */
};
void mm_stats(struct mm_stats *out);
/* Free blocks of 2^order frames, for order 0 … MM_ORDERS - 1, below 4 GiB and above. */
#define MM_ORDERS 11
enum mm_zone { MM_ZONE_LOW, MM_ZONE_HIGH, MM_ZONES };
void mm_free_blocks(enum mm_zone zone, u64 n[MM_ORDERS]);
/* Frames free, approximate but cheap; and the marks (in frames): below `low` reclaim is woken,
 * below `min` only MM_ATOMIC gets more. */
u64 mm_free_frames(void);
u64 mm_mark_low(void);
u64 mm_mark_min(void);

/*
 * Set once by vm: called when an allocation finds too little memory. Frees about n frames if it
 * can, may sleep; returns how many it freed, or MM_USE_RESERVE: none, but who asks may have of the
 * emergency reserve. `flags` are the allocation's. After 0 and without MM_NORETRY the second hook
 * kills a process (true: try again).
 */
#define MM_USE_RESERVE (~0ull)
void mm_set_reclaim(u64 (*reclaim)(u64 n, unsigned flags), bool (*oom)(unsigned order),
		    void (*wake)(void));

/* Builds the page array and the free lists from boot_info, then slab, kmap. First after
 * arch_init_early(). */
void mm_init(void);
