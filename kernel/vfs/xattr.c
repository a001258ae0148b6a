/*
 * Extended attributes, the part that all file systems share: the rules of each kind of name
 * (xattr(7)). "user." is for files and directories and goes by their permission bits, "trusted." is
 * seen by CAP_SYS_ADMIN alone, "security." is read by all and set by CAP_SYS_ADMIN (file
 * capabilities by CAP_SETFCAP), "system." is access control lists (acl_inode.c). What is left is
 * the file system's to keep.
 */
#include "vfs/xattr.h"

#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "vfs/acl.h"
#include "vfs/filecap.h"
#include "vfs/mount_int.h"
#include "vfs/notify.h"

/* Which of the two lists a name stands for, if it does. */
static bool is_acl(const char *name, bool *deflt)
{
	*deflt = strcmp(name, ACL_DEFAULT_NAME) == 0;
	return *deflt || strcmp(name, ACL_ACCESS_NAME) == 0;
}

static bool is_caps(const char *name)
{
	return strcmp(name, FILE_CAPS_NAME) == 0;
}

static int may_user(struct inode *inode, const struct cred *cred, unsigned mask)
{
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (mask & MAY_WRITE && S_ISDIR(inode->mode) && inode->mode & S_ISVTX &&
	    !inode_owner_or_capable(inode, cred))
		return -EPERM;
	return inode_permission(inode, cred, mask);
}

/* mask: MAY_READ or MAY_WRITE. */
static int may_access(struct inode *inode, const struct cred *cred, const char *name, unsigned mask)
{
	if (mask & MAY_WRITE && inode->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return -EPERM;
	if (str_starts_with(name, XATTR_SECURITY_PREFIX)) {
		if (!(mask & MAY_WRITE))
			return 0;
		return cred_capable(cred, is_caps(name) ? CAP_SETFCAP : CAP_SYS_ADMIN) ? 0 : -EPERM;
	}
	if (str_starts_with(name, XATTR_SYSTEM_PREFIX))
		return 0;
	if (str_starts_with(name, XATTR_TRUSTED_PREFIX)) {
		if (cred_capable(cred, CAP_SYS_ADMIN))
			return 0;
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	}
	if (str_starts_with(name, XATTR_USER_PREFIX))
		return may_user(inode, cred, mask);
	return inode_permission(inode, cred, mask);
}

ssize_t vfs_getxattr(const struct path *path, const struct cred *cred, const char *name,
		     void *value, size_t size)
{
	struct inode *inode = path->dentry->inode;
	int err = may_access(inode, cred, name, MAY_READ);
	bool deflt;

	if (err < 0)
		return err;
	if (is_acl(name, &deflt))
		return inode_acl_get(inode, deflt, value, size);
	if (is_caps(name))
		return inode_caps_show(inode, value, size);
	return inode->ops->getxattr ? inode->ops->getxattr(inode, name, value, size) : -EOPNOTSUPP;
}

/* Sets an attribute, or removes it (`value` NULL). inode->lock held. */
static int change(struct inode *inode, const struct cred *cred, const char *name,
		  const void *value, size_t size, int flags)
{
	int err = 0;
	bool deflt;

	if (value && is_caps(name) && !file_caps_valid(value, size))
		err = -EINVAL;
	if (err == 0)
		err = may_access(inode, cred, name, MAY_WRITE);
	if (err < 0)
		return err;
	if (is_acl(name, &deflt))
		return inode_acl_set(inode, cred, deflt, value, size);
	if (!value)
		return inode->ops->removexattr ? inode->ops->removexattr(inode, name) : -EOPNOTSUPP;
	if (is_caps(name))
		inode_caps_set(inode);
	return inode->ops->setxattr ? inode->ops->setxattr(inode, name, value, size, flags)
				    : -EOPNOTSUPP;
}

static int change_at(const struct path *path, const struct cred *cred, const char *name,
		     const void *value, size_t size, int flags)
{
	struct inode *inode = path->dentry->inode;
	int err = mount_write_begin(path->mount);

	if (err < 0)
		return err;
	rwsem_write(&inode->lock);
	err = change(inode, cred, name, value, size, flags);
	rwsem_write_end(&inode->lock);
	if (err == 0)
		notify_dentry(path->dentry, IN_ATTRIB);
	mount_write_end(path->mount);
	return err;
}

int vfs_setxattr(const struct path *path, const struct cred *cred, const char *name,
		 const void *value, size_t size, int flags)
{
	return change_at(path, cred, name, value, size, flags);
}

int vfs_removexattr(const struct path *path, const struct cred *cred, const char *name)
{
	return change_at(path, cred, name, NULL, 0, 0);
}

/* Adds a name to the list: the bytes there are then, or -ERANGE. size 0: counts only. */
static ssize_t names_add(char *list, size_t size, ssize_t at, const char *name)
{
	size_t n = strlen(name) + 1;

	if (size && size - (size_t)at < n)
		return -ERANGE;
	if (size)
		memcpy(list + at, name, n);
	return at + (ssize_t)n;
}

static ssize_t list_acls(struct inode *inode, char *list, size_t size)
{
	ssize_t n = 0;

	if (inode_acl_get(inode, false, NULL, 0) > 0)
		n = names_add(list, size, n, ACL_ACCESS_NAME);
	if (n >= 0 && inode_acl_get(inode, true, NULL, 0) > 0)
		n = names_add(list, size, n, ACL_DEFAULT_NAME);
	return n;
}

/* All names that the file system has: 0 and *out (kvfree()) with *n bytes, or an error. */
static int names_get(struct inode *inode, char **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	if (!inode->ops->listxattr)
		return 0;
	for (;;) {
		ssize_t size = inode->ops->listxattr(inode, NULL, 0);

		if (size <= 0)
			return (int)size;
		*out = kvmalloc((size_t)size, MM_KERNEL);
		if (!*out)
			return -ENOMEM;
		size = inode->ops->listxattr(inode, *out, (size_t)size);
		if (size >= 0) {
			*n = (size_t)size;
			return 0;
		}
		kvfree(*out);
		*out = NULL;
		if (size != -ABI_ERANGE) /* else there are more meanwhile */
			return (int)size;
	}
}

ssize_t vfs_listxattr(const struct path *path, const struct cred *cred, char *list, size_t size)
{
	struct inode *inode = path->dentry->inode;
	ssize_t done = list_acls(inode, list, size);
	size_t n;
	char *names;
	int err;

	if (done < 0)
		return done;
	err = names_get(inode, &names, &n);
	if (err < 0)
		return err;
	for (char *name = names; done >= 0 && name < names + n; name += strlen(name) + 1)
		if (!str_starts_with(name, XATTR_TRUSTED_PREFIX) ||
		    cred_capable(cred, CAP_SYS_ADMIN))
			done = names_add(list, size, done, name);
	kvfree(names);
	return done;
}
