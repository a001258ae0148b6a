/* Timers: a function called at a time, from the timer interrupt (interrupts off, must not
 * sleep). */
#pragma once

#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	struct rb_node node;   /* queue's lock */
	u64 expires_ns;        /* CLOCK_MONOTONIC */
	void (*fn)(struct timer *timer);
	u32 cpu;               /* whose queue */
	bool armed;
};

void timer_init(struct timer *t, void (*fn)(struct timer *timer));
/* Arms (or re-arms) the timer on this CPU. Any context. */
void timer_arm(struct timer *t, u64 expires_ns);
/* Disarms; whether it was armed. Its function may still be running on another CPU:
 * timer_cancel_sync() waits for that (not from the function itself). */
bool timer_cancel(struct timer *t);
/* The timers of a CPU in order of expiry, for /proc/timer_list: how many, at most max. */
struct timer_view {
	const struct timer *timer; /* an address to print, not to look at */
	void (*fn)(struct timer *timer);
	u64 expires_ns;
};
unsigned timer_view(unsigned cpu, struct timer_view *out, unsigned max);
bool timer_cancel_sync(struct timer *t);
