/* The watchdog reports what is stuck, once, and a report of one CPU stays together. */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/trace.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "test/ktest.h"

#define STUCK "CPU 1 has had interrupts off"

static u32 stage; /* a */

/* How many records with these words the log has since `seq`. */
static unsigned logged(u64 seq, const char *words)
{
	static struct log_record r;
	unsigned n = 0;

	while (log_read(&seq, &r) == 0) {
		r.text[min((size_t)r.length, sizeof(r.text) - 1)] = 0;
		n += strstr(r.text, words) != NULL;
	}
	return n;
}

static void await_stage(u32 value)
{
	u64 end = clock_monotonic() + 20 * (u64)NSEC_PER_SEC;

	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != value && clock_monotonic() < end)
		cpu_relax();
	KTEST_CHECK(__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == value);
}

static void deaf(void *arg)
{
	u64 flags = irq_save(), start = cpu_cycles();

	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	/* No call in the loop: the innermost frame is this function's. */
	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != 2 && cpu_cycles() - start < 1ull << 36)
		cpu_relax();
	irq_restore(flags);
	__atomic_store_n(&stage, 3, __ATOMIC_SEQ_CST);
}

KTEST(watchdog_stuck_cpu)
{
	unsigned told, tries = 0;
	u64 seq = log_next_seq(), later;
	struct thread *t;

	if (cpu_count() == 1)
		return;
	KTEST_CHECK(sched_set_affinity(thread_current(), 1) == 0);
	sched_yield();
	sched_point();
	__atomic_store_n(&stage, 0, __ATOMIC_SEQ_CST);
	KTEST_CHECK(thread_create("deaf", NULL, deaf, NULL, &t) == 0);
	sched_set_affinity(t, BIT(1));
	thread_start(t);
	await_stage(1);
	later = clock_monotonic() + 11 * (u64)NSEC_PER_SEC;
	/* A third CPU that does something at this moment has been silent as long, as seen from
	 * then; and a tick that comes in between finds the second one well, by the true time. */
	KTEST_CHECK(sched_watch_cpus(later) >= 1);
	do {
		told = logged(seq, STUCK);
		(void)sched_watch_cpus(later);
	} while (logged(seq, STUCK) != told && ++tries < 20);
	KTEST_CHECK(told >= 1 && tries < 20);
	__atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
	await_stage(3);
	KTEST_CHECK(logged(seq, " deaf+") >= 1);
	thread_put(t);
	sched_set_affinity(thread_current(), ~0ull);
}

static void sleeper(void *arg)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	thread_block();
}

KTEST(watchdog_hung_thread)
{
	u64 seq = log_next_seq(), later;
	struct thread *t;

	__atomic_store_n(&stage, 0, __ATOMIC_SEQ_CST);
	KTEST_CHECK(thread_create("sleeper", NULL, sleeper, NULL, &t) == 0);
	thread_start(t);
	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != 1 ||
	       __atomic_load_n(&t->on_cpu, __ATOMIC_SEQ_CST))
		sched_yield();
	KTEST_CHECK(sched_watch_threads(clock_monotonic()) == 0);
	later = clock_monotonic() + 121 * (u64)NSEC_PER_SEC;
	/* Another thread that sleeps for a moment has slept as long, as seen from then. */
	KTEST_CHECK(sched_watch_threads(later) >= 1);
	(void)sched_watch_threads(later);
	KTEST_CHECK(logged(seq, "thread sleeper, tid 0, has been uninterruptible for 12") == 1);
	KTEST_CHECK(logged(seq, " sleeper+"));
	thread_wake(t);
	thread_put(t);
}

static void chatter(void *arg)
{
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 1) {
		log_debug("watchdog test: chatter");
		sched_point();
	}
	__atomic_store_n(&stage, 3, __ATOMIC_SEQ_CST);
}

KTEST(watchdog_report_whole)
{
	static struct log_record r;
	unsigned lines = 0, strangers = 0;
	int level = log_console_level();
	u64 seq, flags;

	if (cpu_count() == 1)
		return;
	log_console_level_set(LOG_DEBUG);
	__atomic_store_n(&stage, 0, __ATOMIC_SEQ_CST);
	KTEST_CHECK(kthread_start("chatter", chatter, NULL) == 0);
	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != 1)
		sched_yield();
	flags = log_hold();
	seq = log_next_seq();
	for (unsigned i = 0; i < 20; i++)
		log_debug("watchdog test: line %u", i);
	log_release(flags);
	__atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) != 3)
		sched_yield();
	log_console_level_set(level);
	while (lines < 20 && log_read(&seq, &r) == 0) {
		r.text[min((size_t)r.length, sizeof(r.text) - 1)] = 0;
		if (strstr(r.text, "test: line"))
			lines++;
		else
			strangers++;
	}
	/* One may have been on its way when the hold began. */
	KTEST_CHECK(lines == 20 && strangers <= 1);
}
