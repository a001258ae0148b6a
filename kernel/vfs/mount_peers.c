/*
 * Mounts that share what is mounted on them (mount_namespaces(7), "Shared subtrees").
 *
 * A peer group is a ring of mounts (peer_link) with a number. What is mounted on a directory of one
 * member, or unmounted there, is so on all of them, and on the slaves of the group; what happens on
 * a slave stays there. A slave hangs on some member of its master group (master, slaves). It may be
 * in a group itself: then all members of that are slaves of the same master group. So those who
 * are told of what happens on a mount are the rest of its ring and everything that hangs, by
 * however many steps, on a member of the ring.
 *
 * Group numbers only grow, and a group is younger than its master group: in order of their numbers
 * masters come before slaves, and no circle can arise. A slave without a group has no slaves.
 *
 * mount_mutex guards it all. Mounts that left the tree are in no group.
 */
#include "abi/mount.h"
#include "vfs/mount_peers_int.h"

static u32 last_group; /* mount_mutex */

static struct mount *ring_next(struct mount *m)
{
	return list_next_entry(m, peer_link);
}

void peers_follow(struct mount *m, struct mount *master)
{
	m->master = master;
	list_add_tail(&m->slave_link, &master->slaves);
}

void peers_join(struct mount *m, struct mount *with)
{
	m->group = with->group;
	list_add(&m->peer_link, &with->peer_link);
	if (with->master)
		peers_follow(m, with->master);
}

void peers_start(struct mount *m)
{
	if (!m->group)
		m->group = ++last_group;
}

void peers_leave(struct mount *m)
{
	struct mount *heir = ring_next(m) != m ? ring_next(m) : m->master;

	while (!list_empty(&m->slaves)) {
		struct mount *slave = list_first_entry(&m->slaves, struct mount, slave_link);

		list_del_init(&slave->slave_link);
		slave->master = NULL;
		if (heir)
			peers_follow(slave, heir);
	}
	list_del_init(&m->peer_link);
	list_del_init(&m->slave_link);
	m->group = 0;
	m->master = NULL;
}

void peers_set_type(struct mount *m, u64 type)
{
	struct mount *master = ring_next(m) != m ? ring_next(m) : m->master;

	if (type == MS_SHARED) {
		peers_start(m);
		m->unbindable = false;
		return;
	}
	peers_leave(m);
	if (type != MS_SLAVE)
		m->unbindable = type == MS_UNBINDABLE;
	else if (master)
		peers_follow(m, master);
}

/* The next of those who are told of what happens on `origin`, which is in a group, or NULL. */
static struct mount *told_next(struct mount *at, struct mount *origin)
{
	if (!list_empty(&at->slaves))
		return list_first_entry(&at->slaves, struct mount, slave_link);
	for (; at->group != origin->group; at = at->master)
		if (at->slave_link.next != &at->master->slaves)
			return list_next_entry(at, slave_link);
	at = ring_next(at);
	return at != origin ? at : NULL;
}

/* Groups by their age; those in none have no slaves and come last. */
static bool told_before(const struct mount *a, const struct mount *b)
{
	return a->group && (!b->group || a->group < b->group);
}

void peers_told(struct mount *origin, struct list *told)
{
	if (!origin->group)
		return;
	for (struct mount *m = told_next(origin, origin); m; m = told_next(m, origin)) {
		struct list *after = told->prev;

		if (!mount_in_tree(m))
			continue; /* about to be mounted itself */
		while (after != told && told_before(m, list_entry(after, struct mount, told_link)))
			after = after->prev;
		m->arrived = NULL;
		list_add(&m->told_link, after);
	}
}

void peers_told_done(struct list *told)
{
	while (!list_empty(told)) {
		struct mount *m = list_first_entry(told, struct mount, told_link);

		m->arrived = NULL;
		list_del_init(&m->told_link);
	}
}

static struct mount *ring_arrived(struct mount *m)
{
	struct mount *peer = m;

	do {
		if (peer->arrived)
			return peer->arrived;
		peer = ring_next(peer);
	} while (peer != m);
	return NULL;
}

struct mount *peers_source(struct mount *m, bool *slave)
{
	struct mount *found = ring_arrived(m);

	*slave = !found;
	while (!found) {
		m = m->master;
		found = ring_arrived(m);
	}
	return found;
}

u32 mount_master_group(struct mount *m, bool (*fn)(struct mount *m, void *arg), void *arg,
		       u32 *seen)
{
	u32 group = m->master ? m->master->group : 0;

	*seen = 0;
	for (struct mount *above = m->master; above && !*seen; above = above->master) {
		struct mount *peer = above;

		do {
			if (fn(peer, arg))
				*seen = peer->group;
			peer = ring_next(peer);
		} while (peer != above && !*seen);
	}
	return group;
}
