/*
 * The switch between two kernel stacks, the first step of a new thread, and the jump to user mode
 * (context.c).
 */
#include "arch/x86_64/asm_int.h"

	.section .text.entry, "ax", @progbits

/*
 * void switch_stacks(u64 *save_rsp, u64 rsp): the callee-saved registers lie on the stack that is
 * left.
 */
FUNC switch_stacks
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
END switch_stacks

/* Where a new thread begins: %r12 is its function, %r13 the argument (context_init()). */
FUNC context_start
	mov %r13, %rdi
	xor %ebp, %ebp
	call *%r12
	ud2
END context_start

/*
 * void context_leave(struct regs *regs): the registers at the top of the stack become the user's.
 */
FUNC context_leave
	mov %rdi, %rsp
	xor %ebp, %ebp
	jmp user_return
END context_leave

	.section .note.GNU-stack, "", @progbits
