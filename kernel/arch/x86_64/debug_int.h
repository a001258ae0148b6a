/* Debug registers, for the switch between threads and for #DB (debug_regs.c). */
#pragma once

#include "arch/context.h"

/* The CPU gets those of `next`, or none. Interrupts off. */
void debug_regs_switch(const struct arch_thread *next);
/* #DB of user code, interrupts off: the si_code of its SIGTRAP, or 0: nothing that concerns it. */
int debug_trap_user(struct regs *regs);
/* #DB of kernel code: a single step that a system call carried into its first instruction, or a
 * breakpoint on user memory that the kernel used. It goes on. */
void debug_trap_kernel(struct regs *regs);
