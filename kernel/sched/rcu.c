/*
 * Read-copy-update by quiescent states. Readers do not block, and the kernel does not preempt
 * itself; so a CPU that has switched threads, come round its idle loop, or was interrupted in user
 * mode has left every read section it was in. Each such pass is counted per CPU; a grace period has
 * gone by when every CPU's count has changed.
 *
 * Callbacks are pushed on a list per CPU. A kernel thread takes all lists, lets a grace period go
 * by, and calls them. While it rests, the tick or a CPU that is about to halt wakes it. It is in no
 * hurry: it sleeps for a while first, in which busy CPUs pass by themselves, then asks those that
 * have not; meanwhile the lists grow into the next batch. A long list, or who waits in
 * rcu_barrier(), hurries it.
 *
 * With one CPU the thread's own running is the pass that it waits for.
 */
#include "sched/rcu.h"

#include "core/panic.h"
#include "sched/run_int.h"

#define RCU_URGENT 512                   /* callbacks of one CPU that do not wait for the tick */
#define RCU_POLL_NS ((u64)NSEC_PER_MSEC / 2)
#define RCU_REST_NS (10 * (u64)NSEC_PER_MSEC) /* that a batch waits before CPUs are asked */

/* a: atomic. */
struct rcu_list {
	struct rcu_head *head; /* a */
	u32 count;             /* a: approximate */
};

DEFINE_PERCPU(u64, rcu_passes);
static DEFINE_PERCPU(struct rcu_list, rcu_list);
static struct thread *rcu_thread; /* I */
static bool rcu_resting;          /* a: the thread waits for callbacks to come */
static bool rcu_hurried;          /* a: what has been pushed should not wait long */

/* After the callback was pushed: the thread looks at the flag after it has taken the lists. */
static void rcu_hurry(void)
{
	__atomic_store_n(&rcu_hurried, true, __ATOMIC_SEQ_CST);
	if (rcu_thread)
		thread_wake(rcu_thread);
}

void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	struct rcu_list *list = this_cpu_ptr(rcu_list);
	struct rcu_head *next = READ_ONCE(list->head);

	head->fn = fn;
	do {
		head->next = next;
	} while (!__atomic_compare_exchange_n(&list->head, &next, head, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	if (unlikely(++list->count == RCU_URGENT))
		rcu_hurry();
}

void rcu_quiescent(void)
{
	rcu_pass();
}

void rcu_tick(void)
{
	/* If it does not rest, it will look at the lists before it does. */
	if (READ_ONCE(this_cpu_ptr(rcu_list)->head) && READ_ONCE(rcu_resting))
		thread_wake(rcu_thread);
}

/* Makes a CPU pass soon: it goes through the scheduler, or is interrupted in user mode or in its
 * sleep. */
static void nudge(unsigned cpu)
{
	struct runqueue *rq = cpu_runqueue(cpu);
	u64 flags = spin_lock_irq(&rq->lock);

	run_resched(rq);
	spin_unlock_irq(&rq->lock, flags);
}

/* What each CPU had counted when a grace period began. One that starts later has read nothing. */
struct grace {
	unsigned n_cpus;
	u64 before[CPU_MAX];
};

static void grace_begin(struct grace *g)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	g->n_cpus = cpu_count();
	for (unsigned cpu = 0; cpu < g->n_cpus; cpu++)
		g->before[cpu] = READ_ONCE(*percpu_ptr(rcu_passes, cpu));
}

static bool passed(const struct grace *g, unsigned cpu)
{
	return READ_ONCE(*percpu_ptr(rcu_passes, cpu)) != g->before[cpu];
}

/* Asks the CPUs that have not passed, and waits for them. Thread context. */
static void grace_end(const struct grace *g)
{
	unsigned n = g->n_cpus;

	for (unsigned cpu = 0; cpu < n && n > 1; cpu++) {
		/* Blocking is a pass of this CPU, too. */
		while (!passed(g, cpu)) {
			for (unsigned i = cpu; i < n; i++)
				if (i != cpu_id() && !passed(g, i))
					nudge(i);
			thread_prepare(THREAD_UNINTERRUPTIBLE);
			thread_block_until(arch_clock_ns() + RCU_POLL_NS);
		}
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void rcu_synchronize(void)
{
	struct grace g;

	might_sleep();
	grace_begin(&g);
	grace_end(&g);
}

struct rcu_waiter {
	struct rcu_head head;
	struct thread *thread;
	bool done; /* a */
};

static void rcu_waiter_done(struct rcu_head *head)
{
	struct rcu_waiter *w = container_of(head, struct rcu_waiter, head);
	struct thread *thread = w->thread; /* `w` goes with its owner's stack */

	__atomic_store_n(&w->done, true, __ATOMIC_SEQ_CST);
	thread_wake(thread);
}

void rcu_barrier(void)
{
	/*
	 * Callbacks of one batch run in no order. The first waiter's batch is the last that can
	 * hold earlier callbacks; the second one's comes after it.
	 */
	for (unsigned i = 0; i < 2; i++) {
		struct rcu_waiter w = { .thread = thread_current() };

		might_sleep();
		rcu_call(&w.head, rcu_waiter_done);
		rcu_hurry();
		for (;;) {
			thread_prepare(THREAD_UNINTERRUPTIBLE);
			if (__atomic_load_n(&w.done, __ATOMIC_ACQUIRE))
				break;
			thread_block();
		}
		thread_running();
	}
}

/* Takes the callbacks of all CPUs: a chain, or NULL. */
static struct rcu_head *take_all(void)
{
	struct rcu_head *all = NULL;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct rcu_list *list = percpu_ptr(rcu_list, cpu);
		struct rcu_head *head = __atomic_exchange_n(&list->head, NULL, __ATOMIC_ACQUIRE),
				*last = head;

		WRITE_ONCE(list->count, 0);
		if (!head)
			continue;
		while (last->next)
			last = last->next;
		last->next = all;
		all = head;
	}
	return all;
}

/* Lets CPUs pass by themselves, unless somebody hurries. */
static void rest(void)
{
	u64 end = tick_after(arch_clock_ns() + RCU_REST_NS);

	do {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		if (__atomic_load_n(&rcu_hurried, __ATOMIC_RELAXED)) {
			thread_running();
			return;
		}
	} while (!thread_block_until(end));
}

static void batch_run(struct rcu_head *head, bool hurried)
{
	struct grace g;

	grace_begin(&g);
	if (!hurried)
		rest();
	grace_end(&g);
	while (head) {
		struct rcu_head *next = head->next;

		head->fn(head);
		head = next;
		sched_point();
	}
}

static void rcu_main(void *arg)
{
	for (;;) {
		struct rcu_head *head;
		bool hurried;

		__atomic_store_n(&rcu_resting, true, __ATOMIC_RELAXED);
		thread_prepare(THREAD_INTERRUPTIBLE);
		/* First: the flag is set after its callback was pushed. */
		hurried = __atomic_exchange_n(&rcu_hurried, false, __ATOMIC_SEQ_CST);
		head = take_all();
		if (!head) {
			thread_block();
			continue;
		}
		thread_running();
		__atomic_store_n(&rcu_resting, false, __ATOMIC_RELAXED);
		batch_run(head, hurried);
	}
}

void rcu_init(void)
{
	struct thread *t;

	if (thread_create("rcu", NULL, rcu_main, NULL, &t))
		panic("rcu: no memory for its thread");
	rcu_thread = t; /* with the reference: for good */
	thread_start(t);
}
