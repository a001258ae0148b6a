/*
 * Single steps of the walk: to a child by the dentry cache, through mounts, up, and through
 * symlinks. In rcu mode a step reads the child's inode under its seq and takes nothing; what is not
 * in the cache, or must sleep, ends rcu mode.
 */
#include "abi/stat.h"
#include "mm/slab.h"
#include "vfs/walk_step_int.h"

/* References to a place found in rcu mode. On failure nothing is taken. */
static bool legitimize(const struct path *path)
{
	if (path->mount && !ref_try_get(&path->mount->refs))
		return false;
	if (ref_try_get(&path->dentry->refs))
		return true;
	mount_put(path->mount);
	return false;
}

int walk_unlazy(struct walk_state *ws)
{
	struct path path = ws->path, root = ws->root;

	if (!ws->rcu)
		return 0;
	if (unlikely(ws->flags & WALK_CACHED))
		return WALK_RETRY;
	ws->rcu = false;
	ws->path = ws->root = (struct path){ NULL, NULL };
	if (!legitimize(&path)) {
		rcu_read_unlock();
		return WALK_RETRY;
	}
	if (root.mount && !legitimize(&root)) {
		rcu_read_unlock();
		path_put(&path);
		return WALK_RETRY;
	}
	rcu_read_unlock();
	/*
	 * With the references taken: was all that we passed one consistent tree, and is the place
	 * still what it was?
	 */
	ws->path = path;
	ws->root = root;
	if (seq_read_retry(&path.dentry->seq, ws->seq) ||
	    seq_read_retry(&mount_seq, ws->mount_seq) ||
	    seq_read_retry(&dcache_rename_seq, ws->rename_seq))
		return WALK_RETRY;
	return 0;
}

int walk_step_ref(struct walk_state *ws, struct dentry *d)
{
	struct path next = { ws->path.mount, d };

	if (next.mount)
		mount_get(next.mount);
	path_mount_down(&next);
	if (next.mount != ws->path.mount && ws->flags & WALK_NO_XDEV) {
		path_put(&next);
		return -EXDEV;
	}
	path_put(&ws->path);
	ws->path = next;
	ws->inode = next.dentry->inode;
	return 0;
}

static int step_ref(struct walk_state *ws, bool follow, struct inode **link)
{
	struct dentry *d = dentry_find(ws->path.dentry, &ws->last);
	int err;

	if (d && d->inode && d->inode->ops->revalidate && !d->inode->ops->revalidate(d)) {
		dentry_invalidate(d);
		dentry_put(d);
		d = NULL;
	}
	if (!d) {
		err = dentry_lookup(ws->path.dentry, &ws->last, &d);
		if (err < 0)
			return err;
	}
	if (!d->inode) {
		dentry_put(d);
		return -ENOENT;
	}
	if (S_ISLNK(d->inode->mode) && follow) {
		*link = inode_get(d->inode);
		dentry_put(d);
		return 0;
	}
	return walk_step_ref(ws, d);
}

int walk_step(struct walk_state *ws, bool follow, struct inode **link)
{
	struct mount *mount = ws->path.mount;
	struct inode *inode;
	struct dentry *d;
	u32 seq;

	if (!ws->rcu)
		return step_ref(ws, follow, link);
	d = dentry_find_rcu(ws->path.dentry, &ws->last, &seq, &inode);
	if (unlikely(!d || (inode && inode->ops->revalidate))) {
		if (walk_unlazy(ws) < 0)
			return WALK_RETRY;
		return step_ref(ws, follow, link);
	}
	if (unlikely(!d->used))
		d->used = true;
	if (!inode)
		return -ENOENT;
	while (unlikely(dentry_is_mounted(d))) {
		struct mount *m = mount_find_rcu(mount, d);

		if (!m)
			break;
		if (ws->flags & WALK_NO_XDEV)
			return -EXDEV;
		mount = m;
		d = m->root;
		seq = seq_read_begin(&d->seq);
		inode = READ_ONCE(d->inode);
	}
	if (unlikely(follow && S_ISLNK(inode->mode))) {
		/*
		 * The link is searched from its directory: references to that one and to the link
		 * itself.
		 */
		if (!ref_try_get(&inode->refs))
			return WALK_RETRY;
		if (walk_unlazy(ws) < 0 || seq_read_retry(&d->seq, seq)) {
			walk_unlazy(ws);
			inode_put(inode);
			return WALK_RETRY;
		}
		*link = inode;
		return 0;
	}
	ws->path.mount = mount;
	ws->path.dentry = d;
	ws->inode = inode;
	ws->seq = seq;
	return 0;
}

static bool at_root(const struct walk_state *ws)
{
	return ws->path.dentry == ws->root.dentry && ws->path.mount == ws->root.mount;
}

static int up_rcu(struct walk_state *ws)
{
	struct path at = ws->path;

	while (at.dentry == at.mount->root) {
		struct mount *parent = READ_ONCE(at.mount->parent);

		if ((at.dentry == ws->root.dentry && at.mount == ws->root.mount) || !parent)
			goto out;
		if (ws->flags & WALK_NO_XDEV)
			return -EXDEV;
		at.dentry = READ_ONCE(at.mount->point);
		at.mount = parent;
		if (!at.dentry)
			return WALK_RETRY;
	}
	if (at.dentry == ws->root.dentry && at.mount == ws->root.mount)
		goto out;
	at.dentry = rcu_load(at.dentry->parent);
	while (dentry_is_mounted(at.dentry)) {
		struct mount *m = mount_find_rcu(at.mount, at.dentry);

		if (!m)
			break;
		at.mount = m;
		at.dentry = m->root;
	}
out:
	ws->path = at;
	ws->seq = seq_read_begin(&at.dentry->seq);
	ws->inode = READ_ONCE(at.dentry->inode);
	return ws->inode ? 0 : WALK_RETRY;
}

static int up_ref(struct walk_state *ws)
{
	struct dentry *parent;

	while (!at_root(ws)) {
		if (ws->path.dentry != ws->path.mount->root) {
			parent = dentry_get_parent(ws->path.dentry);
			dentry_put(ws->path.dentry);
			ws->path.dentry = parent;
			path_mount_down(&ws->path);
			break;
		}
		if (ws->flags & WALK_NO_XDEV && ws->path.mount->parent)
			return -EXDEV;
		if (!path_mount_up(&ws->path))
			break;
	}
	ws->inode = ws->path.dentry->inode;
	return 0;
}

int walk_up(struct walk_state *ws)
{
	if (unlikely(!ws->path.mount))
		return -ENOTDIR;
	walk_set_root(ws);
	if (unlikely(ws->flags & (WALK_BENEATH | WALK_IN_ROOT))) {
		if (ws->flags & WALK_BENEATH && at_root(ws))
			return -EXDEV;
		/*
		 * Containment must not be lost to a rename in between: openat2(2) says -EAGAIN
		 * then.
		 */
		if (!ws->rcu && (seq_read_retry(&dcache_rename_seq, ws->rename_seq) ||
				 seq_read_retry(&mount_seq, ws->mount_seq)))
			return -EAGAIN;
	}
	return ws->rcu ? up_rcu(ws) : up_ref(ws);
}

/* To the root, for an absolute symlink. */
static int jump_to_root(struct walk_state *ws)
{
	if (ws->flags & WALK_BENEATH)
		return -EXDEV;
	walk_set_root(ws);
	if (ws->flags & WALK_NO_XDEV && ws->path.mount != ws->root.mount)
		return -EXDEV;
	path_put(&ws->path);
	path_get(&ws->root);
	ws->path = ws->root;
	ws->inode = ws->path.dentry->inode;
	return 0;
}

/* Through a magic link of procfs: straight to the place. */
static int jump_magic(struct walk_state *ws, struct inode *link)
{
	struct path place;
	int err;

	if (ws->flags & WALK_NO_MAGIC)
		return -ELOOP;
	if (ws->flags & (WALK_BENEATH | WALK_IN_ROOT))
		return -EXDEV;
	err = link->ops->follow(link, ws->cred, &place);
	if (err < 0)
		return err;
	if (ws->flags & WALK_NO_XDEV && place.mount != ws->path.mount) {
		path_put(&place);
		return -EXDEV;
	}
	path_put(&ws->path);
	ws->path = place;
	ws->inode = place.dentry->inode;
	ws->jumped = true;
	return 0;
}

static int read_text(struct walk_text *entry, const char **text)
{
	struct inode *link = entry->inode;
	ssize_t n;

	if (link->link_target) {
		*text = link->link_target;
		return 0;
	}
	if (!link->ops->readlink)
		return -EINVAL;
	entry->buf = kmalloc(PATH_MAX, MM_KERNEL);
	if (!entry->buf)
		return -ENOMEM;
	n = link->ops->readlink(link, entry->buf, PATH_MAX);
	if (n < 0)
		return (int)n;
	entry->buf[min_t(size_t, (size_t)n, PATH_MAX - 1)] = 0;
	*text = entry->buf;
	return 0;
}

int walk_link_text(struct walk_state *ws, struct walk_text *entry, const char **text)
{
	struct inode *link = entry->inode;
	int err;

	*text = NULL;
	if (ws->flags & WALK_NO_SYMLINKS ||
	    (ws->path.mount && ws->path.mount->flags & MNT_F_NOSYMFOLLOW))
		return -ELOOP;
	inode_touch_atime(link, ws->path.mount ? ws->path.mount->flags : 0);
	if (link->ops->follow)
		return jump_magic(ws, link);
	err = read_text(entry, text);
	if (err < 0) {
		*text = NULL;
		return err;
	}
	if (!**text) {
		*text = NULL;
		return -ENOENT;
	}
	if (**text != '/')
		return 0;
	err = jump_to_root(ws);
	if (err < 0)
		*text = NULL;
	return err;
}
