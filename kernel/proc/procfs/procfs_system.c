/*
 * Files about the machine as a whole: meminfo, version, partitions and the like
 * (proc(5)).
 */
#include "abi/kdev.h"
#include "arch/boot.h"
#include "core/clock.h"
#include "core/symbols.h"
#include "dev/blk.h"
#include "dev/chr.h"
#include "dev/irq.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "proc/uts.h"
#include "vm/large.h"
#include "vm/swap.h"

#define ULL(x) ((unsigned long long)(x))

static void print_kib(struct text *t, const char *name, u64 pages)
{
	char label[32];

	snprintf(label, sizeof(label), "%s:", name);
	text_printf(t, "%-15s %8llu kB\n", label, ULL(pages * (PAGE_SIZE / 1024)));
}

int show_meminfo(struct text *t, struct task *task)
{
	u64 file, swap_total, swap_free;
	struct vm_large_stats large;
	struct pagecache_stats c;
	struct vm_locked locked;
	struct mm_stats m;
	int error = vm_locked(&locked);

	if (error)
		return error;
	mm_stats(&m);
	pagecache_stats(&c);
	swap_totals(&swap_total, &swap_free);
	file = c.pages > c.shmem ? c.pages - c.shmem : 0;
	print_kib(t, "MemTotal", m.total);
	print_kib(t, "MemFree", m.free);
	print_kib(t, "MemAvailable", m.free + file / 2 + m.slab_reclaimable / 2);
	print_kib(t, "Buffers", 0);
	print_kib(t, "Cached", c.pages);
	print_kib(t, "SwapCached", c.swap_cached);
	print_kib(t, "Active", c.active_anon + c.active_file);
	print_kib(t, "Inactive", c.inactive_anon + c.inactive_file);
	print_kib(t, "Active(anon)", c.active_anon);
	print_kib(t, "Inactive(anon)", c.inactive_anon);
	print_kib(t, "Active(file)", c.active_file);
	print_kib(t, "Inactive(file)", c.inactive_file);
	print_kib(t, "Unevictable", locked.unevictable);
	print_kib(t, "Mlocked", locked.mlocked);
	print_kib(t, "SwapTotal", swap_total);
	print_kib(t, "SwapFree", swap_free);
	print_kib(t, "Dirty", c.dirty);
	print_kib(t, "Writeback", c.writeback);
	print_kib(t, "AnonPages", c.anon);
	print_kib(t, "Mapped", c.mapped);
	print_kib(t, "Shmem", c.shmem);
	print_kib(t, "KReclaimable", m.slab_reclaimable);
	print_kib(t, "Slab", m.slab_reclaimable + m.slab_unreclaimable);
	print_kib(t, "SReclaimable", m.slab_reclaimable);
	print_kib(t, "SUnreclaim", m.slab_unreclaimable);
	text_printf(t, "%-15s %8llu kB\n", "KernelStack:", ULL(m.stacks * (PAGE_SIZE / 1024)));
	print_kib(t, "PageTables", m.tables);
	print_kib(t, "CommitLimit", vm_commit_limit());
	print_kib(t, "Committed_AS", vm_committed());
	text_printf(t, "%-15s %8llu kB\n", "VmallocTotal:", ULL((KMAP_TOP - KMAP_BASE) >> 10));
	vm_large_stats(&large);
	print_kib(t, "AnonHugePages", large.mapped * (LARGE_PAGE_SIZE / PAGE_SIZE));
	text_printf(t, "%-15s %8llu kB\n", "Hugepagesize:", LARGE_PAGE_SIZE >> 10);
	return 0;
}

static void show_vm_events(struct text *t)
{
	struct vm_events e;

	vm_events(&e);
	text_printf(t, "pswpin %llu\npswpout %llu\npgfault %llu\npgmajfault %llu\n",
		    ULL(e.swapped_in), ULL(e.swapped_out), ULL(e.faults), ULL(e.major_faults));
	text_printf(t, "pgscan %llu\npgsteal %llu\noom_kill %llu\n", ULL(e.scanned),
		    ULL(e.reclaimed), ULL(e.oom_kills));
}

int show_vmstat(struct text *t, struct task *task)
{
	struct vm_large_stats large;
	struct pagecache_stats c;
	struct vm_locked locked;
	struct mm_stats m;
	int error = vm_locked(&locked);

	if (error)
		return error;
	mm_stats(&m);
	pagecache_stats(&c);
	text_printf(
		t,
		"nr_free_pages %llu\nnr_inactive_anon %llu\nnr_active_anon %llu\n"
		"nr_inactive_file %llu\nnr_active_file %llu\nnr_unevictable %llu\n"
		"nr_mlock %llu\n",
		ULL(m.free), ULL(c.inactive_anon), ULL(c.active_anon), ULL(c.inactive_file),
		ULL(c.active_file), ULL(locked.unevictable), ULL(locked.mlocked));
	text_printf(
		t,
		"nr_slab_reclaimable %llu\nnr_slab_unreclaimable %llu\nnr_anon_pages %llu\n"
		"nr_mapped %llu\nnr_file_pages %llu\nnr_dirty %llu\n"
		"nr_writeback %llu\nnr_shmem %llu\nnr_page_table_pages %llu\n",
		ULL(m.slab_reclaimable), ULL(m.slab_unreclaimable), ULL(c.anon), ULL(c.mapped),
		ULL(c.pages), ULL(c.dirty), ULL(c.writeback), ULL(c.shmem), ULL(m.tables));
	text_printf(t, "nr_kernel_stack %llu\nnr_swapcached %llu\n",
		    ULL(m.stacks * (PAGE_SIZE / 1024)), ULL(c.swap_cached));
	text_printf(t, "nr_dirty_threshold %llu\nnr_dirty_background_threshold %llu\n",
		    ULL(writeback_limit()), ULL(writeback_background_limit()));
	show_vm_events(t);
	vm_large_stats(&large);
	text_printf(t, "nr_anon_transparent_hugepages %llu\nthp_fault_alloc %llu\n"
		       "thp_fault_fallback %llu\nthp_collapse_alloc %llu\n"
		       "thp_split_page %llu\nthp_split_pmd %llu\n",
		    ULL(large.mapped), ULL(large.allocated), ULL(large.fallbacks),
		    ULL(large.collapsed), ULL(large.splits), ULL(large.splits));
	return 0;
}

int show_version(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s version %s (skerry) (gcc %s) %s\n", u.sysname, u.release, __VERSION__,
		    u.version);
	return 0;
}

int show_boot_cmdline(struct text *t, struct task *task)
{
	text_printf(t, "%s\n", boot_info.cmdline);
	return 0;
}

static void print_partition(struct blkdev *d, void *arg)
{
	if (d->n_sectors) /* else it is a loop device that shows no file */
		text_printf(arg, "%4u %8u %10llu %s\n", d->major, d->minor,
			    ULL(d->n_sectors / 2), d->name);
}

int show_partitions(struct text *t, struct task *task)
{
	text_printf(t, "major minor  #blocks  name\n\n");
	blkdev_each(print_partition, t);
	return 0;
}

static void print_operation(struct text *t, const struct blk_stats *s, enum blk_op op)
{
	text_printf(t, " %llu %llu %llu %llu", ULL(s->ios[op]), ULL(s->merges[op]),
		    ULL(s->sectors[op]), ULL(s->ns[op] / NSEC_PER_MSEC));
}

static void print_diskstats(struct blkdev *d, void *arg)
{
	struct blk_stats s;

	blkdev_stats(d, &s);
	text_printf(arg, "%4u %7u %s", d->major, d->minor, d->name);
	print_operation(arg, &s, BLK_READ);
	print_operation(arg, &s, BLK_WRITE);
	text_printf(arg, " %llu %llu %llu", ULL(s.in_flight), ULL(s.busy_ns / NSEC_PER_MSEC),
		    ULL(s.weighted_ns / NSEC_PER_MSEC));
	print_operation(arg, &s, BLK_DISCARD);
	text_printf(arg, " %llu %llu\n", ULL(s.ios[BLK_FLUSH]),
		    ULL(s.ns[BLK_FLUSH] / NSEC_PER_MSEC));
}

int show_diskstats(struct text *t, struct task *task)
{
	blkdev_each(print_diskstats, t);
	return 0;
}

/* One line for neighbours with one major number and one name: tty1, tty2 … are all tty. */
struct chrdev_line {
	struct text *t;
	u32 major;
	char name[32];
};

static void print_chrdev(struct chrdev *dev, void *arg)
{
	struct chrdev_line *line = arg;
	const char *source = dev->driver ? dev->driver : dev->name;
	char name[sizeof(line->name)];
	size_t n;

	if (!source)
		return;
	n = min(strcspn(source, "0123456789%"), sizeof(name) - 1);
	memcpy(name, source, n);
	name[n] = 0;
	if (line->major == dev->major && !strcmp(line->name, name))
		return;
	line->major = dev->major;
	memcpy(line->name, name, n + 1);
	text_printf(line->t, "%3u %s\n", dev->major, name);
}

int show_devices(struct text *t, struct task *task)
{
	struct chrdev_line line = { .t = t };

	text_printf(t, "Character devices:\n");
	chrdev_each(print_chrdev, &line);
	text_printf(t, "\nBlock devices:\n  8 sd\n");
	return 0;
}

static void print_misc(struct chrdev *dev, void *arg)
{
	if (dev->major == MISC_MAJOR && dev->name)
		text_printf(arg, "%3u %s\n", dev->minor, dev->name);
}

int show_misc(struct text *t, struct task *task)
{
	chrdev_each(print_misc, t);
	return 0;
}

int show_buddyinfo(struct text *t, struct task *task)
{
	static const char *const names[MM_ZONES] = { "DMA32", "Normal" };
	u64 n[MM_ORDERS];

	for (unsigned zone = 0; zone < MM_ZONES; zone++) {
		u64 any = 0;

		mm_free_blocks(zone, n);
		for (unsigned order = 0; order < MM_ORDERS; order++)
			any |= n[order];
		if (!any)
			continue;
		text_printf(t, "Node 0, zone %8s ", names[zone]);
		for (unsigned order = 0; order < MM_ORDERS; order++)
			text_printf(t, "%6llu ", ULL(n[order]));
		text_printf(t, "\n");
	}
	return 0;
}

static void print_swap(const struct swap_info *info, void *arg)
{
	u64 size = info->size * (PAGE_SIZE / 1024), used = info->used * (PAGE_SIZE / 1024);
	struct text *t = arg;
	size_t start = t->used;

	text_escape(t, info->name, " \t\n\\");
	do
		text_write(t, " ", 1);
	while (t->used - start < 40 && !t->error);
	text_printf(t, "%s\t%llu\t%s%llu\t%s%d\n", info->partition ? "partition" : "file\t",
		    ULL(size), size < 10000000 ? "\t" : "", ULL(used),
		    used < 10000000 ? "\t" : "", info->priority);
}

int show_swaps(struct text *t, struct task *task)
{
	text_printf(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	swap_each(print_swap, t);
	return 0;
}

static void print_symbol(u64 address, const char *name, void *arg)
{
	text_printf(arg, "%016llx t %s\n", ULL(address), name);
}

int show_kallsyms(struct text *t, struct task *task)
{
	symbol_each(print_symbol, t);
	return 0;
}

static void print_slab(const struct slab_info *s, void *arg)
{
	text_printf(
		arg,
		"%-17s %6llu %6llu %6llu %4llu %4llu : tunables    0    0    0 : slabdata %6llu "
		"%6llu      0\n",
		s->name, ULL(s->active), ULL(s->total), ULL(s->size), ULL(s->per_slab),
		ULL(s->pages_per_slab), ULL(s->slabs), ULL(s->slabs));
}

int show_slabinfo(struct text *t, struct task *task)
{
	text_printf(t, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> <objperslab> "
		    "<pagesperslab>"
		    " : tunables <limit> <batchcount> <sharedfactor>"
		    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	slab_each(print_slab, t);
	return 0;
}
