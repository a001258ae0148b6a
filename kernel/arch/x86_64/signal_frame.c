/*
 * Signal frames (sigaction(2), sigreturn(2)), laid out from the top of the stack down as C
 * libraries and unwinders know them from Linux:
 *   red zone of 128 bytes (System V ABI AMD64, 3.2.2), unless on the alternate stack
 *   FPU state (fpu_user.c), 64-byte aligned
 *   struct abi_rt_sigframe, so that the handler's %rsp is 8 below a multiple of 16
 *
 * Coming back, all of it may be forged: selectors must be the user's, of the flags only the
 * harmless ones are taken, and a bad %rip faults at the return (trap_entry.S).
 */
#include "abi/errno.h"
#include "abi/sigframe.h"
#include "arch/signal.h"
#include "arch/usercopy.h"
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "lib/string.h"

#define RED_ZONE  128
#define FPU_ALIGN 64

/* Flags that sigreturn may change. */
#define RFLAGS_USER (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | \
		     RFLAGS_DF | RFLAGS_OF | RFLAGS_RF | RFLAGS_AC)

static bool on_altstack(const struct abi_sigaltstack *alt, u64 sp)
{
	return sp > alt->ss_sp && sp - alt->ss_sp <= alt->ss_size;
}

static bool altstack_enabled(const struct abi_sigaltstack *alt)
{
	return alt->ss_size && !(alt->ss_flags & SS_DISABLE);
}

/*
 * Where the frame goes: its address, the FPU state's through *fpu; 0 if it would leave the
 * alternate stack.
 */
static u64 frame_place(const struct regs *regs, const struct abi_sigaction *action,
		       const struct abi_sigaltstack *alt,
		       u64 *fpu)
{
	bool on_alt = altstack_enabled(alt) && !((u32)alt->ss_flags & SS_AUTODISARM) &&
		on_altstack(alt, regs->rsp);
	u64 sp = regs->rsp - RED_ZONE;

	if ((action->sa_flags & SA_ONSTACK) && altstack_enabled(alt) && !on_alt) {
		sp = alt->ss_sp + alt->ss_size;
		on_alt = true;
	}
	*fpu = align_down(sp - fpu_user_size(), FPU_ALIGN);
	sp = align_down(*fpu - sizeof(struct abi_rt_sigframe), 16) - 8;
	return on_alt && !on_altstack(alt, sp) ? 0 : sp;
}

static void fill_context(struct abi_sigcontext *sc, const struct regs *r, u64 mask, u64 fpu)
{
	const struct arch_thread *ctx = this_cpu_read(cpu_context);

	*sc = (struct abi_sigcontext){
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11,
		.r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
		.rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx,
		.rdx = r->rdx, .rax = r->rax, .rcx = r->rcx, .rsp = r->rsp, .rip = r->rip,
		.eflags = r->rflags,
		.cs = (u16)r->cs,
		.ss = (u16)r->ss,
		.err = ctx->trap_error,
		.trapno = ctx->trap_no,
		.oldmask = mask,
		.cr2 = ctx->fault_addr,
		.fpstate = fpu,
	};
}

int signal_frame_push(struct regs *regs, int signo, const struct abi_sigaction *action,
		      const struct abi_siginfo *info,
		      u64 mask, const struct abi_sigaltstack *altstack)
{
	struct abi_rt_sigframe frame;
	u64 fpu, sp = frame_place(regs, action, altstack, &fpu);
	bool with_info = action->sa_flags & SA_SIGINFO;

	if (!sp || !(action->sa_flags & SA_RESTORER) || fpu_store_user(fpu))
		return -EFAULT;
	frame.pretcode = action->sa_restorer;
	frame.uc.uc_flags = (fpu_xfeatures ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS |
		UC_STRICT_RESTORE_SS;
	frame.uc.uc_link = 0;
	frame.uc.uc_stack = *altstack;
	fill_context(&frame.uc.uc_mcontext, regs, mask, fpu);
	frame.uc.uc_sigmask = mask;
	if (with_info)
		frame.info = *info;
	if (copy_out((__force void __user *)sp, &frame,
		     with_info ? sizeof(frame) : offsetof(struct abi_rt_sigframe, info)))
		return -EFAULT;

	fpu_load_initial();
	regs->rip = action->sa_handler;
	regs->rsp = sp;
	regs->rdi = (u64)signo;
	regs->rsi = sp + offsetof(struct abi_rt_sigframe, info);
	regs->rdx = sp + offsetof(struct abi_rt_sigframe, uc);
	regs->rax = 0;
	regs->cs = SEL_USER_CODE;
	regs->ss = SEL_USER_DATA;
	regs->rflags &= ~(u64)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	return 0;
}

static void take_context(struct regs *r, const struct abi_sigcontext *sc)
{
	r->r8 = sc->r8, r->r9 = sc->r9, r->r10 = sc->r10, r->r11 = sc->r11;
	r->r12 = sc->r12, r->r13 = sc->r13, r->r14 = sc->r14, r->r15 = sc->r15;
	r->rdi = sc->rdi, r->rsi = sc->rsi, r->rbp = sc->rbp, r->rbx = sc->rbx;
	r->rdx = sc->rdx, r->rax = sc->rax, r->rcx = sc->rcx, r->rsp = sc->rsp;
	r->rip = sc->rip;
	r->rflags = (r->rflags & ~(u64)RFLAGS_USER) | (sc->eflags & RFLAGS_USER);
	r->cs = SEL_USER_CODE;
	r->ss = SEL_USER_DATA;
	r->orig_rax = ~0ull;
}

int signal_frame_pop(struct regs *regs, u64 *mask, struct abi_sigaltstack *altstack)
{
	const struct abi_rt_sigframe __user *frame = (__force const void __user *)(regs->rsp - 8);
	struct abi_ucontext uc;
	int ret;

	if (copy_in_obj(&uc, &frame->uc))
		return -EFAULT;
	if ((uc.uc_mcontext.cs | 3) != SEL_USER_CODE ||
	    ((uc.uc_flags & UC_STRICT_RESTORE_SS) && (uc.uc_mcontext.ss | 3) != SEL_USER_DATA))
		return -EINVAL;
	ret = fpu_load_user(uc.uc_mcontext.fpstate);
	if (ret)
		return ret;
	take_context(regs, &uc.uc_mcontext);
	*mask = uc.uc_sigmask;
	*altstack = uc.uc_stack;
	return 0;
}
