/*
 * Areas as objects: made, copied, split, joined, counted. An area owns one reference to its source,
 * so a split takes one and a join drops one. Two neighbours are joined when nobody could tell them
 * apart.
 *
 * Locks: as->lock for writing.
 */
#include "vm/vm_int.h"

#include "core/panic.h"
#include "mm/slab.h"

static struct slab_cache *area_cache;
static bool (*lock_privileged)(void);

/* Flags that neighbours may differ in and still be joined. */
#define AREA_SOFT_FLAGS ((u32)AREA_COWED)
#define AREA_NEVER_JOINED ((u32)(AREA_SPECIAL | AREA_DEVICE))

void area_init_cache(void)
{
	area_cache = slab_cache_create("vm_area", sizeof(struct vm_area), 0);
	if (!area_cache)
		panic("vm: no memory for areas");
}

struct vm_area *area_alloc(struct aspace *as)
{
	struct vm_area *area = slab_alloc(area_cache, MM_KERNEL | MM_ZERO);

	if (area)
		area->aspace = as;
	return area;
}

struct vm_area *area_dup(const struct vm_area *area, struct aspace *as)
{
	struct vm_area *copy = slab_alloc(area_cache, MM_KERNEL);

	if (!copy)
		return NULL;
	*copy = *area;
	copy->aspace = as;
	if (copy->source)
		copy->source->get(copy);
	area_label_get(copy->label);
	return copy;
}

void area_free(struct vm_area *area)
{
	if (area->source)
		area->source->put(area);
	area_label_put(area->label);
	slab_free(area_cache, area);
}

int area_split(struct vm_area *area, vaddr_t addr)
{
	struct vm_area *upper;

	if (area->aspace->n_areas >= vm_max_map_count)
		return -ENOMEM;
	upper = area_dup(area, area->aspace);
	if (!upper)
		return -ENOMEM;
	upper->index = area_index(area, addr);
	upper->start = addr;
	area_link_upper(area, upper);
	return 0;
}

int area_cut(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *area = area_find(as, start);
	int err;

	if (area && area->start < start) {
		err = area_split(area, start);
		if (err)
			return err;
	}
	area = area_find(as, end - 1);
	if (area && area->start < end && area->end > end)
		return area_split(area, end);
	return 0;
}

static bool joinable(const struct vm_area *low, const struct vm_area *high)
{
	return low->end == high->start && !((low->flags ^ high->flags) & ~AREA_SOFT_FLAGS) &&
	       !(low->flags & AREA_NEVER_JOINED) && low->cache == high->cache &&
	       low->source == high->source && low->source_data == high->source_data &&
	       low->name == high->name && area_labels_equal(low, high) &&
	       (!low->cache || low->index + area_pages(low) == high->index);
}

/* low takes over the range of high, which goes. */
static void join(struct vm_area *low, struct vm_area *high)
{
	low->flags |= high->flags & AREA_SOFT_FLAGS;
	area_absorb(low, high);
	area_free(high);
}

struct vm_area *area_merge(struct vm_area *area)
{
	struct vm_area *prev = area_prev(area), *next = area_next(area);

	if (next && joinable(area, next))
		join(area, next);
	if (prev && joinable(prev, area)) {
		join(prev, area);
		return prev;
	}
	return area;
}

int areas_change(struct aspace *as, vaddr_t start, vaddr_t end, const struct area_change *change)
{
	struct vm_area *area;
	int err, gap = 0;

	for (vaddr_t at = start; at < end; at = area->end) {
		area = area_find(as, at);
		if (!area || area->start >= end)
			return -ENOMEM;
		if (area->start > at) {
			gap = -ENOMEM;
			at = area->start;
		}
		err = change->needs(change, area);
		if (err < 0)
			return err;
		if (!err)
			continue;
		err = area_cut(as, at, min(end, area->end));
		if (err)
			return err;
		area = area_find(as, at);
		change->apply(change, area);
		area = area_merge(area);
	}
	return gap;
}

void area_account(struct aspace *as, u32 flags, s64 pages)
{
	as->n_total += (u64)pages;
	as->total_peak = max(as->total_peak, as->n_total);
	if (flags & AREA_LOCKED)
		as->n_locked += (u64)pages;
	if (flags & AREA_GROWSDOWN)
		as->n_stack += (u64)pages;
	else if ((flags & (AREA_EXEC | AREA_WRITE)) == AREA_EXEC)
		as->n_exec += (u64)pages;
	else if ((flags & (AREA_WRITE | AREA_SHARED)) == AREA_WRITE)
		as->n_data += (u64)pages;
}

int area_check_limits(struct aspace *as, u32 flags, u64 pages)
{
	if (as->n_total + pages > as->limits_as >> PAGE_SHIFT)
		return -ENOMEM;
	if ((flags & (AREA_WRITE | AREA_SHARED | AREA_GROWSDOWN)) == AREA_WRITE &&
	    as->n_data + pages > as->limits_data >> PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

void vm_set_lock_privilege(bool (*privileged)(void))
{
	lock_privileged = privileged;
}

bool area_lock_fits(struct aspace *as, u64 pages)
{
	u64 limit = READ_ONCE(as->limits_memlock) >> PAGE_SHIFT;

	return (limit && pages <= limit) || (lock_privileged && lock_privileged());
}

int area_check_locked(struct aspace *as, u64 pages)
{
	if (area_lock_fits(as, as->n_locked + pages))
		return 0;
	return READ_ONCE(as->limits_memlock) ? -EAGAIN : -EPERM;
}
