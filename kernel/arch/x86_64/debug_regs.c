/*
 * Debug registers (Intel SDM volume 3, 18.2): each thread has its own DR0 … DR3, DR6 and DR7, which
 * only tracers set. They are in the CPU while the thread runs (special.c).
 *
 *   address      DR0 … DR3, always of user space
 *   control      DR7 as the tracer wrote it: per breakpoint two enable bits, kind and length
 *   status       DR6: which breakpoints, or the single step, caused the last #DB of user mode
 *
 * The kernel itself may touch watched user memory for the thread: such hits are dropped
 * (trap_paranoid()), as nobody could do anything about them.
 */
#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/tracee.h"
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/debug_int.h"

#define DR6_STEP   BIT(14)
#define DR6_HITS   0xfull
#define DR6_RESET  0xffff0ff0ull

#define DR7_FIXED    0x400ull              /* always 1 */
#define DR7_ENABLES  0xffull
#define DR7_CHANGES  0xffff03ffull         /* what may be set: enables, LE, GE, kinds, lengths */
#define DR7_ENABLE(i) (3ull << (i) * 2)
#define DR7_KIND(dr7, i)   ((dr7) >> (16 + (i) * 4) & 3)
#define DR7_LENGTH(dr7, i) ((dr7) >> (18 + (i) * 4) & 3)
#define KIND_EXECUTE 0
#define KIND_IO      2

#define DR_WRITE(n, v) __asm__ volatile("mov %0, %%dr" #n :: "r"((u64)(v)))

static u64 status_take(void)
{
	u64 dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	DR_WRITE(6, DR6_RESET);
	return dr6;
}

static void load(const struct debug_regs *d)
{
	DR_WRITE(0, d->address[0]);
	DR_WRITE(1, d->address[1]);
	DR_WRITE(2, d->address[2]);
	DR_WRITE(3, d->address[3]);
	DR_WRITE(7, d->control | DR7_FIXED);
}

void debug_regs_switch(const struct arch_thread *next)
{
	if (next->special & SPECIAL_BREAKPOINTS)
		load(&next->debug);
	else
		DR_WRITE(7, DR7_FIXED);
}

u64 debug_reg_get(const struct arch_thread *ctx, unsigned n)
{
	switch (n) {
	case 0 ... 3: return ctx->debug.address[n];
	case 6: return ctx->debug.status ^ DR6_RESET;
	case 7: return ctx->debug.control;
	default: return 0;
	}
}

/* Whether the CPU may be told to stop like that. */
static bool control_ok(const struct debug_regs *d, u64 control)
{
	for (unsigned i = 0; i < 4; i++) {
		u64 kind = DR7_KIND(control, i), length = DR7_LENGTH(control, i);
		u64 bytes = length == 2 ? 8 : length + 1;

		if (!(control & DR7_ENABLE(i)))
			continue;
		if (kind == KIND_IO || (kind == KIND_EXECUTE && bytes != 1))
			return false;
		if (d->address[i] & (bytes - 1))
			return false;
	}
	return true;
}

int debug_reg_set(struct arch_thread *ctx, unsigned n, u64 value)
{
	struct debug_regs *d = &ctx->debug, changed = *d;

	switch (n) {
	case 0 ... 3:
		changed.address[n] = value;
		if (value >= USER_TOP - 7 || !control_ok(&changed, d->control))
			return -EINVAL;
		*d = changed;
		return 0;
	case 6:
		d->status = value ^ DR6_RESET;
		return 0;
	case 7:
		value &= DR7_CHANGES;
		if (!control_ok(d, value))
			return -EINVAL;
		d->control = value;
		ctx->special &= ~SPECIAL_BREAKPOINTS;
		if (value & DR7_ENABLES)
			ctx->special |= SPECIAL_BREAKPOINTS;
		return 0;
	default:
		return -EIO;
	}
}

void debug_regs_clear(struct arch_thread *ctx)
{
	ctx->debug = (struct debug_regs){ 0 };
	ctx->special &= ~(SPECIAL_BREAKPOINTS | SPECIAL_BRANCHES);
}

void debug_regs_reset(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags;

	if (likely(!ctx->special && !ctx->debug.control && !ctx->debug.status))
		return;
	flags = irq_save();
	special_set(SPECIAL_BREAKPOINTS | SPECIAL_BRANCHES, false);
	debug_regs_clear(ctx);
	irq_restore(flags);
}

void tracee_step_branch(struct arch_thread *ctx, bool on)
{
	ctx->special = (ctx->special & ~SPECIAL_BRANCHES) | (on ? SPECIAL_BRANCHES : 0);
}

int debug_trap_user(struct regs *regs)
{
	struct debug_regs *d = &this_cpu_read(cpu_context)->debug;
	u64 dr6 = status_take(), hits = 0;

	special_set(SPECIAL_BRANCHES, false); /* each step asks anew, as the CPU has it, too */
	for (unsigned i = 0; i < 4; i++)
		if ((dr6 >> i & 1) && (d->control & DR7_ENABLE(i))) {
			hits |= BIT(i);
			/* it is reported before the instruction, which must be let past then */
			if (DR7_KIND(d->control, i) == KIND_EXECUTE)
				regs->rflags |= RFLAGS_RF;
		}
	d->status = hits | (dr6 & DR6_STEP);
	if (dr6 & DR6_STEP)
		return TRAP_TRACE;
	if (hits)
		return TRAP_HWBKPT;
	return dr6 & DR6_HITS ? 0 : TRAP_BRKPT; /* a breakpoint that is no more; INT1 */
}

void debug_trap_kernel(struct regs *regs)
{
	(void)status_take();
	regs->rflags &= ~(u64)RFLAGS_TF;
}
