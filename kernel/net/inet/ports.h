/*
 * Ports of a transport: who has which (bind(2)), and whose a received packet is.
 *
 * A table per transport has two hashes: of local ports, with all sockets bound to each, and of
 * flows, with the connected sockets. Buckets have a spinlock each (RANK_NET_HASH) for changes;
 * lookups run under RCU, take a reference if they can and then compare again.
 */
#pragma once

#include "net/inet/inet.h"

struct port_table;

/* At boot; NULL: no memory. */
struct port_table *port_table_create(const char *name, unsigned flow_buckets);
/*
 * Binds to a local address and port, 0: any free one of ip_local_port_range, at random (RFC 6056):
 * sets local and local_port. `address_in_use` rules: SO_REUSEADDR, SO_REUSEPORT (same user), IPv6
 * against IPv4, bound interfaces; `listening(other)`: whether another socket of the port is in a
 * state that SO_REUSEADDR does not share (TCP: LISTEN); NULL: none is. 0, -EADDRINUSE, -EACCES
 * (below
 * 1024 without CAP_NET_BIND_SERVICE), -ENOMEM. With sock.lock.
 */
int port_bind(struct port_table *t, struct inet_sock *i, const struct ipaddr *local, u16 port,
	      bool (*listening)(const struct sock *other));
/* For connect(2) of a socket without port: one for which (local, port, remote, remote_port) is free
 * in the flow table. Enters the flow, too. With sock.lock. 0, -EADDRNOTAVAIL, -ENOMEM. */
int port_bind_flow(struct port_table *t, struct inet_sock *i,
		   bool (*reusable)(struct sock *other));
/* Enters the flow (local, local_port, remote, remote_port) of a socket that has a port; 0 or
 * -EADDRNOTAVAIL: it exists (`reusable` may give up an old one: TIME-WAIT). With sock.lock. */
int flow_enter(struct port_table *t, struct inet_sock *i, bool (*reusable)(struct sock *other));
void flow_leave(struct port_table *t, struct inet_sock *i);
/* A child of a listener shares its port. */
void port_inherit(struct port_table *t, struct inet_sock *child, struct inet_sock *parent);
/* Gives the port (and the flow) back. With sock.lock. */
void port_release(struct port_table *t, struct inet_sock *i);

/* The connected socket of a received packet, with a reference, or NULL. Under RCU. */
struct inet_sock *flow_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif);
/* The best bound one that is not connected elsewhere (listener, or datagram socket): by local
 * address, interface, family; among SO_REUSEPORT ones by the flow's hash. With a reference. */
struct inet_sock *port_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 nif,
			    bool (*suits)(const struct sock *s));
/* Calls fn for every socket bound to the port (multicast, broadcast), with a reference each. */
void port_each(struct port_table *t, u16 local_port, void (*fn)(struct inet_sock *i, void *arg),
	       void *arg);
/* All sockets of the table for /proc/net, in a stable order: fn false stops. Thread context. */
void port_walk(struct port_table *t, bool (*fn)(struct inet_sock *i, void *arg), void *arg);
/* ip_local_port_range of /proc/sys/net/ipv4. */
void port_range(u16 *low, u16 *high);
int port_set_range(u16 low, u16 high);
