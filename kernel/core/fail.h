/*
 * Fault injection, in debug builds: a thread asks that its n-th allocation, or its n-th request to
 * a disk, from now on fails. What cannot be reached by accident is reached so: every place where
 * memory runs out. Asked for by /sys/kernel/debug/fail (fs/sysfs); obeyed by mm and dev. Interrupts
 * that come meanwhile are not counted.
 */
#pragma once

#include "lib/types.h"

enum fail_kind { FAIL_NONE, FAIL_ALLOC, FAIL_DISK };

/* o: the thread's own. */
struct fail_plan {
	enum fail_kind kind; /* o: what fails */
	u32 nth;             /* o: which one, from 1; 0: none, only count */
	u32 seen;            /* o: how many there were */
};

#ifdef CONFIG_DEBUG

/* Set once by sched: the plan of the running thread, NULL if there is none yet. */
void fail_set_current(struct fail_plan *(*current)(void));
/* Counts, and says whether this one is to fail. Any context. */
bool fail_now(enum fail_kind kind);
/* The running thread's, or NULL. */
struct fail_plan *fail_plan_current(void);

#else

static inline void fail_set_current(struct fail_plan *(*current)(void)) {}
static inline struct fail_plan *fail_plan_current(void) { return NULL; }
static inline bool fail_now(enum fail_kind kind) { return false; }

#endif
