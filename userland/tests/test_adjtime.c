/*
 * Disciplining the clock: adjtimex, clock_adjtime, adjtime. What they report and refuse, that the
 * clocks run faster and slower as they were told, each by vDSO and by call, that none goes back,
 * and leap seconds.
 */
#include "tap.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#define PPM 65536
#define MS  1000000ll
#define S   1000000000ll

static struct timex now(void)
{
	struct timex t = {.modes = 0};

	must(adjtimex(&t));
	return t;
}

static int set(struct timex t)
{
	return adjtimex(&t);
}

static int64_t by_call(clockid_t clock)
{
	struct timespec t;

	must(syscall(SYS_clock_gettime, clock, &t));
	return t.tv_sec * S + t.tv_nsec;
}

static int64_t by_library(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t));
	return t.tv_sec * S + t.tv_nsec;
}

/* By how many ns a clock is ahead of another: from readings with little time between them, as the
 * host may stop the machine anywhere. */
static int64_t ahead_of(clockid_t clock, clockid_t other)
{
	int64_t shortest = S, ahead = 0;

	for (int i = 0; i < 100 && shortest > 20000; i++) {
		int64_t before = by_call(other), time = by_call(clock), took;

		took = by_call(other) - before;
		if (took < shortest) {
			shortest = took;
			ahead = time - before - took / 2;
		}
	}
	return ahead;
}

/* As at boot, so that tests do not meet each other's settings. */
static void reset(void)
{
	set((struct timex){.modes = ADJ_STATUS | ADJ_MICRO, .status = STA_PLL});
	set((struct timex){.modes = ADJ_OFFSET | ADJ_FREQUENCY | ADJ_TICK | ADJ_TIMECONST,
			   .tick = 10000, .constant = 2});
	set((struct timex){.modes = ADJ_OFFSET_SINGLESHOT});
	set((struct timex){.modes = ADJ_STATUS | ADJ_TAI, .status = STA_UNSYNC});
}

/* By how many parts in a million the clock runs faster than the raw one, for about 300 ms. */
static long pace(clockid_t clock, int64_t (*read)(clockid_t clock))
{
	int64_t raw = read(CLOCK_MONOTONIC_RAW), time = read(clock), again;

	tap_sleep_ms(300);
	do {
		again = read(CLOCK_MONOTONIC_RAW);
	} while (read(CLOCK_MONOTONIC_RAW) - again > 100000);
	time = read(clock) - time;
	raw = again - raw;
	return (long)((time - raw) * 1000000 / raw);
}

/* Within a hundred and fifty parts in a million, as a machine under load reads late. */
static void runs(clockid_t clock, long wanted, const char *what)
{
	long call, library;

	for (int i = 0; i < 10; i++) {
		call = pace(clock, by_call);
		if (labs(call - wanted) < 150)
			break;
	}
	for (int i = 0; i < 10; i++) {
		library = pace(clock, by_library);
		if (labs(library - wanted) < 150)
			break;
	}
	if (!ok(labs(call - wanted) < 150 && labs(library - wanted) < 150, "%s", what))
		diag("%ld by call, %ld by vDSO", call, library);
}

TEST(reports)
{
	struct timex t;
	int state;

	reset();
	t = (struct timex){.modes = 0};
	state = adjtimex(&t);
	is(state, TIME_ERROR, "not synchronised");
	ok(t.status & STA_UNSYNC, "as the status says");
	is(t.tick, 10000, "the tick");
	is(t.freq, 0, "the frequency");
	is(t.offset, 0, "the offset");
	is(t.tolerance, 500 * PPM, "the tolerance");
	is(t.precision, 1, "the precision");
	is(t.tai, 0, "TAI");
	ok(labs(t.time.tv_sec - time(NULL)) <= 1 && t.time.tv_usec < 1000000, "the time");
	must(set((struct timex){.modes = ADJ_NANO}));
	t = now();
	ok(t.status & STA_NANO, "nanoseconds, as the status says");
	ok(t.time.tv_usec >= 0 && t.time.tv_usec < S, "in the time");
	must(set((struct timex){.modes = ADJ_MICRO}));
	ok(!(now().status & STA_NANO), "microseconds again");
	t = (struct timex){.modes = 0};
	works(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t), "clock_adjtime");
	is(t.tick, 10000, "tells the same");
}

TEST(settings)
{
	struct timex t;

	reset();
	works(set((struct timex){.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
				 .status = STA_PLL | STA_FREQHOLD, .maxerror = 1000,
				 .esterror = 77}),
	      "status and errors");
	t = now();
	is(t.status, STA_PLL | STA_FREQHOLD, "the status");
	ok(t.maxerror >= 1000 && t.maxerror < 100000, "the greatest error");
	is(t.esterror, 77, "the estimated one");
	is(set((struct timex){.modes = 0}), TIME_OK, "synchronised");
	must(set((struct timex){.modes = ADJ_STATUS, .status = 0x4000 | STA_PLL}));
	is(now().status, STA_PLL, "what can only be read is not set");
	must(set((struct timex){.modes = ADJ_TIMECONST, .constant = 3}));
	is(now().constant, 7, "the time constant of microseconds is 4 more");
	must(set((struct timex){.modes = ADJ_TIMECONST, .constant = 99}));
	is(now().constant, 10, "and 10 at most");
	must(set((struct timex){.modes = ADJ_NANO | ADJ_TIMECONST, .constant = 3}));
	is(now().constant, 3, "with nanoseconds it is not");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = 123456}));
	is(now().freq, 123456, "a frequency");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = -1}));
	is(now().freq, -1, "the least");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = 501 * PPM}));
	is(now().freq, 500 * PPM, "more than the most");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = -501 * PPM}));
	is(now().freq, -500 * PPM, "and less than the least");
	must(set((struct timex){.modes = ADJ_STATUS, .status = STA_UNSYNC}));
	ok(now().status & STA_UNSYNC, "STA_UNSYNC");
	must(set((struct timex){.modes = ADJ_MAXERROR, .maxerror = 15999999}));
	must(set((struct timex){.modes = ADJ_STATUS, .status = STA_PLL}));
	must(set((struct timex){.modes = ADJ_MAXERROR, .maxerror = 15999900}));
	for (int i = 0; i < 50 && !(now().status & STA_UNSYNC); i++)
		tap_sleep_ms(100);
	ok(now().status & STA_UNSYNC, "an error that has grown too great means STA_UNSYNC");
	is(now().maxerror, 16000000, "and grows no more");
	reset();
}

static int as_user(void *unused)
{
	struct timex t = {.modes = 0};

	(void)unused;
	if (adjtimex(&t) < 0)
		return 1;
	t.modes = ADJ_OFFSET_SS_READ;
	if (adjtimex(&t) < 0)
		return 2;
	for (unsigned mode = 1; mode < 0x8000; mode <<= 1) {
		t = now();
		t.modes = mode;
		if (mode & 0x0e40)
			continue;
		if (adjtimex(&t) != -1 || errno != EPERM)
			return 3;
	}
	t.modes = ADJ_OFFSET_SINGLESHOT;
	if (adjtimex(&t) != -1 || errno != EPERM)
		return 4;
	return 0;
}

TEST(errors)
{
	struct timex t;

	reset();
	is(tap_as_user(as_user, NULL), 0, "a user may only read");
	fails(syscall(SYS_adjtimex, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_clock_adjtime, CLOCK_REALTIME, BAD), EFAULT, "another");
	fails(set((struct timex){.modes = ADJ_TICK, .tick = 8999}), EINVAL, "a tick too short");
	fails(set((struct timex){.modes = ADJ_TICK, .tick = 11001}), EINVAL, "one too long");
	fails(set((struct timex){.modes = 0x8000}), EINVAL, "adjtime without an offset");
	fails(set((struct timex){.modes = ADJ_SETOFFSET, .time.tv_usec = -1}), EINVAL,
	      "negative microseconds");
	fails(set((struct timex){.modes = ADJ_SETOFFSET, .time.tv_usec = 1000000}), EINVAL,
	      "too many");
	fails(set((struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time.tv_usec = S}), EINVAL,
	      "too many nanoseconds");
	fails(set((struct timex){.modes = ADJ_SETOFFSET, .time.tv_sec = -(1ll << 40)}), EINVAL,
	      "long before 1970");
	fails(set((struct timex){.modes = ADJ_SETOFFSET, .time.tv_sec = 1ll << 60}), EINVAL,
	      "beyond all time");
	t = (struct timex){.modes = 0};
	fails(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP, "the monotonic clock");
	fails(syscall(SYS_clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &t), EOPNOTSUPP, "a CPU clock");
	fails(syscall(SYS_clock_adjtime, 99, &t), EINVAL, "no clock");
	fails(syscall(SYS_clock_adjtime, -1, &t), EOPNOTSUPP, "one of no process");
	fails(syscall(SYS_clock_adjtime, ~99 * 8 + 3, &t), EINVAL, "no descriptor's clock");
}

TEST(frequency)
{
	reset();
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = 500 * PPM}));
	runs(CLOCK_MONOTONIC, 500, "the monotonic clock runs faster");
	runs(CLOCK_REALTIME, 500, "the real-time clock as well");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = -500 * PPM}));
	runs(CLOCK_MONOTONIC, -500, "and slower");
	must(set((struct timex){.modes = ADJ_FREQUENCY, .freq = 0}));
	must(set((struct timex){.modes = ADJ_TICK, .tick = 10100}));
	runs(CLOCK_MONOTONIC, 10000, "by a longer tick");
	must(set((struct timex){.modes = ADJ_TICK, .tick = 9900}));
	runs(CLOCK_REALTIME, -10000, "by a shorter one");
	reset();
	runs(CLOCK_MONOTONIC, 0, "as before");
}

/* One clock by both ways, while its rate changes all the time. */
TEST(never_back)
{
	int64_t last = by_call(CLOCK_MONOTONIC), raw = by_call(CLOCK_MONOTONIC_RAW), t;
	bool forward = true, raw_forward = true;

	reset();
	for (int i = 0; i < 4000; i++) {
		if (i % 10 == 0)
			must(set((struct timex){.modes = ADJ_TICK,
						.tick = i / 10 % 2 ? 11000 : 9000}));
		for (int j = 0; j < 5; j++, last = t) {
			t = j % 2 ? by_call(CLOCK_MONOTONIC) : by_library(CLOCK_MONOTONIC);
			forward &= t >= last;
		}
		t = i % 2 ? by_call(CLOCK_MONOTONIC_RAW) : by_library(CLOCK_MONOTONIC_RAW);
		raw_forward &= t >= raw;
		raw = t;
	}
	ok(forward, "the monotonic clock");
	ok(raw_forward, "the raw one");
	reset();
}

/* s: turn. */
struct readings {
	int turn;
	int64_t last; /* s */
	bool forward; /* s */
};

/* Reads the clock so many times, no other process between a reading and its comparison. */
static int compare(void *shared)
{
	struct readings *r = shared;

	for (int i = 0; i < 20000; i++) {
		int64_t t;

		while (__atomic_exchange_n(&r->turn, 1, __ATOMIC_ACQUIRE))
			sched_yield();
		t = i % 2 ? by_call(CLOCK_MONOTONIC) : by_library(CLOCK_MONOTONIC);
		r->forward &= t >= r->last;
		r->last = t;
		__atomic_store_n(&r->turn, 0, __ATOMIC_RELEASE);
	}
	return 0;
}

/* The same for processes on all processors. */
TEST(never_back_elsewhere)
{
	struct readings *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);
	pid_t pids[2];

	must(r == MAP_FAILED ? -1 : 0);
	reset();
	r->forward = true;
	for (int i = 0; i < 2; i++)
		pids[i] = tap_spawn(compare, r);
	for (int i = 0; i < 2000; i++) {
		must(set((struct timex){.modes = ADJ_TICK, .tick = i % 2 ? 11000 : 9000}));
		sched_yield();
	}
	for (int i = 0; i < 2; i++)
		exits(pids[i], 0, "a reader ends");
	ok(r->forward, "the monotonic clock");
	reset();
}

/* An offset of 100 ms, of which a fourth is done each second with a constant of 0. */
TEST(offset)
{
	int64_t ahead, left;

	reset();
	must(set((struct timex){.modes = ADJ_STATUS | ADJ_NANO, .status = STA_UNSYNC}));
	must(set((struct timex){.modes = ADJ_OFFSET, .offset = 100 * MS}));
	is(now().offset, 0, "without STA_PLL an offset is not taken");
	must(set((struct timex){.modes = ADJ_STATUS | ADJ_TIMECONST, .constant = 0,
				.status = STA_PLL | STA_FREQHOLD}));
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC_RAW);
	must(set((struct timex){.modes = ADJ_OFFSET, .offset = 100 * MS}));
	is(now().freq, 0, "the frequency is held");
	for (int i = 0; i < 100 && now().offset > 20 * MS; i++)
		tap_sleep_ms(100);
	left = now().offset;
	ok(left > 0 && left <= 20 * MS, "it is worked off");
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC_RAW) - ahead;
	/* Linux subtracts a second's part at its beginning. */
	if (!ok(ahead > 70 * MS && ahead < 101 * MS, "by the clock"))
		diag("%lld us ahead", (long long)ahead / 1000);
	must(set((struct timex){.modes = ADJ_OFFSET, .offset = S}));
	ok(now().offset > 350 * MS && now().offset <= 500 * MS, "half a second at most");
	must(set((struct timex){.modes = ADJ_OFFSET, .offset = 0}));
	must(set((struct timex){.modes = ADJ_STATUS, .status = STA_PLL}));
	tap_sleep_ms(1500);
	must(set((struct timex){.modes = ADJ_OFFSET, .offset = 100 * MS}));
	ok(now().freq > 0, "not held, it raises the frequency");
	reset();
}

TEST(adjtime)
{
	struct timeval by = {0, 2000}, left;
	int64_t ahead;

	reset();
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC_RAW);
	works(adjtime(&by, NULL), "adjtime");
	works(adjtime(&by, &left), "again");
	ok(left.tv_sec == 0 && left.tv_usec > 1000 && left.tv_usec <= 2000, "it tells the rest");
	for (int i = 0; i < 150; i++) {
		struct timex t = {.modes = ADJ_OFFSET_SS_READ};

		must(adjtimex(&t));
		if (t.offset == 0)
			break;
		tap_sleep_ms(100);
	}
	tap_sleep_ms(1100);
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC_RAW) - ahead;
	if (!ok(ahead > 1900000 && ahead < 3100000, "the clock has caught up"))
		diag("%lld us", (long long)ahead / 1000);
	runs(CLOCK_REALTIME, 0, "and runs as before");
	by.tv_usec = 0;
	by.tv_sec = 500;
	works(adjtime(&by, NULL), "as much as takes days");
	by.tv_sec = 0;
	works(adjtime(&by, &left), "is given up");
	ok(left.tv_sec == 499 || left.tv_sec == 500, "nothing was done yet");
	reset();
}

TEST(step)
{
	int64_t ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC), diff;
	struct timex t = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_sec = 3, .tv_usec = 5}};

	reset();
	must(set((struct timex){.modes = ADJ_STATUS | ADJ_MAXERROR, .status = STA_PLL}));
	works(adjtimex(&t), "ADJ_SETOFFSET");
	diff = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC) - ahead;
	ok(diff > 2990 * MS && diff < 3010 * MS, "the clock is three seconds ahead");
	ok(now().status & STA_UNSYNC, "and not synchronised any more");
	ok(now().maxerror >= 15000000, "its error unknown");
	t = (struct timex){.modes = ADJ_SETOFFSET, .time = {.tv_sec = -4, .tv_usec = 999999}};
	works(adjtimex(&t), "back");
	diff = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC) - ahead;
	ok(labs((long)diff) < 20 * MS, "as it was");
	reset();
}

TEST(tai)
{
	int64_t diff;

	reset();
	must(set((struct timex){.modes = ADJ_TAI, .constant = 37}));
	is(now().tai, 37, "TAI");
	diff = ahead_of(CLOCK_TAI, CLOCK_REALTIME);
	ok(diff > 36900 * MS && diff < 37100 * MS, "is that much ahead"); /* a middle is guessed */
	must(set((struct timex){.modes = ADJ_TAI, .constant = -1}));
	is(now().tai, 37, "a negative one is not taken");
	reset();
}

static int await_state(int wanted)
{
	int state = -1;

	for (int i = 0; i < 120 && state != wanted; i++) {
		state = set((struct timex){.modes = 0});
		tap_sleep_ms(50);
	}
	return state;
}

/* Four seconds before the end of a day in 2030. */
static void before_midnight(int flag)
{
	struct timespec t = {1900108796, 0};

	must(set((struct timex){.modes = ADJ_STATUS, .status = STA_PLL}));
	must(clock_settime(CLOCK_REALTIME, &t));
	must(set((struct timex){.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_TAI, .constant = 37,
				.status = STA_PLL | flag}));
}

TEST(leap_seconds)
{
	int64_t ahead, diff;
	struct timespec was;
	int64_t start;

	reset();
	must(clock_gettime(CLOCK_REALTIME, &was));
	start = by_call(CLOCK_MONOTONIC);
	before_midnight(STA_INS);
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC);
	is(await_state(TIME_INS), TIME_INS, "a second will be inserted");
	is(await_state(TIME_OOP), TIME_OOP, "it passes");
	diff = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC) - ahead;
	ok(diff > -1010 * MS && diff < -990 * MS, "the clock was set back");
	is(now().tai, 38, "TAI has grown");
	is(await_state(TIME_WAIT), TIME_WAIT, "it has passed");
	must(set((struct timex){.modes = ADJ_STATUS, .status = STA_PLL}));
	is(await_state(TIME_OK), TIME_OK, "and is forgotten");
	before_midnight(STA_DEL);
	ahead = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC);
	is(await_state(TIME_DEL), TIME_DEL, "a second will be left out");
	is(await_state(TIME_WAIT), TIME_WAIT, "it was");
	diff = ahead_of(CLOCK_REALTIME, CLOCK_MONOTONIC) - ahead;
	ok(diff > 990 * MS && diff < 1010 * MS, "the clock was set forward");
	is(now().tai, 36, "TAI has shrunk");
	was.tv_sec += (by_call(CLOCK_MONOTONIC) - start) / S;
	must(clock_settime(CLOCK_REALTIME, &was));
	reset();
}
