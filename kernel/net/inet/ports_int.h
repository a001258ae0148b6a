/*
 * The inside of a table of ports: ports.c changes it, ports_find.c looks things up.
 */
#pragma once

#include "lib/hash.h"
#include "net/inet/ports.h"

enum { PORT_BUCKETS = 1024 };

/* b: its bucket's lock; readers RCU.  I: constant. */
struct port_owner {
	struct hlist_node link;    /* b */
	struct hlist_head open;    /* b: sockets that anybody's packets may be for */
	struct hlist_head flowing; /* b: sockets with a flow */
	struct hlist_head waiting; /* b: flows without a socket */
	u16 port;                  /* I */
	bool by_connect;           /* b: all of them have it by connect(2) alone: flows to other
				    * peers may share it */
	struct rcu_head rcu;
};

/* `taken_out` counts what left the bucket (lock to change): see ports.h. */
struct port_bucket { struct spinlock lock; u32 taken_out; struct hlist_head chain; };
struct flow_bucket { struct spinlock lock; u32 taken_out; struct hlist_head chain, waiting; };

struct port_table {
	const char *name;          /* I */
	bool plain;                /* I after boot */
	u32 n_flows;               /* I */
	u32 flowing, waiting;      /* a: flows in the table, with and without a socket */
	bool (*yields)(struct flow_wait *w); /* I after boot */
	u64 seed;                  /* I: of its hashes, so that peers cannot choose buckets */
	struct flow_bucket *flows; /* I */
	struct port_table *next;   /* I after boot */
	struct port_bucket ports[PORT_BUCKETS];
};

static inline struct port_bucket *port_bucket(struct port_table *t, u16 port)
{
	return &t->ports[port % PORT_BUCKETS];
}

static inline u64 flow_hash(const struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port)
{
	u64 h = hash_mix(t->seed ^ local->d[1], remote->d[1]);

	if (unlikely(local->d[0] | remote->d[0]))
		h = hash_mix(h ^ local->d[0], remote->d[0]);
	return hash_mix(h, (u64)local_port << 16 | remote_port);
}

static inline struct flow_bucket *flow_bucket(struct port_table *t, const struct ipaddr *local,
					      u16 local_port, const struct ipaddr *remote,
					      u16 remote_port)
{
	u64 h = flow_hash(t, local, local_port, remote, remote_port);

	return &t->flows[h & (t->n_flows - 1)];
}

/* The interface that a socket's packets come by: of SO_BINDTODEVICE, or of a link-local address;
 * 0: any. */
static inline u32 interface_of(const struct inet_sock *i)
{
	u32 bound = READ_ONCE(i->sock.bound_if);

	return bound ? bound : READ_ONCE(i->scope);
}

static inline bool flow_is(const struct inet_sock *i, const struct ipaddr *local, u16 local_port,
			   const struct ipaddr *remote, u16 remote_port)
{
	return i->local_port == local_port && i->remote_port == remote_port &&
	       ipaddr_equal(&i->local, local) && ipaddr_equal(&i->remote, remote);
}

/* Gives an entry up if nobody has the port any more. With the bucket's lock. */
void port_owner_put(struct port_bucket *b, struct port_owner *o);
/* Whether packets could be for both an address and another, by family (RFC 3493, 5.3); only_6: of
 * the socket of each. */
bool port_addresses_meet(const struct ipaddr *a, bool a_only_6, const struct ipaddr *b,
			 bool b_only_6);
/* ports_wait.c: whether a flow that waits keeps a socket from having the port at an address. With
 * the port's bucket locked. */
bool flow_wait_conflicts(const struct port_owner *o, const struct inet_sock *i,
			 const struct ipaddr *local);
/* Whether the ends of a socket are free of flows that wait: those that give way are taken out. With
 * the flow's bucket locked. */
bool flow_wait_yield(struct port_table *t, struct flow_bucket *b, const struct inet_sock *i);
