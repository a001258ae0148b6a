/*
 * The clock: nanoseconds since boot. It is the TSC if the processor promises that it runs at one
 * rate, or if there is a hypervisor, whose business that is; else the HPET, else the PM timer.
 * clocksource= on the command line overrules. When the processors' TSCs turn out not to agree, the
 * clock goes over to the other counter from where it stands (clock_source_leave_tsc()).
 *
 * A counter of less than 64 bits is extended in `extended`, which must be read at least once in
 * half its period: the timer wakes for that.
 *
 * A scale says what a count of the counter means. It changes when the counter does, and when the
 * clock is made to run faster or slower (arch_clock_adjust()). There are two; `scale_seq` is odd
 * while the other one is prepared, and readers wait, so that nobody goes on by the old scale beyond
 * the moment at which the new one begins. Only who interrupts the writer itself (an NMI) reads by
 * the old one meanwhile. A new scale begins a little in the past of its moment, as another CPU's
 * counter may be a little behind; and if it is slower it begins a little ahead of the old one, as
 * another CPU may have read the old one just after that moment. So the clock never goes back.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/vdso.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/time_int.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"

#define NSEC_PER_SECOND 1000000000ull
#define SHIFT           32
#define PAST            (1ull << 20) /* counts: how long ago a new scale begins */
#define AHEAD           (1ull << 12) /* counts: for how long others may read the old one */

/* ns = base_ns + ((count - base) * mult) >> SHIFT. */
struct scale {
	bool tsc;                      /* the counter is the TSC, else `counter` */
	u64 base, base_ns, mult;
	u64 per_ns;                    /* counts per ns, the inverse of mult, shifted too */
	u64 raw_base, raw_ns, raw_mult; /* the same for the clock that nobody adjusts */
};

static struct scale scales[2] = { { .tsc = true }, { .tsc = true } };
static u32 scale_seq;              /* a: (scale_seq / 2) % 2 is the scale in use */
static u32 scale_writer;           /* a: the CPU that makes it odd */
static s64 rate;                   /* of arch_clock_adjust(); the writers' lock */

static const struct counter *counter; /* constant once the scale is not of the TSC */
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

static inline u64 read_count(const struct scale *s)
{
	if (likely(s->tsc))
		return cpu_cycles();
	return counter->mask == ~0ull ? counter->read() : read_extended();
}

/* The number to read by and to compare with later. */
static u32 scale_await(void)
{
	u32 seq;

	while ((seq = __atomic_load_n(&scale_seq, __ATOMIC_ACQUIRE)) & 1) {
		if (READ_ONCE(scale_writer) == cpu_id())
			break;
		cpu_relax();
	}
	return seq;
}

static inline u32 scale_begin(void)
{
	u32 seq = __atomic_load_n(&scale_seq, __ATOMIC_ACQUIRE);

	return unlikely(seq & 1) ? scale_await() : seq;
}

static inline bool scale_changed(u32 seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return unlikely(__atomic_load_n(&scale_seq, __ATOMIC_RELAXED) != seq);
}

static inline const struct scale *scale_of(u32 seq)
{
	return &scales[seq / 2 % 2];
}

__section(".text.hot") u64 arch_clock_ns(void)
{
	const struct scale *s;
	u32 seq;
	u64 ns;

	do {
		seq = scale_begin();
		s = scale_of(seq);
		ns = s->base_ns + scale_apply(read_count(s) - s->base, s->mult, SHIFT);
	} while (scale_changed(seq));
	return ns;
}

u64 arch_clock_raw_ns(void)
{
	const struct scale *s;
	u32 seq;
	u64 ns;

	do {
		seq = scale_begin();
		s = scale_of(seq);
		ns = s->raw_ns + scale_apply(read_count(s) - s->raw_base, s->raw_mult, SHIFT);
	} while (scale_changed(seq));
	return ns;
}

u64 clock_source_max_sleep(void)
{
	if (clock_source_is_tsc() || !counter || counter->mask == ~0ull)
		return ~0ull;
	return counter->mask / 2 / (counter->hz / 1000) * 1000000;
}

u64 clock_source_tsc_at(u64 ns)
{
	const struct scale *s;
	u64 tsc;
	u32 seq;
	s64 ahead;

	do {
		seq = scale_begin();
		s = scale_of(seq);
		ahead = max((s64)(ns - s->base_ns), (s64)0);
		tsc = s->base + scale_apply((u64)ahead, s->per_ns, SHIFT);
	} while (scale_changed(seq));
	return tsc;
}

bool clock_source_is_tsc(void)
{
	return scale_of(scale_begin())->tsc;
}

/* What user mode reads by; the page is being changed by the caller, or nobody reads it yet. */
static void publish(const struct scale *s)
{
	vdso_data->tsc_usable = s->tsc && s->mult;
	vdso_data->tsc_base = s->base;
	vdso_data->base_ns = s->base_ns;
	vdso_data->mult = s->mult;
	vdso_data->shift = SHIFT;
	vdso_data->raw_base = s->raw_base;
	vdso_data->raw_ns = s->raw_ns;
	vdso_data->raw_mult = s->raw_mult;
}

/* The scale of *s made faster or slower by `rate`; its raw part is set. */
static void set_rate(struct scale *s)
{
	__int128 more = ((__int128)s->raw_mult * rate) >> 32;

	s->mult = s->raw_mult + (u64)((s64)more / (s64)NSEC_PER_SECOND);
	s->per_ns = ~0ull / s->mult;
}

/*
 * Begins a new scale, with interrupts off and no other writer: of a counter, or (NULL) of the same
 * one at another rate.
 */
static void scale_change(const struct scale *fresh)
{
	u32 seq = scale_seq;
	const struct scale *old = scale_of(seq);
	struct scale *new = &scales[(seq / 2 + 1) % 2];
	u64 now, count;

	WRITE_ONCE(scale_writer, cpu_id());
	__atomic_store_n(&scale_seq, seq + 1, __ATOMIC_SEQ_CST);
	*new = fresh ? *fresh : *old;
	set_rate(new);
	count = read_count(old);
	now = old->base_ns + scale_apply(count - old->base, old->mult, SHIFT);
	if (fresh) {
		new->raw_ns = old->raw_ns +
			      scale_apply(count - old->raw_base, old->raw_mult, SHIFT);
		count = new->raw_base;
	} else if (new->mult < old->mult) {
		now += scale_apply(AHEAD, old->mult - new->mult, SHIFT);
	}
	new->base = count - PAST;
	new->base_ns = now - scale_apply(PAST, new->mult, SHIFT);
	publish(new);
	__atomic_store_n(&scale_seq, seq + 2, __ATOMIC_RELEASE);
}

void arch_clock_adjust(s64 new_rate)
{
	u64 flags = irq_save();

	rate = new_rate;
	scale_change(NULL);
	irq_restore(flags);
}

static void start_tsc(u64 hz)
{
	scale_change(&(struct scale){
		.tsc = true,
		.raw_base = cpu_cycles(),
		.raw_mult = (NSEC_PER_SECOND << SHIFT) / hz,
	});
}

static void start_counter(const struct counter *c)
{
	counter = c;
	extended = c->read();
	scale_change(&(struct scale){
		.raw_base = extended,
		.raw_mult = (NSEC_PER_SECOND << SHIFT) / c->hz,
	});
}

void clock_source_leave_tsc(void)
{
	u64 flags = irq_save();

	if (clock_source_is_tsc() && timer_can_count()) {
		start_counter(other);
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
	log_info("clock: %s, TSC %llu.%03llu MHz measured by %s",
		 clock_source_is_tsc() ? "tsc" : reference->name,
		 (unsigned long long)(c->tsc_hz / 1000000),
		 (unsigned long long)(c->tsc_hz / 1000 % 1000), reference->name);
}
