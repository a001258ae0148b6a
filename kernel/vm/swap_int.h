/*
 * Private to vm: swap. An entry names a slot of an area in the form in which a leaf table holds it.
 *
 * Each slot has a count of the entries that name it (leaf entries and places of shared memory) and
 * a mark that a page of it is in memory: the area's page cache, indexed by slot, is the swap cache.
 * A slot is free when both are zero. Who holds an entry in place (table_lock, cache->lock, page
 * lock) may use its area; else swap_area_get() keeps the area from going.
 *
 * Rules of the swap cache. A page in it is mapped read-only or not at all, so it never differs from
 * what was or will be written. A store takes it out of the cache, when nobody else names the slot,
 * or copies it. It leaves with its page lock held and no write under way.
 */
#pragma once

#include "vm/swap.h"
#include "vm/vm_int.h"

#define SWAP_COUNT  0x7fffu /* of a slot: entries that name it */
#define SWAP_CACHED 0x8000u /* of a slot: a page of it is in the swap cache, or about to be */
#define SWAP_BAD    0x7fffu /* as a count: never used */

/*
 * Slots in a cluster: areas are filled cluster by cluster, so that neighbours were used together.
 */
#define SWAP_CLUSTER 64
#define SWAP_READ_AROUND 8      /* most slots read together, aligned; a power of two */

/*
 * c: cache.lock.  s: swap_lock.  I: constant.
 */
struct swap_area {
	struct pagecache cache;         /* the swap cache: pages by slot */
	struct swap_source source;      /* I; source.bad is not kept */
	unsigned type;                  /* I: its place in entries */
	int priority;                   /* I */
	u64 n_usable;                   /* I */
	u16 *map;                       /* c: per slot */
	u8 *cluster_used;               /* c: per cluster: slots in use */
	u64 n_used;                     /* c */
	u64 hand;                       /* c: the next slot to give out, if it is free */
	struct refcount refs;           /* of those who hold it without an entry in place */
	/*
	 * Torn reads harmless: slots to read together, pages read ahead that were used, last read
	 */
	unsigned window, hits;
	u64 last_read;
	bool closing;                   /* s: takes nothing more */
	struct list link;               /* s: by priority, highest first */
};

static inline unsigned swap_entry_type(pte_t entry) { return (entry >> 12) & 31; }
static inline u64 swap_entry_slot(pte_t entry) { return entry >> 17; }
static inline pte_t swap_entry_make(unsigned type, u64 slot)
{
	return slot << 17 | (u64)type << 12 | PTE_SWAP;
}

/* ---- Areas and slots (swap_area.c) ---- */
/* The area of an entry that is in place. */
struct swap_area *swap_area_of(pte_t entry);
/* The same with a reference, or NULL: by now the entry names nothing. */
struct swap_area *swap_area_get(pte_t entry);
void swap_area_put(struct swap_area *area);
/* The area of that type with a reference, or NULL. */
struct swap_area *swap_area_get_type(unsigned type);
/* Takes a free slot, marked SWAP_CACHED: its entry, or 0. Thread context, no spinlock held. */
pte_t swap_slot_alloc(void);
/* A slot's last mark or count goes. cache.lock held. */
void swap_slot_uncached_locked(struct swap_area *area, u64 slot);
/* How many entries name the slot. Any context. */
unsigned swap_slot_count(struct swap_area *area, u64 slot);
/* Free slots of areas that take pages. */
u64 swap_slots_free(void);
/* One more entry names the slot: 0, or -ENOMEM (too many). The old one is in place. */
int swap_entry_dup(pte_t entry);
/*
 * One entry less; the page goes from the swap cache if it was the last and the page is at rest. Any
 * thread context, spinlocks up to table_lock may be held.
 */
void swap_entry_free(pte_t entry);

/* Gives nothing more out, or (`close` false) does again. */
void swap_area_close(struct swap_area *area, bool close);
/* The area is empty and closed: takes it out of the list and drops the first reference. */
void swap_area_forget(struct swap_area *area);

/* ---- The swap cache (swap_cache.c) ---- */
/* Whether the page of an entry in place is in memory, up to date. */
static inline bool swap_cache_has(pte_t entry)
{
	return pagecache_cached(&swap_area_of(entry)->cache, swap_entry_slot(entry));
}
/*
 * Puts a locked page that is in no cache into the swap cache at a slot of swap_slot_alloc(), dirty:
 * 0, or -ENOMEM and the slot is free again.
 */
int swap_cache_add(pte_t entry, struct page *page);
/*
 * Takes a locked page without a write under way out; its slot becomes free when no entry names it.
 * The caller has a reference.
 */
void swap_cache_remove(struct page *page);
/*
 * Takes a page out that nobody maps and no entry names, if it is at rest. Caller has a reference.
 */
void swap_cache_release(struct page *page);
/*
 * Whether a store may have the page, that one entry maps and no other names, for itself: if so it
 * is taken out of the swap cache. table_lock held, so that the entry stays.
 */
bool swap_cache_take(struct page *page, u32 refs);
/*
 * The page of an entry, read with its neighbours if need be, with a reference: 0 (perhaps still
 * locked, or not up to date: the read failed), -ENOENT (the entry names nothing any more), -ENOMEM.
 * No lock above the page lock held. *major: a read was begun.
 */
int swap_cache_get(pte_t entry, struct page **out, bool *major);

/* A page read ahead was wanted. */
static inline void swap_cache_hit(struct page *page)
{
	struct swap_area *area;

	if (!page_test_reset(page, PG_READAHEAD))
		return;
	area = container_of(page->cache, struct swap_area, cache);
	WRITE_ONCE(area->hits, READ_ONCE(area->hits) + 1);
}

/* ---- Out (swap_out.c) and back (swap_fault.c, swap_off.c) ---- */
/* Sends about n unused pages on their way out: how many. The reclaim thread only. */
u64 swap_out(u64 want);
/* Writes what is dirty in the swap cache, without waiting. Thread context, no lock held. */
void swap_flush(void);
/* Frees the pages whose way out has ended, waiting for some if `wait`: how many. Reclaim thread. */
u64 swap_reap(bool wait);
/* Whether pages are on their way. */
bool swap_busy(void);
/* MADV_PAGEOUT of private memory: as->lock held for reading. */
void swap_out_range(struct vm_area *area, vaddr_t start, vaddr_t end);

/* ---- Shared memory (swap_shmem.c) ---- */
/*
 * Moves a page of a cache with nothing behind it (locked, unmapped, two references: the cache's and
 * the caller's) to the swap cache: whether it is there now.
 */
bool swap_shmem_out(struct page *page);
/* Brings back what shared memory has in the area: 0, -ENOMEM, -EIO, -EINTR. */
int swap_shmem_recall(unsigned type);
