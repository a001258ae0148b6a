/*
 * Who used the CPU. How long a thread ran is measured at each switch; how much of it was in user
 * mode is sampled: the tick of a busy CPU, every 10 ms, finds user or kernel mode, and what ran
 * since the last sample counts as that. For the CPU the same, with its own sum.
 *
 * The load average is the usual one (getloadavg(3)): every five seconds the number of threads that
 * run, could run, or wait for I/O goes into three averages that forget with time constants of 1, 5
 * and 15 minutes. No timer drives it: whoever changes the number looks first whether steps are due,
 * and takes those with the number that held so far.
 */
#include "sched/run_int.h"

#define LOAD_PERIOD_NS (5 * NSEC_PER_SEC)
#define LOAD_SHIFT 11
#define LOAD_ONE (1u << LOAD_SHIFT)
#define LOAD_STEPS_MAX 2000 /* after this many steps with one number the averages are that number */

/* exp(-5/60), exp(-5/300), exp(-5/900) in 11 bits of fraction. */
static const u32 load_decay[3] = { 1884, 2014, 2037 };

u64 load_next = LOAD_PERIOD_NS;
static struct spinlock load_lock = SPINLOCK_INIT(RANK_NONE, "load"); /* only ever tried */
static u32 load_average[3]; /* a; written under load_lock */
static void (*charge_hook)(struct thread *t, u64 user_ns, u64 system_ns);

void sched_set_charge_hook(void (*hook)(struct thread *t, u64 user_ns, u64 system_ns))
{
	charge_hook = hook;
}

u64 account_sample(struct runqueue *rq, bool user)
{
	struct thread *t = rq->curr;
	u64 cpu_ns = rq->busy_ns - rq->sampled_ns, ns = t->run_ns - t->sampled_ns;

	rq->sampled_ns = rq->busy_ns;
	if (!user)
		rq->system_ns += cpu_ns;
	else if (t->nice > 0)
		rq->nice_ns += cpu_ns;
	else
		rq->user_ns += cpu_ns;
	t->sampled_ns = t->run_ns;
	if (user)
		t->user_ns += ns;
	return t->process ? ns : 0;
}

void account_charge(struct thread *t, u64 ns, bool user)
{
	if (charge_hook)
		charge_hook(t, user ? ns : 0, user ? 0 : ns);
}

void sched_cpu_stats(unsigned cpu, struct sched_cpu_stats *out)
{
	struct runqueue *rq = cpu_runqueue(cpu);
	u64 flags = spin_lock_irq(&rq->lock);

	run_account(rq, arch_clock_ns());
	*out = (struct sched_cpu_stats){
		.user_ns = rq->user_ns, .nice_ns = rq->nice_ns, .system_ns = rq->system_ns,
		.idle_ns = rq->idle_ns, .iowait_ns = rq->iowait_ns, .irq_ns = rq->irq_ns,
		.switches = rq->switches,
	};
	spin_unlock_irq(&rq->lock, flags);
}

void sched_cpu_work(unsigned cpu, struct sched_cpu_work *out)
{
	struct runqueue *rq = cpu_runqueue(cpu);
	u64 flags = spin_lock_irq(&rq->lock);

	run_account(rq, arch_clock_ns());
	*out = (struct sched_cpu_work){
		.yields = rq->yields, .switches = rq->switches, .idles = rq->idles,
		.wakes = rq->wakes, .wakes_here = rq->wakes_here,
		.busy_ns = rq->busy_ns, .wait_ns = rq->wait_ns,
	};
	spin_unlock_irq(&rq->lock, flags);
}

/* Runnable threads of a CPU, the running one included. */
static u64 running_on(const struct runqueue *rq)
{
	return READ_ONCE(rq->n_queued) + (READ_ONCE(rq->curr) != rq->idle);
}

u64 sched_running(void)
{
	u64 n = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		n += running_on(cpu_runqueue(cpu));
	return n;
}

u64 sched_blocked(void)
{
	u32 n = 0;

	/* A thread may be woken on another CPU's queue: single counts may be odd, their sum is
	 * right. */
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		n += READ_ONCE(cpu_runqueue(cpu)->n_iowait);
	return n;
}

u64 sched_forks(void)
{
	u64 n = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		n += READ_ONCE(cpu_runqueue(cpu)->forks);
	return n;
}

void load_update(u64 now)
{
	u64 active, steps;

	if (!spin_try_lock(&load_lock))
		return;
	if (now >= load_next) {
		active = (sched_running() + sched_blocked()) << LOAD_SHIFT;
		steps = (now - load_next) / LOAD_PERIOD_NS + 1;
		WRITE_ONCE(load_next, load_next + steps * LOAD_PERIOD_NS);
		for (unsigned i = 0; i < 3; i++) {
			u64 avg = load_average[i];

			for (u64 n = min(steps, (u64)LOAD_STEPS_MAX); n && avg != active; n--) {
				u64 sum = avg * load_decay[i] + active * (LOAD_ONE - load_decay[i]);

				/* Upwards when it rises, or it would stop short of a whole
				 * number. */
				avg = (sum + (active >= avg ? LOAD_ONE - 1 : 0)) >> LOAD_SHIFT;
			}
			WRITE_ONCE(load_average[i], (u32)avg);
		}
	}
	spin_unlock(&load_lock);
}

void sched_loadavg(u32 out[3])
{
	u64 flags = irq_save();

	load_check(arch_clock_ns());
	irq_restore(flags);
	for (unsigned i = 0; i < 3; i++)
		out[i] = READ_ONCE(load_average[i]);
}

/* What no sample has divided yet is divided as the rest was. Neither time ever goes back (POSIX
 * times()). */
bool sched_look(struct thread *t, void (*fn)(struct thread *t, void *arg), void *arg)
{
	u64 flags = irq_save();
	struct runqueue *rq = thread_lock_runqueue(t);
	u32 state = READ_ONCE(t->state);
	bool asleep = state != THREAD_RUNNING && state != THREAD_DEAD && state != THREAD_NEW &&
		      !t->queued && !__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE);

	if (asleep)
		fn(t, arg);
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return asleep;
}

void sched_thread_times(struct thread *t, u64 *user_ns, u64 *system_ns)
{
	u64 flags = irq_save(), run, user, system, rest;
	struct runqueue *rq = thread_lock_runqueue(t);

	if (rq->curr == t)
		run_account(rq, arch_clock_ns());
	run = t->run_ns;
	user = t->user_ns;
	rest = run - t->sampled_ns;
	if (t->sampled_ns)
		user += rest * (t->user_ns * 1024 / t->sampled_ns) / 1024;
	user = min(max(user, t->shown_user_ns), run);
	system = run - user;
	if (system < t->shown_system_ns) {
		system = t->shown_system_ns;
		user = max(run - system, t->shown_user_ns);
	}
	t->shown_user_ns = user;
	t->shown_system_ns = system;
	spin_unlock(&rq->lock);
	irq_restore(flags);
	*user_ns = user;
	*system_ns = system;
}
