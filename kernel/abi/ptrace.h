/*
 * abi/ptrace.h - ptrace(2), and the register set that it and core dumps show.
 */
#ifndef ABI_PTRACE_H
#define ABI_PTRACE_H

#include "abi/types.h"

#define PTRACE_TRACEME			0x0
#define PTRACE_PEEKTEXT			0x1
#define PTRACE_PEEKDATA			0x2
#define PTRACE_PEEKUSR			0x3
#define PTRACE_POKETEXT			0x4
#define PTRACE_POKEDATA			0x5
#define PTRACE_POKEUSR			0x6
#define PTRACE_CONT			0x7
#define PTRACE_KILL			0x8
#define PTRACE_SINGLESTEP		0x9
#define PTRACE_GETREGS			0xc
#define PTRACE_SETREGS			0xd
#define PTRACE_GETFPREGS		0xe
#define PTRACE_SETFPREGS		0xf
#define PTRACE_ATTACH			0x10
#define PTRACE_DETACH			0x11
#define PTRACE_SYSCALL			0x18
#define PTRACE_ARCH_PRCTL		0x1e
#define PTRACE_SYSEMU			0x1f
#define PTRACE_SYSEMU_SINGLESTEP	0x20
#define PTRACE_SINGLEBLOCK		0x21
#define PTRACE_SETOPTIONS		0x4200
#define PTRACE_GETEVENTMSG		0x4201
#define PTRACE_GETSIGINFO		0x4202
#define PTRACE_SETSIGINFO		0x4203
#define PTRACE_GETREGSET		0x4204
#define PTRACE_SETREGSET		0x4205
#define PTRACE_SEIZE			0x4206
#define PTRACE_INTERRUPT		0x4207
#define PTRACE_LISTEN			0x4208
#define PTRACE_PEEKSIGINFO		0x4209
#define PTRACE_GETSIGMASK		0x420a
#define PTRACE_SETSIGMASK		0x420b
#define PTRACE_SECCOMP_GET_FILTER	0x420c
#define PTRACE_SECCOMP_GET_METADATA	0x420d
#define PTRACE_GET_SYSCALL_INFO		0x420e
#define PTRACE_GET_RSEQ_CONFIGURATION	0x420f
#define PTRACE_O_TRACESYSGOOD	0x1
#define PTRACE_O_TRACEFORK	0x2
#define PTRACE_O_TRACEVFORK	0x4
#define PTRACE_O_TRACECLONE	0x8
#define PTRACE_O_TRACEEXEC	0x10
#define PTRACE_O_TRACEVFORKDONE	0x20
#define PTRACE_O_TRACEEXIT	0x40
#define PTRACE_O_TRACESECCOMP	0x80
#define PTRACE_O_EXITKILL	0x100000
#define PTRACE_O_SUSPEND_SECCOMP	0x200000
#define PTRACE_O_MASK		0x3000ff
#define PTRACE_EVENT_FORK	1
#define PTRACE_EVENT_VFORK	2
#define PTRACE_EVENT_CLONE	3
#define PTRACE_EVENT_EXEC	4
#define PTRACE_EVENT_VFORK_DONE	5
#define PTRACE_EVENT_EXIT	6
#define PTRACE_EVENT_SECCOMP	7
#define PTRACE_EVENT_STOP	128
/* PTRACE_GETEVENTMSG of stops at a system call */
#define PTRACE_EVENTMSG_SYSCALL_ENTRY	1
#define PTRACE_EVENTMSG_SYSCALL_EXIT	2

#define PTRACE_PEEKSIGINFO_SHARED	0x1
/* PTRACE_GET_RSEQ_CONFIGURATION */
struct ptrace_rseq_configuration {
	u64 rseq_abi_pointer;
	u32 rseq_abi_size;
	u32 signature;
	u32 flags;
	u32 pad;
};

/* PTRACE_SECCOMP_GET_METADATA */
struct seccomp_metadata {
	u64 filter_off;
	u64 flags; /* SECCOMP_FILTER_FLAG_LOG */
};

struct ptrace_peeksiginfo_args {
	u64 off;
	u32 flags;
	s32 nr;
};
static_assert(sizeof(struct ptrace_peeksiginfo_args) == 16, "struct ptrace_peeksiginfo_args");

#define PTRACE_SYSCALL_INFO_NONE	0
#define PTRACE_SYSCALL_INFO_ENTRY	1
#define PTRACE_SYSCALL_INFO_EXIT	2
#define PTRACE_SYSCALL_INFO_SECCOMP	3
struct ptrace_syscall_info {
	u8 op;
	u8 pad[3];
	u32 arch;
	u64 instruction_pointer;
	u64 stack_pointer;
	union {
		struct {
			u64 nr;
			u64 args[6];
		} entry;
		struct {
			s64 rval;
			u8 is_error;
		} exit;
		struct {
			u64 nr;
			u64 args[6];
			u32 ret_data;
		} seccomp;
	};
};
static_assert(sizeof(struct ptrace_syscall_info) == 88, "struct ptrace_syscall_info");

struct user_regs_struct {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi, orig_rax;
	u64 rip, cs, eflags, rsp, ss;
	u64 fs_base, gs_base;
	u64 ds, es, fs, gs;
};
static_assert(sizeof(struct user_regs_struct) == 216, "struct user_regs_struct");

struct user_fpregs_struct {
	u16 cwd, swd, ftw, fop;
	u64 rip, rdp;
	u32 mxcsr, mxcr_mask;
	u32 st_space[32];
	u32 xmm_space[64];
	u32 padding[24];
};
static_assert(sizeof(struct user_fpregs_struct) == 512, "struct user_fpregs_struct");

/* The area that PTRACE_PEEKUSR addresses. */
struct user_area {
	struct user_regs_struct regs;
	s32 u_fpvalid;
	s32 __pad0;
	struct user_fpregs_struct i387;
	u64 u_tsize, u_dsize, u_ssize;
	u64 start_code, start_stack;
	s64 signal;
	s32 reserved;
	s32 __pad1;
	u64 u_ar0, u_fpstate, magic;
	char u_comm[32];
	u64 u_debugreg[8];
};
static_assert(sizeof(struct user_area) == 912, "struct user");

#endif
