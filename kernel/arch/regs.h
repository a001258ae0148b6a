/* The registers of an interrupted context, as the entry code saves them on the kernel stack. */
#pragma once

#include "lib/types.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax; /* system call number, or ~0 for interrupts and traps */
	u64 rip, cs, rflags, rsp, ss;
};

/* Whether `regs` were saved on entry from user mode. */
static inline bool regs_user(const struct regs *regs)
{
	return regs->cs & 3;
}

/*
 * The current thread's saved user registers: they lie at the top of its kernel stack. Caller:
 * thread context of a thread that has a user side.
 */
struct regs *regs_current(void);

/*
 * Registers of a program that begins at `entry` with stack pointer `sp`: everything else zero,
 * interrupts on (System V ABI AMD64, 3.4.1).
 */
void regs_init_user(struct regs *regs, u64 entry, u64 sp);
