/*
 * The local APIC of each CPU (Intel SDM volume 3, chapter 11): interrupts between CPUs, end of
 * interrupt, timer. Its registers are at a physical page that each CPU sees as its own, or, in
 * x2APIC mode, in MSRs; all CPUs use the same mode. There are no locks: a CPU touches only its own,
 * with interrupts off where two writes belong together.
 */
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/msr_int.h"
#include "core/resource.h"

enum apic_register {
	APIC_ID = 0x20, APIC_TPR = 0x80, APIC_EOI = 0xb0, APIC_SVR = 0xf0, APIC_ESR = 0x280,
		APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310, APIC_LVT_TIMER = 0x320, APIC_LVT_LINT0 = 0x350,
		APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370, APIC_TIMER_INITIAL = 0x380, APIC_TIMER_CURRENT = 0x390,
		APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ADDR   0x000ffffffffff000ull

#define SVR_ENABLE       0x100
#define LVT_MASKED       0x10000
#define LVT_NMI          0x400
#define LVT_TSC_DEADLINE 0x40000
#define DIVIDE_BY_16     0x3

#define ICR_NMI          0x400
#define ICR_INIT         0x500
#define ICR_STARTUP      0x600
#define ICR_PENDING      0x1000
#define ICR_ASSERT       0x4000
#define ICR_LEVEL        0x8000

#define ID_BROADCAST     0xff /* no CPU has it in the memory-mapped mode */

#define MSI_ADDRESS      0xfee00000ull

static bool x2apic;
static void *registers;
static DEFINE_PERCPU(u32, apic_id);

static u32 apic_read(enum apic_register reg)
{
	return x2apic ? (u32)msr_read(MSR_X2APIC + (reg >> 4))
	       : mmio_read32((char *)registers + reg);
}

static void apic_write(enum apic_register reg, u32 v)
{
	if (x2apic)
		msr_write(MSR_X2APIC + (reg >> 4), v);
	else
		mmio_write32((char *)registers + reg, v);
}

void apic_init(u32 max_id)
{
	u64 base = msr_read(MSR_APIC_BASE);

	x2apic = base & APIC_BASE_X2APIC || (max_id >= ID_BROADCAST && cpu_features.x2apic);
	if (!x2apic)
		registers = device_map(base & APIC_BASE_ADDR, PAGE_SIZE);
	resource_add(RESOURCE_MEMORY, base & APIC_BASE_ADDR, PAGE_SIZE, "Local APIC");
}

void apic_init_cpu(void)
{
	u64 base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		msr_write(MSR_APIC_BASE, base |= APIC_BASE_ENABLE);
	if (x2apic && !(base & APIC_BASE_X2APIC))
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	this_cpu_write(apic_id, x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24);
}

__section(".text.hot") void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

u32 apic_error(void)
{
	apic_write(APIC_ESR, 0);
	return apic_read(APIC_ESR);
}

/* The two halves of the command register of the memory-mapped mode belong together. */
static void send(u32 destination, u32 command)
{
	u64 flags = irq_save();

	if (x2apic) {
		msr_write(MSR_X2APIC + (APIC_ICR >> 4), (u64)destination << 32 | command);
	} else {
		while (apic_read(APIC_ICR) & ICR_PENDING)
			cpu_relax();
		apic_write(APIC_ICR_HIGH, destination << 24);
		apic_write(APIC_ICR, command);
	}
	irq_restore(flags);
}

void apic_send_ipi(unsigned cpu, unsigned vector)
{
	send(*percpu_ptr(apic_id, cpu), ICR_ASSERT | vector);
}

void apic_send_nmi(unsigned cpu)
{
	send(*percpu_ptr(apic_id, cpu), ICR_ASSERT | ICR_NMI);
}

u32 apic_id_self(void)
{
	return this_cpu_read(apic_id);
}

void apic_send_init(u32 id)
{
	send(id, ICR_ASSERT | ICR_LEVEL | ICR_INIT);
	send(id, ICR_LEVEL | ICR_INIT);
}

void apic_send_startup(u32 id, paddr_t page)
{
	send(id, ICR_ASSERT | ICR_STARTUP | (u32)(page >> PAGE_SHIFT));
}

void cpu_kick(unsigned cpu)
{
	if (cpu != cpu_id())
		apic_send_ipi(cpu, VECTOR_KICK);
}

bool irq_cpu_reachable(unsigned cpu)
{
	return *percpu_ptr(apic_id, cpu) < ID_BROADCAST;
}

void irq_msi_message(unsigned cpu, unsigned vector, u64 *address, u32 *data)
{
	*address = MSI_ADDRESS | (u64)(*percpu_ptr(apic_id, cpu) & 0xff) << 12;
	*data = vector;
}

void apic_timer_start(u32 count)
{
	apic_write(APIC_TIMER_INITIAL, count);
}

u32 apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_enable(bool tsc_deadline)
{
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
	/* The mode is set before the first deadline is written (11.5.4.1). */
	__asm__ volatile("mfence" ::: "memory");
}
