/*
 * The walk from a path to a place, in the pieces that path_lookup(), open and the calls that change
 * names are made of:
 *
 *	walk_begin();
 *	do {
 *		walk_parents();            now path is the directory of the last component
 *		walk_last() or a look of one's own
 *	} while a symlink in the last place gave more text (WALK_MORE);
 *	walk_end();
 *
 * In the first attempt (rcu) nothing is referenced and nothing sleeps; when something is in the
 * way, walk_unlazy() takes the references and goes on, or answers WALK_RETRY: start again with rcu
 * = false.
 */
#pragma once

#include "abi/limits.h"
#include "vfs/mount_int.h"
#include "vfs/name_int.h"

enum { WALK_MORE = 1, WALK_RETRY = -100000 };

enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

/* The text of a symlink that is being followed, and what keeps it. */
struct walk_text {
	const char *rest;    /* what follows the symlink in the text it was found in */
	char *buf;           /* kmalloc'ed, or NULL */
	struct inode *inode; /* the symlink, referenced */
};

struct walk_state {
	const struct walk *walk;
	const struct cred *cred;
	u32 flags;             /* enum walk_flags */
	bool rcu;
	bool slash;            /* the last component is followed by a slash */
	bool jumped;           /* the last step was a magic link */
	enum last_type last_type;
	struct name last;      /* the last component, if last_type is LAST_NORM */
	const char *rest;      /* text still to be walked */
	struct path path;      /* where we are */
	struct inode *inode;   /* its inode */
	u32 seq;               /* rcu: of path.dentry */
	struct path root;      /* mount is NULL until it is needed */
	u32 mount_seq, rename_seq;
	unsigned depth, n_links;
	struct walk_text trail; /* of symlinks in the last place */
	struct walk_text stack[MAXSYMLINKS]; /* of those before it */
};

/* 0, -ENOENT (empty), -ENOTDIR, -EXDEV. On failure there is nothing to end. */
int walk_begin(struct walk_state *ws, const struct walk *walk, const char *name, u32 flags,
	       bool rcu);
/* Walks all components but the last: 0, WALK_RETRY, -ENOENT, -ENOTDIR, -EACCES, -ELOOP … */
int walk_parents(struct walk_state *ws);
/*
 * The last component: 0, WALK_MORE (a symlink is to be followed), WALK_RETRY, or an error. Leaves
 * path at it.
 */
int walk_last(struct walk_state *ws);
/* Leaves rcu mode with references to path: 0 or WALK_RETRY. */
int walk_unlazy(struct walk_state *ws);
/*
 * Follows the symlink `inode` (reference taken over) found as the component before ws->rest: 0 (a
 * magic link: path is the place), WALK_MORE, or an error. Not in rcu mode.
 */
int walk_follow(struct walk_state *ws, struct inode *inode, bool last);
void walk_end(struct walk_state *ws);

/*
 * Goes to (mount, dentry) found as `last`, referenced, and down the mounts on it: 0 or -EXDEV. Not
 * in rcu mode; the references are taken over.
 */
int walk_step_ref(struct walk_state *ws, struct dentry *d);

/*
 * The directory of the last component, for calls that change it: nothing in the last place is
 * followed. `last.text` lies in `name`.
 */
struct walk_place {
	struct path dir;       /* referenced */
	struct name last;
	enum last_type type;
	bool slash;
};
int walk_parent(const struct walk *walk, const char *name, u32 flags, struct walk_place *out);
static inline void walk_place_put(struct walk_place *p) { path_put(&p->dir); }
/*
 * Whether names may be made or removed in the directory: 0, -EACCES, -EPERM, -EROFS; -ENOENT if it
 * was removed.
 */
int dir_may_change(struct inode *dir, const struct cred *cred);
/* The same for removing `inode`: sticky directories, append-only and immutable files. */
int dir_may_remove(struct inode *dir, const struct inode *inode, const struct cred *cred);
