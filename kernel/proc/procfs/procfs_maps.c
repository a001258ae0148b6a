/*
 * The address space of a process as text: maps, smaps, cmdline, environ, auxv (proc(5)).
 */
#include "abi/errno.h"
#include "abi/kdev.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define ULL(x) ((unsigned long long)(x))

/* The name column: the file, or what the area is for. */
static void area_name(struct text *t, struct aspace *as, struct vm_area *area, const char *path)
{
	const char *name = path, *label = area_label_text(area);

	if (!*name && area->name)
		name = area->name;
	else if (!*name && area->start <= as->brk && area->end >= as->start_brk &&
		 (area->flags & AREA_HEAP))
		name = "[heap]";
	else if (!*name && (area->flags & AREA_STACK))
		name = "[stack]";
	if (!*name && label) {
		text_printf(t, " [anon:%s]", label);
	} else if (*name) {
		text_printf(t, " ");
		text_escape(t, name, "\n");
	}
}

/* Blanks up to the name's column of a line that began at `start`. */
static void pad_name(struct text *t, size_t start)
{
	while (t->used - start < 72 && !t->error)
		text_write(t, " ", 1);
}

static void print_area(struct text *t, struct aspace *as, struct vm_area *area,
		       const struct path *root, char *path)
{
	u64 dev = 0, ino = 0, offset = area->cache ? area->index << PAGE_SHIFT : 0;
	size_t start = t->used;

	path[0] = 0;
	if (area->source && area->source->describe)
		area->source->describe(area, root, path, PATH_MAX, &dev, &ino);
	text_printf(t, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu", ULL(area->start),
		    ULL(area->end), area->flags & AREA_READ ? 'r' : '-',
		    area->flags & AREA_WRITE ? 'w' : '-', area->flags & AREA_EXEC ? 'x' : '-',
		    area->flags & AREA_SHARED ? 's' : 'p', ULL(offset), dev_major((u32)dev),
		    dev_minor((u32)dev), ULL(ino));
	pad_name(t, start);
	area_name(t, as, area, path);
	text_printf(t, "\n");
}

static void print_flags(struct text *t, struct vm_area *area)
{
	static const struct {
		u32 flag;
		const char *name;
	} names[] = {
		{ AREA_READ, "rd" }, { AREA_WRITE, "wr" }, { AREA_EXEC, "ex" },
		{ AREA_SHARED, "sh" }, { AREA_MAYREAD, "mr" }, { AREA_MAYWRITE, "mw" },
		{ AREA_MAYEXEC, "me" }, { AREA_SHARED, "ms" }, { AREA_GROWSDOWN, "gd" },
		{ AREA_DEVICE, "pf" }, { AREA_LOCKED, "lo" }, { AREA_DEVICE, "io" },
		{ AREA_SEQUENTIAL, "sr" }, { AREA_RANDOM, "rr" }, { AREA_DONTFORK, "dc" },
		{ AREA_SPECIAL | AREA_DEVICE, "de" }, { AREA_ACCOUNTED, "ac" },
		{ AREA_NORESERVE, "nr" }, { AREA_WIPEONFORK, "wf" },
		{ AREA_DONTDUMP | AREA_DEVICE, "dd" },
		{ AREA_HUGE, "hg" }, { AREA_NOHUGE, "nh" },
	};

	text_printf(t, "VmFlags: ");
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (area->flags & names[i].flag)
			text_printf(t, "%s ", names[i].name);
	text_printf(t, "\n");
}

static void print_kib(struct text *t, const char *name, u64 kib)
{
	text_printf(t, "%-15s %8llu kB\n", name, ULL(kib));
}

static void print_sums(struct text *t, const struct area_usage *u, bool kinds)
{
	const u64 kib = PAGE_SIZE / 1024, parts = 4096 / kib; /* of pss, in a KiB */

	print_kib(t, "Rss:", u->rss * kib);
	print_kib(t, "Pss:", u->pss / parts);
	print_kib(t, "Pss_Dirty:", u->pss_dirty / parts);
	if (kinds) {
		print_kib(t, "Pss_Anon:", u->pss_anon / parts);
		print_kib(t, "Pss_File:", u->pss_file / parts);
		print_kib(t, "Pss_Shmem:", u->pss_shmem / parts);
	}
	print_kib(t, "Shared_Clean:", u->shared_clean * kib);
	print_kib(t, "Shared_Dirty:", u->shared_dirty * kib);
	print_kib(t, "Private_Clean:", u->private_clean * kib);
	print_kib(t, "Private_Dirty:", u->private_dirty * kib);
	print_kib(t, "Referenced:", u->referenced * kib);
	print_kib(t, "Anonymous:", u->anonymous * kib);
	/* MADV_FREE frees at once; of files there are small pages only; no hugetlbfs. */
	print_kib(t, "LazyFree:", 0);
	print_kib(t, "AnonHugePages:", u->large * kib);
	print_kib(t, "ShmemPmdMapped:", 0);
	print_kib(t, "FilePmdMapped:", 0);
	print_kib(t, "Shared_Hugetlb:", 0);
	print_kib(t, "Private_Hugetlb:", 0);
	print_kib(t, "Swap:", u->swap * kib);
	print_kib(t, "SwapPss:", u->swap_pss / parts);
	print_kib(t, "Locked:", u->pss_locked / parts);
}

static void print_usage(struct text *t, struct vm_area *area)
{
	struct area_usage usage = { 0 };

	area_usage_add(area, &usage);
	print_kib(t, "Size:", (area->end - area->start) >> 10);
	print_kib(t, "KernelPageSize:", PAGE_SIZE >> 10);
	print_kib(t, "MMUPageSize:", PAGE_SIZE >> 10);
	print_sums(t, &usage, false);
	text_printf(t, "THPeligible:    %8u\n", area_large_eligible(area));
	print_flags(t, area);
}

/*
 * A part of the areas, from the address t->from on. One that grew downwards or was joined to what
 * is above it since the last part may be told again from its start, as it is now.
 */
static void areas_print(struct text *t, struct aspace *as, const struct path *root, char *path,
			bool usage)
{
	for (struct vm_area *area = area_find(as, t->from); area; area = area_next(area)) {
		size_t used = t->used;

		print_area(t, as, area, root, path);
		if (usage)
			print_usage(t, area);
		if (used && t->used > t->want) {
			t->used = used;
			t->next = area->start;
			return;
		}
	}
}

static int maps_print(struct text *t, struct task *task, bool usage)
{
	struct path root;
	struct aspace *as;
	char *path;

	path = kmalloc(PATH_MAX, MM_KERNEL);
	if (!path)
		return -ENOMEM;
	fs_context_get_paths(task_current()->fs, &root, NULL);
	as = process_aspace_get(task->process);
	if (as) {
		rwsem_read(&as->lock);
		areas_print(t, as, &root, path, usage);
		rwsem_read_end(&as->lock);
		aspace_put_user(as);
	}
	path_put(&root);
	kfree(path);
	return 0;
}

int show_maps(struct text *t, struct task *task)
{
	return maps_print(t, task, false);
}

int show_smaps(struct text *t, struct task *task)
{
	return maps_print(t, task, true);
}

int show_smaps_rollup(struct text *t, struct task *task)
{
	struct aspace *as = process_aspace_get(task->process);
	struct area_usage usage = { 0 };
	struct vm_area *area;
	vaddr_t start, end = 0;
	size_t line = t->used;

	if (!as)
		return 0;
	rwsem_read(&as->lock);
	area = area_first(as);
	start = area ? area->start : 0;
	for (; area; area = area_next(area)) {
		area_usage_add(area, &usage);
		end = area->end;
	}
	rwsem_read_end(&as->lock);
	aspace_put_user(as);
	text_printf(t, "%08llx-%08llx ---p %08x 00:00 0 ", ULL(start), ULL(end), 0);
	pad_name(t, line);
	text_printf(t, " [rollup]\n");
	print_sums(t, &usage, true);
	return 0;
}

/* Copies [start, end) of a space into the text, bounded. */
static void print_memory(struct text *t, struct aspace *as, vaddr_t start, vaddr_t end)
{
	char chunk[256];

	if (end - start > (8u << 20))
		return;
	while (start < end) {
		size_t n =
			aspace_peek(as, start, chunk, min(end - start, (u64)sizeof(chunk)), false);

		if (!n)
			break;
		text_write(t, chunk, n);
		start += n;
	}
}

int show_cmdline(struct text *t, struct task *task)
{
	struct aspace *as = process_aspace_get(task->process);

	if (!as)
		return 0;
	if (as->arg_end > as->arg_start)
		print_memory(t, as, as->arg_start, as->arg_end);
	/* setproctitle(3) overwrites the last NUL and goes on into the environment */
	if (t->used && t->buf[t->used - 1] && as->env_end > as->env_start) {
		size_t at = t->used;

		print_memory(t, as, as->env_start, as->env_end);
		if (t->used > at)
			t->used = at + strnlen(t->buf + at, t->used - at);
	}
	aspace_put_user(as);
	return 0;
}

int show_environ(struct text *t, struct task *task)
{
	struct aspace *as;

	as = process_aspace_get(task->process);
	if (!as)
		return 0;
	if (as->env_end > as->env_start)
		print_memory(t, as, as->env_start, as->env_end);
	aspace_put_user(as);
	return 0;
}

int show_auxv(struct text *t, struct task *task)
{
	u64 auxv[AUXV_WORDS];
	struct aspace *as;
	size_t n = 0;

	as = process_aspace_get(task->process);
	if (!as)
		return 0;
	rwsem_read(&as->lock);
	memcpy(auxv, as->auxv, sizeof(auxv));
	rwsem_read_end(&as->lock);
	aspace_put_user(as);
	while (n + 2 < AUXV_WORDS && auxv[n])
		n += 2;
	text_write(t, (const char *)auxv, (n + 2) * sizeof(u64));
	return 0;
}
