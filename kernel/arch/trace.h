/*
 * Walking stack frames and showing registers, for core/panic.c. Any context; nothing here trusts
 * the stack.
 */
#pragma once

#include "arch/regs.h"
#include "lib/types.h"

/*
 * Follows the chain of frame pointers that begins at `frame` (a value of the frame pointer
 * register) as long as the frames lie in mapped kernel memory, ascend, and return into kernel text:
 * stores at most `max` return addresses and returns how many.
 */
unsigned arch_backtrace(u64 frame, u64 *addresses, unsigned max);

/*
 * The same for the running thread's own stack, without a look at the page tables: `frame` is a
 * frame of the caller or of those above it. For what is done often.
 */
unsigned arch_backtrace_near(u64 frame, u64 *addresses, unsigned max);

/* Frame pointer of the caller, and of the interrupted code in `regs`. */
static inline u64 arch_frame_current(void)
{
	return (u64)__builtin_frame_address(0);
}
static inline u64 arch_frame_of(const struct regs *regs)
{
	return regs->rbp;
}

/* Describes the general and control registers, calling line() for each line of text. */
void arch_regs_describe(const struct regs *regs, void (*line)(const char *text));
