/*
 * Trees of mounts: copying them for a bind, and bringing them to a place and to all mounts that are
 * told of it (mount_peers.c). All copies are made before the first is part of the tree, so that a
 * shortage of memory changes nothing.
 *
 * A tree outside consists of mounts that hang on each other but are not listed; no walk finds it,
 * as nothing in the tree leads to its top. It owns one reference to each of its mounts.
 */
#include "abi/errno.h"
#include "vfs/mount_peers_int.h"
#include "vfs/super_int.h"

/* What a copy is to its original. */
enum kinship {
	KIN_BIND,         /* a peer if that is shared, a slave if it is one, else nothing */
	KIN_PEER,
	KIN_SLAVE,
	KIN_SHARED_SLAVE, /* a slave with a new group */
};

static void kin_set(struct mount *copy, struct mount *from, enum kinship kin)
{
	if (kin == KIN_PEER || (kin == KIN_BIND && from->group))
		peers_join(copy, from);
	else if (kin == KIN_BIND && from->master)
		peers_follow(copy, from->master);
	else if (kin != KIN_BIND)
		peers_follow(copy, from);
	if (kin == KIN_SHARED_SLAVE)
		peers_start(copy);
}

static struct mount *copy_one(struct mount *from, struct dentry *root, enum kinship kin)
{
	struct mount *copy;

	super_get(from->sb);
	copy = mount_alloc(from->sb, root, from->flags, from->source);
	if (copy)
		kin_set(copy, from, kin);
	return copy;
}

/* Copies what is mounted below `root` of `top` to below top->copy. */
static int copy_below(struct mount *top, struct dentry *root, enum kinship kin)
{
	struct mount *m = mount_subtree_next(top, top, false);
	bool skip;

	for (; m; m = mount_subtree_next(m, top, skip)) {
		skip = (kin == KIN_BIND && m->unbindable) ||
		       (m->parent == top && !dentry_is_below(m->point, root));
		if (skip)
			continue;
		m->copy = copy_one(m, m->root, kin);
		if (!m->copy)
			return -ENOMEM;
		mount_hang_locked(m->copy, &(struct path){ m->parent->copy, m->point });
	}
	return 0;
}

void mount_drop(struct mount *m, struct list *gone)
{
	peers_leave(m);
	if (m->parent) {
		struct path point;

		mount_detach_locked(m, &point);
		m->detached_from = point; /* remembered until the mutex is free */
	}
	list_add_tail(&m->all_link, gone);
}

void mount_tree_drop(struct mount *top, struct list *gone)
{
	while (!list_empty(&top->children)) {
		struct mount *m = top;

		while (!list_empty(&m->children))
			m = list_first_entry(&m->children, struct mount, child_link);
		mount_drop(m, gone);
	}
	mount_drop(top, gone);
}

void mount_release_gone(struct list *gone)
{
	while (!list_empty(gone)) {
		struct mount *m = list_first_entry(gone, struct mount, all_link);

		list_del_init(&m->all_link);
		path_put(&m->detached_from);
		mount_put(m);
	}
}

static int tree_copy(struct mount *top, struct dentry *root, bool recursive, enum kinship kin,
		     struct mount **out, struct list *gone)
{
	int err = 0;

	*out = top->copy = copy_one(top, root, kin);
	if (!*out)
		return -ENOMEM;
	if (recursive)
		err = copy_below(top, root, kin);
	if (err < 0) {
		mount_tree_drop(*out, gone);
		*out = NULL;
	}
	return err;
}

int mount_tree_bind(struct mount *top, struct dentry *root, bool recursive, struct mount **out,
		    struct list *gone)
{
	if (!mount_in_tree(top) || top->unbindable)
		return -EINVAL;
	return tree_copy(top, root, recursive, KIN_BIND, out, gone);
}

/* What is mounted on a shared mount is shared. */
static void share_tree(struct mount *top)
{
	for (struct mount *m = top; m; m = mount_subtree_next(m, top, false)) {
		m->newly_shared = !m->group;
		peers_start(m);
	}
}

static void unshare_tree(struct mount *top)
{
	for (struct mount *m = top; m; m = mount_subtree_next(m, top, false))
		if (m->newly_shared)
			m->group = 0; /* its copies are gone: it is alone, and has no slaves */
}

/* A copy for everybody in `told` who has the directory: left in `arrived`. */
static int copy_for(struct list *told, struct dentry *point, struct list *gone)
{
	struct mount *m, *source;
	enum kinship kin;
	bool slave;
	int err;

	list_for_each_entry(m, told, told_link) {
		if (!dentry_is_below(point, m->root))
			continue;
		source = peers_source(m, &slave);
		kin = !slave ? KIN_PEER : m->group ? KIN_SHARED_SLAVE : KIN_SLAVE;
		err = tree_copy(source, source->root, true, kin, &m->arrived, gone);
		if (err < 0)
			return err;
	}
	return 0;
}

/* A copy goes beneath what is on its place already: that covers the copy's root from now on. */
static void arrive(struct mount *m, struct dentry *point)
{
	struct mount *top = m->arrived, *cover = mount_find_rcu(m, point), *next;

	mount_hang_locked(top, &(struct path){ m, point });
	mount_list_locked(top);
	if (!cover)
		return;
	while ((next = mount_find_rcu(top, top->root)))
		top = next;
	mount_shift_locked(cover, &(struct path){ top, top->root });
}

int mount_graft(struct mount *top, const struct path *at, struct path *old, struct list *gone)
{
	struct mount *m;
	LIST_HEAD(told);
	int err = 0;

	if (at->mount->group) {
		share_tree(top);
		peers_told(at->mount, &told);
		at->mount->arrived = top;
		err = copy_for(&told, at->dentry, gone);
		at->mount->arrived = NULL;
	}
	if (err < 0) {
		list_for_each_entry(m, &told, told_link)
			if (m->arrived)
				mount_tree_drop(m->arrived, gone);
		unshare_tree(top);
	} else {
		mount_change_begin();
		if (top->parent)
			mount_detach_locked(top, old);
		list_for_each_entry(m, &told, told_link)
			if (m->arrived)
				arrive(m, at->dentry);
		mount_hang_locked(top, at);
		mount_list_locked(top);
		mount_change_end();
	}
	peers_told_done(&told);
	return err;
}
