/* The processor: interrupt flag, waiting, identification, and the last exits. */
#pragma once

#include "lib/types.h"

/* Clears the interrupt flag and returns the flags for irq_restore(). */
static inline u64 irq_save(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) :: "memory");
	return flags;
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/* Whether interrupts are enabled on this CPU. */
static inline bool irq_enabled(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & 0x200;
}

/* Sets the interrupt flag back to what irq_save() found. */
static inline void irq_restore(u64 flags)
{
	if (flags & 0x200)
		irq_enable();
}

/* Tells the processor that this is a spin loop. */
static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * Enables interrupts and halts until one comes; returns with interrupts enabled. Caller: idle,
 * interrupts off.
 */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline u64 cpu_cycles(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* What the processor says of itself, for /proc/cpuinfo and AT_HWCAP. */
struct cpu_info {
	char vendor[13];
	char model_name[49];
	u32 family, model, stepping;
	u32 hwcap;         /* CPUID.1:EDX, as AT_HWCAP wants */
	u32 hwcap2;
	u64 tsc_khz;
	u32 apic_id;
	char flags[1536];  /* Linux' names, space separated */
};

/* Facts of one CPU, written at its start and constant after. */
const struct cpu_info *cpu_info(unsigned cpu);

/* One 64-bit value from the processor's generator; false if it has none or it is empty. */
bool cpu_random(u64 *out);

/* Stops all other CPUs (panic) and never lets them run kernel code again. */
void cpu_stop_others(void);

/* Halts this CPU for good. */
_Noreturn void cpu_halt_forever(void);

/*
 * Ends QEMU with exit status (code << 1 | 1) if it has an isa-debug-exit device at port 0xf4; else
 * returns.
 */
void cpu_debug_exit(u8 code);

/*
 * Resets the machine without firmware's help: keyboard controller, then triple fault. Does not
 * return.
 */
_Noreturn void cpu_reset(void);

/* Whether the CPUs may run a load before an older store to the same address (speculative store
 * bypass, CVE-2018-3639). */
bool cpu_bypasses_stores(void);

/* Asks `cpu` to pass through its interrupt return path soon (reschedule interrupt). Any context. */
void cpu_kick(unsigned cpu);

/* A bit for each CPU that runs: those below cpu_count(). */
u64 cpus_online(void);

/*
 * Has each CPU of the mask, this one not among them, call fn(arg) in an interrupt, and returns when
 * all have done so. fn must not sleep nor ask other CPUs. Interrupts on; no spinlock that an
 * interrupt takes.
 */
void cpu_call(u64 cpus, void (*fn)(void *arg), void *arg);
