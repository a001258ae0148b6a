/*
 * The walk over the components of a path (path_resolution(7)): start, split into names, permission to search, symlink texts on a stack. One step to the next directory is
 * in walk_step.c; walk_int.h has the protocol. sys/ stands before this file, the dentry cache and the directories' lookup behind it.
 */
#include "abi/stat.h"
#include "mm/slab.h"
#include "vfs/file.h"
#include "vfs/walk_int.h"
#include "vfs/walk_step_int.h"

#define ONES   0x0101010101010101ull
#define HIGHS  0x8080808080808080ull
#define SLASHES 0x2f2f2f2f2f2f2f2full
#define HASH_START 0x9ae16a3b2f90404full

static inline u64 hash_word(u64 h, u64 word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static inline u32 hash_end(u64 h)
{
	return (u32)(h ^ h >> 32);
}

/* High bits at least at the first zero byte of x; those above it may be wrong. */
static inline u64 zero_bytes(u64 x)
{
	return (x - ONES) & ~x & HIGHS;
}

/* Up to 8 bytes at p without touching the next page before the string ends. */
static inline u64 load_text(const char *p)
{
	u64 word = 0;

	if (likely(((u64)p & (PAGE_SIZE - 1)) <= PAGE_SIZE - 8))
		return load_word(p);
	for (unsigned i = 0; i < 8; i++) {
		word |= (u64)(u8)p[i] << 8 * i;
		if (!p[i])
			break;
	}
	return word;
}

/* Splits a component off the text: eight bytes at a time, hashing on the way. Returns what follows it. */
static inline const char *name_split(const char *p, struct name *out)
{
	u64 h = HASH_START;

	out->text = p;
	for (;; p += 8) {
		u64 word = load_text(p);
		u64 end = zero_bytes(word) | zero_bytes(word ^ SLASHES);

		if (end) {
			unsigned bytes = (unsigned)__builtin_ctzll(end) / 8;

			if (bytes)
				h = hash_word(h, word & ~(~0ull << 8 * bytes));
			p += bytes;
			break;
		}
		h = hash_word(h, word);
	}
	out->length = (u32)(p - out->text);
	out->hash = hash_end(h);
	return p;
}

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

int walk_begin(struct walk_state *ws, const struct walk *walk, const char *name, u32 flags, bool rcu)
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
		if ((inode->mode & 0111) == 0111)
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
	err = walk_link_text(ws, &entry, &target);
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

int walk_parents(struct walk_state *ws)
{
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

int walk_last(struct walk_state *ws)
{
	struct inode *link = NULL;
	int err;

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
