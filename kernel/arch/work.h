/*
 * What the entry code looks for in struct thread: sched asserts the offsets. First of all, why the
 * current thread must take the slow way back to user mode: one word in its first bytes.
 */
#pragma once

#define WORK_RESCHED  (1u << 0) /* another thread should run */
#define WORK_SIGNAL   (1u << 1) /* a signal may be deliverable */
#define WORK_NOTIFY   (1u << 2) /* proc has something else to do (exit of the group, stop) */
#define WORK_TRACE    (1u << 3) /* report system call exit to a tracer */
#define WORK_RESTORE_MASK (1u << 4) /* put the saved signal mask back if no handler ran */
#define WORK_SYSCALL_TRACE (1u << 5) /* system calls take the traced path */
#define WORK_RSEQ     (1u << 6) /* the thread's restartable sequence is to be looked at */
#define WORK_SECCOMP  (1u << 7) /* system calls are filtered */
#define WORK_USER_DISPATCH (1u << 8) /* system calls may be the program's own to answer */

/* A system call looks at these before it is made; by themselves no reason for the slow return. */
#define WORK_CALL_SLOW (WORK_SYSCALL_TRACE | WORK_SECCOMP | WORK_USER_DISPATCH)

#define THREAD_WORK_OFFSET 0

/* Where its struct errno_notes is (arch/errno_sites.h). */
#define THREAD_NOTES_OFFSET 144
