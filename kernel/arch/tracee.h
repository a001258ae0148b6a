/*
 * The user registers of a thread that is not running, as ptrace(2) shows and changes them and core
 * dumps have them: struct user's general registers, the FPU as FXSAVE and as XSAVE lay it out, the
 * debug registers.
 *
 * The caller keeps the thread off all CPUs, with its context saved, unless it says "current".
 * Values come from other programs: whatever would let a thread into the kernel's half or break the
 * way back to user mode is refused.
 */
#pragma once

#include "abi/ptrace.h"
#include "arch/context.h"

/* General registers. Set: 0, or -EIO and nothing changed (a segment, or a base beyond user
 * space). The step flag is shown as it is. */
void tracee_regs_get(const struct arch_thread *ctx, struct user_regs_struct *out);
int tracee_regs_set(struct arch_thread *ctx, const struct user_regs_struct *in);
/* 0, or -EIO for a base of %fs or %gs beyond user space. */
int tracee_base_set(struct arch_thread *ctx, bool gs, u64 base);

/* The FPU. Set: 0, or -EINVAL and nothing changed (bits of MXCSR that no CPU has; a header of XSAVE
 * that it would refuse). */
void tracee_fpregs_get(const struct arch_thread *ctx, struct user_fpregs_struct *out);
int tracee_fpregs_set(struct arch_thread *ctx, const struct user_fpregs_struct *in);
/* Bytes of XSAVE's image as user space sees it, a multiple of 8; 0: this CPU has none. */
size_t tracee_xstate_size(void);
void tracee_xstate_get(const struct arch_thread *ctx, void *out);
int tracee_xstate_set(struct arch_thread *ctx, const void *in);

/* Single step: the trap flag of saved user registers. */
bool regs_step(const struct regs *regs);
void regs_step_set(struct regs *regs, bool on);
/* Whether the next single step goes on to the next branch that is taken, on a CPU that can do so
 * (Intel SDM volume 3, 18.4.4); on others it is one instruction. */
void tracee_step_branch(struct arch_thread *ctx, bool on);

/*
 * Debug registers, by number, 0 … 7 (Intel SDM volume 3, 18.2): breakpoints on code, or on writes
 * or accesses of data, at user addresses. 4 and 5 do not exist. Set: 0, -EINVAL (an address of the
 * kernel's, one that is not aligned to its length, a kind that is not for programs), -EIO.
 */
u64 debug_reg_get(const struct arch_thread *ctx, unsigned n);
int debug_reg_set(struct arch_thread *ctx, unsigned n, u64 value);
/* No breakpoints from now on: of a thread that is not running, or of the current one. */
void debug_regs_clear(struct arch_thread *ctx);
void debug_regs_reset(void);
