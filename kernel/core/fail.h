/*
 * Fault injection, in debug builds: what cannot be reached by accident is reached so, every place
 * where memory runs out or a disk fails. Asked for by /sys/kernel/debug/fail (fs/sysfs); obeyed by
 * mm and dev. Interrupts that come meanwhile are not counted, nor is what other threads do on the
 * asker's behalf.
 *
 * There are two ways to ask. A *plan* is a thread's own: its n-th from now on fails. The *joint
 * plan* is one for a whole family, the thread that asked and all that it and its children start
 * from then on, who count together; there is one family at a time, and anybody may read what became
 * of it: which call failed by what path, and how it ended.
 *
 * A joint plan may also be for what is *new*: the first request whose path, the return addresses
 * from there up to the entry into the kernel, has not failed yet since fail_forget(). Asked again
 * and again, it goes through every path there is: where a family comes by repeatedly, as a loop
 * does, at the first, the second and the fifth time.
 */
#pragma once

#include "lib/types.h"

/* What may fail; a plan has one bit or several. */
enum fail_kind {
	FAIL_ALLOC = 1,
	FAIL_READ = 2,
	FAIL_WRITE = 4,
	FAIL_FLUSH = 8,
	FAIL_DISK = FAIL_READ | FAIL_WRITE | FAIL_FLUSH,
};

#define FAIL_NEW 0xffffffffu /* as nth: the first on a path that has not failed yet */

/* o: the thread's own. */
struct fail_plan {
	u32 kinds;  /* o: FAIL_*; 0: no plan of its own */
	u32 nth;    /* o: which one, from 1; 0: none, only count */
	u32 seen;   /* o: how many there were */
	u32 family; /* o: number of the family it is of, 0: of none */
	u32 call;   /* o: number of the system call that it is in, and 1; 0: none */
	u64 args[3]; /* o: that call's first */
	bool hit;   /* o: the joint plan struck in this call */
};

#ifdef CONFIG_DEBUG

/* Set once by sched: the plan of the running thread, NULL if there is none yet. */
void fail_set_current(struct fail_plan *(*current)(void));
/* Counts, and says whether this one is to fail. Any context. */
bool fail_now(enum fail_kind kind);
/* The running thread's, or NULL. */
struct fail_plan *fail_plan_current(void);
/* A thread that the running one starts is of the same family. */
void fail_inherit(struct fail_plan *child);

/* Founds a new family with the running thread as its first; the one before is dissolved. */
void fail_family_begin(u32 kinds, u32 nth);
/* Nothing of the family's is counted any more; what is known of it stays. */
void fail_family_end(void);
/* All paths are new again. */
void fail_forget(void);
/* What became of the family, as text of several lines; how long it is. */
size_t fail_family_describe(char *text, size_t size);

/* The running thread begins and ends a system call. */
void fail_call_begin(u32 number, const u64 args[3]);
void fail_call_end(s64 result);
/* An error that the running thread is told otherwise than by a call's result: 0 or -errno. */
void fail_told(s64 error);

#else

static inline void fail_set_current(struct fail_plan *(*current)(void)) {}
static inline struct fail_plan *fail_plan_current(void) { return NULL; }
static inline void fail_inherit(struct fail_plan *child) {}
static inline bool fail_now(enum fail_kind kind) { return false; }
static inline void fail_call_begin(u32 number, const u64 args[3]) {}
static inline void fail_call_end(s64 result) {}
static inline void fail_told(s64 error) {}

#endif
