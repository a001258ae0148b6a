/* The local APIC (Intel SDM volume 3, chapter 11). */
#pragma once

#include "lib/types.h"

/* Finds the mode and maps the registers; once. Then each CPU initialises its own. */
void apic_init(void);
void apic_init_cpu(void);

void apic_eoi(void);
/* Reads and clears the error status. */
u32 apic_error(void);

/* Sends `vector` to another CPU; a non-maskable interrupt to all others. */
void apic_send_ipi(unsigned cpu, unsigned vector);
void apic_send_nmi_others(void);

/* The timer: counts down at the bus clock / 16 from `count` (0 stops it); what is left. */
void apic_timer_start(u32 count);
u32 apic_timer_left(void);
/*
 * Lets the timer interrupt with VECTOR_TIMER; tsc_deadline: by MSR_TSC_DEADLINE instead of the
 * count.
 */
void apic_timer_enable(bool tsc_deadline);
