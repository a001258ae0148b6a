/*
 * /sys/devices/system/cpu: which processors there are, and how they are arranged. Every processor
 * is a core and a package of its own: nothing of what is shared matters to the scheduler.
 */
#include "abi/stat.h"
#include "arch/percpu.h"
#include "fs/sysfs/sysfs_int.h"

/* A list of numbers from first to last, as the kernel's lists are written. */
static int show_list(struct text *t, unsigned first, unsigned last)
{
	if (first == last)
		text_printf(t, "%u\n", first);
	else
		text_printf(t, "%u-%u\n", first, last);
	return 0;
}

static int show_mask(struct text *t, u64 mask)
{
	unsigned n = cpu_count();

	if (n > 32)
		text_printf(t, "%0*x,%08x\n", (int)(n - 32 + 3) / 4, (u32)(mask >> 32), (u32)mask);
	else
		text_printf(t, "%0*x\n", (int)(n + 3) / 4, (u32)mask);
	return 0;
}

static int show_all(struct text *t, unsigned index)
{
	return show_list(t, 0, cpu_count() - 1);
}

static int show_none(struct text *t, unsigned index)
{
	text_printf(t, "\n");
	return 0;
}

static int show_kernel_max(struct text *t, unsigned index)
{
	text_printf(t, "%u\n", CPU_MAX - 1);
	return 0;
}

static int show_number(struct text *t, unsigned cpu)
{
	text_printf(t, "%u\n", cpu);
	return 0;
}

static int show_zero(struct text *t, unsigned cpu)
{
	text_printf(t, "0\n");
	return 0;
}

static int show_self(struct text *t, unsigned cpu)
{
	return show_mask(t, 1ull << cpu);
}

static int show_self_list(struct text *t, unsigned cpu)
{
	return show_list(t, cpu, cpu);
}

#define TEXT(name_, show_) { .name = name_, .mode = S_IFREG | 0444, .show = show_ }

static const struct sysfs_node topology_children[] = {
	TEXT("physical_package_id", show_number),
	TEXT("die_id", show_zero),
	TEXT("core_id", show_zero),
	TEXT("thread_siblings", show_self),
	TEXT("thread_siblings_list", show_self_list),
	TEXT("core_cpus", show_self),
	TEXT("core_cpus_list", show_self_list),
	TEXT("core_siblings", show_self),
	TEXT("core_siblings_list", show_self_list),
	TEXT("package_cpus", show_self),
	TEXT("package_cpus_list", show_self_list),
	{ NULL },
};

static const struct sysfs_node cpu_children[] = {
	{ .name = "topology", .mode = S_IFDIR | 0755, .children = topology_children },
	{ NULL },
};

const struct sysfs_node sysfs_cpu_children[] = {
	{ .name = "cpu", .mode = S_IFDIR | 0755, .children = cpu_children, .count = cpu_count },
	TEXT("online", show_all),
	TEXT("possible", show_all),
	TEXT("present", show_all),
	TEXT("offline", show_none),
	TEXT("kernel_max", show_kernel_max),
	{ NULL },
};
