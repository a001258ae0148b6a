/*
 * The last exits of a processor: halting, stopping the others, reset, and the exit device of QEMU.
 */
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/percpu.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/cpu_int.h"

#define QEMU_EXIT_PORT 0xf4

#define KBD_STATUS      0x64
#define KBD_INPUT_FULL  0x02
#define KBD_PULSE_RESET 0xfe

static bool stop_requested;

bool cpu_stop_requested(void)
{
	return __atomic_load_n(&stop_requested, __ATOMIC_ACQUIRE);
}

void cpu_stop_others(void)
{
	__atomic_store_n(&stop_requested, true, __ATOMIC_SEQ_CST);
	/* One by one: a processor that was never started would begin to run at an NMI. */
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != cpu_id())
			apic_send_nmi(cpu);
	}
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
