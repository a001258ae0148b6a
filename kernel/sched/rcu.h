/*
 * Read-copy-update. A reader is any stretch of code that does not block; the kernel does not
 * preempt itself, so rcu_read_lock() costs nothing. A grace period has passed when each CPU has
 * switched threads, idled or run user code.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

/* Marks a read-side section; must not sleep inside (debug builds check). */
static inline void rcu_read_lock(void) { __asm__ volatile("" ::: "memory"); }
static inline void rcu_read_unlock(void) { __asm__ volatile("" ::: "memory"); }
/* Calls fn after a grace period, in thread context of a kernel thread, must not sleep long. Any
 * context. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head));
/* Waits for a grace period. Thread context. */
void rcu_synchronize(void);
/* Waits until every callback handed to rcu_call() before has run. Thread context, not from a
 * callback. */
void rcu_barrier(void);
/* The scheduler tells: this CPU passed a quiescent state. */
void rcu_quiescent(void);
void rcu_init(void);

#define rcu_load(p)     __atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_store(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
