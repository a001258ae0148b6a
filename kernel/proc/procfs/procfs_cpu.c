/*
 * Files about the processors and what they do: cpuinfo, stat, interrupts, schedstat, loadavg,
 * uptime (proc(5)).
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "core/clock.h"
#include "dev/irq.h"
#include "lib/format.h"
#include "proc/pid.h"
#include "proc/procfs/procfs_int.h"
#include "sched/thread.h"

#define ULL(x) ((unsigned long long)(x))
#define USER_HZ 100

int show_cpuinfo(struct text *t, struct task *task)
{
	for (unsigned i = 0; i < cpu_count(); i++) {
		const struct cpu_info *c = cpu_info(i);

		text_printf(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
			       "model name\t: %s\nstepping\t: %u\n", i, c->vendor,
			    c->family, c->model, c->model_name, c->stepping);
		text_printf(
			t,
			"cpu MHz\t\t: %llu.%03llu\nphysical id\t: 0\nsiblings\t: %u\n"
			"core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n",
			ULL(c->tsc_khz / 1000), ULL(c->tsc_khz % 1000), cpu_count(), i, cpu_count(),
			c->apic_id);
		text_printf(t, "fpu\t\t: yes\nwp\t\t: yes\nflags\t\t: %s\n"
			       "bogomips\t: %llu.%02llu\n\n", c->flags, ULL(c->tsc_khz / 500),
			    ULL(c->tsc_khz / 5 % 100));
	}
	return 0;
}

static void print_cpu_times(struct text *t, const char *name, const struct sched_cpu_stats *s)
{
	const u64 tick = NSEC_PER_SEC / USER_HZ;

	text_printf(t, "%s %llu %llu %llu %llu %llu %llu 0 0 0 0\n", name, ULL(s->user_ns / tick),
		    ULL(s->nice_ns / tick), ULL(s->system_ns / tick), ULL(s->idle_ns / tick),
		    ULL(s->iowait_ns / tick), ULL(s->irq_ns / tick));
}

/* The kernel's own interrupts: what /proc/interrupts calls them. */
static const struct own_interrupt {
	const char *name, *what;
	size_t offset; /* in struct irq_cpu_counts */
} own_interrupts[] = {
	{ "NMI", "Non-maskable interrupts", offsetof(struct irq_cpu_counts, nmi) },
	{ "LOC", "Local timer interrupts", offsetof(struct irq_cpu_counts, timer) },
	{ "SPU", "Spurious interrupts", offsetof(struct irq_cpu_counts, spurious) },
	{ "RES", "Rescheduling interrupts", offsetof(struct irq_cpu_counts, kick) },
	{ "CAL", "Function call interrupts", offsetof(struct irq_cpu_counts, call) },
	{ "TLB", "TLB shootdowns", offsetof(struct irq_cpu_counts, tlb) },
};

static u64 own_count(const struct own_interrupt *o, unsigned cpu)
{
	struct irq_cpu_counts counts;

	irq_cpu_counts(cpu, &counts);
	return *(const u64 *)(const void *)((const char *)&counts + o->offset);
}

static void sum_interrupts(unsigned number, const u64 *counts, const char *kind, const char *names,
			   void *arg)
{
	for (unsigned i = 0; i < cpu_count(); i++)
		*(u64 *)arg += counts[i];
}

int show_system_stat(struct text *t, struct task *task)
{
	struct sched_cpu_stats all = { 0 }, one;
	u64 interrupts = 0, boot = (clock_realtime() - clock_monotonic()) / NSEC_PER_SEC;

	for (unsigned i = 0; i < cpu_count(); i++) {
		sched_cpu_stats(i, &one);
		all.user_ns += one.user_ns;
		all.nice_ns += one.nice_ns;
		all.system_ns += one.system_ns;
		all.idle_ns += one.idle_ns;
		all.iowait_ns += one.iowait_ns;
		all.irq_ns += one.irq_ns;
		all.switches += one.switches;
	}
	print_cpu_times(t, "cpu ", &all);
	for (unsigned i = 0; i < cpu_count(); i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu%u", i);
		sched_cpu_stats(i, &one);
		print_cpu_times(t, name, &one);
	}
	irq_each(sum_interrupts, &interrupts);
	for (size_t i = 0; i < ARRAY_SIZE(own_interrupts); i++) {
		for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
			interrupts += own_count(&own_interrupts[i], cpu);
	}
	text_printf(t, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %llu\n"
		       "procs_blocked %llu\n", ULL(interrupts), ULL(all.switches),
		    ULL(boot), ULL(sched_forks()), ULL(sched_running()), ULL(sched_blocked()));
	return 0;
}

int show_uptime(struct text *t, struct task *task)
{
	u64 now = clock_monotonic() / (NSEC_PER_SEC / 100), idle = 0;

	for (unsigned i = 0; i < cpu_count(); i++) {
		struct sched_cpu_stats s;

		sched_cpu_stats(i, &s);
		idle += s.idle_ns + s.iowait_ns;
	}
	idle /= NSEC_PER_SEC / 100;
	text_printf(t, "%llu.%02llu %llu.%02llu\n", ULL(now / 100), ULL(now % 100), ULL(idle / 100),
		    ULL(idle % 100));
	return 0;
}

int show_loadavg(struct text *t, struct task *task)
{
	u32 load[3];

	sched_loadavg(load);
	for (int i = 0; i < 3; i++)
		text_printf(t, "%u.%02u ", load[i] >> 11, ((load[i] & 2047) * 100) >> 11);
	text_printf(t, "%llu/%u %d\n", ULL(sched_running()), pid_count(), pid_last());
	return 0;
}

static void print_interrupt(unsigned number, const u64 *counts, const char *kind, const char *names,
			    void *arg)
{
	text_printf(arg, "%3u:", number);
	for (unsigned i = 0; i < cpu_count(); i++)
		text_printf(arg, " %10llu", ULL(counts[i]));
	text_printf(arg, "   %s   %s\n", kind, names);
}

int show_interrupts(struct text *t, struct task *task)
{
	text_printf(t, "    ");
	for (unsigned i = 0; i < cpu_count(); i++)
		text_printf(t, "       CPU%u", i);
	text_printf(t, "\n");
	irq_each(print_interrupt, t);
	for (size_t i = 0; i < ARRAY_SIZE(own_interrupts); i++) {
		text_printf(t, "%s:", own_interrupts[i].name);
		for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
			text_printf(t, " %10llu", ULL(own_count(&own_interrupts[i], cpu)));
		text_printf(t, "   %s\n", own_interrupts[i].what);
	}
	return 0;
}

/* Version 15 of the format that Linux documents in sched-stats.rst, without domains. */
int show_system_schedstat(struct text *t, struct task *task)
{
	text_printf(t, "version 15\ntimestamp %llu\n",
		    ULL(clock_monotonic() / (NSEC_PER_SEC / 100)));
	for (unsigned i = 0; i < cpu_count(); i++) {
		struct sched_cpu_work w;

		sched_cpu_work(i, &w);
		text_printf(t, "cpu%u %llu 0 %llu %llu %llu %llu %llu %llu %llu\n", i,
			    ULL(w.yields), ULL(w.switches), ULL(w.idles), ULL(w.wakes),
			    ULL(w.wakes_here), ULL(w.busy_ns), ULL(w.wait_ns),
			    ULL(w.switches - w.idles));
	}
	return 0;
}
