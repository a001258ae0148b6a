/*
 * Timers on a clock: like struct timer, but the time may be one of the real-time clock, and
 * follows it when it is set (timer_settime(2), "TIMER_ABSTIME"). The owner's lock serialises
 * arming and cancelling of one timer; it may be taken in `fn`.
 */
#pragma once

#include "core/clock.h"
#include "sched/timer.h"

struct clock_timer {
	struct timer timer;
	struct clock_watch watch;
	u64 when_ns;      /* owner's lock to change; on its clock */
	bool realtime;    /* owner's lock to change */
	bool due;         /* a: armed and fn not called since */
	void (*fn)(struct clock_timer *t);
};

/*
 * fn: called in the timer interrupt, once after each arming, not before the time. It may arm
 * again.
 */
void clock_timer_init(struct clock_timer *t, void (*fn)(struct clock_timer *t));
/*
 * Arms or re-arms. `realtime`: when_ns is of the real-time clock, else of the monotonic one. Any
 * context.
 */
void clock_timer_arm(struct clock_timer *t, u64 when_ns, bool realtime);
/*
 * Disarms. fn may be running or about to be called on another CPU: it must check that it is still
 * meant. Any context.
 */
void clock_timer_cancel(struct clock_timer *t);
/*
 * The same and waits for fn; the owner sees to it that nobody arms again. Not under a lock that fn
 * takes.
 */
void clock_timer_fini(struct clock_timer *t);
/* The clock that the timer runs by, now. */
static inline u64 clock_timer_now(bool realtime)
{
	return realtime ? clock_realtime() : clock_monotonic();
}
