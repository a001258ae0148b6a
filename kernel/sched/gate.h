/*
 * A gate: activities pass it at all times and in any number, until somebody closes it and waits for
 * those inside. It has levels: an activity of one level may have activities of higher levels nested
 * in it, so they are closed one after the other, from GATE_CALL up.
 *
 * Who enters adds one to a number of his CPU and then looks whether the gate is closed; who closes
 * it waits for a grace period of RCU between the one and the other. So passing an open gate costs
 * neither a lock nor a barrier.
 */
#pragma once

#include "arch/percpu.h"
#include "sched/wait.h"

enum gate_level { GATE_CALL, GATE_FAULT, GATE_SYNC, GATE_EVICT, GATE_LEVELS };

/* Numbers may be below zero: who enters on one CPU may leave on another. */
struct gate_cpu { s32 n[GATE_LEVELS]; } __attribute__((aligned(64)));

/* c: the closer's. */
struct gate {
	u32 closed;             /* c to write: levels below it let nobody in */
	struct wait_queue wait; /* for `closed`, and for those inside */
	struct gate_cpu cpus[CPU_MAX]; /* each its CPU's */
};

/* NULL: no memory. May sleep. gate_free(): nobody is inside, or waits. */
struct gate *must_check gate_alloc(void);
void gate_free(struct gate *g);

static inline void gate_leave(struct gate *g, enum gate_level level)
{
	s32 *n;

	if (!g)
		return;
	n = &g->cpus[cpu_id()].n[level];
	WRITE_ONCE(*n, *n - 1);
	if (unlikely(READ_ONCE(g->closed)))
		wait_wake(&g->wait, 0);
}

/* Enters unless it is closed: whether that was so. NULL is always open. Thread context. */
static inline bool must_check gate_try_enter(struct gate *g, enum gate_level level)
{
	s32 *n;

	if (!g)
		return true;
	n = &g->cpus[cpu_id()].n[level];
	WRITE_ONCE(*n, *n + 1);
	if (likely(READ_ONCE(g->closed) <= (u32)level))
		return true;
	gate_leave(g, level);
	return false;
}

/* Waits until it is open, not entering: 0, or -ERESTARTSYS on a fatal signal. */
int gate_wait_open(struct gate *g, enum gate_level level);
/* Enters, waiting if it must: 0, or -ERESTARTSYS on a fatal signal. */
int must_check gate_enter_slow(struct gate *g, enum gate_level level);
static inline int must_check gate_enter(struct gate *g, enum gate_level level)
{
	return likely(gate_try_enter(g, level)) ? 0 : gate_enter_slow(g, level);
}
/* The same, whatever signals come. */
void gate_enter_unkillable(struct gate *g, enum gate_level level);

/* Closes a level, all below it being closed, and waits for those inside. One closer at a time. */
void gate_close(struct gate *g, enum gate_level level);
/* Opens all levels. */
void gate_open(struct gate *g);
