/*
 * mlock(2) and its relatives. A locked area's pages are made present once and then left alone by
 * reclaim: anonymous ones are not moved anyway, file pages are spared because the reverse map sees
 * the area.
 */
#include "abi/mman.h"
#include "vm/vm_int.h"

/* Pages of [start, end) that are not locked now. */
static u64 unlocked_pages(struct aspace *as, vaddr_t start, vaddr_t end)
{
	u64 pages = 0;

	for (struct vm_area *area = area_find(as, start); area && area->start < end;
	     area = area_next(area))
		if (!(area->flags & AREA_LOCKED))
			pages += (min(end, area->end) - max(start, area->start)) >> PAGE_SHIFT;
	return pages;
}

/* Sets or clears AREA_LOCKED in [start, end): 0 or -ENOMEM (gap, too many areas). */
static int mark_range(struct aspace *as, vaddr_t start, vaddr_t end, bool lock)
{
	struct vm_area *area;

	for (vaddr_t at = start; at < end; at = area->end) {
		area = area_find(as, at);
		if (!area || area->start > at)
			return -ENOMEM;
		if (!!(area->flags & AREA_LOCKED) == lock ||
		    (area->flags & (AREA_DEVICE | AREA_SPECIAL)))
			continue;
		if (area_cut(as, at, min(end, area->end)))
			return -ENOMEM;
		area = area_find(as, at);
		area_account(as, area->flags, -(s64)area_pages(area));
		area->flags = lock ? area->flags | AREA_LOCKED : area->flags & ~(u32)AREA_LOCKED;
		area_account(as, area->flags, (s64)area_pages(area));
		area = area_merge(area);
	}
	return 0;
}

static int lock_range(struct aspace *as, vaddr_t addr, u64 length, bool lock, bool populate)
{
	vaddr_t start = align_down(addr, (vaddr_t)PAGE_SIZE);
	vaddr_t end = align_up(addr + length, (vaddr_t)PAGE_SIZE);
	int err;

	if (lock && READ_ONCE(as->limits_memlock) == 0 && !area_lock_fits(as, 1))
		return -EPERM;
	if (addr + length < addr || end < start)
		return -EINVAL;
	if (start == end)
		return 0;
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	if (lock && !area_lock_fits(as, as->n_locked + unlocked_pages(as, start, end)))
		err = -ENOMEM;
	else
		err = mark_range(as, start, end, lock);
	aspace_write_end(as);
	if (err || !lock || !populate)
		return err;
	err = fault_range(as, start, end, 0);
	/* What could not be brought in: mlock(2), ERRORS. */
	if (err == -ABI_ENOMEM)
		return -EAGAIN;
	return err == -ABI_EACCES || err == -ABI_EIO || err == -ABI_EFAULT ? -ENOMEM : err;
}

int vm_lock_range(struct aspace *as, vaddr_t addr, u64 length, bool lock)
{
	return lock_range(as, addr, length, lock, true);
}

int vm_lock_range_onfault(struct aspace *as, vaddr_t addr, u64 length)
{
	return lock_range(as, addr, length, true, false);
}

/* mlockall(2), munlockall(2). */
int vm_lock_all(struct aspace *as, u32 flags, bool lock)
{
	struct vm_area *area;
	int err;

	if (lock && (!flags || (flags & ~(u32)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
		     flags == MCL_ONFAULT))
		return -EINVAL;
	if (lock && READ_ONCE(as->limits_memlock) == 0 && !area_lock_fits(as, 1))
		return -EPERM;
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	if (lock && (flags & MCL_CURRENT) && !area_lock_fits(as, as->n_total)) {
		err = -ENOMEM;
		goto out;
	}
	as->future_flags = lock && (flags & MCL_FUTURE) ? AREA_LOCKED : 0;
	as->lock_on_fault = lock && (flags & MCL_ONFAULT);
	if (!lock || (flags & MCL_CURRENT)) {
		vaddr_t end;

		/* An area may be joined to the one before it, so the walk goes on by address. */
		for (area = area_first(as); area && !err; area = area_find(as, end)) {
			end = area->end;
			err = mark_range(as, area->start, end, lock);
		}
	}
out:
	aspace_write_end(as);
	if (!err && lock && (flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT)
		(void)fault_range(as, 0, USER_TOP, FAULT_GAPS);
	return err;
}
