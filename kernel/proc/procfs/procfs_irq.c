/*
 * /proc/irq: to which CPUs interrupts go (proc(5)). Each has a folder; a mask is hexadecimal, 32
 * CPUs to a group, a list is decimal ("0-2,5").
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "dev/irq.h"
#include "lib/bitops.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define STORE_MAX    256
#define TABLE_LENGTH 3 /* positions below are the dots and the table's (procfs.c) */

static int mask_print(char *out, size_t size, u64 cpus)
{
	unsigned digits = (cpu_count() + 3) / 4;

	cpus &= cpus_online();
	if (cpu_count() > 32)
		return snprintf(out, size, "%0*x,%08x\n", (int)digits - 8, (u32)(cpus >> 32),
				(u32)cpus);
	return snprintf(out, size, "%0*x\n", (int)digits, (u32)cpus);
}

static int list_print(char *out, size_t size, u64 cpus)
{
	int n = 0;

	cpus &= cpus_online();
	for (unsigned first = 0; first < CPU_MAX; first++) {
		unsigned last = first;

		if (!(cpus & BIT(first)))
			continue;
		while (last + 1 < CPU_MAX && cpus & BIT(last + 1))
			last++;
		n += snprintf(out + n, size - (size_t)n, last > first ? "%s%u-%u" : "%s%u",
			      n ? "," : "", first, last);
		first = last;
	}
	return n + snprintf(out + n, size - (size_t)n, "\n");
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bits above the 64th are ignored, as those of CPUs that there are not. */
static int mask_parse(const char *s, u64 *cpus)
{
	bool any = false;

	*cpus = 0;
	for (; *s && *s != '\n'; s++) {
		int digit = digit_of(*s);

		if (*s == ',')
			continue;
		if (digit < 0)
			return -EINVAL;
		*cpus = *cpus << 4 | (u64)digit;
		any = true;
	}
	return any ? 0 : -EINVAL;
}

static const char *number_parse(const char *s, unsigned *out)
{
	unsigned v = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9' && v < 100000; s++)
		v = v * 10 + (unsigned)(*s - '0');
	*out = v;
	return s;
}

static int list_parse(const char *s, u64 *cpus)
{
	*cpus = 0;
	for (;;) {
		unsigned first, last;

		s = number_parse(s, &first);
		last = first;
		if (s && *s == '-')
			s = number_parse(s + 1, &last);
		if (!s || last < first)
			return -EINVAL;
		for (unsigned cpu = first; cpu <= last && cpu < CPU_MAX; cpu++)
			*cpus |= BIT(cpu);
		if (*s != ',')
			return *s == 0 || *s == '\n' ? 0 : -EINVAL;
		s++;
	}
}

static ssize_t affinity_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct proc_inode *pi = proc_inode(file->inode);
	bool list = strstr(pi->node->name, "_list") != NULL;
	char text[512];
	unsigned cpu;
	u64 cpus;
	int n, err = irq_affinity((unsigned)pi->fd, &cpus, &cpu);

	if (err)
		return err;
	if (str_starts_with(pi->node->name, "effective"))
		cpus = BIT(cpu);
	n = list ? list_print(text, sizeof(text), cpus) : mask_print(text, sizeof(text), cpus);
	return simple_read_buffer(to, pos, text, (size_t)n);
}

static ssize_t affinity_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct proc_inode *pi = proc_inode(file->inode);
	bool list = strstr(pi->node->name, "_list") != NULL;
	size_t n = iov_left(from);
	char text[STORE_MAX];
	u64 cpus;
	int err;

	if (str_starts_with(pi->node->name, "effective"))
		return -EIO;
	if (n >= sizeof(text))
		return -EINVAL;
	if (iov_copy_from(from, text, n) != n)
		return -EFAULT;
	text[n] = 0;
	err = list ? list_parse(text, &cpus) : mask_parse(text, &cpus);
	if (!err)
		err = irq_set_affinity((unsigned)pi->fd, cpus);
	return err ? err : (ssize_t)n;
}

static loff_t affinity_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, -1);
}

static const struct file_ops affinity_fops = {
	.read = affinity_read, .write = affinity_write, .seek = affinity_seek,
};

static const struct proc_node number_children[] = {
	{ .name = "smp_affinity", .mode = S_IFREG | 0644, .fops = &affinity_fops },
	{ .name = "smp_affinity_list", .mode = S_IFREG | 0644, .fops = &affinity_fops },
	{ .name = "effective_affinity", .mode = S_IFREG | 0444, .fops = &affinity_fops },
	{ .name = "effective_affinity_list", .mode = S_IFREG | 0444, .fops = &affinity_fops },
	{ 0 },
};

static const struct proc_node number_dir = {
	.name = "number", .mode = S_IFDIR | 0555, .children = number_children,
};

int procfs_irq_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	s32 number = procfs_number(name);

	if (number < 0 || irq_next((unsigned)number) != number)
		return 0;
	return procfs_inode(dir->inode.sb, &number_dir, NULL, false, number, out);
}

int procfs_irq_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	int number = pos > TABLE_LENGTH ? (int)min(pos - TABLE_LENGTH, (u64)0x7fffffff) : 0;

	while ((number = irq_next((unsigned)number)) >= 0) {
		char name[12];
		int n = snprintf(name, sizeof(name), "%d", number);

		number++;
		if (!sink->emit(sink, name, (u32)n, (u64)number << 8 | 3, DT_DIR,
				(u64)number + TABLE_LENGTH))
			break;
	}
	return 0;
}

static int show_default(struct text *t, struct task *task)
{
	char text[64];

	mask_print(text, sizeof(text), irq_default_affinity());
	text_printf(t, "%s", text);
	return 0;
}

static int store_default(struct task *task, char *buf, size_t n)
{
	u64 cpus;
	int err = mask_parse(buf, &cpus);

	return err ?: irq_set_default_affinity(cpus);
}

const struct proc_node procfs_irq_children[] = {
	{ .name = "default_smp_affinity", .mode = S_IFREG | 0644, .show = show_default,
	  .store = store_default },
	{ 0 },
};
