/*
 * The directory of a process, /proc/[pid], and of a thread, /proc/[pid]/task/[tid]: tables, the
 * links cwd, root and exe, and task/.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "proc/set_mm.h"
#include "vfs/file.h"

static int cwd_follow(struct task *task, struct path *out)
{
	struct fs_context *fs = task_fs_get(task);
	struct path root;

	if (!fs)
		return -ENOENT;
	fs_context_get_paths(fs, &root, out);
	path_put(&root);
	fs_context_put(fs);
	return 0;
}

static int root_follow(struct task *task, struct path *out)
{
	struct fs_context *fs = task_fs_get(task);
	struct path cwd;

	if (!fs)
		return -ENOENT;
	fs_context_get_paths(fs, out, &cwd);
	path_put(&cwd);
	fs_context_put(fs);
	return 0;
}

static int exe_follow(struct task *task, struct path *out)
{
	struct aspace *as = process_aspace_get(task->process);
	struct file *exe;

	if (!as)
		return -ENOENT;
	exe = aspace_exe_get(as);
	aspace_put_user(as);
	if (exe) {
		*out = exe->path;
		path_get(out);
		file_put(exe);
	}
	return exe ? 0 : -ENOENT;
}

/* The text of a magic link: the path as the reader sees it. */
static ssize_t follow_readlink(int (*follow)(struct task *task, struct path *out),
			       struct task *task, char *buf, size_t size)
{
	struct path path, root, cwd;
	char *text, *start;
	ssize_t n = follow(task, &path);

	if (n)
		return n;
	text = kmalloc(PATH_MAX, MM_KERNEL);
	fs_context_get_paths(task_current()->fs, &root, &cwd);
	n = text ? path_to_string(&path, &root, text, PATH_MAX, &start) : -ENOMEM;
	path_put(&cwd);
	path_put(&root);
	path_put(&path);
	if (!n) {
		n = (ssize_t)min(strlen(start), size - 1);
		memcpy(buf, start, (size_t)n);
		buf[n] = 0;
	}
	kfree(text);
	return n;
}

static ssize_t cwd_readlink(struct task *task, char *buf, size_t size)
{
	return follow_readlink(cwd_follow, task, buf, size);
}

static ssize_t root_readlink(struct task *task, char *buf, size_t size)
{
	return follow_readlink(root_follow, task, buf, size);
}

static ssize_t exe_readlink(struct task *task, char *buf, size_t size)
{
	return follow_readlink(exe_follow, task, buf, size);
}

/* task/: the threads of the process. */
static int task_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	struct pid *pid = NULL;
	s32 nr = procfs_number(name);
	int error;

	if (nr <= 0)
		return 0;
	spin_lock(&proc_tree_lock);
	pid = pid_find(nr);
	if (pid && pid->task && pid->task->process->pid == dir->pid)
		pid_hold(pid);
	else
		pid = NULL;
	spin_unlock(&proc_tree_lock);
	if (!pid)
		return 0;
	error = procfs_inode(dir->inode.sb, &procfs_task_dir, pid, false, -1, out);
	pid_drop(pid);
	return error;
}

/* The lowest tid >= from of the process, or 0. */
static s32 next_tid(struct proc_inode *dir, s32 from)
{
	struct process *p;
	struct task *task;
	s32 best = 0;

	spin_lock(&proc_tree_lock);
	p = dir->pid->process;
	if (p)
		list_for_each_entry(task, &p->threads, link)
			if (task->thread->tid >= from && (!best || task->thread->tid < best))
				best = task->thread->tid;
	spin_unlock(&proc_tree_lock);
	return best;
}

static int task_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	s32 tid = pos > 2 ? (s32)min(pos - 2, (u64)PID_MAX_DEFAULT) : 1;

	while ((tid = next_tid(dir, tid)) != 0) {
		char name[12];
		int n = snprintf(name, sizeof(name), "%d", tid);

		if (!sink->emit(sink, name, (u32)n, (u64)tid << 16 | 1, DT_DIR, (u64)tid + 3))
			break;
		tid++;
	}
	return 0;
}


#define FILE_R  (S_IFREG | 0444)
#define FILE_RO (S_IFREG | 0400)
#define FILE_RW (S_IFREG | 0644)

/* What process and thread directories share. */
#define COMMON_CHILDREN \
	{ .name = "status", .mode = FILE_R, .show = show_status }, \
	{ .name = "statm", .mode = FILE_R, .show = show_statm }, \
	{ .name = "cmdline", .mode = FILE_R, .show = show_cmdline }, \
	{ .name = "comm", .mode = FILE_RW, .show = show_comm, .store = store_comm }, \
	{ .name = "environ", .mode = FILE_RO, .show = show_environ, .look = true }, \
	{ .name = "auxv", .mode = FILE_RO, .show = show_auxv, .look = true }, \
	{ .name = "maps", .mode = FILE_R, .show = show_maps, .look = true }, \
	{ .name = "smaps", .mode = FILE_R, .show = show_smaps, .look = true }, \
	{ .name = "smaps_rollup", .mode = FILE_R, .show = show_smaps_rollup, .look = true }, \
	{ .name = "mem", .mode = S_IFREG | 0600, .fops = &procfs_mem_fops }, \
	{ .name = "pagemap", .mode = FILE_RO, .fops = &procfs_pagemap_fops }, \
	{ .name = "clear_refs", .mode = S_IFREG | 0200, .store = store_clear_refs }, \
	{ .name = "limits", .mode = FILE_R, .show = show_limits }, \
	{ .name = "wchan", .mode = FILE_R, .show = show_wchan }, \
	{ .name = "stack", .mode = FILE_RO, .show = show_stack, .look = true }, \
	{ .name = "syscall", .mode = FILE_RO, .show = show_syscall, .look = true }, \
	{ .name = "errno", .mode = FILE_RO, .show = show_errno, .look = true }, \
	{ .name = "sched", .mode = FILE_R, .show = show_sched }, \
	{ .name = "schedstat", .mode = FILE_R, .show = show_schedstat }, \
	{ .name = "personality", .mode = FILE_RO, .show = show_personality, .look = true }, \
	{ .name = "oom_adj", .mode = FILE_RW, .show = show_oom_adj, .store = store_oom_adj }, \
	{ .name = "oom_score", .mode = FILE_R, .show = show_oom_score }, \
	{ .name = "oom_score_adj", .mode = FILE_RW, .show = show_oom_score_adj, \
	  .store = store_oom_score_adj }, \
	{ .name = "coredump_filter", .mode = FILE_RW, .show = show_core_filter, \
	  .store = store_core_filter }, \
	{ .name = "mounts", .mode = FILE_R, .show = show_mounts }, \
	{ .name = "mountinfo", .mode = FILE_R, .show = show_mountinfo }, \
	{ .name = "net", .mode = S_IFDIR | 0555, .children = procfs_net_children, \
	  .common = true }, \
	{ .name = "cwd", .mode = S_IFLNK | 0777, .readlink = cwd_readlink, .follow = cwd_follow }, \
	{ .name = "root", .mode = S_IFLNK | 0777, .readlink = root_readlink, \
	  .follow = root_follow }, \
	{ .name = "exe", .mode = S_IFLNK | 0777, .readlink = exe_readlink, .follow = exe_follow }, \
	{ .name = "fd", .mode = S_IFDIR | 0500, .lookup = procfs_fd_lookup, \
	  .readdir = procfs_fd_readdir }, \
	{ .name = "fdinfo", .mode = S_IFDIR | 0500, .lookup = procfs_fd_lookup, \
	  .readdir = procfs_fd_readdir }

static const struct proc_node task_children[] = {
	COMMON_CHILDREN,
	{ .name = "stat", .mode = FILE_R, .show = show_thread_stat },
	{ .name = "io", .mode = FILE_RO, .show = show_thread_io, .look = true },
	{ 0 },
};

static const struct proc_node pid_children[] = {
	COMMON_CHILDREN,
	{ .name = "stat", .mode = FILE_R, .show = show_stat },
	{ .name = "io", .mode = FILE_RO, .show = show_io, .look = true },
	{ .name = "mountstats", .mode = FILE_RO, .show = show_mountstats },
	{ .name = "timers", .mode = FILE_R, .show = show_timers },
	{ .name = "timerslack_ns", .mode = S_IFREG | 0666, .show = show_timer_slack,
	  .store = store_timer_slack },
	{ .name = "task", .mode = S_IFDIR | 0555, .lookup = task_lookup, .readdir = task_readdir },
	{ 0 },
};

const struct proc_node procfs_pid_dir = {
	.name = "pid", .mode = S_IFDIR | 0555, .children = pid_children,
};
const struct proc_node procfs_task_dir = {
	.name = "tid", .mode = S_IFDIR | 0555, .children = task_children,
};
