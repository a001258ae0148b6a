/*
 * Which CPU. A thread that becomes runnable goes to the CPU it last ran on if that is idle, else to any idle one, else
 * where it was; a CPU that becomes idle takes a waiting thread from another; a busy one with threads waiting invites
 * an idle one at its tick. Affinity limits all three.
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

void place_push(struct thread *t)
{
	u64 flags = irq_save(), now;
	struct runqueue *from = cpu_runqueue(t->cpu), *rq = cpu_runqueue(place_choose(t));

	run_migrate(t, from, rq);
	spin_lock(&rq->lock);
	now = arch_clock_ns();
	run_account(rq, now);
	run_enqueue(rq, t, now);
	spin_unlock(&rq->lock);
	irq_restore(flags);
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

		if (other != rq && READ_ONCE(other->n_queued) > (busiest ? READ_ONCE(busiest->n_queued) : 0))
			busiest = other;
	}
	if (!busiest)
		return false;
	flags = spin_lock_irq(&busiest->lock);
	t = take_waiting(busiest, rq->cpu);
	spin_unlock(&busiest->lock);
	if (t) {
		run_migrate(t, busiest, rq);
		spin_lock(&rq->lock);
		run_enqueue(rq, t, arch_clock_ns());
		spin_unlock(&rq->lock);
	}
	irq_restore(flags);
	return t;
}

void place_invite(void)
{
	u64 idle = READ_ONCE(idle_cpus) & ~BIT(cpu_id());

	if (idle)
		cpu_kick(ctz64(idle));
}
