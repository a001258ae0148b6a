/*
 * The instructions that touch user memory. usercopy.c has checked the range; each may fault at any
 * byte. A fault that vm cannot resolve lands at the fixup, where the registers tell how far the
 * copy came; then the rest is tried byte by byte, so that the count is exact although quadwords
 * were copied.
 */
#include "arch/x86_64/asm_int.h"

#define EFAULT 14

	.section .text.hot, "ax", @progbits

/*
 * size_t user_copy_raw(void *to, const void *from, size_t n): how many bytes are left, 0 when all
 * is well.
 */
FUNC user_copy_raw
	SMAP_OPEN
	IF_TRANSLATED user_copy_unrolled
	mov %rdx, %rcx
	shr $3, %rcx
1:	rep movsq
	EX_ENTRY 1b, 3f, EX_RESOLVE
	mov %edx, %ecx
	and $7, %ecx
	jnz 2f
	xor %eax, %eax
	SMAP_CLOSE
	ret
2:	rep movsb
	EX_ENTRY 2b, 4f, EX_RESOLVE
	xor %eax, %eax
	SMAP_CLOSE
	ret
3:	and $7, %edx
	lea (%rdx, %rcx, 8), %rcx
	jmp 2b
4:	mov %rcx, %rax
	SMAP_CLOSE
	ret
END user_copy_raw

/* The same without REP for the most part; %rsi, %rdi and %rdx tell at any point what is left. */
user_copy_unrolled:
	cmp $8, %rdx
	jb 7f
	lea -8(%rsi, %rdx), %r10
	lea -8(%rdi, %rdx), %r11
	sub $64, %rdx
	jb 3f
1:	mov (%rsi), %rax
	mov 8(%rsi), %rcx
	mov 16(%rsi), %r8
	mov 24(%rsi), %r9
	mov %rax, (%rdi)
	mov %rcx, 8(%rdi)
	mov %r8, 16(%rdi)
	mov %r9, 24(%rdi)
	mov 32(%rsi), %rax
	mov 40(%rsi), %rcx
	mov 48(%rsi), %r8
	mov 56(%rsi), %r9
	mov %rax, 32(%rdi)
	mov %rcx, 40(%rdi)
	mov %r8, 48(%rdi)
	mov %r9, 56(%rdi)
2:	EX_RANGE 1b, 2b, user_copy_block_fault, EX_RESOLVE
	add $64, %rsi
	add $64, %rdi
	sub $64, %rdx
	jae 1b
3:	add $64 - 8, %rdx
	jl 5f
4:	mov (%rsi), %rax
	mov %rax, (%rdi)
	add $8, %rsi
	add $8, %rdi
	sub $8, %rdx
	jge 4b
	/* -8 … -1: what is left over, less 8 */
5:	add $8, %rdx
	jz 6f
	mov (%r10), %rax
	mov %rax, (%r11)
6:	EX_RANGE 4b, 5b, user_copy_word_fault, EX_RESOLVE
	EX_RANGE 5b, 6b, user_copy_rest_fault, EX_RESOLVE
	xor %eax, %eax
	SMAP_CLOSE
	ret
7:	mov %edx, %ecx
	test %ecx, %ecx
	jz 9f
8:	mov (%rsi), %al
	mov %al, (%rdi)
	inc %rsi
	inc %rdi
	dec %ecx
	jnz 8b
9:	EX_RANGE 8b, 9b, user_copy_bytes_fault, EX_RESOLVE
	xor %eax, %eax
	SMAP_CLOSE
	ret

user_copy_block_fault:
	add $64 - 8, %rdx
user_copy_word_fault:
	add $8, %rdx
user_copy_rest_fault:
	mov %rdx, %rcx
1:	rep movsb
	EX_ENTRY 1b, user_copy_bytes_fault, EX_RESOLVE
	xor %eax, %eax
	SMAP_CLOSE
	ret
user_copy_bytes_fault:
	mov %rcx, %rax
	SMAP_CLOSE
	ret

/* size_t user_clear_raw(void *to, size_t n): how many bytes are left. */
FUNC user_clear_raw
	SMAP_OPEN
	mov %rsi, %rcx
	shr $3, %rcx
	xor %eax, %eax
1:	rep stosq
	EX_ENTRY 1b, 3f, EX_RESOLVE
	mov %esi, %ecx
	and $7, %ecx
2:	rep stosb
	EX_ENTRY 2b, 4f, EX_RESOLVE
	xor %eax, %eax
	SMAP_CLOSE
	ret
3:	and $7, %esi
	lea (%rsi, %rcx, 8), %rcx
	jmp 2b
4:	mov %rcx, %rax
	SMAP_CLOSE
	ret
END user_clear_raw

/*
 * Whether the quadword in %rax holds a zero byte: its lowest such byte's top bit becomes the lowest
 * bit of %rcx. Uses %rcx.
 */
.macro ZERO_BYTE
	lea (%rax, %r8), %rcx
	not %rax
	and %rax, %rcx
	not %rax
	and %r9, %rcx
.endm

/*
 * ssize_t user_string_copy_raw(char *to, const char *from, size_t max): copies up to and including
 * the NUL: the length without it; max if there was none in max bytes; -EFAULT. Aligned quadwords:
 * they never reach into a page that the string does not.
 */
FUNC user_string_copy_raw
	SMAP_OPEN
	mov %rdi, %r10
	mov $-0x0101010101010101, %r8
	mov $0x8080808080808080, %r9
	add %rdi, %rdx /* end of the buffer */
1:	cmp %rdx, %rdi
	je 5f
	test $7, %sil
	jz 3f
2:	mov (%rsi), %al
	EX_ENTRY 2b, 6f, EX_RESOLVE
	mov %al, (%rdi)
	test %al, %al
	jz 5f
	inc %rsi
	inc %rdi
	jmp 1b
3:	lea 8(%rdi), %rcx
	cmp %rdx, %rcx
	ja 2b
4:	mov (%rsi), %rax
	EX_ENTRY 4b, 6f, EX_RESOLVE
	mov %rax, (%rdi)
	ZERO_BYTE
	jnz 7f
	add $8, %rsi
	add $8, %rdi
	jmp 1b
7:	bsf %rcx, %rcx
	shr $3, %ecx
	add %rcx, %rdi
5:	mov %rdi, %rax
	sub %r10, %rax
	SMAP_CLOSE
	ret
6:	mov $-EFAULT, %rax
	SMAP_CLOSE
	ret
END user_string_copy_raw

/* ssize_t user_string_length_raw(const char *from, size_t max): the same without copying. */
FUNC user_string_length_raw
	SMAP_OPEN
	mov %rdi, %r10
	mov $-0x0101010101010101, %r8
	mov $0x8080808080808080, %r9
	lea (%rdi, %rsi), %rdx
1:	cmp %rdx, %rdi
	jae 5f
	test $7, %dil
	jz 4f
2:	movzbl (%rdi), %eax
	EX_ENTRY 2b, 6f, EX_RESOLVE
	test %al, %al
	jz 5f
	inc %rdi
	jmp 1b
4:	mov (%rdi), %rax
	EX_ENTRY 4b, 6f, EX_RESOLVE
	ZERO_BYTE
	jnz 7f
	add $8, %rdi
	jmp 1b
7:	bsf %rcx, %rcx
	shr $3, %ecx
	add %rcx, %rdi
5:	mov %rdi, %rax
	sub %r10, %rax
	cmp %rsi, %rax
	cmova %rsi, %rax
	SMAP_CLOSE
	ret
6:	mov $-EFAULT, %rax
	SMAP_CLOSE
	ret
END user_string_length_raw

/* int user_load_raw(u32 *value, const u32 *from): 0 or -EFAULT, never sleeps. */
FUNC user_load_raw
	SMAP_OPEN
1:	mov (%rsi), %ecx
	EX_ENTRY 1b, 2f, EX_FAIL
	SMAP_CLOSE
	mov %ecx, (%rdi)
	xor %eax, %eax
	ret
2:	SMAP_CLOSE
	mov $-EFAULT, %eax
	ret
END user_load_raw

/*
 * int user_cmpxchg_raw(u32 *old, u32 *to, u32 expected, u32 desired): 0 or -EFAULT, never sleeps.
 */
FUNC user_cmpxchg_raw
	SMAP_OPEN
	mov %edx, %eax
1:	lock cmpxchg %ecx, (%rsi)
	EX_ENTRY 1b, 2f, EX_FAIL
	SMAP_CLOSE
	mov %eax, (%rdi)
	xor %eax, %eax
	ret
2:	SMAP_CLOSE
	mov $-EFAULT, %eax
	ret
END user_cmpxchg_raw

	.section .note.GNU-stack, "", @progbits
