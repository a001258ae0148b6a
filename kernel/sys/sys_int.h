/*
 * What the handlers share. A handler is a doorman: it decodes its arguments, resolves descriptors
 * and paths to objects, delegates to the room that does the work, and releases what it took. It
 * returns what user space sees.
 */
#pragma once

#include "abi/errno.h"
#include "arch/usercopy.h"
#include "proc/process.h"
#include "sched/deadline.h"
#include "sys/syscalls_gen.h"

/* The file behind a descriptor of the caller, to be given back with fd_end(); .file NULL:
 * -EBADF. */
static inline struct fd_ref fd_arg(int fd)
{
	return fd_begin(task_current()->files, fd);
}

/* The same, but a descriptor opened with O_PATH does not count. */
static inline struct fd_ref fd_arg_io(int fd)
{
	struct fd_ref r = fd_arg(fd);

	if (r.file && unlikely(r.file->flags & O_PATH)) {
		fd_end(r);
		r.file = NULL;
	}
	return r;
}

/* A path argument: the text, where it starts, and (after path_arg_lookup()) the place. */
struct path_arg {
	struct task_walk w;
	struct path_name name;
	struct path path;
};

/* Copies the text and resolves `dirfd`: 0, or -EFAULT, -ENOENT, -ENAMETOOLONG, -EBADF. `empty`: ""
 * is allowed. path_arg_end() after success. */
int path_arg_begin(struct path_arg *a, int dirfd, const char __user *path, bool empty);
void path_arg_end(struct path_arg *a);
/* Both, and looks the place up (a->path, referenced): path_arg_drop() after success. AT_EMPTY_PATH
 * by WALK_EMPTY. */
int path_arg_lookup(struct path_arg *a, int dirfd, const char __user *path, u32 walk_flags);
void path_arg_drop(struct path_arg *a);

/* A new descriptor for `file` (whose reference is taken over, also on failure): fd, or -EMFILE,
 * -ENOMEM. */
int fd_give(struct file *file, bool cloexec);
/* The descriptor was reserved before the file was asked for, which gave `error`, or 0 and `file`:
 * fd, or the error and nothing is reserved. */
int fd_settle(int fd, int error, struct file *file);

/* prctl(2): the options about a thread's CPU and about its memory (prctl_thread.c), by the
 * arguments after the option; -EINVAL for one that is not known. */
long prctl_thread(int option, const u64 a[4]);

/* The pid that a pidfd refers to, held (pid_drop()), or NULL: -EBADF. */
struct pid *pidfd_arg(int fd);

/* A timespec from user space: 0, -EFAULT, or -EINVAL if out of range. NULL gives *ns = ~0 (no
 * limit), else nanoseconds. */
int timeout_arg(const struct timespec __user *uts, u64 *ns);
/* The same of an absolute time. */
int deadline_arg(const struct timespec __user *uts, bool realtime, struct deadline *end);
/* Absolute CLOCK_MONOTONIC deadline of a relative time: saturating; ~0 stays. */
u64 deadline_after(u64 ns);

/* What a write to `f` gave, after the signals that it raises if it failed: SIGPIPE at a pipe
 * without readers or a stream that is shut, SIGXFSZ beyond RLIMIT_FSIZE. */
long write_result(struct file *f, long n);

/* A call of the current thread read or wrote n bytes (an error: none), for /proc/[pid]/io. */
void read_count(ssize_t n);
void write_count(ssize_t n);

/* The process or task that `pid` names, 0 the caller, referenced: NULL: -ESRCH. */
struct process *process_arg(int pid);
struct task *task_arg(int tid);
/* Whether the caller may change how another process is scheduled or limited: 0 or -EPERM. */
int may_control(struct task *task, unsigned capability);
