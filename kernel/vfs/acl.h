/*
 * Access control lists (acl(5), POSIX 1003.1e draft 17): an inode's own, which decides together
 * with its mode who may do what, and a directory's default one, which new files in it begin with.
 *
 * An inode has both in one block of memory, inode->acls, which is never changed: a change makes
 * another, and the old one goes after a grace period. Walks read it without a lock. NULL: it has
 * neither, and the mode says all, which is so for nearly every inode.
 */
#pragma once

#include "sched/rcu.h"
#include "vfs/super.h"

enum acl_tag { ACL_USER_OBJ = 1, ACL_USER = 2, ACL_GROUP_OBJ = 4, ACL_GROUP = 8, ACL_MASK = 16,
	       ACL_OTHER = 32 };
#define ACL_UNDEFINED_ID (~0u)

/* As in the value of system.posix_acl_access (xattr(7)), too. */
struct acl_entry {
	u16 tag;	/* enum acl_tag */
	u16 perm;	/* MAY_* */
	u32 id;		/* of ACL_USER and ACL_GROUP */
};

struct acls {
	struct rcu_head rcu;
	u32 n_access, n_default;
	struct acl_entry entries[];	/* the access list's first */
};

/* Names of attributes that the lists are set and read by. */
#define ACL_ACCESS_NAME  "system.posix_acl_access"
#define ACL_DEFAULT_NAME "system.posix_acl_default"

/* acl.c: lists as such */

/* Whether the entries are a list: in order, each kind as often as it may be, a mask if need be. */
bool acl_valid(const struct acl_entry *e, u32 n);
/* Permission bits of *mode as the list says; whether it says more than a mode can. */
bool acl_to_mode(const struct acl_entry *e, u32 n, u32 *mode);
/*
 * A new file's list, which was the directory's default one, and its mode, as open(2) was given it,
 * are cut to what both allow; whether the list says more than the mode then.
 */
bool acl_restrict(struct acl_entry *e, u32 n, u32 *mode);
/* chmod(2): the mode's bits into the list. */
void acl_set_mode(struct acl_entry *e, u32 n, u32 mode);
/* 0 or -EACCES for somebody who does not own the inode. mask: MAY_*. */
int acl_permission(const struct acl_entry *e, u32 n, const struct inode *inode,
		   const struct cred *cred, unsigned mask);

/* acl_inode.c: lists of inodes */

/*
 * Gives an inode lists, or none (both NULL): 0 or -ENOMEM. Nobody else changes them now: its lock
 * is held, or it is new.
 */
int inode_acls_publish(struct inode *inode, const struct acl_entry *access, u32 n_access,
		       const struct acl_entry *deflt, u32 n_default);
/* They could not be read: who is not the owner gets -EIO. */
void inode_acls_unreadable(struct inode *inode);
/* The inode's storage goes. */
void inode_acls_free(struct inode *inode);
/* What inode_permission_generic() asks of an inode that has lists, of who does not own it. */
int inode_acls_permission(struct inode *inode, const struct cred *cred, unsigned mask);
/*
 * getxattr(2), setxattr(2), removexattr(2) (`value` NULL) by those two names. inode->lock held for
 * setting. -EOPNOTSUPP, -ENODATA, -ERANGE, -EINVAL, -EPERM, -EACCES (a default list of what is no
 * directory), or the file system's error.
 */
ssize_t inode_acl_get(struct inode *inode, bool deflt, void *value, size_t size);
int inode_acl_set(struct inode *inode, const struct cred *cred, bool deflt, const void *value,
		  size_t size);
/* The mode was changed: the access list follows. inode->lock held. */
int inode_acl_chmod(struct inode *inode);
/*
 * A new file's mode: without the bits of `umask`, unless its directory has a default list. Its lock
 * is held.
 */
u32 dir_new_mode(const struct inode *dir, u32 mode, u32 umask);
/*
 * A file system has made `inode` in `dir`, with the mode that dir_new_mode() gave, and nobody knows
 * it yet: it gets its lists, and its mode what they leave of it. 0 or an error.
 */
int inode_acl_inherit(struct inode *inode, const struct inode *dir);
