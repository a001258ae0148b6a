/*
 * The calls that the machine makes upwards; each is defined by the room named. Nothing else in arch
 * knows of higher rooms.
 */
#pragma once

#include "arch/percpu.h"
#include "arch/regs.h"
#include "lib/types.h"

enum fault_flags {
	FAULT_WRITE   = 1 << 0,
	FAULT_EXEC    = 1 << 1,
	FAULT_USER    = 1 << 2, /* from user mode (else: a user copy in the kernel) */
	FAULT_PRESENT = 1 << 3, /* protection, not absence */
};

/*
 * sys/dispatch.c: the system call in regs->orig_rax. Arguments in rdi rsi rdx r10 r8 r9; result to
 * regs->rax. Interrupts on.
 */
void upcall_syscall(struct regs *regs);

/*
 * sched/errno_trace.c: the system call gives an error, in regs->rax. Only while errors are traced.
 * Interrupts on, may sleep.
 */
void upcall_errno(struct regs *regs);

/* sched/soft.c: not 0 while soft work is what runs on this CPU. */
DECLARE_PERCPU(u32, soft_active);

/*
 * vm/fault.c: resolves a fault at a user address, from user mode or from a user copy. Interrupts
 * on, may sleep. 0, or a negative errno: -EFAULT (no area: SIGSEGV SEGV_MAPERR), -EACCES
 * (SEGV_ACCERR), -EIO (beyond a file's end or unreadable: SIGBUS), -ENOMEM. For a user mode fault
 * arch then calls upcall_trap(); for a copy it ends the copy.
 */
int upcall_page_fault(vaddr_t addr, unsigned flags);

/*
 * proc/signal_send.c: the current thread did something that raises `signo` with `code` (si_code) at
 * `addr`. From user mode only.
 */
void upcall_trap(struct regs *regs, int signo, int code, u64 addr, unsigned trap_no,
		 u64 error_code);

/* sched/timer.c: this CPU's one-shot timer fired. Interrupts off. */
void upcall_tick(void);

/*
 * sched/run.c: the reschedule interrupt: nothing but a pass through the return path. Interrupts
 * off.
 */
void upcall_kick(void);

/*
 * proc/signal_deliver.c: pending work before a return to user mode (reschedule, signals, tracing),
 * called only if the thread's work word (arch/work.h) is not 0. Interrupts on at entry; arch checks
 * again with interrupts off.
 */
void upcall_user_return(struct regs *regs);
