/* Clocks and timers, private to arch. */
#pragma once

#include "lib/types.h"

/* A free-running counter to measure others against, or to be the clock. */
struct counter {
	const char *name;
	u64 (*read)(void);
	u64 mask; /* its width */
	u64 hz;
};

/*
 * hpet.c, pmtimer.c, pit.c: the counter, or NULL if the machine has none (the PIT always counts).
 */
const struct counter *hpet_counter(void);
const struct counter *pmtimer_counter(void);
const struct counter *pit_counter(void);

/* Frequencies in Hz, measured at boot. */
struct calibration {
	u64 tsc_hz;
	u64 apic_hz; /* of the local APIC timer behind its divider */
};
/* Measures both against `reference`, for about 10 ms with interrupts off. */
void calibrate(const struct counter *reference, struct calibration *out);

/* (v * mult) >> shift with a 128-bit product: ticks to nanoseconds and back. */
static inline u64 scale_apply(u64 v, u64 mult, unsigned shift)
{
	return (u64)(((unsigned __int128)v * mult) >> shift);
}

/*
 * clocksource.c: chooses the clock and starts it; its greatest sleep is what the timer may wait at
 * most (ns, ~0: no limit).
 */
void clock_source_init(const struct counter *reference, const struct calibration *c);
u64 clock_source_max_sleep(void);
/* The TSC value at which the clock will read ns; only if the clock is the TSC. */
u64 clock_source_tsc_at(u64 ns);
bool clock_source_is_tsc(void);
/* The TSCs do not agree: the clock goes on with the reference counter. Before user code runs. */
void clock_source_leave_tsc(void);
/*
 * timer.c's part: from its next use on no CPU's timer compares with the TSC. Only if the local APIC
 * timer counts, which the other asks. Interrupts off.
 */
void timer_leave_tsc(void);
bool timer_can_count(void);

/* Measured frequency of the TSC, kHz; 0 before time_init(). */
u64 time_tsc_khz(void);
/* Boot CPU: clock, then timer, then the vDSO's page. */
void time_init(void);
/* Each CPU: its own timer. */
void timer_init_cpu(void);
