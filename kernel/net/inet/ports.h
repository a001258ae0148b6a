/*
 * Ports of a transport: who has which (bind(2)), and whose a received packet is.
 *
 * A table per transport has two hashes: of local ports, each with an entry (struct port_owner) that
 * lists the sockets that have it, and of flows, with the connected sockets. Buckets have a spinlock
 * each (RANK_NET_HASH) for changes; of two, the port's before the flow's. Lookups run under RCU
 * without locks, take a reference if they can and then compare again; as a socket may move from
 * one chain to another under a reader's feet, each bucket counts what was taken out of it, and who
 * found nothing looks again if that changed.
 *
 * Of a port's sockets two lists are kept: those that packets from anybody may be for (listeners,
 * datagram sockets that are not connected), which lookups go through, and those with a flow, which
 * only matter when somebody wants to have the port, too. So a listener is found at once however
 * many connections share its port.
 */
#pragma once

#include "net/inet/inet.h"

struct port_table;

enum port_list { PORT_NONE, PORT_OPEN, PORT_FLOW };

/*
 * A flow without a socket: what is left of a connection that only keeps its ends taken for a while
 * (TIME-WAIT). It stands in the tables beside the sockets: it is found by flow_wait_find() when
 * flow_find() knows none, and it counts when somebody wants its port or its ends.
 * I: constant.  b, f: its port's, its flow's bucket's lock; readers RCU.
 */
struct flow_wait {
	struct refcount refs;        /* the tables' one, and of who found it */
	u16 family;                  /* I: the socket's … */
	bool only_6;                 /* I */
	u8 sharing;                  /* I: SOCK_REUSEADDR | SOCK_REUSEPORT */
	u16 local_port, remote_port; /* I */
	u32 nif;                     /* I: that its packets come by; 0: any */
	struct ipaddr local, remote; /* I */
	struct port_owner *port;     /* b */
	struct hlist_node port_link; /* b */
	struct hlist_node flow_link; /* f */
	struct slab_cache *cache;    /* I: where it is from */
	struct rcu_head rcu;
};

/* At boot; NULL: no memory. `flow_buckets`: a power of two. Its sockets give up their routes by an
 * interface that goes. */
struct port_table *port_table_create(const char *name, unsigned flow_buckets);
/* Its numbers are no ports: any may be bound by anybody, addresses do not conflict (ping). */
void port_table_set_plain(struct port_table *t);
/*
 * Binds to a local address and port, 0: any free one of ip_local_port_range, at random (RFC 6056):
 * sets local and local_port. In use are those of the rules of SO_REUSEADDR, SO_REUSEPORT (same
 * user), IPv6 against IPv4, bound interfaces; `listening(other)`: whether another socket of the
 * port is in a state that SO_REUSEADDR does not share (TCP: LISTEN); NULL: none is. Of a socket
 * that has the port already it asks anew whether it may (listen(2)). 0, -EADDRINUSE, -EACCES (below
 * 1024 without CAP_NET_BIND_SERVICE), -ENOMEM. With sock.lock.
 */
int port_bind(struct port_table *t, struct inet_sock *i, const struct ipaddr *local, u16 port,
	      bool (*listening)(const struct sock *other));
/* The same for bind(2): with IP_BIND_ADDRESS_NO_PORT and port 0 the address alone is taken, and a
 * port found by connect(2) or the first message. */
static inline int inet_bind_port(struct port_table *t, struct inet_sock *i,
				 const struct ipaddr *local, u16 port,
				 bool (*listening)(const struct sock *other))
{
	if (port || !READ_ONCE(i->no_port))
		return port_bind(t, i, local, port, listening);
	i->local = *local;
	return 0;
}
/*
 * For connect(2) of a socket without port, whose local and remote addresses and remote port are
 * set: one for which (local, port, remote, remote_port) is free in the flow table; ports may be
 * shared by flows to different peers. Enters the flow, too. With sock.lock. 0, -EADDRNOTAVAIL,
 * -ENOMEM. `reusable`: see flow_enter().
 */
int port_bind_flow(struct port_table *t, struct inet_sock *i,
		   bool (*reusable)(struct sock *other));
/*
 * Enters the flow (local, local_port, remote, remote_port) of a socket that has a port; 0 or
 * -EADDRNOTAVAIL: it exists. `reusable` is asked whether an existing one may give way (datagram
 * sockets): if so it is taken out of the flow table, and a later port_release() of it does the
 * rest; called with bucket locks, must not take locks of sockets; NULL: never. With sock.lock.
 */
int flow_enter(struct port_table *t, struct inet_sock *i, bool (*reusable)(struct sock *other));
/* Takes it out; it keeps its port. With sock.lock. */
void flow_leave(struct port_table *t, struct inet_sock *i);
/* A child of a listener shares its port: sets child->local_port; its flow is to be entered next.
 * The parent need not be locked: false if it has given the port up. */
bool port_inherit(struct port_table *t, struct inet_sock *child, struct inet_sock *parent);
/* Whether a flow that waits gives way to a new one, for good; with bucket locks. Boot; else no flow
 * waits in this table. */
void port_table_set_waits(struct port_table *t, bool (*yields)(struct flow_wait *w));
/* `w`, of its cache and else all zero, gets the ends of a socket with a flow, and waits beside it:
 * the socket's flow is to be taken out next. One reference. With sock.lock. */
void flow_wait_begin(struct port_table *t, struct flow_wait *w, struct inet_sock *from);
/* Takes it out and drops the tables' reference. Once. */
void flow_wait_end(struct port_table *t, struct flow_wait *w);
/* The flow of a received packet that waits, with a reference, or NULL. Under RCU. */
struct flow_wait *flow_wait_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
				 const struct ipaddr *remote, u16 remote_port, u32 nif);
void flow_wait_put(struct flow_wait *w);
/* Gives the port (and the flow) back; one that has none is left as it is. With sock.lock. */
void port_release(struct port_table *t, struct inet_sock *i);

/* The connected socket of a received packet, with a reference, or NULL. Under RCU. */
struct inet_sock *flow_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif);
/* The best bound one that is not connected elsewhere (listener, or datagram socket): by local
 * address, interface, family; among SO_REUSEPORT ones by the flow's hash. `suits`: NULL: any. With
 * a reference. Under RCU. */
struct inet_sock *port_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif,
			    bool (*suits)(const struct sock *s));
/* Calls fn for every socket bound to the port (multicast, broadcast), with a reference each, no
 * lock held. Soft work or thread. */
void port_each(struct port_table *t, u16 local_port, void (*fn)(struct inet_sock *i, void *arg),
	       void *arg);
/* All sockets of the table for /proc/net, in a stable order: fn false stops; they are referenced
 * meanwhile, no lock held. Thread context. */
void port_walk(struct port_table *t, bool (*fn)(struct inet_sock *i, void *arg), void *arg);
/* The same from a place on ({ 0 }: the first), which is where it stopped afterwards: the socket for
 * which fn was false will be the next, unless its bucket changed meanwhile. */
struct port_place { u32 bucket, skip; };
void port_walk_from(struct port_table *t, struct port_place *at,
		    bool (*fn)(struct inet_sock *i, void *arg), void *arg);
/* The same for flows that wait. */
void flow_wait_walk(struct port_table *t, struct port_place *at,
		    bool (*fn)(struct flow_wait *w, void *arg), void *arg);
/* ip_local_port_range of /proc/sys/net/ipv4; set: 0 or -EINVAL. */
void port_range(u16 *low, u16 *high);
int port_set_range(u16 low, u16 high);
/* The table's flows of now, and ports in use: torn reads. */
u32 port_table_flows(const struct port_table *t);
/* Sockets of all tables forget their routes by an interface. Thread context. */
void port_tables_forget(struct netif *nif);
