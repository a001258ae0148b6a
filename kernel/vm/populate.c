/* Faults ahead of time: MAP_POPULATE, mlock(2), MADV_POPULATE_*. */
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/vm_int.h"

/* Whether the entry already allows the access. */
static bool satisfied(struct aspace *as, vaddr_t addr, unsigned flags, bool *present)
{
	pte_t pte;
	bool ok;

	spin_lock(&as->table_lock);
	pte = space_entry(as, addr);
	*present = pte_present(pte);
	ok = *present && (!(flags & FAULT_WRITE) || (pte & PTE_WRITE));
	spin_unlock(&as->table_lock);
	return ok;
}

/*
 * The access that populates the area at addr, and where the area ends: 0 or -EFAULT; with
 * FAULT_GAPS *end may be the next area's start and *access ~0.
 */
static int access_at(struct aspace *as, vaddr_t addr, unsigned flags, unsigned *access,
		     vaddr_t *end)
{
	struct vm_area *area;
	int err = rwsem_read_killable(&as->lock);

	if (err)
		return err;
	area = area_find(as, addr);
	if (area && area->start <= addr) {
		bool own = (area->flags & (AREA_WRITE | AREA_SHARED)) == AREA_WRITE;

		*access = flags & FAULT_STRICT ? flags & FAULT_WRITE : own ? FAULT_WRITE : 0;
		*end = area->end;
		if ((flags & FAULT_GAPS) &&
		    (!(area->flags & AREA_RIGHTS) || (area->flags & AREA_DEVICE)))
			*access = ~0u;
	} else if (flags & FAULT_GAPS) {
		*access = ~0u;
		*end = area ? area->start : USER_TOP;
	} else {
		err = -EFAULT;
	}
	rwsem_read_end(&as->lock);
	return err;
}

int fault_range(struct aspace *as, vaddr_t start, vaddr_t end, unsigned flags)
{
	vaddr_t area_end = start;
	unsigned access = 0;

	for (vaddr_t addr = start; addr < end; addr += PAGE_SIZE) {
		bool present;
		int err = 0;

		if (addr >= area_end) {
			err = access_at(as, addr, flags, &access, &area_end);
			if (err)
				return err;
			if (access == ~0u) {
				addr = area_end - PAGE_SIZE;
				continue;
			}
		}
		/* A read fault maps neighbours too. */
		while (!err && !satisfied(as, addr, access, &present)) {
			err = fault_resolve(as, addr, access | (present ? FAULT_PRESENT : 0));
			if (thread_fatal_pending())
				return -EINTR;
		}
		if (err && !(flags & FAULT_GAPS))
			return err;
		sched_point();
	}
	return 0;
}
