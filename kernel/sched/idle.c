/*
 * What a CPU does when there is nothing to do: it looks for work on other CPUs, watches its work
 * word for a moment, and halts until an interrupt. Waking a halted CPU costs tens of microseconds,
 * in particular under an emulator; so if the last waits were short it watches longer, and if they
 * were long it halts at once.
 *
 * While it watches (rq->polling), another CPU need only set WORK_RESCHED in the idle thread's work
 * word, and timers are served by the clock.
 */
#include "arch/irq.h"
#include "core/panic.h"
#include "mm/kmap.h"
#include "sched/run_int.h"

#define SPIN_MIN_NS (2 * (u64)NSEC_PER_USEC)
#define SPIN_MAX_NS (60 * (u64)NSEC_PER_USEC)

/* Watches for `ns`, or until the first timer is due if that is soon: whether something came. */
static bool watch(const struct thread *idle, u64 ns)
{
	u64 now = arch_clock_ns(), end = now + ns, due = timer_next();

	if (due < now + SPIN_MAX_NS)
		end = max(end, due + 1);
	do {
		cpu_relax();
		if (need_resched(idle))
			return true;
		now = arch_clock_ns();
		if (now >= timer_next())
			timer_poll(now);
	} while (now < end);
	return need_resched(idle);
}

/* Halts until an interrupt comes, unless there is work. Adapts the watching to how long it took. */
static void halt(struct runqueue *rq, const struct thread *idle)
{
	u64 start, ns;

	irq_disable();
	__atomic_store_n(&rq->polling, false, __ATOMIC_SEQ_CST);
	if (need_resched(idle)) {
		irq_enable();
	} else {
		start = arch_clock_ns();
		cpu_wait_for_interrupt();
		ns = arch_clock_ns() - start;
		rq->spin_ns = ns < 2 * SPIN_MAX_NS ? min(2 * rq->spin_ns, SPIN_MAX_NS) :
						     max(rq->spin_ns / 2, SPIN_MIN_NS);
	}
	__atomic_store_n(&rq->polling, true, __ATOMIC_SEQ_CST);
}

void sched_idle_loop(void)
{
	struct runqueue *rq = this_runqueue();
	struct thread *idle = rq->idle;

	irq_enable();
	__atomic_store_n(&rq->polling, true, __ATOMIC_SEQ_CST);
	for (;;) {
		rcu_pass();
		if (need_resched(idle) || place_steal(rq)) {
			sched_switch_now();
			continue;
		}
		if (watch(idle, rq->spin_ns))
			continue;
		rcu_tick();
		halt(rq, idle);
	}
}

void *sched_cpu_prepare(unsigned cpu)
{
	struct thread *idle = thread_make_idle(cpu);

	return idle ? (char *)idle->stack + KSTACK_SIZE : NULL;
}

void sched_cpu_start(void)
{
	struct runqueue *rq = this_runqueue();

	context_adopt_boot(&rq->idle->arch);
	this_cpu_write(cpu_thread, rq->idle);
	rq->idle->slice_start = arch_clock_ns();
	__atomic_fetch_or(&idle_cpus, BIT(rq->cpu), __ATOMIC_SEQ_CST);
}
