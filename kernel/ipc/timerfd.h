/*
 * timerfd_create(2): a timer that is read and polled. Times in nanoseconds; a value of 0 is a
 * disarmed timer.
 */
#pragma once

#include "vfs/file.h"

struct timerfd_setting {
	u64 value_ns;    /* until it runs out (or, absolute, when) */
	u64 interval_ns; /* from then on; 0: once */
};

/*
 * `clock`: CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME or the two _ALARM ones (the caller has
 * checked the right to them). flags: TFD_NONBLOCK, TFD_CLOEXEC (the caller's). 0, -EINVAL,
 * -ENOMEM, -ENFILE.
 */
int timerfd_create(int clock, u32 flags, struct file **out);
/*
 * flags: TFD_TIMER_*. 0 and *old (what was left before), -EINVAL (not a timerfd, flags),
 * -ECANCELED (set, but the clock was set before, unnoticed).
 */
int timerfd_set(struct file *f, u32 flags, const struct timerfd_setting *new,
		struct timerfd_setting *old);
/* What is left: 0 or -EINVAL (not a timerfd). */
int timerfd_get(struct file *f, struct timerfd_setting *out);
