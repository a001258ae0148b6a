/*
 * Signals: sending, waiting, delivering (signal(7)). A signal goes to a thread or to a process; it
 * is taken on the way back to user mode by signal_deliver(). Sending takes sighand->lock with
 * interrupts off and may be done from any context if the caller keeps the process.
 */
#pragma once

#include "proc/process.h"

#define SIGNALS_UNBLOCKABLE (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* What a sender says of itself: from the kernel; or from the current process with its pid and
 * uid. */
struct abi_siginfo signal_info_kernel(int signo);
struct abi_siginfo signal_info_user(int signo, int code);

/* Queues a signal: 0, or -EAGAIN (RLIMIT_SIGPENDING; only for real-time signals with queued
 * information). */
int signal_send_task(struct task *task, const struct abi_siginfo *info);
int signal_send_process(struct process *process, const struct abi_siginfo *info);
/* To all members of a group: 0 if one could be signalled, else -ESRCH. Thread context. */
int signal_send_group(struct pid *group, const struct abi_siginfo *info);
/* A fault of the current thread: cannot be ignored or blocked (then the process dies of it). */
void signal_force(const struct abi_siginfo *info);
/* SIGSEGV the same way (bad signal frame). */
void signal_force_segv(int signo);
/* kill(2) rules: 0 or -EPERM, of the current task against a process. */
int signal_may_send(struct process *to, int signo);
/* kill(2) to one process */
int signal_kill_process(struct process *to, const struct abi_siginfo *info);
long signal_kill(s32 pid, const struct abi_siginfo *info); /* kill(2)'s meanings of pid;
							    * info->si_signo 0 only checks */

/* The way back to user mode: takes signals until a handler is set up or none is left; arranges
 * system call restart. */
void signal_deliver(struct regs *regs);
/* Whether the current thread has a signal pending that it does not block; recomputes WORK_SIGNAL.
 * sighand->lock held for the _locked one. */
void signal_recompute_locked(struct task *task);
/* A thread that ends takes no more signals of its process: others that may are told. sighand->lock
 * held, task->exiting set. */
void signal_retarget_locked(struct task *task);
void signal_set_mask(u64 mask);
/* Sets a temporary mask for ppoll, sigsuspend …; the old one comes back on return to user mode
 * after a handler was chosen. */
void signal_set_mask_temporary(u64 mask);
/* Puts it back at once if the call is not ended by a signal. */
void signal_restore_mask(void);
/* Takes a pending signal of `set` for sigtimedwait(2): its number or 0. */
int signal_take(u64 set, struct abi_siginfo *info);
/* Announces (set) or ends (0) a wait for signals that are blocked (sigtimedwait(2)). */
void signal_wait_set(u64 set);
/* Pending set as sigpending(2) shows. */
u64 signal_pending_set(void);
/* sigaction(2): either pointer may be NULL. */
int signal_action(int signo, const struct abi_sigaction *new_action, struct abi_sigaction *old);
/* Resets for exec: handlers to default, ignored stay. */
void signal_exec_reset(struct process *p);
struct sighand *sighand_create(void);
void sighand_put(struct sighand *s);
/* Keeps the storage, and so the queue of readers, when the last process is gone (refs is 0
 * then). */
void sighand_keep(struct sighand *s);
void sighand_unkeep(struct sighand *s);
/* Throws away a queue. sighand->lock held or nobody else sees it. */
void signal_queue_flush(struct signal_queue *q);
/* Marks the group as exiting with code and wakes all threads. sighand->lock held. */
void process_kill_threads_locked(struct process *p, s32 code);
