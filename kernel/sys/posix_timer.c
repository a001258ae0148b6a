/*
 * timer_create(2) and its relatives.
 */
#include "abi/signal.h"
#include "abi/time.h"
#include "core/clock.h"
#include "proc/posix_timer.h"
#include "sys/sys_int.h"

long sys_timer_create(int clockid, const struct abi_sigevent __user *uevent, int __user *uid)
{
	struct abi_sigevent event;
	s32 id;
	int error;

	if (uevent && copy_in_obj(&event, uevent) < 0)
		return -EFAULT;
	error = posix_timer_create(clockid, uevent ? &event : NULL, &id);
	if (error)
		return error;
	if (copy_out_obj(uid, &id) < 0) {
		posix_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

static int setting_give(const struct posix_timer_setting *s, struct itimerspec __user *uvalue)
{
	struct itimerspec out = { ns_to_timespec(s->interval_ns), ns_to_timespec(s->value_ns) };

	return copy_out_obj(uvalue, &out);
}

long sys_timer_settime(int timerid, int flags, const struct itimerspec __user *unew,
		       struct itimerspec __user *uold)
{
	struct posix_timer_setting new, old;
	struct itimerspec in;
	int error;

	if (!unew)
		return -EINVAL;
	if (copy_in_obj(&in, unew) < 0)
		return -EFAULT;
	if (!timespec_valid(&in.it_value) || !timespec_valid(&in.it_interval))
		return -EINVAL;
	new = (struct posix_timer_setting){ timespec_to_ns(&in.it_value),
					    timespec_to_ns(&in.it_interval) };
	error = posix_timer_set(timerid, flags & TIMER_ABSTIME, &new, &old);
	return !error && uold ? setting_give(&old, uold) : error;
}

long sys_timer_gettime(int timerid, struct itimerspec __user *value)
{
	struct posix_timer_setting now;
	int error = posix_timer_get(timerid, &now);

	return error ? error : setting_give(&now, value);
}

long sys_timer_getoverrun(int timerid)
{
	return posix_timer_overrun(timerid);
}

long sys_timer_delete(int timerid)
{
	return posix_timer_delete(timerid);
}
