/*
 * Restartable sequences: rseq(2). A thread that has registered a structure in its memory finds
 * there on which CPU it is, and a critical section that it names there does not survive a switch, a
 * signal or a membarrier: it goes on at the section's abort address.
 *
 * The thread itself does all that on its way to user mode, when WORK_RSEQ says that it must.
 */
#pragma once

#include "arch/regs.h"
#include "proc/process.h"

/* rseq(2), registering and giving up: 0, -EINVAL, -EPERM, -EBUSY, -EFAULT. */
long rseq_register(u64 at, u32 len, u32 signature);
long rseq_unregister(u64 at, u32 len, u32 signature);
/* A new thread, not started yet, of the current one: clone(2)'s flags. */
void rseq_fork(struct task *child, u64 flags);
/* The current thread begins a new program. */
void rseq_exec(void);
/* WORK_RSEQ: the section that `regs` are in, if any, is left, and the structure brought up to date.
 * SIGSEGV if that cannot be, or makes no sense. May sleep. */
void rseq_resume(struct regs *regs);
/* A handler is about to be entered for `signo`: the section is left before. */
void rseq_signal(struct regs *regs, int signo);
