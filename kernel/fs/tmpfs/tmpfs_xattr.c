/*
 * Extended attributes of tmpfs: "trusted." and "security.", in a list of each inode. Access control
 * lists are in memory already, where vfs has them.
 */
#include "abi/stat.h"
#include "abi/xattr.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"

/* I: constant.  i: in the inode's list, under its xattr_lock. */
struct tmpfs_xattr {
	struct list link;	/* i */
	size_t size;		/* I */
	char *name;		/* I: within value, behind it */
	char value[];		/* I */
};

/* 0, or why an attribute of that name cannot be here. */
static int kind_check(const char *name)
{
	size_t prefix;

	if (str_starts_with(name, XATTR_TRUSTED_PREFIX))
		prefix = strlen(XATTR_TRUSTED_PREFIX);
	else if (str_starts_with(name, XATTR_SECURITY_PREFIX))
		prefix = strlen(XATTR_SECURITY_PREFIX);
	else
		return -EOPNOTSUPP;
	return name[prefix] ? 0 : -EINVAL;
}

static struct tmpfs_xattr *find(struct tmpfs_inode *t, const char *name)
{
	struct tmpfs_xattr *x;

	list_for_each_entry(x, &t->xattrs, link)
		if (strcmp(x->name, name) == 0)
			return x;
	return NULL;
}

ssize_t tmpfs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
	struct tmpfs_inode *t = tmpfs_i(inode);
	struct tmpfs_xattr *x;
	ssize_t result = kind_check(name);

	if (result < 0)
		return result;
	spin_lock(&t->xattr_lock);
	x = find(t, name);
	if (!x)
		result = -ENODATA;
	else if (size && size < x->size)
		result = -ERANGE;
	else
		result = (ssize_t)x->size;
	if (result > 0 && size)
		memcpy(value, x->value, x->size);
	spin_unlock(&t->xattr_lock);
	return result;
}

static struct tmpfs_xattr *xattr_make(const char *name, const void *value, size_t size)
{
	size_t n = strlen(name) + 1;
	struct tmpfs_xattr *x = kvmalloc(sizeof(*x) + size + n, MM_KERNEL);

	if (!x)
		return NULL;
	x->size = size;
	memcpy(x->value, value, size);
	x->name = x->value + size;
	memcpy(x->name, name, n);
	return x;
}

/* Puts `x` (NULL: nothing) in the place of what has the name. inode->lock is held for writing. */
static int replace(struct inode *inode, const char *name, struct tmpfs_xattr *x, int flags)
{
	struct tmpfs_inode *t = tmpfs_i(inode);
	struct tmpfs_xattr *old;
	int err = 0;

	spin_lock(&t->xattr_lock);
	old = find(t, name);
	if (old && flags & XATTR_CREATE)
		err = -EEXIST;
	else if (!old && (!x || flags & XATTR_REPLACE))
		err = -ENODATA;
	if (!err && old)
		list_del(&old->link);
	if (!err && x)
		list_add_tail(&x->link, &t->xattrs);
	spin_unlock(&t->xattr_lock);
	kvfree(err ? x : old);
	if (!err)
		inode_touch(inode, ATTR_CTIME);
	return err;
}

int tmpfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	int err = kind_check(name);
	struct tmpfs_xattr *x;

	if (err < 0)
		return err;
	x = xattr_make(name, value, size);
	return x ? replace(inode, name, x, flags) : -ENOMEM;
}

int tmpfs_removexattr(struct inode *inode, const char *name)
{
	int err = kind_check(name);

	return err < 0 ? err : replace(inode, name, NULL, 0);
}

ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size)
{
	struct tmpfs_inode *t = tmpfs_i(inode);
	struct tmpfs_xattr *x;
	size_t done = 0;

	spin_lock(&t->xattr_lock);
	list_for_each_entry(x, &t->xattrs, link) {
		size_t n = strlen(x->name) + 1;

		if (size && n > size - done) {
			spin_unlock(&t->xattr_lock);
			return -ERANGE;
		}
		if (size)
			memcpy(list + done, x->name, n);
		done += n;
	}
	spin_unlock(&t->xattr_lock);
	return (ssize_t)done;
}

void tmpfs_xattrs_free(struct inode *inode)
{
	struct tmpfs_xattr *x, *next;

	list_for_each_entry_safe(x, next, &tmpfs_i(inode)->xattrs, link)
		kvfree(x);
}

int tmpfs_set_acl(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n)
{
	return 0;
}
