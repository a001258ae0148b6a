/*
 * POSIX timers (timer_create(2)). Each has its signal's queue entry in itself, so that queueing
 * never fails. While that is queued the timer rests: who takes the signal counts the expirations
 * that have passed meanwhile (the overrun) and starts it again, so an interval of a nanosecond
 * costs no more than the process's own handling. Only if the signal is ignored the timer goes on
 * by itself, and not faster than REST_NS.
 *
 * A timer runs by one of four clocks, its base: the monotonic one, for all relative times too;
 * real time; or CPU time of the process or a thread, as the scheduler's samples count it.
 *
 * Everything is guarded by the process's sighand->lock.
 */
#include "proc/posix_timer.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "mm/slab.h"
#include "proc/posix_timer_int.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "proc/user.h"
#include "sched/clock_timer.h"
#include "sched/timex.h"

#define REST_NS     (4 * (u64)NSEC_PER_MSEC)
#define OVERRUN_MAX 0x7fffffff /* DELAYTIMER_MAX */

enum timer_base { BASE_MONOTONIC, BASE_REALTIME, BASE_PROCESS, BASE_THREAD };

/* I: constant.  s: sighand->lock. */
struct posix_timer {
	struct rb_node node;        /* s: process->posix_timers, by id */
	struct hlist_node cpu_link; /* s: process->cpu_timers */
	struct process *process;    /* I: it deletes its timers before it goes */
	struct task *target;        /* I: whom SIGEV_THREAD_ID names, thread referenced; or NULL */
	struct task *counted;       /* I: of BASE_THREAD, its thread referenced; or NULL */
	s32 id;                     /* I */
	int clock;                  /* I */
	int notify;                 /* I: SIGEV_* */
	bool silent;                /* I: SIGEV_NONE */
	u8 base;                    /* s: enum timer_base, of value_ns */
	bool rests;                 /* s: has run out; goes on when its signal is taken */
	u64 value_ns;               /* s: when it runs out next, 0: off */
	u64 interval_ns;            /* s */
	u64 overrun;                /* s: so far, of the queued signal */
	s32 last_overrun;           /* s: of the last one taken */
	struct clock_timer timer;   /* s */
	struct signal_entry entry;  /* s: its link is an empty ring while it is not queued */
};

static bool is_realtime(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

static u64 base_now(const struct posix_timer *t)
{
	switch (t->base) {
	case BASE_PROCESS:
		return READ_ONCE(t->process->cpu_ns);
	case BASE_THREAD:
		return READ_ONCE(t->counted->cpu_ns);
	default:
		return clock_timer_now(t->base == BASE_REALTIME);
	}
}

static bool base_is_cpu(const struct posix_timer *t)
{
	return t->base == BASE_PROCESS || t->base == BASE_THREAD;
}

/* Starts the clock's timer; timers of CPU time and silent ones are only looked at. */
static void start(struct posix_timer *t, u64 when)
{
	if (!base_is_cpu(t) && !t->silent)
		clock_timer_arm(&t->timer, when, t->base == BASE_REALTIME);
}

/* Moves the value past now by whole intervals: how many, at least 1 if it has come. */
static u64 advance(struct posix_timer *t)
{
	u64 now = base_now(t), n;

	if (now < t->value_ns)
		return 0;
	n = (now - t->value_ns) / t->interval_ns + 1;
	t->value_ns += n * t->interval_ns;
	return n;
}

/* It has run out. */
static void expire(struct posix_timer *t)
{
	bool queued = !list_empty(&t->entry.link);

	if (queued) /* by an earlier setting */
		t->overrun++;
	else
		t->overrun = 0;
	if (queued || signal_send_entry_locked(t->process, t->target, &t->entry)) {
		if (t->interval_ns)
			t->rests = true;
		else
			t->value_ns = 0;
		return;
	}
	if (!t->interval_ns) {
		t->value_ns = 0;
		return;
	}
	advance(t);
	start(t, max(t->value_ns, base_now(t) + REST_NS));
}

/* Timer interrupt. It may have been set anew meanwhile: only the time itself counts. */
static void fired(struct clock_timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	u64 flags = sighand_lock(t->process);

	if (t->value_ns && !t->rests && base_now(t) >= t->value_ns)
		expire(t);
	sighand_unlock(t->process, flags);
}

void posix_timer_charge(struct task *task)
{
	struct process *p = task->process;
	struct hlist_node *tmp;
	struct posix_timer *t;
	u64 flags;

	if (likely(hlist_empty(&p->cpu_timers)))
		return;
	flags = sighand_lock(p);
	hlist_for_each_entry_safe(t, tmp, &p->cpu_timers, cpu_link)
		if (t->value_ns && !t->rests && !t->silent && base_now(t) >= t->value_ns)
			expire(t);
	sighand_unlock(p, flags);
}

void posix_timer_taken_locked(struct posix_timer *t)
{
	list_init(&t->entry.link);
	if (t->rests) {
		t->rests = false;
		/* The first of these was the signal itself. */
		t->overrun += advance(t);
		t->overrun -= t->overrun != 0;
		start(t, t->value_ns);
	}
	t->last_overrun = (s32)min(t->overrun, (u64)OVERRUN_MAX);
	t->entry.info.si_overrun = t->last_overrun;
}

/* What is left. */
static void setting_get(const struct posix_timer *t, struct posix_timer_setting *out)
{
	u64 now = base_now(t), next = t->value_ns;

	out->interval_ns = t->interval_ns;
	out->value_ns = 0;
	if (!next)
		return;
	if (next <= now && t->interval_ns)
		next += ((now - next) / t->interval_ns + 1) * t->interval_ns;
	if (next > now)
		out->value_ns = next - now;
	else if (!t->silent)
		out->value_ns = 1; /* about to run out */
}

static struct posix_timer *timer_find(struct process *p, s32 id)
{
	struct rb_node *node = p->posix_timers.node;

	while (node) {
		struct posix_timer *t = rb_entry(node, struct posix_timer, node);

		if (t->id == id)
			return t;
		node = id < t->id ? node->left : node->right;
	}
	return NULL;
}

bool posix_timer_below(struct process *p, s32 below, struct posix_timer_facts *out)
{
	u64 flags = sighand_lock(p);
	struct rb_node *node = p->posix_timers.node;
	struct posix_timer *found = NULL;

	while (node) {
		struct posix_timer *t = rb_entry(node, struct posix_timer, node);

		if (t->id < below)
			found = t;
		node = t->id < below ? node->right : node->left;
	}
	if (found)
		*out = (struct posix_timer_facts){
			.id = found->id,
			.clock = found->clock,
			.notify = found->notify,
			.signo = found->entry.info.si_signo,
			.value = found->entry.info.si_timer_value.sival_ptr,
			.whom = found->target ? found->target->thread->tid : p->pid->nr,
		};
	sighand_unlock(p, flags);
	return found != NULL;
}

static bool timer_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct posix_timer *ta = rb_entry(a, struct posix_timer, node);

	return ta->id < rb_entry(b, struct posix_timer, node)->id;
}

/* The exact CPU time that the base of a CPU timer counts by samples. */
static u64 cpu_exact(const struct posix_timer *t)
{
	struct cpu_times times;
	struct usage_counts counts;

	if (t->base == BASE_THREAD)
		sched_thread_times(t->counted->thread, &times.user_ns, &times.system_ns);
	else
		process_usage(t->process, &times, &counts);
	return times.user_ns + times.system_ns;
}

/* When a setting runs out, by the base. `exact`: what the CPU clock shows. */
static u64 value_of(const struct posix_timer *t, const struct posix_timer_setting *new,
		    bool absolute, u64 exact)
{
	u64 value = new->value_ns;

	if (!value)
		return 0;
	if (absolute && !base_is_cpu(t)) {
		u64 ahead = t->clock == CLOCK_TAI ? (u64)clock_tai_offset() : 0;

		return value > ahead ? value - ahead : 1;
	}
	if (absolute)
		value = value > exact ? value - exact : 1;
	return add_overflow(base_now(t), value, &value) ? ~0ull / 2 : value;
}

int posix_timer_set(s32 id, bool absolute, const struct posix_timer_setting *new,
		    struct posix_timer_setting *old)
{
	struct process *p = process_current();
	struct posix_timer *t;
	u64 flags = sighand_lock(p), exact = 0;

	t = timer_find(p, id);
	if (t && absolute && base_is_cpu(t)) {
		/* Asking takes locks. The timer is looked up again: it may be another by now. */
		struct posix_timer copy = { .base = t->base, .process = p, .counted = t->counted };

		if (copy.counted)
			thread_get(copy.counted->thread);
		sighand_unlock(p, flags);
		exact = cpu_exact(&copy);
		if (copy.counted)
			thread_put(copy.counted->thread);
		flags = sighand_lock(p);
		t = timer_find(p, id);
	}
	if (!t) {
		sighand_unlock(p, flags);
		return -EINVAL;
	}
	setting_get(t, old);
	if (!base_is_cpu(t))
		t->base = absolute && is_realtime(t->clock) ? BASE_REALTIME : BASE_MONOTONIC;
	t->rests = false;
	t->interval_ns = new->interval_ns;
	t->value_ns = value_of(t, new, absolute, exact);
	t->overrun = 0;
	t->last_overrun = 0;
	clock_timer_cancel(&t->timer);
	if (t->value_ns)
		start(t, t->value_ns);
	sighand_unlock(p, flags);
	return 0;
}

int posix_timer_get(s32 id, struct posix_timer_setting *out)
{
	struct process *p = process_current();
	u64 flags = sighand_lock(p);
	struct posix_timer *t = timer_find(p, id);

	if (t)
		setting_get(t, out);
	sighand_unlock(p, flags);
	return t ? 0 : -EINVAL;
}

int posix_timer_overrun(s32 id)
{
	struct process *p = process_current();
	u64 flags = sighand_lock(p);
	struct posix_timer *t = timer_find(p, id);
	int result = t ? t->last_overrun : -EINVAL;

	sighand_unlock(p, flags);
	return result;
}

/* Its signal goes with it. */
static void entry_dequeue(struct posix_timer *t)
{
	struct signal_queue *q = t->target ? &t->target->pending : &t->process->pending;
	struct signal_entry *e;

	if (list_empty(&t->entry.link))
		return;
	list_del_init(&t->entry.link);
	list_for_each_entry(e, &q->entries, link)
		if (e->info.si_signo == t->entry.info.si_signo)
			return;
	q->set &= ~SIGMASK(t->entry.info.si_signo);
}

/* Takes a timer out of everything; timer_free() follows without the lock. */
static void timer_detach(struct posix_timer *t)
{
	t->value_ns = 0;
	t->rests = false;
	entry_dequeue(t);
	rb_erase(&t->process->posix_timers, &t->node);
	hlist_del(&t->cpu_link);
}

static void timer_free(struct posix_timer *t)
{
	clock_timer_fini(&t->timer);
	if (t->target)
		thread_put(t->target->thread);
	if (t->counted)
		thread_put(t->counted->thread);
	user_uncharge(t->entry.uid, USER_SIGNALS);
	kfree(t);
}

int posix_timer_delete(s32 id)
{
	struct process *p = process_current();
	u64 flags = sighand_lock(p);
	struct posix_timer *t = timer_find(p, id);

	if (t)
		timer_detach(t);
	sighand_unlock(p, flags);
	if (!t)
		return -EINVAL;
	timer_free(t);
	return 0;
}

void posix_timers_delete(struct process *p)
{
	while (READ_ONCE(p->posix_timers.node)) {
		u64 flags = sighand_lock(p);
		struct rb_node *node = rb_first(&p->posix_timers);

		if (node)
			timer_detach(rb_entry(node, struct posix_timer, node));
		sighand_unlock(p, flags);
		if (node)
			timer_free(rb_entry(node, struct posix_timer, node));
	}
}

/* A thread of the current process, its thread referenced; or NULL. */
static struct task *own_task(s32 tid)
{
	struct task *task = task_find(tid);

	if (task && task->process != process_current()) {
		thread_put(task->thread);
		task = NULL;
	}
	return task;
}

/* Of a clock of CPU time, which must be the process's own or a thread's of it: 0 or -EINVAL. */
static int cpu_base_set(struct posix_timer *t, int clock)
{
	bool thread = clock == CLOCK_THREAD_CPUTIME_ID ||
		      (clock < 0 && clock & CPUCLOCK_PERTHREAD_MASK);
	s32 nr = clock < 0 ? ~(clock >> 3) : 0;

	if (clock < 0 && (clock & CPUCLOCK_CLOCK_MASK) != CPUCLOCK_SCHED)
		return -EINVAL;
	t->base = thread ? BASE_THREAD : BASE_PROCESS;
	if (!thread)
		return !nr || nr == t->process->pid->nr ? 0 : -EINVAL;
	t->counted = own_task(nr ? nr : thread_current()->tid);
	return t->counted ? 0 : -EINVAL;
}

static int clock_set(struct posix_timer *t, int clock)
{
	t->clock = clock;
	switch (clock) {
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return cred_capable(cred_current(), CAP_WAKE_ALARM) ? 0 : -EPERM;
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_base_set(t, clock);
	default:
		return clock < 0 ? cpu_base_set(t, clock) : -EINVAL;
	}
}

/* Whom the timer tells, and how (sigevent(7)): 0 or -EINVAL. */
static int event_set(struct posix_timer *t, const struct abi_sigevent *event)
{
	t->notify = event->sigev_notify;
	t->entry.info.si_signo = event->sigev_signo;
	t->entry.info.si_code = SI_TIMER;
	t->entry.info.si_timer_value = event->sigev_value;
	switch (event->sigev_notify) {
	case SIGEV_NONE:
		t->silent = true;
		return 0;
	case SIGEV_THREAD_ID:
		t->target = own_task(event->sigev_tid);
		if (!t->target)
			return -EINVAL;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: /* the C library's to carry out: a signal here */
		break;
	default:
		return -EINVAL;
	}
	return event->sigev_signo >= 1 && event->sigev_signo <= NSIG ? 0 : -EINVAL;
}

/* Enters a timer under the next free id. */
static void timer_link(struct posix_timer *t)
{
	struct process *p = t->process;
	u64 flags = sighand_lock(p);

	while (timer_find(p, p->next_timer_id))
		p->next_timer_id = (p->next_timer_id + 1) & 0x7fffffff;
	t->id = t->entry.info.si_timerid = p->next_timer_id;
	p->next_timer_id = (p->next_timer_id + 1) & 0x7fffffff;
	rb_add(&p->posix_timers, &t->node, timer_less);
	if (base_is_cpu(t))
		hlist_add_head(&t->cpu_link, &p->cpu_timers);
	sighand_unlock(p, flags);
}

int posix_timer_create(int clock, const struct abi_sigevent *event, s32 *id)
{
	struct abi_sigevent usual = { .sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL };
	struct posix_timer *t = kzalloc(sizeof(*t), MM_KERNEL);
	u32 uid = cred_current()->uid;
	int error;

	if (!t)
		return -ENOMEM;
	t->process = process_current();
	t->entry.timer = t;
	list_init(&t->entry.link);
	clock_timer_init(&t->timer, fired);
	error = clock_set(t, clock);
	if (!error)
		error = event_set(t, event ? event : &usual);
	if (!error)
		error = user_charge(uid, USER_SIGNALS, rlimit_current(RLIMIT_SIGPENDING));
	if (error) {
		if (t->target)
			thread_put(t->target->thread);
		if (t->counted)
			thread_put(t->counted->thread);
		kfree(t);
		return error;
	}
	t->entry.uid = uid;
	timer_link(t);
	*id = t->id;
	if (!event)
		t->entry.info.si_timer_value.sival_int = t->id;
	return 0;
}
