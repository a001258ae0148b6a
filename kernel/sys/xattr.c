/*
 * Extended attributes: setxattr(2), getxattr(2), listxattr(2), removexattr(2), each by a path, by a
 * path whose last symbolic link is meant itself, and by a descriptor.
 */
#include "abi/limits.h"
#include "core/gaps.h"
#include "mm/kmap.h"
#include "sys/sys_int.h"
#include "vfs/xattr.h"

/* Whose attributes are meant. */
struct target {
	struct path_arg a;
	struct fd_ref r;
	struct path *path;
};

static int target_path(struct target *t, const char __user *path, u32 walk_flags)
{
	t->r.file = NULL;
	t->path = &t->a.path;
	return path_arg_lookup(&t->a, AT_FDCWD, path, walk_flags);
}

static int target_fd(struct target *t, int fd)
{
	t->r = fd_arg_io(fd);
	if (!t->r.file)
		return -EBADF;
	t->path = &t->r.file->path;
	return 0;
}

static void target_put(struct target *t)
{
	if (t->r.file)
		fd_end(t->r);
	else
		path_arg_drop(&t->a);
}

static int name_copy(char name[XATTR_NAME_MAX + 1], const char __user *uname)
{
	ssize_t n = copy_in_string(name, uname, XATTR_NAME_MAX + 1);

	if (n < 0)
		return n == -ABI_ENAMETOOLONG ? -ERANGE : (int)n;
	return n ? 0 : -ERANGE;
}

static long set(struct target *t, const char __user *uname, const void __user *uvalue, size_t size,
		int flags)
{
	char name[XATTR_NAME_MAX + 1];
	void *value;
	long result;

	if (gap_flags((u32)flags, XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	result = name_copy(name, uname);
	if (result)
		return result;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	value = kvmalloc(max(size, (size_t)1), MM_KERNEL);
	if (!value)
		return -ENOMEM;
	result = copy_in(value, uvalue, size) < 0 ? -EFAULT :
						    vfs_setxattr(t->path, cred_current(), name,
								 value, size, flags);
	kvfree(value);
	return result;
}

/* A value or (`uname` NULL) the list of names, through a buffer of our own. */
static long get(struct target *t, const char __user *uname, void __user *ubuf, size_t size)
{
	const struct cred *cred = cred_current();
	char name[XATTR_NAME_MAX + 1];
	void *buf = NULL;
	long result = uname ? name_copy(name, uname) : 0;

	if (result)
		return result;
	size = min(size, (size_t)XATTR_SIZE_MAX);
	if (size) {
		buf = kvmalloc(size, MM_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	result = uname ? vfs_getxattr(t->path, cred, name, buf, size) :
			 vfs_listxattr(t->path, cred, buf, size);
	if (result > 0 && size && copy_out(ubuf, buf, (size_t)result) < 0)
		result = -EFAULT;
	else if (result == -ABI_ERANGE && size == XATTR_SIZE_MAX)
		result = -E2BIG;
	kvfree(buf);
	return result;
}

static long drop(struct target *t, const char __user *uname)
{
	char name[XATTR_NAME_MAX + 1];
	long error = name_copy(name, uname);

	return error ? error : vfs_removexattr(t->path, cred_current(), name);
}

static long set_path(const char __user *path, u32 walk_flags, const char __user *name,
		     const void __user *value, size_t size, int flags)
{
	struct target t;
	long result = target_path(&t, path, walk_flags);

	if (result)
		return result;
	result = set(&t, name, value, size, flags);
	target_put(&t);
	return result;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
		  size_t size, int flags)
{
	return set_path(path, WALK_FOLLOW, name, value, size, flags);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
		   size_t size, int flags)
{
	return set_path(path, 0, name, value, size, flags);
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
		   int flags)
{
	struct target t;
	long result = target_fd(&t, fd);

	if (result)
		return result;
	result = set(&t, name, value, size, flags);
	target_put(&t);
	return result;
}

/* A null pointer for a name is a fault, not the list. */
#define NO_NAME ((const char __user *)~0ul)

static long get_path(const char __user *path, u32 walk_flags, const char __user *name,
		     void __user *buf, size_t size)
{
	struct target t;
	long result = target_path(&t, path, walk_flags);

	if (result)
		return result;
	result = get(&t, name, buf, size);
	target_put(&t);
	return result;
}

static long get_fd(int fd, const char __user *name, void __user *buf, size_t size)
{
	struct target t;
	long result = target_fd(&t, fd);

	if (result)
		return result;
	result = get(&t, name, buf, size);
	target_put(&t);
	return result;
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return get_path(path, WALK_FOLLOW, name ?: NO_NAME, value, size);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
		   size_t size)
{
	return get_path(path, 0, name ?: NO_NAME, value, size);
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
	return get_fd(fd, name ?: NO_NAME, value, size);
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
	return get_path(path, WALK_FOLLOW, NULL, list, size);
}

long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
	return get_path(path, 0, NULL, list, size);
}

long sys_flistxattr(int fd, char __user *list, size_t size)
{
	return get_fd(fd, NULL, list, size);
}

static long drop_path(const char __user *path, u32 walk_flags, const char __user *name)
{
	struct target t;
	long result = target_path(&t, path, walk_flags);

	if (result)
		return result;
	result = drop(&t, name);
	target_put(&t);
	return result;
}

long sys_removexattr(const char __user *path, const char __user *name)
{
	return drop_path(path, WALK_FOLLOW, name);
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
	return drop_path(path, 0, name);
}

long sys_fremovexattr(int fd, const char __user *name)
{
	struct target t;
	long result = target_fd(&t, fd);

	if (result)
		return result;
	result = drop(&t, name);
	target_put(&t);
	return result;
}
