/*
 * The tree of mounts as vfs's files see it. It changes under mount_mutex, inside a write section of
 * mount_seq (which never sleeps); readers find the mount on a place by RCU and check mount_seq, or
 * hold mount_mutex. A reference keeps a mount's storage and its superblock, not its place in the
 * tree.
 */
#pragma once

#include "core/seqlock.h"
#include "vfs/dcache_int.h"
#include "vfs/path.h"

extern struct mutex mount_mutex; /* RANK_MOUNT */
extern struct seqcount mount_seq;
extern struct mount *mount_root; /* mount_mutex: what the first process calls / */

void mount_init(void);
static inline void mount_get(struct mount *m) { ref_get(&m->refs); }

/*
 * The mount that sits on (parent, point), without a reference; caller is an RCU reader that checks
 * mount_seq, or holds mount_mutex.
 */
struct mount *mount_find_rcu(const struct mount *parent, const struct dentry *point);
/* If mounts sit on the place, goes to the root of the topmost one; references are exchanged. */
void path_mount_down(struct path *path);
/*
 * From the root of a mount to the place it sits on: false (and nothing done) if there is none.
 * References are exchanged.
 */
bool path_mount_up(struct path *path);

/*
 * A write section of mount_seq, for changes that walks see together or not at all; they may nest.
 * mount_mutex held; nothing may sleep inside.
 */
void mount_change_begin(void);
void mount_change_end(void);

/*
 * A mount outside the tree; takes over the reference to `sb`, takes one to `root`. NULL: no memory
 * (and sb was put).
 */
struct mount *mount_alloc(struct superblock *sb, struct dentry *root, u32 flags,
			  const char *source);
/*
 * Into the tree at `point` (NULL: as its root): the tree takes a reference to the mount and to the
 * place. mount_mutex held.
 */
void mount_attach_locked(struct mount *m, const struct path *point);
/*
 * The same in two steps, for trees that are built outside: mount_hang_locked() hangs `m` on `point`
 * with the caller's reference to the mount, and a new one to the place; mount_list_locked() lists
 * it and all below it, which makes them part of the tree. mount_mutex held.
 */
void mount_hang_locked(struct mount *m, const struct path *point);
void mount_list_locked(struct mount *top);
/* From its place to another, with all below it. mount_mutex held. */
void mount_shift_locked(struct mount *m, const struct path *point);
/* Whether it is in the tree. mount_mutex held. */
static inline bool mount_in_tree(const struct mount *m) { return !list_empty(&m->all_link); }
/*
 * The mount after `m` in the subtree of `top` (`skip`: leaving out what is below m), or NULL.
 * mount_mutex held.
 */
struct mount *mount_subtree_next(struct mount *m, struct mount *top, bool skip);
/* Whether `m` is `top` or mounted below it. mount_mutex held. */
bool mount_is_below(const struct mount *m, const struct mount *top);
/*
 * Out of the tree. The tree's references are returned to the caller: that of the mount, and
 * *point's, to be put once mount_mutex is released.
 */
void mount_detach_locked(struct mount *m, struct path *point);

/* Between these the mount cannot become read-only: 0 or -EROFS. For files open for writing. */
int mount_hold_begin(struct mount *m);
static inline void mount_hold_end(struct mount *m)
{
	if (m)
		__atomic_fetch_sub(&m->n_writers, 1, __ATOMIC_RELEASE);
}
/*
 * The same for a call that changes something: while the file system is frozen it waits, and while
 * the call is inside it is not frozen. 0, -EROFS, or -ERESTARTSYS on a fatal signal. Not nested.
 */
int mount_write_begin(struct mount *m);
void mount_write_end(struct mount *m);
/* Whether somebody is between these on any mount of the superblock. mount_mutex held. */
bool mount_super_has_writers(const struct superblock *sb);
/* Sets or clears MNT_F_READONLY: 0 or -EBUSY. */
int mount_set_readonly(struct mount *m, bool readonly);
static inline bool mount_is_readonly(const struct mount *m)
{
	return m &&
	       ((READ_ONCE(m->flags) & MNT_F_READONLY) || (READ_ONCE(m->sb->flags) & SB_READ_ONLY));
}
static inline bool dentry_is_mounted(const struct dentry *d)
{
	return READ_ONCE(d->flags) & DENTRY_MOUNTED;
}
/* The superblock a source names, made by the file system: 0 and *out with a reference. */
int mount_obtain_super(const struct walk *w, struct fs_type *type, const char *source, u32 sb_flags,
		       const char *options, struct superblock **out);
