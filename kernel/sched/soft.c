/*
 * Soft work and its timers. Each CPU has a word of kinds that are wanted; the scheduler, which is
 * entered at every safe point, does what there is before it chooses a thread. Raising a kind makes
 * the running thread pass the scheduler soon.
 *
 * After some rounds, or some time, what is still wanted is left to a kernel thread of the CPU
 * (`deferred`), and safe points pass by until that has done it all.
 *
 * A timer expires in the timer interrupt, which puts it on its CPU's list of due ones.
 *
 * Locks: due->lock (RANK_WORK, interrupts off). The rest belongs to its CPU, interrupts off.
 */
#include "sched/soft.h"

#include "core/panic.h"
#include "lib/format.h"
#include "sched/run_int.h"
#include "sched/wait.h"

#define ROUNDS 10
#define ROUND_NS (2 * (u64)NSEC_PER_MSEC)

/* c: its CPU alone, interrupts off. */
struct soft_cpu {
	bool deferred;           /* c: the thread does it */
	struct thread *thread;   /* I after soft_init() */
};

/* q: lock. */
struct due_list {
	struct spinlock lock;
	struct list timers;      /* q */
};

DEFINE_PERCPU(u32, soft_pending);
DEFINE_PERCPU(u32, soft_active); /* c: soft work is what runs (arch/upcall.h) */
static DEFINE_PERCPU(struct soft_cpu, soft_cpu);
static DEFINE_PERCPU(struct due_list, due_list);
static void (*handlers[SOFT_MAX])(void);

void soft_register(enum soft_kind kind, void (*fn)(void))
{
	kassert(!handlers[kind]);
	handlers[kind] = fn;
}

bool soft_running(void)
{
	return this_cpu_read(soft_active);
}

void soft_raise(enum soft_kind kind)
{
	u64 flags = irq_save();
	struct soft_cpu *c = this_cpu_ptr(soft_cpu);

	this_cpu_write(soft_pending, this_cpu_read(soft_pending) | (1u << kind));
	if (!this_cpu_read(soft_active) && !c->deferred && !need_resched(thread_current()))
		__atomic_fetch_or(&thread_current()->work, WORK_RESCHED, __ATOMIC_SEQ_CST);
	irq_restore(flags);
}

/* Does what is wanted now, once. Interrupts are off, and on meanwhile. */
static void one_round(struct soft_cpu *c)
{
	u32 kinds = this_cpu_read(soft_pending);

	this_cpu_write(soft_pending, 0);
	this_cpu_write(soft_active, 1);
	irq_enable();
	while (kinds) {
		unsigned kind = (unsigned)__builtin_ctz(kinds);

		kinds &= kinds - 1;
		handlers[kind]();
	}
	irq_disable();
	this_cpu_write(soft_active, 0);
}

void soft_run(void)
{
	struct soft_cpu *c = this_cpu_ptr(soft_cpu);
	u64 end;

	if (c->deferred)
		return;
	end = arch_clock_ns() + ROUND_NS;
	for (unsigned round = 0; this_cpu_read(soft_pending); round++) {
		if (c->thread && (round == ROUNDS || arch_clock_ns() >= end)) {
			c->deferred = true;
			thread_wake(c->thread);
			return;
		}
		one_round(c);
	}
}

/* The thread of a CPU: goes on until nothing is wanted, and lets others run in between. */
static void soft_main(void *arg)
{
	struct soft_cpu *c = arg;

	for (;;) {
		irq_disable();
		thread_prepare(THREAD_INTERRUPTIBLE);
		while (c->deferred && this_cpu_read(soft_pending)) {
			thread_running();
			one_round(c);
			irq_enable();
			sched_point();
			irq_disable();
			thread_prepare(THREAD_INTERRUPTIBLE);
		}
		c->deferred = false;
		irq_enable();
		thread_block();
	}
}

static void due_run(void)
{
	struct due_list *due = this_cpu_ptr(due_list);
	u64 flags = spin_lock_irq(&due->lock);
	struct list mine;

	list_init(&mine);
	list_splice_init(&due->timers, &mine);
	while (!list_empty(&mine)) {
		struct soft_timer *t = list_first_entry(&mine, struct soft_timer, link);

		list_del_init(&t->link);
		WRITE_ONCE(t->due_cpu, ~0u);
		spin_unlock_irq(&due->lock, flags);
		t->fn(t);
		flags = spin_lock_irq(&due->lock);
	}
	spin_unlock_irq(&due->lock, flags);
}

static void soft_timer_expired(struct timer *timer)
{
	struct soft_timer *t = container_of(timer, struct soft_timer, timer);
	struct due_list *due = this_cpu_ptr(due_list);

	spin_lock(&due->lock);
	WRITE_ONCE(t->due_cpu, cpu_id());
	list_add_tail(&t->link, &due->timers);
	spin_unlock(&due->lock);
	soft_raise(SOFT_TIMER);
}

void soft_timer_init(struct soft_timer *t, void (*fn)(struct soft_timer *timer))
{
	timer_init(&t->timer, soft_timer_expired);
	list_init(&t->link);
	t->fn = fn;
	t->due_cpu = ~0u;
}

bool soft_timer_cancel(struct soft_timer *t)
{
	bool was = timer_cancel_sync(&t->timer);
	u32 cpu = READ_ONCE(t->due_cpu);

	if (cpu != ~0u) {
		struct due_list *due = percpu_ptr(due_list, cpu);
		u64 flags = spin_lock_irq(&due->lock);

		if (t->due_cpu != ~0u) {
			list_del_init(&t->link);
			WRITE_ONCE(t->due_cpu, ~0u);
			was = true;
		}
		spin_unlock_irq(&due->lock, flags);
	}
	return was;
}

bool soft_timer_arm(struct soft_timer *t, u64 expires_ns)
{
	bool was = soft_timer_cancel(t);

	timer_arm(&t->timer, expires_ns);
	return !was;
}

void soft_init(void)
{
	soft_register(SOFT_TIMER, due_run);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct soft_cpu *c = percpu_ptr(soft_cpu, cpu);
		struct due_list *due = percpu_ptr(due_list, cpu);
		struct thread *thread;
		char name[16];

		spin_init(&due->lock, RANK_WORK, "due timers");
		list_init(&due->timers);
		snprintf(name, sizeof(name), "soft/%u", cpu);
		if (thread_create(name, NULL, soft_main, c, &thread) ||
		    sched_set_affinity(thread, BIT(cpu)))
			panic("soft: no memory");
		thread_start(thread);
		c->thread = thread;
	}
}
