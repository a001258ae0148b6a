/*
 * Lookups in a table of ports, under RCU without locks, and walks over all of it.
 */
#include "net/inet/ports.h"

#include "mm/slab.h"
#include "net/inet/ports_int.h"

static bool right_interface(const struct inet_sock *i, u32 nif)
{
	u32 bound = interface_of(i);

	return likely(!bound) || bound == nif;
}

struct inet_sock *flow_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif)
{
	struct flow_bucket *b;
	struct inet_sock *i;
	u32 taken_out;

	if (!READ_ONCE(t->flowing))
		return NULL;
	b = flow_bucket(t, local, local_port, remote, remote_port);
again:
	taken_out = load_acquire(&b->taken_out);
	hlist_for_each_entry_rcu(i, &b->chain, flow_link) {
		if (!flow_is(i, local, local_port, remote, remote_port) ||
		    !right_interface(i, nif))
			continue;
		if (!sock_try_get(&i->sock))
			continue;
		if (likely(flow_is(i, local, local_port, remote, remote_port)))
			return i;
		sock_put(&i->sock);
		goto again;
	}
	if (unlikely(load_acquire(&b->taken_out) != taken_out))
		goto again;
	return NULL;
}

/* How well a socket suits a packet: -1 not at all; a given address weighs most. */
static int score(const struct inet_sock *i, const struct ipaddr *local, u16 port, u32 nif)
{
	int points = 0;

	if (i->local_port != port || !right_interface(i, nif))
		return -1;
	if (ipaddr_equal(&i->local, local))
		points = 4;
	else if (!ipaddr_any(&i->local))
		return -1;
	else if (ipaddr_is4(&i->local) != ipaddr_is4(local) &&
		 (ipaddr_is4(&i->local) || i->only_6))
		return -1;
	if (interface_of(i))
		points += 2;
	return points + (i->sock.family == AF_INET && ipaddr_is4(local));
}

/* Among equals with SO_REUSEPORT each peer has its own: the n-th replaces the one so far with a
 * chance of 1/n, decided by the flow's hash. */
static bool spread(u32 *hash, unsigned n)
{
	bool takes = ((u64)*hash * n) >> 32 == 0;

	*hash = *hash * 1664525u + 1013904223u;
	return takes;
}

static struct inet_sock *owner_best(struct port_owner *o, const struct ipaddr *local, u16 port,
				    u32 nif, u32 hash, bool (*suits)(const struct sock *s))
{
	struct inet_sock *i, *best = NULL;
	int best_points = -1;
	unsigned equals = 0;

	hlist_for_each_entry_rcu(i, &o->open, port_link) {
		int points = score(i, local, port, nif);

		if (points < best_points || points < 0 || (suits && !suits(&i->sock)))
			continue;
		if (points > best_points) {
			best_points = points;
			best = i;
			equals = 1;
		} else if (READ_ONCE(i->sock.flags) & SOCK_REUSEPORT && spread(&hash, ++equals)) {
			best = i;
		}
	}
	return best;
}

struct inet_sock *port_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif,
			    bool (*suits)(const struct sock *s))
{
	struct port_bucket *b = port_bucket(t, local_port);
	u32 hash = (u32)(flow_hash(t, local, local_port, remote, remote_port) >> 32);
	struct port_owner *o;
	struct inet_sock *i;
	u32 taken_out;

again:
	taken_out = load_acquire(&b->taken_out);
	hlist_for_each_entry_rcu(o, &b->chain, link) {
		if (o->port != local_port)
			continue;
		i = owner_best(o, local, local_port, nif, hash, suits);
		if (!i)
			break;
		if (!sock_try_get(&i->sock))
			goto again;
		if (likely(score(i, local, local_port, nif) >= 0))
			return i;
		sock_put(&i->sock);
		goto again;
	}
	if (unlikely(load_acquire(&b->taken_out) != taken_out))
		goto again;
	return NULL;
}

/* References to sockets of a bucket: all, or those of one port. */
struct collected { struct inet_sock **sock; unsigned n, room; };

static void collect(struct collected *c, struct hlist_head *list)
{
	struct inet_sock *i;

	hlist_for_each_entry(i, list, port_link) {
		if (c->n == c->room) {
			c->n++; /* counts on, for the next attempt */
			continue;
		}
		if (c->n > c->room) {
			c->n++;
			continue;
		}
		if (sock_try_get(&i->sock))
			c->sock[c->n++] = i;
	}
}

static void collect_bucket(struct collected *c, struct port_bucket *b, int port)
{
	struct port_owner *o;

	spin_lock(&b->lock);
	hlist_for_each_entry(o, &b->chain, link) {
		if (port >= 0 && o->port != port)
			continue;
		collect(c, &o->open);
		collect(c, &o->flowing);
	}
	spin_unlock(&b->lock);
}

static void collected_drop(struct collected *c)
{
	for (unsigned k = 0; k < min(c->n, c->room); k++)
		sock_put(&c->sock[k]->sock);
	c->n = 0;
}

enum { COLLECT = 16 };

/* All sockets of a bucket with a reference each; what there is no memory for is left out. Who had
 * more than `few` holds gives them back with kfree(). */
static void collect_all(struct collected *c, struct inet_sock **few, struct port_bucket *b,
			int port)
{
	*c = (struct collected){ .sock = few, .room = COLLECT };
	collect_bucket(c, b, port);
	while (c->n > c->room) {
		unsigned want = c->n + 16;
		struct inet_sock **more = kmalloc_array(want, sizeof(*more), MM_ATOMIC);

		if (!more) {
			c->n = c->room;
			return;
		}
		collected_drop(c);
		if (c->sock != few)
			kfree(c->sock);
		*c = (struct collected){ .sock = more, .room = want };
		collect_bucket(c, b, port);
	}
}

void port_each(struct port_table *t, u16 local_port, void (*fn)(struct inet_sock *i, void *arg),
	       void *arg)
{
	struct inet_sock *few[COLLECT];
	struct collected c;

	collect_all(&c, few, port_bucket(t, local_port), local_port);
	for (unsigned k = 0; k < c.n; k++)
		fn(c.sock[k], arg);
	collected_drop(&c);
	if (c.sock != few)
		kfree(c.sock);
}

void port_walk_from(struct port_table *t, struct port_place *at,
		    bool (*fn)(struct inet_sock *i, void *arg), void *arg)
{
	struct inet_sock *few[COLLECT];
	bool go_on = true;

	for (; at->bucket < PORT_BUCKETS; at->bucket++, at->skip = 0) {
		struct port_bucket *b = &t->ports[at->bucket];
		struct collected c;

		if (hlist_empty(&b->chain))
			continue;
		collect_all(&c, few, b, -1);
		while (go_on && at->skip < c.n) {
			go_on = fn(c.sock[at->skip], arg);
			at->skip += go_on;
		}
		collected_drop(&c);
		if (c.sock != few)
			kfree(c.sock);
		if (!go_on)
			return;
	}
}

void port_walk(struct port_table *t, bool (*fn)(struct inet_sock *i, void *arg), void *arg)
{
	struct port_place at = { 0 };

	port_walk_from(t, &at, fn, arg);
}
