/*
 * The groups of an interface: who wants what of them. See mcast.h.
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/mcast_int.h"
#include "net/link/ether.h"

struct mcast_state *mcast_state_make(struct netif *nif, const struct mcast_protocol *protocol)
{
	struct mcast_state *s = kzalloc(sizeof(*s), MM_KERNEL);

	if (!s)
		return NULL;
	s->nif = nif;
	s->protocol = protocol;
	spin_init(&s->lock, RANK_NET_LEAF, protocol->name);
	soft_timer_init(&s->timer, mcast_timer);
	return s;
}

static void group_free(struct rcu_head *head)
{
	struct mcast_group *g = container_of(head, struct mcast_group, rcu);

	kfree(g->sources);
	kfree(g);
}

static void state_free(struct rcu_head *head)
{
	struct mcast_state *s = container_of(head, struct mcast_state, rcu);
	struct mcast_group *g;

	while ((g = s->groups)) {
		s->groups = g->next;
		group_free(&g->rcu);
	}
	kfree(s);
}

void mcast_state_free(struct mcast_state *s)
{
	rcu_call(&s->rcu, state_free);
}

int mcast_listen(struct netif *nif, const struct ipaddr *group)
{
	u8 address[LINK_ADDRESS] = { 0 };

	ether_group_address(group, address);
	return netif_join(nif, address);
}

void mcast_unlisten(struct netif *nif, const struct ipaddr *group)
{
	u8 address[LINK_ADDRESS] = { 0 };

	ether_group_address(group, address);
	netif_leave(nif, address);
}

bool mcast_up(struct mcast_state *s)
{
	bool was;

	spin_lock(&s->lock);
	was = s->up;
	s->up = true;
	for (struct mcast_group *g = s->groups; g; g = g->next)
		mcast_changed_locked(s, g);
	spin_unlock(&s->lock);
	return was;
}

bool mcast_down(struct mcast_state *s)
{
	bool was;

	spin_lock(&s->lock);
	was = s->up;
	s->up = false;
	soft_timer_cancel(&s->timer);
	spin_unlock(&s->lock);
	return was;
}

void mcast_forget_queriers(struct mcast_state *s)
{
	spin_lock(&s->lock);
	memset(s->old_until, 0, sizeof(s->old_until));
	spin_unlock(&s->lock);
}

bool mcast_is_member(const struct mcast_state *s, const struct ipaddr *group)
{
	for (struct mcast_group *g = rcu_load(s->groups); g; g = rcu_load(g->next))
		if (ipaddr_equal(&g->address, group))
			return true;
	return false;
}

struct mcast_group *mcast_find(struct mcast_state *s, const struct ipaddr *group)
{
	struct mcast_group *g = s->groups;

	while (g && !ipaddr_equal(&g->address, group))
		g = g->next;
	return g;
}

/* Changes ------------------------------------------------------------------------------------- */

static struct mcast_source *source_find(struct mcast_group *g, const struct ipaddr *address)
{
	for (u32 k = 0; k < g->n_sources; k++)
		if (ipaddr_equal(&g->sources[k].address, address))
			return &g->sources[k];
	return NULL;
}

static struct mcast_source *source_slot(struct mcast_group *g, const struct ipaddr *address)
{
	struct mcast_source *x = source_find(g, address);

	if (x)
		return x;
	g->sources[g->n_sources] = (struct mcast_source){ .address = *address };
	return &g->sources[g->n_sources++];
}

/* Adds what one user wants. With the lock; there is room for its sources. */
static void count(struct mcast_group *g, const struct inet_part *part)
{
	const struct inet_sources *f = part->filter;
	bool exclude = !f || f->exclude;

	if (!part->member)
		return;
	g->users++;
	g->exclude_users += exclude;
	for (u32 k = 0; f && k < f->n; k++) {
		struct mcast_source *x = source_slot(g, &f->source[k]);

		x->exclude += exclude;
		x->include += !exclude;
	}
}

/* Takes away what one user wanted, as far as it is known: the kernel also leaves groups that it had
 * no memory to join. With the lock. */
static void uncount(struct mcast_group *g, const struct inet_part *part)
{
	const struct inet_sources *f = part->filter;
	bool exclude = !f || f->exclude;

	if (!part->member || !g->users)
		return;
	g->users--;
	if (exclude && g->exclude_users)
		g->exclude_users--;
	for (u32 k = 0; f && k < f->n; k++) {
		struct mcast_source *x = source_find(g, &f->source[k]);
		u32 *n = x ? exclude ? &x->exclude : &x->include : NULL;

		if (n && *n)
			--*n;
	}
}

static void drop_unused_sources(struct mcast_group *g)
{
	u32 kept = 0;

	for (u32 k = 0; k < g->n_sources; k++)
		if (g->sources[k].include || g->sources[k].exclude)
			g->sources[kept++] = g->sources[k];
	g->n_sources = kept;
}

static struct mcast_group *group_make(struct mcast_state *s, const struct ipaddr *address)
{
	struct mcast_group *g = kzalloc(sizeof(*g), MM_KERNEL);

	if (!g)
		return NULL;
	if (mcast_listen(s->nif, address)) {
		kfree(g);
		return NULL;
	}
	g->address = *address;
	spin_lock(&s->lock);
	g->next = s->groups;
	rcu_store(s->groups, g);
	spin_unlock(&s->lock);
	route_flush(); /* routes know whether this machine is a member */
	return g;
}

/* The last member went: says so, if it is for us to say. */
static void group_drop(struct mcast_state *s, struct mcast_group *g)
{
	struct mcast_group **at = &s->groups;
	int version;
	bool up;

	spin_lock(&s->lock);
	while (*at != g)
		at = &(*at)->next;
	rcu_store(*at, g->next);
	mcast_due_drop(&s->dues, &g->due);
	up = s->up;
	version = mcast_version(s, clock_monotonic());
	spin_unlock(&s->lock);
	mcast_unlisten(s->nif, &g->address);
	route_flush();
	if (up)
		mcast_say_left(s, g, version);
	rcu_call(&g->rcu, group_free);
}

int mcast_change(struct mcast_state *s, const struct ipaddr *group, const struct inet_part *from,
		 const struct inet_part *to)
{
	struct mcast_group *g = mcast_find(s, group);
	u32 room = to->filter ? to->filter->n : 0;
	struct mcast_source *sources = NULL, *old = NULL;
	bool fresh = !g;

	if (fresh && !to->member)
		return 0;
	if (fresh)
		g = group_make(s, group);
	if (!g)
		return -ENOMEM;
	if (room) {
		sources = kmalloc_array(g->n_sources + room, sizeof(*sources), MM_KERNEL);
		if (!sources && !g->users)
			group_drop(s, g);
		if (!sources)
			return -ENOMEM;
	}
	spin_lock(&s->lock);
	if (sources) {
		memcpy(sources, g->sources, g->n_sources * sizeof(*sources));
		old = g->sources;
		g->sources = sources;
	}
	count(g, to);
	if (!fresh)
		uncount(g, from);
	drop_unused_sources(g);
	if (g->users)
		mcast_changed_locked(s, g);
	spin_unlock(&s->lock);
	kfree(old);
	if (!g->users)
		group_drop(s, g);
	return 0;
}
