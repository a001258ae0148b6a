/*
 * Soft work: what interrupt handlers leave for a little later, on the same CPU, at its next safe
 * point: on the way to user mode, before a thread blocks or another one runs, in the idle loop.
 * There no spinlock is held and interrupts are on, so soft work takes plain spinlocks that system
 * calls take, too; it borrows the thread that happens to be there, and so must not sleep, nor look
 * at who that is. When it does not end (a flood of packets), a kernel thread of that CPU goes on
 * with it, in turn with all other threads.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sched/timer.h"

enum soft_kind { SOFT_TIMER, SOFT_NET, SOFT_SIGNAL, SOFT_DNOTIFY, SOFT_MAX };

/* Who does the work of a kind: fn does what there is, or a fair share of it and raises the kind
 * again. Once, at boot. */
void soft_register(enum soft_kind kind, void (*fn)(void));
/* Asks for work of a kind on this CPU; may be asked again before it was begun. Any context. */
void soft_raise(enum soft_kind kind);
/* Whether soft work is what runs on this CPU: for assertions, and for those who would otherwise
 * raise a kind for what they can do at once. */
bool soft_running(void);
/* Boot, when all CPUs run: nothing is raised before. */
void soft_init(void);

/* A timer whose function is soft work: it may take the locks of system calls, and allocate without
 * waiting. */
struct soft_timer {
	struct timer timer;
	struct list link;                    /* its CPU's list of those that are due (its lock) */
	void (*fn)(struct soft_timer *timer);
	u32 due_cpu;                         /* whose list; ~0: not due */
};

void soft_timer_init(struct soft_timer *t, void (*fn)(struct soft_timer *timer));
/* Arms or re-arms it for CLOCK_MONOTONIC `expires_ns`: true if it was neither armed nor due before
 * (the caller then has one more reference to account for). Any context but handlers. Callers of
 * one timer's arm and cancel exclude each other by a lock of theirs. */
bool soft_timer_arm(struct soft_timer *t, u64 expires_ns);
/* Whether it was armed, or due and not begun: if so its function will not be called. Its function
 * may be running on another CPU. */
bool soft_timer_cancel(struct soft_timer *t);
static inline bool soft_timer_armed(const struct soft_timer *t)
{
	return READ_ONCE(t->timer.armed) || READ_ONCE(t->due_cpu) != ~0u;
}
