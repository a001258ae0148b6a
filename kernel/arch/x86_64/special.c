/*
 * What few threads ask of the CPU: breakpoints (debug_regs.c), single steps that end at branches
 * (DEBUGCTL.BTF, Intel SDM volume 3, 18.4.4), no time stamp counter (CR4.TSD). It is one word of a
 * thread, which tells a switch between two others in one comparison that there is nothing to do.
 */
#include "arch/cpu.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/debug_int.h"
#include "arch/x86_64/msr_int.h"

#define DEBUGCTL_BTF BIT(1)

void special_switch(u32 before, const struct arch_thread *next)
{
	u32 changed = before ^ next->special;

	if ((before | next->special) & SPECIAL_BREAKPOINTS)
		debug_regs_switch(next);
	if (changed & SPECIAL_BRANCHES)
		msr_write(MSR_DEBUGCTL, next->special & SPECIAL_BRANCHES ? DEBUGCTL_BTF : 0);
	if (changed & SPECIAL_NO_TSC)
		cr4_write((cr4_read() & ~CR4_TSD) |
			  (next->special & SPECIAL_NO_TSC ? CR4_TSD : 0));
}

void special_set(u32 which, bool on)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u32 before = ctx->special;

	ctx->special = (before & ~which) | (on ? which : 0);
	if (before != ctx->special)
		special_switch(before, ctx);
}

bool context_tsc(void)
{
	return !(this_cpu_read(cpu_context)->special & SPECIAL_NO_TSC);
}

void context_tsc_set(bool may)
{
	u64 flags = irq_save();

	special_set(SPECIAL_NO_TSC, !may);
	irq_restore(flags);
}
