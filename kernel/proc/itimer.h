/* Interval timers of the current process (getitimer(2)). Times in nanoseconds; 0 is off. */
#pragma once

#include "lib/types.h"

struct process;

/* `which`: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF: 0 or -EINVAL. */
int itimer_get(int which, u64 *value_ns, u64 *interval_ns);
int itimer_set(int which, u64 value_ns, u64 interval_ns);
/* The process has used that much CPU time: its timers that count it, and RLIMIT_CPU. Any
 * context. */
void itimer_charge(struct process *p, u64 user_ns, u64 system_ns);
