/*
 * SCHED_DEADLINE (sched(7)): what a thread asks for, and what others set of it. See edf.c.
 */
#pragma once

#include "sched/thread.h"

/* sched_setattr(2); ns. The caller has checked them: EDF_LEAST <= runtime <= deadline <= period,
 * edf_period_min_us <= period <= edf_period_max_us. */
struct edf_params {
	u64 runtime, deadline, period;
	u64 flags;               /* SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN */
};

#define EDF_LEAST      1024ull /* ns of runtime */
#define EDF_PERIOD_MAX (1u << 22) /* us: products of two times in ns fit 64 bits */
/* a: the bounds of periods, us; at most EDF_PERIOD_MAX (sched_deadline_period_min_us, _max_us). */
extern u32 edf_period_min_us, edf_period_max_us;

/* Gives the thread SCHED_DEADLINE, or other parameters of it, from now on: 0, -EBUSY (there is not
 * so much left), -ENOMEM. Thread context. */
int sched_set_edf(struct thread *t, const struct edf_params *params);
/* The parameters of a thread; all 0 if it never had any. And what is left of the runtime (below 0:
 * it has overrun) until which time. */
void sched_edf_params(struct thread *t, struct edf_params *params);
void sched_edf_state(struct thread *t, s64 *left, u64 *until);
/* Whether threads may ask for any time at all, and whether what they ask for is limited. */
bool sched_edf_allowed(void);
bool sched_edf_limited(void);
/* proc's hook: told of a thread with a process that used more than its runtime and wants to hear of
 * it. Interrupts off, no run-queue lock held, so it may send signals. */
void sched_set_overrun_hook(void (*hook)(struct thread *t));
