/*
 * POSIX message queues: mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2),
 * mq_notify(2), mq_getsetattr(2). Names come without the slash that mq_open(3) wants.
 */
#include "abi/stat.h"
#include "ipc/mqueue.h"
#include "mm/slab.h"
#include "net/netlink/netlink.h"
#include "sys/sys_int.h"

#define OPEN_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_NONBLOCK)

long sys_mq_open(const char __user *uname, int flags, unsigned mode,
		 const struct mq_attr __user *uattr)
{
	struct task *task = task_current();
	struct path_name name;
	struct mq_attr attr;
	struct file *file;
	int error, fd;

	if (uattr && copy_in_obj(&attr, uattr) < 0)
		return -EFAULT;
	error = path_name_copy(&name, uname, false);
	if (error)
		return error;
	fd = fd_reserve(task->files, 0, rlimit_current(RLIMIT_NOFILE), true);
	error = fd < 0 ? fd : mq_open(task->fs, task->cred, name.text, (u32)flags & OPEN_FLAGS,
				      mode & 07777, uattr ? &attr : NULL, &file);
	path_name_free(&name);
	return fd < 0 ? error : fd_settle(fd, error, file);
}

long sys_mq_unlink(const char __user *uname)
{
	struct task *task = task_current();
	struct path_name name;
	int error = path_name_copy(&name, uname, false);

	if (error)
		return error;
	error = mq_unlink(task->fs, task->cred, name.text);
	path_name_free(&name);
	return error;
}

/* The queue behind a descriptor, .file NULL: -EBADF. */
static struct fd_ref queue_arg(int fd)
{
	struct fd_ref r = fd_arg_io(fd);

	if (r.file && !mq_is_queue(r.file)) {
		fd_end(r);
		r.file = NULL;
	}
	return r;
}

long sys_mq_timedsend(int fd, const char __user *text, size_t size, unsigned priority,
		      const struct timespec __user *utimeout)
{
	struct mq_message *m = NULL;
	struct fd_ref r;
	struct deadline end;
	int error = deadline_arg(utimeout, true, &end);

	if (error)
		return error;
	if (priority >= MQ_PRIO_MAX)
		return -EINVAL;
	r = queue_arg(fd);
	if (!r.file)
		return -EBADF;
	error = mq_size_check(r.file, size, true);
	if (!error && !(m = mq_message_alloc(size, priority)))
		error = -ENOMEM;
	if (!error)
		error = copy_in(m->text, text, size);
	if (!error)
		error = mq_send(r.file, m, end);
	if (error)
		kfree(m);
	fd_end(r);
	return error;
}

long sys_mq_timedreceive(int fd, char __user *text, size_t size, unsigned __user *upriority,
			 const struct timespec __user *utimeout)
{
	struct mq_message *m;
	struct fd_ref r;
	struct deadline end;
	long result = deadline_arg(utimeout, true, &end);

	if (result)
		return result;
	r = queue_arg(fd);
	if (!r.file)
		return -EBADF;
	result = mq_size_check(r.file, size, false);
	if (!result)
		result = mq_receive(r.file, end, &m);
	if (!result) {
		result = (long)m->size;
		if ((upriority && copy_out_obj(upriority, &m->priority) < 0) ||
		    copy_out(text, m->text, m->size) < 0)
			result = -EFAULT;
		kfree(m);
	}
	fd_end(r);
	return result;
}

/* What a sigevent asks for: 0, -EINVAL, -EFAULT, -EBADF, -ENOTSOCK. The socket is referenced. */
static int notice_arg(const struct abi_sigevent *event, struct mq_notice *n)
{
	struct fd_ref r;
	int error;

	*n = (struct mq_notice){ .how = event->sigev_notify,
				 .value = event->sigev_value.sival_ptr };
	if (n->how != SIGEV_NONE && n->how != SIGEV_SIGNAL && n->how != SIGEV_THREAD)
		return -EINVAL;
	if (n->how == SIGEV_SIGNAL) {
		n->signo = event->sigev_signo;
		return (u32)n->signo > NSIG ? -EINVAL : 0;
	}
	if (n->how == SIGEV_NONE)
		return 0;
	if (copy_in(n->cookie, (const void __user *)n->value, sizeof(n->cookie)) < 0)
		return -EFAULT;
	r = fd_arg_io(event->sigev_signo);
	if (!r.file)
		return -EBADF;
	error = netlink_file_check(r.file);
	if (!error)
		n->socket = file_get(r.file);
	fd_end(r);
	return error;
}

long sys_mq_notify(int fd, const struct abi_sigevent __user *uevent)
{
	struct mq_notice notice = { 0 };
	struct abi_sigevent event;
	struct fd_ref r;
	int error = 0;

	if (uevent && copy_in_obj(&event, uevent) < 0)
		return -EFAULT;
	if (uevent)
		error = notice_arg(&event, &notice);
	if (error)
		return error;
	r = queue_arg(fd);
	error = r.file ? mq_notify(r.file, uevent ? &notice : NULL) : -EBADF;
	if (r.file)
		fd_end(r);
	if (error && notice.socket)
		file_put(notice.socket);
	return error;
}

long sys_mq_getsetattr(int fd, const struct mq_attr __user *unew, struct mq_attr __user *uold)
{
	struct mq_attr new, old;
	struct fd_ref r;

	if (unew && copy_in_obj(&new, unew) < 0)
		return -EFAULT;
	if (unew && (new.mq_flags & ~(s64)O_NONBLOCK))
		return -EINVAL;
	r = queue_arg(fd);
	if (!r.file)
		return -EBADF;
	mq_getattr(r.file, &old);
	if (unew) {
		(void)!file_set_flags(r.file, (r.file->flags & ~(u32)O_NONBLOCK) |
						      (u32)new.mq_flags);
		inode_touch(r.file->inode, ATTR_ATIME | ATTR_CTIME);
	}
	fd_end(r);
	return uold && copy_out_obj(uold, &old) < 0 ? -EFAULT : 0;
}
