/*
 * timerfd_create(2), timerfd_settime(2), timerfd_gettime(2).
 */
#include "abi/capability.h"
#include "abi/time.h"
#include "core/clock.h"
#include "ipc/timerfd.h"
#include "sys/sys_int.h"

long sys_timerfd_create(int clockid, int flags)
{
	struct file *file;
	int error;

	if ((clockid == CLOCK_REALTIME_ALARM || clockid == CLOCK_BOOTTIME_ALARM) &&
	    !cred_capable(cred_current(), CAP_WAKE_ALARM))
		return -EPERM;
	error = timerfd_create(clockid, (u32)flags, &file);
	return error ? error : fd_give(file, flags & TFD_CLOEXEC);
}

static int setting_give(const struct timerfd_setting *s, struct itimerspec __user *uvalue)
{
	struct itimerspec out = { ns_to_timespec(s->interval_ns), ns_to_timespec(s->value_ns) };

	return copy_out_obj(uvalue, &out);
}

long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *unew,
			 struct itimerspec __user *uold)
{
	struct timerfd_setting new, old;
	struct itimerspec in;
	struct fd_ref r;
	int error;

	if (copy_in_obj(&in, unew) < 0)
		return -EFAULT;
	if (!timespec_valid(&in.it_value) || !timespec_valid(&in.it_interval))
		return -EINVAL;
	new = (struct timerfd_setting){ timespec_to_ns(&in.it_value),
					timespec_to_ns(&in.it_interval) };
	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	error = timerfd_set(r.file, (u32)flags, &new, &old);
	fd_end(r);
	return !error && uold ? setting_give(&old, uold) : error;
}

long sys_timerfd_gettime(int fd, struct itimerspec __user *value)
{
	struct timerfd_setting now;
	struct fd_ref r = fd_arg_io(fd);
	int error;

	if (!r.file)
		return -EBADF;
	error = timerfd_get(r.file, &now);
	fd_end(r);
	return error ? error : setting_give(&now, value);
}
