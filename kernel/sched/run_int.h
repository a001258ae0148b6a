/*
 * Private to sched: the run queue of a CPU, and what the scheduler's files share. See run.c for the
 * picture.
 */
#pragma once

#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "core/clock.h"
#include "sched/thread.h"

#define SCHED_SLICE_NS   (3 * (u64)NSEC_PER_MSEC) /* what a fair thread asks for at a time */
#define SCHED_TICK_NS    (5 * (u64)NSEC_PER_MSEC) /* whether it has had that is looked at then */
#define SCHED_WAKE_NS    ((u64)NSEC_PER_MSEC / 2) /* by how much a woken thread must be more urgent
						   * to interrupt another */
#define SCHED_RR_NS      (100 * (u64)NSEC_PER_MSEC) /* round-robin interval */
#define SCHED_SAMPLE_NS  (10 * (u64)NSEC_PER_MSEC) /* sampling tick of a busy CPU */
#define WEIGHT_NORMAL    1024                  /* of nice 0 */

#define RT_LEVELS 101 /* priorities 1 … 99, and: */
#define RT_EDF    100 /* SCHED_DEADLINE, which has a tree instead of a list (edf.c) */

/* What a CPU runs, for those who look from afar: these, or LEVEL_FAIR + a real-time priority. */
#define LEVEL_IDLE 0
#define LEVEL_FAIR 1
#define LEVEL_EDF  (LEVEL_FAIR + RT_EDF)

/* r: lock, interrupts off.  I: constant after sched_init().  c: its CPU alone, interrupts off.
 * a: atomic. */
struct runqueue {
	struct spinlock lock;
	u32 cpu;                  /* I */
	struct thread *curr;      /* r: runs now */
	struct thread *idle;      /* I */
	u32 n_queued;             /* r: runnable threads besides curr */
	u32 n_iowait;             /* r: threads that went to sleep here waiting for I/O */
	bool polling;             /* a: the idle loop, while it is curr, looks at its work word: no
				   * interrupt is needed to wake it */

	struct rb_root fair;      /* r: by deadline */
	struct rb_node *earliest; /* r: first of `fair` */
	u64 min_vruntime;         /* r: grows with the virtual time of those who run here */
	u8 level;                 /* r to write: LEVEL_* of curr */
	u64 rt_levels[2];         /* r: bit per priority that has threads */
	struct list rt[RT_EDF];   /* r: by priority; first come, first served */
	struct rb_root edf;       /* r: by absolute deadline */
	struct rb_node *edf_first; /* r: first of `edf` */
	u64 edf_until;            /* r to write: deadline of curr, if `level` is LEVEL_EDF */

	struct thread *prev;      /* c: whom the switch under way leaves */
	struct runqueue *push_to; /* c: where prev goes, as it may not run on this CPU any longer;
				   * else NULL */
	u64 rt_since, rt_ns;      /* r: start of the period; what real-time threads ran in it */
	u64 sample_at;            /* c: clock of the next sample */
	u64 balance_at, rotate_at; /* c: clock of the next looks elsewhere (place_balance) */
	u64 alive_ns;             /* c to write: clock of the last tick or switch */
	u64 watch_at, late_since; /* c: the watchdog's next look; since when curr should go, 0: not,
				   * ~0: that was reported */
	u64 late_switches;        /* c: `switches` at late_since */
	u64 spin_ns;              /* c: how long idle waits before it halts */

	u64 busy_ns, idle_ns, iowait_ns; /* r */
	u64 sampled_ns;                  /* r: of busy_ns, divided into the following */
	u64 user_ns, nice_ns, system_ns; /* r */
	u64 irq_ns;                      /* c: spent in timer interrupts */
	u64 wait_ns;                     /* r: that threads waited in the queue */
	u64 switches, idles, yields;     /* r: switches; of these, to idle; sched_yield() calls */
	u64 wakes, wakes_here;           /* r: threads woken into the queue, by this CPU itself */
	u64 forks;                       /* c */
};

DECLARE_PERCPU(struct runqueue, runqueue);
extern u64 idle_cpus; /* a: bit per CPU whose idle thread runs */

static inline struct runqueue *this_runqueue(void) { return this_cpu_ptr(runqueue); }
static inline struct runqueue *cpu_runqueue(unsigned cpu) { return percpu_ptr(runqueue, cpu); }

/* Locks the run queue that the thread belongs to; interrupts are off. */
static inline struct runqueue *thread_lock_runqueue(const struct thread *t)
{
	for (;;) {
		struct runqueue *rq = cpu_runqueue(READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == READ_ONCE(t->cpu)))
			return rq;
		spin_unlock(&rq->lock);
	}
}

/* Real time to the virtual time of a thread of that weight. */
static inline u64 to_virtual(u64 ns, u32 weight)
{
	return likely(weight == WEIGHT_NORMAL) ? ns : ns * WEIGHT_NORMAL / weight;
}

static inline u64 from_virtual(u64 ns, u32 weight)
{
	return likely(weight == WEIGHT_NORMAL) ? ns : ns * weight / WEIGHT_NORMAL;
}

/* Whether it runs by deadlines of its own; it has t->edf then. */
static inline bool is_edf(const struct thread *t)
{
	return t->run_priority == RT_EDF;
}

static inline u8 level_of(const struct thread *t)
{
	if (t->class == SCHED_CLASS_IDLE)
		return LEVEL_IDLE;
	return t->class == SCHED_CLASS_FAIR ? LEVEL_FAIR : (u8)(LEVEL_FAIR + t->run_priority);
}

/* The first tick after `ns`. All CPUs have theirs together: that is one event for the device. */
static inline u64 tick_after(u64 ns)
{
	return (ns / SCHED_TICK_NS + 1) * SCHED_TICK_NS;
}

static inline bool need_resched(const struct thread *t)
{
	return READ_ONCE(t->work) & WORK_RESCHED;
}

void run_init_cpu(unsigned cpu, struct thread *idle);

/* fair.c and realtime.c. The queue is locked throughout. */
void fair_insert(struct runqueue *rq, struct thread *t);
void fair_remove(struct runqueue *rq, struct thread *t);
/* Where a thread that comes to the queue stands in virtual time. */
void fair_place_new(struct runqueue *rq, struct thread *t);
void fair_place_woken(struct runqueue *rq, struct thread *t);
/* Charges curr `ns` of real time. */
void fair_charge(struct runqueue *rq, struct thread *curr, u64 ns);
/* Puts the yielding curr behind those who wait. */
void fair_yield(struct runqueue *rq, struct thread *curr);
/* Gives curr a new deadline if it has used what it had asked for: whether it has. */
bool fair_renew(struct thread *curr);
void rt_insert(struct runqueue *rq, struct thread *t, bool front);
void rt_remove(struct runqueue *rq, struct thread *t);
/* The first thread of the highest priority; there is one. */
struct thread *rt_first(struct runqueue *rq);
/* The most urgent one above `priority` that may run on `cpu`, or NULL. */
struct thread *rt_first_for(struct runqueue *rq, unsigned cpu, unsigned priority);
static inline bool rt_queued(const struct runqueue *rq)
{
	return rq->rt_levels[0] | rq->rt_levels[1];
}
static inline bool edf_queued(const struct runqueue *rq) { return rq->edf_first; }
/* Whether the real-time threads have used their share of this period; when they get a new one, and
 * how much is left of it, ns. */
bool rt_throttled(struct runqueue *rq, u64 now);
u64 rt_refill_at(const struct runqueue *rq);
u64 rt_left(const struct runqueue *rq);
extern u32 rt_waiting; /* a: real-time threads that are queued, anywhere */
/* Whether one of those queued may run now, though fair threads wait. */
static inline bool rt_may_run(struct runqueue *rq, u64 now)
{
	return rt_queued(rq) && (edf_queued(rq) || !rt_throttled(rq, now));
}

/*
 * edf.c: threads of SCHED_DEADLINE. The thread's queue is locked throughout, but for alloc, free,
 * tell and fits.
 */
struct edf;
struct edf_params;
struct edf *edf_alloc(struct thread *t); /* NULL: no memory. Thread context */
void edf_free(struct edf *e);            /* NULL: nothing. Nobody locks the thread any more */
/* Reserves what a thread that has t->edf asks for, in the place of what it has: 0 or -EBUSY. */
int edf_admit(struct edf *e, const struct edf_params *params);
/* It begins with these parameters, which were admitted; its last ones end: what it has reserved is
 * given back. Before each, the old way stops: whether it was throttled, and so not queued. */
void edf_begin(struct thread *t, const struct edf_params *params, u64 now);
void edf_end(struct thread *t);
bool edf_pause(struct thread *t);
/* Whether what is reserved fits limits for real-time threads. */
bool edf_fits(u64 period_ns, u64 runtime_ns);
void edf_insert(struct runqueue *rq, struct thread *t);
void edf_remove(struct runqueue *rq, struct thread *t);
struct thread *edf_pick(struct runqueue *rq);                      /* the first; there is one */
struct thread *edf_first_for(struct runqueue *rq, unsigned cpu);   /* that may run there */
bool edf_before(const struct thread *a, const struct thread *b);   /* whose deadline is earlier */
/* The CPU with the latest deadline, if that is later than the thread's; else `last`. All of them
 * run threads like it. */
unsigned edf_choose(const struct thread *t, u64 allowed, unsigned last);
void edf_charge(struct thread *t, u64 ns);
u64 edf_lasts(const struct thread *t); /* how long it may run by now, ns */
/* A thread gives the CPU away and could run: whether it is throttled and must not be queued. */
bool edf_stops(struct thread *t, bool yield, u64 now);
bool edf_throttled(const struct thread *t);
/* A throttled thread has others waiting for it: whether it is to be queued. */
bool edf_release(struct thread *t, u64 now);
/* It blocks; it wakes: whether it may run before its next period. */
void edf_sleep(struct thread *t, u64 now);
bool edf_wake(struct thread *t, u64 now);
/* The hook is told of what the thread has overrun. No lock; interrupts off. */
void edf_tell(struct thread *t);

/* run.c. The queue is locked throughout. */
void run_account(struct runqueue *rq, u64 now);
/* Enters a runnable thread and makes the CPU look if it is more urgent than what runs. */
void run_enqueue(struct runqueue *rq, struct thread *t, u64 now);
void run_dequeue(struct runqueue *rq, struct thread *t);
void run_insert(struct runqueue *rq, struct thread *t);
void run_resched(struct runqueue *rq);
/* The tick's part: whether curr has had its turn, and the next time to look (~0: need not). */
void run_tick(struct runqueue *rq, u64 now);
u64 run_next_tick(struct runqueue *rq, u64 now);
/* Turns the virtual times of a thread from one queue's into another's. The thread is in none. */
void run_migrate(struct thread *t, struct runqueue *from, struct runqueue *to);

/*
 * place.c. The CPU for a thread that becomes runnable; taking work from a busier one: whether there
 * was any; waking an idle CPU, if any, so that it takes some of ours.
 */
unsigned place_choose(const struct thread *t);
/* Whether a real-time thread waits elsewhere that should run here, in place of what is below
 * `level`: it has been entered here. No queue is locked; interrupts off. */
bool place_pull_rt(struct runqueue *rq, unsigned level);
/* The tick's look for CPUs that have more to do. No queue is locked; interrupts off. */
void place_balance(struct runqueue *rq, u64 now);
bool place_steal(struct runqueue *rq);
void place_invite(void);
/*
 * A move between queues, for a runnable thread that is in neither: the first half with `from`
 * locked, after which the thread belongs to the queue of `cpu` and whoever wants to change it takes
 * that lock; then `from` is unlocked, and the second half enters it. Interrupts are off throughout.
 */
struct runqueue *place_depart(struct thread *t, struct runqueue *from, unsigned cpu);
/* Locks the queue that a departed thread goes to: rq, or another if its affinity has changed
 * since. Interrupts off. */
struct runqueue *place_lock(struct thread *t, struct runqueue *rq);
void place_arrive(struct thread *t, struct runqueue *rq);

/* account.c */
extern u64 load_next; /* a: clock of the next load average step */
void load_update(u64 now);
static inline void load_check(u64 now)
{
	if (unlikely(now >= READ_ONCE(load_next)))
		load_update(now);
}
/* Divides the CPU's time since the last sample by what the tick met. Returns ns credited to the
 * current thread. */
u64 account_sample(struct runqueue *rq, bool user);
void account_charge(struct thread *t, u64 ns, bool user);

/* soft.c: the kinds of soft work wanted on this CPU, and doing it: interrupts are off, and on
 * meanwhile; no spinlock is held. */
DECLARE_PERCPU(u32, soft_pending);
void soft_run(void);

/* timer.c: makes this CPU's timer interrupt come at `deadline` or earlier. Interrupts off. */
void timer_want(u64 deadline);
/* When this CPU's first timer is due, ~0: never. And the calling of the functions of those that are
 * due, without waiting for the interrupt. */
u64 timer_next(void);
void timer_poll(u64 now);

/* watchdog.c: the tick's part. No lock held. */
void watch_tick(struct runqueue *rq, u64 now, bool user);

/* thread.c */
struct thread *thread_make_idle(unsigned cpu);
/* A thread that has ended is no longer on its stack. Thread context. */
void thread_reap(struct thread *t);

/* rcu.c: passes of this CPU, and whether callbacks wait here. */
DECLARE_PERCPU(u64, rcu_passes);
static inline void rcu_pass(void)
{
	this_cpu_add(rcu_passes, 1);
	/* Before what the next read section loads. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
void rcu_tick(void);

/* weight.c */
u32 weight_of(int policy, int nice);
