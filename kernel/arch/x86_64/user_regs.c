/*
 * A thread's general registers in the order of struct user (uapi asm/ptrace-abi.h), for ptrace(2).
 * There is no 32-bit code: %cs and %ss are what they are. Data selectors may be null or the user's
 * data segment; others that user code might load it has to load itself.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/tracee.h"
#include "arch/x86_64/asm_int.h"

/* Flags that a tracer may change. */
#define RFLAGS_TRACER (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | \
		       RFLAGS_DF | RFLAGS_OF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)

void tracee_regs_get(const struct arch_thread *ctx, struct user_regs_struct *out)
{
	const struct regs *r = context_regs(ctx);

	*out = (struct user_regs_struct){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12,
		.rbp = r->rbp, .rbx = r->rbx,
		.r11 = r->r11, .r10 = r->r10, .r9 = r->r9, .r8 = r->r8,
		.rax = r->rax, .rcx = r->rcx, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi,
		.orig_rax = r->orig_rax, .rip = r->rip, .cs = r->cs, .eflags = r->rflags,
		.rsp = r->rsp, .ss = r->ss,
		.fs_base = ctx->fs_base, .gs_base = ctx->gs_base,
		.ds = ctx->selectors & 0xffff, .es = ctx->selectors >> 16 & 0xffff,
		.fs = ctx->selectors >> 32 & 0xffff, .gs = ctx->selectors >> 48,
	};
}

static bool selector_ok(const struct arch_thread *ctx, u64 selector, unsigned shift)
{
	return selector <= 3 || selector == SEL_USER_DATA ||
	       selector == (ctx->selectors >> shift & 0xffff);
}

int tracee_regs_set(struct arch_thread *ctx, const struct user_regs_struct *in)
{
	struct regs *r = context_regs(ctx);

	if (in->cs != SEL_USER_CODE || in->ss != SEL_USER_DATA || in->fs_base >= USER_TOP ||
	    in->gs_base >= USER_TOP)
		return -EIO;
	if (!selector_ok(ctx, in->ds, 0) || !selector_ok(ctx, in->es, 16) ||
	    !selector_ok(ctx, in->fs, 32) || !selector_ok(ctx, in->gs, 48))
		return -EIO;
	r->r15 = in->r15, r->r14 = in->r14, r->r13 = in->r13, r->r12 = in->r12;
	r->rbp = in->rbp, r->rbx = in->rbx;
	r->r11 = in->r11, r->r10 = in->r10, r->r9 = in->r9, r->r8 = in->r8;
	r->rax = in->rax, r->rcx = in->rcx, r->rdx = in->rdx, r->rsi = in->rsi, r->rdi = in->rdi;
	r->orig_rax = in->orig_rax, r->rip = in->rip, r->rsp = in->rsp;
	r->rflags = (r->rflags & ~(u64)RFLAGS_TRACER) | (in->eflags & RFLAGS_TRACER);
	ctx->fs_base = in->fs_base;
	ctx->gs_base = in->gs_base;
	ctx->selectors = in->ds | in->es << 16 | in->fs << 32 | in->gs << 48;
	return 0;
}

int tracee_base_set(struct arch_thread *ctx, bool gs, u64 base)
{
	if (base >= USER_TOP)
		return -EIO;
	*(gs ? &ctx->gs_base : &ctx->fs_base) = base;
	return 0;
}

bool regs_step(const struct regs *regs)
{
	return regs->rflags & RFLAGS_TF;
}

void regs_step_set(struct regs *regs, bool on)
{
	regs->rflags = (regs->rflags & ~(u64)RFLAGS_TF) | (on ? RFLAGS_TF : 0);
}
