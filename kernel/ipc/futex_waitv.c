/* Waiting for any of several words (futex_waitv(2)). */
#include "abi/errno.h"
#include "abi/futex.h"
#include "ipc/futex_int.h"
#include "mm/slab.h"

/* Whether one of them has been woken. */
static bool any_woken(struct futex_waiter *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!load_acquire(&w[i].bucket))
			return true;
	}
	return false;
}

/* Takes all off: which one, the last of them, had been woken, or -1. */
static int leave_all(struct futex_waiter *w, unsigned n)
{
	int woken = -1;

	for (unsigned i = 0; i < n; i++) {
		if (!futex_waiter_leave(&w[i]))
			woken = (int)i;
	}
	return woken;
}

/* Queues all: 0; or -EAGAIN, -EFAULT, with none queued; 1 and *woken: that was woken meanwhile. */
static int enter_all(struct futex_waiter *w, const struct futex_want *wants, unsigned n,
		     int *woken)
{
	for (unsigned i = 0; i < n; i++) {
		int error = futex_waiter_enter(&w[i], wants[i].word, wants[i].value);

		if (!error)
			continue;
		*woken = leave_all(w, i);
		return *woken < 0 ? error : 1;
	}
	return 0;
}

static long wait_for_any(struct futex_waiter *w, const struct futex_want *wants, unsigned n,
			 struct deadline end)
{
	bool late = false;
	int woken, error = enter_all(w, wants, n, &woken);

	if (error)
		return error < 0 ? error : woken;
	while (!any_woken(w, n) && !late && !thread_signal_pending()) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (!any_woken(w, n) && !thread_signal_pending())
			late = thread_block_by(end);
		thread_running();
	}
	woken = leave_all(w, n);
	return woken >= 0 ? woken : late ? -ETIMEDOUT : -ERESTARTSYS;
}

long futex_wait_many(const struct futex_want *wants, unsigned n, struct deadline end)
{
	struct futex_waiter *w = kmalloc_array(n, sizeof(*w), MM_KERNEL | MM_ZERO);
	long result = 0;

	if (!w)
		return -ENOMEM;
	for (unsigned i = 0; i < n && !result; i++) {
		w[i].bitset = FUTEX_BITSET_MATCH_ANY;
		w[i].thread = thread_current();
		result = futex_key_get(wants[i].word, wants[i].private_hint, &w[i].key);
	}
	if (!result)
		result = wait_for_any(w, wants, n, end);
	kfree(w);
	return result;
}
