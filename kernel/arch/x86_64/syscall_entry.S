/*
 * The SYSCALL instruction (Intel SDM volume 2; AMD64 volume 2, 6.1): %rcx holds the return address,
 * %r11 the flags, the stack is still the user's, interrupts and AC are off by MSR_SYSCALL_MASK.
 * Saves a whole struct regs at the top of the thread's kernel stack and calls upcall_syscall().
 *
 * It returns by SYSRETQ if the registers still are as SYSCALL left them. SYSRETQ cannot restore
 * %rcx, %r11, RF or TF, and on Intel it faults in kernel mode on the user's stack if the address is
 * not canonical: all these go by IRETQ.
 */
#include "arch/work.h"
#include "arch/x86_64/asm_int.h"

#define ENOSYS 38

	.section .text.entry, "ax", @progbits

FUNC syscall_entry
	swapgs
	mov %rsp, %gs:cpu_user_rsp(%rip)
	mov %gs:cpu_kstack_top(%rip), %rsp
	pushq $SEL_USER_DATA
	pushq %gs:cpu_user_rsp(%rip)
	push %r11
	pushq $SEL_USER_CODE
	push %rcx
	push %rax
	PUSH_REGS $-ENOSYS
	xor %ebp, %ebp
	mov %rsp, %rdi
	sti
	call upcall_syscall
	.globl errno_leave_site
errno_leave_site:
	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00 /* errno_leave, while errors are traced */
	cli
	mov %gs:cpu_thread(%rip), %rax
	testl $~WORK_CALL_SLOW, THREAD_WORK_OFFSET(%rax)
	jnz user_return_work

	mov REGS_RIP(%rsp), %rcx
	mov REGS_RFLAGS(%rsp), %r11
	cmp %rcx, REGS_RCX(%rsp)
	jne user_return_restore
	cmp %r11, REGS_R11(%rsp)
	jne user_return_restore
	cmpl $SEL_USER_CODE, REGS_CS(%rsp)
	jne user_return_restore
	cmpl $SEL_USER_DATA, REGS_SS(%rsp)
	jne user_return_restore
	test $(RFLAGS_RF | RFLAGS_TF), %r11d
	jnz user_return_restore
	mov %rcx, %rax
	shr $47, %rax
	jnz user_return_restore

	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	add $8, %rsp
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	add $8, %rsp
	pop %rdx
	pop %rsi
	pop %rdi
	mov REGS_RSP - REGS_ORIG_RAX(%rsp), %rsp
	swapgs
	sysretq
END syscall_entry

/* SYSCALL from compatibility mode, which cannot be entered (gdt.c): refuses. */
FUNC syscall_entry_compat
	mov $-ENOSYS, %eax
	sysretl
END syscall_entry_compat

	.section .note.GNU-stack, "", @progbits
