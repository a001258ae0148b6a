/* Per-CPU pointers of the running context. */
#pragma once

#include "arch/context.h"

/* Machine state of the running thread; set by context_switch() and context_adopt_boot(). */
DECLARE_PERCPU(struct arch_thread *, cpu_context);

/*
 * Reads the segment state of the running thread into its arch_thread; sets it to that of a new
 * program.
 */
void context_save_segments(void);
void context_reset_segments(void);

/* special.c: the CPU gets what `next` asks for, after it had what `before` says; to be called if
 * either is not nothing. Interrupts off. */
void special_switch(u32 before, const struct arch_thread *next);
/* The current thread asks for that no more, or does; the CPU follows. Interrupts off. */
void special_set(u32 which, bool on);

/* switch.S */
void switch_stacks(u64 *save_rsp, u64 rsp);
void context_start(void);
_Noreturn void context_leave(struct regs *regs);
