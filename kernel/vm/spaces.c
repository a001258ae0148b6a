/*
 * The list of all address spaces. Anonymous pages have no reverse map: who wants them (reclaim,
 * swapoff) walks the spaces. A space is listed from its creation until its last reference goes.
 *
 * Locks: the list's own, a spinlock under which nothing but references is taken.
 */
#include "vm/vm_int.h"

/* l: lock. */
static struct {
	struct spinlock lock;
	struct list list; /* l */
	unsigned n;       /* l */
} spaces = {
	.lock = SPINLOCK_INIT(RANK_LRU, "spaces"),
	.list = LIST_INIT(spaces.list),
};

void space_enlist(struct aspace *as)
{
	spin_lock(&spaces.lock);
	list_add_tail(&as->all_link, &spaces.list);
	spaces.n++;
	spin_unlock(&spaces.lock);
}

void space_unlist(struct aspace *as)
{
	spin_lock(&spaces.lock);
	list_del(&as->all_link);
	spaces.n--;
	spin_unlock(&spaces.lock);
}

unsigned spaces_count(void)
{
	return READ_ONCE(spaces.n);
}

struct aspace *space_next(void)
{
	struct aspace *as, *found = NULL;

	spin_lock(&spaces.lock);
	for (unsigned i = 0; i < spaces.n && !found; i++) {
		as = list_first_entry(&spaces.list, struct aspace, all_link);
		list_move_tail(&as->all_link, &spaces.list);
		if (ref_try_get(&as->refs))
			found = as;
	}
	spin_unlock(&spaces.lock);
	return found;
}

struct aspace *space_next_of_pass(u64 pass)
{
	struct aspace *as, *found = NULL;

	spin_lock(&spaces.lock);
	list_for_each_entry(as, &spaces.list, all_link) {
		if (as->recall_pass == pass)
			continue;
		as->recall_pass = pass;
		if (!ref_try_get(&as->refs))
			continue;
		found = as;
		break;
	}
	spin_unlock(&spaces.lock);
	return found;
}

struct aspace *space_next_locked(u64 pass)
{
	struct aspace *as, *found = NULL;

	spin_lock(&spaces.lock);
	list_for_each_entry(as, &spaces.list, all_link) {
		if (!READ_ONCE(as->n_locked) || as->locked_pass == pass)
			continue;
		as->locked_pass = pass;
		if (!ref_try_get(&as->refs))
			continue;
		found = as;
		break;
	}
	spin_unlock(&spaces.lock);
	return found;
}
