/*
 * The clock: nanoseconds since boot. It is the TSC if the processor promises that it runs at one
 * rate, or if there is a hypervisor, whose business that is; else the HPET, else the PM timer.
 * clocksource= on the command line overrules. When the processors' TSCs turn out not to agree, the
 * clock goes over to the other counter from where it stands (clock_source_leave_tsc()).
 *
 * A counter of less than 64 bits is extended in `extended`, which must be read at least once in
 * half its period: the timer wakes for that.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/vdso.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/time_int.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"

#define NSEC_PER_SECOND 1000000000ull
#define SHIFT           32

static bool is_tsc;                /* a: set at boot, reset once at most */
static bool running;               /* constant once set, as is the following */
static u64 mult, base;             /* of the TSC: ns = ((counter - base) * mult) >> SHIFT */
static u64 tsc_per_ns;             /* the inverse, also shifted */
/* Constant once is_tsc is not set: */
static u64 counter_mult, counter_base, counter_start_ns;
static const struct counter *counter;
static u64 extended;               /* a: the counter with more bits */
static const struct counter *other; /* the reference: what to use when not the TSC */

/*
 * Advances `extended` to what the counter shows. A reading that another CPU has overtaken counts as
 * no advance.
 */
static u64 read_extended(void)
{
	u64 old = __atomic_load_n(&extended, __ATOMIC_RELAXED), delta;

	do {
		delta = (counter->read() - old) & counter->mask;
		if (delta > counter->mask / 2)
			return old;
	} while (!__atomic_compare_exchange_n(&extended, &old, old + delta, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return old + delta;
}

__section(".text.hot") u64 arch_clock_ns(void)
{
	if (likely(READ_ONCE(is_tsc)))
		return scale_apply(cpu_cycles() - base, mult, SHIFT);
	if (!running)
		return 0;
	return counter_start_ns +
	       scale_apply((counter->mask == ~0ull ? counter->read() : read_extended()) -
			   counter_base, counter_mult, SHIFT);
}

u64 clock_source_max_sleep(void)
{
	if (is_tsc || !running || counter->mask == ~0ull)
		return ~0ull;
	return counter->mask / 2 / (counter->hz / 1000) * 1000000;
}

u64 clock_source_tsc_at(u64 ns)
{
	return base + scale_apply(ns, tsc_per_ns, SHIFT);
}

bool clock_source_is_tsc(void)
{
	return is_tsc;
}

static void start_tsc(u64 hz)
{
	base = cpu_cycles();
	mult = (NSEC_PER_SECOND << SHIFT) / hz;
	tsc_per_ns = (hz << SHIFT) / NSEC_PER_SECOND;
	is_tsc = true;

	vdso_data->tsc_base = base;
	vdso_data->mult = mult;
	vdso_data->shift = SHIFT;
	vdso_data->tsc_usable = 1;
}

static void start_counter(const struct counter *c)
{
	counter = c;
	counter_base = extended = c->read();
	counter_mult = (NSEC_PER_SECOND << SHIFT) / c->hz;
}

void clock_source_leave_tsc(void)
{
	u64 flags = irq_save();

	if (is_tsc && timer_can_count()) {
		start_counter(other);
		counter_start_ns = arch_clock_ns();
		WRITE_ONCE(vdso_data->tsc_usable, 0);
		__atomic_store_n(&is_tsc, false, __ATOMIC_SEQ_CST);
		timer_leave_tsc();
		log_warn("clock: %s in place of the TSC", other->name);
	}
	irq_restore(flags);
}

void clock_source_init(const struct counter *reference, const struct calibration *c)
{
	char wanted[16] = "";
	bool tsc = cpu_features.tsc_invariant || cpu_features.hypervisor ||
		reference->mask <= 0xffff;

	other = reference;
	if (cmdline_get("clocksource", wanted, sizeof(wanted)))
		tsc = strcmp(wanted, reference->name) != 0;
	if (tsc && c->tsc_hz)
		start_tsc(c->tsc_hz);
	else
		start_counter(reference);
	running = true;
	log_info("clock: %s, TSC %llu.%03llu MHz measured by %s", is_tsc ? "tsc" : reference->name,
		 (unsigned long long)(c->tsc_hz / 1000000),
		 (unsigned long long)(c->tsc_hz / 1000 % 1000),
		 reference->name);
}
