/* swapon(2) and swapoff(2): the privilege and the flags; the rest is vfs's. */
#include "abi/capability.h"
#include "abi/swap.h"
#include "sys/sys_int.h"
#include "vfs/swapfile.h"

/*
 * The whole area can be given back to a device when its use begins. That each page is, when it is
 * freed, is a policy of its own; asked for alone it is refused, since it is not followed.
 */
static bool flags_allowed(u32 flags)
{
	const u32 policy = SWAP_FLAG_DISCARD_ONCE | SWAP_FLAG_DISCARD_PAGES;

	return !(flags & ~(u32)SWAP_FLAGS_VALID) &&
	       !((flags & SWAP_FLAG_DISCARD) && (flags & policy) == SWAP_FLAG_DISCARD_PAGES);
}

long sys_swapon(const char __user *path, int flags)
{
	struct path_arg a;
	int error;

	if (!flags_allowed((u32)flags))
		return -EINVAL;
	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	error = path_arg_begin(&a, AT_FDCWD, path, false);
	if (error)
		return error;
	error = swapfile_on(&a.w.walk, a.name.text, (u32)flags);
	path_arg_end(&a);
	return error;
}

long sys_swapoff(const char __user *path)
{
	struct path_arg a;
	int error;

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	error = path_arg_begin(&a, AT_FDCWD, path, false);
	if (error)
		return error;
	error = swapfile_off(&a.w.walk, a.name.text);
	path_arg_end(&a);
	return error;
}
