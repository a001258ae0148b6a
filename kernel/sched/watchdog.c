/*
 * The watchdog: says when something that should take moments takes long, with a backtrace, once.
 *
 *   stuck CPU     one that does not idle and has neither switched threads nor taken a timer
 *                 interrupt for STUCK_NS: its interrupts are off. The ticks of the other CPUs look
 *                 for it, and an NMI asks it where it is.
 *   late CPU      its tick wanted another thread to run LATE_NS ago, and there was no switch since.
 *                 The CPU's own tick finds it.
 *   hung thread   uninterruptible for longer than a limit (hung_task_timeout_secs, 120 s; 0: never
 *                 said). A kernel thread looks every ten seconds.
 *
 * A machine that was stopped as a whole, by a debugger say, is no reason: a CPU whose own tick
 * comes late does not judge the others by that look.
 */
#include "core/log.h"
#include "core/panic.h"

#include "arch/cpu.h"
#include "arch/trace.h"
#include "sched/run_int.h"

#define STUCK_NS      (10 * (u64)NSEC_PER_SEC)
#define LATE_NS       (20 * (u64)NSEC_PER_SEC)
#define LOOK_NS       ((u64)NSEC_PER_SEC)
#define HUNG_LOOK_NS  (10 * (u64)NSEC_PER_SEC)
#define HUNG_NS       (120 * (u64)NSEC_PER_SEC)

static u64 stuck_cpus;           /* a: bit per CPU that was reported and has not moved since */
static u64 hung_limit = HUNG_NS; /* a: 0: none */

static void report_stuck(unsigned cpu, u64 ns)
{
	u64 flags = log_hold();

	log_emit(LOG_ERR, "watchdog: CPU %u has had interrupts off for %llu s", cpu,
		 (unsigned long long)(ns / NSEC_PER_SEC));
	backtrace_log_cpu(cpu);
	log_release(flags);
}

unsigned sched_watch_cpus(u64 now)
{
	unsigned told = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *rq = cpu_runqueue(cpu);
		u64 silent = now - READ_ONCE(rq->alive_ns);

		if (cpu == cpu_id())
			continue;
		if (READ_ONCE(rq->level) == LEVEL_IDLE || (s64)silent <= (s64)STUCK_NS) {
			if (READ_ONCE(stuck_cpus) & BIT(cpu))
				__atomic_fetch_and(&stuck_cpus, ~BIT(cpu), __ATOMIC_RELAXED);
		} else if (!(__atomic_fetch_or(&stuck_cpus, BIT(cpu), __ATOMIC_RELAXED) &
			     BIT(cpu))) {
			report_stuck(cpu, silent);
			told++;
		}
	}
	return told;
}

/* Called in the tick: the backtrace goes through the interrupt to what it interrupted. */
static void report_late(const struct thread *curr)
{
	u64 flags = log_hold();

	log_emit(LOG_ERR, "watchdog: CPU %u is busy in the kernel for too long: thread %s, tid %d",
		 cpu_id(), curr->name, curr->tid);
	backtrace_log();
	log_release(flags);
}

void watch_tick(struct runqueue *rq, u64 now, bool user)
{
	bool in_time = now < rq->watch_at + LOOK_NS;

	if (now < rq->watch_at)
		return;
	rq->watch_at = now + LOOK_NS;
	if (user || !need_resched(rq->curr)) {
		rq->late_since = 0;
	} else if (!rq->late_since || rq->switches != rq->late_switches) {
		rq->late_since = now;
		rq->late_switches = rq->switches;
	} else if (rq->late_since != ~0ull && now - rq->late_since > LATE_NS) {
		rq->late_since = ~0ull;
		report_late(rq->curr);
	}
	if (in_time && cpu_count() > 1)
		(void)sched_watch_cpus(now);
}

struct hung_search {
	u64 now, limit;
	struct thread *found;
};

static void hung_look(struct thread *t, void *arg)
{
	struct hung_search *s = arg;
	u64 since = READ_ONCE(t->slice_start);

	if (s->found || READ_ONCE(t->state) != THREAD_UNINTERRUPTIBLE || READ_ONCE(t->on_cpu) ||
	    (s64)(s->now - since) <= (s64)s->limit || t->hung_since == since ||
	    !ref_try_get(&t->refs))
		return;
	t->hung_since = since;
	s->found = t;
}

static void report_hung(const struct thread *t, u64 ns)
{
	u64 flags = log_hold();

	log_emit(LOG_ERR, "watchdog: thread %s, tid %d, has been uninterruptible for %llu s",
		 t->name, t->tid, (unsigned long long)(ns / NSEC_PER_SEC));
	backtrace_log_frame(arch_frame_asleep(&t->arch));
	log_release(flags);
}

unsigned sched_watch_threads(u64 now)
{
	struct hung_search s = { .now = now, .limit = READ_ONCE(hung_limit) };
	unsigned told = 0;

	if (!s.limit)
		return 0;
	for (;;) {
		thread_each(hung_look, &s);
		if (!s.found)
			return told;
		report_hung(s.found, now - s.found->hung_since);
		thread_put(s.found);
		s.found = NULL;
		told++;
	}
}

u64 sched_hung_limit(void)
{
	return READ_ONCE(hung_limit);
}

void sched_set_hung_limit(u64 ns)
{
	WRITE_ONCE(hung_limit, ns);
}

static void watchdog_main(void *arg)
{
	for (;;) {
		u64 now = arch_clock_ns();

		(void)sched_watch_threads(now);
		thread_prepare(THREAD_INTERRUPTIBLE);
		(void)thread_block_until(now + HUNG_LOOK_NS);
	}
}

void watchdog_init(void)
{
	if (kthread_start("watchdog", watchdog_main, NULL))
		panic("watchdog: no memory for its thread");
}
