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

/* switch.S */
void switch_stacks(u64 *save_rsp, u64 rsp);
void context_start(void);
_Noreturn void context_leave(struct regs *regs);
