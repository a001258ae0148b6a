/*
 * Memberships of sockets: joining and leaving groups, with sources.
 */
#include "net/inet/inet_member.h"

#include "abi/errno.h"
#include "mm/slab.h"

static struct inet_member **member_at(struct inet_sock *i, const struct ipaddr *group, u32 nif)
{
	struct inet_member **at = &i->memberships;

	while (*at && !(ipaddr_equal(&(*at)->group, group) && (!nif || (*at)->nif == nif)))
		at = &(*at)->next;
	return at;
}

struct inet_member *inet_member_find(struct inet_sock *i, const struct ipaddr *group, u32 nif)
{
	return *member_at(i, group, nif);
}

static void member_free(struct rcu_head *head)
{
	struct inet_member *g = container_of(head, struct inet_member, rcu);

	kfree(g->filter);
	kfree(g);
}

static void sources_free(struct rcu_head *head)
{
	kfree(container_of(head, struct inet_sources, rcu));
}

static void member_leave(const struct inet_group_ops *ops, struct inet_member **at)
{
	struct inet_member *g = *at;
	struct inet_part was = { .member = true, .filter = g->filter }, none = { 0 };
	struct netif *nif = netif_by_index(g->nif);

	rcu_store(*at, g->next);
	if (nif) {
		ops->change(nif, &g->group, &was, &none);
		netif_put(nif);
	}
	rcu_call(&g->rcu, member_free);
}

static int member_join(struct inet_sock *i, const struct inet_group_ops *ops, struct netif *nif,
		       const struct ipaddr *group, struct inet_sources *filter)
{
	struct inet_part none = { 0 }, now = { .member = true, .filter = filter };
	struct inet_member *g;
	u32 n = 0;
	int err;

	for (g = i->memberships; g; g = g->next)
		n++;
	if (n >= ops->most_members())
		return -ENOBUFS;
	g = kzalloc(sizeof(*g), MM_KERNEL);
	if (!g)
		return -ENOMEM;
	err = ops->change(nif, group, &none, &now);
	if (err) {
		kfree(g);
		return err;
	}
	g->group = *group;
	g->nif = nif->index;
	g->filter = filter;
	g->next = i->memberships;
	rcu_store(i->memberships, g);
	return 0;
}

/* The sources of a membership become `filter`, which is taken over if that succeeds. */
static int member_change(const struct inet_group_ops *ops, struct netif *nif,
			 struct inet_member *g, struct inet_sources *filter)
{
	struct inet_part was = { .member = true, .filter = g->filter };
	struct inet_part now = { .member = true, .filter = filter };
	struct inet_sources *old = g->filter;
	int err = ops->change(nif, &g->group, &was, &now);

	if (err)
		return err;
	rcu_store(g->filter, filter);
	if (old)
		rcu_call(&old->rcu, sources_free);
	return 0;
}

/* A list with one more or one less: 0 and *out (NULL: none are left). */
static int sources_edit(const struct inet_group_ops *ops, const struct inet_sources *old,
			bool exclude, const struct ipaddr *source, bool add,
			struct inet_sources **out)
{
	u32 n = old ? old->n : 0, at = 0;
	struct inet_sources *f;

	while (at < n && !ipaddr_equal(&old->source[at], source))
		at++;
	if (add ? at < n : at == n)
		return -EADDRNOTAVAIL;
	if (add && n >= ops->most_sources())
		return -ENOBUFS;
	*out = NULL;
	if (!add && n == 1)
		return 0;
	f = kmalloc(sizeof(*f) + (n + 1) * sizeof(f->source[0]), MM_KERNEL);
	if (!f)
		return -ENOMEM;
	f->exclude = exclude;
	f->n = 0;
	for (u32 k = 0; k < n; k++)
		if (add || k != at)
			f->source[f->n++] = old->source[k];
	if (add)
		f->source[f->n++] = *source;
	*out = f;
	return 0;
}

/* Of a membership that takes everything else. */
static int block(const struct inet_group_ops *ops, struct netif *nif, struct inet_member *g,
		 const struct ipaddr *source, bool add)
{
	struct inet_sources *f;
	int err;

	if (!g || (g->filter && !g->filter->exclude))
		return -EINVAL;
	err = sources_edit(ops, g->filter, true, source, add, &f);
	if (err)
		return err;
	err = member_change(ops, nif, g, f);
	if (err)
		kfree(f);
	return err;
}

/* A membership that takes all, without exception, becomes one that takes this source. */
static int source_join(struct inet_sock *i, const struct inet_group_ops *ops, struct netif *nif,
		       struct inet_member *g, const struct inet_member_request *r)
{
	struct inet_sources *f;
	int err;

	if (g && g->filter && g->filter->exclude)
		return -EINVAL;
	err = sources_edit(ops, g ? g->filter : NULL, false, &r->source, true, &f);
	if (err)
		return err;
	err = g ? member_change(ops, nif, g, f) : member_join(i, ops, nif, &r->group, f);
	if (err)
		kfree(f);
	return err;
}

static int source_leave(const struct inet_group_ops *ops, struct netif *nif,
			struct inet_member **at, const struct ipaddr *source)
{
	struct inet_sources *f;
	int err;

	if (!*at || !(*at)->filter || (*at)->filter->exclude)
		return -EINVAL;
	err = sources_edit(ops, (*at)->filter, false, source, false, &f);
	if (err)
		return err;
	if (!f) {
		member_leave(ops, at);
		return 0;
	}
	err = member_change(ops, nif, *at, f);
	if (err)
		kfree(f);
	return err;
}

int inet_member_do(struct inet_sock *i, const struct inet_group_ops *ops,
		   const struct inet_member_request *r, struct netif *nif)
{
	struct inet_member **at = member_at(i, &r->group, nif->index);

	if (r->op != INET_LEAVE && !ops->is_on(nif))
		return -ENODEV;
	switch (r->op) {
	case INET_JOIN:
		return *at ? -EADDRINUSE : member_join(i, ops, nif, &r->group, NULL);
	case INET_LEAVE:
		if (!*at)
			return -EADDRNOTAVAIL;
		member_leave(ops, at);
		return 0;
	case INET_JOIN_SOURCE:
		return source_join(i, ops, nif, *at, r);
	case INET_LEAVE_SOURCE:
		return source_leave(ops, nif, at, &r->source);
	default:
		return block(ops, nif, *at, &r->source, r->op == INET_BLOCK);
	}
}

int inet_member_set_sources(struct inet_sock *i, const struct inet_group_ops *ops,
			    const struct ipaddr *group, struct netif *nif,
			    struct inet_sources *filter)
{
	struct inet_member **at = nif ? member_at(i, group, nif->index) : NULL;
	int err = !nif ? -ENODEV : *at && ops->is_on(nif) ? 0 : -EINVAL;

	if (!err && filter && !filter->n) {
		if (!filter->exclude)
			member_leave(ops, at);
		else
			err = member_change(ops, nif, *at, NULL);
		kfree(filter);
		return err;
	}
	if (!err)
		err = member_change(ops, nif, *at, filter);
	if (err)
		kfree(filter);
	return err;
}

void inet_member_leave_all(struct inet_sock *i, const struct inet_group_ops *ops)
{
	struct inet_member **at = &i->memberships;

	while (*at)
		if (ipaddr_is4(&(*at)->group) != ops->six)
			member_leave(ops, at);
		else
			at = &(*at)->next;
}
