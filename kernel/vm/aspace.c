/*
 * The life of an address space. Users are the threads that run in it (and whoever looks into it for
 * long); when the last has gone its memory is freed. References keep the structure itself, one of
 * them for all users together.
 */
#include "vm/aspace.h"

#include "mm/slab.h"
#include "sched/thread.h"
#include "vm/vm_int.h"

int aspace_create(struct aspace **out)
{
	struct aspace *as = kzalloc(sizeof(*as), MM_KERNEL);
	int err;

	if (!as)
		return -ENOMEM;
	/* The root is allocated without sleeping. */
	while (unlikely((err = pgtable_init(&as->pgtable))) && vm_make_room(MM_USER))
		;
	if (err) {
		kfree(as);
		return err;
	}
	ref_set(&as->users, 1);
	ref_set(&as->refs, 1);
	rwsem_init(&as->lock, RANK_ASPACE, "aspace");
	spin_init(&as->table_lock, RANK_PTABLE, "pgtable");
	rb_init(&as->areas);
	space_enlist(as);
	as->mmap_top = USER_TOP;
	as->limits_as = as->limits_data = as->limits_memlock = ~0ull;
	as->limits_stack = MIB(8);
	*out = as;
	return 0;
}

bool aspace_try_get_user(struct aspace *as)
{
	return ref_try_get(&as->users);
}

void aspace_put_user(struct aspace *as)
{
	if (!ref_put(&as->users))
		return;
	WRITE_ONCE(as->dying, true);
	/* The tables go with the last reference, which is nearly always this one. */
	aspace_empty(as, ref_read(&as->refs) > 1);
	if (as->exe && as->exe_put) {
		as->exe_put(as->exe);
		as->exe = NULL;
	}
	oom_memory_freed();
	aspace_put(as);
}

void aspace_put(struct aspace *as)
{
	if (!ref_put(&as->refs))
		return;
	space_unlist(as);
	pgtable_fini(&as->pgtable);
	kfree(as);
}

struct aspace *aspace_switch(struct aspace *as)
{
	struct thread *self = thread_current();
	struct aspace *old = self->aspace;
	u64 irq = irq_save();

	self->aspace = as;
	self->pgtable = as ? &as->pgtable : NULL;
	pgtable_activate(self->pgtable);
	irq_restore(irq);
	return old;
}

void aspace_reset_peak(struct aspace *as)
{
	WRITE_ONCE(as->resident_peak, aspace_resident(as));
}

u64 aspace_resident_peak(struct aspace *as)
{
	return max(READ_ONCE(as->resident_peak), aspace_resident(as));
}
