/*
 * Calls that make names: mkdir(2), mknod(2), symlink(2), link(2). The directory is locked for
 * writing from the look at the name to the new entry.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "vfs/acl.h"
#include "vfs/notify.h"
#include "vfs/protect.h"
#include "vfs/super_int.h"
#include "vfs/walk_int.h"

/*
 * A name that may be made: its directory is locked, its mount held writable, its dentry negative.
 */
struct creation {
	struct walk_place place;
	struct dentry *dentry;
	struct inode *dir;
};

static void create_end(struct creation *c)
{
	rwsem_write_end(&c->dir->lock);
	dentry_put(c->dentry);
	mount_write_end(c->place.dir.mount);
	walk_place_put(&c->place);
}

/* `directory`: a trailing slash is allowed. 0, or an error and nothing to end. */
static int create_begin(const struct walk *w, const char *name, bool directory, struct creation *c)
{
	int err = walk_parent(w, name, 0, &c->place), readonly;

	if (err < 0)
		return err;
	if (c->place.type != LAST_NORM) {
		walk_place_put(&c->place);
		return -EEXIST;
	}
	readonly = mount_write_begin(c->place.dir.mount);
	c->dir = c->place.dir.dentry->inode;
	rwsem_write(&c->dir->lock);
	err = dentry_lookup_locked(c->place.dir.dentry, &c->place.last, &c->dentry);
	if (err < 0)
		goto out_unlock;
	/* An existing name is reported before anything that would forbid making it. */
	if (c->dentry->inode)
		err = -EEXIST;
	else if (c->place.slash && !directory)
		err = -ENOENT;
	else
		err = readonly;
	if (err == 0)
		err = dir_may_change(c->dir, w->cred);
	if (err == 0)
		return 0;
	dentry_put(c->dentry);
out_unlock:
	rwsem_write_end(&c->dir->lock);
	if (readonly == 0)
		mount_write_end(c->place.dir.mount);
	walk_place_put(&c->place);
	return err;
}

/* The new inode (reference taken over) gets the name. */
static void create_enter(struct creation *c, struct inode *inode)
{
	dentry_instantiate(c->dentry, inode);
	if (c->dentry->flags & DENTRY_UNHASHED)
		c->dentry = dentry_hash_add(c->dentry);
	notify_name(c->dir, IN_CREATE, inode, &c->place.last, 0);
}

int vfs_mkdir(const struct walk *w, const char *name, u32 mode)
{
	struct creation c;
	struct inode *inode;
	int err = create_begin(w, name, true, &c);

	if (err < 0)
		return err;
	mode = dir_new_mode(c.dir, mode & (0777 | S_ISVTX), READ_ONCE(w->fs->umask)) | S_IFDIR;
	err = c.dir->ops->mkdir ? c.dir->ops->mkdir(c.dir, &c.place.last, mode, w->cred, &inode)
				: -EPERM;
	if (err == 0)
		create_enter(&c, inode);
	create_end(&c);
	return err;
}

static int make_node(struct creation *c, u32 mode, u64 rdev, const struct cred *cred)
{
	const struct inode_ops *ops = c->dir->ops;
	struct inode *inode;
	int err = -EPERM;

	if (S_ISREG(mode)) {
		if (ops->create)
			err = ops->create(c->dir, &c->place.last, mode, cred, &inode);
	} else if (ops->mknod) {
		err = ops->mknod(c->dir, &c->place.last, mode, rdev, cred, &inode);
	}
	if (err == 0)
		create_enter(c, inode);
	return err;
}

int vfs_mknod(const struct walk *w, const char *name, u32 mode, u64 rdev)
{
	struct creation c;
	int err;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (S_ISDIR(mode))
		return -EPERM;
	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode) && !S_ISCHR(mode) &&
	    !S_ISBLK(mode))
		return -EINVAL;
	err = create_begin(w, name, false, &c);
	if (err < 0)
		return err;
	/* A whiteout, as RENAME_WHITEOUT makes them, is no device. */
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !(S_ISCHR(mode) && rdev == 0) &&
	    !cred_capable(w->cred, CAP_MKNOD))
		err = -EPERM;
	else
		err = make_node(&c, dir_new_mode(c.dir, mode, READ_ONCE(w->fs->umask)),
				S_ISCHR(mode) || S_ISBLK(mode) ? rdev : 0, w->cred);
	create_end(&c);
	return err;
}

int vfs_make_socket(const struct walk *w, const char *name, u32 mode, struct path *out)
{
	struct creation c;
	int err = create_begin(w, name, false, &c);

	if (err < 0)
		return err;
	mode = dir_new_mode(c.dir, mode & 0777, READ_ONCE(w->fs->umask)) | S_IFSOCK;
	err = make_node(&c, mode, 0, w->cred);
	if (err == 0) {
		*out = (struct path){ c.place.dir.mount, c.dentry };
		path_get(out);
	}
	create_end(&c);
	return err;
}

int vfs_symlink(const struct walk *w, const char *target, const char *name)
{
	struct creation c;
	struct inode *inode;
	int err;

	if (!*target)
		return -ENOENT;
	err = create_begin(w, name, false, &c);
	if (err < 0)
		return err;
	err = c.dir->ops->symlink
		      ? c.dir->ops->symlink(c.dir, &c.place.last, target, w->cred, &inode)
		      : -EPERM;
	if (err == 0)
		create_enter(&c, inode);
	create_end(&c);
	return err;
}

/* Gives the inode one more name, under its lock. */
static int link_inode(struct creation *c, struct inode *inode, const struct cred *cred)
{
	int err;

	if (c->dir->sb != inode->sb)
		return -EXDEV;
	if (S_ISDIR(inode->mode) || !c->dir->ops->link)
		return -EPERM;
	if (inode->flags & (FS_APPEND_FL | FS_IMMUTABLE_FL))
		return -EPERM;
	rwsem_write(&inode->lock);
	if (!inode->nlink && !(inode->state & I_LINKABLE))
		err = -ENOENT;
	else
		err = c->dir->ops->link(c->dir, &c->place.last, inode);
	if (err == 0 && inode->state & I_LINKABLE)
		inode_set_state(inode, 0, I_LINKABLE);
	rwsem_write_end(&inode->lock);
	if (err == 0) {
		notify_inode(inode, IN_ATTRIB);
		create_enter(c, inode_get(inode));
	}
	return err;
}

int vfs_link(const struct walk *from, const char *old, const struct walk *to, const char *name,
	     u32 walk_flags)
{
	struct creation c;
	struct path path;
	int err;

	if (!*old && walk_flags & WALK_EMPTY && !cred_capable(from->cred, CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = path_lookup(from, old, walk_flags, &path);
	if (err < 0)
		return err;
	err = create_begin(to, name, false, &c);
	if (err == 0) {
		err = path.mount == c.place.dir.mount
			      ? protect_link(path.dentry->inode, to->cred)
			      : -EXDEV;
		if (err == 0)
			err = link_inode(&c, path.dentry->inode, to->cred);
		create_end(&c);
	}
	path_put(&path);
	return err;
}
