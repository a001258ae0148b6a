/*
 * seccomp(2).
 */
#include "abi/seccomp.h"
#include "proc/seccomp.h"
#include "sys/sys_int.h"

static long action_available(const u32 __user *uaction)
{
	u32 action;

	if (copy_in_obj(&action, uaction))
		return -EFAULT;
	return seccomp_action_known(action) ? 0 : -EOPNOTSUPP;
}

static long notif_sizes(struct seccomp_notif_sizes __user *usizes)
{
	struct seccomp_notif_sizes sizes = {
		.seccomp_notif = sizeof(struct seccomp_notif),
		.seccomp_notif_resp = sizeof(struct seccomp_notif_resp),
		.seccomp_data = sizeof(struct seccomp_data),
	};

	return copy_out_obj(usizes, &sizes);
}

long sys_seccomp(unsigned operation, unsigned flags, void __user *argument)
{
	switch (operation) {
	case SECCOMP_SET_MODE_STRICT:
		return flags || argument ? -EINVAL : seccomp_set_strict();
	case SECCOMP_SET_MODE_FILTER:
		return seccomp_set_filter(flags, argument);
	case SECCOMP_GET_ACTION_AVAIL:
		return flags ? -EINVAL : action_available(argument);
	case SECCOMP_GET_NOTIF_SIZES:
		return flags ? -EINVAL : notif_sizes(argument);
	default:
		return -EINVAL;
	}
}
