/*
 * Starting the other processors. init/smp.c gives each its memory and its idle thread, one after
 * the other; the machine's part is here (docs/processors.md).
 */
#pragma once

#include "lib/types.h"

/*
 * How many processors the firmware names besides the boot CPU that may be started: nosmp and
 * maxcpus= on the command line are heeded, and CPU_MAX.
 */
unsigned smp_others(void);

/*
 * Makes the per-CPU area and exception stacks of `cpu`, which is cpu_count(): percpu_ptr() works
 * for it from now on. alloc(bytes) returns that many contiguous, zeroed, aligned to their power of
 * two, in the physmap, or NULL; what a CPU number was given stays with it, also when its processor
 * does not come up and another gets the number. 0 or -ENOMEM. Thread context.
 */
int smp_cpu_prepare(unsigned cpu, void *(*alloc)(size_t bytes));

/*
 * Starts the nth of the other processors (from 0) as `cpu`, prepared before; it calls `entry` on
 * the stack below `stack_top`, with interrupts off, and counts in cpu_count() from then on. 0, or
 * -ETIMEDOUT if it does not answer (said in the log). Thread context, one call at a time.
 */
int smp_cpu_start(unsigned nth, unsigned cpu, void *stack_top, void (*entry)(void));

/* All have been started that will be: the clock is chosen anew if their TSCs do not agree. */
void smp_started(void);
