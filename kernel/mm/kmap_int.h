/* Private to mm: areas of the kernel's virtual range KMAP_BASE … KMAP_TOP. See kmap.c. */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "mm/kmap.h"

enum kmap_kind { KMAP_MEMORY, KMAP_STACK, KMAP_DEVICE, KMAP_RETIRED };

/* I: constant after kmap_reserve() or set by the owner before others see it.  k: kmap_lock. */
struct kmap_area {
	struct rb_node node;   /* k */
	vaddr_t start;         /* I: first mapped address; the page below it is the guard */
	u64 pages;             /* I: without the guard */
	u64 gap;               /* k: free pages between the area before and this one's guard */
	u64 widest;            /* k: largest gap of this subtree */
	enum kmap_kind kind;   /* I, but the owner's end makes it KMAP_RETIRED */
	struct list link;      /* k: device areas, retired areas */
	/* Of device areas: */
	paddr_t pa;            /* I: of start */
	u32 prot;              /* I: enum mmu_prot */
	u32 users;             /* k */
};

extern struct spinlock kmap_lock;

/* An area of that many pages with a guard page below, nothing mapped yet: NULL without memory or
 * room. */
struct kmap_area *kmap_reserve(u64 pages, enum kmap_kind kind, unsigned flags);
/* Gives the range back; nothing is mapped in it and the TLBs know. */
void kmap_release(struct kmap_area *area);
/* The area that holds the address, or NULL. Its owner keeps it alive. */
struct kmap_area *kmap_find(vaddr_t addr);
/* What an area is, for those who look at all of them. */
struct kmap_range {
	vaddr_t start;
	u64 pages;
	enum kmap_kind kind;
};
/* Describes the lowest area that begins at or above `at`: false if there is none. It may be gone
 * when the caller looks. */
bool kmap_next(vaddr_t at, struct kmap_range *out);
/* Maps a frame of its own to each page of the area: 0 or -ENOMEM with nothing mapped. */
int kmap_populate(struct kmap_area *area, unsigned flags);
/* Unmaps the area, waits until no TLB has it, and frees frames mapped by kmap_populate(). Thread
 * context, no spinlock held. */
void kmap_clear(struct kmap_area *area);
/* The end of an area of memory: unmaps it and frees its frames, and gives the range back some time
 * later, when one flush of all TLBs serves many such areas. Thread context, no spinlock held. */
void kmap_retire(struct kmap_area *area);
