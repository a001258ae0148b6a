/*
 * The one-shot timer of each CPU: the local APIC's, by its own count (bus clock / 16) or, where the
 * processor can, by comparing the TSC with a deadline (Intel SDM volume 3, 11.5.4).
 */
#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/vdso.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/time_int.h"
#include "core/log.h"
#include "core/panic.h"

#define NSEC_PER_SECOND 1000000000ull
#define SHIFT           32
/*
 * ns: what the timer waits at most for a deadline. The clock's rate may change meanwhile by 500
 * parts in a million, and then it comes so much early or late.
 */
#define RATE_SLEEP      ((u64)(2 * NSEC_PER_SECOND))

static bool by_tsc;      /* a: reset once at most */
static u64 apic_hz;
static u64 apic_per_ns;  /* << SHIFT */
static u64 max_sleep;    /* a: ns: what the count or the clock's width allows */
static u64 tsc_khz;
static DEFINE_PERCPU(bool, deadline_mode); /* this CPU's timer compares with the TSC */

__section(".text.hot") void arch_timer_arm(u64 deadline_ns)
{
	u64 now, delta;

	if (unlikely(this_cpu_read(deadline_mode) != by_tsc))
		timer_init_cpu();
	if (deadline_ns == ~0ull && max_sleep == ~0ull) {
		if (by_tsc)
			msr_write(MSR_TSC_DEADLINE, 0);
		else
			apic_timer_start(0);
		return;
	}
	now = arch_clock_ns();
	delta = deadline_ns > now ? deadline_ns - now : 0;
	delta = min(delta, max_sleep);
	if (deadline_ns != ~0ull)
		delta = min(delta, RATE_SLEEP);
	if (by_tsc)
		msr_write(MSR_TSC_DEADLINE, clock_source_tsc_at(now + delta));
	else
		apic_timer_start((u32)scale_apply(delta, apic_per_ns, SHIFT) + 1);
}

u64 time_tsc_khz(void)
{
	return tsc_khz;
}

void timer_init_cpu(void)
{
	this_cpu_write(deadline_mode, by_tsc);
	apic_timer_enable(by_tsc);
}

static u64 longest_sleep(void)
{
	u64 ns = clock_source_max_sleep();

	return by_tsc ? ns : min_t(u64, ns, 0xf0000000ull * NSEC_PER_SECOND / apic_hz);
}

bool timer_can_count(void)
{
	return apic_hz != 0;
}

void timer_leave_tsc(void)
{
	WRITE_ONCE(by_tsc, false);
	WRITE_ONCE(max_sleep, longest_sleep());
}

static const struct counter *best_reference(void)
{
	const struct counter *c = hpet_counter();

	if (!c)
		c = pmtimer_counter();
	return c ?: pit_counter();
}

void time_init(void)
{
	const struct counter *reference = best_reference();
	struct calibration c;

	calibrate(reference, &c);
	tsc_khz = c.tsc_hz / 1000;
	clock_source_init(reference, &c);
	by_tsc = cpu_features.tsc_deadline && clock_source_is_tsc();
	apic_hz = c.apic_hz;
	if (!by_tsc && !timer_can_count())
		panic("timer: the local APIC timer does not count");
	apic_per_ns = (apic_hz << SHIFT) / NSEC_PER_SECOND;
	max_sleep = longest_sleep();
	timer_init_cpu();
}
