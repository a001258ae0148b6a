/* /proc/timer_list: what each CPU's timers are set to (proc(5)). */
#include "abi/errno.h"
#include "arch/percpu.h"
#include "core/clock.h"
#include "core/symbols.h"
#include "mm/kmap.h"
#include "proc/procfs/procfs_int.h"
#include "sched/timer.h"

enum { TIMERS_MAX = 4096 };

static void print_timer(struct text *t, unsigned i, const struct timer_view *v, u64 now)
{
	u64 offset = 0;
	const char *name = symbol_find((u64)v->fn, &offset);
	long long at = (long long)v->expires_ns, left = (s64)(v->expires_ns - now);

	text_printf(t, " #%u: <%016llx>, %s, S:01\n", i, (unsigned long long)v->timer,
		    name ? name : "?");
	text_printf(t, " # expires at %lld-%lld nsecs [in %lld to %lld nsecs]\n", at, at, left,
		    left);
}

int show_timer_list(struct text *t, struct task *task)
{
	struct timer_view *list = kvmalloc(TIMERS_MAX * sizeof(*list), MM_KERNEL);
	u64 now = clock_monotonic();

	if (!list)
		return -ENOMEM;
	text_printf(t, "Timer List Version: v0.9\nHRTIMER_MAX_CLOCK_BASES: 1\n"
		       "now at %llu nsecs\n\n", (unsigned long long)now);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		unsigned n;

		if (!(cpus_online() & BIT(cpu)))
			continue;
		n = timer_view(cpu, list, TIMERS_MAX);
		text_printf(t, "cpu: %u\n clock 0:\n  .index:      0\n  .resolution: 1 nsecs\n"
			       "  .get_time:   clock_monotonic\n  .offset:     0 nsecs\n"
			       "active timers:\n", cpu);
		for (unsigned i = 0; i < n; i++)
			print_timer(t, i, &list[i], now);
		text_printf(t, "\n");
	}
	kvfree(list);
	return 0;
}
