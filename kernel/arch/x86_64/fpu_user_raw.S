/*
 * Saving the FPU to user memory and loading it from there; a fault that vm cannot resolve, or an
 * image that the CPU refuses, gives -EFAULT.
 */
#include "arch/x86_64/asm_int.h"

#define EFAULT 14

	.section .text.hot, "ax", @progbits

/* int fpu_xsave_raw(void *p, u64 features) */
FUNC fpu_xsave_raw
	mov %esi, %eax
	mov %rsi, %rdx
	shr $32, %rdx
	SMAP_OPEN
1:	xsave64 (%rdi)
	EX_ENTRY 1b, fpu_raw_fault, EX_RESOLVE
	SMAP_CLOSE
	xor %eax, %eax
	ret
END fpu_xsave_raw

/* int fpu_xrstor_raw(const void *p, u64 features) */
FUNC fpu_xrstor_raw
	mov %esi, %eax
	mov %rsi, %rdx
	shr $32, %rdx
	SMAP_OPEN
1:	xrstor64 (%rdi)
	EX_ENTRY 1b, fpu_raw_fault, EX_RESOLVE
	SMAP_CLOSE
	xor %eax, %eax
	ret
END fpu_xrstor_raw

/* int fpu_fxsave_raw(void *p) */
FUNC fpu_fxsave_raw
	SMAP_OPEN
1:	fxsave64 (%rdi)
	EX_ENTRY 1b, fpu_raw_fault, EX_RESOLVE
	SMAP_CLOSE
	xor %eax, %eax
	ret
END fpu_fxsave_raw

fpu_raw_fault:
	SMAP_CLOSE
	mov $-EFAULT, %eax
	ret

	.section .note.GNU-stack, "", @progbits
