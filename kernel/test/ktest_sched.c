/* Threads: start and end, waking, fairness, priorities, timed sleeps, and what a switch costs. */
#include "abi/sched.h"
#include "arch/irq.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "sched/mutex.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "sched/wait.h"
#include "test/ktest.h"

struct crew {
	struct wait_queue wait;
	u32 alive;             /* a */
	bool stop;             /* a */
	u64 turns[4];
};

static struct crew crew = { .wait = WAIT_QUEUE_INIT(crew.wait) };

/* The queue stays: who left the crew before last may still be about to unlock it. */
static void crew_begin(u32 n)
{
	crew.stop = false;
	memset(crew.turns, 0, sizeof(crew.turns));
	crew.alive = n;
}

static void crew_leave(void)
{
	if (__atomic_sub_fetch(&crew.alive, 1, __ATOMIC_SEQ_CST) == 0)
		wait_wake(&crew.wait, 0);
}

static void crew_end(void)
{
	wait_until(&crew.wait, __atomic_load_n(&crew.alive, __ATOMIC_SEQ_CST) == 0);
}

static void short_life(void *arg)
{
	crew_leave();
}

KTEST(sched_thread_storm)
{
	enum { ROUNDS = 40, EACH = 25 };
	u64 before = ktest_frames_settle(), start = clock_monotonic();

	for (unsigned round = 0; round < ROUNDS; round++) {
		crew_begin(EACH);
		for (unsigned i = 0; i < EACH; i++)
			KTEST_CHECK(kthread_start("short", short_life, NULL) == 0);
		crew_end();
	}
	ktest_note("thread start + end: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / (ROUNDS * EACH)));
	/* Warm stacks stay. */
	KTEST_CHECK(ktest_frames_settle() + 80 * (KSTACK_SIZE / PAGE_SIZE) + 8 >= before);
}

/* Two threads, each waking the other: no wake may be lost. */
static u32 ball; /* a */
static struct wait_queue court = WAIT_QUEUE_INIT(court);

static void player(void *arg)
{
	u32 me = (u32)(u64)arg;

	for (u32 i = 0; i < 5000; i++) {
		wait_until(&court, __atomic_load_n(&ball, __ATOMIC_SEQ_CST) % 2 == me);
		__atomic_fetch_add(&ball, 1, __ATOMIC_SEQ_CST);
		wait_wake(&court, 0);
	}
	crew_leave();
}

KTEST(sched_ping_pong)
{
	u64 start = clock_monotonic();

	ball = 0;
	crew_begin(2);
	KTEST_CHECK(kthread_start("ping", player, (void *)0) == 0);
	KTEST_CHECK(kthread_start("pong", player, (void *)1) == 0);
	crew_end();
	KTEST_CHECK(ball == 10000);
	ktest_note("block + wake + switch: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / 10000));
}

static void yielder(void *arg)
{
	for (u32 i = 0; i < 5000; i++)
		sched_yield();
	crew_leave();
}

KTEST(sched_yield_speed)
{
	u64 start = clock_monotonic();

	crew_begin(2);
	KTEST_CHECK(kthread_start("yield0", yielder, NULL) == 0);
	KTEST_CHECK(kthread_start("yield1", yielder, NULL) == 0);
	crew_end();
	ktest_note("yield + switch: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / 10000));
}

/* Runs until told to stop, letting others run when the tick says so. */
static void hog(void *arg)
{
	u64 me = (u64)arg;

	while (!READ_ONCE(crew.stop)) {
		crew.turns[me]++;
		sched_point();
	}
	crew_leave();
}

static void sleep_ns(u64 ns)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	KTEST_CHECK(thread_block_until(clock_monotonic() + ns));
}

/* What each has run, and whether that is fair for weights of 3 : 3 : 1 (1.25^5 is 3.05). */
static bool shares_fair(struct thread **t, u64 *ms)
{
	u64 user, sys;

	for (unsigned i = 0; i < 3; i++) {
		sched_thread_times(t[i], &user, &sys);
		ms[i] = (user + sys) / NSEC_PER_MSEC;
	}
	return ms[0] > ms[1] * 8 / 10 && ms[1] > ms[0] * 8 / 10 && ms[0] > ms[2] * 2 &&
	       ms[0] < ms[2] * 5;
}

/*
 * Where a hypervisor takes the processor away for long, the thread that was on it is charged for
 * that, and the others have first to catch up: the shares are fair in the end, hence the rounds.
 */
KTEST(sched_fair_share)
{
	struct thread *t[3];
	bool fair = false;
	u64 ms[3];

	crew_begin(3);
	for (u64 i = 0; i < 3; i++)
		KTEST_CHECK(thread_create("hog", NULL, hog, (void *)i, &t[i]) == 0);
	sched_set_nice(t[2], 5);
	for (u64 i = 0; i < 3; i++) {
		sched_set_affinity(t[i], 1);
		thread_start(t[i]);
	}
	for (unsigned round = 0; round < 30 && !fair; round++) {
		sleep_ns(600 * NSEC_PER_MSEC);
		fair = shares_fair(t, ms);
		ktest_note("shares: %llu %llu %llu ms (third is nice 5)",
			   (unsigned long long)ms[0], (unsigned long long)ms[1],
			   (unsigned long long)ms[2]);
	}
	WRITE_ONCE(crew.stop, true);
	crew_end();
	for (unsigned i = 0; i < 3; i++)
		thread_put(t[i]);
	KTEST_CHECK(fair);
}

/*
 * A sleeper among hogs gets the CPU soon after its time has come, as a rule: the hypervisor may
 * stop it, too.
 */
KTEST(sched_wake_latency)
{
	u64 worst = 0, late, n_late = 0;

	crew_begin(2);
	for (u64 i = 0; i < 2; i++)
		KTEST_CHECK(kthread_start("hog", hog, (void *)i) == 0);
	for (unsigned i = 0; i < 20; i++) {
		u64 due = clock_monotonic() + 5 * NSEC_PER_MSEC;

		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(due);
		late = clock_monotonic() - due;
		worst = max(worst, late);
		n_late += late >= 500 * NSEC_PER_MSEC;
	}
	WRITE_ONCE(crew.stop, true);
	crew_end();
	ktest_note("worst wake-up latency among two hogs: %llu us",
		   (unsigned long long)(worst / NSEC_PER_USEC));
	KTEST_CHECK(n_late < 10);
}

static u32 order_seen[3], order_n;

static void note_order(void *arg)
{
	order_seen[__atomic_fetch_add(&order_n, 1, __ATOMIC_SEQ_CST)] = (u32)(u64)arg;
	crew_leave();
}

KTEST(sched_realtime_order)
{
	static const int priority[3] = { 10, 50, 30 };
	struct thread *t[3];

	order_n = 0;
	crew_begin(3);
	for (u64 i = 0; i < 3; i++) {
		KTEST_CHECK(thread_create("rt", NULL, note_order, (void *)i, &t[i]) == 0);
		sched_set_policy(t[i], SCHED_FIFO, priority[i]);
		sched_set_affinity(t[i], BIT(cpu_id()));
	}
	for (u64 i = 0; i < 3; i++)
		thread_start(t[i]);
	crew_end();
	for (u64 i = 0; i < 3; i++)
		thread_put(t[i]);
	KTEST_CHECK(order_seen[0] == 1 && order_seen[1] == 2 && order_seen[2] == 0);
}

static void never_runs(void *arg)
{
	KTEST_CHECK(!"a discarded thread ran");
}

KTEST(sched_discard)
{
	struct thread *t;

	KTEST_CHECK(thread_create("never", NULL, never_runs, NULL, &t) == 0);
	KTEST_CHECK(!thread_wake(t));
	thread_discard(t);
}

KTEST(timer_sleep)
{
	u64 start = clock_monotonic(), took;

	sleep_ns(20 * NSEC_PER_MSEC);
	took = clock_monotonic() - start;
	KTEST_CHECK(took >= 20 * NSEC_PER_MSEC);
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	KTEST_CHECK(thread_block_until(start)); /* past already */
	KTEST_CHECK(thread_current()->state == THREAD_RUNNING);
}

static u64 fired[3];
static u32 n_fired;

static void timer_note(struct timer *t)
{
	fired[n_fired++] = t->expires_ns;
}

KTEST(timer_order_and_cancel)
{
	struct timer t[4];
	u64 now, flags;

	n_fired = 0;
	for (unsigned i = 0; i < 4; i++)
		timer_init(&t[i], timer_note);
	/* None may fire before the one is cancelled, however long that takes. */
	flags = irq_save();
	now = clock_monotonic();
	timer_arm(&t[0], now + 9 * NSEC_PER_MSEC);
	timer_arm(&t[1], now + 3 * NSEC_PER_MSEC);
	timer_arm(&t[2], now + 100 * NSEC_PER_MSEC);
	timer_arm(&t[2], now + 6 * NSEC_PER_MSEC); /* again */
	timer_arm(&t[3], now + 5 * NSEC_PER_MSEC);
	KTEST_CHECK(timer_cancel(&t[3]) && !timer_cancel(&t[3]));
	irq_restore(flags);
	sleep_ns(30 * NSEC_PER_MSEC);
	KTEST_CHECK(n_fired == 3 && fired[0] < fired[1] && fired[1] < fired[2]);
	KTEST_CHECK(!timer_cancel_sync(&t[0]));
}

static void sum_stats(struct sched_cpu_stats *sum)
{
	struct sched_cpu_stats one;

	memset(sum, 0, sizeof(*sum));
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		sched_cpu_stats(cpu, &one);
		sum->idle_ns += one.idle_ns;
		sum->switches += one.switches;
	}
}

KTEST(sched_figures)
{
	struct sched_cpu_stats a, b;
	u32 load[3];

	sum_stats(&a);
	sleep_ns(50 * NSEC_PER_MSEC);
	sum_stats(&b);
	KTEST_CHECK(b.idle_ns - a.idle_ns > 25 * NSEC_PER_MSEC);
	KTEST_CHECK(b.switches > a.switches && sched_running() >= 1 && sched_forks() > 3 &&
		    sched_blocked() == 0);
	sched_loadavg(load);
	KTEST_CHECK(load[0] < 100 << 11);
}
