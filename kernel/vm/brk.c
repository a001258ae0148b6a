/* brk(2): the heap is one private anonymous area between start_brk and the page above the break. */
#include "abi/mman.h"
#include "vm/vm_int.h"

#define HEAP_FLAGS \
	(AREA_READ | AREA_WRITE | AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC | AREA_HEAP)

/* Maps [from, to) as more heap: 0 or negative errno. */
static int heap_grow(struct aspace *as, vaddr_t from, vaddr_t to)
{
	u64 pages = (to - from) >> PAGE_SHIFT;
	u32 flags = HEAP_FLAGS | as->future_flags;
	struct vm_area *next = area_find(as, from), *heap = next ? area_prev(next) : area_last(as);
	vaddr_t guard = 0;
	int err = 0;

	/* A stack above keeps its guard gap. */
	if (next && next->flags & AREA_GROWSDOWN)
		guard = min(next->start, (vaddr_t)STACK_GUARD_GAP);
	if (next && to > next->start - guard)
		return -ENOMEM;
	if (flags & AREA_LOCKED)
		err = area_check_locked(as, pages);
	if (!err)
		err = area_check_limits(as, flags, pages);
	if (!err)
		err = vm_charge(pages);
	if (err)
		return err;
	flags |= AREA_ACCOUNTED;
	if (heap && heap->end == from && heap->flags == flags && !heap->cache && !heap->source &&
	    !heap->label) {
		area_resize(heap, heap->start, to, heap->index);
	} else {
		struct vm_area *area = as->n_areas < vm_max_map_count ? area_alloc(as) : NULL;

		if (!area) {
			vm_uncharge(pages);
			return -ENOMEM;
		}
		area->start = from;
		area->end = to;
		area->index = from >> PAGE_SHIFT;
		area->flags = flags;
		area_link(area);
	}
	area_account(as, flags, (s64)pages);
	return 0;
}

vaddr_t vm_brk(struct aspace *as, vaddr_t brk)
{
	vaddr_t old_end, new_end, result;
	bool populate = false;
	int err = 0;

	if (rwsem_write_killable(&as->lock))
		return READ_ONCE(as->brk);
	result = as->brk;
	old_end = align_up(as->brk, (vaddr_t)PAGE_SIZE);
	new_end = align_up(brk, (vaddr_t)PAGE_SIZE);
	if (brk < as->start_brk || brk > USER_TOP)
		goto out;
	/* RLIMIT_DATA bounds the data segment and the heap together: getrlimit(2). */
	if (as->limits_data != ~0ull &&
	    (brk - as->start_brk) + (as->end_data - as->start_data) > as->limits_data)
		goto out;
	if (new_end < old_end)
		err = unmap_locked(as, new_end, old_end);
	else if (new_end > old_end)
		err = heap_grow(as, old_end, new_end);
	if (!err) {
		as->brk = result = brk;
		populate = new_end > old_end && (as->future_flags & AREA_LOCKED) &&
			   !as->lock_on_fault;
	}
out:
	aspace_write_end(as);
	if (populate)
		vm_populate(as, old_end, new_end - old_end);
	return result;
}
