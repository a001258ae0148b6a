/*
 * Arguments that many calls have: paths, descriptors, times, processes.
 */
#include "abi/capability.h"
#include "core/clock.h"
#include "proc/pidfd.h"
#include "sys/sys_int.h"

int path_arg_begin(struct path_arg *a, int dirfd, const char __user *path, bool empty)
{
	int error = path_name_copy(&a->name, path, empty);

	if (error)
		return error;
	/* An absolute path does not look at dirfd, which may be anything (openat(2)). */
	error = task_walk_begin(&a->w, a->name.text[0] == '/' ? AT_FDCWD : dirfd);
	if (error)
		path_name_free(&a->name);
	return error;
}

void path_arg_end(struct path_arg *a)
{
	task_walk_end(&a->w);
	path_name_free(&a->name);
}

int path_arg_lookup(struct path_arg *a, int dirfd, const char __user *path, u32 walk_flags)
{
	int error = path_arg_begin(a, dirfd, path, walk_flags & WALK_EMPTY);

	if (error)
		return error;
	error = path_lookup(&a->w.walk, a->name.text, walk_flags, &a->path);
	if (error)
		path_arg_end(a);
	return error;
}

void path_arg_drop(struct path_arg *a)
{
	path_put(&a->path);
	path_arg_end(a);
}

int fd_give(struct file *file, bool cloexec)
{
	struct fd_table *files = task_current()->files;
	int fd = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), cloexec);

	if (fd < 0)
		file_put(file);
	else
		fd_install(files, fd, file);
	return fd;
}

int fd_settle(int fd, int error, struct file *file)
{
	struct fd_table *files = task_current()->files;

	if (error) {
		fd_cancel(files, fd);
		return error;
	}
	fd_install(files, fd, file);
	return fd;
}

struct pid *pidfd_arg(int fd)
{
	struct fd_ref r = fd_arg(fd);
	struct pid *pid = r.file ? pidfd_pid(r.file) : NULL;

	if (r.file)
		fd_end(r);
	return pid;
}

int timeout_arg(const struct timespec __user *uts, u64 *ns)
{
	struct timespec ts;

	*ns = ~0ull;
	if (!uts)
		return 0;
	if (copy_in_obj(&ts, uts) < 0)
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	*ns = timespec_to_ns(&ts);
	return 0;
}

u64 deadline_after(u64 ns)
{
	u64 deadline;

	if (ns == ~0ull || add_overflow(clock_monotonic(), ns, &deadline))
		return ~0ull;
	return deadline;
}

int deadline_arg(const struct timespec __user *uts, bool realtime, struct deadline *end)
{
	end->realtime = realtime;
	return timeout_arg(uts, &end->ns);
}

struct process *process_arg(int pid)
{
	struct process *p = process_current();

	if (pid == 0 || pid == p->pid->nr) {
		process_get(p);
		return p;
	}
	return process_find(pid);
}

struct task *task_arg(int tid)
{
	struct task *task = task_current();

	if (tid == 0 || tid == task->thread->tid) {
		thread_get(task->thread);
		return task;
	}
	return task_find(tid);
}

int may_control(struct task *task, unsigned capability)
{
	const struct cred *me = cred_current(), *target;
	int error;

	if (task == task_current() || cred_capable(me, capability))
		return 0;
	target = task_cred_get(task);
	error = me->euid == target->uid || me->euid == target->euid ? 0 : -EPERM;
	cred_put(target);
	return error;
}
