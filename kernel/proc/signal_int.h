/* Between the signal files of proc/. */
#pragma once

#include "proc/signal.h"

#define SIGNALS_STOP (SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define SIGNALS_CORE \
	(SIGMASK(SIGQUIT) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) | \
	 SIGMASK(SIGBUS) | SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGSYS) | \
	 SIGMASK(SIGXCPU) | SIGMASK(SIGXFSZ))
#define SIGNALS_DEFAULT_IGNORE \
	(SIGMASK(SIGCHLD) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH) | SIGMASK(SIGCONT))
/* Faults of the thread itself are taken before anything else. */
#define SIGNALS_SYNCHRONOUS \
	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | \
	 SIGMASK(SIGFPE) | SIGMASK(SIGSYS))
#define WAKE_FATAL \
	((1u << THREAD_INTERRUPTIBLE) | (1u << THREAD_KILLABLE) | (1u << THREAD_STOPPED) | \
	 (1u << THREAD_TRACED))

void signal_entry_free(struct signal_entry *e);
/* Takes the next signal of `set` for the current thread: number and information, or 0.
 * sighand->lock held. */
int signal_dequeue_locked(struct task *task, u64 set, struct abi_siginfo *info);
/* Wakes a thread that waits in sigtimedwait(2) for one of `mask`. sighand->lock held. */
void signal_wake_waiters_locked(struct process *p, u64 mask);
