/* The local APIC (Intel SDM volume 3, chapter 11). */
#pragma once

#include "lib/types.h"

/*
 * Chooses the mode (x2APIC if the firmware did so, or if ids up to max_id do not fit the other) and
 * maps the registers; once. Then each CPU initialises its own.
 */
void apic_init(u32 max_id);
void apic_init_cpu(void);
/* The id of this CPU's APIC, after apic_init_cpu(). */
u32 apic_id_self(void);

void apic_eoi(void);
/* Reads and clears the error status. */
u32 apic_error(void);

/* Sends another CPU `vector`, or a non-maskable interrupt. */
void apic_send_ipi(unsigned cpu, unsigned vector);
void apic_send_nmi(unsigned cpu);
/* The start of a processor (Intel SDM volume 3, 9.4): INIT, then start-up at that page below 1
 * MiB. */
void apic_send_init(u32 id);
void apic_send_startup(u32 id, paddr_t page);

/* The timer: counts down at the bus clock / 16 from `count` (0 stops it); what is left. */
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
/*
 * Lets the timer interrupt with VECTOR_TIMER; tsc_deadline: by MSR_TSC_DEADLINE instead of the
 * count.
 */
void apic_timer_enable(bool tsc_deadline);
