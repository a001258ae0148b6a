/*
 * A thread's machine state and the switch between two threads. `struct arch_thread` is a part of sched's
 * struct thread. Kernel stacks come from mm (KSTACK_SIZE bytes with a guard page below).
 */
#pragma once

#include "arch/percpu.h"
#include "arch/regs.h"
#include "lib/types.h"

#define KSTACK_SIZE (16 * 1024)

struct thread;
struct pgtable;
struct fpu_state;

struct arch_thread {
	u64 rsp;               /* saved stack pointer while not running */
	u64 stack_top;         /* highest address of the kernel stack + 1 (16-byte aligned) */
	u64 fs_base, gs_base;  /* user's segment bases; the live values while running */
	struct fpu_state *fpu; /* NULL for kernel threads */
	u64 fault_resume;      /* 0, or where a nested user copy continues: private to arch */
	unsigned fpu_cpu;      /* CPU whose registers hold fpu's newest contents, or CPU_MAX: private to arch */
};

DECLARE_PERCPU(struct thread *, cpu_thread);

/* The running thread; the same for as long as the caller runs, so any context may use it. */
static inline struct thread *thread_current(void)
{
	return this_cpu_read(cpu_thread);
}

/*
 * Prepares `ctx` so that the first switch to it calls fn(arg) on the empty stack below `stack_top`, with
 * interrupts off and the run queue locked by the switcher; fn must call sched_thread_begin() first and
 * never return.
 */
void context_init(struct arch_thread *ctx, void *stack_top, void (*fn)(void *arg), void *arg);

/*
 * Switches stacks, FPU ownership, segment bases and the stack for kernel entry. `prev` is the running thread's,
 * `next` another's; the page tables are switched by pgtable_activate() beforehand. Returns when somebody switches back to prev.
 * Caller: the scheduler, interrupts off.
 */
void context_switch(struct arch_thread *prev, struct arch_thread *next);

/*
 * Enters user mode with `regs` copied to the top of the current thread's kernel stack, by the common return path
 * (pending work is done first). For a new process's first thread and for exec of a kernel thread.
 */
_Noreturn void context_enter_user(const struct regs *regs);

/* Gives a thread a cleared FPU state: 0 or -ENOMEM. */
int fpu_init(struct arch_thread *ctx);

/* Gives `child` a copy of the current thread's FPU state: 0 or -ENOMEM. */
int fpu_fork(struct arch_thread *child);

/* Resets the current thread's FPU state to the initial one (exec). */
void fpu_reset(void);

/* Frees what fpu_init() or fpu_fork() gave. The thread does not run any more. */
void fpu_fini(struct arch_thread *ctx);

/* arch_prctl(2) segment bases of the current thread: 0 or -EPERM for a non-canonical address. */
int context_set_fs_base(u64 base);
int context_set_gs_base(u64 base);
