/*
 * mount(2), umount2(2), pivot_root(2): strings copied in, the privilege checked, the rest is vfs's.
 */
#include "abi/capability.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

/* A user string of up to a page, or NULL for a null pointer: 0, -EFAULT, -ENOMEM, -EINVAL (too
 * long). */
static int string_arg(const char __user *user, char **out)
{
	char *text;
	ssize_t n;

	*out = NULL;
	if (!user)
		return 0;
	text = kmalloc(PAGE_SIZE, MM_KERNEL);
	if (!text)
		return -ENOMEM;
	n = copy_in_string(text, user, PAGE_SIZE);
	if (n < 0) {
		kfree(text);
		return n == -ABI_ENAMETOOLONG ? -EINVAL : (int)n;
	}
	*out = text;
	return 0;
}

/* A place that is to change for everybody, which is not for everybody: 0, -EPERM, or what
 * path_arg_begin() says. */
static int place_arg(struct path_arg *place, const char __user *upath)
{
	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	return path_arg_begin(place, AT_FDCWD, upath, false);
}

long sys_mount(const char __user *usource, const char __user *utarget, const char __user *utype,
	       unsigned long flags, const void __user *udata)
{
	char *source = NULL, *type = NULL, *data = NULL;
	struct path_arg target;
	int error;

	error = place_arg(&target, utarget);
	if (error)
		return error;
	error = string_arg(usource, &source);
	if (!error)
		error = string_arg(utype, &type);
	if (!error)
		error = string_arg(udata, &data);
	if (!error)
		error = vfs_mount(&target.w.walk, source, target.name.text, type, flags,
				  data ? data : "");
	kfree(data);
	kfree(type);
	kfree(source);
	path_arg_end(&target);
	return error;
}

long sys_umount2(const char __user *utarget, int flags)
{
	struct path_arg target;
	int error;

	error = place_arg(&target, utarget);
	if (error)
		return error;
	error = vfs_umount(&target.w.walk, target.name.text, (u32)flags);
	path_arg_end(&target);
	return error;
}

long sys_pivot_root(const char __user *unew, const char __user *uold)
{
	struct path_arg new_root;
	struct path_name put_old;
	int error;

	error = place_arg(&new_root, unew);
	if (error)
		return error;
	error = path_name_copy(&put_old, uold, false);
	if (!error) {
		error = vfs_pivot_root(&new_root.w.walk, new_root.name.text, put_old.text);
		path_name_free(&put_old);
	}
	path_arg_end(&new_root);
	return error;
}
