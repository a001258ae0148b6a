/* umount2(2) and pivot_root(2). */
#include "abi/capability.h"
#include "abi/mount.h"
#include "abi/stat.h"
#include "vfs/fs_context_int.h"
#include "vfs/mount_peers_int.h"
#include "vfs/super_int.h"

/* The only mount on `m`, if it covers its root: it came to the same place before m did. */
static struct mount *cover_of(struct mount *m)
{
	struct mount *cover;

	if (!list_is_singular(&m->children))
		return NULL;
	cover = list_first_entry(&m->children, struct mount, child_link);
	return cover->point == m->root ? cover : NULL;
}

/*
 * What ends with `r`, who is told of the end of `m`: the mount on the same place, unless something
 * is mounted on that (but for a cover), or it carries m itself.
 */
static struct mount *twin_of(struct mount *m, struct mount *r)
{
	struct mount *twin = mount_find_rcu(r, m->point);

	if (!twin || mount_is_below(m, twin))
		return NULL;
	return list_empty(&twin->children) || cover_of(twin) ? twin : NULL;
}

/* Ends the mount's twins; what covers one comes down to where that was. */
static void tell_all(struct mount *m, struct list *gone)
{
	LIST_HEAD(told);
	struct mount *r;

	peers_told(m->parent, &told);
	list_for_each_entry(r, &told, told_link) {
		struct mount *twin = twin_of(m, r);
		struct mount *cover = twin ? cover_of(twin) : NULL;

		if (cover)
			mount_shift_locked(cover, &(struct path){ twin->parent, twin->point });
		if (twin)
			mount_drop(twin, gone);
	}
	peers_told_done(&told);
}

/*
 * MNT_DETACH: the whole subtree leaves, leaves first; the file systems end when their last user
 * does.
 */
static void detach_tree(struct mount *top, struct list *gone)
{
	struct mount *m;

	do {
		m = top;
		while (!list_empty(&m->children))
			m = list_first_entry(&m->children, struct mount, child_link);
		tell_all(m, gone);
		mount_drop(m, gone);
	} while (m != top);
}

/* Whether somebody uses what would have to go with the mount `m`. */
static bool twins_are_busy(struct mount *m)
{
	bool busy = false;
	LIST_HEAD(told);
	struct mount *r;

	peers_told(m->parent, &told);
	list_for_each_entry(r, &told, told_link) {
		struct mount *twin = twin_of(m, r);

		/* One reference is the tree's, another that of the place of a cover. */
		if (twin)
			busy |= ref_read(&twin->refs) > (cover_of(twin) ? 2 : 1);
	}
	peers_told_done(&told);
	return busy;
}

/*
 * Whether anybody but the tree and the caller (one reference) uses the mount. Inside a change that
 * goes on to what follows from the answer: a lockless walk that takes a reference sees that, and
 * gives it back.
 */
static bool mount_is_busy(struct mount *m)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ref_read(&m->refs) > 2 || !list_empty(&m->children) || twins_are_busy(m);
}

/*
 * The root, of everything or of the caller, is not unmounted but made read-only (umount(8) at
 * shutdown counts on it).
 */
static int umount_root(struct mount *m)
{
	u32 flags = (m->sb->flags & (SB_SYNC | SB_DIRSYNC)) | SB_READ_ONLY;

	return m->sb->flags & SB_READ_ONLY ? 0 : super_remount(m->sb, flags, "");
}

int vfs_umount(const struct walk *w, const char *target, u32 flags)
{
	LIST_HEAD(gone);
	struct path path, root;
	int err;

	if (flags & ~(u32)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (flags & MNT_EXPIRE && flags & (MNT_FORCE | MNT_DETACH))
		return -EINVAL;
	if (!cred_capable(w->cred, CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(w, target, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &path);
	if (err < 0)
		return err;
	fs_context_get_paths(w->fs, &root, NULL);
	mutex_lock(&mount_mutex);
	if (!path.mount || path.dentry != path.mount->root || !mount_in_tree(path.mount)) {
		err = -EINVAL;
	} else if (path.mount == root.mount && !(flags & MNT_DETACH)) {
		err = umount_root(path.mount);
	} else if (path.mount == mount_root) {
		err = flags & MNT_DETACH ? -EINVAL : umount_root(path.mount);
	} else if (flags & MNT_DETACH) {
		detach_tree(path.mount, &gone);
	} else {
		mount_change_begin();
		/* Our own path holds a dentry of the file system: not the mount's business. */
		if (mount_is_busy(path.mount))
			err = -EBUSY;
		else if (flags & MNT_EXPIRE && !path.mount->expiring)
			err = -EAGAIN;
		else
			detach_tree(path.mount, &gone);
		path.mount->expiring = err == -ABI_EAGAIN;
		mount_change_end();
	}
	mutex_unlock(&mount_mutex);
	path_put(&root);
	path_put(&path);
	mount_release_gone(&gone);
	return err;
}

/* What pivot_root(2) asks of its two places, under mount_mutex. */
static int pivot_check(const struct path *root, const struct path *new_root,
		       const struct path *put_old)
{
	struct path at = *put_old;

	if (!S_ISDIR(new_root->dentry->inode->mode) || !S_ISDIR(put_old->dentry->inode->mode))
		return -ENOTDIR;
	if (new_root->mount == root->mount || put_old->mount == root->mount)
		return -EBUSY;
	if (new_root->dentry != new_root->mount->root || !new_root->mount->parent ||
	    root->dentry != root->mount->root || root->mount->sb->type->flags & FS_BOTTOM)
		return -EINVAL;
	if (put_old->mount->group || new_root->mount->parent->group ||
	    (root->mount->parent && root->mount->parent->group))
		return -EINVAL;
	/* put_old must be at or underneath new_root. */
	while (at.mount != new_root->mount) {
		if (!at.mount->parent)
			return -EINVAL;
		at = (struct path){ at.mount->parent, at.mount->point };
	}
	if (!dentry_is_below(at.dentry, new_root->dentry))
		return -EINVAL;
	/* And new_root underneath the root, or the tree would hang from itself. */
	for (const struct mount *m = new_root->mount; m != root->mount; m = m->parent)
		if (!m->parent)
			return -EINVAL;
	return 0;
}

static void pivot_locked(const struct path *root, const struct path *new_root,
			 const struct path *put_old, struct path old_points[2])
{
	struct mount *above = new_root->mount, *below = root->mount;
	struct path *from = &old_points[0], *root_point = &old_points[1];

	mount_change_begin();
	mount_detach_locked(above, from);
	mount_detach_locked(below, root_point);
	mount_attach_locked(above, root_point->mount ? root_point : NULL);
	mount_attach_locked(below, put_old);
	mount_change_end();
}

int vfs_pivot_root(const struct walk *w, const char *new_name, const char *old_name)
{
	struct path root, new_root, put_old, points[2] = { { NULL, NULL }, { NULL, NULL } };
	int err;

	if (!cred_capable(w->cred, CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(w, new_name, WALK_FOLLOW | WALK_DIRECTORY, &new_root);
	if (err < 0)
		return err;
	err = path_lookup(w, old_name, WALK_FOLLOW | WALK_DIRECTORY, &put_old);
	if (err < 0)
		goto out_new;
	fs_context_get_paths(w->fs, &root, NULL);
	mutex_lock(&mount_mutex);
	path_mount_down(&put_old);
	err = pivot_check(&root, &new_root, &put_old);
	if (err == 0)
		pivot_locked(&root, &new_root, &put_old, points);
	mutex_unlock(&mount_mutex);
	if (err == 0) {
		fs_context_move_all(&root, &new_root);
		mount_put(new_root.mount); /* references of the tree as it was */
		mount_put(root.mount);
	}
	path_put(&points[0]);
	path_put(&points[1]);
	path_put(&root);
	path_put(&put_old);
out_new:
	path_put(&new_root);
	return err;
}
