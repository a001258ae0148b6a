/*
 * The tables of ports: making them, entering and leaving, who may have what.
 */
#include "net/inet/ports.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "core/panic.h"
#include "core/random.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include "net/inet/ports_int.h"
#include "net/ip4/ip4.h"

static struct slab_cache *owners;       /* of struct port_owner */
static struct port_table *tables;       /* I after boot */
static u32 range = 60999u << 16 | 32768; /* a: ip_local_port_range, high and low */

void port_range(u16 *low, u16 *high)
{
	u32 v = READ_ONCE(range);

	*low = (u16)v;
	*high = (u16)(v >> 16);
}

/* The same for one socket, which may want a part of it (IP_LOCAL_PORT_RANGE). */
static void socket_range(const struct inet_sock *i, u16 *low, u16 *high)
{
	u32 own = READ_ONCE(i->port_range);
	u16 from = (u16)own, to = (u16)(own >> 16);

	port_range(low, high);
	if (likely(!own))
		return;
	if (from >= *low && from <= *high)
		*low = from;
	if (to >= *low && to <= *high)
		*high = to;
}

int port_set_range(u16 low, u16 high)
{
	if (!low || low > high)
		return -EINVAL;
	WRITE_ONCE(range, (u32)high << 16 | low);
	return 0;
}

struct port_table *port_table_create(const char *name, unsigned flow_buckets)
{
	struct port_table *t = kzalloc(sizeof(*t), MM_KERNEL);

	if (!owners)
		owners = slab_cache_create("port_owner", sizeof(struct port_owner), 0);
	if (!t || !owners)
		goto fail;
	t->name = name;
	t->n_flows = flow_buckets;
	t->flows = kmalloc_array(flow_buckets, sizeof(t->flows[0]), MM_KERNEL | MM_ZERO);
	if (!t->flows)
		goto fail;
	for (unsigned i = 0; i < flow_buckets; i++)
		spin_init(&t->flows[i].lock, RANK_NET_HASH, "flows");
	for (unsigned i = 0; i < PORT_BUCKETS; i++)
		spin_init(&t->ports[i].lock, RANK_NET_HASH, "ports");
	t->seed = random_u64();
	t->next = tables;
	tables = t;
	return t;
fail:
	kfree(t);
	return NULL;
}

void port_table_set_plain(struct port_table *t)
{
	t->plain = true;
}

u32 port_table_flows(const struct port_table *t)
{
	return READ_ONCE(t->flowing);
}

/* The entry of a port, or NULL. With the bucket's lock. */
static struct port_owner *owner_find(struct port_bucket *b, u16 port)
{
	struct port_owner *o;

	hlist_for_each_entry(o, &b->chain, link)
		if (o->port == port)
			return o;
	return NULL;
}

static struct port_owner *owner_make(struct port_bucket *b, u16 port, bool by_connect)
{
	struct port_owner *o = slab_alloc(owners, MM_ATOMIC | MM_ZERO);

	if (!o)
		return NULL;
	o->port = port;
	o->by_connect = by_connect;
	hlist_add_head_rcu(&o->link, &b->chain);
	return o;
}

static void owner_free(struct rcu_head *head)
{
	slab_free(owners, container_of(head, struct port_owner, rcu));
}

void port_owner_put(struct port_bucket *b, struct port_owner *o)
{
	if (!hlist_empty(&o->open) || !hlist_empty(&o->flowing) || !hlist_empty(&o->waiting))
		return;
	hlist_del_rcu(&o->link);
	b->taken_out++;
	rcu_call(&o->rcu, owner_free);
}

/* With the bucket's lock. */
static void owner_add(struct port_owner *o, struct inet_sock *i, enum port_list list)
{
	i->port = o;
	i->in_list = (u8)list;
	hlist_add_head_rcu(&i->port_link, list == PORT_OPEN ? &o->open : &o->flowing);
}

/* With the bucket's lock. */
static void owner_remove(struct port_bucket *b, struct inet_sock *i)
{
	hlist_del_rcu(&i->port_link);
	store_release(&b->taken_out, b->taken_out + 1);
	i->in_list = PORT_NONE;
}

/* Moves a socket between the lists of its port. No bucket lock held. */
static void owner_move(struct port_table *t, struct inet_sock *i, enum port_list list)
{
	struct port_bucket *b = port_bucket(t, i->local_port);

	if (!i->port)
		return;
	spin_lock(&b->lock);
	owner_remove(b, i);
	owner_add(i->port, i, list);
	spin_unlock(&b->lock);
}

bool port_addresses_meet(const struct ipaddr *a, bool a_only_6, const struct ipaddr *b,
			 bool b_only_6)
{
	bool four = ipaddr_is4(a), any = ipaddr_any(a), b_any = ipaddr_any(b);

	if (four != ipaddr_is4(b))
		return four ? b_any && !b_only_6 : any && !a_only_6;
	return any || b_any || ipaddr_equal(a, b);
}

/* Whether `other` keeps the socket from having its port at an address. With the bucket's lock. */
static bool conflicts(struct inet_sock *i, const struct ipaddr *local, struct inet_sock *other,
		      bool (*listening)(const struct sock *other))
{
	u32 nif = interface_of(i), other_nif = interface_of(other);
	u32 both = READ_ONCE(i->sock.flags) & READ_ONCE(other->sock.flags);

	if (other == i || (nif && other_nif && nif != other_nif) ||
	    !port_addresses_meet(local, i->only_6, &other->local, other->only_6))
		return false;
	if (both & SOCK_REUSEPORT && i->sock.uid == other->sock.uid)
		return false;
	return !(both & SOCK_REUSEADDR) || (listening && listening(&other->sock));
}

static bool owner_conflicts(struct port_owner *o, struct inet_sock *i, const struct ipaddr *local,
			    bool (*listening)(const struct sock *other))
{
	struct inet_sock *other;

	hlist_for_each_entry(other, &o->open, port_link)
		if (conflicts(i, local, other, listening))
			return true;
	hlist_for_each_entry(other, &o->flowing, port_link)
		if (conflicts(i, local, other, listening))
			return true;
	return flow_wait_conflicts(o, i, local);
}

/* Takes one port if it is free, or (share) if the rules allow. */
static int port_take(struct port_table *t, struct inet_sock *i, const struct ipaddr *local,
		     u16 port, bool share, bool (*listening)(const struct sock *other))
{
	struct port_bucket *b = port_bucket(t, port);
	struct port_owner *o;
	int err = 0;

	spin_lock(&b->lock);
	o = owner_find(b, port);
	if (o && (!share || t->plain || owner_conflicts(o, i, local, listening)))
		err = -EADDRINUSE;
	if (!err && !o) {
		o = owner_make(b, port, false);
		err = o ? 0 : -ENOMEM;
	}
	if (!err) {
		o->by_connect = false;
		i->local = *local;
		i->local_port = port;
		if (!i->port)
			owner_add(o, i, PORT_OPEN);
	}
	spin_unlock(&b->lock);
	return err;
}

/* A port of the range by RFC 6056, 3.3.1: a random one, or the first that will do behind it. */
static int port_take_any(struct port_table *t, struct inet_sock *i, const struct ipaddr *local,
			 bool (*listening)(const struct sock *other))
{
	u16 low = 1, high = 0xffff;
	u32 n, start;
	int err;

	if (!t->plain)
		socket_range(i, &low, &high);
	n = (u32)(high - low) + 1;
	start = (u32)random_below(n);
	for (unsigned share = 0; share < 2; share++) {
		for (u32 k = 0; k < n; k++) {
			err = port_take(t, i, local, (u16)(low + (start + k) % n), share,
					listening);
			if (err != -ABI_EADDRINUSE)
				return err;
		}
	}
	return -EADDRINUSE;
}

int port_bind(struct port_table *t, struct inet_sock *i, const struct ipaddr *local, u16 port,
	      bool (*listening)(const struct sock *other))
{
	if (!port)
		return port_take_any(t, i, local, listening);
	if (port < READ_ONCE(ip4_settings.unprivileged_port_start) && !t->plain &&
	    i->local_port != port && !sock_capable(CAP_NET_BIND_SERVICE))
		return -EACCES;
	return port_take(t, i, local, port, true, listening);
}

/* Enters the flow with the bucket locked: whether it was free. */
static bool flow_add(struct port_table *t, struct flow_bucket *b, struct inet_sock *i,
		     bool (*reusable)(struct sock *other))
{
	struct inet_sock *other;
	struct hlist_node *next;

	hlist_for_each_entry_safe(other, next, &b->chain, flow_link) {
		if (other == i || !flow_is(other, &i->local, i->local_port, &i->remote,
					   i->remote_port) ||
		    interface_of(other) != interface_of(i))
			continue;
		if (!reusable || !reusable(&other->sock))
			return false;
		hlist_del_rcu(&other->flow_link);
		b->taken_out++;
		__atomic_sub_fetch(&t->flowing, 1, __ATOMIC_RELAXED);
	}
	if (unlikely(!hlist_empty(&b->waiting)) && !flow_wait_yield(t, b, i))
		return false;
	hlist_add_head_rcu(&i->flow_link, &b->chain);
	__atomic_add_fetch(&t->flowing, 1, __ATOMIC_RELAXED);
	return true;
}

int flow_enter(struct port_table *t, struct inet_sock *i, bool (*reusable)(struct sock *other))
{
	struct flow_bucket *b = flow_bucket(t, &i->local, i->local_port, &i->remote,
					    i->remote_port);
	bool added;

	flow_leave(t, i);
	spin_lock(&b->lock);
	added = flow_add(t, b, i, reusable);
	spin_unlock(&b->lock);
	if (!added)
		return -EADDRNOTAVAIL;
	if (i->in_list != PORT_FLOW)
		owner_move(t, i, PORT_FLOW);
	return 0;
}

/* Readers that stood on it may have strayed: they see the count. */
static void flow_remove(struct port_table *t, struct inet_sock *i)
{
	struct flow_bucket *b = flow_bucket(t, &i->local, i->local_port, &i->remote,
					    i->remote_port);

	spin_lock(&b->lock);
	if (!hlist_unhashed(&i->flow_link)) {
		hlist_del_rcu(&i->flow_link);
		store_release(&b->taken_out, b->taken_out + 1);
		__atomic_sub_fetch(&t->flowing, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&b->lock);
}

void flow_leave(struct port_table *t, struct inet_sock *i)
{
	if (!hlist_unhashed(&i->flow_link))
		flow_remove(t, i);
	if (i->in_list == PORT_FLOW)
		owner_move(t, i, PORT_OPEN);
}

/* Tries one port for a flow: 0, -EADDRINUSE: not this one. */
static int port_try_flow(struct port_table *t, struct inet_sock *i, u16 port,
			 bool (*reusable)(struct sock *other))
{
	struct port_bucket *b = port_bucket(t, port);
	struct flow_bucket *f;
	struct port_owner *o;
	int err = -EADDRINUSE;

	spin_lock(&b->lock);
	o = owner_find(b, port);
	if (o && !o->by_connect)
		goto out;
	if (!o) {
		o = owner_make(b, port, true);
		if (!o) {
			err = -ENOMEM;
			goto out;
		}
	}
	i->local_port = port;
	f = flow_bucket(t, &i->local, port, &i->remote, i->remote_port);
	spin_lock(&f->lock);
	if (flow_add(t, f, i, reusable)) {
		err = 0;
		owner_add(o, i, PORT_FLOW);
	}
	spin_unlock(&f->lock);
	if (err) {
		i->local_port = 0;
		port_owner_put(b, o);
	}
out:
	spin_unlock(&b->lock);
	return err;
}

int port_bind_flow(struct port_table *t, struct inet_sock *i,
		   bool (*reusable)(struct sock *other))
{
	u16 low, high;
	u32 n, start;
	int err;

	socket_range(i, &low, &high);
	n = (u32)(high - low) + 1;
	start = (u32)random_below(n);
	for (u32 k = 0; k < n; k++) {
		err = port_try_flow(t, i, (u16)(low + (start + k) % n), reusable);
		if (err != -ABI_EADDRINUSE)
			return err;
	}
	return -EADDRNOTAVAIL;
}

bool port_inherit(struct port_table *t, struct inet_sock *child, struct inet_sock *parent)
{
	u16 port = READ_ONCE(parent->local_port);
	struct port_bucket *b = port_bucket(t, port);
	bool has;

	if (!port)
		return false;
	spin_lock(&b->lock);
	has = parent->port && parent->port->port == port;
	if (has) {
		child->local_port = port;
		owner_add(parent->port, child, PORT_FLOW);
	}
	spin_unlock(&b->lock);
	return has;
}

void port_release(struct port_table *t, struct inet_sock *i)
{
	struct port_bucket *b;

	if (!hlist_unhashed(&i->flow_link))
		flow_remove(t, i);
	if (!i->port)
		return;
	b = port_bucket(t, i->local_port);
	spin_lock(&b->lock);
	owner_remove(b, i);
	port_owner_put(b, i->port);
	i->port = NULL;
	spin_unlock(&b->lock);
	i->local_port = 0;
}

void port_tables_forget(struct netif *nif)
{
	for (struct port_table *t = tables; t; t = t->next)
		port_walk(t, inet_sock_forget, nif);
}
