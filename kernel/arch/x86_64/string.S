/*
 * memcpy, memmove, memset, memcmp, and whole pages. Quadwords by REP, because a byte at a time is what some processors and
 * all translators do with REP MOVSB; the ragged end is one quadword that overlaps what was done already.
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

/* int memcmp(const void *a, const void *b, size_t n): big-endian order decides between unequal quadwords. */
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
	mov $512, %ecx
	rep stosq
	ret
END page_clear

/* void page_copy(void *dst, const void *src) */
FUNC page_copy
	mov $512, %ecx
	rep movsq
	ret
END page_copy

	.section .note.GNU-stack, "", @progbits
