/*
 * rename(2) in all its forms. Order of locks: superblock->rename_lock if two directories are
 * involved (so nothing else changes the shape of the tree), then the directories (ancestor first,
 * else by address), then what is moved and what is replaced (directories first, else by address).
 */
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/notify.h"
#include "vfs/super_int.h"
#include "vfs/walk_int.h"

struct renaming {
	struct walk_place from, to;
	struct dentry *old, *target;      /* referenced */
	struct inode *from_dir, *to_dir;
	struct inode *inode, *replaced;   /* referenced; replaced may be NULL */
	struct dentry *from_trap; /* child of the from directory above the other one: not movable */
	struct dentry *to_trap; /* child of the to directory above the other one: not replaceable */
	u32 flags;
};

/*
 * The child of `ancestor` through which `d` lies below it, or NULL. rename_lock held: the shape
 * stands still.
 */
static struct dentry *child_above(struct dentry *ancestor, struct dentry *d)
{
	for (; d->parent != d; d = d->parent)
		if (d->parent == ancestor)
			return d;
	return NULL;
}

static void lock_directories(struct renaming *r)
{
	struct dentry *from = r->from.dir.dentry, *to = r->to.dir.dentry;
	struct inode *first = r->from_dir, *second = r->to_dir;

	r->from_trap = r->to_trap = NULL;
	if (from == to) {
		rwsem_write(&first->lock);
		return;
	}
	mutex_lock(&from->sb->rename_lock);
	r->from_trap = child_above(from, to);
	r->to_trap = child_above(to, from);
	if (r->to_trap || (!r->from_trap && first > second))
		swap(first, second);
	rwsem_write(&first->lock);
	if (first != second)
		rwsem_write(&second->lock);
}

static void unlock_directories(struct renaming *r)
{
	if (r->from_dir != r->to_dir)
		rwsem_write_end(&r->to_dir->lock);
	rwsem_write_end(&r->from_dir->lock);
	if (r->from.dir.dentry != r->to.dir.dentry)
		mutex_unlock(&r->from.dir.dentry->sb->rename_lock);
}

/* Where case has no meaning a file may get its own name in another spelling, replacing nothing. */
static int respell_target(struct renaming *r)
{
	const struct name *a = &r->from.last, *b = &r->to.last;
	struct dentry *d;

	if ((a->length == b->length && !memcmp(a->text, b->text, a->length)) ||
	    r->flags & (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return 0;
	d = dentry_alloc(r->old->sb, r->to.dir.dentry, b);
	if (!d)
		return -ENOMEM;
	dentry_put(r->target);
	r->target = d;
	return 0;
}

static int lookup_names(struct renaming *r)
{
	int err = dentry_lookup_locked(r->from.dir.dentry, &r->from.last, &r->old);

	if (err < 0)
		return err;
	r->inode = r->old->inode;
	if (!r->inode)
		return -ENOENT;
	inode_get(r->inode);
	err = dentry_lookup_locked(r->to.dir.dentry, &r->to.last, &r->target);
	if (err < 0)
		return err;
	if (r->target == r->old)
		err = respell_target(r);
	if (err < 0)
		return err;
	r->replaced = r->target->inode;
	if (r->replaced)
		inode_get(r->replaced);
	return 0;
}

/* What the names and types alone forbid. */
static int check_names(const struct renaming *r)
{
	bool exchange = r->flags & RENAME_EXCHANGE;

	if (r->flags & RENAME_NOREPLACE && r->replaced)
		return -EEXIST;
	if (exchange && !r->replaced)
		return -ENOENT;
	if (exchange && !S_ISDIR(r->replaced->mode) && r->to.slash)
		return -ENOTDIR;
	if (!S_ISDIR(r->inode->mode) && (r->from.slash || (!exchange && r->to.slash)))
		return -ENOTDIR;
	if (r->old == r->from_trap)
		return -EINVAL;
	if (r->target == r->to_trap)
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_rights(const struct renaming *r, const struct cred *cred)
{
	bool exchange = r->flags & RENAME_EXCHANGE, across = r->from_dir != r->to_dir;
	int err = dir_may_remove(r->from_dir, r->inode, cred);

	if (err == 0)
		err = r->replaced ? dir_may_remove(r->to_dir, r->replaced, cred)
				  : dir_may_change(r->to_dir, cred);
	if (err < 0)
		return err;
	if (r->replaced && !exchange && S_ISDIR(r->inode->mode) != S_ISDIR(r->replaced->mode))
		return S_ISDIR(r->inode->mode) ? -ENOTDIR : -EISDIR;
	/* A directory that changes its parent is itself written to: its "..". */
	if (across && S_ISDIR(r->inode->mode))
		err = inode_permission(r->inode, cred, MAY_WRITE);
	if (err == 0 && across && exchange && S_ISDIR(r->replaced->mode))
		err = inode_permission(r->replaced, cred, MAY_WRITE);
	if (err < 0)
		return err;
	return r->from_dir->ops->rename ? 0 : -EPERM;
}

static void lock_inodes(struct inode *a, struct inode *b)
{
	if (!b) {
		rwsem_write(&a->lock);
		return;
	}
	if (S_ISDIR(a->mode) == S_ISDIR(b->mode) ? a > b : S_ISDIR(b->mode))
		swap(a, b);
	rwsem_write(&a->lock);
	rwsem_write(&b->lock);
}

static void unlock_inodes(struct inode *a, struct inode *b)
{
	rwsem_write_end(&a->lock);
	if (b)
		rwsem_write_end(&b->lock);
}

/* The cached names follow what the file system did. */
static void move_dentries(struct renaming *r, struct dentry_name *to_storage,
			  struct dentry_name *from_storage)
{
	if (r->flags & RENAME_EXCHANGE) {
		dentry_exchange(r->old, r->target, to_storage, from_storage);
		return;
	}
	if (r->replaced && S_ISDIR(r->replaced->mode)) {
		inode_set_state(r->replaced, I_UNLINKED, 0);
		dentry_prune_children(r->target);
	}
	dentry_move(r->old, r->target, to_storage);
}

/* The two halves of one move share a cookie (inotify(7)). The directories are locked. */
static void tell_move(struct inode *from_dir, const struct name *from, struct inode *to_dir,
		      const struct name *to, struct inode *inode)
{
	u32 cookie = notify_cookie();

	notify_name(from_dir, IN_MOVED_FROM, inode, from, cookie);
	notify_name(to_dir, IN_MOVED_TO, inode, to, cookie);
}

static void tell(struct renaming *r)
{
	if (!notify_wanted())
		return;
	tell_move(r->from_dir, &r->from.last, r->to_dir, &r->to.last, r->inode);
	if (r->flags & RENAME_EXCHANGE) {
		tell_move(r->to_dir, &r->to.last, r->from_dir, &r->from.last, r->replaced);
		notify_inode(r->replaced, IN_MOVE_SELF);
	} else if (r->replaced) {
		notify_inode(r->replaced, IN_ATTRIB); /* one link fewer */
	}
	notify_inode(r->inode, IN_MOVE_SELF);
}

static int rename_locked(struct renaming *r, const struct cred *cred)
{
	struct dentry_name *to_storage = NULL, *from_storage = NULL;
	int err = lookup_names(r);

	if (err == 0)
		err = check_names(r);
	if (err < 0)
		return err;
	if (r->inode == r->replaced) /* two names of one file: nothing to do, says POSIX */
		return 0;
	err = check_rights(r, cred);
	if (err == 0)
		err = dentry_name_prepare(&r->to.last, &to_storage);
	if (err == 0)
		err = dentry_name_prepare(&r->from.last, &from_storage);
	if (err < 0)
		goto out;
	lock_inodes(r->inode, r->replaced);
	if (dentry_is_mounted(r->old) || dentry_is_mounted(r->target))
		err = -EBUSY; /* for good: mount(2) needs these locks */
	else
		err = r->from_dir->ops->rename(r->from_dir, &r->from.last, r->inode, r->to_dir,
					       &r->to.last, r->replaced,
					       r->flags & (RENAME_EXCHANGE | RENAME_WHITEOUT),
					       cred);
	if (err == 0)
		move_dentries(r, to_storage, from_storage);
	unlock_inodes(r->inode, r->replaced);
	if (err == 0) {
		tell(r);
		if (!(r->flags & RENAME_EXCHANGE))
			kfree(from_storage);
		return 0;
	}
out:
	kfree(to_storage);
	kfree(from_storage);
	return err;
}

static void release(struct renaming *r)
{
	if (r->old)
		dentry_put(r->old);
	if (r->target)
		dentry_put(r->target);
	if (r->inode)
		inode_put(r->inode);
	if (r->replaced)
		inode_put(r->replaced);
}

/* The places are known: type of the last components, same mount, not read-only. */
static int rename_places(struct renaming *r, const struct cred *cred)
{
	int err;

	if (r->from.dir.mount != r->to.dir.mount)
		return -EXDEV;
	if (r->from.type != LAST_NORM)
		return -EBUSY;
	if (r->to.type != LAST_NORM)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	err = mount_write_begin(r->from.dir.mount);
	if (err < 0)
		return err;
	r->from_dir = r->from.dir.dentry->inode;
	r->to_dir = r->to.dir.dentry->inode;
	lock_directories(r);
	err = rename_locked(r, cred);
	unlock_directories(r);
	release(r);
	mount_write_end(r->from.dir.mount);
	return err;
}

int vfs_rename(const struct walk *from, const char *old, const struct walk *to, const char *name,
	       u32 flags)
{
	struct renaming r = { .flags = flags };
	int err;

	if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT) && flags & RENAME_EXCHANGE)
		return -EINVAL;
	err = walk_parent(from, old, 0, &r.from);
	if (err < 0)
		return err;
	err = walk_parent(to, name, 0, &r.to);
	if (err == 0) {
		err = rename_places(&r, from->cred);
		walk_place_put(&r.to);
	}
	walk_place_put(&r.from);
	return err;
}
