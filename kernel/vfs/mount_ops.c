/*
 * mount(2) in its forms (new, remount, bind, move), and the kernel's own mounts. Leaving the tree
 * is in mount_umount.c.
 */
#include "abi/capability.h"
#include "abi/kdev.h"
#include "abi/mount.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "core/log.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/mount_options_int.h"
#include "vfs/mount_peers_int.h"
#include "vfs/super_int.h"

/* The block device that a path names, referenced. */
static int blkdev_by_path(const struct walk *w, const char *source, struct blkdev **out)
{
	struct path path;
	struct inode *inode;
	int err;

	err = path_lookup(w, source, WALK_FOLLOW, &path);
	if (err < 0)
		return err;
	inode = path.dentry->inode;
	if (!S_ISBLK(inode->mode)) {
		err = -ENOTBLK;
	} else if (path.mount && path.mount->flags & MNT_F_NODEV) {
		err = -EACCES;
	} else {
		*out = blkdev_find_number(dev_major((u32)inode->rdev), dev_minor((u32)inode->rdev));
		err = *out ? 0 : -ENXIO;
	}
	path_put(&path);
	return err;
}

int mount_obtain_super(const struct walk *w, struct fs_type *type, const char *source, u32 sb_flags,
		       const char *options, struct superblock **out)
{
	const struct mounter who = { w->cred->uid, w->cred->gid, READ_ONCE(w->fs->umask) };
	struct blkdev *dev = NULL;
	int err;

	if (type->flags & FS_NEEDS_DEV) {
		if (!source || !*source)
			return -EINVAL;
		err = blkdev_by_path(w, source, &dev);
		if (err < 0)
			return err;
	}
	err = super_obtain(type, dev, sb_flags, options ? options : "", &who, out);
	if (dev)
		blkdev_put(dev);
	return err;
}

int mount_kernel(struct fs_type *type, const char *options, struct mount **out)
{
	struct superblock *sb;
	int err = super_obtain(type, NULL, 0, options, &mounter_kernel, &sb);

	if (err < 0)
		return err;
	*out = mount_alloc(sb, sb->root, 0, type->name);
	return *out ? 0 : -ENOMEM;
}

/*
 * Goes down to what shows at the place, and takes the lock that keeps that from being removed just
 * now: 0, or an error and it is not locked. mount_mutex held.
 */
static int place_lock(struct path *target)
{
	struct dentry *d;
	int err = 0;

	path_mount_down(target);
	d = target->dentry;
	rwsem_read(&d->inode->lock);
	if (READ_ONCE(d->inode->state) & I_UNLINKED ||
	    (READ_ONCE(d->flags) & DENTRY_UNHASHED && d->parent != d))
		err = -ENOENT;
	else if (!mount_in_tree(target->mount))
		err = -EINVAL; /* a place in a mount that was detached */
	if (err < 0)
		rwsem_read_end(&d->inode->lock);
	return err;
}

/*
 * Enters `m`, which is outside, at `target`, checking what must hold under the lock. Takes over the
 * reference to m if it succeeds. mount_mutex held.
 */
static int attach_at_locked(struct mount *m, struct path *target, struct list *gone)
{
	struct path none;
	int err;

	if (S_ISDIR(target->dentry->inode->mode) != S_ISDIR(m->root->inode->mode))
		return -ENOTDIR;
	err = place_lock(target);
	if (err < 0)
		return err;
	err = mount_graft(m, target, &none, gone);
	rwsem_read_end(&target->dentry->inode->lock);
	return err;
}

static int mount_new(const struct walk *w, const char *source, struct path *target,
		     const char *type_name, u64 flags, const char *options)
{
	struct fs_type *type;
	struct superblock *sb;
	u32 sb_flags = super_flags_from_ms(flags);
	struct mount *m;
	LIST_HEAD(gone);
	char *rest;
	int err;

	if (!type_name)
		return -EINVAL;
	type = fs_find(type_name);
	if (!type) {
		gap_count(GAP_FS, 0, 0, 0, type_name);
		return -ENODEV;
	}
	err = mount_words_take(options, &sb_flags, &rest);
	if (err < 0)
		return err;
	err = mount_obtain_super(w, type, source, sb_flags, rest, &sb);
	kfree(rest);
	if (err < 0)
		return err;
	m = mount_alloc(sb, sb->root, mount_flags_from_ms(flags), source ? source : "none");
	if (!m)
		return -ENOMEM;
	mutex_lock(&mount_mutex);
	err = attach_at_locked(m, target, &gone);
	mutex_unlock(&mount_mutex);
	mount_release_gone(&gone);
	if (err < 0)
		mount_put(m);
	return err;
}

static int mount_remount(struct path *target, u64 flags, const char *options)
{
	u32 wanted, sb_flags = super_flags_from_ms(flags);
	struct mount *m = target->mount;
	char *rest;
	int err;

	if (target->dentry != m->root)
		return -EINVAL;
	err = mount_words_take(options, &sb_flags, &rest);
	if (err < 0)
		return err;
	mutex_lock(&mount_mutex);
	wanted = mount_flags_for_remount(flags, m->flags);
	if (flags & MS_BIND)
		err = mount_set_readonly(m, wanted & MNT_F_READONLY);
	else
		err = super_remount(m->sb, sb_flags, rest);
	if (err == 0) {
		if (!(flags & MS_BIND))
			__atomic_fetch_and(&m->flags, ~MNT_F_READONLY, __ATOMIC_RELAXED);
		WRITE_ONCE(m->flags, (m->flags & MNT_F_READONLY) | (wanted & ~MNT_F_READONLY));
	}
	mutex_unlock(&mount_mutex);
	kfree(rest);
	return err;
}

static int source_lookup(const struct walk *w, const char *source, struct path *out)
{
	return source && *source ? path_lookup(w, source, WALK_FOLLOW, out) : -EINVAL;
}

static int mount_bind(const struct walk *w, const char *source, struct path *target, u64 flags)
{
	struct path from;
	struct mount *m;
	LIST_HEAD(gone);
	int err;

	err = source_lookup(w, source, &from);
	if (err < 0)
		return err;
	if (!from.mount) {
		path_put(&from);
		return -EINVAL;
	}
	mutex_lock(&mount_mutex);
	err = mount_tree_bind(from.mount, from.dentry, flags & MS_REC, &m, &gone);
	if (err == 0) {
		err = attach_at_locked(m, target, &gone);
		if (err < 0)
			mount_tree_drop(m, &gone);
	}
	mutex_unlock(&mount_mutex);
	mount_release_gone(&gone);
	path_put(&from);
	return err;
}

/* Whether the mounts below `top`, which are to be moved to `target`, may go to all who are told. */
static bool tree_may_arrive(struct mount *top, const struct path *target)
{
	if (!target->mount->group)
		return true;
	for (struct mount *m = top; m; m = mount_subtree_next(m, top, false))
		if (m->unbindable)
			return false;
	return true;
}

static int mount_move(const struct walk *w, const char *source, struct path *target)
{
	struct path from, old = { NULL, NULL };
	LIST_HEAD(gone);
	int err;

	err = source_lookup(w, source, &from);
	if (err < 0)
		return err;
	mutex_lock(&mount_mutex);
	err = place_lock(target);
	if (err < 0)
		goto out;
	if (!from.mount || from.dentry != from.mount->root || !from.mount->parent ||
	    from.mount->parent->group || !tree_may_arrive(from.mount, target))
		err = -EINVAL;
	else if (S_ISDIR(from.dentry->inode->mode) != S_ISDIR(target->dentry->inode->mode))
		err = -ENOTDIR;
	else if (mount_is_below(target->mount, from.mount))
		err = -ELOOP;
	if (err == 0)
		err = mount_graft(from.mount, target, &old, &gone);
	rwsem_read_end(&target->dentry->inode->lock);
out:
	mutex_unlock(&mount_mutex);
	mount_release_gone(&gone);
	path_put(&old);
	path_put(&from);
	return err;
}

/* MS_SHARED and its like, for a mount and with MS_REC for all below it. */
static int mount_set_type(struct path *target, u64 flags)
{
	u64 type = flags & ~(u64)(MS_REC | MS_SILENT);
	struct mount *top = target->mount;

	if (type != MS_SHARED && type != MS_SLAVE && type != MS_PRIVATE && type != MS_UNBINDABLE)
		return -EINVAL;
	if (target->dentry != top->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	for (struct mount *m = mount_in_tree(top) ? top : NULL; m;
	     m = flags & MS_REC ? mount_subtree_next(m, top, false) : NULL)
		peers_set_type(m, type);
	mutex_unlock(&mount_mutex);
	return 0;
}

int vfs_mount(const struct walk *w, const char *source, const char *target, const char *type,
	      u64 flags, const char *options)
{
	static const u64 propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
	struct path place;
	int err;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u64)MS_MGC_MSK;
	if (!cred_capable(w->cred, CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(w, target, WALK_FOLLOW, &place);
	if (err < 0)
		return err;
	if (!place.mount)
		err = -EINVAL;
	else if (flags & MS_REMOUNT)
		err = mount_remount(&place, flags, options);
	else if (flags & MS_BIND)
		err = mount_bind(w, source, &place, flags);
	else if (flags & propagation)
		err = mount_set_type(&place, flags);
	else if (flags & MS_MOVE)
		err = mount_move(w, source, &place);
	else
		err = mount_new(w, source, &place, type, flags, options);
	path_put(&place);
	return err;
}
