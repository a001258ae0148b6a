/*
 * Settings of core dumps: coredump_filter of a process, and those of the system in
 * /proc/sys/kernel and /proc/sys/fs (core(5), proc(5)).
 */
#include "abi/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "proc/core.h"
#include "proc/procfs/procfs_int.h"

int show_core_filter(struct text *t, struct task *task)
{
	text_printf(t, "%08x\n", READ_ONCE(task->process->core_filter));
	return 0;
}

int store_core_filter(struct task *task, char *buf, size_t n)
{
	bool hex = buf[0] == '0' && (buf[1] | 0x20) == 'x';
	u64 value;

	buf[strcspn(buf, " \n")] = 0;
	if (parse_u64(hex ? buf + 2 : buf, hex ? 16 : buf[0] == '0' ? 8 : 10, &value, NULL) < 0)
		return -EINVAL;
	WRITE_ONCE(task->process->core_filter, (u32)value & CORE_FILTER_ALL);
	return 0;
}

int show_core_pattern(struct text *t, struct task *task)
{
	char pattern[CORE_PATTERN_SIZE];

	core_pattern_get(pattern);
	text_printf(t, "%s\n", pattern);
	return 0;
}

int store_core_pattern(struct task *task, char *buf, size_t n)
{
	buf[strcspn(buf, "\n")] = 0;
	core_pattern_set(buf);
	return 0;
}

static int show_number(struct text *t, const u32 *setting)
{
	text_printf(t, "%u\n", READ_ONCE(*setting));
	return 0;
}

static int store_number(char *buf, u32 max, u32 *setting)
{
	u64 value;
	int err = procfs_store_number(buf, max, &value);

	if (!err)
		WRITE_ONCE(*setting, (u32)value);
	return err;
}

int show_core_uses_pid(struct text *t, struct task *task)
{
	return show_number(t, &core_uses_pid);
}

int store_core_uses_pid(struct task *task, char *buf, size_t n)
{
	return store_number(buf, 0x7fffffff, &core_uses_pid);
}

int show_core_pipe_limit(struct text *t, struct task *task)
{
	return show_number(t, &core_pipe_limit);
}

int store_core_pipe_limit(struct task *task, char *buf, size_t n)
{
	return store_number(buf, 0x7fffffff, &core_pipe_limit);
}

int show_suid_dumpable(struct text *t, struct task *task)
{
	return show_number(t, &suid_dumpable);
}

int store_suid_dumpable(struct task *task, char *buf, size_t n)
{
	return store_number(buf, 2, &suid_dumpable);
}
