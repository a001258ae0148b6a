/* Interrupt plumbing private to arch: fixed vectors, IO-APICs, the legacy PIC. */
#pragma once

#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/regs.h"

/* Vectors: 0x20 … 0x2f are the PIC's, masked, 0x30 … 0xdf allocated, the rest fixed. */
#define VECTOR_PIC      0x20
#define VECTOR_FIRST    0x30
#define VECTOR_LAST     0xdf
#define VECTOR_TIMER    0xf0
#define VECTOR_KICK     0xf1
#define VECTOR_CALL     0xf2
#define VECTOR_ERROR    0xfe
#define VECTOR_SPURIOUS 0xff

/* Interrupt controllers; boot CPU, once. */
void irq_init(void);
/* Fixed handlers and the local APIC of this CPU. */
void irq_init_cpu(void);
/* Called by trap_entry.S with interrupts off. */
void irq_dispatch(unsigned vector, struct regs *regs);

/* Of this CPU. Each is changed by the CPU itself, in its handlers. */
DECLARE_PERCPU(struct irq_cpu_counts, irq_counts);

/* cpu_call.c: the handler of VECTOR_CALL. */
void cpu_call_interrupt(void *arg);

/* madt.c: reads the table, calling ioapic_add(). */
void madt_init(void);
/* ioapic.c */
void ioapic_add(paddr_t address, unsigned gsi_base);
