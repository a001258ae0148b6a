/*
 * The address space of a process as text: maps, smaps, cmdline, environ, auxv (proc(5)); and mem,
 * which reads and writes it.
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
	const char *name = path;

	if (!*name && area->name)
		name = area->name;
	else if (!*name && area->start <= as->brk && area->end >= as->start_brk &&
		 (area->flags & AREA_HEAP))
		name = "[heap]";
	else if (!*name && (area->flags & AREA_STACK))
		name = "[stack]";
	if (*name) {
		text_printf(t, " ");
		text_escape(t, name, "\n");
	}
}

static void print_area(struct text *t, struct aspace *as, struct vm_area *area, char *path)
{
	u64 dev = 0, ino = 0, offset = area->cache ? area->index << PAGE_SHIFT : 0;
	size_t start = t->used;

	path[0] = 0;
	if (area->source && area->source->describe)
		area->source->describe(area, path, PATH_MAX, &dev, &ino);
	text_printf(t, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu", ULL(area->start),
		    ULL(area->end), area->flags & AREA_READ ? 'r' : '-',
		    area->flags & AREA_WRITE ? 'w' : '-', area->flags & AREA_EXEC ? 'x' : '-',
		    area->flags & AREA_SHARED ? 's' : 'p', ULL(offset), dev_major((u32)dev),
		    dev_minor((u32)dev), ULL(ino));
	while (t->used - start < 72 && !t->error)
		text_write(t, " ", 1);
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
		{ AREA_LOCKED, "lo" }, { AREA_SEQUENTIAL, "sr" }, { AREA_RANDOM, "rr" },
		{ AREA_DONTFORK, "dc" }, { AREA_SPECIAL, "de" }, { AREA_ACCOUNTED, "ac" },
		{ AREA_NORESERVE, "nr" }, { AREA_WIPEONFORK, "wf" }, { AREA_DONTDUMP, "dd" },
		{ AREA_HUGE, "hg" }, { AREA_NOHUGE, "nh" },
	};

	text_printf(t, "VmFlags: ");
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (area->flags & names[i].flag)
			text_printf(t, "%s ", names[i].name);
	text_printf(t, "\n");
}

static void print_usage(struct text *t, struct vm_area *area)
{
	struct area_usage u;
	u64 kib = PAGE_SIZE / 1024;

	area_usage(area, &u);
	text_printf(
		t,
		"Size:           %8llu kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n"
		"Rss:            %8llu kB\nPss:            %8llu kB\n",
		ULL((area->end - area->start) >> 10), 4, 4, ULL(u.rss * kib),
		ULL((u.pss_fixed12 * kib) >> 12));
	text_printf(
		t,
		"Shared_Clean:   %8llu kB\nShared_Dirty:   %8llu kB\nPrivate_Clean:  %8llu kB\n"
		"Private_Dirty:  %8llu kB\n",
		ULL(u.shared_clean * kib), ULL(u.shared_dirty * kib), ULL(u.private_clean * kib),
		ULL(u.private_dirty * kib));
	text_printf(t, "Referenced:     %8llu kB\nAnonymous:      %8llu kB\n"
		       "AnonHugePages:  %8llu kB\n"
		       "Swap:           %8llu kB\nSwapPss:        %8llu kB\n"
		       "Locked:         %8llu kB\nTHPeligible:    %8u\n",
		    ULL(u.referenced * kib), ULL(u.anonymous * kib), ULL(u.large * kib),
		    ULL(u.swap * kib), ULL((u.swap_pss_fixed12 * kib) >> 12),
		    ULL(area->flags & AREA_LOCKED ? (u.pss_fixed12 * kib) >> 12 : 0),
		    area_large_eligible(area));
	print_flags(t, area);
}

/*
 * A part of the areas, from the address t->from on. One that grew downwards or was joined to what
 * is above it since the last part may be told again from its start, as it is now.
 */
static void areas_print(struct text *t, struct aspace *as, char *path, bool usage)
{
	for (struct vm_area *area = area_find(as, t->from); area; area = area_next(area)) {
		size_t used = t->used;

		print_area(t, as, area, path);
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
	struct aspace *as;
	char *path;

	path = kmalloc(PATH_MAX, MM_KERNEL);
	if (!path)
		return -ENOMEM;
	as = process_aspace_get(task->process);
	if (as) {
		rwsem_read(&as->lock);
		areas_print(t, as, path, usage);
		rwsem_read_end(&as->lock);
		aspace_put_user(as);
	}
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
	struct aspace *as;
	size_t n = 0;

	as = process_aspace_get(task->process);
	if (!as)
		return 0;
	while (n + 2 < ARRAY_SIZE(as->auxv) && as->auxv[n])
		n += 2;
	text_write(t, (const char *)as->auxv, (n + 2) * sizeof(u64));
	aspace_put_user(as);
	return 0;
}

static ssize_t mem_transfer(struct file *file, struct iov_iter *it, loff_t *pos, bool write)
{
	struct aspace *as = file->private;
	char chunk[512];
	ssize_t done = 0;

	if (!as || !aspace_try_get_user(as))
		return 0;
	while (iov_left(it)) {
		size_t n = min(iov_left(it), sizeof(chunk)), moved;

		if (write) {
			n = iov_copy_from(it, chunk, n);
			moved = n ? aspace_poke(as, (vaddr_t)*pos, chunk, n, true) : 0;
		} else {
			n = aspace_peek(as, (vaddr_t)*pos, chunk, n, true);
			moved = n ? iov_copy_to(it, chunk, n) : 0;
		}
		if (!moved)
			break;
		*pos += (loff_t)moved;
		done += (ssize_t)moved;
		if (moved < n)
			break;
	}
	aspace_put_user(as);
	return done ? done : iov_left(it) ? -EIO : 0;
}

static ssize_t mem_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return mem_transfer(file, to, pos, false);
}

static ssize_t mem_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return mem_transfer(file, from, pos, true);
}

/* What may be reached is settled here: a program that runs in the process later, perhaps with more
 * privileges, is another space. */
static int mem_open(struct file *file)
{
	struct aspace *as;
	int error = procfs_space_get(proc_inode(file->inode), &as);

	file->private = as;
	return error;
}

static void mem_release(struct file *file)
{
	if (file->private)
		aspace_put(file->private);
}

static loff_t mem_seek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

const struct file_ops procfs_mem_fops = {
	.open = mem_open, .release = mem_release, .read = mem_read, .write = mem_write,
	.seek = mem_seek,
};
