/*
 * pidfds: a file that holds a struct pid and polls its exit.
 */
#include "proc/pidfd.h"

#include "abi/errno.h"
#include "arch/usercopy.h"
#include "lib/format.h"
#include "proc/process.h"
#include "proc/procfs/procfs.h"

static const struct file_ops pidfd_ops;

static void pidfd_release(struct file *file)
{
	pid_drop(file->private);
}

static u32 pidfd_poll(struct file *file, struct poll_table *table)
{
	struct pid *pid = file->private;
	struct process *p;
	bool ended;

	poll_wait(table, &pid->exit_wait);
	spin_lock(&proc_tree_lock);
	p = pid->process;
	ended = !p || p->state != PROCESS_ALIVE;
	spin_unlock(&proc_tree_lock);
	return ended ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_show(struct file *file, char *buf, size_t size)
{
	struct pid *pid = file->private;
	s32 nr = READ_ONCE(pid->process) ? pid->nr : -1;

	snprintf(buf, size, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

int pidfd_create(struct pid *pid, u32 flags, struct file **out)
{
	int error = file_create_anon("[pidfd]", &pidfd_ops, pid, O_RDWR | flags, out);

	if (!error)
		pid_hold(pid);
	return error;
}

int pidfd_reserve(struct pid *pid, s32 __user *where, struct pidfd_slot *slot)
{
	struct fd_table *files = task_current()->files;
	int error = pidfd_create(pid, 0, &slot->file);

	slot->fd = -1;
	if (error) {
		slot->file = NULL;
		return error;
	}
	slot->fd = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), true);
	return slot->fd < 0 ? slot->fd : copy_out_obj(where, &slot->fd);
}

int pidfd_settle(struct pidfd_slot *slot, int error)
{
	struct fd_table *files = task_current()->files;

	if (!error) {
		fd_install(files, slot->fd, slot->file);
		return 0;
	}
	if (slot->fd >= 0)
		fd_cancel(files, slot->fd);
	if (slot->file)
		file_put(slot->file);
	return error;
}

struct pid *pidfd_pid(struct file *file)
{
	if (file->ops != &pidfd_ops)
		return NULL;
	pid_hold(file->private);
	return file->private;
}

struct pid *pidfd_pid_or_dir(struct file *file)
{
	struct pid *pid = pidfd_pid(file);

	return pid ? pid : procfs_dir_pid(file);
}

static const struct file_ops pidfd_ops = {
	.release = pidfd_release,
	.poll = pidfd_poll,
	.show_info = pidfd_show,
};
