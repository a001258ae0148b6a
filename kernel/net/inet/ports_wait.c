/*
 * Flows without a socket in a table of ports (struct flow_wait): they stand in the same buckets as
 * the sockets, on lists of their own, so that packets of live connections never pass them.
 */
#include "net/inet/ports.h"

#include "mm/slab.h"
#include "net/inet/ports_int.h"

void port_table_set_waits(struct port_table *t, bool (*yields)(struct flow_wait *w))
{
	t->yields = yields;
}

static struct flow_bucket *bucket_of(struct port_table *t, const struct flow_wait *w)
{
	return flow_bucket(t, &w->local, w->local_port, &w->remote, w->remote_port);
}

void flow_wait_begin(struct port_table *t, struct flow_wait *w, struct inet_sock *from)
{
	struct port_bucket *b = port_bucket(t, from->local_port);
	struct flow_bucket *f;

	ref_set(&w->refs, 1);
	w->family = from->sock.family;
	w->only_6 = from->only_6;
	w->sharing = (u8)(READ_ONCE(from->sock.flags) & (SOCK_REUSEADDR | SOCK_REUSEPORT));
	w->local = from->local;
	w->remote = from->remote;
	w->local_port = from->local_port;
	w->remote_port = from->remote_port;
	w->nif = interface_of(from);
	f = bucket_of(t, w);
	spin_lock(&b->lock);
	w->port = from->port;
	hlist_add_head(&w->port_link, &w->port->waiting);
	spin_lock(&f->lock);
	hlist_add_head_rcu(&w->flow_link, &f->waiting);
	spin_unlock(&f->lock);
	spin_unlock(&b->lock);
	__atomic_add_fetch(&t->waiting, 1, __ATOMIC_RELAXED);
}

void flow_wait_end(struct port_table *t, struct flow_wait *w)
{
	struct port_bucket *b = port_bucket(t, w->local_port);
	struct flow_bucket *f = bucket_of(t, w);

	spin_lock(&b->lock);
	spin_lock(&f->lock);
	hlist_del_rcu(&w->flow_link);
	spin_unlock(&f->lock);
	hlist_del(&w->port_link);
	port_owner_put(b, w->port);
	spin_unlock(&b->lock);
	__atomic_sub_fetch(&t->waiting, 1, __ATOMIC_RELAXED);
	flow_wait_put(w);
}

static void wait_free(struct rcu_head *head)
{
	struct flow_wait *w = container_of(head, struct flow_wait, rcu);

	slab_free(w->cache, w);
}

void flow_wait_put(struct flow_wait *w)
{
	if (ref_put(&w->refs))
		rcu_call(&w->rcu, wait_free);
}

struct flow_wait *flow_wait_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
				 const struct ipaddr *remote, u16 remote_port, u32 nif)
{
	struct flow_bucket *b;
	struct flow_wait *w;

	if (!READ_ONCE(t->waiting))
		return NULL;
	b = flow_bucket(t, local, local_port, remote, remote_port);
	hlist_for_each_entry_rcu(w, &b->waiting, flow_link)
		if (w->local_port == local_port && w->remote_port == remote_port &&
		    ipaddr_equal(&w->local, local) && ipaddr_equal(&w->remote, remote) &&
		    (!w->nif || w->nif == nif) && ref_try_get(&w->refs))
			return w;
	return NULL;
}

/* As between two sockets (ports.c), but whose it was does not matter. */
bool flow_wait_conflicts(const struct port_owner *o, const struct inet_sock *i,
			 const struct ipaddr *local)
{
	u32 nif = interface_of(i);
	struct flow_wait *w;

	hlist_for_each_entry(w, &o->waiting, port_link)
		if (!(w->sharing & READ_ONCE(i->sock.flags)) &&
		    (!nif || !w->nif || nif == w->nif) &&
		    port_addresses_meet(local, i->only_6, &w->local, w->only_6))
			return true;
	return false;
}

bool flow_wait_yield(struct port_table *t, struct flow_bucket *b, const struct inet_sock *i)
{
	struct hlist_node *next;
	struct flow_wait *w;

	hlist_for_each_entry_safe(w, next, &b->waiting, flow_link) {
		if (w->local_port != i->local_port || w->remote_port != i->remote_port ||
		    !ipaddr_equal(&w->local, &i->local) ||
		    !ipaddr_equal(&w->remote, &i->remote) || w->nif != interface_of(i))
			continue;
		if (!t->yields(w))
			return false;
		hlist_del_rcu(&w->flow_link);
	}
	return true;
}

/* The n-th of a bucket, with a reference. */
static struct flow_wait *nth_of(struct flow_bucket *b, u32 n)
{
	struct flow_wait *w, *found = NULL;

	spin_lock(&b->lock);
	hlist_for_each_entry(w, &b->waiting, flow_link) {
		if (n--)
			continue;
		found = w;
		ref_get(&w->refs);
		break;
	}
	spin_unlock(&b->lock);
	return found;
}

void flow_wait_walk(struct port_table *t, struct port_place *at,
		    bool (*fn)(struct flow_wait *w, void *arg), void *arg)
{
	struct flow_wait *w;
	bool go_on = true;

	if (!READ_ONCE(t->waiting))
		return;
	for (; at->bucket < t->n_flows; at->bucket++, at->skip = 0) {
		struct flow_bucket *b = &t->flows[at->bucket];

		if (likely(hlist_empty(&b->waiting)))
			continue;
		while ((w = nth_of(b, at->skip))) {
			go_on = fn(w, arg);
			at->skip += go_on;
			flow_wait_put(w);
			if (!go_on)
				return;
		}
	}
}
