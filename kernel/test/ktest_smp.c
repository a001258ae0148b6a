/* What only goes wrong with several CPUs, and can be met inside the kernel. One CPU skips it. */
#include "arch/cpu.h"
#include "core/clock.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "test/ktest.h"

/* A timer whose function looks whether it is to arm it again, and does so a little later. */
struct self_arming {
	struct timer timer;
	bool again; /* a */
	u32 calls;  /* a */
};

static void arm_again(struct timer *timer)
{
	struct self_arming *s = container_of(timer, struct self_arming, timer);
	bool again = READ_ONCE(s->again);

	__atomic_fetch_add(&s->calls, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < 50; i++)
		cpu_relax();
	if (again)
		timer_arm(timer, clock_monotonic() + NSEC_PER_MSEC);
}

static void arm_here(void *arg)
{
	struct self_arming *s = arg;

	timer_arm(&s->timer, clock_monotonic());
}

KTEST(smp_timer_that_arms_itself)
{
	struct self_arming s = { .again = false };
	u64 others = cpus_online() & ~BIT(0), give_up = clock_monotonic() + NSEC_PER_SEC;
	unsigned armed = 0;

	if (!others)
		return;
	/* On the last CPU: that is looked at last. */
	KTEST_CHECK(sched_set_affinity(thread_current(), BIT(0)) == 0);
	sched_point();
	timer_init(&s.timer, arm_again);
	for (unsigned round = 0; round < 3000 && clock_monotonic() < give_up; round++) {
		WRITE_ONCE(s.again, true);
		WRITE_ONCE(s.calls, 0);
		cpu_call(BIT(63 - __builtin_clzll(others)), arm_here, &s);
		while (!READ_ONCE(s.calls) && clock_monotonic() < give_up)
			cpu_relax();
		for (unsigned i = 0; i < round % 100; i++)
			cpu_relax();
		WRITE_ONCE(s.again, false);
		timer_cancel_sync(&s.timer);
		armed += READ_ONCE(s.timer.armed);
	}
	KTEST_CHECK(armed == 0);
	WRITE_ONCE(s.again, false);
	do {
		timer_cancel_sync(&s.timer);
	} while (READ_ONCE(s.timer.armed));
	KTEST_CHECK(sched_set_affinity(thread_current(), cpus_online()) == 0);
}
