/*
 * Interrupt vectors, the message-signalled and IO-APIC ways to raise them, and the one-shot timer.
 * Drivers do not come here: dev/irq.h is theirs.
 */
#pragma once

#include "lib/types.h"

/* Called with interrupts off, on an interrupted stack; must not sleep. */
typedef void irq_vector_fn(void *arg);

/* Reserves a vector on `cpu` and binds it: 0 and *vector, or -ENOSPC. Thread context. */
int irq_vector_alloc(unsigned cpu, irq_vector_fn *fn, void *arg, unsigned *vector);
void irq_vector_free(unsigned cpu, unsigned vector);
/*
 * Binds the same vector on another CPU to the same function, besides: 0, or -EBUSY if it is taken
 * there. irq_vector_alloc() takes vectors that are free on all CPUs, as long as there are any.
 * Thread context.
 */
int irq_vector_copy(unsigned from, unsigned to, unsigned vector);
/* Whether a device's interrupts can go to the CPU: their messages have eight bits for its id. */
bool irq_cpu_reachable(unsigned cpu);

/*
 * The message that raises `vector` on `cpu`, to be written to a device's MSI or MSI-X capability.
 */
void irq_msi_message(unsigned cpu, unsigned vector, u64 *address, u32 *data);

enum irq_trigger { IRQ_EDGE_HIGH, IRQ_EDGE_LOW, IRQ_LEVEL_HIGH, IRQ_LEVEL_LOW };

/*
 * Routes a global system interrupt to `vector` on `cpu`, masked: 0 or -ENODEV if no IO-APIC has
 * that line.
 */
int irq_gsi_route(unsigned gsi, enum irq_trigger trigger, unsigned cpu, unsigned vector);
void irq_gsi_mask(unsigned gsi);
void irq_gsi_unmask(unsigned gsi);
/* The line and trigger that ISA interrupt `isa` has, with the MADT's overrides applied. */
void irq_isa_to_gsi(unsigned isa, unsigned *gsi, enum irq_trigger *trigger);

/* How often the kernel's own interrupts have come to a CPU. */
struct irq_cpu_counts {
	u64 nmi, timer, kick, call; /* call: cpu_call() of other CPUs … */
	u64 tlb;                    /* … and those of them that flush translations */
	u64 spurious;               /* nobody had asked for them */
};
void irq_cpu_counts(unsigned cpu, struct irq_cpu_counts *out);

/* Whether this CPU is in an interrupt handler. */
bool irq_in_handler(void);

/* Whether the interrupt being handled interrupted user mode. From a handler. */
bool irq_from_user(void);

/* Nanoseconds since boot, from the TSC (or HPET/PM timer): monotonic over all CPUs. Any context. */
u64 arch_clock_ns(void);
/* The same as if arch_clock_adjust() had never been called. */
u64 arch_clock_raw_ns(void);
/*
 * From now on arch_clock_ns() runs faster (or slower) by so many nanoseconds a second, times 2^32:
 * from 0.75 to 1.25 times its own rate. One caller at a time, who lets nobody read the vDSO's
 * page meanwhile (its seq is odd).
 */
void arch_clock_adjust(s64 rate);

/*
 * Arms this CPU's one-shot timer for the absolute time `deadline_ns` (a past one fires at once),
 * replacing the earlier one; ~0 disarms. It raises upcall_tick(). Interrupts off.
 */
void arch_timer_arm(u64 deadline_ns);

/* Seconds since the epoch from the battery clock; 0 if it holds no date. */
u64 arch_rtc_read(void);
/* How many cycles it takes to read a register of that clock, which has another oscillator than the
 * processor: not to be foretold. */
u64 arch_jitter(void);
/* Sets it. -EINVAL: not a date that it can hold. */
int arch_rtc_write(u64 seconds);
