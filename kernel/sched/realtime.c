/*
 * The real-time class (sched(7)): a list for each priority; the first thread of the highest one
 * runs. SCHED_FIFO runs until it blocks or something more urgent comes; SCHED_RR goes to the end of
 * its list when its interval is over. Who was interrupted by a more urgent thread stays first of
 * its list. Above all these are the threads of SCHED_DEADLINE, in a tree (edf.c).
 *
 * A thread that never blocks must not lock out all others: on each CPU real-time threads together
 * run for rt_runtime of each rt_period (sched_rt_runtime_us, 0.95 s of 1 s) while fair threads wait
 * there; then these get what is left. Where none wait, nothing is taken away. Time of
 * SCHED_DEADLINE counts there, but these threads are not held up: they have asked for less.
 */
#include "abi/errno.h"
#include "lib/bitops.h"
#include "sched/run_int.h"

u32 rt_waiting;
static u64 rt_period = NSEC_PER_SEC;                 /* a */
static u64 rt_runtime = 950 * (u64)NSEC_PER_MSEC;    /* a: ~0: all of it */

void rt_insert(struct runqueue *rq, struct thread *t, bool front)
{
	if (is_edf(t))
		edf_insert(rq, t);
	else if (front)
		list_add(&t->run_link, &rq->rt[t->run_priority]);
	else
		list_add_tail(&t->run_link, &rq->rt[t->run_priority]);
	rq->rt_levels[t->run_priority / 64] |= BIT(t->run_priority % 64);
	__atomic_fetch_add(&rt_waiting, 1, __ATOMIC_RELAXED);
}

void rt_remove(struct runqueue *rq, struct thread *t)
{
	bool last;

	if (is_edf(t)) {
		edf_remove(rq, t);
		last = !edf_queued(rq);
	} else {
		list_del(&t->run_link);
		last = list_empty(&rq->rt[t->run_priority]);
	}
	if (last)
		rq->rt_levels[t->run_priority / 64] &= ~BIT(t->run_priority % 64);
	__atomic_fetch_sub(&rt_waiting, 1, __ATOMIC_RELAXED);
}

struct thread *rt_first(struct runqueue *rq)
{
	unsigned level;

	if (edf_queued(rq))
		return edf_pick(rq);
	level = rq->rt_levels[1] ? 64 + ilog2(rq->rt_levels[1]) : ilog2(rq->rt_levels[0]);

	return list_first_entry(&rq->rt[level], struct thread, run_link);
}

struct thread *rt_first_for(struct runqueue *rq, unsigned cpu, unsigned priority)
{
	struct thread *t = priority < RT_EDF ? edf_first_for(rq, cpu) : NULL;

	if (t)
		return t;
	for (unsigned p = RT_EDF - 1; p > priority; p--) {
		if (!(rq->rt_levels[p / 64] & BIT(p % 64)))
			continue;
		list_for_each_entry(t, &rq->rt[p], run_link) {
			if (t->affinity & BIT(cpu))
				return t;
		}
	}
	return NULL;
}

bool rt_throttled(struct runqueue *rq, u64 now)
{
	if (now - rq->rt_since >= READ_ONCE(rt_period)) {
		rq->rt_since = now;
		rq->rt_ns = 0;
	}
	return rq->rt_ns >= READ_ONCE(rt_runtime);
}

u64 rt_refill_at(const struct runqueue *rq)
{
	return rq->rt_since + READ_ONCE(rt_period);
}

u64 rt_left(const struct runqueue *rq)
{
	u64 runtime = READ_ONCE(rt_runtime);

	return runtime - min(runtime, rq->rt_ns);
}

void sched_rt_limits(u64 *period_ns, u64 *runtime_ns)
{
	*period_ns = READ_ONCE(rt_period);
	*runtime_ns = READ_ONCE(rt_runtime);
}

int sched_set_rt_limits(u64 period_ns, u64 runtime_ns)
{
	if (period_ns == 0 || (runtime_ns != ~0ull && runtime_ns > period_ns))
		return -EINVAL;
	if (!edf_fits(period_ns, runtime_ns))
		return -EBUSY;
	WRITE_ONCE(rt_period, period_ns);
	WRITE_ONCE(rt_runtime, runtime_ns);
	return 0;
}
