/*
 * Priority inheritance (futex(2), "Priority-inheritance futexes"): who owns a lock that others wait
 * for runs as urgently as the most urgent of them; and if it waits for a lock itself, so does that
 * one's owner, and so on. What a thread inherits is the scheduler's `boost`; here it is worked out
 * anew wherever a waiter comes, goes or changes, along the line of owners.
 *
 * The lines have no rings: who would close one is refused, and so is who would stand behind more
 * than CHAIN_MAX owners; inheritance goes no further either. An object exists as long as somebody
 * waits; its owner has it in pi_held.
 *
 * All of it is under one lock, futex_pi_lock: a line passes through any number of locks and
 * threads, and only calls that wait, or that wake who waits, come here.
 */
#include "abi/errno.h"
#include "ipc/futex_int.h"
#include "mm/slab.h"

#define CHAIN_MAX 1024

struct spinlock futex_pi_lock = SPINLOCK_INIT(RANK_FUTEX_PI, "futex_pi");

static struct futex_waiter *first_waiter(const struct futex_pi *pi)
{
	return list_first_entry_or_null(&pi->waiters, struct futex_waiter, pi_link);
}

/* Enters it where it belongs by its thread's urgency. */
static void insert(struct futex_pi *pi, struct futex_waiter *w)
{
	struct list *at = &pi->waiters;

	w->urgency = sched_urgency(w->thread);
	while (at->prev != &pi->waiters &&
	       list_entry(at->prev, struct futex_waiter, pi_link)->urgency > w->urgency)
		at = at->prev;
	list_add_tail(&w->pi_link, at);
}

/* The thread's waiters, or its own policy, have changed: it inherits anew, and all before it in its
 * line. */
static void update(struct thread *t)
{
	for (unsigned n = 0; t && n <= CHAIN_MAX; n++) {
		struct futex_waiter *w = t->pi_wait;
		u8 urgency = URGENCY_NONE;
		struct futex_pi *pi;

		list_for_each_entry(pi, &t->pi_held, held_link) {
			if (!list_empty(&pi->waiters))
				urgency = min(urgency, first_waiter(pi)->urgency);
		}
		sched_set_boost(t, urgency);
		if (!w || w->urgency == sched_urgency(t))
			return;
		list_del(&w->pi_link);
		insert(w->pi, w);
		t = w->pi->owner;
	}
}

int futex_pi_begin(struct futex_pi *pi, struct thread *owner)
{
	int error = 0;

	list_init(&pi->waiters);
	pi->owner = owner;
	spin_lock(&futex_pi_lock);
	if (owner->pi_ended)
		error = -ESRCH;
	else
		list_add(&pi->held_link, &owner->pi_held);
	spin_unlock(&futex_pi_lock);
	return error;
}

static void unused_locked(struct futex_pi *pi)
{
	if (!list_empty(&pi->waiters))
		return;
	if (pi->owner)
		list_del(&pi->held_link);
	kfree(pi);
}

void futex_pi_unused(struct futex_pi *pi)
{
	spin_lock(&futex_pi_lock);
	unused_locked(pi);
	spin_unlock(&futex_pi_lock);
}

/* Whether a wait for the lock would end in a ring, or in too long a line. */
static bool line_closes(const struct futex_pi *pi, const struct thread *t)
{
	const struct thread *owner = pi->owner;

	for (unsigned n = 0; owner; n++) {
		const struct futex_waiter *next = owner->pi_wait;

		if (owner == t || n == CHAIN_MAX)
			return true;
		owner = next ? next->pi->owner : NULL;
	}
	return false;
}

int futex_pi_wait(struct futex_pi *pi, struct futex_waiter *w)
{
	int error = 0;

	spin_lock(&futex_pi_lock);
	if (!pi->owner && list_empty(&pi->waiters)) {
		error = -EAGAIN; /* it ended just now, and there was no heir */
	} else if (line_closes(pi, w->thread)) {
		error = -EDEADLK;
	} else {
		w->pi = pi;
		w->thread->pi_wait = w;
		insert(pi, w);
		update(pi->owner);
	}
	spin_unlock(&futex_pi_lock);
	return error;
}

void futex_pi_leave_locked(struct futex_waiter *w, bool owns)
{
	struct futex_pi *pi = w->pi;
	struct thread *before = pi->owner, *me = w->thread;

	list_del(&w->pi_link);
	me->pi_wait = NULL;
	if (owns) {
		if (before)
			list_del(&pi->held_link);
		pi->owner = me;
		list_add(&pi->held_link, &me->pi_held);
	}
	unused_locked(pi);
	update(before);
	if (owns)
		update(me);
}

void futex_pi_bequeath_locked(struct futex_pi *pi)
{
	struct futex_waiter *w = first_waiter(pi);

	if (!w)
		return;
	WRITE_ONCE(w->heir, true);
	thread_wake(w->thread);
}

void futex_exit_pi(bool ends)
{
	struct thread *me = thread_current();
	struct futex_pi *pi, *tmp;

	spin_lock(&futex_pi_lock);
	me->pi_ended = ends;
	list_for_each_entry_safe(pi, tmp, &me->pi_held, held_link) {
		list_del(&pi->held_link);
		pi->owner = NULL;
		futex_pi_bequeath_locked(pi);
	}
	update(me);
	spin_unlock(&futex_pi_lock);
}

void futex_priority_changed(struct thread *t)
{
	spin_lock(&futex_pi_lock);
	update(t);
	spin_unlock(&futex_pi_lock);
}
