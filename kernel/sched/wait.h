/*
 * Wait queues: who waits for a condition that somebody else makes true. Also the hook on which
 * poll, select and epoll hang: an entry may carry a callback instead of a sleeping thread.
 */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "sched/thread.h"

/* w: queue's lock (interrupts off). */
struct wait_queue {
	struct spinlock lock;
	struct list entries; /* w */
};

#define WAIT_QUEUE_INIT(name) \
	{ .lock = SPINLOCK_INIT(RANK_WAIT, "wait"), .entries = LIST_INIT((name).entries) }

struct wait_entry {
	struct list link;          /* w */
	/* Called by wake with the queue locked, interrupts off; `events` are the waker's poll bits
	 * (0: all). Returns whether it counts as an exclusive wake. NULL: wake `thread`. */
	bool (*wake)(struct wait_entry *entry, u32 events);
	struct thread *thread;
	u32 events;                /* of a sleeping thread: wakes with other poll bits only do not
				    * concern it; 0: all do */
	bool exclusive;            /* wait_wake_one() stops after one of these */
};

static inline void wait_init(struct wait_queue *q)
{
	spin_init(&q->lock, RANK_WAIT, "wait");
	list_init(&q->entries);
}

void wait_add(struct wait_queue *q, struct wait_entry *entry);
void wait_remove(struct wait_queue *q, struct wait_entry *entry);

/* Slow parts of the wakes below. */
void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n_exclusive);
/* Wakes all; or all others and one exclusive waiter. `events`: poll bits that became true, 0 if not
 * known. Any context. The empty queue costs one read: the caller made the condition true before,
 * with a full barrier between (the function has it). */
static inline void wait_wake(struct wait_queue *q, u32 events)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!list_empty(&q->entries))
		wait_wake_slow(q, events, ~0u);
}
static inline void wait_wake_one(struct wait_queue *q, u32 events)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!list_empty(&q->entries))
		wait_wake_slow(q, events, 1);
}
/* As one who is about to sleep himself or has more of the same to do (WAKE_SYNC). */
static inline void wait_wake_one_sync(struct wait_queue *q, u32 events)
{
	wait_wake_one(q, events | WAKE_SYNC);
}

/* Puts the current thread on the queue and sets its state; the entry lives on the caller's
 * stack. */
void wait_begin(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		bool exclusive);
/* The same for wakes with certain poll bits only. */
void wait_begin_for(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		    bool exclusive, u32 events);
/* Takes it off and sets it running. */
void wait_end(struct wait_queue *q, struct wait_entry *entry);

/*
 * Sleeps until `cond` is true, evaluated again after each wake. wait_until: 0 always.
 * wait_interruptible: 0, or -ERESTARTSYS on a signal. wait_killable: 0, or -ERESTARTSYS on a fatal
 * signal. _timeout: also -ETIMEDOUT once clock_monotonic() >= deadline_ns. `cond` must not sleep.
 */
#define wait_loop_(q, cond, state, deadline, stop) \
	wait_loop_for_(q, 0, false, cond, state, deadline, stop)
#define wait_loop_for_(q, events, exclusive, cond, state, deadline, stop) \
	({ \
		int ret_ = 0; \
		might_sleep(); \
		if (!(cond)) { \
			struct wait_entry entry_; \
			for (;;) { \
				wait_begin_for((q), &entry_, (state), (exclusive), (events)); \
				if (cond) \
					break; \
				if (stop) { \
					ret_ = -ERESTARTSYS; \
					break; \
				} \
				if (thread_block_until(deadline)) { \
					ret_ = (cond) ? 0 : -ETIMEDOUT; \
					break; \
				} \
				wait_end((q), &entry_); \
			} \
			wait_end((q), &entry_); \
		} \
		ret_; \
	})
#define wait_until(q, cond) ((void)wait_loop_(q, cond, THREAD_UNINTERRUPTIBLE, ~0ull, false))
#define wait_interruptible(q, cond) \
	wait_loop_(q, cond, THREAD_INTERRUPTIBLE, ~0ull, thread_signal_pending())
#define wait_killable(q, cond) wait_loop_(q, cond, THREAD_KILLABLE, ~0ull, thread_fatal_pending())
#define wait_interruptible_timeout(q, cond, deadline_ns) \
	wait_loop_(q, cond, THREAD_INTERRUPTIBLE, deadline_ns, thread_signal_pending())
/* The interruptible one with a timeout, of which only wakes with one of `events` take notice (and
 * those without any). */
#define wait_events(q, events, cond, deadline_ns) \
	wait_loop_for_(q, events, false, cond, THREAD_INTERRUPTIBLE, deadline_ns, \
		       thread_signal_pending())
/* The same as one of those of whom wait_wake_one() wakes one. */
#define wait_events_exclusive(q, events, cond, deadline_ns) \
	wait_loop_for_(q, events, true, cond, THREAD_INTERRUPTIBLE, deadline_ns, \
		       thread_signal_pending())
#define wait_until_timeout(q, cond, deadline_ns) \
	wait_loop_(q, cond, THREAD_UNINTERRUPTIBLE, deadline_ns, false)

/*
 * Internal restart codes, never seen by user space (proc/signal turns them into -EINTR or a
 * restart):
 * ERESTARTSYS: restart if SA_RESTART or no handler; ERESTARTNOHAND: only if no handler;
 * ERESTARTNOINTR: always;
 * ERESTARTBLOCK: through restart_syscall(2) if no handler.
 */
#include "abi/errno.h"
