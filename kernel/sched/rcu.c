/*
 * Read-copy-update by quiescent states. Readers do not block, and the kernel does not preempt
 * itself; so a CPU that has switched threads, come round its idle loop, or was interrupted in user
 * mode has left every read section it was in. Each such pass is counted per CPU; a grace period has
 * gone by when every CPU's count has changed.
 *
 * Callbacks are pushed on a list per CPU. A kernel thread takes all lists, lets a grace period go
 * by, and calls them. It is woken in batches: by the tick, by a CPU that is about to halt, or by a
 * long list.
 *
 * With one CPU the thread's own running is the pass that it waits for.
 */
#include "sched/rcu.h"

#include "core/panic.h"
#include "sched/run_int.h"

#define RCU_URGENT 512                   /* callbacks of one CPU that do not wait for the tick */
#define RCU_POLL_NS ((u64)NSEC_PER_MSEC / 2)

/* a: atomic. */
struct rcu_list {
	struct rcu_head *head; /* a */
	u32 count;             /* a: approximate */
};

DEFINE_PERCPU(u64, rcu_passes);
static DEFINE_PERCPU(struct rcu_list, rcu_list);
static struct thread *rcu_thread; /* I */

static void rcu_wake(void)
{
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
		rcu_wake();
}

void rcu_quiescent(void)
{
	rcu_pass();
}

void rcu_tick(void)
{
	if (READ_ONCE(this_cpu_ptr(rcu_list)->head))
		rcu_wake();
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

void rcu_synchronize(void)
{
	unsigned n = cpu_count();
	u64 before[CPU_MAX];

	might_sleep();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (n == 1)
		return;
	for (unsigned cpu = 0; cpu < n; cpu++)
		before[cpu] = READ_ONCE(*percpu_ptr(rcu_passes, cpu));
	for (unsigned cpu = 0; cpu < n; cpu++) {
		/* Blocking is a pass of this CPU, too. */
		while (READ_ONCE(*percpu_ptr(rcu_passes, cpu)) == before[cpu]) {
			for (unsigned i = cpu; i < n; i++)
				if (i != cpu_id() &&
				    READ_ONCE(*percpu_ptr(rcu_passes, i)) == before[i])
					nudge(i);
			thread_prepare(THREAD_UNINTERRUPTIBLE);
			thread_block_until(arch_clock_ns() + RCU_POLL_NS);
		}
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
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
		rcu_wake();
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

static void rcu_main(void *arg)
{
	for (;;) {
		struct rcu_head *head;

		thread_prepare(THREAD_INTERRUPTIBLE);
		head = take_all();
		if (!head) {
			thread_block();
			continue;
		}
		thread_running();
		rcu_synchronize();
		while (head) {
			struct rcu_head *next = head->next;

			head->fn(head);
			head = next;
			sched_point();
		}
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
