/*
 * Looking into other processes' descriptors: kcmp(2), pidfd_getfd(2).
 *
 * kcmp() orders objects, for whoever sorts them, by their addresses; which are secret, so a random
 * permutation is compared, the same for as long as the kernel runs.
 */
#include "abi/kcmp.h"
#include "core/random.h"
#include "ipc/epoll.h"
#include "sys/sys_int.h"

/* What `type` says of a task, as a number that is the same for the same object: 0 or -EBADF,
 * -EINVAL. */
static int object_of(struct task *task, int type, u64 index, u64 *out)
{
	struct fd_table *files = task_files_get(task);
	struct fs_context *fs = task_fs_get(task);
	struct file *file = NULL;
	int error = 0;

	switch (type) {
	case KCMP_FILE:
		file = files && index <= 0x7fffffff ? fd_get(files, (int)index) : NULL;
		error = file ? 0 : -EBADF;
		*out = (u64)file;
		break;
	case KCMP_VM: *out = (u64)READ_ONCE(task->process->aspace); break;
	case KCMP_FILES: *out = (u64)files; break;
	case KCMP_FS: *out = (u64)fs; break;
	case KCMP_SIGHAND: *out = (u64)READ_ONCE(task->process->sighand); break;
	case KCMP_IO: *out = (u64)task; break; /* priorities of input and output are not shared */
	case KCMP_SYSVSEM: *out = (u64)READ_ONCE(task->sem_undo); break;
	default: error = -EINVAL; break;
	}
	if (file)
		file_put(file);
	if (fs)
		fs_context_put(fs);
	if (files)
		fd_table_put(files);
	return error;
}

/* The same of a file that an epoll of the task watches, which the caller names in its memory. */
static int watched_by(struct task *task, const struct kcmp_epoll_slot __user *uslot, u64 *out)
{
	struct kcmp_epoll_slot slot;
	struct fd_table *files;
	struct file *epoll;
	int error;

	if (copy_in_obj(&slot, uslot) < 0)
		return -EFAULT;
	files = task_files_get(task);
	epoll = files && slot.efd <= 0x7fffffff ? fd_get(files, (int)slot.efd) : NULL;
	error = epoll ? epoll_watched(epoll, (int)slot.tfd, slot.toff, out) : -EBADF;
	if (epoll)
		file_put(epoll);
	if (files)
		fd_table_put(files);
	return error;
}

/* A permutation of all numbers. */
static u64 veil(u64 v)
{
	static u64 key[2];

	if (unlikely(!__atomic_load_n(&key[1], __ATOMIC_ACQUIRE))) {
		u64 fresh[2], none = 0;

		random_bytes(fresh, sizeof(fresh));
		fresh[1] |= 1;
		if (__atomic_compare_exchange_n(&key[0], &none, fresh[0] | 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			__atomic_store_n(&key[1], fresh[1], __ATOMIC_RELEASE);
		while (!__atomic_load_n(&key[1], __ATOMIC_ACQUIRE))
			cpu_relax();
	}
	return (v ^ key[0]) * key[1];
}

static long compare(u64 a, u64 b)
{
	a = veil(a);
	b = veil(b);
	return a == b ? 0 : a < b ? 1 : 2;
}

long sys_kcmp(int pid1, int pid2, int type, u64 index1, u64 index2)
{
	struct task *t1 = task_find(pid1), *t2 = task_find(pid2);
	bool watched = type == KCMP_EPOLL_TFD;
	u64 a, b;
	long result;

	if (!t1 || !t2)
		result = -ESRCH;
	else if (!task_may_attach(t1) || !task_may_attach(t2))
		result = -EPERM;
	else if (!(result = object_of(t1, watched ? KCMP_FILE : type, index1, &a)) &&
		 !(result = watched ? watched_by(t2, (const void __user *)index2, &b) :
				      object_of(t2, type, index2, &b)))
		result = compare(a, b);
	if (t1)
		thread_put(t1->thread);
	if (t2)
		thread_put(t2->thread);
	return result;
}

/* The first thread of the process, referenced, or another, or NULL. */
static struct task *process_task_get(struct process *p)
{
	struct task *task = NULL;

	spin_lock(&proc_tree_lock);
	if (!list_empty(&p->threads)) {
		task = p->pid->task ?: list_first_entry(&p->threads, struct task, link);
		thread_get(task->thread);
	}
	spin_unlock(&proc_tree_lock);
	return task;
}

static long file_take(struct process *p, int targetfd)
{
	struct task *task = process_task_get(p);
	struct fd_table *files;
	struct file *file = NULL;
	long result = -EBADF;

	if (!task)
		return -ESRCH;
	if (!task_may_attach(task)) {
		thread_put(task->thread);
		return -EPERM;
	}
	files = task_files_get(task);
	if (files) {
		file = fd_get(files, targetfd);
		fd_table_put(files);
	} else {
		result = -ESRCH;
	}
	if (file && !task_may_attach(task)) { /* exec has made it another program meanwhile */
		file_put(file);
		file = NULL;
		result = -EPERM;
	}
	thread_put(task->thread);
	return file ? fd_give(file, true) : result;
}

long sys_pidfd_getfd(int pidfd, int targetfd, unsigned flags)
{
	struct process *p;
	struct pid *pid;
	long result;

	if (flags)
		return -EINVAL;
	pid = pidfd_arg(pidfd);
	if (!pid)
		return -EBADF;
	p = pid_process_get(pid);
	pid_drop(pid);
	if (!p)
		return -ESRCH;
	result = file_take(p, targetfd);
	process_put(p);
	return result;
}
