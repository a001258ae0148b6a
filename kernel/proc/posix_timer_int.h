/* Between POSIX timers and the signal files, exec and exit. */
#pragma once

#include "proc/posix_timer.h"

/* All of a process: at exec and exit. Thread context, no lock held. */
void posix_timers_delete(struct process *p);
/*
 * A timer's queued signal is off its queue: taken by a thread, or thrown away. sighand->lock held.
 */
void posix_timer_taken_locked(struct posix_timer *t);
/*
 * The current thread has used CPU time (p->cpu_ns, task->cpu_ns have grown): timers that count it.
 * Interrupts off.
 */
void posix_timer_charge(struct task *task);

/*
 * signal_send.c: queues the timer's own entry for the thread, or the process if task is NULL,
 * unless the signal is ignored or the target ends: whether it was queued. sighand->lock held.
 */
bool signal_send_entry_locked(struct process *p, struct task *task, struct signal_entry *e);
