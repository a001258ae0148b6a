/*
 * What the places where errors begin call while tracing is on (errno_sites.c). The code around
 * them knows of no call: all registers but the flags stay as they are.
 *
 * A mark is the lower half of the return address. Interrupts turn off interrupts, and no thread
 * gives the CPU away between these instructions, so the notes need no lock.
 */
#include "arch/work.h"
#include "arch/x86_64/asm_int.h"

#define NOTES_N  THREAD_NOTES_OFFSET
#define NOTES_AT (THREAD_NOTES_OFFSET + 4)
#define NOTES_MASK 7 /* ERRNO_NOTES - 1 */
#define MIN_ERROR -4095

	.section .text.entry, "ax", @progbits

FUNC errno_note
	cmpl $0, %gs:irq_cpu(%rip) /* its depth */
	jne 1f
	cmpl $0, %gs:soft_active(%rip)
	jne 1f
	push %rax
	push %rcx
	push %rdx
	mov %gs:cpu_thread(%rip), %rax
	mov 24(%rsp), %edx
	mov NOTES_N(%rax), %ecx
	incl NOTES_N(%rax)
	and $NOTES_MASK, %ecx
	mov %edx, NOTES_AT(%rax, %rcx, 4)
	pop %rdx
	pop %rcx
	pop %rax
1:	ret
END errno_note

/* At the end of a system call, before the way back to user mode: struct regs is on the stack. */
FUNC errno_leave
	cmpq $MIN_ERROR, 8 + REGS_RAX(%rsp)
	jae 1f
	mov %gs:cpu_thread(%rip), %rax
	movl $0, NOTES_N(%rax)
	ret
1:	lea 8(%rsp), %rdi
	call upcall_errno
	ret
END errno_leave

	.section .note.GNU-stack, "", @progbits
