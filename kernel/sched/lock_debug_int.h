/* Private to sched: where a thread keeps the ranks it holds; nowhere in release builds. */
#pragma once

#include "sched/thread.h"

struct lock_debug_held {
	u8 *ranks, *n; /* NULL: not kept */
	unsigned max;
};

#ifdef CONFIG_DEBUG
static inline struct lock_debug_held lock_debug_held(struct thread *t)
{
	return t ? (struct lock_debug_held){ t->held_ranks, &t->n_held, sizeof(t->held_ranks) } :
		   (struct lock_debug_held){ 0 };
}
/* What the thread has asked to fail (core/fail.h). */
static inline struct fail_plan *lock_debug_plan(struct thread *t)
{
	return t ? &t->fail : NULL;
}
#else
static inline struct fail_plan *lock_debug_plan(struct thread *t)
{
	return NULL;
}
static inline struct lock_debug_held lock_debug_held(struct thread *t)
{
	return (struct lock_debug_held){ 0 };
}
void lock_debug_push(enum lock_rank rank, const char *name, bool check);
void lock_debug_pop(enum lock_rank rank);
#endif
