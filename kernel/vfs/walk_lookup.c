/*
 * Whole walks: to a place, and to the directory that a name is to be changed in. First without
 * references, then, if something was in the way, with them.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "vfs/walk_int.h"

/* An error that was found without references holds only if the tree did not change meanwhile. */
static int confirm_error(const struct walk_state *ws, int err)
{
	if (err < 0 && ws->rcu && (seq_read_retry(&mount_seq, ws->mount_seq) ||
				   seq_read_retry(&dcache_rename_seq, ws->rename_seq)))
		return WALK_RETRY;
	return err;
}

/*
 * The end of a walk in rcu mode, which has referenced nothing so far: references to the place, if
 * all that was passed was one consistent tree. Nothing is left to end.
 */
static int walk_take(struct walk_state *ws, struct path *out)
{
	struct path path = ws->path;

	if (unlikely(path.mount && !ref_try_get(&path.mount->refs))) {
		rcu_read_unlock();
		return WALK_RETRY;
	}
	if (unlikely(!ref_try_get(&path.dentry->refs))) {
		rcu_read_unlock();
		mount_put(path.mount);
		return WALK_RETRY;
	}
	rcu_read_unlock();
	if (unlikely(seq_read_retry(&path.dentry->seq, ws->seq) ||
		     seq_read_retry(&mount_seq, ws->mount_seq) ||
		     seq_read_retry(&dcache_rename_seq, ws->rename_seq))) {
		path_put(&path);
		return WALK_RETRY;
	}
	*out = path;
	return 0;
}

static int lookup_once(struct walk_state *ws, const struct walk *walk, const char *name, u32 flags,
		       bool rcu, struct path *out)
{
	int err = walk_begin(ws, walk, name, flags, rcu);

	if (unlikely(err < 0))
		return err;
	do {
		err = walk_parents(ws);
		if (err == 0)
			err = walk_last(ws);
	} while (err == WALK_MORE);
	if (err == 0 && unlikely(ws->slash || flags & WALK_DIRECTORY) && !S_ISDIR(ws->inode->mode))
		err = -ENOTDIR;
	if (unlikely(err < 0))
		err = confirm_error(ws, err);
	else if (likely(ws->rcu))
		return walk_take(ws, out);
	if (err == 0) {
		*out = ws->path;
		ws->path = (struct path){ NULL, NULL };
	}
	walk_end(ws);
	return err;
}

int path_lookup(const struct walk *walk, const char *name, u32 flags, struct path *out)
{
	struct walk_state ws;
	int err = lookup_once(&ws, walk, name, flags, true, out);

	if (unlikely(err == WALK_RETRY))
		err = flags & WALK_CACHED ? -EAGAIN :
					    lookup_once(&ws, walk, name, flags, false, out);
	return err;
}

static int parent_once(struct walk_state *ws, const struct walk *walk, const char *name, u32 flags,
		       bool rcu, struct walk_place *out)
{
	int err = walk_begin(ws, walk, name, flags, rcu);

	if (err < 0)
		return err;
	err = walk_parents(ws);
	if (err == 0 && !S_ISDIR(ws->inode->mode))
		err = -ENOTDIR;
	if (unlikely(err < 0)) {
		err = confirm_error(ws, err);
		walk_end(ws);
		return err;
	}
	out->last = ws->last;
	out->type = ws->last_type;
	out->slash = ws->slash;
	if (likely(ws->rcu))
		return walk_take(ws, &out->dir);
	out->dir = ws->path;
	ws->path = (struct path){ NULL, NULL };
	walk_end(ws);
	return 0;
}

__noinline int walk_parent(const struct walk *walk, const char *name, u32 flags,
			   struct walk_place *out)
{
	struct walk_state ws;
	int err = parent_once(&ws, walk, name, flags, true, out);

	if (err == WALK_RETRY)
		err = parent_once(&ws, walk, name, flags, false, out);
	return err;
}

int dir_may_change(struct inode *dir, const struct cred *cred)
{
	if (READ_ONCE(dir->state) & I_UNLINKED)
		return -ENOENT;
	return inode_permission(dir, cred, MAY_WRITE | MAY_EXEC);
}

int dir_may_remove(struct inode *dir, const struct inode *inode, const struct cred *cred)
{
	int err = inode_permission(dir, cred, MAY_WRITE | MAY_EXEC);

	if (err < 0)
		return err;
	if (dir->flags & FS_APPEND_FL || inode->flags & (FS_APPEND_FL | FS_IMMUTABLE_FL))
		return -EPERM;
	if (dir->mode & S_ISVTX && cred->fsuid != inode->uid && cred->fsuid != dir->uid &&
	    !cred_capable(cred, CAP_FOWNER))
		return -EPERM;
	return 0;
}
