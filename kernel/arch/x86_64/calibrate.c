/*
 * Measuring the TSC and the local APIC timer against a counter of known frequency. Each end of the
 * interval is read several times and the quickest reading kept, since an interrupt of the host
 * between two reads would spoil it.
 */
#include "arch/cpu.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/time_int.h"

#define INTERVAL_PER_SECOND 100 /* 10 ms */
#define TRIES               8

struct reading {
	u64 reference, tsc;
	u32 apic_left;
};

static struct reading read_all(const struct counter *reference)
{
	struct reading best = { 0 };
	u64 best_span = ~0ull;

	for (unsigned i = 0; i < TRIES; i++) {
		u64 before = cpu_cycles(), ticks = reference->read(), after = cpu_cycles();

		if (after - before < best_span) {
			best_span = after - before;
			best = (struct reading){ ticks, before + best_span / 2, apic_timer_left() };
		}
	}
	return best;
}

void calibrate(const struct counter *reference, struct calibration *out)
{
	struct reading start, end;
	u64 flags = irq_save(), elapsed;

	apic_timer_start(~0u);
	start = read_all(reference);
	do {
		elapsed = (reference->read() - start.reference) & reference->mask;
	} while (elapsed < reference->hz / INTERVAL_PER_SECOND);
	end = read_all(reference);
	elapsed = (end.reference - start.reference) & reference->mask;
	apic_timer_start(0);
	irq_restore(flags);
	out->tsc_hz = (end.tsc - start.tsc) * reference->hz / elapsed;
	out->apic_hz = (u64)(start.apic_left - end.apic_left) * reference->hz / elapsed;
}
