/*
 * abi/sigframe.h - what a signal handler finds on its stack, x86_64 (sigreturn(2), getcontext(3)).
 */
#ifndef ABI_SIGFRAME_H
#define ABI_SIGFRAME_H

#include "abi/signal.h"
#include "abi/types.h"

/* struct sigcontext: the interrupted registers, in the order user space knows. */
struct abi_sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	u64 eflags;
	u16 cs, gs, fs, ss;
	u64 err;
	u64 trapno;
	u64 oldmask;
	u64 cr2;
	u64 fpstate;		/* user address of a struct abi_fpstate, or 0 */
	u64 __reserved1[8];
};
static_assert(sizeof(struct abi_sigcontext) == 256, "struct sigcontext");

struct abi_ucontext {
	u64 uc_flags;
	u64 uc_link;
	struct abi_sigaltstack uc_stack;
	struct abi_sigcontext uc_mcontext;
	u64 uc_sigmask;
};
static_assert(sizeof(struct abi_ucontext) == 304, "struct ucontext");

/* The frame as pushed: 16-byte aligned after the return address, so rsp % 16 == 8 at entry. */
struct abi_rt_sigframe {
	u64 pretcode;		/* return address: sa_restorer */
	struct abi_ucontext uc;
	struct abi_siginfo info;
};

/* uc_flags */
#define UC_FP_XSTATE		0x1
#define UC_SIGCONTEXT_SS	0x2
#define UC_STRICT_RESTORE_SS	0x4

/* The last 48 bytes of the FXSAVE image say what follows it. */
struct abi_fpx_sw_bytes {
	u32 magic1;		/* FP_XSTATE_MAGIC1 when extended state follows */
	u32 extended_size;	/* whole size, with the closing FP_XSTATE_MAGIC2 */
	u64 xfeatures;
	u32 xstate_size;	/* size without the closing magic */
	u32 padding[7];
};
static_assert(sizeof(struct abi_fpx_sw_bytes) == 48, "struct _fpx_sw_bytes");

/* The FXSAVE image (Intel SDM volume 1, 10.5), 64-byte aligned when XSAVE state follows. */
struct abi_fpstate {
	u16 cwd, swd, twd, fop;
	u64 rip, rdp;
	u32 mxcsr, mxcr_mask;
	u32 st_space[32];
	u32 xmm_space[64];
	u32 __reserved2[12];
	struct abi_fpx_sw_bytes sw;
};
static_assert(sizeof(struct abi_fpstate) == 512, "struct _fpstate");

#define FP_XSTATE_MAGIC1	0x46505853
#define FP_XSTATE_MAGIC2	0x46505845
#define FP_XSTATE_MAGIC2_SIZE	4

#endif
