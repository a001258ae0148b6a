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

/* What another CPU was doing. */
struct cpu_snapshot {
	struct regs regs;
	const struct thread *thread; /* perhaps gone by now: not to be looked into */
	unsigned n;                  /* return addresses; 0 in user mode */
	u64 addresses[24];
};
/*
 * Interrupts `cpu`, not this one, by an NMI, and has it tell what it is doing, though it may have
 * interrupts off; false if it does not answer within a second. Any context but an NMI.
 */
bool cpu_snapshot_take(unsigned cpu, struct cpu_snapshot *out);

/* Frame pointer with which a thread that is not running left its CPU. */
struct arch_thread;
u64 arch_frame_asleep(const struct arch_thread *ctx);

/* Describes the general and control registers, calling line() for each line of text. */
void arch_regs_describe(const struct regs *regs, void (*line)(const char *text));
