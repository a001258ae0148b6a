/*
 * Bringing up the other processors, one after the other: each gets its per-CPU area and exception
 * stacks (arch/smp.h), an idle thread with its stack and a run queue, and then idles until the
 * scheduler gives it threads.
 */
#include "init/smp.h"

#include "arch/percpu.h"
#include "arch/smp.h"
#include "core/log.h"
#include "mm/frames.h"
#include "sched/thread.h"

static void *area_alloc(size_t bytes)
{
	struct page *page;
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	page = page_alloc_order(order, MM_KERNEL | MM_ZERO);
	return page ? page_to_virt(page) : NULL;
}

/* What each processor runs from its first moment in the kernel on. */
static void cpu_entry(void)
{
	sched_cpu_start();
	sched_idle_loop();
}

void smp_start(void)
{
	static void *stacks[CPU_MAX];
	unsigned others = smp_others();

	for (unsigned i = 0; i < others; i++) {
		unsigned cpu = cpu_count();

		if (smp_cpu_prepare(cpu, area_alloc))
			break;
		/* A processor that does not come leaves its number's thread to the next. */
		if (!stacks[cpu])
			stacks[cpu] = sched_cpu_prepare(cpu);
		if (!stacks[cpu])
			break;
		smp_cpu_start(i, cpu, stacks[cpu], cpu_entry);
	}
	smp_started();
	if (others)
		log_info("smp: %u of %u processors run", cpu_count(), others + 1);
}
