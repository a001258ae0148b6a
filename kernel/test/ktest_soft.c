/* Soft work: it runs at safe points and nowhere else, its timers, and a flood of it. */
#include "core/clock.h"
#include "sched/soft.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "test/ktest.h"

static struct soft_timer timer;
static u32 fired, fired_soft;
static bool flooding;

static void on_timer(struct soft_timer *t)
{
	fired++;
	fired_soft += soft_running();
	if (flooding)
		soft_timer_arm(t, 0);
}

static void wait_ms(u64 ms)
{
	u64 end = clock_monotonic() + ms * NSEC_PER_MSEC;

	while (clock_monotonic() < end)
		sched_point();
}

/* Until the timer has run for the last time; on a busy host that is not soon. */
static void wait_fired(void)
{
	u64 end = clock_monotonic() + 20 * (u64)NSEC_PER_SEC;

	while ((!fired || soft_timer_armed(&timer)) && clock_monotonic() < end)
		sched_point();
	/* The next test makes it anew. */
	KTEST_CHECK(!soft_timer_cancel(&timer));
}

KTEST(soft_timer)
{
	soft_timer_init(&timer, on_timer);
	fired = fired_soft = 0;
	KTEST_CHECK(!soft_timer_cancel(&timer));
	KTEST_CHECK(soft_timer_arm(&timer, clock_monotonic() + 100 * NSEC_PER_SEC));
	KTEST_CHECK(!soft_timer_arm(&timer, clock_monotonic() + 200 * NSEC_PER_SEC));
	KTEST_CHECK(soft_timer_armed(&timer));
	KTEST_CHECK(soft_timer_cancel(&timer));
	KTEST_CHECK(!soft_timer_armed(&timer));
	KTEST_CHECK(soft_timer_arm(&timer, clock_monotonic() + NSEC_PER_MSEC));
	wait_fired();
	KTEST_CHECK(fired == 1 && fired_soft == 1);
	KTEST_CHECK(!soft_running());
}

/* Between two safe points it is due, and can still be cancelled. */
KTEST(soft_timer_due)
{
	u64 end;

	soft_timer_init(&timer, on_timer);
	fired = 0;
	KTEST_CHECK(soft_timer_arm(&timer, clock_monotonic()));
	end = clock_monotonic() + 5 * NSEC_PER_MSEC;
	while (clock_monotonic() < end)
		cpu_relax();
	KTEST_CHECK(soft_timer_armed(&timer) && !fired);
	KTEST_CHECK(soft_timer_cancel(&timer));
	sched_point();
	wait_ms(5);
	KTEST_CHECK(!fired);
}

/* Work that raises itself for ever leaves the CPU to other threads in turn: both get on. */
KTEST(soft_flood)
{
	u64 end = clock_monotonic() + 20 * (u64)NSEC_PER_SEC, points = 0;

	soft_timer_init(&timer, on_timer);
	fired = fired_soft = 0;
	flooding = true;
	soft_timer_arm(&timer, 0);
	while ((points <= 10 || fired <= 10) && clock_monotonic() < end) {
		sched_point();
		points++;
	}
	flooding = false;
	wait_fired();
	KTEST_CHECK(points > 10);
	KTEST_CHECK(fired > 10 && fired_soft == fired);
}
