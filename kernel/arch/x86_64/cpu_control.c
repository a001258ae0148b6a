/*
 * The last exits of a processor: halting, stopping the others, reset, and the exit device of QEMU.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/trace.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/cpu_int.h"
#include "core/spinlock.h"

#define QEMU_EXIT_PORT 0xf4

#define KBD_STATUS      0x64
#define KBD_INPUT_FULL  0x02
#define KBD_PULSE_RESET 0xfe

#define STOP_WAIT_CYCLES  2000000000ull
#define SNAPSHOT_WAIT_NS  1000000000ull

static bool stop_requested;
static unsigned n_stopped; /* a */

/* What one CPU wants to know of another. */
static struct {
	struct spinlock lock;
	u32 cpu;                   /* a: whom the NMI is for, CPU_MAX: nobody */
	struct cpu_snapshot *out;  /* lock */
} snapshot = { SPINLOCK_INIT(RANK_NONE, "snapshot"), CPU_MAX, NULL };

void cpu_nmi(const struct regs *regs)
{
	if (__atomic_load_n(&stop_requested, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&n_stopped, 1, __ATOMIC_SEQ_CST);
		cpu_halt_forever();
	}
	if (__atomic_load_n(&snapshot.cpu, __ATOMIC_ACQUIRE) == cpu_id()) {
		struct cpu_snapshot *s = snapshot.out;

		s->regs = *regs;
		s->thread = thread_current();
		s->n = regs_user(regs) ? 0 : arch_backtrace(arch_frame_of(regs), s->addresses,
							    ARRAY_SIZE(s->addresses));
		__atomic_store_n(&snapshot.cpu, CPU_MAX, __ATOMIC_RELEASE);
	}
}

bool cpu_snapshot_take(unsigned cpu, struct cpu_snapshot *out)
{
	u64 end = arch_clock_ns() + SNAPSHOT_WAIT_NS;
	u32 expected = cpu;
	bool late = false;

	spin_lock(&snapshot.lock);
	snapshot.out = out;
	__atomic_store_n(&snapshot.cpu, cpu, __ATOMIC_SEQ_CST);
	apic_send_nmi(cpu);
	while (__atomic_load_n(&snapshot.cpu, __ATOMIC_ACQUIRE) == cpu && !late) {
		cpu_relax();
		late = arch_clock_ns() > end &&
		       __atomic_compare_exchange_n(&snapshot.cpu, &expected, CPU_MAX, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&snapshot.lock);
	return !late;
}

void cpu_stop_others(void)
{
	u64 start = cpu_cycles();

	__atomic_store_n(&stop_requested, true, __ATOMIC_SEQ_CST);
	/* One by one: a processor that was never started would begin to run at an NMI. */
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != cpu_id())
			apic_send_nmi(cpu);
	}
	/* What they were about to say or write must not come later. */
	while (__atomic_load_n(&n_stopped, __ATOMIC_ACQUIRE) + 1 < cpu_count() &&
	       cpu_cycles() - start < STOP_WAIT_CYCLES)
		cpu_relax();
}

void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

void cpu_debug_exit(u8 code)
{
	io_out8(QEMU_EXIT_PORT, code);
}

void cpu_reset(void)
{
	static const struct { u16 limit; u64 base; } __packed empty_idt;

	irq_disable();
	for (unsigned i = 0; i < 100000 && io_in8(KBD_STATUS) & KBD_INPUT_FULL; i++)
		cpu_relax();
	io_out8(KBD_STATUS, KBD_PULSE_RESET);
	for (unsigned i = 0; i < 1000000; i++)
		cpu_relax();
	__asm__ volatile("lidt %0; int3" :: "m"(empty_idt));
	cpu_halt_forever();
}
