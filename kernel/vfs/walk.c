/*
 * The walk over the components of a path (path_resolution(7)): start, split into names, permission
 * to search, symlink texts on a stack. One step to the next directory is in walk_step.c; walk_int.h
 * has the protocol. sys/ stands before this file, the dentry cache and the directories' lookup
 * behind it.
 */
#include "abi/stat.h"
#include "mm/slab.h"
#include "vfs/file.h"
#include "vfs/protect.h"
#include "vfs/walk_name_int.h"
#include "vfs/walk_step_int.h"

u32 name_hash(const char *text, u32 length)
{
	u64 h = HASH_START;

	for (; length; ) {
		u32 n = min(length, 8u);
		u64 word = 0;

		memcpy(&word, text, n);
		h = hash_word(h, word);
		text += n;
		length -= n;
	}
	return hash_end(h);
}

void walk_set_root(struct walk_state *ws)
{
	struct fs_context *fs = ws->walk->fs;

	if (ws->root.mount)
		return;
	spin_lock(&fs->lock);
	ws->root = fs->root;
	if (!ws->rcu)
		path_get(&ws->root);
	spin_unlock(&fs->lock);
}

/* The start of a relative path. */
static int start_relative(struct walk_state *ws)
{
	const struct walk *w = ws->walk;

	if (w->dir) {
		ws->path = w->dir->path;
		if (!ws->rcu)
			path_get(&ws->path);
		return 0;
	}
	spin_lock(&w->fs->lock);
	ws->path = w->fs->cwd;
	if (!ws->rcu)
		path_get(&ws->path);
	spin_unlock(&w->fs->lock);
	return 0;
}

int walk_begin(struct walk_state *ws, const struct walk *walk, const char *name, u32 flags,
	       bool rcu)
{
	ws->walk = walk;
	ws->cred = walk->cred;
	ws->flags = flags;
	ws->rcu = rcu;
	ws->slash = false;
	ws->jumped = false;
	ws->last_type = LAST_ROOT;
	ws->rest = name;
	ws->root.mount = NULL;
	ws->root.dentry = NULL;
	ws->depth = 0;
	ws->n_links = 0;
	ws->trail.inode = NULL;
	if (unlikely(!*name && !(flags & WALK_EMPTY)))
		return -ENOENT;
	if (rcu) {
		rcu_read_lock();
		ws->mount_seq = seq_read_begin(&mount_seq);
		ws->rename_seq = seq_read_begin(&dcache_rename_seq);
	}
	if (*name == '/' && !(flags & (WALK_IN_ROOT | WALK_BENEATH))) {
		walk_set_root(ws);
		ws->path = ws->root;
		if (!rcu)
			path_get(&ws->path);
	} else {
		if (*name == '/' && flags & WALK_BENEATH) {
			if (rcu)
				rcu_read_unlock();
			return -EXDEV;
		}
		start_relative(ws);
	}
	if (flags & (WALK_IN_ROOT | WALK_BENEATH)) {
		ws->root = ws->path;
		if (!rcu)
			path_get(&ws->root);
	}
	ws->seq = rcu ? seq_read_begin(&ws->path.dentry->seq) : 0;
	ws->inode = READ_ONCE(ws->path.dentry->inode);
	return 0;
}

static void text_put(struct walk_text *text)
{
	kfree(text->buf);
	if (text->inode)
		inode_put(text->inode);
	*text = (struct walk_text){ NULL, NULL, NULL };
}

void walk_end(struct walk_state *ws)
{
	while (ws->depth)
		text_put(&ws->stack[--ws->depth]);
	if (unlikely(ws->trail.inode))
		text_put(&ws->trail);
	if (ws->rcu) {
		rcu_read_unlock();
		return;
	}
	if (ws->path.dentry)
		path_put(&ws->path);
	if (ws->root.dentry)
		path_put(&ws->root);
}

/* Whether the walk may go through the directory it stands in. */
static inline int may_search(struct walk_state *ws)
{
	struct inode *inode = ws->inode;

	if (unlikely(!inode || !S_ISDIR(inode->mode)))
		return inode ? -ENOTDIR : WALK_RETRY;
	if (likely(!inode->ops->permission)) {
		if ((inode->mode & 0111) == 0111 && likely(!inode->acls))
			return 0;
		return inode_permission_generic(inode, ws->cred, MAY_EXEC);
	}
	if (walk_unlazy(ws) < 0)
		return WALK_RETRY;
	return inode->ops->permission(inode, ws->cred, MAY_EXEC);
}

/* What kind of component `last` is. */
static inline enum last_type classify(const struct name *n)
{
	if (likely(n->text[0] != '.' || n->length > 2))
		return LAST_NORM;
	if (n->length == 1)
		return LAST_DOT;
	return n->text[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

int walk_follow(struct walk_state *ws, struct inode *inode, bool last)
{
	struct walk_text *text = last ? &ws->trail : &ws->stack[ws->depth];
	struct walk_text entry = { ws->rest, NULL, inode };
	const char *target;
	int err;

	if (++ws->n_links > MAXSYMLINKS) {
		inode_put(inode);
		return -ELOOP;
	}
	err = last ? protect_follow(ws->inode, inode, ws->cred) : 0;
	if (err == 0)
		err = walk_link_text(ws, &entry, &target);
	else
		target = NULL;
	if (err < 0 || !target) {
		text_put(&entry);
		return err;
	}
	if (last && ws->trail.inode)
		text_put(&ws->trail);
	else if (!last)
		ws->depth++;
	*text = entry;
	ws->rest = target;
	return WALK_MORE;
}

/* One component that is not the last. */
static int walk_middle(struct walk_state *ws)
{
	struct inode *link = NULL;
	int err;

	if (ws->last_type == LAST_NORM) {
		err = walk_step(ws, true, &link);
		if (err == 0 && unlikely(link)) {
			err = walk_follow(ws, link, false);
			if (err == WALK_MORE)
				err = 0;
		}
		return err;
	}
	return ws->last_type == LAST_DOTDOT ? walk_up(ws) : 0;
}

/*
 * The common case of walk_parents() in rcu mode, kept short: plain names of cached directories that
 * everybody may search. Stops before the first component that is anything else, or, with true, at
 * the last one, which it has split.
 */
static bool walk_fast(struct walk_state *ws)
{
	const char *p = ws->rest;
	struct dentry *d = ws->path.dentry;
	struct inode *inode = ws->inode;
	u32 seq = ws->seq;
	bool last = false;

	while (inode && S_ISDIR(inode->mode) && (inode->mode & 0111) == 0111 &&
	       !inode->acls && !inode->ops->permission) {
		struct inode *next_inode;
		struct dentry *next;
		const char *end;
		u32 next_seq;

		while (*p == '/')
			p++;
		if (!*p || *p == '.')
			break;
		end = name_split(p, &ws->last);
		if (unlikely(ws->last.length > NAME_MAX))
			break;
		if (!*end) {
			ws->last_type = LAST_NORM;
			p = end;
			last = true;
			break;
		}
		next = dentry_find_rcu(d, &ws->last, &next_seq, &next_inode);
		/*
		 * What follows only slashes is the last one, too: rare enough to be left to the
		 * slow loop.
		 */
		if (!next || !next_inode || !S_ISDIR(next_inode->mode) || dentry_is_mounted(next) ||
		    next_inode->ops->revalidate || (end[1] == 0 || end[1] == '/'))
			break;
		if (unlikely(!next->used))
			next->used = true;
		d = next;
		inode = next_inode;
		seq = next_seq;
		p = end;
	}
	ws->rest = p;
	ws->path.dentry = d;
	ws->inode = inode;
	ws->seq = seq;
	return last;
}

int walk_parents(struct walk_state *ws)
{
	if (likely(ws->rcu && !ws->depth) && walk_fast(ws))
		return 0;
	for (;;) {
		const char *p = ws->rest;
		int err;

		while (*p == '/')
			p++;
		if (!*p) {
			if (!ws->depth) {
				ws->last_type = LAST_ROOT; /* nothing but slashes: we are there */
				return 0;
			}
			ws->rest = ws->stack[ws->depth - 1].rest;
			text_put(&ws->stack[--ws->depth]);
			continue;
		}
		err = may_search(ws);
		if (unlikely(err < 0))
			return err;
		p = name_split(p, &ws->last);
		if (unlikely(ws->last.length > NAME_MAX))
			return -ENAMETOOLONG;
		ws->last_type = classify(&ws->last);
		ws->jumped = false;
		if (*p == '/') {
			do {
				p++;
			} while (*p == '/');
			if (!*p && !ws->depth)
				ws->slash = true;
		}
		ws->rest = p;
		if (!*p && !ws->depth)
			return 0;
		err = walk_middle(ws);
		if (unlikely(err < 0))
			return err;
	}
}

/*
 * The last component of a walk in rcu mode, when it is cached and nothing special: whether it was.
 */
static bool last_fast(struct walk_state *ws)
{
	struct inode *inode;
	struct dentry *d;
	u32 seq;

	d = dentry_find_rcu(ws->path.dentry, &ws->last, &seq, &inode);
	if (!d || !inode || S_ISLNK(inode->mode) || dentry_is_mounted(d) || inode->ops->revalidate)
		return false;
	if (unlikely(!d->used))
		d->used = true;
	ws->path.dentry = d;
	ws->inode = inode;
	ws->seq = seq;
	return true;
}

int walk_last(struct walk_state *ws)
{
	struct inode *link = NULL;
	int err;

	if (likely(ws->rcu && ws->last_type == LAST_NORM) && last_fast(ws))
		return 0;
	switch (ws->last_type) {
	case LAST_DOTDOT:
		return walk_up(ws);
	case LAST_NORM:
		err = walk_step(ws, ws->slash || ws->flags & WALK_FOLLOW, &link);
		if (err == 0 && unlikely(link))
			err = walk_follow(ws, link, true);
		return err;
	default:
		return 0;
	}
}
