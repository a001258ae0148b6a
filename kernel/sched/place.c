/*
 * Which CPU. A thread that becomes runnable goes to the CPU it last ran on if that is idle, else to
 * any idle one, else where it was; a CPU that becomes idle takes a waiting thread from another; a
 * busy one with threads waiting invites an idle one at its tick. Affinity limits all three.
 *
 * Locks: one run queue at a time.
 */
#include "lib/bitops.h"
#include "sched/run_int.h"

unsigned place_choose(const struct thread *t)
{
	u64 allowed = READ_ONCE(t->affinity), idle = READ_ONCE(idle_cpus) & allowed;
	unsigned last = READ_ONCE(t->cpu);

	if (idle)
		return idle & BIT(last) ? last : ctz64(idle);
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

/* A thread that waits in `from` and may run on `cpu`, taken out of the queue, or NULL. */
static struct thread *take_waiting(struct runqueue *from, unsigned cpu)
{
	struct thread *t;

	if (from->rt_levels[0] | from->rt_levels[1]) {
		t = rt_first(from);
		if (t->affinity & BIT(cpu)) {
			run_dequeue(from, t);
			return t;
		}
	}
	rb_for_each_entry(t, &from->fair, run_node) {
		if (t->affinity & BIT(cpu)) {
			run_dequeue(from, t);
			return t;
		}
	}
	return NULL;
}

bool place_steal(struct runqueue *rq)
{
	struct runqueue *busiest = NULL;
	struct thread *t;
	u64 flags;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct runqueue *other = cpu_runqueue(cpu);

		if (other != rq &&
		    READ_ONCE(other->n_queued) > (busiest ? READ_ONCE(busiest->n_queued) : 0))
			busiest = other;
	}
	if (!busiest)
		return false;
	flags = spin_lock_irq(&busiest->lock);
	t = take_waiting(busiest, rq->cpu);
	if (t)
		place_depart(t, busiest, rq->cpu);
	spin_unlock(&busiest->lock);
	if (t)
		place_arrive(t, rq);
	irq_restore(flags);
	return t;
}

void place_invite(void)
{
	u64 idle = READ_ONCE(idle_cpus) & ~BIT(cpu_id());

	if (idle)
		cpu_kick(ctz64(idle));
}
