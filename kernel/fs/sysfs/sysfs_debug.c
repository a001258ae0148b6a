/*
 * /sys/kernel/debug: what debug builds tell and do (docs/debugging.md); empty in release builds.
 *
 *   fail      "alloc n" or "disk n": the writing thread's n-th allocation or disk request from now
 *             on fails; "off" ends that. Read: what was asked for, and how many there were.
 *   memleak   "scan" looks for objects that nothing points to any more. Read: those it has found.
 *   stacks    how much of the kernel stacks has been used
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "core/fail.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/memleak.h"
#include "sched/thread.h"

#ifdef CONFIG_DEBUG

static const char *const fail_names[] = { "off", "alloc", "disk" };

/* Neither allocates: what is counted is the caller's doing, not the asking. */
static ssize_t fail_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	const struct fail_plan *plan = fail_plan_current();
	char text[64];
	size_t n = scnprintf(text, sizeof(text), "%s %u seen %u\n", fail_names[plan->kind],
			     plan->nth, plan->seen);

	return simple_read_buffer(to, pos, text, n);
}

static ssize_t fail_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct fail_plan plan = { FAIL_NONE };
	size_t n = iov_left(from);
	char text[32], *number;
	unsigned kind = 0;

	if (n >= sizeof(text))
		return -EINVAL;
	if (iov_copy_from(from, text, n) != n)
		return -EFAULT;
	text[n] = 0;
	number = strchrnul(text, ' ');
	if (*number)
		*number++ = 0;
	else if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	while (kind < ARRAY_SIZE(fail_names) && strcmp(text, fail_names[kind]))
		kind++;
	if (kind == ARRAY_SIZE(fail_names) ||
	    (kind != FAIL_NONE && parse_u32(number, 10, &plan.nth, NULL)))
		return -EINVAL;
	plan.kind = (enum fail_kind)kind;
	*fail_plan_current() = plan;
	return (ssize_t)n;
}

static const struct file_ops fail_fops = {
	.read = fail_read,
	.write = fail_write,
	.seek = cached_seek,
};

static void leak_line(const char *line, void *arg)
{
	sysfs_printf(arg, "%s\n", line);
}

static int memleak_show(struct sysfs_text *t, unsigned index)
{
	memleak_each(leak_line, t);
	return 0;
}

/* Long enough for pointers to come to rest. */
static void pause_briefly(void)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	thread_block_until(clock_monotonic() + 50 * NSEC_PER_MSEC);
}

static int memleak_store(char *text, unsigned index)
{
	char *end = strchrnul(text, '\n');

	*end = 0;
	return strcmp(text, "scan") ? -EINVAL : memleak_scan(pause_briefly);
}

static void stack_line(struct thread *t, void *arg)
{
	if (t->stack)
		sysfs_printf(arg, "%6zu %7d %s\n", kstack_used(t->stack), t->tid, t->name);
}

static int stacks_show(struct sysfs_text *t, unsigned index)
{
	sysfs_printf(t, "%6u bytes has each\n%6zu had used at most one that ended\n", KSTACK_SIZE,
		     kstack_worst());
	thread_each(stack_line, t);
	return 0;
}

const struct sysfs_node sysfs_debug_children[] = {
	{ .name = "fail", .mode = S_IFREG | 0600, .fops = &fail_fops },
	{ .name = "memleak", .mode = S_IFREG | 0600, .show = memleak_show, .store = memleak_store },
	{ .name = "stacks", .mode = S_IFREG | 0400, .show = stacks_show },
	{ NULL },
};

#else

const struct sysfs_node sysfs_debug_children[] = { { NULL } };

#endif
