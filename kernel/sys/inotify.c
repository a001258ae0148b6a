/*
 * inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2).
 */
#include "abi/inotify.h"
#include "core/gaps.h"
#include "ipc/inotify.h"
#include "sys/sys_int.h"

#define MASK_FLAGS (IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | \
		    IN_ISDIR | IN_ONESHOT)
#define MASK_KNOWN (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | MASK_FLAGS)

long sys_inotify_init1(int flags)
{
	struct file *file;
	int error;

	if (gap_flags((u32)flags, IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	error = inotify_create((u32)flags, cred_current(), &file);
	return error ? error : fd_give(file, flags & IN_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

static long watch_path(struct file *file, const char __user *upath, u32 mask)
{
	struct path_arg a;
	u32 walk_flags = (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) |
			 (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	long result = path_arg_lookup(&a, AT_FDCWD, upath, walk_flags);

	if (result)
		return result;
	result = inode_permission(a.path.dentry->inode, cred_current(), MAY_READ);
	if (!result)
		result = inotify_add(file, a.path.dentry->inode, mask);
	path_arg_drop(&a);
	return result;
}

long sys_inotify_add_watch(int fd, const char __user *path, u32 mask)
{
	struct fd_ref r;
	long result;

	if (!(mask & MASK_KNOWN) || (mask & ~(u32)MASK_KNOWN) ||
	    (mask & (IN_MASK_ADD | IN_MASK_CREATE)) == (IN_MASK_ADD | IN_MASK_CREATE))
		return -EINVAL;
	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	result = inotify_is_inotify(r.file) ? watch_path(r.file, path, mask) : -EINVAL;
	fd_end(r);
	return result;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fd_ref r = fd_arg_io(fd);
	long result;

	if (!r.file)
		return -EBADF;
	result = inotify_remove(r.file, wd);
	fd_end(r);
	return result;
}
