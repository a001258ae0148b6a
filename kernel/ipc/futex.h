/* Fast user-space locks (futex(2)): threads that wait for a word in user memory to change. */
#pragma once

#include "lib/types.h"
#include "sched/deadline.h"

struct thread;

/* futex(2) with its operation and flags decoded by the callee. Results and errors as futex(2);
 * -ERESTARTSYS on a signal (-ERESTARTBLOCK is the caller's business). */
long futex_wait(u32 __user *word, u32 value, u32 bitset, bool private_hint, struct deadline end);
long futex_wake_bitset(u32 __user *word, u32 count, u32 bitset, bool private_hint);
/* Wakes `wake` waiters of `from` and moves up to `requeue` others to `to`; if `compare`, only when
 * *from == expected (-EAGAIN). Number of woken (and, if compare, moved) waiters. */
long futex_requeue(u32 __user *from, u32 __user *to, u32 wake, u32 requeue, bool compare,
		   u32 expected, bool private_hint);
long futex_wake_op(u32 __user *from, u32 __user *to, u32 wake, u32 wake2, u32 op,
		   bool private_hint);
/* futex_waitv(2): which one was woken, or the errors of futex_wait(). */
struct futex_want {
	u32 __user *word;
	u32 value;
	bool private_hint;
};
long futex_wait_many(const struct futex_want *wants, unsigned n, struct deadline end);
/* Locks with priority inheritance; `waits` false: -EAGAIN at once if it is not free. -EDEADLK,
 * -ESRCH, -EPERM, -EINVAL, -ENOMEM as futex(2), -ERESTARTNOINTR on a signal. */
long futex_lock_pi(u32 __user *word, bool private_hint, struct deadline end, bool waits);
long futex_unlock_pi(u32 __user *word, bool private_hint);
long futex_wait_requeue_pi(u32 __user *word, u32 value, bool private_hint, struct deadline end,
			   u32 __user *lock);
long futex_cmp_requeue_pi(u32 __user *from, u32 __user *lock, u32 wake, u32 requeue, u32 expected,
			  bool private_hint);
/* The thread's policy was changed: whose lock it waits for inherits anew. Thread context, no
 * spinlock held. */
void futex_priority_changed(struct thread *t);
/* proc's hook: the thread of that number, referenced, or NULL. */
void futex_set_thread_finder(struct thread *(*find)(s32 tid));
/* Boot. */
void futex_init(void);
/* Wakes waiters of a word of either kind: what a thread's end does for its clear_child_tid. */
void futex_wake(u32 __user *word, u32 count);
/* Walks the robust list of an ending thread (get_robust_list(2)), marking its locks as abandoned
 * and waking a waiter of each. */
void futex_exit_robust(u64 list_head, s32 tid);
/* The locks with priority inheritance that the current thread has go to who waits for them, as
 * their owner has died. `ends`: it takes none any more. After futex_exit_robust(). */
void futex_exit_pi(bool ends);
