/* Between the files of ptrace. */
#pragma once

#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/signal_int.h"

/* task->trace.mode */
#define TRACE_CALLS   (1u << 0) /* stop before and after system calls */
#define TRACE_EMULATE (1u << 1) /* stop before them, and do not make them */
#define TRACE_STEP    (1u << 2) /* stop after one instruction */
#define TRACE_BRANCH  (1u << 3) /* with STEP: after the next branch, if the CPU can do so */

/* What a stop by an event is, and which event a stop is of. */
#define STOP_CODE(event) (SIGTRAP | (s32)(event) << 8)
#define STOP_EVENT(code) ((u32)(code) >> 8)

/* Sends SIGCHLD to the tracer, unless it does not want to hear of stops, and wakes its waits.
 * proc_tree_lock held. */
void tracer_tell_locked(struct task *task, int code, int status);
/* Nobody traces it any more; if it stood still, it goes on. proc_tree_lock held. */
void ptrace_unlink_locked(struct task *task);
/* Whether the current thread may ask for these options: 0, -EINVAL, or -EPERM. */
int ptrace_options_check(u64 options);
/* The mode for the time until the next stop. sighand->lock held, the tracee stands still. */
void ptrace_mode_set_locked(struct task *task, u8 mode);
/* Gives up the tracer's record of a tracee that has ended: the parent is told if it waits for that.
 * proc_tree_lock held. */
void ptrace_record_drop_locked(struct task *task, struct list *gone, struct list *dead);

/* The tracee of the current thread with that number, its thread referenced, or NULL. */
struct task *tracee_find(s32 tid);
/*
 * Calls fn(task, arg) while the tracee stands still with its registers saved: what it returns, or
 * -ESRCH. fn runs with the sighand's lock held, interrupts off.
 */
long tracee_do(struct task *task, long (*fn)(struct task *task, void *arg), void *arg);
/* Requests about registers (ptrace_regs.c) and about signals (ptrace_info.c): result, or -ENOTTY:
 * it is another request. */
long ptrace_regs_request(struct task *task, long request, u64 addr, u64 data);
long ptrace_info_request(struct task *task, long request, u64 addr, u64 data);
