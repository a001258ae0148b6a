/*
 * /proc/abi_gaps: what programs asked for that this kernel does not know, a line each: how often,
 * by which program, what. Root empties the list by writing to it; /proc/sys/kernel/abi_gaps says
 * whether is counted.
 */
#include "core/gaps.h"
#include "proc/procfs/procfs_int.h"

#define ULL(x)	((unsigned long long)(x))
#define SPECIAL " \t\n\\" /* what a program's name may have that ends a word here */

/* The system call that it belongs to, as " of NAME". */
static void print_call(struct text *t, const struct gap *gap)
{
	const char *name = gap_call_name(gap->asker.call);

	if (name)
		text_printf(t, " of %s", name);
	else if (gap->asker.call != ~0u)
		text_printf(t, " of call %u", gap->asker.call);
}

static void print_gap(struct text *t, const struct gap *gap)
{
	text_printf(t, "%llu ", ULL(gap->count));
	text_escape(t, gap->asker.program, SPECIAL);
	text_printf(t, " ");
	switch (gap->kind) {
	case GAP_CALL:
		text_printf(t, "call %llu", ULL(gap->a));
		break;
	case GAP_COMMAND:
		text_printf(t, "command %#llx", ULL(gap->a));
		print_call(t, gap);
		break;
	case GAP_FLAGS:
		text_printf(t, "flags %#llx", ULL(gap->a));
		print_call(t, gap);
		break;
	case GAP_IOCTL:
		text_printf(t, "ioctl %#llx", ULL(gap->a));
		break;
	case GAP_OPTION:
		text_printf(t, "option %llu of level %u", ULL(gap->b), (u32)gap->a);
		break;
	case GAP_SOCKET:
		text_printf(t, "socket %llu %u %u", ULL(gap->a), gap->b, gap->c);
		break;
	case GAP_PATH:
		text_printf(t, "path ");
		text_escape(t, gap->text, SPECIAL);
		break;
	case GAP_FS:
		text_printf(t, "file system ");
		text_escape(t, gap->text, SPECIAL);
		break;
	}
	text_printf(t, "\n");
}

int show_abi_gaps(struct text *t, struct task *task)
{
	u64 lost = gaps_lost();
	struct gap gap;

	for (unsigned n = 0; gap_get(n, &gap); n++)
		print_gap(t, &gap);
	if (lost)
		text_printf(t, "%llu - others\n", ULL(lost));
	return 0;
}

int store_abi_gaps(struct task *task, char *buf, size_t n)
{
	gaps_clear();
	return 0;
}

int show_gaps_enabled(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", gaps_enabled());
	return 0;
}

int store_gaps_enabled(struct task *task, char *buf, size_t n)
{
	u64 on;
	int error = procfs_store_number(buf, 1, &on);

	if (!error)
		gaps_enable(on);
	return error;
}
