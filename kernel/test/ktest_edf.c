/* SCHED_DEADLINE: order, throttling, what is given back. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "sched/edf.h"
#include "test/ktest.h"

#define MS ((u64)NSEC_PER_MSEC)

static const struct edf_params tenth = { .runtime = 10 * MS, .deadline = 100 * MS,
					 .period = 100 * MS };
static u32 order_seen[3], order_n;

static void note_order(void *arg)
{
	order_seen[__atomic_fetch_add(&order_n, 1, __ATOMIC_SEQ_CST)] = (u32)(u64)arg;
}

/* The earliest deadline first, before real time. */
KTEST(sched_edf_order)
{
	static const u64 deadline[2] = { 900 * MS, 600 * MS };
	struct thread *t[3];

	order_n = 0;
	for (u64 i = 0; i < 3; i++) {
		KTEST_CHECK(thread_create("edf", NULL, note_order, (void *)i, &t[i]) == 0);
		sched_set_affinity(t[i], BIT(cpu_id()));
	}
	sched_set_policy(t[0], SCHED_FIFO, 99);
	for (u64 i = 0; i < 2; i++) {
		struct edf_params p = { .runtime = 10 * MS, .deadline = deadline[i],
					.period = deadline[i] };

		KTEST_CHECK(sched_set_edf(t[1 + i], &p) == 0);
	}
	for (u64 i = 0; i < 3; i++)
		thread_start(t[i]);
	while (__atomic_load_n(&order_n, __ATOMIC_SEQ_CST) < 3)
		sched_yield();
	for (u64 i = 0; i < 3; i++)
		thread_put(t[i]);
	KTEST_CHECK(order_seen[0] == 2 && order_seen[1] == 1 && order_seen[2] == 0);
}

/* Who spins gets his runtime, and nothing until the next period. */
KTEST(sched_edf_throttle)
{
	struct thread *me = thread_current();
	u64 user, system, before, begin, used;

	KTEST_CHECK(sched_set_edf(me, &tenth) == 0);
	KTEST_CHECK(sched_urgency(me) == URGENCY_EDF);
	sched_yield();
	sched_thread_times(me, &user, &system);
	before = user + system;
	begin = clock_monotonic();
	while (clock_monotonic() < begin + 1000 * MS)
		sched_point();
	sched_thread_times(me, &user, &system);
	used = user + system - before;
	sched_set_policy(me, SCHED_NORMAL, 0);
	ktest_note("%llu ms of 100", (unsigned long long)(used / MS));
	KTEST_CHECK(used >= 30 * MS && used <= 300 * MS);
}

/* What all ask for is bounded, and comes back. */
KTEST(sched_edf_admission)
{
	struct edf_params most = { .runtime = 95 * MS, .deadline = 100 * MS, .period = 100 * MS };
	struct thread *me = thread_current(), *other[CPU_MAX];
	unsigned n = cpu_count();

	for (unsigned i = 0; i < n; i++) {
		KTEST_CHECK(thread_create("edf", NULL, note_order, NULL, &other[i]) == 0);
		KTEST_CHECK(sched_set_edf(other[i], &most) == 0);
	}
	KTEST_CHECK(sched_set_edf(me, &tenth) == -ABI_EBUSY);
	KTEST_CHECK(me->policy != SCHED_DEADLINE);
	KTEST_CHECK(sched_set_rt_limits(NSEC_PER_SEC, NSEC_PER_SEC / 2) == -ABI_EBUSY);
	sched_set_policy(other[0], SCHED_NORMAL, 0);
	KTEST_CHECK(sched_set_edf(me, &tenth) == 0);
	sched_set_policy(me, SCHED_NORMAL, 0);
	KTEST_CHECK(sched_set_edf(other[0], &most) == 0);
	for (unsigned i = 0; i < n; i++) {
		sched_set_policy(other[i], SCHED_NORMAL, 0);
		thread_discard(other[i]);
	}
}
