/*
 * open(2): from a path and O_* flags to an open file. Without O_CREAT it is a walk; with it the
 * walk stops at the directory of the last component, and what is found there is opened, followed (a
 * symlink gives more path) or made.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "vfs/acl.h"
#include "vfs/file_int.h"
#include "vfs/notify.h"
#include "vfs/protect.h"
#include "vfs/super_int.h"
#include "vfs/walk_int.h"

/* What is being opened and how. */
struct opening {
	u32 flags;      /* O_* */
	u32 mode;       /* of a new file, but for its umask: */
	u32 umask;
	unsigned may;   /* MAY_* that the file must allow */
	bool made;      /* the file is new: its mode does not bind its maker */
	const struct cred *cred;
};

static int opening_init(struct opening *o, const struct walk *w, u32 flags, u32 mode)
{
	static const unsigned may[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
					MAY_READ | MAY_WRITE };

	if (flags & O_PATH)
		flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	if ((flags & O_SYNC) == __O_SYNC)
		flags |= O_DSYNC;
	if (flags & __O_TMPFILE) {
		if ((flags & O_TMPFILE) != O_TMPFILE || !(may[flags & O_ACCMODE] & MAY_WRITE) ||
		    flags & O_CREAT)
			return -EINVAL;
	} else if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY)) {
		return -EINVAL;
	}
	o->flags = flags & O_PATH ? flags : flags | O_LARGEFILE;
	o->mode = (mode & 07777) | S_IFREG;
	o->umask = READ_ONCE(w->fs->umask);
	o->may = flags & O_PATH ? 0 : may[flags & O_ACCMODE];
	if (flags & O_TRUNC)
		o->may |= MAY_WRITE;
	o->made = false;
	o->cred = w->cred;
	return 0;
}

/* Whether this kind of file may be opened so, before its mode is asked. */
static int check_type(const struct path *path, struct opening *o)
{
	struct inode *inode = path->dentry->inode;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		return o->may & MAY_WRITE || o->flags & O_CREAT ? -EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		if (path->mount && path->mount->flags & MNT_F_NODEV)
			return -EACCES;
		o->flags &= ~(u32)O_TRUNC;
		return 0;
	case S_IFIFO:
	case S_IFSOCK:
		o->flags &= ~(u32)O_TRUNC;
		return 0;
	default:
		return 0;
	}
}

static int may_open(const struct path *path, struct opening *o)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (o->flags & O_DIRECTORY && !S_ISDIR(inode->mode) && !(o->flags & __O_TMPFILE))
		return -ENOTDIR;
	if (o->flags & O_PATH)
		return 0;
	err = check_type(path, o);
	if (err < 0)
		return err;
	if (!o->made) {
		err = inode_permission(inode, o->cred, o->may);
		if (err < 0)
			return err;
	}
	if (o->may & MAY_WRITE && S_ISREG(inode->mode) && mount_is_readonly(path->mount))
		return -EROFS;
	if (inode->flags & FS_APPEND_FL) {
		if ((o->flags & O_ACCMODE) != O_RDONLY && !(o->flags & O_APPEND))
			return -EPERM;
		if (o->flags & O_TRUNC)
			return -EPERM;
	}
	if (o->flags & O_NOATIME && !inode_owner_or_capable(inode, o->cred))
		return -EPERM;
	if (o->flags & O_DIRECT &&
	    (S_ISDIR(inode->mode) || S_ISCHR(inode->mode) || S_ISFIFO(inode->mode)))
		return -EINVAL;
	return 0;
}

static int truncate_opened(struct file *f)
{
	int err = mount_write_begin(f->path.mount);

	if (err < 0)
		return err;
	err = inode_writer_get(f->inode);
	if (err == 0) {
		err = inode_truncate(f->inode, 0, f->cred);
		inode_writer_put(f->inode);
	}
	mount_write_end(f->path.mount);
	return err;
}

/* Opens the place; its references are taken over, also on failure. */
static int open_place(struct path *path, struct opening *o, struct file **out)
{
	struct file *f;
	int err = may_open(path, o);

	if (err < 0) {
		path_put(path);
		return err;
	}
	err = file_alloc(path, o->flags, o->cred, &f);
	if (err < 0)
		return err;
	err = file_open(f);
	if (err < 0) {
		file_discard(f);
		return err;
	}
	notify_file(f, IN_OPEN);
	if (o->flags & O_TRUNC && !o->made && S_ISREG(f->inode->mode)) {
		err = truncate_opened(f);
		if (err < 0) {
			file_put(f);
			return err;
		}
		notify_file(f, IN_MODIFY);
	}
	*out = f;
	return 0;
}

/* Makes the file under the directory's lock; `*d` is the negative dentry looked up there. */
static int make_locked(struct walk_state *ws, struct opening *o, struct dentry **d)
{
	struct inode *dir = ws->inode, *inode;
	int err = mount_hold_begin(ws->path.mount);

	if (err < 0)
		return err;
	err = dir_may_change(dir, o->cred);
	if (err == 0)
		err = dir->ops->create ? dir->ops->create(dir, &ws->last,
							  dir_new_mode(dir, o->mode, o->umask),
							  o->cred, &inode)
				       : -EACCES;
	if (err == 0) {
		dentry_instantiate(*d, inode);
		if ((*d)->flags & DENTRY_UNHASHED)
			*d = dentry_hash_add(*d);
		notify_name(dir, IN_CREATE, inode, &ws->last, 0);
		o->made = true;
	}
	mount_hold_end(ws->path.mount);
	return err;
}

/*
 * The dentry of the last component, made if it does not exist: 0 and *out referenced and positive.
 */
static int find_or_make(struct walk_state *ws, struct opening *o, struct dentry **out)
{
	struct inode *dir = ws->inode;
	struct dentry *d = dentry_find(ws->path.dentry, &ws->last);
	struct gate *gate = dir->sb->gate;
	int err;

	if (d && d->inode && !d->inode->ops->revalidate) {
		/* Who would make it waits for the thaw, as on Linux, though it is there. */
		err = unlikely(gate && READ_ONCE(gate->closed)) ?
			      gate_wait_open(gate, GATE_CALL) : 0;
		if (err < 0)
			dentry_put(d);
		*out = d;
		return err;
	}
	if (d)
		dentry_put(d);
	err = gate_enter(gate, GATE_CALL);
	if (err < 0)
		return err;
	rwsem_write(&dir->lock);
	err = dentry_lookup_locked(ws->path.dentry, &ws->last, &d);
	if (err == 0 && !d->inode) {
		err = make_locked(ws, o, &d);
		if (err < 0)
			dentry_put(d);
	}
	rwsem_write_end(&dir->lock);
	gate_leave(gate, GATE_CALL);
	*out = d;
	return err;
}

/*
 * The last component of an open with O_CREAT: 0 (path is the place), WALK_MORE (a symlink),
 * WALK_RETRY or an error.
 */
static int create_last(struct walk_state *ws, struct opening *o)
{
	struct dentry *d;
	int err;

	if (ws->last_type != LAST_NORM || ws->slash)
		return o->flags & O_EXCL && ws->last_type != LAST_NORM ? -EEXIST : -EISDIR;
	err = walk_unlazy(ws);
	if (err < 0)
		return err;
	if (!S_ISDIR(ws->inode->mode))
		return -ENOTDIR;
	err = find_or_make(ws, o, &d);
	if (err < 0)
		return err;
	if (!o->made && o->flags & O_EXCL) {
		dentry_put(d);
		return -EEXIST;
	}
	if (S_ISLNK(d->inode->mode) && !(o->flags & O_NOFOLLOW)) {
		struct inode *link = inode_get(d->inode);

		dentry_put(d);
		return walk_follow(ws, link, true);
	}
	if (!o->made) {
		err = protect_create(ws->inode, d->inode, o->cred);
		if (err < 0) {
			dentry_put(d);
			return err;
		}
	}
	return walk_step_ref(ws, d);
}

static int create_once(struct walk_state *ws, const struct walk *w, const char *name,
		       u32 walk_flags, bool rcu, struct opening *o, struct path *out)
{
	int err = walk_begin(ws, w, name, walk_flags, rcu);

	if (err < 0)
		return err;
	do {
		err = walk_parents(ws);
		if (err == 0)
			err = create_last(ws, o);
	} while (err == WALK_MORE);
	if (err == 0) {
		*out = ws->path;
		ws->path = (struct path){ NULL, NULL };
	}
	walk_end(ws);
	return err;
}

static __noinline int open_create(const struct walk *w, const char *name, u32 walk_flags,
				  struct opening *o, struct file **out)
{
	struct walk_state ws;
	struct path path;
	int err = create_once(&ws, w, name, walk_flags, true, o, &path);

	if (err == WALK_RETRY)
		err = create_once(&ws, w, name, walk_flags, false, o, &path);
	return err < 0 ? err : open_place(&path, o, out);
}

static int make_unnamed(struct inode *dir, const struct opening *o, struct inode **out)
{
	int err;

	if (!dir->ops->tmpfile)
		return -EOPNOTSUPP;
	rwsem_read(&dir->lock); /* its access control lists stand still */
	err = dir->ops->tmpfile(dir, dir_new_mode(dir, o->mode, o->umask), o->cred, out);
	rwsem_read_end(&dir->lock);
	return err;
}

/* O_TMPFILE: a file without a name in the directory that was walked to. */
static int open_tmpfile(struct path *dir_path, struct opening *o, struct file **out)
{
	static const struct name unnamed = { "#", 1, 0 };
	struct inode *dir = dir_path->dentry->inode, *inode;
	struct path path = { dir_path->mount, NULL };
	int err = mount_write_begin(dir_path->mount);

	if (err < 0)
		return err;
	err = inode_permission(dir, o->cred, MAY_WRITE | MAY_EXEC);
	if (err == 0)
		err = make_unnamed(dir, o, &inode);
	if (err < 0)
		goto out;
	if (!(o->flags & O_EXCL))
		inode_set_state(inode, I_LINKABLE, 0);
	path.dentry = dentry_alloc(dir->sb, dir_path->dentry, &unnamed);
	if (!path.dentry) {
		inode_put(inode);
		err = -ENOMEM;
		goto out;
	}
	dentry_instantiate(path.dentry, inode);
	if (path.mount)
		mount_get(path.mount);
	o->made = true;
	o->flags &= ~(u32)(O_TMPFILE | O_TRUNC);
	err = open_place(&path, o, out);
out:
	mount_write_end(dir_path->mount);
	return err;
}

int vfs_open(const struct walk *w, const char *name, u32 flags, u32 mode, u32 walk_flags,
	     struct file **out)
{
	struct opening o;
	struct path path;
	int err = opening_init(&o, w, flags, mode);

	if (err < 0)
		return err;
	flags = o.flags;
	if (flags & O_CREAT)
		return open_create(w, name, walk_flags, &o, out);
	if (!(flags & O_NOFOLLOW))
		walk_flags |= WALK_FOLLOW;
	if (flags & O_DIRECTORY)
		walk_flags |= WALK_DIRECTORY;
	err = path_lookup(w, name, walk_flags, &path);
	if (err < 0)
		return err;
	if (flags & __O_TMPFILE) {
		err = open_tmpfile(&path, &o, out);
		path_put(&path);
		return err;
	}
	return open_place(&path, &o, out);
}

int vfs_open_path(const struct path *path, u32 flags, const struct cred *cred, struct file **out)
{
	static const unsigned may[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
					MAY_READ | MAY_WRITE };
	struct opening o = { .flags = flags & ~(u32)(O_CREAT | O_EXCL), .cred = cred };
	struct path own = *path;

	o.may = flags & O_PATH ? 0 : may[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);
	path_get(&own);
	return open_place(&own, &o, out);
}
