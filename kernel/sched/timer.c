/*
 * Timers: a tree per CPU by expiry time, and the one-shot hardware timer behind it, which is shared
 * with the scheduler's tick. The hardware is only ever set earlier (timer_want); when it fires with
 * nothing due, it is set to what is due next. So cancelling, and switches between busy threads,
 * cost no device access; an idle CPU sleeps until its first timer.
 *
 * A timer's function runs without the queue's lock; `running` tells timer_cancel_sync() of it.
 *
 * Locks: q->lock (RANK_TIMER, interrupts off).
 */
#include "sched/timer.h"

#include "arch/upcall.h"
#include "sched/run_int.h"

/* q: lock.  c: the CPU alone, interrupts off. */
struct timer_queue {
	struct spinlock lock;
	struct rb_root timers;   /* q */
	struct rb_node *first;   /* q: earliest */
	u64 next;                /* q to write: when that is due, ~0: none */
	struct timer *running;   /* q to write: whose function is being called */
	u64 programmed;          /* c: what the hardware is set to, ~0: nothing */
};

static DEFINE_PERCPU(struct timer_queue, timer_queue) = {
	.lock = SPINLOCK_INIT(RANK_TIMER, "timers"), .next = ~0ull, .programmed = ~0ull,
};

static inline struct timer *timer_of(struct rb_node *node)
{
	return rb_entry(node, struct timer, node);
}

void timer_want(u64 deadline)
{
	struct timer_queue *q = this_cpu_ptr(timer_queue);

	if (deadline < q->programmed) {
		q->programmed = deadline;
		arch_timer_arm(deadline);
	}
}

void timer_init(struct timer *t, void (*fn)(struct timer *timer))
{
	t->fn = fn;
	t->cpu = cpu_id();
	t->armed = false;
}

/* Locks the queue that the timer is or was in. Interrupts are off. */
static struct timer_queue *timer_lock_queue(const struct timer *t)
{
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = percpu_ptr(timer_queue, cpu);

		spin_lock(&q->lock);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return q;
		spin_unlock(&q->lock);
	}
}

static void first_set(struct timer_queue *q, struct rb_node *first)
{
	q->first = first;
	WRITE_ONCE(q->next, first ? timer_of(first)->expires_ns : ~0ull);
}

static void timer_remove(struct timer_queue *q, struct timer *t)
{
	if (q->first == &t->node)
		first_set(q, rb_next(&t->node));
	rb_erase(&q->timers, &t->node);
	WRITE_ONCE(t->armed, false);
}

static void timer_insert(struct timer_queue *q, struct timer *t)
{
	struct rb_node **link = &q->timers.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (t->expires_ns < timer_of(parent)->expires_ns) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	if (first)
		first_set(q, &t->node);
	rb_link(&t->node, parent, link);
	rb_insert(&q->timers, &t->node);
	WRITE_ONCE(t->armed, true);
}

void timer_arm(struct timer *t, u64 expires_ns)
{
	u64 flags = irq_save();
	struct timer_queue *q;

	for (;;) {
		q = timer_lock_queue(t);
		if (t->armed)
			timer_remove(q, t);
		if (likely(t->cpu == cpu_id()))
			break;
		WRITE_ONCE(t->cpu, cpu_id());
		spin_unlock(&q->lock);
	}
	t->expires_ns = expires_ns;
	timer_insert(q, t);
	if (q->first == &t->node)
		timer_want(expires_ns);
	spin_unlock(&q->lock);
	irq_restore(flags);
}

bool timer_cancel(struct timer *t)
{
	struct timer_queue *q;
	bool was;
	u64 flags = irq_save();

	q = timer_lock_queue(t);
	was = t->armed;
	if (was)
		timer_remove(q, t);
	spin_unlock(&q->lock);
	irq_restore(flags);
	return was;
}

unsigned timer_view(unsigned cpu, struct timer_view *out, unsigned max)
{
	struct timer_queue *q = percpu_ptr(timer_queue, cpu);
	u64 flags = irq_save();
	unsigned n = 0;

	spin_lock(&q->lock);
	for (struct rb_node *node = q->first; node && n < max; node = rb_next(node)) {
		const struct timer *t = timer_of(node);

		out[n++] = (struct timer_view){ t, t->fn, t->expires_ns };
	}
	spin_unlock(&q->lock);
	irq_restore(flags);
	return n;
}

/* Whether its function is running: perhaps not where it was armed last. */
static bool timer_runs(const struct timer *t)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (__atomic_load_n(&percpu_ptr(timer_queue, cpu)->running, __ATOMIC_ACQUIRE) == t)
			return true;
	}
	return false;
}

bool timer_cancel_sync(struct timer *t)
{
	bool was = timer_cancel(t);

	/* A function that ended after the cancelling may have armed the timer before. */
	while (timer_runs(t) || READ_ONCE(t->armed)) {
		cpu_relax();
		was |= timer_cancel(t);
	}
	return was;
}

/* Calls the functions of all timers that are due. */
static void timers_run(struct timer_queue *q, u64 now)
{
	spin_lock(&q->lock);
	while (q->first && timer_of(q->first)->expires_ns <= now) {
		struct timer *t = timer_of(q->first);
		void (*fn)(struct timer *timer) = t->fn;

		timer_remove(q, t);
		__atomic_store_n(&q->running, t, __ATOMIC_RELAXED);
		spin_unlock(&q->lock);
		fn(t);
		spin_lock(&q->lock);
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
	}
	spin_unlock(&q->lock);
}

u64 timer_next(void)
{
	return READ_ONCE(this_cpu_ptr(timer_queue)->next);
}

void timer_poll(u64 now)
{
	u64 flags = irq_save();

	timers_run(this_cpu_ptr(timer_queue), now);
	irq_restore(flags);
}

void upcall_tick(void)
{
	struct timer_queue *q = this_cpu_ptr(timer_queue);
	struct runqueue *rq = this_runqueue();
	u64 now = arch_clock_ns(), sampled = 0, next;
	bool user = irq_from_user();

	q->programmed = ~0ull;
	WRITE_ONCE(rq->alive_ns, now);
	timers_run(q, now);
	if (user)
		rcu_pass();
	rcu_tick();
	load_check(now);
	spin_lock(&rq->lock);
	run_tick(rq, now);
	if (now >= rq->sample_at && rq->curr != rq->idle) {
		sampled = account_sample(rq, user);
		rq->sample_at = tick_after(now + SCHED_SAMPLE_NS - SCHED_TICK_NS);
	}
	next = run_next_tick(rq, now);
	spin_unlock(&rq->lock);
	place_balance(rq, now);
	watch_tick(rq, now, user);
	if (sampled)
		account_charge(rq->curr, sampled, user);
	if (unlikely(is_edf(rq->curr)))
		edf_tell(rq->curr);
	timer_want(min(next, q->next));
	rq->irq_ns += arch_clock_ns() - now;
}
