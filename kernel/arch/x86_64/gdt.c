/*
 * Descriptor tables. Each CPU has its own GDT (for its TSS descriptor), TSS and IST stacks; all
 * share one IDT, all of whose gates are interrupt gates, so handlers begin with interrupts off.
 *
 * The three user selectors are those of Linux. There is no 32-bit code segment: a far jump into
 * compatibility mode raises #GP, so 32-bit system calls do not exist. INT 0x80 meets a gate of
 * privilege 0 and raises #GP as well.
 */
#include "arch/percpu.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/tables_int.h"

#define GDT_ENTRIES 16

#define DESC_KERNEL_CODE 0x00af9b000000ffff
#define DESC_KERNEL_DATA 0x00cf93000000ffff
#define DESC_USER_DATA   0x00cff3000000ffff
#define DESC_USER_CODE   0x00affb000000ffff
#define DESC_CPU         0x0040f50000000000 /* data, read only; the limit comes in */
#define DESC_TSS         0x0000890000000000

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0xee /* INT3 and INTO may be raised by user code */

#define VECTOR_BP 3
#define VECTOR_OF 4

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

static DEFINE_PERCPU(u64, cpu_gdt[GDT_ENTRIES]);
static DEFINE_PERCPU(struct tss, cpu_tss);
DEFINE_PERCPU(u64, cpu_kstack_top);
static struct gate idt[256] __aligned(16);

static void idt_init(void)
{
	static const u8 ist_of[32] = { [1] = IST_DB, [2] = IST_NMI, [8] = IST_DF, [18] = IST_MC };

	for (unsigned v = 0; v < 256; v++) {
		u64 entry = (u64)vector_stubs + v * 16;

		idt[v] = (struct gate){
			.offset_low = (u16)entry,
			.selector = SEL_KERNEL_CODE,
			.ist = v < 32 ? ist_of[v] : 0,
			.type = v == VECTOR_BP || v == VECTOR_OF ? GATE_USER : GATE_INTERRUPT,
			.offset_mid = (u16)(entry >> 16),
			.offset_high = (u32)(entry >> 32),
		};
	}
}

static void tss_init(struct tss *tss, char *stacks, u64 gs_base)
{
	for (unsigned i = 0; i < IST_COUNT; i++) {
		*(u64 *)(stacks + i * IST_STACK_SIZE) = gs_base;
		tss->ist[i] = (u64)stacks + (i + 1) * IST_STACK_SIZE;
	}
	tss->iomap_base = sizeof(*tss);
}

void tables_create(unsigned cpu, void *stacks)
{
	struct tss *tss = percpu_ptr(cpu_tss, cpu);
	u64 *gdt = *percpu_ptr(cpu_gdt, cpu), base = (u64)tss;

	if (idt[0].type == 0)
		idt_init();
	tss_init(tss, stacks, percpu_offset[cpu]);
	gdt[SEL_KERNEL_CODE / 8] = DESC_KERNEL_CODE;
	gdt[SEL_KERNEL_DATA / 8] = DESC_KERNEL_DATA;
	gdt[SEL_USER_DATA / 8] = DESC_USER_DATA;
	gdt[SEL_USER_CODE / 8] = DESC_USER_CODE;
	gdt[SEL_TSS / 8] = DESC_TSS | (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
		(base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	gdt[SEL_CPU / 8] = DESC_CPU | cpu;
}

void tables_load(void)
{
	struct table_pointer pointer = { sizeof(cpu_gdt) - 1, (u64)this_cpu_ptr(cpu_gdt) };

	__asm__ volatile("lgdt %0" :: "m"(pointer));
	pointer = (struct table_pointer){ sizeof(idt) - 1, (u64)idt };
	__asm__ volatile("lidt %0; ltr %w1" :: "m"(pointer), "r"(SEL_TSS));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 :: "i"(SEL_KERNEL_CODE) : "rax", "memory");
}

void tables_set_kernel_stack(u64 top)
{
	this_cpu_write(cpu_kstack_top, top);
	this_cpu_ptr(cpu_tss)->rsp[0] = top;
}
