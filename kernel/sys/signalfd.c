/*
 * signalfd(2).
 */
#include "abi/signal.h"
#include "proc/signalfd.h"
#include "sys/sys_int.h"

long sys_signalfd4(int fd, const u64 __user *umask, size_t sizemask, int flags)
{
	struct file *file;
	struct fd_ref r;
	long result;
	u64 mask;

	if (sizemask != SIGSET_SIZE || (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)))
		return -EINVAL;
	if (copy_in_obj(&mask, umask) < 0)
		return -EFAULT;
	if (fd == -1) {
		result = signalfd_create(mask, (u32)flags, &file);
		return result ? result : fd_give(file, flags & SFD_CLOEXEC);
	}
	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	result = signalfd_change(r.file, mask);
	fd_end(r);
	return result ? result : fd;
}

long sys_signalfd(int fd, const u64 __user *mask, size_t sizemask)
{
	return sys_signalfd4(fd, mask, sizemask, 0);
}
