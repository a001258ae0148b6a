/*
 * From a condition to its lock (futex(2), FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI): who waits
 * for the one word says which lock he is to be moved to, and comes back when he has it. The mover
 * takes the lock for the first of them if it is free, and queues the others at it.
 */
#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "ipc/futex_int.h"

long futex_wait_requeue_pi(u32 __user *word, u32 value, bool private_hint, struct deadline end,
			   u32 __user *lock)
{
	struct futex_waiter w = {
		.bitset = FUTEX_BITSET_MATCH_ANY,
		.thread = thread_current(),
	};
	struct futex_key target;
	int error;

	if (word == lock)
		return -EINVAL;
	error = futex_key_get(word, private_hint, &w.key);
	if (!error)
		error = futex_key_get(lock, private_hint, &target);
	if (error)
		return error;
	if (futex_key_equal(&w.key, &target))
		return -EINVAL;
	w.target = &target;
	error = futex_waiter_enter(&w, word, value);
	if (!error)
		error = futex_pi_sleep(&w, lock, end);
	if (error != -ABI_ERESTARTSYS)
		return error;
	return w.pi ? -EAGAIN : -ERESTARTNOINTR;
}

/* One move. k: constant. */
struct move {
	struct futex_key from, to;  /* k */
	struct futex_bucket *a, *b; /* k: theirs */
	u32 __user *lock;           /* k */
	u32 limit;                  /* k: how many may be woken and moved */
	u32 n;                      /* that have been */
	struct futex_attempt attempt;
};

/* One waiter gets the lock or is queued at it: 0 or futex_pi_take()'s errors. Both buckets
 * locked. */
static int move_one(struct move *m, struct futex_waiter *w)
{
	struct futex_pi *pi;
	int result;

	if (!w->target || w->pi || !futex_key_equal(w->target, &m->to))
		return -EINVAL;
	result = futex_pi_take(&m->to, m->lock, w->thread, &m->attempt, m->limit > 1, &pi);
	if (result < 0)
		return result;
	if (result) {
		futex_attempt_owner(&m->attempt, w->thread);
		futex_waiter_wake(w);
		return 0;
	}
	result = futex_pi_wait(pi, w);
	if (result) {
		futex_pi_unused(pi);
		return result;
	}
	list_del(&w->link);
	w->key = m->to;
	store_release(&w->bucket, m->b);
	futex_bucket_add(m->b, w);
	return 0;
}

/* All of them. Both buckets locked. */
static int move_locked(struct move *m)
{
	struct futex_waiter *w;
	int error = 0;

	while (!error && m->n < m->limit && (w = futex_bucket_first(m->a, &m->from)) != NULL) {
		error = move_one(m, w);
		if (!error)
			m->n++;
	}
	return error;
}

/* One try: 0, or an error; `*again`: with a word faulted in, or the attempt prepared anew. */
static int move_try(struct move *m, u32 __user *word, u32 expected, bool *again)
{
	int error = futex_attempt_prepare(&m->attempt, m->lock);
	u32 now = expected;

	*again = false;
	if (error)
		return error;
	futex_lock_two(m->a, m->b);
	if (m->n == 0 && user_load_u32(&now, word) < 0) {
		futex_unlock_two(m->a, m->b);
		*again = true;
		return user_fault_in(word, false);
	}
	error = now == expected ? move_locked(m) : -EAGAIN;
	futex_unlock_two(m->a, m->b);
	if (now != expected)
		return -EAGAIN;
	*again = error == -ABI_EAGAIN || error == -ABI_EFAULT;
	return error == -ABI_EFAULT ? user_fault_in(m->lock, true) : *again ? 0 : error;
}

long futex_cmp_requeue_pi(u32 __user *from, u32 __user *lock, u32 wake, u32 requeue, u32 expected,
			  bool private_hint)
{
	struct move m = { .lock = lock };
	bool again;
	int error;

	if ((s32)requeue < 0 || wake != 1 || from == lock)
		return -EINVAL;
	m.limit = requeue + 1;
	error = futex_key_get(from, private_hint, &m.from);
	if (!error)
		error = futex_key_get(lock, private_hint, &m.to);
	if (error)
		return error;
	if (futex_key_equal(&m.from, &m.to))
		return -EINVAL;
	m.a = futex_bucket_of(&m.from);
	m.b = futex_bucket_of(&m.to);
	do {
		error = move_try(&m, from, expected, &again);
		sched_point();
		if (again && thread_signal_pending() && m.n == 0)
			error = -ERESTARTNOINTR;
	} while (again && !error);
	futex_attempt_end(&m.attempt);
	return error ? error : (long)m.n;
}
