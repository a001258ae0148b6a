/*
 * syslog(2): the kernel's log for dmesg, as text lines "<level>[seconds] message".
 */
#include "abi/capability.h"
#include "abi/syslog.h"
#include "core/log.h"
#include "fs/devfs/kmsg.h"
#include "lib/format.h"
#include "mm/slab.h"
#include "sched/wait.h"
#include "sys/sys_int.h"

#define LINE_MAX (sizeof_field(struct log_record, text) + 64)

static u64 read_seq;  /* a: where action READ goes on */
static u64 clear_seq; /* a: where READ_ALL begins since the last CLEAR */

static int line_format(const struct log_record *r, char *line, size_t size)
{
	u64 us = r->time_ns / 1000;

	return snprintf(line, size, "<%u>[%5llu.%06llu] %.*s\n", r->facility << 3 | r->level,
			(unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000),
			(int)r->length, r->text);
}

/* Bytes that all records from seq on make. */
static u64 text_size(u64 seq, struct log_record *r, char *line)
{
	u64 total = 0;

	while (log_read(&seq, r) == 0)
		total += (u64)line_format(r, line, LINE_MAX);
	return total;
}

/* Copies whole lines from *seq on, at most len bytes; stops at the newest. Bytes or -EFAULT. */
static long lines_copy(u64 *seq, char __user *buf, size_t len, struct log_record *r, char *line)
{
	size_t done = 0;

	for (;;) {
		u64 next = *seq;
		size_t n;

		if (log_read(&next, r) < 0)
			break;
		n = (size_t)line_format(r, line, LINE_MAX);
		if (done + n > len)
			break;
		if (copy_out(buf + done, line, n) < 0)
			return done ? (long)done : -EFAULT;
		done += n;
		*seq = next;
	}
	return (long)done;
}

/* The newest lines that fit into len bytes. */
static long read_all(char __user *buf, size_t len, struct log_record *r, char *line)
{
	u64 seq = max(READ_ONCE(clear_seq), log_first_seq()), total = text_size(seq, r, line);

	while (total > len && log_read(&seq, r) == 0)
		total -= (u64)line_format(r, line, LINE_MAX);
	return lines_copy(&seq, buf, len, r, line);
}

static long read_new(char __user *buf, size_t len, struct log_record *r, char *line)
{
	u64 seq;
	long n;

	if (wait_interruptible(kmsg_wait_queue(), READ_ONCE(read_seq) < log_next_seq()) < 0)
		return -ERESTARTSYS;
	seq = READ_ONCE(read_seq);
	n = lines_copy(&seq, buf, len, r, line);
	WRITE_ONCE(read_seq, seq);
	return n;
}

static long syslog_read(int type, char __user *buf, int len)
{
	struct log_record *r;
	char *line;
	long n = -ENOMEM;

	if (!buf || len < 0)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (!user_range_ok(buf, (size_t)len))
		return -EFAULT;
	r = kmalloc(sizeof(*r), MM_KERNEL);
	line = kmalloc(LINE_MAX, MM_KERNEL);
	if (r && line)
		n = type == SYSLOG_ACTION_READ ? read_new(buf, (size_t)len, r, line) :
						 read_all(buf, (size_t)len, r, line);
	if (type == SYSLOG_ACTION_READ_CLEAR && n >= 0)
		WRITE_ONCE(clear_seq, log_next_seq());
	kfree(line);
	kfree(r);
	return n;
}

static long size_unread(void)
{
	struct log_record *r = kmalloc(sizeof(*r), MM_KERNEL);
	char *line = kmalloc(LINE_MAX, MM_KERNEL);
	long n = r && line ? (long)text_size(READ_ONCE(read_seq), r, line) : -ENOMEM;

	kfree(line);
	kfree(r);
	return n;
}

long sys_syslog(int type, char __user *buf, int len)
{
	static int saved_level = -1;

	if (type == SYSLOG_ACTION_READ_ALL || type == SYSLOG_ACTION_SIZE_BUFFER) {
		if (!kmsg_may_read())
			return -EPERM;
	} else if (!cred_capable(cred_current(), CAP_SYSLOG) &&
		   !cred_capable(cred_current(), CAP_SYS_ADMIN)) {
		return -EPERM;
	}
	switch (type) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		return syslog_read(type, buf, len);
	case SYSLOG_ACTION_CLEAR:
		WRITE_ONCE(clear_seq, log_next_seq());
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
		if (saved_level < 0)
			saved_level = log_console_level();
		log_console_level_set(READ_ONCE(log_levels.console_least));
		return 0;
	case SYSLOG_ACTION_CONSOLE_ON:
		if (saved_level >= 0)
			log_console_level_set(saved_level);
		saved_level = -1;
		return 0;
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		log_console_level_set(max(len, READ_ONCE(log_levels.console_least)));
		saved_level = -1;
		return 0;
	case SYSLOG_ACTION_SIZE_UNREAD:
		return size_unread();
	case SYSLOG_ACTION_SIZE_BUFFER:
		return LOG_RING_SIZE;
	default:
		return -EINVAL;
	}
}
