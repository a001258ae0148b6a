/*
 * Numbers that assembly and C share: selectors, the offsets of struct regs, and the macros of the
 * entry code. context.c asserts that the offsets agree with the C structures.
 */
#pragma once

/*
 * Segment selectors. The user's three are part of the Linux ABI (visible in signal frames and
 * ptrace).
 */
#define SEL_KERNEL_CODE 0x10
#define SEL_KERNEL_DATA 0x18
#define SEL_USER_BASE   0x23 /* what SYSRET counts from; itself empty: no 32-bit code */
#define SEL_USER_DATA   0x2b
#define SEL_USER_CODE   0x33
#define SEL_TSS         0x40
/*
 * A segment whose limit is the CPU's number: LSL reads it in user mode (the vDSO's getcpu). 15 is
 * its index on Linux, too.
 */
#define SEL_CPU         0x7b

/* Offsets in struct regs. */
#define REGS_R15      0
#define REGS_R14      8
#define REGS_R13      16
#define REGS_R12      24
#define REGS_RBP      32
#define REGS_RBX      40
#define REGS_R11      48
#define REGS_R10      56
#define REGS_R9       64
#define REGS_R8       72
#define REGS_RAX      80
#define REGS_RCX      88
#define REGS_RDX      96
#define REGS_RSI      104
#define REGS_RDI      112
#define REGS_ORIG_RAX 120
#define REGS_RIP      128
#define REGS_CS       136
#define REGS_RFLAGS   144
#define REGS_RSP      152
#define REGS_SS       160
#define REGS_SIZE     168

/* Bits of RFLAGS. */
#define RFLAGS_CF   0x00001
#define RFLAGS_FIX  0x00002 /* always set */
#define RFLAGS_PF   0x00004
#define RFLAGS_AF   0x00010
#define RFLAGS_ZF   0x00040
#define RFLAGS_SF   0x00080
#define RFLAGS_TF   0x00100
#define RFLAGS_IF   0x00200
#define RFLAGS_DF   0x00400
#define RFLAGS_OF   0x00800
#define RFLAGS_IOPL 0x03000
#define RFLAGS_NT   0x04000
#define RFLAGS_RF   0x10000
#define RFLAGS_VM   0x20000
#define RFLAGS_AC   0x40000

/*
 * Stacks of NMI, #DF, #MC and #DB: each CPU has one of each, aligned to its size, whose lowest word
 * is the CPU's %gs base.
 */
#define IST_STACK_SIZE 8192
#define IST_NMI 1
#define IST_DF  2
#define IST_MC  3
#define IST_DB  4
#define IST_COUNT 4

/* What the start-up code sets to reach long mode (msr_int.h has the rest), and its own GDT. */
#define CR0_BIT_PE         0x1
#define CR0_BIT_MP         0x2
#define CR0_BIT_NE         0x20
#define CR0_BIT_WP         0x10000
#define CR0_BIT_PG         0x80000000
#define CR4_BIT_PAE        0x20
#define MSR_EFER_NUMBER    0xc0000080
#define EFER_BIT_LME       0x100
#define EFER_BIT_NXE       0x800
#define MSR_GS_BASE_NUMBER 0xc0000101
#define BOOT_GDT_SIZE      32

/* Kinds of instructions that may fault (trap_int.h). */
#define EX_RESOLVE 0
#define EX_FAIL    1

/* Kinds of instructions that the boot CPU decides (patch.c). */
#define PATCH_CLAC       0
#define PATCH_STAC       1
#define PATCH_TRANSLATED 2

#ifdef __ASSEMBLER__

.macro FUNC name
	.globl \name
	.type \name, @function
	.balign 16
\name:
.endm

.macro END name
	.size \name, . - \name
.endm

/* Places that patch.c rewrites. */
.macro PATCH_SITE kind, target=771b
	.pushsection __patch_sites, "a"
	.balign 4
	.long 771b - .
	.long \kind
	.long \target - .
	.popsection
.endm

.macro SMAP_CLOSE
771:	.byte 0x0f, 0x1f, 0x00
	PATCH_SITE PATCH_CLAC
.endm

.macro SMAP_OPEN
771:	.byte 0x0f, 0x1f, 0x00
	PATCH_SITE PATCH_STAC
.endm

/* Goes on at `target` if the processor is a translator. */
.macro IF_TRANSLATED target
771:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	PATCH_SITE PATCH_TRANSLATED, \target
.endm

/*
 * The instructions in [from, to) may fault on a user address and then go on at fixup. kind:
 * EX_RESOLVE or EX_FAIL.
 */
.macro EX_RANGE from, to, fixup, kind
	.pushsection __ex_table, "a"
	.balign 4
	.long \from - .
	.long \fixup - .
	.short \kind, \to - \from
	.popsection
.endm

/* The same for the one instruction at insn. */
.macro EX_ENTRY insn, fixup, kind
	EX_RANGE \insn, \insn + 1, \fixup, \kind
.endm

/*
 * Saves the general registers below orig_rax in the order of struct regs; `rax` is what goes into
 * that slot.
 */
.macro PUSH_REGS rax=%rax
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push \rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
.endm

.macro POP_REGS_BUT_RDI
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
.endm

#endif
