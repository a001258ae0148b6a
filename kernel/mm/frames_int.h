/*
 * Private to mm: what its files share about page frames. See frames.c for the picture.
 */
#pragma once

#include "arch/percpu.h"
#include "core/spinlock.h"
#include "mm/buddy_int.h"
#include "mm/frames.h"

/* An internal allocation flag: does not sleep, but leaves the emergency reserve alone. */
#define MM_GUARDED_ (1u << 31)

/* Below 4 GiB, and above. */
enum frame_zone { ZONE_LOW = MM_ZONE_LOW, ZONE_HIGH = MM_ZONE_HIGH, ZONE_COUNT = MM_ZONES };

#define ZONE_LOW_END ((pfn_t)(GIB(4) >> PAGE_SHIFT))

/* f: frames.lock.  I: constant after mm_init(). */
struct frames {
	struct spinlock lock;
	struct buddy zone[ZONE_COUNT]; /* f */
	u64 pending[ZONE_COUNT];       /* f: free frames whose entries in the page array are not set
					* up yet */
	u64 total;                     /* I: frames managed */
	u64 mark_min, mark_low;        /* I: frames */
	u64 low_reserve;               /* I: frames of ZONE_LOW kept for those who need them
					* there */
	u32 stack_max, stack_batch;    /* I: of the per-CPU lists */
	u64 (*reclaim)(u64 n, unsigned flags);
	bool (*oom)(unsigned order);
	void (*wake)(void);
};
extern struct frames frames;

static inline u64 zone_free(enum frame_zone zone)
{
	return READ_ONCE(frames.zone[zone].n_free) + READ_ONCE(frames.pending[zone]);
}

/* Free frames outside the CPUs' lists; the lock is not needed for an approximate answer. */
static inline u64 frames_unused(void)
{
	return zone_free(ZONE_LOW) + zone_free(ZONE_HIGH);
}

/* One try, without reclaim: a prepared block, or NULL. */
struct page *frames_try(unsigned order, unsigned flags);
/* A prepared block below the frame number `limit`, or NULL. May use the reserve; any context. */
struct page *frames_alloc_below(unsigned order, pfn_t limit, unsigned flags);
/* Reclaims and tries again (shortage.c). */
struct page *frames_alloc_slow(unsigned order, unsigned flags);
/* Gives this CPU's list back to the buddies: frames moved. */
u64 frames_drain_cpu(void);

/* Maps the page array and counts the free memory (page_array.c). */
void page_array_init(void);
/* Sets up the entries of some more pending frames of the zone and frees these to its buddy: false
 * if none are pending. Frames locked. */
bool page_array_grow_locked(enum frame_zone zone);
/* The same for all frames below `limit`. */
void page_array_grow_below_locked(pfn_t limit);
void slab_init(void);
void kmap_init(void);
/* Frees warm kernel stacks of this CPU and the depot: frames. Thread context, no spinlock held. */
u64 kstack_shrink(void);
/* This CPU's warm stacks go to the depot, as many as it takes. Any context. */
void kstack_drain_cpu(void);

/* Frames that the slab caches hold. */
void slab_count_frames(u64 *reclaimable, u64 *unreclaimable);

DECLARE_PERCPU(s64, mm_table_frames);
DECLARE_PERCPU(s64, mm_stack_frames);
