/*
 * Page faults: from the machine's trap to the kind of area.
 *
 *	upcall_page_fault -> fault_resolve: find the area, grow a stack, check the rights
 *	-> fault_in_area: anonymous (fault_anon.c), of a file (fault_file.c), device (here)
 *
 * as->lock is held for reading meanwhile, so areas stand still; entries change under table_lock.
 * What must wait for a page lock or a disk drops as->lock and starts again from the lookup
 * (FAULT_AGAIN), for the holder of the page lock may itself need as->lock.
 *
 * A waiting fault ends early when the thread is being killed: in user mode it returns as if
 * resolved, and the signal is taken; a copy in the kernel fails. So do all faults of a space whose
 * process was chosen to die for memory.
 */
#include "core/panic.h"
#include "sched/thread.h"
#include "vm/vm_int.h"

static inline int check_rights(const struct vm_area *area, unsigned flags)
{
	u32 have = area->flags;

	if (flags & FAULT_WRITE) {
		if (likely(have & AREA_WRITE))
			return 0;
		if (!(flags & FAULT_FORCE))
			return -EACCES;
		return (have & (AREA_MAYWRITE | AREA_SHARED)) == AREA_MAYWRITE ? 0 : -EACCES;
	}
	if (flags & FAULT_EXEC)
		return have & AREA_EXEC ? 0 : -EACCES;
	/* The machine lets whoever may write or execute also read. */
	if (likely(have & AREA_RIGHTS))
		return 0;
	return (flags & FAULT_FORCE) && (have & AREA_MAYREAD) ? 0 : -EACCES;
}

int stack_grow(struct vm_area *area, vaddr_t addr)
{
	struct aspace *as = area->aspace;
	struct vm_area *prev = area_prev(area);
	u64 pages = (area->start - addr) >> PAGE_SHIFT;
	int err;

	if (area->end - addr > READ_ONCE(as->limits_stack) || addr < vm_mmap_min_addr)
		return -ENOMEM;
	if (prev && prev->end > addr)
		return -ENOMEM;
	if (prev && (prev->flags & AREA_RIGHTS) && !(prev->flags & AREA_GROWSDOWN) &&
	    addr - prev->end < STACK_GUARD_GAP)
		return -ENOMEM;
	err = area->flags & AREA_LOCKED ? area_check_locked(as, pages) : 0;
	if (!err)
		err = area_check_limits(as, area->flags, pages);
	if (!err && (area->flags & AREA_ACCOUNTED))
		err = vm_charge(pages);
	if (err)
		return -ENOMEM;
	area_resize(area, addr, area->end, area->index - pages);
	area_account(as, area->flags, (s64)pages);
	return 0;
}

/* The address is below an area that may grow down to it: 0 or negative errno. No lock held. */
static int grow_to(struct aspace *as, vaddr_t addr)
{
	struct vm_area *area;
	int err;

	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	area = area_find(as, addr);
	if (!area)
		err = -EFAULT;
	else if (area->start > addr)
		err = area->flags & AREA_GROWSDOWN ? stack_grow(area, addr) : -EFAULT;
	rwsem_write_end(&as->lock);
	return err ? -EFAULT : 0;
}

pte_t *fault_slot(struct fault *f)
{
	for (;;) {
		struct page *page;
		pte_t *slot;

		spin_lock(&f->as->table_lock);
		slot = leaf_slot(f->as, f->addr);
		if (likely(slot))
			return slot;
		slot = pgtable_pte_alloc(&f->as->pgtable, f->addr);
		if (likely(slot)) {
			leaf_remember(f->as, f->addr, slot);
			return slot;
		}
		spin_unlock(&f->as->table_lock);
		/*
		 * Tables are allocated without sleeping. An allocation that may sleep makes room
		 * for them.
		 */
		page = page_alloc(MM_WAIT | MM_USER);
		if (!page)
			return NULL;
		page_put(page);
	}
}

int fault_device(struct fault *f, struct vm_area *area)
{
	bool write = (area->flags & (AREA_SHARED | AREA_WRITE)) == (AREA_SHARED | AREA_WRITE);
	unsigned extra = 0;
	paddr_t pa;
	pte_t *slot;

	if ((f->flags & FAULT_WRITE) && !write)
		return -EIO;
	if (!area->source || !area->source->frame ||
	    area->source->frame(area, area_index(area, f->addr), &pa, &extra))
		return -EIO;
	slot = fault_slot(f);
	if (!slot)
		return -ENOMEM;
	if (!pte_read(slot)) {
		pte_t pte = pte_make(pa, area_mmu_prot(area, write) | extra) | PTE_SPECIAL;

		pte_write(slot, area->flags & AREA_RIGHTS ? pte : (pte & ~PTE_PRESENT) | PTE_NONE);
	} else {
		tlb_flush_local(f->addr);
	}
	spin_unlock(&f->as->table_lock);
	return 0;
}

static pte_t fault_entry(struct fault *f)
{
	pte_t *slot, pte;

	spin_lock(&f->as->table_lock);
	slot = space_slot(f->as, f->addr);
	pte = slot ? pte_read(slot) : 0;
	spin_unlock(&f->as->table_lock);
	return pte;
}

int fault_in_area(struct fault *f, struct vm_area *area)
{
	if (unlikely(area->flags & AREA_DEVICE))
		return fault_device(f, area);
	if (unlikely(READ_ONCE(f->as->n_swapped)) && !(f->flags & FAULT_PRESENT)) {
		pte_t entry = fault_entry(f);

		if (pte_is_swap(entry))
			return fault_swap(f, area, entry);
	}
	if (f->flags & FAULT_PRESENT) {
		if (!(f->flags & FAULT_WRITE)) {
			/* The entry allows it by now: a stale translation. */
			tlb_flush_local(f->addr);
			return 0;
		}
		if (!(area->flags & AREA_SHARED))
			return fault_cow(f, area);
	}
	return area->cache ? fault_file(f, area) : fault_anon(f, area);
}

/* The end of a fault, with no lock held. */
static void fault_end(struct fault *f)
{
	struct aspace *as = f->as;

	__atomic_fetch_add(f->major ? &as->major_faults : &as->minor_faults, 1, __ATOMIC_RELAXED);
	vm_count(VM_FAULTS, 1);
	if (unlikely(f->major))
		vm_count(VM_MAJOR_FAULTS, 1);
	if (f->held)
		page_put(f->held);
	if (f->dirtied)
		writeback_throttle(NULL);
}

int fault_resolve(struct aspace *as, vaddr_t addr, unsigned flags)
{
	struct fault f = { .as = as, .addr = addr & PAGE_MASK, .flags = flags };
	int err;

	do {
		struct vm_area *area;

		if (unlikely(READ_ONCE(as->dying))) {
			err = -EFAULT;
			break;
		}
		rwsem_read(&as->lock);
		area = area_find(as, f.addr);
		if (unlikely(!area || area->start > f.addr)) {
			bool stack = area && (area->flags & AREA_GROWSDOWN);

			rwsem_read_end(&as->lock);
			err = stack ? grow_to(as, f.addr) : -EFAULT;
			if (err)
				break;
			err = FAULT_AGAIN;
			continue;
		}
		err = check_rights(area, flags);
		if (likely(!err)) {
			do
				err = fault_in_area(&f, area);
			while (unlikely(err == FAULT_CHANGED));
		}
		if (likely(err != FAULT_AGAIN))
			rwsem_read_end(&as->lock);
		else if (thread_fatal_pending())
			err = -ERESTARTSYS;
	} while (err == FAULT_AGAIN);
	fault_end(&f);
	return err;
}

int upcall_page_fault(vaddr_t addr, unsigned flags)
{
	struct aspace *as = thread_current()->aspace;
	int err;

	if (unlikely(!as || addr >= USER_TOP || this_cpu_read(vm_faults_disabled)))
		return -EFAULT;
	err = fault_resolve(as, addr,
			    flags & (FAULT_WRITE | FAULT_EXEC | FAULT_USER | FAULT_PRESENT));
	if (likely(!err))
		return 0;
	/* Back to user mode, where the signal ends the thread. */
	if (thread_fatal_pending())
		return flags & FAULT_USER ? 0 : -EFAULT;
	return err == -ABI_ERESTARTSYS ? -EFAULT : err;
}
