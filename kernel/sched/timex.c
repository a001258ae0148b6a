/*
 * The discipline of the clock. The rate at which the clock runs is the sum of four:
 *
 *	tick		set by hand, in parts of 1/10000
 *	frequency	set by hand, or what the loop of lib/pll.h has learned
 *	phase		works off an offset (ADJ_OFFSET), less and less a second
 *	adjust		works off what adjtime(3) asked for, 500 us a second
 *
 * The first two stay until they are changed and cost nothing. While there is something to work off,
 * or a leap second to wait for, a timer comes with each second of the real-time clock. What was
 * worked off is reckoned from the time that really passed: settle() does so before anything else.
 *
 * A leap second is a step of the clock at the end of a UTC day: 23:59:59 is shown once more, or not
 * at all.
 *
 * Locks: timex.lock, also taken in the timer interrupt.
 */
#include "sched/timex.h"

#include "abi/errno.h"
#include "core/spinlock.h"
#include "lib/pll.h"
#include "sched/timer.h"

#define TICK_USEC     10000 /* adjtimex(2): a tick of USER_HZ */
#define TICK_MAX      11000
#define TICK_MIN      9000
#define ERROR_MAX     16000000 /* us: of maxerror, beyond which the clock is not synchronised */
#define ERROR_GROWS   500      /* us a second */
#define ADJUST_UNIT   1024
#define ADJUST_RATE   (500 * NSEC_PER_USEC * PLL_UNIT)
#define ADJUST_MAX    1000000000000 /* us: there is no room for more */
#define TAI_MAX       100000
#define SETTABLE      (STA_PLL | STA_PPSFREQ | STA_PPSTIME | STA_FLL | STA_INS | STA_DEL | \
		       STA_UNSYNC | STA_FREQHOLD)
#define ADJ_ADJTIME   0x8000 /* of ADJ_OFFSET_SINGLESHOT and ADJ_OFFSET_SS_READ, */
#define ADJ_READ_ONLY 0x2000 /* and of the latter alone */
#define DAY           86400
#define SETOFFSET_MAX 9000000000ll /* seconds: in nanoseconds that is a number still */

static void second_begins(struct timer *timer);

/* l: lock. */
static struct {
	struct spinlock lock;
	struct pll pll;         /* l */
	s64 adjust;             /* l: of adjtime(3), still to be worked off: ns times ADJUST_UNIT */
	s64 tick;               /* l: us */
	s64 phase_rate, adjust_rate; /* l: at which it is worked off now */
	s64 rate;               /* l: of the clock, all in all */
	u64 settled_ns;         /* l: raw time up to which that has been reckoned */
	s64 maxerror, esterror; /* l: us; the first as of: */
	u64 error_ns;           /* l: raw time */
	u32 status;             /* l: STA_* */
	int state;              /* l: TIME_OK … TIME_WAIT */
	s64 leap_s;             /* l: the midnight in question, while one is coming or on */
	s32 tai;                /* l: seconds */
	struct timer timer;
	bool timer_ready;       /* l */
} timex = {
	.lock = SPINLOCK_INIT(RANK_CLOCK, "timex"),
	.pll = { .constant = 2 },
	.tick = TICK_USEC,
	.maxerror = ERROR_MAX,
	.esterror = ERROR_MAX,
	.status = STA_UNSYNC,
	.state = TIME_OK,
};

static s64 clamped(s64 value, s64 low, s64 high)
{
	return value < low ? low : value > high ? high : value;
}

static s64 real_seconds(void)
{
	return (s64)(clock_realtime() / NSEC_PER_SEC);
}

/* ---- What has passed, and what comes next ---- */

/* Reckons what was worked off up to now, and how the error has grown. */
static void settle(void)
{
	u64 now = clock_raw(), elapsed = now - timex.settled_ns, seconds;

	pll_slewed(&timex.pll, pll_span(timex.phase_rate, elapsed));
	timex.adjust -= pll_span(timex.adjust_rate, elapsed) / (PLL_UNIT / ADJUST_UNIT);
	if (!(timex.adjust / ADJUST_UNIT))
		timex.adjust = 0;
	timex.settled_ns = now;
	seconds = (now - timex.error_ns) / NSEC_PER_SEC;
	timex.error_ns += seconds * NSEC_PER_SEC;
	timex.maxerror += (s64)min(seconds, (u64)ERROR_MAX / ERROR_GROWS) * ERROR_GROWS;
	if (timex.maxerror > ERROR_MAX) {
		timex.maxerror = ERROR_MAX;
		timex.status |= STA_UNSYNC;
	}
}

static void step(s64 seconds)
{
	if (!clock_leap(seconds * NSEC_PER_SEC))
		timex.tai -= (s32)seconds;
}

/* Takes leap seconds on, when their time has come, and leaves them behind. */
static void leap(void)
{
	s64 now = real_seconds();

	switch (timex.state) {
	case TIME_OK:
		if (timex.status & (STA_INS | STA_DEL)) {
			timex.state = timex.status & STA_INS ? TIME_INS : TIME_DEL;
			/* A day's last second is not left out when it is on already. */
			if (timex.state == TIME_DEL)
				now++;
			timex.leap_s = now - now % DAY + DAY;
		}
		break;
	case TIME_INS:
	case TIME_DEL:
		if (!(timex.status & (timex.state == TIME_INS ? STA_INS : STA_DEL))) {
			timex.state = TIME_OK;
		} else if (timex.state == TIME_INS && now >= timex.leap_s) {
			step(-1);
			timex.state = TIME_OOP;
		} else if (timex.state == TIME_DEL && now >= timex.leap_s - 1) {
			step(1);
			timex.state = TIME_WAIT;
		}
		break;
	case TIME_OOP:
		if (now >= timex.leap_s)
			timex.state = TIME_WAIT;
		break;
	case TIME_WAIT:
		if (!(timex.status & (STA_INS | STA_DEL)))
			timex.state = TIME_OK;
		break;
	}
}

/* Chooses the rate for the second that begins, and whether its end matters. */
static void plan(void)
{
	s64 rate, most = ADJUST_RATE / (PLL_UNIT / ADJUST_UNIT);

	timex.phase_rate = pll_slew(&timex.pll);
	timex.adjust_rate = clamped(timex.adjust, -most, most) * (PLL_UNIT / ADJUST_UNIT);
	rate = timex.pll.freq + timex.phase_rate + timex.adjust_rate +
	       (timex.tick - TICK_USEC) * (NSEC_PER_SEC / TICK_USEC) * PLL_UNIT;
	if (rate != timex.rate) {
		timex.rate = rate;
		clock_adjust(rate);
	}
	if (!timex.phase_rate && !timex.adjust_rate && timex.state == TIME_OK &&
	    !(timex.status & (STA_INS | STA_DEL)))
		return;
	if (!timex.timer_ready)
		timer_init(&timex.timer, second_begins);
	timex.timer_ready = true;
	timer_arm(&timex.timer, clock_monotonic() + NSEC_PER_SEC -
				clock_realtime() % NSEC_PER_SEC);
}

static void second_begins(struct timer *timer)
{
	u64 flags = spin_lock_irq(&timex.lock);

	settle();
	leap();
	plan();
	spin_unlock_irq(&timex.lock, flags);
}

/* The clock was set: nothing that was known of it holds any more. */
static void forget(void)
{
	timex.adjust = timex.pll.phase = 0;
	timex.status |= STA_UNSYNC;
	timex.maxerror = timex.esterror = ERROR_MAX;
	if (timex.state == TIME_INS || timex.state == TIME_DEL)
		timex.state = TIME_OK;
}

void timex_clock_set(u64 ns)
{
	u64 flags = spin_lock_irq(&timex.lock);

	settle();
	forget();
	clock_realtime_set(ns);
	plan();
	spin_unlock_irq(&timex.lock, flags);
}

/* ---- adjtimex(2) ---- */

static int check(const struct abi_timex *tx, bool may_set)
{
	bool reads = tx->modes & ADJ_ADJTIME ? tx->modes & ADJ_READ_ONLY : !tx->modes;
	s64 part = tx->modes & ADJ_NANO ? NSEC_PER_SEC : USEC_PER_SEC;

	if ((tx->modes & ADJ_ADJTIME) && !(tx->modes & ADJ_OFFSET))
		return -EINVAL;
	if (!may_set && (!reads || (tx->modes & ADJ_SETOFFSET)))
		return -EPERM;
	if (!(tx->modes & ADJ_ADJTIME) && (tx->modes & ADJ_TICK) &&
	    (tx->tick < TICK_MIN || tx->tick > TICK_MAX))
		return -EINVAL;
	if ((tx->modes & ADJ_SETOFFSET) &&
	    (tx->time.tv_usec < 0 || tx->time.tv_usec >= part ||
	     tx->time.tv_sec < -SETOFFSET_MAX || tx->time.tv_sec > SETOFFSET_MAX))
		return -EINVAL;
	return 0;
}

static int set_offset(const struct abi_timex *tx)
{
	s64 ns = tx->modes & ADJ_NANO ? tx->time.tv_usec : tx->time.tv_usec * NSEC_PER_USEC;
	int err = clock_realtime_step(tx->time.tv_sec * NSEC_PER_SEC + ns);

	if (!err)
		forget();
	return err;
}

static void set_status(u32 status)
{
	if ((timex.status & STA_PLL) && !(status & STA_PLL)) {
		timex.state = TIME_OK;
		timex.status = (timex.status & STA_RONLY) | STA_UNSYNC;
	}
	if (!(timex.status & STA_PLL) && (status & STA_PLL))
		timex.pll.updated_s = real_seconds();
	timex.status = (timex.status & STA_RONLY) | (status & SETTABLE);
}

static void set_constants(const struct abi_timex *tx)
{
	if (tx->modes & ADJ_STATUS)
		set_status((u32)tx->status);
	if (tx->modes & ADJ_NANO)
		timex.status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		timex.status &= ~(u32)STA_NANO;
	if (tx->modes & ADJ_MAXERROR) {
		timex.maxerror = clamped(tx->maxerror, 0, ERROR_MAX);
		timex.error_ns = timex.settled_ns;
	}
	if (tx->modes & ADJ_ESTERROR)
		timex.esterror = clamped(tx->esterror, 0, ERROR_MAX);
	if (tx->modes & ADJ_TIMECONST)
		timex.pll.constant = (s32)clamped(clamped(tx->constant, 0, PLL_CONSTANT_MAX) +
							  (timex.status & STA_NANO ? 0 : 4),
						  0, PLL_CONSTANT_MAX);
	if ((tx->modes & ADJ_TAI) && tx->constant >= 0 && tx->constant <= TAI_MAX) {
		timex.tai = (s32)tx->constant;
		clock_tai_set(timex.tai * (s64)NSEC_PER_SEC);
	}
}

/* User space counts a frequency in 2^-16 parts in a million, which is 2^-16 us a second. */
static s64 freq_from_user(s64 freq)
{
	return clamped(freq, -(500ll << 16), 500ll << 16) * NSEC_PER_USEC * (PLL_UNIT >> 16);
}

static s64 freq_to_user(s64 freq)
{
	s64 half = NSEC_PER_USEC * (PLL_UNIT >> 16) / 2;

	return (freq + (freq < 0 ? -half : half)) / (2 * half);
}

static void set_modes(const struct abi_timex *tx)
{
	set_constants(tx);
	if (tx->modes & ADJ_FREQUENCY)
		pll_freq_set(&timex.pll, freq_from_user(tx->freq));
	if ((tx->modes & ADJ_OFFSET) && (timex.status & STA_PLL)) {
		s64 unit = timex.status & STA_NANO ? 1 : NSEC_PER_USEC;
		s64 most = PLL_OFFSET_MAX / unit;

		pll_offset(&timex.pll, clamped(tx->offset, -most, most) * unit, real_seconds(),
			   timex.status & STA_FREQHOLD, timex.status & STA_FLL);
		timex.status &= ~(u32)STA_MODE;
		if (timex.pll.fll)
			timex.status |= STA_MODE;
	}
	if (tx->modes & ADJ_TICK)
		timex.tick = tx->tick;
}

static void report(struct abi_timex *tx)
{
	bool nano = timex.status & STA_NANO;
	u64 now = clock_realtime();

	if (!(tx->modes & ADJ_ADJTIME))
		tx->offset = timex.pll.phase / PLL_UNIT / (nano ? 1 : NSEC_PER_USEC);
	tx->freq = freq_to_user(timex.pll.freq);
	tx->maxerror = timex.maxerror;
	tx->esterror = timex.esterror;
	tx->status = (s32)timex.status;
	tx->constant = timex.pll.constant;
	tx->precision = 1;
	tx->tolerance = 500ll << 16;
	tx->time.tv_sec = (s64)(now / NSEC_PER_SEC);
	tx->time.tv_usec = (s64)(now % NSEC_PER_SEC) / (nano ? 1 : NSEC_PER_USEC);
	tx->tick = timex.tick;
	tx->tai = timex.tai;
	/* No pulse comes each second. */
	tx->ppsfreq = tx->jitter = tx->stabil = 0;
	tx->shift = 0;
	tx->jitcnt = tx->calcnt = tx->errcnt = tx->stbcnt = 0;
}

/* adjtime(3): what was left, in exchange for what to do. */
static void adjtime(struct abi_timex *tx)
{
	s64 left = timex.adjust / ADJUST_UNIT / NSEC_PER_USEC;

	if (!(tx->modes & ADJ_READ_ONLY))
		timex.adjust = clamped(tx->offset, -ADJUST_MAX, ADJUST_MAX) * NSEC_PER_USEC *
			       ADJUST_UNIT;
	tx->offset = left;
}

static bool is_error(u32 status)
{
	return (status & (STA_UNSYNC | STA_CLOCKERR)) ||
	       ((status & (STA_PPSFREQ | STA_PPSTIME)) && !(status & STA_PPSSIGNAL));
}

int timex_adjust(struct abi_timex *tx, bool may_set)
{
	int result = check(tx, may_set);
	u64 flags;

	if (result)
		return result;
	flags = spin_lock_irq(&timex.lock);
	settle();
	if (tx->modes & ADJ_SETOFFSET)
		result = set_offset(tx);
	if (!result) {
		if (tx->modes & ADJ_ADJTIME)
			adjtime(tx);
		else
			set_modes(tx);
		result = is_error(timex.status) ? TIME_ERROR : timex.state;
		report(tx);
		plan();
	}
	spin_unlock_irq(&timex.lock, flags);
	return result;
}
