/*
 * Entry by exception and interrupt, and every return that ends in IRETQ. System calls enter in
 * syscall_entry.S and leave here when they cannot leave by SYSRETQ.
 *
 * A stub leaves (error code or ~0) in the orig_rax slot, saves %rdi, puts the vector there. Then:
 *   exceptions   trap_from_user() or trap_from_kernel() in trap.c
 *   interrupts   irq_dispatch() in irq.c
 *   NMI #DF #MC  on stacks of their own: they may hit between SWAPGS and the entry's first
 *                instructions, or on the last ones of a return, and user code may have any %gs base
 *                (FSGSBASE); so the CPU's own %gs base is taken from the bottom of the stack, and
 *                the found one is put back. #DB does so from kernel mode.
 *
 * On the way to user mode the thread's work word is looked at with interrupts off (user_return).
 * IRETQ itself faults if the user frame is bad (a forged rip, say): then the %gs is the user's
 * already, and the fault is made to look as if the user instruction had raised it (bad_iret).
 */
#include "arch/work.h"
#include "arch/x86_64/asm_int.h"

#define MSR_GS_BASE 0xc0000101
#define VECTOR_DB 1

/* Bit per exception for which the processor pushes an error code (Intel SDM volume 3, 6.3.1). */
#define ERROR_CODE_VECTORS 0x60227d00

/* Offsets from %rsp after the stub pushed %rdi. */
#define STUB_CS 24

	.section .text.entry, "ax", @progbits

	.balign 16
	.globl vector_stubs
vector_stubs:
	.set vector, 0
	.rept 32
	.balign 16
	.if !(ERROR_CODE_VECTORS >> vector & 1)
	pushq $0
	.endif
	push %rdi
	mov $vector, %edi
	.if vector == 1 || vector == 2 || vector == 8 || vector == 18
	jmp paranoid_entry
	.else
	jmp exception_entry
	.endif
	.set vector, vector + 1
	.endr
	.rept 224
	.balign 16
	pushq $-1
	push %rdi
	mov $vector, %edi
	jmp interrupt_entry
	.set vector, vector + 1
	.endr

/* The registers below %rdi, in the order of struct regs. */
.macro PUSH_REST
	push %rsi
	push %rdx
	push %rcx
	push %rax
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

/* Vector to %esi, error code to %rdx, regs to %rdi, and orig_rax to ~0. */
.macro TRAP_ARGUMENTS
	mov %edi, %esi
	mov %rsp, %rdi
	mov REGS_ORIG_RAX(%rsp), %rdx
	movq $-1, REGS_ORIG_RAX(%rsp)
.endm

FUNC exception_entry
	cld
	SMAP_CLOSE
	testb $3, STUB_CS(%rsp)
	jz exception_kernel
	swapgs
	PUSH_REST
exception_user:
	xor %ebp, %ebp
	TRAP_ARGUMENTS
	call trap_from_user
	jmp user_return

exception_kernel:
	PUSH_REST
	lea return_iret(%rip), %rax
	cmp %rax, REGS_RIP(%rsp)
	je bad_iret
	TRAP_ARGUMENTS
	call trap_from_kernel
	jmp kernel_return

/*
 * The frame that IRETQ refused lies at the top of the thread's stack; the registers just saved are
 * the user's.
 */
bad_iret:
	swapgs
	mov %edi, %ebx
	mov %rsp, %rdi
	call trap_fix_iret
	mov %rax, %rsp
	mov %ebx, %edi
	jmp exception_user
END exception_entry

FUNC interrupt_entry
	cld
	SMAP_CLOSE
	testb $3, STUB_CS(%rsp)
	jz 1f
	swapgs
	PUSH_REST
	xor %ebp, %ebp
	mov %rsp, %rsi
	call irq_dispatch
	jmp user_return_irqs_off
1:	PUSH_REST
	mov %rsp, %rsi
	call irq_dispatch
	jmp kernel_return
END interrupt_entry

FUNC user_return
	cli
	.globl user_return_irqs_off
user_return_irqs_off:
	mov %gs:cpu_thread(%rip), %rax
	testl $~WORK_CALL_SLOW, THREAD_WORK_OFFSET(%rax)
	jnz user_return_work
	.globl user_return_restore
user_return_restore:
	POP_REGS_BUT_RDI
	pop %rdi
	add $8, %rsp
	swapgs
	.globl return_iret
return_iret:
	iretq

	.globl user_return_work
user_return_work:
	sti
	mov %rsp, %rdi
	call upcall_user_return
	jmp user_return
END user_return

FUNC kernel_return
	POP_REGS_BUT_RDI
	pop %rdi
	add $8, %rsp
	iretq
END kernel_return

FUNC paranoid_entry
	cld
	SMAP_CLOSE
	PUSH_REST
	cmp $VECTOR_DB, %edi
	jne 1f
	testb $3, REGS_CS(%rsp)
	jnz debug_user
1:	mov $MSR_GS_BASE, %ecx
	rdmsr
	mov %eax, %r12d
	mov %edx, %r13d
	mov %rsp, %rax
	and $~(IST_STACK_SIZE - 1), %rax
	mov 4(%rax), %edx
	mov (%rax), %eax
	wrmsr
	TRAP_ARGUMENTS
	call trap_paranoid
	mov $MSR_GS_BASE, %ecx
	mov %r12d, %eax
	mov %r13d, %edx
	wrmsr
	jmp kernel_return

/* #DB of user code: goes on on the thread's own stack like any other exception. */
debug_user:
	swapgs
	mov %edi, %ebx
	mov %gs:cpu_kstack_top(%rip), %rdi
	sub $REGS_SIZE, %rdi
	mov %rdi, %rax
	mov %rsp, %rsi
	mov $(REGS_SIZE / 8), %ecx
	rep movsq
	mov %rax, %rsp
	mov %ebx, %edi
	jmp exception_user
END paranoid_entry

	.section .note.GNU-stack, "", @progbits
