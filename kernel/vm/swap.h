/*
 * Swap: where pages of anonymous and shared memory go when frames are short. An area is a range of
 * page-sized slots on a device or in a file; whoever sets one up (vfs) gives the operations that
 * read and write its slots, vm decides what goes there and finds it again.
 */
#pragma once

#include "vm/pagecache.h"

struct swap_area;

#define SWAP_AREAS_MAX 29       /* as many as swapon(2) says */
#define SWAP_PRIORITY_MAX 32767

/* What an area is made of. Slots are numbered from 0; slot 0 is the header's. */
struct swap_source {
	/*
	 * read and write (pagecache.h) of pages whose index is a slot; cache->owner is `owner`.
	 * Both submit without allocating memory that is not reserved.
	 */
	const struct pagecache_ops *ops;
	void *owner;
	const char *name;       /* for /proc/swaps; outlives the area */
	bool partition;         /* else a file */
	u64 n_slots;            /* the header's included */
	const u32 *bad;         /* slots that are not to be used, each below n_slots */
	unsigned n_bad;
	int priority;           /* 0 … SWAP_PRIORITY_MAX, or -1: below all that were given one */
};

/*
 * Begins to use an area: 0 and *out; -ENOMEM; -EINVAL (no usable slot); -EPERM (too many areas).
 * Thread context.
 */
int swap_area_add(const struct swap_source *source, struct swap_area **out);
/*
 * Ends the use of an area: brings everything back into memory, then frees it. 0; -ENOMEM, -EINTR,
 * -EIO: it is in use as before. Calls for one area are serialised by the caller. Thread context, no
 * lock held.
 */
int swap_area_remove(struct swap_area *area);

struct swap_info {
	const char *name;
	bool partition;
	u64 size, used;         /* pages */
	int priority;
};
/* Calls fn for each area in the order of swapon(2); fn may sleep, areas stand still. */
void swap_each(void (*fn)(const struct swap_info *info, void *arg), void *arg);
/* Slots of all areas, and those that are free. Any context. */
void swap_totals(u64 *total, u64 *free);

/* How readily memory is swapped before the page cache is squeezed, 0 … 200: vm.swappiness. */
extern u32 vm_swappiness;
