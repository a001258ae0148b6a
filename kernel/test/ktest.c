/* The runner of the self-tests: see ktest.h. */
#include "test/ktest.h"

#include "arch/cpu.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"
#include "sched/rcu.h"
#include "sched/thread.h"

extern const struct ktest selftest_start[], selftest_end[]; /* kernel.ld */

static char wanted[64];
static bool failed; /* a: of the running test */

void ktest_fail(const char *file, int line, const char *what)
{
	__atomic_store_n(&failed, true, __ATOMIC_RELAXED);
	log_err("# %s:%d: %s", file, line, what);
}

void ktest_note(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_emit(LOG_NOTICE, "# %s", text);
}

/* On each CPU by turns: the stacks that one keeps warm nobody else may take. */
static void stocks_shrink(void)
{
	struct thread *me = thread_current();
	u64 cpus = me->affinity;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (sched_set_affinity(me, BIT(cpu)))
			continue; /* it is not online */
		sched_point(); /* there */
		mm_shrink_stocks();
	}
	(void)!sched_set_affinity(me, cpus);
}

u64 ktest_frames_settle(void)
{
	u64 frames = 0, last;

	do {
		last = frames;
		rcu_barrier();
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(clock_monotonic() + 20 * NSEC_PER_MSEC);
		stocks_shrink();
		frames = mm_free_frames();
	} while (frames != last);
	return frames;
}

bool ktest_frames_are_back(u64 before)
{
	u64 now = ktest_frames_settle();
	bool back = now + 16 * (cpu_count() - 1) >= before;

	if (!back)
		ktest_note("%llu frames are not back", (unsigned long long)(before - now));
	return back;
}

bool ktest_loses_nothing(void (*fn)(void))
{
	for (unsigned tries = 0; tries < 8; tries++) {
		u64 before = ktest_frames_settle();

		fn();
		if (ktest_frames_are_back(before))
			return true;
	}
	return false;
}

static void run_all(void)
{
	unsigned n = 0, n_failed = 0;

	for (const struct ktest *t = selftest_start; t < selftest_end; t++) {
		u64 start = clock_monotonic();

		if (!str_starts_with(t->name, wanted))
			continue;
		n++;
		__atomic_store_n(&failed, false, __ATOMIC_RELAXED);
		t->fn();
		if (__atomic_load_n(&failed, __ATOMIC_RELAXED)) {
			n_failed++;
			log_emit(LOG_NOTICE, "not ok %u %s", n, t->name);
		} else {
			log_emit(LOG_NOTICE, "ok %u %s # %llu us", n, t->name,
				 (unsigned long long)((clock_monotonic() - start) / NSEC_PER_USEC));
		}
	}
	log_emit(LOG_NOTICE, "1..%u", n);
	log_emit(LOG_NOTICE, "# %u passed, %u failed", n - n_failed, n_failed);
	cpu_debug_exit(n_failed ? 1 : 0);
	panic("selftest: done, and QEMU has no isa-debug-exit device");
}

void ktest_start(void)
{
	if (cmdline_get("selftest", wanted, sizeof(wanted)))
		run_all();
}
