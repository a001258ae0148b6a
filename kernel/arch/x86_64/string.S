/*
 * memcpy, memmove, memset, memcmp, and whole pages. Quadwords by REP, because a byte at a time is
 * what some processors and all translators do with REP MOVSB; the ragged end is one quadword that
 * overlaps what was done already. Under a translator unrolled loops take the place of REP
 * (patch.c).
 */
#include "arch/x86_64/asm_int.h"

	.section .text.hot, "ax", @progbits

/* void *memcpy(void *to, const void *from, size_t n) */
FUNC memcpy
	mov %rdi, %rax
	cmp $8, %rdx
	jb 1f
	mov -8(%rsi, %rdx), %r8
	lea -8(%rdi, %rdx), %r9
	IF_TRANSLATED memcpy_unrolled
	lea -1(%rdx), %rcx
	shr $3, %rcx
	rep movsq
	mov %r8, (%r9)
	ret
1:	cmp $4, %edx
	jb 2f
	mov (%rsi), %ecx
	mov -4(%rsi, %rdx), %r8d
	mov %ecx, (%rdi)
	mov %r8d, -4(%rdi, %rdx)
	ret
2:	test %edx, %edx
	jz 3f
	movzbl (%rsi), %ecx
	movzbl -1(%rsi, %rdx), %r8d
	mov %rdx, %r10
	shr %r10
	movzbl (%rsi, %r10), %r9d
	mov %cl, (%rdi)
	mov %r9b, (%rdi, %r10)
	mov %r8b, -1(%rdi, %rdx)
3:	ret
END memcpy

/* The same: %r8 and %r9 hold the last quadword and its place. */
memcpy_unrolled:
	sub $32, %rdx
	jb 2f
1:	mov (%rsi), %rcx
	mov 8(%rsi), %r10
	mov %rcx, (%rdi)
	mov %r10, 8(%rdi)
	mov 16(%rsi), %rcx
	mov 24(%rsi), %r10
	mov %rcx, 16(%rdi)
	mov %r10, 24(%rdi)
	add $32, %rsi
	add $32, %rdi
	sub $32, %rdx
	jae 1b
2:	add $32 - 8, %rdx
	jle 4f
3:	mov (%rsi), %rcx
	mov %rcx, (%rdi)
	add $8, %rsi
	add $8, %rdi
	sub $8, %rdx
	jg 3b
4:	mov %r8, (%r9)
	ret

/* void *memmove(void *to, const void *from, size_t n): downwards if `to` lies within the source. */
FUNC memmove
	mov %rdi, %rcx
	sub %rsi, %rcx
	cmp %rdx, %rcx
	jae memcpy
	mov %rdi, %rax
	cmp $8, %rdx
	jb 2f
	mov (%rsi), %r8
1:	mov -8(%rsi, %rdx), %rcx
	mov %rcx, -8(%rdi, %rdx)
	sub $8, %rdx
	cmp $8, %rdx
	ja 1b
	mov %r8, (%rdi)
	ret
2:	test %edx, %edx
	jz 3f
	mov -1(%rsi, %rdx), %cl
	mov %cl, -1(%rdi, %rdx)
	dec %edx
	jmp 2b
3:	ret
END memmove

/* void *memset(void *to, int c, size_t n) */
FUNC memset
	mov %rdi, %r8
	movzbl %sil, %eax
	mov $0x0101010101010101, %rcx
	imul %rcx, %rax
	cmp $8, %rdx
	jb 1f
	mov %rax, -8(%rdi, %rdx)
	IF_TRANSLATED memset_unrolled
	lea -1(%rdx), %rcx
	shr $3, %rcx
	rep stosq
	mov %r8, %rax
	ret
1:	test %edx, %edx
	jz 2f
	mov %al, -1(%rdi, %rdx)
	dec %edx
	jmp 1b
2:	mov %r8, %rax
	ret
END memset

/* The same: the last quadword is done, %r8 is what is returned. */
memset_unrolled:
	sub $32, %rdx
	jb 2f
1:	mov %rax, (%rdi)
	mov %rax, 8(%rdi)
	mov %rax, 16(%rdi)
	mov %rax, 24(%rdi)
	add $32, %rdi
	sub $32, %rdx
	jae 1b
2:	add $32 - 8, %rdx
	jle 4f
3:	mov %rax, (%rdi)
	add $8, %rdi
	sub $8, %rdx
	jg 3b
4:	mov %r8, %rax
	ret

/*
 * int memcmp(const void *a, const void *b, size_t n): big-endian order decides between unequal
 * quadwords.
 */
FUNC memcmp
	xor %eax, %eax
1:	cmp $8, %rdx
	jb 2f
	mov (%rdi), %rcx
	mov (%rsi), %r8
	add $8, %rdi
	add $8, %rsi
	sub $8, %rdx
	cmp %r8, %rcx
	je 1b
	bswap %rcx
	bswap %r8
	cmp %r8, %rcx
	sbb %eax, %eax
	or $1, %eax
	ret
2:	test %edx, %edx
	jz 3f
	movzbl (%rdi), %eax
	movzbl (%rsi), %ecx
	inc %rdi
	inc %rsi
	dec %edx
	sub %ecx, %eax
	je 2b
3:	ret
END memcmp

/* void page_clear(void *page) */
FUNC page_clear
	xor %eax, %eax
	IF_TRANSLATED 1f
	mov $512, %ecx
	rep stosq
	ret
1:	mov $64, %ecx
2:	mov %rax, (%rdi)
	mov %rax, 8(%rdi)
	mov %rax, 16(%rdi)
	mov %rax, 24(%rdi)
	mov %rax, 32(%rdi)
	mov %rax, 40(%rdi)
	mov %rax, 48(%rdi)
	mov %rax, 56(%rdi)
	add $64, %rdi
	dec %ecx
	jnz 2b
	ret
END page_clear

/* void page_copy(void *dst, const void *src) */
FUNC page_copy
	IF_TRANSLATED 1f
	mov $512, %ecx
	rep movsq
	ret
1:	mov $64, %ecx
2:	mov (%rsi), %rax
	mov 8(%rsi), %rdx
	mov 16(%rsi), %r8
	mov 24(%rsi), %r9
	mov %rax, (%rdi)
	mov %rdx, 8(%rdi)
	mov %r8, 16(%rdi)
	mov %r9, 24(%rdi)
	mov 32(%rsi), %rax
	mov 40(%rsi), %rdx
	mov 48(%rsi), %r8
	mov 56(%rsi), %r9
	mov %rax, 32(%rdi)
	mov %rdx, 40(%rdi)
	mov %r8, 48(%rdi)
	mov %r9, 56(%rdi)
	add $64, %rsi
	add $64, %rdi
	dec %ecx
	jnz 2b
	ret
END page_copy

	.section .note.GNU-stack, "", @progbits
