/*
 * Calls that remove names: unlink(2), rmdir(2). What is open stays usable; its inode goes with the
 * last user.
 */
#include "abi/stat.h"
#include "vfs/notify.h"
#include "vfs/super_int.h"
#include "vfs/walk_int.h"

/* A name that is to go: its directory is locked, its mount held writable, its dentry referenced. */
struct removal {
	struct walk_place place;
	struct dentry *dentry;
	struct inode *dir, *inode;
};

static void remove_end(struct removal *r)
{
	rwsem_write_end(&r->dir->lock);
	dentry_put(r->dentry);
	/* Here, with nothing locked, the file system frees what it can. */
	if (r->inode)
		inode_put(r->inode);
	mount_write_end(r->place.dir.mount);
	walk_place_put(&r->place);
}

/* On success r->inode is referenced, or NULL if there is no such name. */
static int remove_begin(const struct walk *w, struct removal *r)
{
	int err = mount_write_begin(r->place.dir.mount);

	if (err < 0)
		goto out_place;
	r->dir = r->place.dir.dentry->inode;
	rwsem_write(&r->dir->lock);
	err = dentry_lookup_locked(r->place.dir.dentry, &r->place.last, &r->dentry);
	if (err < 0)
		goto out_unlock;
	r->inode = r->dentry->inode ? inode_get(r->dentry->inode) : NULL;
	return 0;

out_unlock:
	rwsem_write_end(&r->dir->lock);
	mount_write_end(r->place.dir.mount);
out_place:
	walk_place_put(&r->place);
	return err;
}

static int unlink_locked(struct removal *r, const struct cred *cred)
{
	struct inode *inode = r->inode;
	int err;

	if (!inode)
		return -ENOENT;
	if (r->place.slash)
		return S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
	err = dir_may_remove(r->dir, inode, cred);
	if (err < 0)
		return err;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!r->dir->ops->unlink)
		return -EPERM;
	rwsem_write(&inode->lock);
	/* mount(2) holds the lock, too, from its look at the place until it has marked it. */
	err = dentry_is_mounted(r->dentry) ? -EBUSY
					   : r->dir->ops->unlink(r->dir, &r->place.last, inode);
	rwsem_write_end(&inode->lock);
	if (err == 0) {
		notify_inode(inode, IN_ATTRIB); /* one link fewer */
		dentry_delete(r->dentry);
		notify_name(r->dir, IN_DELETE, inode, &r->place.last, 0);
	}
	return err;
}

int vfs_unlink(const struct walk *w, const char *name)
{
	struct removal r;
	int err = walk_parent(w, name, 0, &r.place);

	if (err < 0)
		return err;
	if (r.place.type != LAST_NORM) {
		walk_place_put(&r.place);
		return -EISDIR;
	}
	err = remove_begin(w, &r);
	if (err < 0)
		return err;
	err = unlink_locked(&r, w->cred);
	remove_end(&r);
	return err;
}

static int rmdir_locked(struct removal *r, const struct cred *cred)
{
	struct inode *inode = r->inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = dir_may_remove(r->dir, inode, cred);
	if (err < 0)
		return err;
	if (!S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (!r->dir->ops->rmdir)
		return -EPERM;
	rwsem_write(&inode->lock);
	err = dentry_is_mounted(r->dentry) ? -EBUSY
					   : r->dir->ops->rmdir(r->dir, &r->place.last, inode);
	if (err == 0)
		inode_set_state(inode, I_UNLINKED, 0);
	rwsem_write_end(&inode->lock);
	if (err == 0) {
		dentry_prune_children(r->dentry);
		dentry_delete(r->dentry);
		notify_name(r->dir, IN_DELETE, inode, &r->place.last, 0);
	}
	return err;
}

int vfs_rmdir(const struct walk *w, const char *name)
{
	static const int errors[] = {
		[LAST_ROOT] = -ABI_EBUSY, [LAST_DOT] = -ABI_EINVAL,
		[LAST_DOTDOT] = -ABI_ENOTEMPTY
	};
	struct removal r;
	int err = walk_parent(w, name, 0, &r.place);

	if (err < 0)
		return err;
	if (r.place.type != LAST_NORM) {
		walk_place_put(&r.place);
		return ERRNO_TAKEN(errors[r.place.type]);
	}
	err = remove_begin(w, &r);
	if (err < 0)
		return err;
	err = rmdir_locked(&r, w->cred);
	remove_end(&r);
	return err;
}
