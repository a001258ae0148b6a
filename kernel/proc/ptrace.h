/*
 * Tracing (ptrace(2)); docs/tracing.md has the theory. A task, the tracer, is told when another,
 * the tracee, gets a signal, makes a system call, forks, execs or ends: the tracee stands still
 * meanwhile, and the tracer looks at it and changes it.
 */
#pragma once

#include "proc/process.h"

struct regs;

/* PTRACE_TRACEME: 0 or -EPERM. */
long ptrace_traceme(void);
/* PTRACE_ATTACH, or SEIZE with options: 0, -ESRCH, -EPERM, -EIO, -ERESTARTSYS. */
long ptrace_attach(s32 tid, bool seize, u64 addr, u64 options);
/* Everything else: 0 (or a size, a number), -ESRCH (no tracee of the caller's, or it does not stand
 * still), -EIO, -EFAULT, -EINVAL. */
long ptrace_request(long request, s32 tid, u64 addr, u64 data);

static inline bool ptrace_traced(const struct task *task)
{
	return READ_ONCE(task->trace.tracer) != NULL;
}

/*
 * The current thread's system calls, if WORK_SYSCALL_TRACE is set: before it (whether it is to be
 * made; else regs->rax is the result), and on the way back if WORK_TRACE is.
 */
bool ptrace_call_enter(struct regs *regs);
void ptrace_call_leave(struct regs *regs);

/* Stops of the current thread, which must hold no lock. */
/* PTRACE_EVENT_* with its message, if the tracer asked for it; whether it did. */
bool ptrace_event_wanted(u32 event);
void ptrace_event(u32 event, u64 message);
/* A new program runs; the thread's number was old_tid. */
void ptrace_exec(s32 old_tid);
/* The thread is about to end with `code`. */
void ptrace_exit(s32 code);
/* The signal was taken: what the tracer makes of it, *info with it; 0: nothing. */
int ptrace_signal(int signo, struct abi_siginfo *info);
/* Job control has stopped the tracee, by signo: one stand. */
void ptrace_group_stop(struct task *task, int signo);
/* A stop that the tracer asked for, or by which it is told of job control. */
void ptrace_trap(struct task *task);
/* The step flag is taken out of what a handler saves: whether the tracer had set it; and then the
 * stop at the handler's first instruction. */
bool ptrace_step_hide(struct regs *regs);
void ptrace_step_handler(void);
/* A SIGTRAP of a step or breakpoint that a tracer left behind: it is over. */
bool ptrace_trap_stale(struct regs *regs, int code);

/* Whether a stop by ptrace_trap() is due. sighand->lock held. */
static inline bool ptrace_trap_due(const struct task *task)
{
	return task->trace.interrupt || task->trace.notify;
}
/* Job control changed: seized tracees of the process are told. sighand->lock held. */
void ptrace_job_locked(struct task *task);

/* clone(2): which event it is to the tracer of the current thread, 0 none. */
u32 ptrace_clone_event(const struct clone_request *req);
/* The child is traced by the same one, if `event` or CLONE_PTRACE say so. proc_tree_lock and the
 * sighand->lock of the current process held; the child is not entered yet. */
void ptrace_inherit_locked(struct task *child, bool wanted);
/* Whether exec may give privileges although the thread is traced. */
bool ptrace_exec_allowed(struct task *task);

/* The task has left its process: if it is traced, its tracer will wait for it. Then: it traces
 * nobody any more. Processes and tasks that nobody will wait for go to the lists: gone_put() and
 * ptrace_dead_put() without the lock. proc_tree_lock held. */
void ptrace_end_locked(struct task *task, s32 code);
void ptrace_leave_locked(struct task *task, struct list *gone, struct list *dead);
void ptrace_dead_put(struct list *dead);
/* Whether a process that has ended waits for its tracer first. proc_tree_lock held. */
bool ptrace_zombie_locked(struct process *p, struct list *dead);
/* exec from another thread: the first one's end is not told to anybody. NULL, or a task to be given
 * back by thread_put() without the lock. proc_tree_lock held. */
struct task *ptrace_replace_leader_locked(struct process *p);
/* Whether the tracer of the process' first thread is its parent. proc_tree_lock held. */
bool ptrace_by_parent_locked(struct process *p);

/* wait4(2), waitid(2): one look at the tracees of the current process. Result as wait_scan(). What
 * is to be put afterwards goes to the lists. proc_tree_lock held. */
long ptrace_wait_locked(int which, s32 id, struct pid *group, u32 options, struct wait_result *out,
			struct list *gone, struct list *dead);
/* Its tracer as /proc/[pid]/status shows it: a pid or 0. */
s32 ptrace_tracer_pid(struct task *task);
