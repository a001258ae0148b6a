/*
 * Timers that follow a clock. A time of the real-time clock is turned into one of the monotonic
 * clock when the timer is armed, and again whenever the clock is set; if that happens in between,
 * the count of settings tells.
 *
 * A timer may fire early, because the clock was set back meanwhile: then it is armed anew. It may
 * fire twice, because the clock was set while it fired: `due` lets only one of them through.
 */
#include "sched/clock_timer.h"

/* The monotonic time at which the real-time clock will show `when`, as it is set now. */
static u64 realtime_to_monotonic(u64 when)
{
	u64 real = clock_realtime(), now = clock_monotonic();

	return when <= real ? now : now + (when - real);
}

static void arm(struct clock_timer *t)
{
	u64 when = READ_ONCE(t->when_ns), count;

	if (!READ_ONCE(t->realtime)) {
		timer_arm(&t->timer, when);
		return;
	}
	do {
		count = clock_set_count();
		timer_arm(&t->timer, realtime_to_monotonic(when));
	} while (count != clock_set_count());
}

static void expired(struct timer *timer)
{
	struct clock_timer *t = container_of(timer, struct clock_timer, timer);

	if (!__atomic_load_n(&t->due, __ATOMIC_ACQUIRE))
		return;
	if (READ_ONCE(t->realtime) && clock_realtime() < READ_ONCE(t->when_ns)) {
		arm(t);
		return;
	}
	if (__atomic_exchange_n(&t->due, false, __ATOMIC_ACQ_REL))
		t->fn(t);
}

/* The clock was set. Whoever arms at this moment sees the new count. */
static void clock_was_set(struct clock_watch *watch)
{
	struct clock_timer *t = container_of(watch, struct clock_timer, watch);

	if (__atomic_load_n(&t->due, __ATOMIC_ACQUIRE))
		timer_arm(&t->timer, realtime_to_monotonic(READ_ONCE(t->when_ns)));
}

void clock_timer_init(struct clock_timer *t, void (*fn)(struct clock_timer *t))
{
	timer_init(&t->timer, expired);
	clock_watch_init(&t->watch, clock_was_set);
	t->fn = fn;
	t->due = t->realtime = false;
}

void clock_timer_arm(struct clock_timer *t, u64 when_ns, bool realtime)
{
	if (!realtime && t->realtime)
		clock_watch_remove(&t->watch);
	WRITE_ONCE(t->when_ns, when_ns);
	WRITE_ONCE(t->realtime, realtime);
	__atomic_store_n(&t->due, true, __ATOMIC_RELEASE);
	if (realtime)
		clock_watch_add(&t->watch);
	arm(t);
}

void clock_timer_cancel(struct clock_timer *t)
{
	__atomic_store_n(&t->due, false, __ATOMIC_RELEASE);
	if (t->realtime)
		clock_watch_remove(&t->watch);
	timer_cancel(&t->timer);
}

void clock_timer_fini(struct clock_timer *t)
{
	clock_timer_cancel(t);
	do { /* one that fired early may have armed itself again while it was waited for */
		timer_cancel_sync(&t->timer);
	} while (READ_ONCE(t->timer.armed));
}
