/*
 * mmap(2) once the file is resolved: choose the address, check the limits, remove what is in the
 * way, make the area or let a neighbour grow over the new range. Order of checks and errors as in
 * mmap(2).
 */
#include "abi/mman.h"
#include "vm/shmem.h"
#include "vm/vm_int.h"

#define TOP_32BIT (1ull << 31)

/* Whether [addr, addr + length) is free and clear of a guard gap. */
static bool range_free(struct aspace *as, vaddr_t addr, u64 length)
{
	struct vm_area *next = area_find(as, addr);
	vaddr_t floor;

	if (!next)
		return true;
	floor = next->start;
	if (next->flags & AREA_GROWSDOWN)
		floor -= min(floor, (vaddr_t)STACK_GUARD_GAP);
	return addr + length <= floor;
}

int map_choose(struct aspace *as, vaddr_t hint, u64 length, u32 map_flags, vaddr_t *addr)
{
	vaddr_t bottom = max((vaddr_t)vm_mmap_min_addr, (vaddr_t)USER_BOTTOM), found;

	if (length > USER_TOP)
		return -ENOMEM;
	if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (hint & ~PAGE_MASK)
			return -EINVAL;
		if (hint > USER_TOP - length)
			return -ENOMEM;
		if (hint < bottom)
			return -EPERM;
		if ((map_flags & MAP_FIXED_NOREPLACE) && area_overlaps(as, hint, hint + length))
			return -EEXIST;
		*addr = hint;
		return 0;
	}
	if (hint) {
		hint = max(align_down(hint, (vaddr_t)PAGE_SIZE), bottom);
		if (hint <= USER_TOP - length &&
		    (!(map_flags & MAP_32BIT) || hint + length <= TOP_32BIT) &&
		    range_free(as, hint, length)) {
			*addr = hint;
			return 0;
		}
	}
	if (map_flags & MAP_32BIT) {
		found = area_gap_find(as, length, max(bottom, (vaddr_t)TOP_32BIT / 2), TOP_32BIT);
	} else {
		found = area_gap_find(as, length, bottom, as->mmap_top);
		if (!found)
			found = area_gap_find(as, length, bottom, USER_TOP);
	}
	if (!found)
		return -ENOMEM;
	*addr = found;
	return 0;
}

/*
 * Lets a neighbour of plain anonymous memory grow over [start, end): whether one did. Most heaps
 * and arenas are made so.
 */
static bool grow_neighbour(struct aspace *as, const struct map_request *req, u32 flags,
			   vaddr_t start, vaddr_t end)
{
	struct vm_area *next = area_find(as, start), *prev = next ? area_prev(next) : area_last(as);

	if (prev && prev->end == start && !prev->cache && !prev->source &&
	    prev->name == req->name && !prev->label && prev->flags == flags) {
		area_resize(prev, prev->start, end, prev->index);
		(void)area_merge(prev);
		return true;
	}
	if (next && next->start == end && !next->cache && !next->source &&
	    next->name == req->name && !next->label && next->flags == flags) {
		area_resize(next, start, next->end, start >> PAGE_SHIFT);
		return true;
	}
	return false;
}

/* Makes and links the area. Limits and charge are done. */
static int area_create(struct aspace *as, const struct map_request *req, u32 flags, vaddr_t start,
		       vaddr_t end)
{
	struct vm_area *area = area_alloc(as);

	if (!area)
		return -ENOMEM;
	area->start = start;
	area->end = end;
	area->flags = flags;
	area->cache = req->cache;
	area->index = req->cache || req->source ? req->index : start >> PAGE_SHIFT;
	area->source = req->source;
	area->source_data = req->source_data;
	area->name = req->name;
	if (area->source)
		area->source->get(area);
	area_link(area);
	(void)area_merge(area);
	return 0;
}

int map_locked(struct aspace *as, const struct map_request *req, u32 flags, u64 length,
	       vaddr_t *addr)
{
	u64 pages = length >> PAGE_SHIFT, replaced = 0;
	vaddr_t start, end;
	int err;

	if (as->n_areas >= vm_max_map_count)
		return -ENOMEM;
	err = map_choose(as, req->addr, length, req->map_flags, &start);
	if (err)
		return err;
	end = start + length;
	flags |= as->future_flags;
	if (flags & AREA_LOCKED) {
		err = area_check_locked(as, pages);
		if (err)
			return err;
	}
	/* Pages that the new mapping replaces do not count against the limit. */
	if (req->map_flags & MAP_FIXED)
		for (struct vm_area *a = area_find(as, start); a && a->start < end;
		     a = area_next(a))
			replaced += (min(a->end, end) - max(a->start, start)) >> PAGE_SHIFT;
	err = area_check_limits(as, flags, pages - min(replaced, pages));
	if (!err && (req->map_flags & MAP_FIXED))
		err = unmap_locked(as, start, end);
	if (err)
		return err;
	if (area_wants_charge(flags)) {
		err = vm_charge(pages);
		if (err)
			return err;
		flags |= AREA_ACCOUNTED;
	}
	if (req->cache || req->source || !grow_neighbour(as, req, flags, start, end))
		err = area_create(as, req, flags, start, end);
	if (err) {
		if (flags & AREA_ACCOUNTED)
			vm_uncharge(pages);
		return err;
	}
	area_account(as, flags, (s64)pages);
	*addr = start;
	return 0;
}

int vm_map(struct aspace *as, const struct map_request *req, vaddr_t *addr)
{
	u64 length = align_up(req->length, (u64)PAGE_SIZE);
	struct map_request anon = *req;
	struct shmem *shmem = NULL;
	u32 flags = req->flags;
	bool populate;
	int err;

	if (!req->length)
		return -EINVAL;
	if (!length || length > USER_TOP)
		return -ENOMEM;
	if ((req->cache || req->source) && req->index + (length >> PAGE_SHIFT) < req->index)
		return -EOVERFLOW;
	if ((flags & AREA_SHARED) && !req->cache && !req->source) {
		err = shmem_create(length, !(flags & AREA_NORESERVE), &shmem);
		if (err)
			return err;
		anon.cache = &shmem->cache;
		anon.index = 0;
		anon.source = &shmem_source;
		anon.source_data = shmem;
	}
	err = rwsem_write_killable(&as->lock);
	if (!err) {
		err = map_locked(as, &anon, flags, length, addr);
		populate = (req->map_flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE ||
			   (((flags | as->future_flags) & AREA_LOCKED) && !as->lock_on_fault);
		aspace_write_end(as);
		if (!err && populate)
			vm_populate(as, *addr, length);
	}
	if (shmem)
		shmem_put(shmem);
	return err;
}

void vm_populate(struct aspace *as, vaddr_t addr, u64 length)
{
	(void)fault_range(as, addr, addr + align_up(length, (u64)PAGE_SIZE), 0);
}
