/*
 * epoll_create(2), epoll_ctl(2), epoll_wait(2).
 */
#include "abi/limits.h"
#include "core/gaps.h"
#include "ipc/epoll.h"
#include "proc/signal.h"
#include "sys/sys_int.h"

#define EVENTS_MAX (int)(0x7fffffff / sizeof(struct epoll_event))

long sys_epoll_create1(int flags)
{
	struct file *file;
	int error;

	if (gap_flags((u32)flags, EPOLL_CLOEXEC))
		return -EINVAL;
	error = epoll_create(cred_current()->uid, &file);
	return error ? error : fd_give(file, flags & EPOLL_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

long sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event __user *uevent)
{
	struct epoll_event event = { 0 };
	struct fd_ref epoll, target;
	long result = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_in_obj(&event, uevent) < 0)
		return -EFAULT;
	epoll = fd_arg_io(epfd);
	if (!epoll.file)
		return -EBADF;
	target = fd_arg_io(fd);
	if (target.file) {
		result = epoll_control(epoll.file, op, target.file, fd, &event);
		fd_end(target);
	}
	fd_end(epoll);
	return result;
}

static long wait_fd(int epfd, struct epoll_event __user *events, int max, u64 deadline_ns)
{
	struct fd_ref r;
	long result;

	if (max <= 0 || max > EVENTS_MAX)
		return -EINVAL;
	if (!user_range_ok(events, (size_t)max * sizeof(*events)))
		return -EFAULT;
	r = fd_arg_io(epfd);
	if (!r.file)
		return -EBADF;
	result = epoll_wait_events(r.file, events, max, deadline_ns);
	fd_end(r);
	return result;
}

static u64 deadline_ms(int timeout)
{
	if (timeout <= 0)
		return timeout ? ~0ull : 0;
	return deadline_after((u64)timeout * NSEC_PER_MSEC);
}

/* With another signal mask, which ends when the wait does, unless a handler is to run first. */
static long wait_masked(int epfd, struct epoll_event __user *events, int max, u64 deadline_ns,
			const u64 __user *usigmask, size_t size)
{
	u64 mask;
	long result;

	if (usigmask) {
		if (size != SIGSET_SIZE)
			return -EINVAL;
		if (copy_in_obj(&mask, usigmask) < 0)
			return -EFAULT;
		signal_set_mask_temporary(mask);
	}
	result = wait_fd(epfd, events, max, deadline_ns);
	if (result != -ABI_EINTR)
		signal_restore_mask();
	return result;
}

long sys_epoll_wait(int epfd, struct epoll_event __user *events, int maxevents, int timeout)
{
	return wait_fd(epfd, events, maxevents, deadline_ms(timeout));
}

long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int maxevents, int timeout,
		     const u64 __user *sigmask, size_t sigsetsize)
{
	return wait_masked(epfd, events, maxevents, deadline_ms(timeout), sigmask, sigsetsize);
}

long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int maxevents,
		      const struct timespec __user *timeout, const u64 __user *sigmask,
		      size_t sigsetsize)
{
	u64 ns;
	int error = timeout_arg(timeout, &ns);

	if (error)
		return error;
	return wait_masked(epfd, events, maxevents, ns ? deadline_after(ns) : 0, sigmask,
			   sigsetsize);
}
