/*
 * The first instructions of a processor that is started by INIT and SIPI (Intel SDM volume 3, 9.4):
 * real mode, at the start of the page below 1 MiB that the start-up interrupt named. ap_trampoline
 * goes straight to long mode with head.S' temporary tables, which map the low 4 GiB one to one, and
 * jumps to the image. There the processor looks whether it is the one being started: if it is late
 * or not meant, it halts for good. Else it takes the kernel's own tables, its %gs base and its
 * stack from `ap_start` (smp.c) and calls smp_cpu_main().
 */
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/smp_int.h"

#define PHYS(symbol) ((symbol) - 0xffffffff80000000)

	.section .rodata
	.code16
	.balign 16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl ap_gdt_pointer - ap_trampoline
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
	ljmpl $SEL_KERNEL_CODE, $PHYS(ap_long_mode)
	.balign 4
ap_gdt_pointer:
	.short BOOT_GDT_SIZE - 1
	.long PHYS(boot_gdt)
ap_trampoline_end:

	.section .boot.text, "ax"
	.code64
ap_long_mode:
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	movabs $1f, %rax
	jmp *%rax

	/* The own APIC id: 32 bits if there is leaf 0xb, else 8 (SDM volume 2, CPUID). */
1:	xor %eax, %eax
	cpuid
	cmp $0xb, %eax
	jb 2f
	mov $0xb, %eax
	xor %ecx, %ecx
	cpuid
	test %ebx, %ebx
	jnz 3f
2:	mov $1, %eax
	cpuid
	shr $24, %ebx
	mov %ebx, %edx
3:	cmp %edx, ap_start + AP_APIC_ID(%rip)
	jne 4f
	mov $AP_CALLED, %eax
	mov $AP_ALIVE, %ecx
	lock cmpxchg %ecx, ap_start + AP_STATE(%rip)
	je 5f
4:	hlt
	jmp 4b

5:	mov ap_start + AP_CR3(%rip), %rax
	mov %rax, %cr3
	mov $MSR_GS_BASE_NUMBER, %ecx
	mov ap_start + AP_GS_BASE(%rip), %eax
	mov ap_start + AP_GS_BASE + 4(%rip), %edx
	wrmsr
	mov ap_start + AP_STACK(%rip), %rsp
	xor %ebp, %ebp
	call smp_cpu_main
	ud2

	.section .note.GNU-stack, "", @progbits
