/*
 * Time: the monotonic clock since boot and the real-time clock as an offset to it
 * (clock_gettime(2)). Any context.
 */
#pragma once

#include "abi/time.h"
#include "lib/list.h"
#include "lib/types.h"

#define USER_HZ 100 /* the unit that times(2) and /proc/[pid]/stat count in */

/* Nanoseconds since boot. */
u64 clock_monotonic(void);
/* Nanoseconds since the epoch. */
u64 clock_realtime(void);
/* The real time as a timespec. */
struct timespec clock_now(void);
/*
 * The coarse clocks, in steps of CLOCK_COARSE_NS (arch/vdso.h): never ahead of the fine ones, nor
 * before the time that the real-time clock was set to.
 */
u64 clock_monotonic_coarse(void);
u64 clock_realtime_coarse(void);
/*
 * The coarse real time, for time stamps of files: a file that is written again within a step keeps
 * its stamps, and its inode is not written because of them (nor its transaction committed by
 * fsync(2)).
 */
struct timespec clock_stamp(void);
/* International Atomic Time, and the nanoseconds that it is ahead of the real-time clock. */
u64 clock_tai(void);
s64 clock_tai_offset(void);
/*
 * Sets the real-time clock, or moves it by so much: 0 or -EINVAL. Makes both clocks run faster or
 * slower (arch_clock_adjust()). What clock_settime(2) and adjtimex(2) do is in sched/timex.h.
 */
void clock_realtime_set(u64 ns);
int clock_realtime_step(s64 ns);
/* By how much TAI is ahead from now on. A leap second: moves the real-time clock, and TAI stays as
 * it is; 0 or -EINVAL. */
void clock_tai_set(s64 ahead_ns);
int clock_leap(s64 ns);
void clock_adjust(s64 rate);
/* Nanoseconds since boot as the machine counts them, at a rate that nobody adjusts. */
u64 clock_raw(void);
/*
 * Who must know when the real-time clock is set: fn is called after each change, with interrupts
 * off and a spinlock of RANK_WORK held, so it must not add or remove watches; it may arm timers
 * and wake. Any context for adding and removing; once clock_watch_remove() returns fn neither runs
 * nor will. Removing one that was not added does nothing.
 */
struct clock_watch {
	struct list link; /* the watches' lock */
	void (*fn)(struct clock_watch *watch);
};
void clock_watch_init(struct clock_watch *w, void (*fn)(struct clock_watch *watch));
void clock_watch_add(struct clock_watch *w);
void clock_watch_remove(struct clock_watch *w);
/* How often the clock has been set: it grows before any watch is called. */
u64 clock_set_count(void);
/* Reads the battery clock and publishes the vDSO data. Boot, after arch_init_late(). */
void clock_init(void);

static inline struct timespec ns_to_timespec(u64 ns)
{
	return (struct timespec){ .tv_sec = (s64)(ns / NSEC_PER_SEC),
				  .tv_nsec = (s64)(ns % NSEC_PER_SEC) };
}

/* Whether a timespec from user space is in range: tv_sec >= 0, 0 <= tv_nsec < 1e9. */
static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (s64)NSEC_PER_SEC;
}

/* Nanoseconds of a valid timespec, saturated at ~0 / 2. */
static inline u64 timespec_to_ns(const struct timespec *ts)
{
	if ((u64)ts->tv_sec >= (~0ull / 2) / NSEC_PER_SEC)
		return ~0ull / 2;
	return (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
}
