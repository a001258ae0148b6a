/*
 * Access control lists of inodes: published for walks to read, set and read as extended attributes,
 * followed by chmod(2), inherited by new files. Where they are kept is the file system's business
 * (inode_ops.set_acl).
 */
#include "abi/capability.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/acl.h"
#include "vfs/file_int.h"

#define ACL_VALUE_VERSION 2u

/* Stands for lists that are on the disk and could not be read. */
static struct acls unreadable;

static void acls_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct acls, rcu));
}

static void publish(struct inode *inode, struct acls *acls)
{
	struct acls *old = inode->acls;

	rcu_store(inode->acls, acls);
	if (old && old != &unreadable)
		rcu_call(&old->rcu, acls_free_rcu);
}

static struct acls *acls_make(const struct acl_entry *access, u32 n_access,
			      const struct acl_entry *deflt, u32 n_default)
{
	struct acls *acls = kmalloc(sizeof(*acls) + (n_access + n_default) * sizeof(*access),
				    MM_WAIT | MM_NOFS);

	if (!acls)
		return NULL;
	acls->n_access = n_access;
	acls->n_default = n_default;
	if (n_access)
		memcpy(acls->entries, access, n_access * sizeof(*access));
	if (n_default)
		memcpy(acls->entries + n_access, deflt, n_default * sizeof(*deflt));
	return acls;
}

int inode_acls_publish(struct inode *inode, const struct acl_entry *access, u32 n_access,
		       const struct acl_entry *deflt, u32 n_default)
{
	struct acls *acls = NULL;

	if (n_access || n_default) {
		acls = acls_make(access, n_access, deflt, n_default);
		if (!acls)
			return -ENOMEM;
	}
	publish(inode, acls);
	return 0;
}

void inode_acls_unreadable(struct inode *inode)
{
	publish(inode, &unreadable);
}

void inode_acls_free(struct inode *inode)
{
	if (inode->acls != &unreadable)
		kfree(inode->acls);
	inode->acls = NULL;
}

static bool has_acls(const struct inode *inode)
{
	return READ_ONCE(inode->sb->flags) & SB_ACL && inode->ops->set_acl;
}

int inode_acls_permission(struct inode *inode, const struct cred *cred, unsigned mask)
{
	const struct acls *acls;
	int err = -EAGAIN;

	rcu_read_lock();
	acls = rcu_load(inode->acls);
	if (acls == &unreadable)
		err = -EIO;
	else if (acls && acls->n_access)
		err = acl_permission(acls->entries, acls->n_access, inode, cred, mask);
	rcu_read_unlock();
	return err;
}

/* The entries of one of an inode's lists; 0: there is none. The lists do not change meanwhile. */
static u32 entries_of(const struct inode *inode, bool deflt, const struct acl_entry **out)
{
	const struct acls *acls = rcu_load(inode->acls);

	if (!acls)
		return 0;
	*out = deflt ? acls->entries + acls->n_access : acls->entries;
	return deflt ? acls->n_default : acls->n_access;
}

ssize_t inode_acl_get(struct inode *inode, bool deflt, void *value, size_t size)
{
	const u32 version = ACL_VALUE_VERSION;
	const struct acl_entry *e = NULL;
	ssize_t result;
	size_t need;
	u32 n;

	if (!has_acls(inode))
		return -EOPNOTSUPP;
	rwsem_read(&inode->lock);
	n = entries_of(inode, deflt, &e);
	need = sizeof(version) + n * sizeof(*e);
	result = inode->acls == &unreadable ? -EIO :
		 !n			    ? -ENODATA :
		 size && size < need	    ? -ERANGE :
					      (ssize_t)need;
	if (result > 0 && size) {
		memcpy(value, &version, sizeof(version));
		memcpy((u8 *)value + sizeof(version), e, n * sizeof(*e));
	}
	rwsem_read_end(&inode->lock);
	return result;
}

/* Takes the value of an attribute apart: how many entries there are, or -EINVAL, -EOPNOTSUPP. */
static int value_parse(const void *value, size_t size, struct acl_entry **out)
{
	struct acl_entry *e;
	u32 version, n;

	if (size < sizeof(version) || (size - sizeof(version)) % sizeof(*e))
		return -EINVAL;
	memcpy(&version, value, sizeof(version));
	if (version != ACL_VALUE_VERSION)
		return -EOPNOTSUPP;
	n = (u32)((size - sizeof(version)) / sizeof(*e));
	if (!n)
		return 0;
	e = kmemdup((const u8 *)value + sizeof(version), n * sizeof(*e), MM_KERNEL);
	if (!e)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++)
		if (e[i].tag != ACL_USER && e[i].tag != ACL_GROUP)
			e[i].id = ACL_UNDEFINED_ID;
	*out = e;
	return (int)n;
}

/* Stores and publishes one of the two lists. inode->lock held, or it is new. */
static int store(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n)
{
	const struct acl_entry *other = NULL;
	u32 n_other = entries_of(inode, !deflt, &other);
	struct acls *acls = NULL;
	int err;

	if (inode->acls == &unreadable)
		return -EIO;
	if (n || n_other) {
		acls = deflt ? acls_make(other, n_other, e, n) : acls_make(e, n, other, n_other);
		if (!acls)
			return -ENOMEM;
	}
	err = inode->ops->set_acl(inode, deflt, e, n);
	if (err < 0)
		kfree(acls);
	else
		publish(inode, acls);
	return err;
}

/* An access list says what the mode is; one that says no more than that is not kept. */
static int set_access(struct inode *inode, const struct cred *cred, const struct acl_entry *e,
		      u32 n)
{
	struct inode_attr attr = { .mask = ATTR_MODE | ATTR_CTIME, .mode = inode->mode };
	int err;

	if (n && !acl_to_mode(e, n, &attr.mode))
		n = 0;
	if (!cred_in_group(cred, inode->gid) && !cred_capable(cred, CAP_FSETID))
		attr.mode &= ~(u32)S_ISGID;
	err = store(inode, false, e, n);
	if (err < 0)
		return err;
	attr.ctime = super_time_fit(inode->sb, clock_stamp());
	return inode->ops->setattr ? inode->ops->setattr(inode, &attr)
				   : inode_setattr_simple(inode, &attr);
}

int inode_acl_set(struct inode *inode, const struct cred *cred, bool deflt, const void *value,
		  size_t size)
{
	struct acl_entry *e = NULL;
	int n = 0, err;

	if (!has_acls(inode))
		return -EOPNOTSUPP;
	if (value) {
		n = value_parse(value, size, &e);
		if (n < 0)
			return n;
	}
	if (deflt && !S_ISDIR(inode->mode) && !n)
		return 0; /* there is none, whoever asks: nothing changes */
	if (deflt && !S_ISDIR(inode->mode))
		err = -EACCES;
	else if (!inode_owner_or_capable(inode, cred))
		err = -EPERM;
	else if (n && !acl_valid(e, (u32)n))
		err = -EINVAL;
	else if (n && !deflt)
		err = set_access(inode, cred, e, (u32)n);
	else
		err = store(inode, deflt, e, (u32)n);
	if (err == 0)
		inode_touch(inode, ATTR_CTIME);
	kfree(e);
	return err;
}

/* A copy of one of the lists, to change. */
static int entries_copy(const struct inode *inode, bool deflt, struct acl_entry **out)
{
	const struct acl_entry *e = NULL;
	u32 n = entries_of(inode, deflt, &e);

	if (!n)
		return 0;
	*out = kmemdup(e, n * sizeof(*e), MM_WAIT | MM_NOFS);
	return *out ? (int)n : -ENOMEM;
}

int inode_acl_chmod(struct inode *inode)
{
	struct acl_entry *e = NULL;
	int n, err;

	if (!inode->acls || !has_acls(inode))
		return 0;
	n = entries_copy(inode, false, &e);
	if (n <= 0)
		return n;
	acl_set_mode(e, (u32)n, inode->mode);
	err = store(inode, false, e, (u32)n);
	kfree(e);
	return err;
}

u32 dir_new_mode(const struct inode *dir, u32 mode, u32 umask)
{
	const struct acl_entry *e;

	if (unlikely(READ_ONCE(dir->acls)) && has_acls(dir) && entries_of(dir, true, &e))
		return mode;
	return mode & ~umask;
}

int inode_acl_inherit(struct inode *inode, const struct inode *dir)
{
	struct acl_entry *e = NULL;
	u32 mode = inode->mode;
	int n, err = 0;

	if (likely(!dir->acls) || S_ISLNK(mode) || !has_acls(dir))
		return 0;
	if (dir->acls == &unreadable)
		return -EIO;
	n = entries_copy(dir, true, &e);
	if (n <= 0)
		return n;
	if (S_ISDIR(mode))
		err = store(inode, true, e, (u32)n);
	if (err == 0 && acl_restrict(e, (u32)n, &mode) && inode->ops->set_acl)
		err = store(inode, false, e, (u32)n);
	if (err == 0)
		inode->mode = mode;
	kfree(e);
	return err;
}
