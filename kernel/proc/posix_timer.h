/*
 * POSIX timers of the current process (timer_create(2)). Times in nanoseconds; a value of 0 is
 * off.
 */
#pragma once

#include "proc/process.h"

struct posix_timer;

struct posix_timer_setting {
	u64 value_ns;    /* until it runs out (or, absolute, when) */
	u64 interval_ns; /* from then on; 0: once */
};

/*
 * 0 and *id, or -EINVAL (clock, signal number, thread), -EOPNOTSUPP (a clock without timers),
 * -EPERM (clocks that wake the machine), -EAGAIN (RLIMIT_SIGPENDING), -ENOMEM. `event` NULL:
 * SIGALRM with the id as its value.
 */
int posix_timer_create(int clock, const struct abi_sigevent *event, s32 *id);
/* The others: -EINVAL for an unknown id. `absolute`: TIMER_ABSTIME. *old: what was left before. */
int posix_timer_set(s32 id, bool absolute, const struct posix_timer_setting *new,
		    struct posix_timer_setting *old);
int posix_timer_get(s32 id, struct posix_timer_setting *out);
/* Expirations between the queueing of its last signal and the taking of it. */
int posix_timer_overrun(s32 id);
int posix_timer_delete(s32 id);

/* What /proc/[pid]/timers tells. */
struct posix_timer_facts {
	s32 id, clock, notify, signo; /* SIGEV_* */
	u64 value;                    /* what its signal brings */
	s32 whom;                     /* pid, or tid with SIGEV_THREAD_ID */
};
/* The process's timer with the highest id below the given one: whether there is any. */
bool posix_timer_below(struct process *p, s32 below, struct posix_timer_facts *out);
