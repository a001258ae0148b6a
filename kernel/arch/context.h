/*
 * A thread's machine state and the switch between two threads. `struct arch_thread` is a part of
 * sched's struct thread. Kernel stacks come from mm (KSTACK_SIZE bytes with a guard page below).
 */
#pragma once

#include "arch/percpu.h"
#include "arch/regs.h"
#include "lib/types.h"

#ifdef CONFIG_KASAN
#define KSTACK_SIZE (32 * 1024) /* red zones between variables make frames larger */
#else
#define KSTACK_SIZE (16 * 1024)
#endif

struct thread;
struct pgtable;
struct fpu_state;

/* Breakpoints that a tracer has set (debug_regs.c): private to arch. */
struct debug_regs {
	u64 address[4], status, control;
};

/* What few threads ask of the CPU (special.c): private to arch. */
#define SPECIAL_BREAKPOINTS BIT(0) /* debug.control */
#define SPECIAL_BRANCHES    BIT(1) /* a single step ends at a branch */
#define SPECIAL_NO_TSC      BIT(2) /* the time stamp counter may not be read */

struct arch_thread {
	u64 rsp;               /* saved stack pointer while not running */
	u64 stack_top;         /* highest address of the kernel stack + 1 (16-byte aligned) */
	u64 fs_base, gs_base;  /* user's segment bases while not running (running: see
				* context_save_bases()) */
	u64 selectors;         /* user's ds, es, fs, gs, 16 bits each from the lowest: private to
				* arch */
	struct fpu_state *fpu; /* NULL for kernel threads */
	unsigned fpu_cpu;      /* CPU that loaded fpu last, CPU_MAX: none: private to arch */
	unsigned fpu_slices;   /* how many more times to load it at once: private to arch */
	u32 trap_no;           /* last exception of user mode, for signal frames: vector … */
	u32 special;           /* SPECIAL_*: private to arch */
	u64 trap_error;        /* … error code … */
	u64 fault_addr;        /* … and the address of the last page fault that became a signal */
	struct debug_regs debug;
};

/* Written by the scheduler, interrupts off, right before it calls context_switch(). */
DECLARE_PERCPU(struct thread *, cpu_thread);

/* Top of the running thread's kernel stack, where it was entered from user mode. */
DECLARE_PERCPU(u64, cpu_kstack_top);

/* The running thread; the same for as long as the caller runs, so any context may use it. */
static inline struct thread *thread_current(void)
{
	return this_cpu_read(cpu_thread);
}

/*
 * Where a thread's user registers lie, or will lie, while it is in the kernel: the top of its
 * stack, reserved in every thread.
 */
static inline struct regs *context_regs(const struct arch_thread *ctx)
{
	return (struct regs *)ctx->stack_top - 1;
}

/*
 * What this CPU has run since its start becomes `ctx`, before the first context_switch(). Its
 * stack_top is 0 on the boot CPU, else set already.
 */
void context_adopt_boot(struct arch_thread *ctx);

/*
 * Prepares `ctx` so that the first switch to it calls fn(arg) on the empty stack below `stack_top`,
 * with interrupts off and the run queue locked by the switcher; fn must call sched_thread_begin()
 * first and never return.
 */
void context_init(struct arch_thread *ctx, void *stack_top, void (*fn)(void *arg), void *arg);

/*
 * Switches stacks, FPU ownership, segment bases and the stack for kernel entry. `prev` is the
 * running thread's, `next` another's; the page tables are switched by pgtable_activate()
 * beforehand. Returns when somebody switches back to prev. Caller: the scheduler, interrupts off.
 */
void context_switch(struct arch_thread *prev, struct arch_thread *next);

/*
 * Enters user mode with `regs` copied to the top of the current thread's kernel stack, by the
 * common return path (pending work is done first). For a new process's first thread and for exec of
 * a kernel thread.
 */
_Noreturn void context_enter_user(const struct regs *regs);

/*
 * The FPU and the other user state outside struct regs (segment bases and selectors). Its storage
 * comes from the allocator that init sets: objects of fpu_state_size() bytes aligned to 64.
 */
size_t fpu_state_size(void);
void fpu_set_allocator(void *(*alloc)(void), void (*free)(void *state));

/* The components of XSAVE (Intel SDM volume 1, 13.1) that user code may use, a bit each. */
u64 fpu_components(void);

/* Gives a thread a cleared state, so that it may have a user side: 0 or -ENOMEM. */
int fpu_init(struct arch_thread *ctx);

/*
 * Gives `child` (after context_init()) a copy of the current thread's FPU state, segment bases and
 * selectors, and what it says of the time stamp counter: 0 or -ENOMEM.
 */
int fpu_fork(struct arch_thread *child);

/* Resets the current thread's FPU state, segment bases and selectors to the initial ones (exec). */
void fpu_reset(void);

/* Frees what fpu_init() or fpu_fork() gave. The thread does not run any more. */
void fpu_fini(struct arch_thread *ctx);

/*
 * Brings the current thread's saved FPU state and segment bases up to date with the registers
 * (ptrace, arch_prctl(2), core dumps).
 */
void context_save_bases(void);

/*
 * arch_prctl(2) segment bases of the current thread: 0 or -EPERM for an address outside the user
 * half.
 */
int context_set_fs_base(u64 base);
int context_set_gs_base(u64 base);

/* Whether the current thread's user code may read the time stamp counter (PR_SET_TSC); else RDTSC
 * is a general protection fault. New threads may. */
bool context_tsc(void);
void context_tsc_set(bool may);
