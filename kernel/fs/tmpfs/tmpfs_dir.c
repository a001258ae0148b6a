/*
 * Operations on tmpfs directories. vfs has locked them and checked rights; here entries, link
 * counts and times change.
 */
#include "abi/fstrim.h"
#include "abi/stat.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/string.h"
#include "mm/slab.h"

static int tmpfs_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct tmpfs_entry *e = tmpfs_entry_find(dir, name);

	*out = e ? inode_get(e->inode) : NULL;
	return 0;
}

/* A new inode under a new name; *out has a reference of its own. */
static int make(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
		const struct cred *cred, const char *target, struct inode **out)
{
	struct tmpfs_entry *e = tmpfs_entry_alloc(name);
	struct inode *inode;
	int err;

	if (!e)
		return -ENOMEM;
	err = tmpfs_inode_create(dir->sb, dir, mode, rdev, cred, &inode);
	if (err < 0)
		goto out_entry;
	if (target) {
		inode->link_target = kstrdup(target, MM_KERNEL);
		if (!inode->link_target) {
			err = -ENOMEM;
			goto out_inode;
		}
		inode->size = (s64)strlen(target);
	}
	if (S_ISDIR(mode)) {
		tmpfs_i(inode)->parent = dir;
		dir->nlink++;
	}
	tmpfs_entry_insert(dir, e, inode_get(inode));
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	*out = inode;
	return 0;

out_inode:
	inode->nlink = 0;
	inode_put(inode);
out_entry:
	kfree(e);
	return err;
}

static int tmpfs_create(struct inode *dir, const struct name *name, u32 mode,
			const struct cred *cred, struct inode **out)
{
	return make(dir, name, mode, 0, cred, NULL, out);
}

static int tmpfs_mknod(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
		       const struct cred *cred, struct inode **out)
{
	return make(dir, name, mode, rdev, cred, NULL, out);
}

static int tmpfs_symlink(struct inode *dir, const struct name *name, const char *target,
			 const struct cred *cred, struct inode **out)
{
	return make(dir, name, S_IFLNK | 0777, 0, cred, target, out);
}

static int tmpfs_tmpfile(struct inode *dir, u32 mode, const struct cred *cred, struct inode **out)
{
	int err = tmpfs_inode_create(dir->sb, dir, mode, 0, cred, out);

	if (err == 0)
		(*out)->nlink = 0;
	return err;
}

static int tmpfs_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmpfs_entry *e = tmpfs_entry_alloc(name);

	if (!e)
		return -ENOMEM;
	inode->nlink++;
	tmpfs_entry_insert(dir, e, inode_get(inode));
	inode_touch(inode, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int tmpfs_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmpfs_entry *e = tmpfs_entry_find(dir, name);

	if (!e)
		return -ENOENT;
	inode_put(tmpfs_entry_remove(dir, e)); /* vfs has a reference of its own */
	inode->nlink--;
	inode_touch(inode, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmpfs_entry *e = tmpfs_entry_find(dir, name);

	if (!e)
		return -ENOENT;
	if (tmpfs_i(inode)->n_entries)
		return -ENOTEMPTY;
	inode_put(tmpfs_entry_remove(dir, e));
	inode->nlink = 0;
	dir->nlink--;
	inode_touch(inode, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

/* A directory has a new parent: ".." and the link counts that come from it. */
static void reparent(struct inode *inode, struct inode *from, struct inode *to)
{
	if (!S_ISDIR(inode->mode) || from == to)
		return;
	tmpfs_i(inode)->parent = to;
	from->nlink--;
	to->nlink++;
}

static int rename_exchange(struct inode *from, struct tmpfs_entry *a, struct inode *to,
			   struct tmpfs_entry *b)
{
	swap(a->inode, b->inode);
	reparent(b->inode, from, to);
	reparent(a->inode, to, from);
	inode_touch(a->inode, ATTR_CTIME);
	inode_touch(b->inode, ATTR_CTIME);
	return 0;
}

static int rename_over(struct inode *from, struct tmpfs_entry *e, struct inode *to,
		       struct tmpfs_entry *target)
{
	struct inode *moved = tmpfs_entry_remove(from, e), *replaced = target->inode;

	target->inode = moved;
	reparent(moved, from, to);
	if (S_ISDIR(replaced->mode)) {
		replaced->nlink = 0;
		to->nlink--;
	} else {
		replaced->nlink--;
	}
	inode_touch(replaced, ATTR_CTIME);
	inode_put(replaced); /* the entry's reference; vfs has another */
	inode_touch(moved, ATTR_CTIME);
	return 0;
}

static int rename_new(struct inode *from, struct tmpfs_entry *e, struct inode *to,
		      const struct name *new_name)
{
	struct tmpfs_entry *target = tmpfs_entry_alloc(new_name);
	struct inode *moved;

	if (!target)
		return -ENOMEM;
	moved = tmpfs_entry_remove(from, e);
	tmpfs_entry_insert(to, target, moved);
	reparent(moved, from, to);
	inode_touch(moved, ATTR_CTIME);
	return 0;
}

/* The name is another's from now on: whoever replaces it, or nobody (NULL). */
static int rename_away(struct inode *from, struct tmpfs_entry *e, struct inode *to,
		       const struct name *new_name, struct tmpfs_entry *target)
{
	if (!target)
		return rename_new(from, e, to, new_name);
	if (S_ISDIR(target->inode->mode) && tmpfs_i(target->inode)->n_entries)
		return -ENOTEMPTY;
	return rename_over(from, e, to, target);
}

/* What the old name will be (RENAME_WHITEOUT): an entry that is not entered, with its inode. */
static int whiteout_make(struct inode *from, const struct name *old, const struct cred *cred,
			 struct tmpfs_entry **e, struct inode **inode)
{
	int err;

	*e = tmpfs_entry_alloc(old);
	if (!*e)
		return -ENOMEM;
	err = tmpfs_inode_create(from->sb, from, S_IFCHR, 0, cred, inode);
	if (err < 0)
		kfree(*e);
	return err;
}

static int tmpfs_rename(struct inode *from, const struct name *old, struct inode *inode,
			struct inode *to, const struct name *new_name, struct inode *replaced,
			u32 flags, const struct cred *cred)
{
	struct tmpfs_entry *e = tmpfs_entry_find(from, old), *white = NULL,
			   *target = tmpfs_entry_find(to, new_name);
	struct inode *whiteout;
	int err = 0;

	if (!e || (replaced && !target))
		return -ENOENT;
	if (flags & RENAME_WHITEOUT)
		err = whiteout_make(from, old, cred, &white, &whiteout);
	if (err < 0)
		return err;
	if (flags & RENAME_EXCHANGE)
		err = rename_exchange(from, e, to, target);
	else
		err = rename_away(from, e, to, new_name, target);
	if (white && err == 0) {
		tmpfs_entry_insert(from, white, whiteout);
	} else if (white) {
		kfree(white);
		whiteout->nlink = 0;
		inode_put(whiteout);
	}
	if (err < 0)
		return err;
	inode_touch(from, ATTR_MTIME | ATTR_CTIME);
	inode_touch(to, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

int tmpfs_set_flags(struct inode *inode, const struct cred *cred, u32 flags,
		    const struct abi_fsxattr *x)
{
	if (x && (x->fsx_xflags & ~(u32)FS_XFLAG_COMMON || x->fsx_extsize || x->fsx_cowextsize ||
		  x->fsx_projid))
		return -EOPNOTSUPP;
	if (flags & ~(u32)TMPFS_FL_SETTABLE)
		return -EOPNOTSUPP;
	inode->flags = flags;
	inode_touch(inode, ATTR_CTIME);
	return 0;
}

const struct inode_ops tmpfs_link_ops = {
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};

/* Devices, FIFOs, sockets. */
const struct inode_ops tmpfs_node_ops = {
	.set_acl = tmpfs_set_acl,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};

const struct inode_ops tmpfs_dir_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.mkdir = tmpfs_create,
	.mknod = tmpfs_mknod,
	.symlink = tmpfs_symlink,
	.tmpfile = tmpfs_tmpfile,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.flags_shown = TMPFS_FL_SETTABLE,
	.set_flags = tmpfs_set_flags,
	.set_acl = tmpfs_set_acl,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};
