/*
 * mount(2) in its forms (new, remount, bind, move), and the kernel's own mounts. Leaving the tree
 * is in mount_umount.c.
 */
#include "abi/capability.h"
#include "abi/kdev.h"
#include "abi/mount.h"
#include "abi/stat.h"
#include "core/log.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "vfs/mount_int.h"
#include "vfs/mount_options_int.h"
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
	struct blkdev *dev = NULL;
	int err;

	if (type->flags & FS_NEEDS_DEV) {
		if (!source || !*source)
			return -EINVAL;
		err = blkdev_by_path(w, source, &dev);
		if (err < 0)
			return err;
	}
	err = super_obtain(type, dev, sb_flags, options ? options : "", out);
	if (dev)
		blkdev_put(dev);
	return err;
}

int mount_kernel(struct fs_type *type, const char *options, struct mount **out)
{
	struct superblock *sb;
	int err = super_obtain(type, NULL, 0, options, &sb);

	if (err < 0)
		return err;
	*out = mount_alloc(sb, sb->root, 0, type->name);
	return *out ? 0 : -ENOMEM;
}

/* Enters `m` at `target`, checking what must hold under the lock. */
static int attach_at(struct mount *m, struct path *target)
{
	struct inode *inode = target->dentry->inode;
	int err = 0;

	if (S_ISDIR(inode->mode) != S_ISDIR(m->root->inode->mode))
		return -ENOTDIR;
	mutex_lock(&mount_mutex);
	path_mount_down(target);
	/* The directory's lock keeps it from being removed just now. */
	rwsem_read(&target->dentry->inode->lock);
	if (READ_ONCE(target->dentry->inode->state) & I_UNLINKED ||
	    (target->dentry->flags & DENTRY_UNHASHED && target->dentry->parent != target->dentry))
		err = -ENOENT;
	else if (list_empty(&target->mount->all_link))
		err = -EINVAL; /* a place in a mount that was detached */
	else
		mount_attach_locked(m, target);
	rwsem_read_end(&target->dentry->inode->lock);
	mutex_unlock(&mount_mutex);
	return err;
}

static int mount_new(const struct walk *w, const char *source, struct path *target,
		     const char *type_name, u64 flags, const char *options)
{
	struct fs_type *type;
	struct superblock *sb;
	struct mount *m;
	int err;

	if (!type_name)
		return -EINVAL;
	type = fs_find(type_name);
	if (!type)
		return -ENODEV;
	err = mount_obtain_super(w, type, source, super_flags_from_ms(flags), options, &sb);
	if (err < 0)
		return err;
	m = mount_alloc(sb, sb->root, mount_flags_from_ms(flags), source ? source : "none");
	if (!m)
		return -ENOMEM;
	err = attach_at(m, target);
	mount_put(m);
	return err;
}

static int mount_remount(struct path *target, u64 flags, const char *options)
{
	struct mount *m = target->mount;
	u32 wanted;
	int err;

	if (target->dentry != m->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	wanted = mount_flags_for_remount(flags, m->flags);
	if (flags & MS_BIND)
		err = mount_set_readonly(m, wanted & MNT_F_READONLY);
	else
		err = super_remount(m->sb, super_flags_from_ms(flags), options ? options : "");
	if (err == 0) {
		if (!(flags & MS_BIND))
			__atomic_fetch_and(&m->flags, ~MNT_F_READONLY, __ATOMIC_RELAXED);
		WRITE_ONCE(m->flags, (m->flags & MNT_F_READONLY) | (wanted & ~MNT_F_READONLY));
	}
	mutex_unlock(&mount_mutex);
	return err;
}

static struct mount *mount_copy(struct mount *from, struct dentry *root)
{
	super_get(from->sb);
	return mount_alloc(from->sb, root, from->flags, from->source);
}

/*
 * The mount after `m` in the subtree of `top` (`skip`: leaving out what is below m), or NULL.
 * mount_mutex held.
 */
static struct mount *subtree_next(struct mount *m, struct mount *top, bool skip)
{
	if (!skip && !list_empty(&m->children))
		return list_first_entry(&m->children, struct mount, child_link);
	for (; m != top; m = m->parent)
		if (m->child_link.next != &m->parent->children)
			return list_next_entry(m, child_link);
	return NULL;
}

/*
 * MS_REC: twins of what is mounted below `root` of `top`, on the same places below the twin `to`.
 * All are made before the first is attached, since `to` may itself lie below `top`. mount_mutex
 * held.
 */
static int bind_below_locked(struct mount *top, struct dentry *root, struct mount *to)
{
	struct mount *m, *twin;
	LIST_HEAD(twins);
	bool skip = false;
	int err = 0;

	top->copy = to;
	for (m = subtree_next(top, top, false); m && err == 0; m = subtree_next(m, top, skip)) {
		m->copy = NULL;
		skip = m == to || !m->parent->copy ||
		       (m->parent == top && !dentry_is_below(m->point, root));
		if (skip)
			continue;
		m->copy = twin = mount_copy(m, m->root);
		if (!twin) {
			err = -ENOMEM;
			break;
		}
		twin->detached_from = (struct path){ m->parent->copy, m->point };
		list_add_tail(&twin->all_link, &twins);
	}
	while (!list_empty(&twins)) {
		struct path point;

		twin = list_first_entry(&twins, struct mount, all_link);
		list_del_init(&twin->all_link);
		point = twin->detached_from;
		twin->detached_from = (struct path){ NULL, NULL };
		if (err == 0)
			mount_attach_locked(twin, &point);
		mount_put(twin);
	}
	return err;
}

static int mount_bind(const struct walk *w, const char *source, struct path *target, u64 flags)
{
	struct path from;
	struct mount *m;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(w, source, WALK_FOLLOW, &from);
	if (err < 0)
		return err;
	if (!from.mount) {
		path_put(&from);
		return -EINVAL;
	}
	m = mount_copy(from.mount, from.dentry);
	err = m ? attach_at(m, target) : -ENOMEM;
	if (err == 0 && flags & MS_REC) {
		mutex_lock(&mount_mutex);
		err = bind_below_locked(from.mount, from.dentry, m);
		mutex_unlock(&mount_mutex);
	}
	mount_put(m);
	path_put(&from);
	return err;
}

static bool mount_is_below(const struct mount *m, const struct mount *top)
{
	while (m && m != top)
		m = m->parent;
	return m == top;
}

static int mount_move(const struct walk *w, const char *source, struct path *target)
{
	struct path from, old = { NULL, NULL };
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(w, source, WALK_FOLLOW, &from);
	if (err < 0)
		return err;
	mutex_lock(&mount_mutex);
	path_mount_down(target);
	if (!from.mount || from.dentry != from.mount->root || !from.mount->parent ||
	    list_empty(&target->mount->all_link))
		err = -EINVAL;
	else if (S_ISDIR(from.dentry->inode->mode) != S_ISDIR(target->dentry->inode->mode))
		err = -ENOTDIR;
	else if (mount_is_below(target->mount, from.mount))
		err = -ELOOP;
	if (err == 0) {
		mount_detach_locked(from.mount, &old);
		mount_attach_locked(from.mount, target);
	}
	mutex_unlock(&mount_mutex);
	if (err == 0)
		mount_put(from.mount); /* the tree's former reference */
	path_put(&old);
	path_put(&from);
	return err;
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
	else if (flags & propagation) /* every mount here is private and has no peers */
		err = flags & propagation & ~(u64)MS_PRIVATE || place.dentry != place.mount->root
			      ? -EINVAL
			      : 0;
	else if (flags & MS_MOVE)
		err = mount_move(w, source, &place);
	else
		err = mount_new(w, source, &place, type, flags, options);
	path_put(&place);
	return err;
}
