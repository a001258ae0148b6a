/*
 * /sys/kernel/debug: what debug builds tell and do (docs/debugging.md); empty in release builds.
 *
 *   fail      "alloc n": the writing thread's n-th allocation from now on fails; "read n", "write
 *             n", "flush n", "disk n": its request to a disk; "off" ends that. Followed by "family"
 *             the same for the thread and all that it starts, who count together; there n may be
 *             "new", the first on a path that has not failed since "forget". Read: what was asked
 *             for, how many there were, and what became of the family.
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

static const struct {
	const char *name;
	u32 kinds;
} fail_names[] = {
	{ "alloc", FAIL_ALLOC }, { "disk", FAIL_DISK }, { "read", FAIL_READ },
	{ "write", FAIL_WRITE }, { "flush", FAIL_FLUSH },
};

static const char *fail_name(u32 kinds)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fail_names); i++)
		if (fail_names[i].kinds == kinds)
			return fail_names[i].name;
	return "off";
}

/* Neither allocates: what is counted is the caller's doing, not the asking. */
static ssize_t fail_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	const struct fail_plan *plan = fail_plan_current();
	char text[1500];
	size_t n = scnprintf(text, sizeof(text), "%s %u seen %u\n", fail_name(plan->kinds),
			     plan->nth, plan->seen);

	n += fail_family_describe(text + n, sizeof(text) - n);
	return simple_read_buffer(to, pos, text, n);
}

/* Cuts the next word off a text. */
static char *word(char **text)
{
	char *start = *text, *end;

	while (*start == ' ')
		start++;
	end = start + strcspn(start, " \n");
	*text = *end ? end + 1 : end;
	*end = 0;
	return start;
}

/* What is asked for: 0 or -EINVAL. */
static int fail_ask(const char *what, const char *nth, const char *who)
{
	bool family = !strcmp(who, "family");
	struct fail_plan *plan = fail_plan_current();
	u32 kinds = 0, n = FAIL_NEW;

	for (unsigned i = 0; i < ARRAY_SIZE(fail_names); i++)
		if (!strcmp(what, fail_names[i].name))
			kinds = fail_names[i].kinds;
	if (!kinds || (*who && !family) ||
	    (strcmp(nth, "new") ? parse_u32(nth, 10, &n, NULL) || n == FAIL_NEW : !family))
		return -EINVAL;
	if (family) {
		fail_family_begin(kinds, n);
	} else {
		plan->kinds = kinds;
		plan->nth = n;
		plan->seen = 0;
	}
	return 0;
}

static ssize_t fail_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t n = iov_left(from);
	char text[32], *rest = text, *what, *nth;
	int err = 0;

	if (n >= sizeof(text))
		return -EINVAL;
	if (iov_copy_from(from, text, n) != n)
		return -EFAULT;
	text[n] = 0;
	what = word(&rest);
	nth = word(&rest);
	if (!strcmp(what, "off") && !strcmp(nth, "family"))
		fail_family_end();
	else if (!strcmp(what, "off") && !*nth)
		fail_plan_current()->kinds = 0;
	else if (!strcmp(what, "forget"))
		fail_forget();
	else
		err = fail_ask(what, nth, word(&rest));
	return err ?: (ssize_t)n;
}

static const struct file_ops fail_fops = {
	.read = fail_read,
	.write = fail_write,
	.seek = cached_seek,
};

static void leak_line(const char *line, void *arg)
{
	text_printf(arg, "%s\n", line);
}

static int memleak_show(struct text *t, unsigned index)
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

#define STACKS_ROOM (64 * 1024)

/* Under a spinlock: threads for whom there is no room are left out. */
static void stack_line(struct thread *t, void *arg)
{
	struct text *text = arg;

	if (t->stack && text->room - text->used >= TEXT_LINE)
		text_printf(text, "%6zu %7d %s\n", kstack_used(t->stack), t->tid, t->name);
}

static int stacks_show(struct text *t, unsigned index)
{
	if (!text_reserve(t, STACKS_ROOM))
		return -ENOMEM;
	text_printf(t, "%6u bytes has each\n%6zu had used at most one that ended\n", KSTACK_SIZE,
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
