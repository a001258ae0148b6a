/*
 * The first instructions. Both boot protocols enter in 32-bit protected mode without paging:
 *   multiboot2   %eax = 0x36d76289, %ebx = address of the information structure
 *   PVH          %ebx = address of struct hvm_start_info
 * The code makes temporary page tables (identity, physmap and image, first 4 GiB by 2 MiB pages),
 * switches to long mode, and calls kernel_main() on the boot stack, which becomes CPU 0's idle
 * stack. Everything it found goes to boot_protocol and boot_info_paddr for boot_info.c. mmu_boot.c
 * replaces the tables; the other processors pass through them once more (ap_start.S).
 */
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/boot_int.h"

#define PHYS(symbol) ((symbol) - 0xffffffff80000000)

#define CPUID_EXT_NX (1 << 20)
#define CPUID_EXT_LM (1 << 29)

#define MB2_MAGIC 0xe85250d6
#define MB2_ARCH_I386 0

	.section .boot.header, "a"
	.balign 8
mb2_header:
	.long MB2_MAGIC, MB2_ARCH_I386, mb2_header_end - mb2_header
	.long -(MB2_MAGIC + MB2_ARCH_I386 + (mb2_header_end - mb2_header))

	/* Information request: memory map. */
	.balign 8
	.short 1, 0
	.long 12
	.long 6
	/* Entry address. */
	.balign 8
	.short 3, 0
	.long 12
	.long PHYS(boot_start_multiboot2)
	/* Frame buffer wanted, optional: 1024 x 768 x 32. */
	.balign 8
	.short 5, 1
	.long 20
	.long 1024, 768, 32
	/* Modules on page boundaries. */
	.balign 8
	.short 6, 0
	.long 8
	/* End. */
	.balign 8
	.short 0, 0
	.long 8
mb2_header_end:

	/* Where PVH loaders enter (XEN_ELFNOTE_PHYS32_ENTRY). */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad PHYS(boot_start_pvh)

	.section .boot.text, "ax"
	.code32
	.globl boot_start_multiboot2
boot_start_multiboot2:
	cmp $0x36d76289, %eax
	mov $BOOT_MULTIBOOT2, %edi
	je boot_common
	mov $BOOT_UNKNOWN, %edi
	jmp boot_common

	.globl boot_start_pvh
boot_start_pvh:
	mov $BOOT_PVH, %edi

boot_common:
	cli
	cld
	mov $PHYS(boot_stack_top), %esp
	mov %ebx, %esi

	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb boot_bad_cpu
	mov $0x80000001, %eax
	cpuid
	and $(CPUID_EXT_LM | CPUID_EXT_NX), %edx
	cmp $(CPUID_EXT_LM | CPUID_EXT_NX), %edx
	jne boot_bad_cpu

	/* 2048 large pages from 0: present, writable, large. */
	mov $PHYS(boot_pd), %ebx
	mov $0x83, %eax
	xor %ecx, %ecx
1:	mov %eax, (%ebx, %ecx, 8)
	add $0x200000, %eax
	inc %ecx
	cmp $2048, %ecx
	jne 1b

	/* Four page directories for the low 4 GiB, the first again for the image at -2 GiB. */
	mov $PHYS(boot_pdpt_low), %ebx
	mov $(PHYS(boot_pd) + 3), %eax
	mov %eax, (%ebx)
	mov %eax, PHYS(boot_pdpt_high) + 510 * 8
	add $0x1000, %eax
	mov %eax, 8(%ebx)
	add $0x1000, %eax
	mov %eax, 16(%ebx)
	add $0x1000, %eax
	mov %eax, 24(%ebx)

	/* Identity, physmap (PHYSMAP_BASE is entry 273) and image (entry 511). */
	movl $(PHYS(boot_pdpt_low) + 3), PHYS(boot_pml4)
	movl $(PHYS(boot_pdpt_low) + 3), PHYS(boot_pml4) + 273 * 8
	movl $(PHYS(boot_pdpt_high) + 3), PHYS(boot_pml4) + 511 * 8

	mov $CR4_BIT_PAE, %eax
	mov %eax, %cr4
	mov $PHYS(boot_pml4), %eax
	mov %eax, %cr3
	mov $MSR_EFER_NUMBER, %ecx
	mov $(EFER_BIT_LME | EFER_BIT_NXE), %eax
	xor %edx, %edx
	wrmsr
	mov $(CR0_BIT_PG | CR0_BIT_WP | CR0_BIT_NE | CR0_BIT_MP | CR0_BIT_PE), %eax
	mov %eax, %cr0
	lgdt PHYS(boot_gdt_pointer)
	ljmp $SEL_KERNEL_CODE, $PHYS(boot_long_mode)

	/* Not a processor for us: says so on the first serial port and stays. */
boot_bad_cpu:
	mov $PHYS(boot_bad_cpu_text), %esi
1:	mov $0x3fd, %dx
	in %dx, %al
	test $0x20, %al
	jz 1b
	lodsb
	test %al, %al
	jz 2f
	mov $0x3f8, %dx
	out %al, %dx
	jmp 1b
2:	hlt
	jmp 2b
boot_bad_cpu_text:
	.asciz "Skerry needs an x86-64 processor with NX.\r\n"

	.code64
boot_long_mode:
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	/* %gs base 0: the per-CPU template itself, until percpu.c makes CPU 0's area. */
	mov $MSR_GS_BASE_NUMBER, %ecx
	xor %edx, %edx
	wrmsr
	movabs $1f, %rax
	jmp *%rax
1:	mov $boot_stack_top, %rsp
	mov %edi, boot_protocol(%rip)
	mov %rsi, boot_info_paddr(%rip)
	xor %ebp, %ebp
#ifdef CONFIG_KASAN
	call kasan_shadow_boot
#endif
	call kernel_main
	ud2

	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff /* SEL_KERNEL_CODE */
	.quad 0x00cf93000000ffff /* SEL_KERNEL_DATA */
boot_gdt_pointer:
	.short BOOT_GDT_SIZE - 1
	.quad PHYS(boot_gdt)

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.globl boot_pml4
boot_pml4:	.skip 4096
boot_pdpt_low:	.skip 4096
boot_pdpt_high:	.skip 4096
boot_pd:	.skip 4096 * 4
	/* A page that mmu_boot.c unmaps, and the stack above it. */
	.globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard: .skip 4096
boot_stack:	.skip BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
