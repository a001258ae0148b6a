/*
 * /proc/[pid]/errno: the last errors that a thread was given, while /proc/sys/kernel/errno_trace is
 * 1, and where in the kernel each began. A line each, the oldest first: seconds since boot, the
 * call, the number, file and line, or - if that is not known.
 */
#include "abi/errno.h"
#include "core/gaps.h"
#include "proc/procfs/procfs_int.h"
#include "sched/errno_trace.h"

static void print_given(struct text *t, const struct errno_given *given)
{
	const char *call = gap_call_name(given->call);
	u64 us = given->time_ns / 1000;
	struct errno_place place;

	text_printf(t, "%llu.%06llu ", (unsigned long long)(us / 1000000),
		    (unsigned long long)(us % 1000000));
	if (call)
		text_printf(t, "%s ", call);
	else
		text_printf(t, "%u ", given->call);
	if (errno_trace_place(given, &place))
		text_printf(t, "%u %s:%u\n", given->error, place.file, place.line);
	else
		text_printf(t, "%u -\n", given->error);
}

int show_errno(struct text *t, struct task *task)
{
	struct errno_given given[ERRNO_KEPT];
	unsigned n = errno_trace_copy(task->thread, given);

	for (unsigned i = 0; i < n; i++)
		print_given(t, &given[i]);
	return 0;
}

int show_errno_trace(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", errno_trace_enabled());
	return 0;
}

int store_errno_trace(struct task *task, char *buf, size_t n)
{
	u64 on;
	int error = procfs_store_number(buf, 1, &on);

	if (!error)
		errno_trace_enable(on);
	return error;
}
