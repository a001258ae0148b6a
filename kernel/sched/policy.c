/* Policy, nice value and affinity of a thread, changed while it runs, waits in a queue or
 * sleeps. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/cpu.h"
#include "sched/edf.h"
#include "sched/run_int.h"

/* Takes a queued thread out, so that what orders it may be changed; put_back() enters it again. The
 * queue is locked. */
static bool take_out(struct runqueue *rq, struct thread *t)
{
	bool queued = t->queued;

	run_account(rq, arch_clock_ns());
	if (queued)
		run_dequeue(rq, t);
	return queued;
}

static void put_back(struct runqueue *rq, struct thread *t, bool queued)
{
	if (queued)
		run_enqueue(rq, t, arch_clock_ns());
	else if (rq->curr == t && t->class != SCHED_CLASS_IDLE && (rq->n_queued || is_edf(t)))
		run_resched(rq);
}

/* Of the thread's own policy. */
static u8 own_urgency(const struct thread *t)
{
	if (t->policy == SCHED_DEADLINE)
		return URGENCY_EDF;
	if (t->policy == SCHED_FIFO || t->policy == SCHED_RR)
		return (u8)(RT_EDF - t->rt_priority);
	return t->policy == SCHED_IDLE ? URGENCY_IDLE : (u8)(URGENCY_NICE_0 + t->nice);
}

u8 sched_urgency(const struct thread *t)
{
	return min(own_urgency(t), READ_ONCE(t->boost));
}

/* Class, priority and weight follow from the policy and from what is inherited. */
static void settle(struct thread *t)
{
	u8 urgency = sched_urgency(t);

	t->class = urgency < URGENCY_FAIR ? SCHED_CLASS_REALTIME : SCHED_CLASS_FAIR;
	t->run_priority = urgency < URGENCY_FAIR ? (u8)(RT_EDF - urgency) : 0;
	if (t->policy != SCHED_DEADLINE) /* deadlines are not inherited */
		t->run_priority = min(t->run_priority, (u8)(RT_EDF - 1));
	t->weight = weight_of(t->policy, t->nice);
	if (urgency >= URGENCY_FAIR && urgency < own_urgency(t))
		t->weight = weight_of(SCHED_NORMAL, urgency - URGENCY_NICE_0);
}

/* The same for a thread of a queue, which is locked; it is not entered. */
static void settle_in(struct runqueue *rq, struct thread *t)
{
	bool was_realtime = t->class == SCHED_CLASS_REALTIME;

	settle(t);
	if (was_realtime && t->class == SCHED_CLASS_FAIR)
		fair_place_new(rq, t);
	if (rq->curr == t)
		WRITE_ONCE(rq->level, level_of(t));
}

int sched_set_policy(struct thread *t, int policy, int rt_priority)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
	bool queued = take_out(rq, t);

	if (unlikely(t->policy == SCHED_DEADLINE)) {
		queued |= edf_pause(t);
		edf_end(t);
	}
	t->policy = (u8)policy;
	t->rt_priority = realtime ? (u8)rt_priority : 0;
	t->rr_left_ns = SCHED_RR_NS;
	settle_in(rq, t);
	put_back(rq, t, queued);
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return 0;
}

int sched_set_edf(struct thread *t, const struct edf_params *params)
{
	struct edf *fresh = READ_ONCE(t->edf) ? NULL : edf_alloc(t);
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);
	int err = -ENOMEM;
	bool queued;

	if (!t->edf)
		swap(t->edf, fresh);
	if (t->edf)
		err = edf_admit(t->edf, params);
	if (!err) {
		queued = take_out(rq, t);
		if (t->policy == SCHED_DEADLINE)
			queued |= edf_pause(t);
		t->policy = SCHED_DEADLINE;
		t->rt_priority = 0;
		edf_begin(t, params, arch_clock_ns());
		settle_in(rq, t);
		put_back(rq, t, queued);
		if (!queued && rq->curr != t)
			edf_sleep(t, arch_clock_ns());
	}
	spin_unlock(&rq->lock);
	irq_restore(flags);
	edf_free(fresh);
	return err;
}

void sched_set_boost(struct thread *t, u8 urgency)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);
	u8 before = sched_urgency(t);

	if (min(own_urgency(t), urgency) == before) {
		t->boost = urgency;
		if (unlikely(is_edf(t)) && urgency != URGENCY_NONE &&
		    edf_release(t, arch_clock_ns()))
			run_enqueue(rq, t, arch_clock_ns());
	} else {
		bool queued = take_out(rq, t);

		t->boost = urgency;
		settle_in(rq, t);
		put_back(rq, t, queued);
	}
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

void sched_set_nice(struct thread *t, int nice)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);
	bool queued = take_out(rq, t);
	s64 left = (s64)(t->deadline - t->vruntime);
	u64 real = left > 0 ? from_virtual((u64)left, t->weight) : 0;

	t->nice = (s8)nice;
	settle_in(rq, t);
	t->deadline = t->vruntime + to_virtual(min(real, (u64)SCHED_SLICE_NS), t->weight);
	put_back(rq, t, queued);
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

int sched_set_affinity(struct thread *t, u64 cpus)
{
	u64 online = cpus_online();
	struct runqueue *rq, *to = NULL;
	u64 flags;
	int err = 0;

	if (!(cpus & online))
		return -EINVAL;
	flags = irq_save();
	rq = thread_lock_runqueue(t);
	if (is_edf(t) && sched_edf_limited() && (cpus & online) != online)
		err = -EBUSY; /* what it was promised counts on all of them */
	else
		t->affinity = cpus & online;
	if (!(t->affinity & BIT(rq->cpu))) {
		if (t->queued) {
			run_dequeue(rq, t);
			to = place_depart(t, rq, place_choose(t));
		} else if (rq->curr == t) {
			run_resched(rq);
		} else if (is_edf(t) && edf_throttled(t)) {
			place_depart(t, rq, place_choose(t));
		}
	}
	spin_unlock(&rq->lock);
	if (to)
		place_arrive(t, to);
	irq_restore(flags);
	return err;
}

void sched_inherit(struct thread *t, struct thread *from)
{
	t->policy = from->policy == SCHED_DEADLINE ? SCHED_NORMAL : from->policy;
	t->nice = from->nice;
	t->rt_priority = from->rt_priority;
	settle(t); /* nobody waits for the new one */
	t->affinity = from->affinity;
}

u64 sched_interval(struct thread *t)
{
	switch (t->policy) {
	case SCHED_FIFO:
	case SCHED_DEADLINE:
		return 0;
	case SCHED_RR:
		return SCHED_RR_NS;
	default:
		return SCHED_SLICE_NS;
	}
}
