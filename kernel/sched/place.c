/*
 * Which CPU. A thread that becomes runnable goes to the CPU it last ran on if that is idle, else to
 * any idle one. Else a fair thread stays where it was, unless that CPU is taken by a real-time
 * thread; a real-time thread goes where the least urgent thread runs that it may replace.
 *
 * A CPU that becomes idle takes a waiting thread from another; a busy one with threads waiting
 * invites an idle one at its tick. Every 20 ms a busy CPU looks whether another has at least two
 * threads more than itself, every 200 ms whether one has one more, and takes one: so three threads
 * share two CPUs evenly in the long run. When a real-time thread gives its CPU away, one that waits
 * elsewhere comes; one that a more urgent thread drives from its CPU goes elsewhere itself.
 *
 * Affinity limits all of this. Locks: one run queue at a time.
 */
#include "arch/cpu.h"
#include "lib/bitops.h"
#include "sched/run_int.h"

#define BALANCE_NS (20 * (u64)NSEC_PER_MSEC)
#define ROTATE_NS  (200 * (u64)NSEC_PER_MSEC)

/* The CPU of the mask whose thread is the least urgent, if below `level`; else `last`. */
static unsigned least_urgent(u64 allowed, unsigned last, unsigned level)
{
	unsigned best = last;
	u8 lowest = allowed & BIT(last) ? READ_ONCE(cpu_runqueue(last)->level) : 0xff;

	for (u64 left = allowed & cpus_online(); left; left &= left - 1) {
		unsigned cpu = ctz64(left);
		u8 running = READ_ONCE(cpu_runqueue(cpu)->level);

		if (running < lowest) {
			lowest = running;
			best = cpu;
		}
	}
	return lowest < level ? best : last;
}

/* Of a real-time thread. */
static unsigned urgent_choose(const struct thread *t, u64 allowed, unsigned last)
{
	unsigned best = least_urgent(allowed, last, level_of(t));

	if (is_edf(t) && READ_ONCE(cpu_runqueue(best)->level) == LEVEL_EDF)
		best = edf_choose(t, allowed, best);
	return best;
}

unsigned place_choose(const struct thread *t)
{
	u64 allowed = READ_ONCE(t->affinity), idle = READ_ONCE(idle_cpus) & allowed;
	unsigned last = READ_ONCE(t->cpu);

	if (idle)
		return idle & BIT(last) ? last : ctz64(idle);
	if (t->class == SCHED_CLASS_REALTIME)
		last = urgent_choose(t, allowed, last);
	else if (unlikely(READ_ONCE(cpu_runqueue(last)->level) > LEVEL_FAIR))
		last = least_urgent(allowed, last, LEVEL_FAIR + 1);
	if (allowed & BIT(last))
		return last;
	return allowed & BIT(cpu_id()) ? cpu_id() : ctz64(allowed);
}

struct runqueue *place_depart(struct thread *t, struct runqueue *from, unsigned cpu)
{
	struct runqueue *rq = cpu_runqueue(cpu);
	u64 distance = READ_ONCE(rq->min_vruntime) - from->min_vruntime;

	/* The two queues' virtual times have nothing to do with each other: the distance to the
	 * front is kept. */
	t->vruntime += distance;
	t->deadline += distance;
	/* Had it announced to block, that is void, lest a waker enters it too: to the thread it is
	 * a wake for nothing. */
	__atomic_store_n(&t->state, THREAD_RUNNING, __ATOMIC_RELEASE);
	WRITE_ONCE(t->cpu, cpu);
	return rq;
}

struct runqueue *place_lock(struct thread *t, struct runqueue *rq)
{
	for (;;) {
		spin_lock(&rq->lock);
		if (likely(t->affinity & BIT(rq->cpu)))
			return rq;
		/* The affinity changed while it was on its way. */
		struct runqueue *to = place_depart(t, rq, place_choose(t));

		spin_unlock(&rq->lock);
		rq = to;
	}
}

void place_arrive(struct thread *t, struct runqueue *rq)
{
	u64 now;

	rq = place_lock(t, rq);
	now = arch_clock_ns();
	run_account(rq, now);
	run_enqueue(rq, t, now);
	spin_unlock(&rq->lock);
}

/* The first fair thread that waits in `from` and may run on `cpu`, or NULL. */
static struct thread *fair_first_for(struct runqueue *from, unsigned cpu)
{
	struct thread *t;

	rb_for_each_entry(t, &from->fair, run_node) {
		if (t->affinity & BIT(cpu))
			return t;
	}
	return NULL;
}

/* Brings a thread from `from`, which is locked and unlocked; only a real-time one of more than
 * that priority, if `rt`. Interrupts off. */
static bool pull(struct runqueue *from, struct runqueue *rq, bool rt, unsigned priority)
{
	struct thread *t;

	spin_lock(&from->lock);
	t = rt_first_for(from, rq->cpu, priority);
	if (!t && !rt)
		t = fair_first_for(from, rq->cpu);
	if (t) {
		run_dequeue(from, t);
		place_depart(t, from, rq->cpu);
	}
	spin_unlock(&from->lock);
	if (t)
		place_arrive(t, rq);
	return t;
}

/* The other CPU on which the most threads wait, more than `least`; or NULL. */
static struct runqueue *busiest_above(const struct runqueue *rq, u32 least)
{
	struct runqueue *busiest = NULL;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *other = cpu_runqueue(cpu);
		u32 n = READ_ONCE(other->n_queued);

		if (other != rq && n > least) {
			busiest = other;
			least = n;
		}
	}
	return busiest;
}

bool place_steal(struct runqueue *rq)
{
	struct runqueue *busiest = busiest_above(rq, 0);
	bool stolen;
	u64 flags;

	if (!busiest)
		return false;
	flags = irq_save();
	stolen = pull(busiest, rq, false, 0);
	/* What waits in the longest queue may be bound to its CPU. */
	for (unsigned cpu = 0; cpu < cpu_count() && !stolen; cpu++) {
		struct runqueue *other = cpu_runqueue(cpu);

		if (other != rq && other != busiest && READ_ONCE(other->n_queued))
			stolen = pull(other, rq, false, 0);
	}
	irq_restore(flags);
	return stolen;
}

bool place_pull_rt(struct runqueue *rq, unsigned level)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *other = cpu_runqueue(cpu);

		if (other != rq &&
		    (READ_ONCE(other->rt_levels[0]) | READ_ONCE(other->rt_levels[1])) &&
		    pull(other, rq, true, level - LEVEL_FAIR))
			return true;
	}
	return false;
}

void place_balance(struct runqueue *rq, u64 now)
{
	struct runqueue *busiest;
	u32 waiting;

	if (READ_ONCE(rq->level) != LEVEL_FAIR)
		return;
	if (unlikely(READ_ONCE(rt_waiting)))
		(void)place_pull_rt(rq, LEVEL_FAIR);
	if (now < rq->balance_at || cpu_count() == 1)
		return;
	rq->balance_at = now + BALANCE_NS;
	waiting = READ_ONCE(rq->n_queued);
	busiest = busiest_above(rq, waiting);
	if (!busiest)
		return;
	if (READ_ONCE(busiest->n_queued) < waiting + 2 && now < rq->rotate_at)
		return;
	rq->rotate_at = now + ROTATE_NS;
	(void)pull(busiest, rq, false, RT_LEVELS);
}

void place_invite(void)
{
	u64 idle = READ_ONCE(idle_cpus) & ~BIT(cpu_id());

	if (idle)
		cpu_kick(ctz64(idle));
}
