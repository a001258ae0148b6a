/*
 * Run queues and the switch.
 *
 * Each CPU has a run queue: the thread that runs (curr, in none of the lists), the fair threads
 * that wait in a tree by virtual deadline, the real-time ones in lists by priority, those of
 * SCHED_DEADLINE in a tree by deadline. These before real-time before fair before the idle thread.
 *
 * The switch happens with the queue locked, and the lock is released by whoever is switched to
 * (finish_switch). So who holds the lock of a thread's queue and finds that it is not curr knows
 * that its registers are saved: a wake-up on another CPU cannot run a thread that has not yet left
 * its stack.
 *
 * Blocking against waking: the blocker stores its state, then looks at the condition, then takes
 * the lock and looks at its state; the waker makes the condition true, then takes the lock and
 * looks at the state. Both the store of the state and the taking of a lock are full barriers, so
 * one of the two sees the other: either the blocker finds the condition, or the waker finds the
 * state, and sets it to THREAD_RUNNING under the lock, where the blocker meets it.
 *
 * A thread whose state is THREAD_RUNNING but which is neither queued nor curr is on its way between
 * two queues (place_depart), or throttled (edf.c); nobody wakes a running thread, and who changes
 * its policy holds the lock it will be entered under.
 *
 * Locks: rq->lock (RANK_RUNQ, interrupts off); two of them never at a time.
 */
#include "sched/run_int.h"

#include "abi/sched.h"
#include "arch/upcall.h"
#include "core/panic.h"

DEFINE_PERCPU(struct runqueue, runqueue);
u64 idle_cpus;
static void (*plug_hook)(void);

void thread_set_plug_hook(void (*flush)(void))
{
	plug_hook = flush;
}

/* What is not for fair threads stands in functions of its own, so that they need not save registers
 * for it. The time of a real-time curr: */
static __noinline void account_urgent(struct runqueue *rq, struct thread *curr, u64 ns)
{
	if (is_edf(curr))
		edf_charge(curr, ns);
	curr->rr_left_ns -= min(ns, curr->rr_left_ns);
	rq->rt_ns += ns;
}

/* Counts the time since the last account for curr. */
void run_account(struct runqueue *rq, u64 now)
{
	struct thread *curr = rq->curr;
	u64 ns = now - curr->slice_start;

	if (unlikely((s64)ns <= 0))
		return;
	curr->slice_start = now;
	curr->run_ns += ns;
	if (curr->class == SCHED_CLASS_IDLE) {
		if (rq->n_iowait)
			rq->iowait_ns += ns;
		else
			rq->idle_ns += ns;
		return;
	}
	rq->busy_ns += ns;
	if (curr->class == SCHED_CLASS_FAIR)
		fair_charge(rq, curr, ns);
	else
		account_urgent(rq, curr, ns);
}

void run_insert(struct runqueue *rq, struct thread *t)
{
	t->cpu = rq->cpu;
	t->queued = true;
	rq->n_queued++;
	if (t->class == SCHED_CLASS_FAIR)
		fair_insert(rq, t);
	else
		rt_insert(rq, t, false);
}

void run_dequeue(struct runqueue *rq, struct thread *t)
{
	t->queued = false;
	rq->n_queued--;
	if (t->class == SCHED_CLASS_FAIR)
		fair_remove(rq, t);
	else
		rt_remove(rq, t);
}

/* Whether a real-time `t` should run rather than curr. */
static __noinline bool urgent_over(struct runqueue *rq, const struct thread *t, u64 now)
{
	const struct thread *curr = rq->curr;

	if (curr->class != SCHED_CLASS_REALTIME)
		return is_edf(t) || !rt_throttled(rq, now);
	return t->run_priority > curr->run_priority ||
	       (is_edf(t) && is_edf(curr) && edf_before(t, curr));
}

/* Whether `t` should run rather than curr. */
static bool more_urgent(struct runqueue *rq, const struct thread *t, u64 now)
{
	const struct thread *curr = rq->curr;

	if (curr->class == SCHED_CLASS_IDLE)
		return true;
	if (unlikely(t->class == SCHED_CLASS_REALTIME))
		return urgent_over(rq, t, now);
	return curr->class == SCHED_CLASS_FAIR &&
	       (s64)(curr->deadline - t->deadline) > (s64)SCHED_WAKE_NS;
}

void run_resched(struct runqueue *rq)
{
	struct thread *curr = rq->curr;

	if (need_resched(curr))
		return;
	__atomic_fetch_or(&curr->work, WORK_RESCHED, __ATOMIC_SEQ_CST);
	if (rq->cpu != cpu_id() &&
	    !(curr == rq->idle && __atomic_load_n(&rq->polling, __ATOMIC_SEQ_CST)))
		cpu_kick(rq->cpu);
}

void run_enqueue(struct runqueue *rq, struct thread *t, u64 now)
{
	run_insert(rq, t);
	if (more_urgent(rq, t, now))
		run_resched(rq);
	else if (rq->cpu == cpu_id())
		timer_want(run_next_tick(rq, now));
}

static struct thread *pick_next(struct runqueue *rq, u64 now)
{
	struct thread *t;

	if (unlikely(rt_queued(rq)) && (!rq->earliest || rt_may_run(rq, now)))
		t = rt_first(rq);
	else if (likely(rq->earliest))
		t = rb_entry(rq->earliest, struct thread, run_node);
	else
		return rq->idle;
	run_dequeue(rq, t);
	return t;
}

/* Second half of a switch, on the stack of the thread that was switched to: the queue is unlocked;
 * the thread to reap, or NULL. */
static struct thread *finish_switch(void)
{
	struct runqueue *rq = this_runqueue();
	struct thread *prev = rq->prev;
	struct runqueue *push_to = rq->push_to;
	bool dead = prev->state == THREAD_DEAD;

	rq->push_to = NULL;
	__atomic_store_n(&prev->on_cpu, false, __ATOMIC_RELEASE);
	spin_unlock(&rq->lock);
	if (unlikely(push_to))
		place_arrive(prev, push_to);
	return unlikely(dead) ? prev : NULL;
}

/* First half: leaves prev for next. The queue is locked; afterwards, on return of prev, it is
 * not. */
static struct thread *switch_to(struct runqueue *rq, struct thread *prev, struct thread *next,
				u64 now)
{
	rq->curr = next;
	rq->prev = prev;
	WRITE_ONCE(rq->alive_ns, now); /* before the level: busy from now on */
	__atomic_store_n(&rq->level, level_of(next), __ATOMIC_RELEASE);
	rq->switches++;
	next->cpu = rq->cpu;
	/* A full barrier: who sets work and finds this false is seen on the way to user mode. */
	__atomic_store_n(&next->on_cpu, true, __ATOMIC_SEQ_CST);
	if (next != rq->idle) {
		u64 waited = now - next->slice_start;

		if ((s64)waited > 0) {
			next->wait_ns += waited;
			rq->wait_ns += waited;
		}
	}
	next->slice_start = now;
	if (unlikely(next->rseq_on))
		__atomic_fetch_or(&next->work, WORK_RSEQ, __ATOMIC_RELAXED);
	if (prev == rq->idle)
		__atomic_fetch_and(&idle_cpus, ~BIT(rq->cpu), __ATOMIC_RELAXED);
	if (next == rq->idle) {
		rq->idles++;
		__atomic_fetch_or(&idle_cpus, BIT(rq->cpu), __ATOMIC_RELAXED);
	} else {
		timer_want(run_next_tick(rq, now));
	}
	if (next->pgtable)
		pgtable_activate(next->pgtable);
	else
		pgtable_rest();
	this_cpu_write(cpu_thread, next);
	context_switch(&prev->arch, &next->arch);
	return finish_switch();
}

/* Puts the runnable curr back among those who wait, unless it may not be here any more, or has no
 * time left. */
static void requeue(struct runqueue *rq, struct thread *prev, bool yield, u64 now)
{
	bool expired = true;

	if (unlikely(!(prev->affinity & BIT(rq->cpu)))) {
		rq->push_to = place_depart(prev, rq, place_choose(prev));
		return;
	}
	if (prev->class == SCHED_CLASS_REALTIME) {
		unsigned cpu;

		if (is_edf(prev) && edf_stops(prev, yield, now))
			return;
		cpu = rt_queued(rq) && !yield ? place_choose(prev) : rq->cpu;
		/* Something more urgent is here; elsewhere may be something less urgent. */
		if (cpu != rq->cpu) {
			rq->push_to = place_depart(prev, rq, cpu);
			return;
		}
		if (!yield && (prev->policy != SCHED_RR || prev->rr_left_ns))
			expired = false;
		if (prev->policy == SCHED_RR && !prev->rr_left_ns)
			prev->rr_left_ns = SCHED_RR_NS;
		prev->queued = true;
		rq->n_queued++;
		rt_insert(rq, prev, !expired);
		return;
	}
	if (yield)
		fair_yield(rq, prev);
	run_insert(rq, prev);
}

enum why { WHY_BLOCK, WHY_PREEMPT, WHY_YIELD };

static void schedule(enum why why)
{
	u64 flags = irq_save(), now;
	struct runqueue *rq = this_runqueue();
	struct thread *prev = rq->curr, *next, *dead = NULL;

	if (unlikely(this_cpu_read(soft_pending)))
		soft_run();
	if (unlikely(READ_ONCE(rt_waiting)) && why == WHY_BLOCK &&
	    READ_ONCE(rq->level) > LEVEL_FAIR)
		(void)place_pull_rt(rq, LEVEL_FAIR);
	/* A pass for RCU (rcu_pass()); taking the lock is the barrier behind it. */
	this_cpu_add(rcu_passes, 1);
	spin_lock(&rq->lock);
	if (why == WHY_BLOCK && prev->state == THREAD_RUNNING) {
		spin_unlock(&rq->lock);
		irq_restore(flags);
		return;
	}
	now = arch_clock_ns();
	load_check(now);
	run_account(rq, now);
	if (need_resched(prev))
		__atomic_fetch_and(&prev->work, ~WORK_RESCHED, __ATOMIC_RELAXED);
	if (prev->class == SCHED_CLASS_FAIR)
		fair_renew(prev);
	else if (why == WHY_BLOCK && is_edf(prev))
		edf_sleep(prev, now);
	if (why == WHY_YIELD)
		rq->yields++;
	if (why == WHY_BLOCK) {
		prev->switches_voluntary++;
		if (prev->in_iowait)
			rq->n_iowait++;
	} else if (prev != rq->idle) {
		requeue(rq, prev, why == WHY_YIELD, now);
	}
	next = pick_next(rq, now);
	if (next == prev) {
		if (unlikely(is_edf(next))) /* its budget may be another one */
			timer_want(run_next_tick(rq, now));
		spin_unlock(&rq->lock);
	} else {
		if (why != WHY_BLOCK)
			prev->switches_forced++;
		dead = switch_to(rq, prev, next, now);
	}
	irq_restore(flags);
	if (unlikely(dead))
		thread_reap(dead);
}

void sched_thread_begin(void)
{
	struct thread *dead = finish_switch();

	irq_enable();
	if (unlikely(dead))
		thread_reap(dead);
}

void thread_block(void)
{
	struct thread *me = thread_current();

	if (unlikely(me->plug) && plug_hook)
		plug_hook();
	kassert(me->class != SCHED_CLASS_IDLE);
	schedule(WHY_BLOCK);
}

void sched_switch_now(void)
{
	schedule(WHY_PREEMPT);
}

void sched_yield(void)
{
	if (READ_ONCE(this_runqueue()->n_queued) || unlikely(is_edf(thread_current())))
		schedule(WHY_YIELD);
	else
		rcu_pass();
}

/* Whether a thread is woken best where it was: here, by one who is about to sleep. */
static bool stays(const struct thread *t, u32 states)
{
	return states & WAKE_SYNC && t->class == SCHED_CLASS_FAIR && t->cpu == cpu_id() &&
	       t->affinity & BIT(t->cpu);
}

bool thread_wake_states(struct thread *t, u32 states)
{
	u64 flags = irq_save(), now;
	struct runqueue *from = thread_lock_runqueue(t), *rq = from;
	unsigned cpu;

	if (!(states >> t->state & 1)) {
		spin_unlock(&rq->lock);
		irq_restore(flags);
		return false;
	}
	__atomic_store_n(&t->state, THREAD_RUNNING, __ATOMIC_RELEASE);
	if (t->queued || rq->curr == t) {
		spin_unlock(&rq->lock);
		irq_restore(flags);
		return true;
	}
	if (t->in_iowait)
		rq->n_iowait--;
	cpu = cpu_count() == 1 || stays(t, states) ? rq->cpu : place_choose(t);
	if (cpu != rq->cpu) {
		rq = place_depart(t, from, cpu);
		spin_unlock(&from->lock);
		rq = place_lock(t, rq);
	}
	now = arch_clock_ns();
	load_check(now);
	run_account(rq, now);
	t->slice_start = now;
	rq->wakes++;
	rq->wakes_here += rq->cpu == cpu_id();
	if (t->class == SCHED_CLASS_FAIR)
		fair_place_woken(rq, t);
	else if (is_edf(t) && !edf_wake(t, now))
		goto out;
	if (states & WAKE_SYNC && rq->curr == thread_current() &&
	    rq->curr->class == SCHED_CLASS_FAIR && t->class == SCHED_CLASS_FAIR) {
		run_insert(rq, t);
		timer_want(run_next_tick(rq, now));
	} else {
		run_enqueue(rq, t, now);
	}
out:
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return true;
}

void thread_start(struct thread *t)
{
	u64 flags = irq_save(), now;
	unsigned cpu = cpu_count() == 1 ? t->cpu : place_choose(t);
	struct runqueue *rq = cpu_runqueue(cpu);

	spin_lock(&rq->lock);
	now = arch_clock_ns();
	load_check(now);
	run_account(rq, now);
	t->state = THREAD_RUNNING;
	t->slice_start = now;
	fair_place_new(rq, t);
	t->rr_left_ns = SCHED_RR_NS;
	run_enqueue(rq, t, now);
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

/* The next tick with a real-time curr, at `next` at the latest. */
static __noinline u64 next_tick_urgent(struct runqueue *rq, u64 now, u64 next)
{
	struct thread *curr = rq->curr;

	if (need_resched(curr))
		return next;
	if (is_edf(curr))
		return min(next, now + edf_lasts(curr));
	if (!rq->n_queued)
		return next;
	if (rq->earliest && rt_left(rq) < SCHED_SAMPLE_NS)
		next = min(next, now + rt_left(rq));
	return curr->policy == SCHED_RR ? min(next, now + curr->rr_left_ns) : next;
}

u64 run_next_tick(struct runqueue *rq, u64 now)
{
	struct thread *curr = rq->curr;
	u64 next, end;
	s64 left;

	if (curr->class == SCHED_CLASS_IDLE)
		return ~0ull;
	/* After a pause the sample comes at a time that has nothing to do with when the thread
	 * began, or who runs shortly at a time would never be met. */
	if (rq->sample_at <= now)
		rq->sample_at = tick_after(now);
	next = rq->sample_at;
	if (unlikely(curr->class == SCHED_CLASS_REALTIME))
		return next_tick_urgent(rq, now, next);
	if (!rq->n_queued || need_resched(curr))
		return next;
	left = (s64)(curr->deadline - curr->vruntime);
	end = now + (left > 0 ? from_virtual((u64)left, curr->weight) : 0);
	if (unlikely(rt_queued(rq)))
		next = min(next, max(rt_refill_at(rq), now));
	return min(next, tick_after(end)); /* most threads block before */
}

/* Whether curr has had its turn. */
static bool turn_over(struct runqueue *rq, u64 now)
{
	struct thread *curr = rq->curr;

	if (curr->class == SCHED_CLASS_FAIR)
		return fair_renew(curr) || rt_may_run(rq, now);
	if (curr->class != SCHED_CLASS_REALTIME)
		return false;
	if (is_edf(curr))
		return !edf_lasts(curr);
	return (curr->policy == SCHED_RR && !curr->rr_left_ns) ||
	       (rq->earliest && rt_throttled(rq, now));
}

void run_tick(struct runqueue *rq, u64 now)
{
	run_account(rq, now);
	if (!rq->n_queued && likely(!is_edf(rq->curr)))
		return;
	if (turn_over(rq, now))
		run_resched(rq);
	if (READ_ONCE(idle_cpus))
		place_invite();
}

void run_init_cpu(unsigned cpu, struct thread *idle)
{
	struct runqueue *rq = cpu_runqueue(cpu);

	spin_init(&rq->lock, RANK_RUNQ, "runqueue");
	rq->cpu = cpu;
	rq->curr = rq->idle = idle;
	rq->level = LEVEL_IDLE;
	rq->spin_ns = 20 * NSEC_PER_USEC;
	for (unsigned i = 0; i < RT_EDF; i++)
		list_init(&rq->rt[i]);
}

void upcall_kick(void)
{
	if (irq_from_user())
		rcu_pass();
}
