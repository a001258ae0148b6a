/*
 * /proc/sys/fs: limits of files, pipes, epoll(7) and inotify(7), and what others' names in shared
 * directories are good for (proc_sys_fs(5)).
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "ipc/epoll.h"
#include "ipc/inotify.h"
#include "ipc/mqueue.h"
#include "ipc/pipe.h"
#include "lib/bitops.h"
#include "proc/dnotify.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"
#include "vfs/protect.h"

#define ULL(n)       ((unsigned long long)(n))
#define MODE_D       (S_IFDIR | 0555)
#define MODE_R       (S_IFREG | 0444)
#define MODE_RW      (S_IFREG | 0644)
#define MODE_RW_ROOT (S_IFREG | 0600)

static int show_file_nr(struct text *t, struct task *task)
{
	text_printf(t, "%llu\t0\t%llu\n", ULL(file_count()), ULL(READ_ONCE(file_max)));
	return 0;
}

static int show_file_max(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(READ_ONCE(file_max)));
	return 0;
}

static int store_file_max(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, ~0ull >> 1, &value);

	if (!error)
		WRITE_ONCE(file_max, value);
	return error;
}

static int show_nr_open(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(fd_ceiling));
	return 0;
}

static int store_nr_open(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, FD_CEILING_MAX, &value);

	if (error)
		return error;
	if (value < FD_CEILING_MIN)
		return -EINVAL;
	WRITE_ONCE(fd_ceiling, (u32)value);
	return 0;
}

static int show_pipe_max(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(pipe_max_size));
	return 0;
}

/* As a pipe's size it is a power of two. */
static int store_pipe_max(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, 1u << 31, &value);

	if (!error)
		WRITE_ONCE(pipe_max_size, (u32)roundup_pow2(max(value, (u64)PAGE_SIZE)));
	return error;
}

/* One of vfs_protections, up to `max`. */
#define PROTECTION(field, max) \
	static int show_##field(struct text *t, struct task *task) \
	{ \
		text_printf(t, "%u\n", READ_ONCE(vfs_protections.field)); \
		return 0; \
	} \
	static int store_##field(struct task *task, char *buf, size_t n) \
	{ \
		u64 value; \
		int error = procfs_store_number(buf, max, &value); \
 \
		if (!error) \
			WRITE_ONCE(vfs_protections.field, (u32)value); \
		return error; \
	}

PROTECTION(symlinks, 1)
PROTECTION(hardlinks, 1)
PROTECTION(fifos, 2)
PROTECTION(regular, 2)

/* epoll(7), inotify(7): numbers that bound what a user may have. */
static int store_u32(char *buf, u32 *to)
{
	u64 value;
	int error = procfs_store_number(buf, 0x7fffffff, &value);

	if (!error)
		WRITE_ONCE(*to, (u32)value);
	return error;
}

static int show_epoll_watches(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(epoll_max_watches));
	return 0;
}

static int store_epoll_watches(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, ~0ull >> 1, &value);

	if (!error)
		WRITE_ONCE(epoll_max_watches, value);
	return error;
}

static int show_inotify_events(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", inotify_max_events);
	return 0;
}

static int store_inotify_events(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, &inotify_max_events);
}

static int show_inotify_instances(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", inotify_max_instances);
	return 0;
}

static int store_inotify_instances(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, &inotify_max_instances);
}

static int show_inotify_watches(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", inotify_max_watches);
	return 0;
}

static int store_inotify_watches(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, &inotify_max_watches);
}

static int show_dnotify(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", dnotify_enable);
	return 0;
}

static int store_dnotify(struct task *task, char *buf, size_t n)
{
	return store_u32(buf, &dnotify_enable);
}

static const struct proc_node epoll_children[] = {
	{ .name = "max_user_watches", .mode = MODE_RW, .show = show_epoll_watches,
	  .store = store_epoll_watches },
	{ 0 },
};

static const struct proc_node inotify_children[] = {
	{ .name = "max_queued_events", .mode = MODE_RW, .show = show_inotify_events,
	  .store = store_inotify_events },
	{ .name = "max_user_instances", .mode = MODE_RW, .show = show_inotify_instances,
	  .store = store_inotify_instances },
	{ .name = "max_user_watches", .mode = MODE_RW, .show = show_inotify_watches,
	  .store = store_inotify_watches },
	{ 0 },
};

/* A limit of message queues, with its bounds (mq_overview(7)). */
static int store_mq(char *buf, u64 least, u64 most, u32 *limit)
{
	u64 value;
	int error = procfs_store_number(buf, most, &value);

	if (error)
		return error;
	if (value < least)
		return -EINVAL;
	WRITE_ONCE(*limit, (u32)value);
	return 0;
}

#define MQ_LIMIT(limit, least, most) \
	static int show_##limit(struct text *t, struct task *task) \
	{ \
		text_printf(t, "%u\n", READ_ONCE(limit)); \
		return 0; \
	} \
	static int store_##limit(struct task *task, char *buf, size_t n) \
	{ \
		return store_mq(buf, least, most, &limit); \
	}

MQ_LIMIT(mq_queues_max, 0, 0x7fffffff)
MQ_LIMIT(mq_msg_max, 1, MQ_MSG_HARD_MAX)
MQ_LIMIT(mq_msg_default, 1, MQ_MSG_HARD_MAX)
MQ_LIMIT(mq_size_max, 128, MQ_SIZE_HARD_MAX)
MQ_LIMIT(mq_size_default, 128, MQ_SIZE_HARD_MAX)

static const struct proc_node mqueue_children[] = {
	{ .name = "queues_max", .mode = MODE_RW, .show = show_mq_queues_max,
	  .store = store_mq_queues_max },
	{ .name = "msg_max", .mode = MODE_RW, .show = show_mq_msg_max, .store = store_mq_msg_max },
	{ .name = "msgsize_max", .mode = MODE_RW, .show = show_mq_size_max,
	  .store = store_mq_size_max },
	{ .name = "msg_default", .mode = MODE_RW, .show = show_mq_msg_default,
	  .store = store_mq_msg_default },
	{ .name = "msgsize_default", .mode = MODE_RW, .show = show_mq_size_default,
	  .store = store_mq_size_default },
	{ 0 },
};

/* The place where binfmt_misc is mounted. */
static const struct proc_node nothing[] = { { 0 } };

const struct proc_node procfs_fs_children[] = {
	{ .name = "binfmt_misc", .mode = MODE_D, .children = nothing },
	{ .name = "mqueue", .mode = MODE_D, .children = mqueue_children },
	{ .name = "epoll", .mode = MODE_D, .children = epoll_children },
	{ .name = "inotify", .mode = MODE_D, .children = inotify_children },
	{ .name = "dir-notify-enable", .mode = MODE_RW, .show = show_dnotify,
	  .store = store_dnotify },
	{ .name = "file-nr", .mode = MODE_R, .show = show_file_nr },
	{ .name = "file-max", .mode = MODE_RW, .show = show_file_max, .store = store_file_max },
	{ .name = "nr_open", .mode = MODE_RW, .show = show_nr_open, .store = store_nr_open },
	{ .name = "suid_dumpable", .mode = MODE_RW, .show = show_suid_dumpable,
	  .store = store_suid_dumpable },
	{ .name = "pipe-max-size", .mode = MODE_RW, .show = show_pipe_max,
	  .store = store_pipe_max },
	{ .name = "protected_symlinks", .mode = MODE_RW_ROOT, .show = show_symlinks,
	  .store = store_symlinks },
	{ .name = "protected_hardlinks", .mode = MODE_RW_ROOT, .show = show_hardlinks,
	  .store = store_hardlinks },
	{ .name = "protected_fifos", .mode = MODE_RW_ROOT, .show = show_fifos,
	  .store = store_fifos },
	{ .name = "protected_regular", .mode = MODE_RW_ROOT, .show = show_regular,
	  .store = store_regular },
	{ 0 },
};
