/*
 * SCHED_DEADLINE (sched(7)): earliest deadline first, each thread in a constant bandwidth server
 * (Abeni and Buttazzo, "Integrating Multimedia Applications in Hard Real-Time Systems", 1998).
 *
 * A thread asks for `runtime` in each `period`, to be had within `deadline` from the period's
 * begin. It has an absolute deadline (`until`) and what is left of its runtime until then; the
 * thread with the earliest deadline runs, before all real-time ones: in the run queue these threads
 * are the real-time class's highest priority, RT_EDF. Who has used up his runtime, or yields, is
 * throttled: out of the queue until the next period begins, when a timer enters it with a new
 * deadline. So nobody gets more than he asked for, whatever he does, and all get it as long as they
 * do not ask for too much together: edf_admit() adds up runtime / period of all.
 *
 * Who wakes goes on with the old deadline if what is left can be used until then without more than
 * his bandwidth, else begins a period now. If the deadline is shorter than the period, he begins
 * none before it is due, and instead gets only what his bandwidth allows until the deadline.
 *
 * With SCHED_FLAG_RECLAIM a thread is charged for less than it runs while others do not use their
 * bandwidth (Lipari and Baruah's GRUB): time runs at the rate of max(U, 1 - Umax + Uactive), U
 * being its own share of Umax, which is what all together may have of a CPU. Uactive is the
 * bandwidth of the threads that are active, by CPU: a thread that sleeps is until its lag is zero,
 * which is when what is left would have been used up at its bandwidth.
 *
 * Who holds a lock of FUTEX_LOCK_PI that others wait for is not throttled: he gets the next
 * period's runtime at once, with its later deadline.
 *
 * The fields of struct edf are under the lock of the thread's run queue; the timer's function takes
 * it. Bandwidths are in parts of BW_ONE.
 */
#include "sched/edf.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/cpu.h"
#include "lib/bitops.h"
#include "mm/slab.h"
#include "sched/run_int.h"
#include "sched/timer.h"

#define BW_SHIFT 20
#define BW_ONE   ((u64)1 << BW_SHIFT)

/* r: its run queue's lock.  I: constant. */
struct edf {
	struct timer timer;
	struct thread *thread;    /* I */
	struct edf_params params; /* r */
	u64 bandwidth;            /* r: runtime / period; 0: the thread has another policy */
	u64 until;                /* r: absolute deadline, clock */
	s64 left;                 /* r: of the runtime until then */
	u64 due;                  /* r: clock that the timer is for */
	bool throttled;           /* r: until `due` */
	bool resting;             /* r: sleeps, and is active until `due` */
	bool active;              /* r: its bandwidth is in edf_active */
	bool overrun;             /* a: there is something to tell */
};

u32 edf_period_min_us = 100, edf_period_max_us = EDF_PERIOD_MAX;
static u64 edf_total;  /* a: bandwidth of all threads */
static u64 edf_active; /* a: of those that are active */
static void (*overrun_hook)(struct thread *t);

static inline bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static inline struct thread *thread_of(struct rb_node *node)
{
	return rb_entry(node, struct thread, run_node);
}

void sched_set_overrun_hook(void (*hook)(struct thread *t))
{
	overrun_hook = hook;
}

/* Making and admission ------------------------------------------------------------------------ */

static u64 bandwidth_of(u64 runtime, u64 period)
{
	return (runtime << BW_SHIFT) / period;
}

/* What all together may have of a CPU: the share of real-time threads. */
static u64 most_of_cpu(void)
{
	u64 period, runtime;

	sched_rt_limits(&period, &runtime);
	return runtime == ~0ull ? BW_ONE : bandwidth_of(runtime, period);
}

bool sched_edf_limited(void)
{
	u64 period, runtime;

	sched_rt_limits(&period, &runtime);
	return runtime != ~0ull;
}

bool sched_edf_allowed(void)
{
	return most_of_cpu() != 0;
}

bool edf_fits(u64 period_ns, u64 runtime_ns)
{
	return runtime_ns == ~0ull || __atomic_load_n(&edf_total, __ATOMIC_RELAXED) <=
					      bandwidth_of(runtime_ns, period_ns) * cpu_count();
}

int edf_admit(struct edf *e, const struct edf_params *params)
{
	u64 wanted = bandwidth_of(params->runtime, params->period), sum, total;

	total = __atomic_load_n(&edf_total, __ATOMIC_RELAXED);
	do {
		sum = total - e->bandwidth + wanted;
		if (sched_edf_limited() && sum > most_of_cpu() * cpu_count())
			return -EBUSY;
	} while (!__atomic_compare_exchange_n(&edf_total, &total, sum, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return 0;
}

static void activate(struct edf *e)
{
	if (!e->active)
		__atomic_fetch_add(&edf_active, e->bandwidth, __ATOMIC_RELAXED);
	e->active = true;
}

static void deactivate(struct edf *e)
{
	if (e->active)
		__atomic_fetch_sub(&edf_active, e->bandwidth, __ATOMIC_RELAXED);
	e->active = false;
}

static void begin_period(struct edf *e, u64 now)
{
	e->until = now + e->params.deadline;
	e->left = (s64)e->params.runtime;
}

void edf_begin(struct thread *t, const struct edf_params *params, u64 now)
{
	struct edf *e = t->edf;

	e->params = *params;
	e->bandwidth = bandwidth_of(params->runtime, params->period);
	begin_period(e, now);
	activate(e);
}

/* Whatever it waits for, it does no more. */
static void timer_off(struct edf *e)
{
	e->throttled = e->resting = false;
	timer_cancel(&e->timer);
}

bool edf_pause(struct thread *t)
{
	struct edf *e = t->edf;
	bool was = e->throttled;

	timer_off(e);
	deactivate(e);
	return was;
}

void edf_end(struct thread *t)
{
	__atomic_fetch_sub(&edf_total, t->edf->bandwidth, __ATOMIC_RELAXED);
	t->edf->bandwidth = 0;
}

void sched_edf_params(struct thread *t, struct edf_params *params)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);

	*params = t->edf ? t->edf->params : (struct edf_params){ 0 };
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

void sched_edf_state(struct thread *t, s64 *left, u64 *until)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);

	*left = t->edf ? t->edf->left : 0;
	*until = t->edf ? t->edf->until : 0;
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

/* The queue ----------------------------------------------------------------------------------- */

void edf_insert(struct runqueue *rq, struct thread *t)
{
	struct rb_node **link = &rq->edf.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (edf_before(t, thread_of(parent))) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	if (first)
		rq->edf_first = &t->run_node;
	rb_link(&t->run_node, parent, link);
	rb_insert(&rq->edf, &t->run_node);
}

void edf_remove(struct runqueue *rq, struct thread *t)
{
	if (rq->edf_first == &t->run_node)
		rq->edf_first = rb_next(&t->run_node);
	rb_erase(&rq->edf, &t->run_node);
}

struct thread *edf_pick(struct runqueue *rq)
{
	struct thread *t = thread_of(rq->edf_first);

	WRITE_ONCE(rq->edf_until, t->edf->until);
	return t;
}

struct thread *edf_first_for(struct runqueue *rq, unsigned cpu)
{
	struct thread *t;

	rb_for_each_entry(t, &rq->edf, run_node) {
		if (t->affinity & BIT(cpu))
			return t;
	}
	return NULL;
}

bool edf_before(const struct thread *a, const struct thread *b)
{
	return before(a->edf->until, b->edf->until);
}

unsigned edf_choose(const struct thread *t, u64 allowed, unsigned last)
{
	u64 latest = t->edf->until;

	for (u64 left = allowed & cpus_online(); left; left &= left - 1) {
		unsigned cpu = ctz64(left);
		u64 until = READ_ONCE(cpu_runqueue(cpu)->edf_until);

		if (before(latest, until)) {
			latest = until;
			last = cpu;
		}
	}
	return last;
}

/* The budget ---------------------------------------------------------------------------------- */

/* How fast the runtime goes, in parts of BW_ONE: slower for one who takes what others leave. */
static u64 rate_of(const struct edf *e)
{
	u64 most = most_of_cpu(), active, own;

	if (!(e->params.flags & SCHED_FLAG_RECLAIM) || !most)
		return BW_ONE;
	active = __atomic_load_n(&edf_active, __ATOMIC_RELAXED) / cpu_count();
	own = e->bandwidth * BW_ONE / most;
	return clamp(max(own, BW_ONE - most + active), (u64)1, BW_ONE);
}

static u64 left_of(const struct edf *e)
{
	return e->left > 0 ? (u64)e->left : 0;
}

void edf_charge(struct thread *t, u64 ns)
{
	struct edf *e = t->edf;

	e->left -= (s64)(ns * rate_of(e) >> BW_SHIFT);
	if (e->left <= 0 && e->params.flags & SCHED_FLAG_DL_OVERRUN)
		WRITE_ONCE(e->overrun, true);
}

u64 edf_lasts(const struct thread *t)
{
	u64 left = left_of(t->edf);

	return left ? left * BW_ONE / rate_of(t->edf) + 1 : 0;
}

void edf_tell(struct thread *t)
{
	if (!READ_ONCE(t->edf->overrun))
		return;
	WRITE_ONCE(t->edf->overrun, false);
	if (overrun_hook && t->process)
		overrun_hook(t);
}

static u64 next_period(const struct edf *e)
{
	return e->until - e->params.deadline + e->params.period;
}

/* The runtime of as many periods as it has overdrawn; if its deadline is past even so, it begins
 * anew. */
static void refill(struct edf *e, u64 now)
{
	if (e->left <= 0) {
		u64 n = (u64)-e->left / e->params.runtime + 1;

		e->left += (s64)(n * e->params.runtime);
		e->until += n * e->params.period;
	}
	if (!before(now, e->until))
		begin_period(e, now);
}

/* Until the next period, unless that has begun, or somebody waits for what the thread holds:
 * whether it is throttled. */
static bool throttle(struct thread *t, u64 now)
{
	struct edf *e = t->edf;
	u64 next = next_period(e);

	if (!before(now, next) || t->boost != URGENCY_NONE) {
		refill(e, now);
		return false;
	}
	e->throttled = true;
	e->due = next;
	timer_arm(&e->timer, next);
	return true;
}

bool edf_stops(struct thread *t, bool yield, u64 now)
{
	if (yield)
		t->edf->left = min(t->edf->left, (s64)0);
	if (t->edf->left > 0 || !throttle(t, now))
		return false;
	/* Had it announced to block, that is void, lest a waker enters it: to the thread it is a
	 * wake for nothing. */
	__atomic_store_n(&t->state, THREAD_RUNNING, __ATOMIC_RELEASE);
	return true;
}

bool edf_throttled(const struct thread *t)
{
	return t->edf->throttled;
}

bool edf_release(struct thread *t, u64 now)
{
	if (!t->edf->throttled)
		return false;
	timer_off(t->edf);
	refill(t->edf, now);
	return true;
}

void edf_sleep(struct thread *t, u64 now)
{
	struct edf *e = t->edf;
	u64 zero_lag = e->until - left_of(e) * e->params.period / e->params.runtime;

	if (!before(now, zero_lag)) {
		deactivate(e);
		return;
	}
	e->resting = true;
	e->due = zero_lag;
	timer_arm(&e->timer, zero_lag);
}

bool edf_wake(struct thread *t, u64 now)
{
	struct edf *e = t->edf;
	const struct edf_params *p = &e->params;
	bool whole = p->deadline == p->period;
	u64 laxity = before(now, e->until) ? e->until - now : 0;

	timer_off(e);
	activate(e);
	if (e->left <= 0 || (!laxity && !whole))
		return !throttle(t, now);
	if (laxity && (u64)e->left * p->deadline <= laxity * p->runtime)
		return true;
	if (laxity && !whole)
		e->left = (s64)(laxity * p->runtime / p->deadline);
	else
		begin_period(e, now);
	return true;
}

/* The next period has begun, or the lag of who sleeps is zero. */
static void timer_fires(struct timer *timer)
{
	struct edf *e = container_of(timer, struct edf, timer);
	struct thread *t = e->thread;
	struct runqueue *rq = thread_lock_runqueue(t), *to = NULL;
	u64 now = arch_clock_ns();

	if (e->resting && !before(now, e->due)) {
		e->resting = false;
		deactivate(e);
	} else if (e->throttled && !before(now, e->due)) {
		unsigned cpu = cpu_count() == 1 ? rq->cpu : place_choose(t);

		e->throttled = false;
		refill(e, now);
		t->slice_start = now;
		if (cpu != rq->cpu)
			to = place_depart(t, rq, cpu);
		else
			run_enqueue(rq, t, now);
	}
	spin_unlock(&rq->lock);
	if (to)
		place_arrive(t, to);
	edf_tell(t);
}

struct edf *edf_alloc(struct thread *t)
{
	struct edf *e = kzalloc(sizeof(*e), MM_KERNEL);

	if (!e)
		return NULL;
	timer_init(&e->timer, timer_fires);
	e->thread = t;
	return e;
}

void edf_free(struct edf *e)
{
	if (e)
		timer_cancel_sync(&e->timer);
	kfree(e);
}
