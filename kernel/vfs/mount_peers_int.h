/*
 * Mounts that share what is mounted on them: the calls of mount_peers.c (who is told) and
 * mount_graft.c (trees of mounts copied and brought to all who are told). mount_mutex is held in
 * all of them.
 */
#pragma once

#include "vfs/mount_int.h"

/* `m` joins the group of `with`, and its master's slaves. */
void peers_join(struct mount *m, struct mount *with);
/* `m`, which has no master, becomes a slave of the group of `master`. */
void peers_follow(struct mount *m, struct mount *master);
/* `m` gets a group of its own, if it is in none. */
void peers_start(struct mount *m);
/* Nobody's peer, master or slave: slaves go to another member, or to the group's master. */
void peers_leave(struct mount *m);
/* Makes the mount MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
void peers_set_type(struct mount *m, u64 type);

/*
 * Collects in `told` (by told_link) the mounts in the tree that learn of what happens on `origin`,
 * a master before its slaves. Their `arrived` is NULL. To be emptied with peers_told_done().
 */
void peers_told(struct mount *origin, struct list *told);
void peers_told_done(struct list *told);
/*
 * For a mount that is told: who among its peers (*slave false), or in the nearest group above
 * (true), has something arrived already. There is one, as the origin has.
 */
struct mount *peers_source(struct mount *m, bool *slave);

/*
 * A copy of the mount `top`, seen from the directory `root`, for a bind; `recursive`: with what is
 * mounted below it, unless that is unbindable. *out is outside the tree, and what is to be put
 * after a failure in `gone`. 0, -EINVAL (unbindable, or not in the tree), -ENOMEM.
 */
int mount_tree_bind(struct mount *top, struct dentry *root, bool recursive, struct mount **out,
		    struct list *gone);
/*
 * Brings the tree under `top` (outside, or elsewhere in the tree: then it leaves there, and the
 * references to its former place come back in *old) to `at`, and copies of it to all who are told.
 * Takes over the caller's reference if top was outside, and succeeds, or nothing has changed: 0 or
 * -ENOMEM. What is to be put after a failure is left in `gone`.
 */
int mount_graft(struct mount *top, const struct path *at, struct path *old, struct list *gone);
/* A tree outside, or in the tree, ends: its mounts are put into `gone`, leaves first. */
void mount_tree_drop(struct mount *top, struct list *gone);
/* A mount without children leaves the tree (if it is in it) and its peers, into `gone`. */
void mount_drop(struct mount *m, struct list *gone);
/* Puts what is in `gone`; mount_mutex is not held. */
void mount_release_gone(struct list *gone);
