/*
 * Where packets go: the routing tables' answers, for IPv4 and IPv6 alike.
 *
 * A route is what a lookup made for one destination: the interface, the next hop with its
 * neighbour,
 * the source address that suits, the path's MTU. It is referenced, cached by sockets, and void when
 * the tables change: route_valid() compares generations.
 */
#pragma once

#include "core/refcount.h"
#include "dev/netif.h"
#include "net/inet/addr.h"
#include "sched/rcu.h"

/* What a packet is routed by. */
struct flow {
	struct ipaddr to, from;  /* from: any: the route chooses */
	u32 nif;                 /* index it must leave by; 0: any */
	u32 mark;
	u8 protocol;             /* IPPROTO_* */
	u8 tos;
	bool dont_route;         /* only directly reachable ones: SO_DONTROUTE */
	bool multicast_nif;      /* nif is only a wish of a multicast socket */
	be16 from_port, to_port;
};

enum route_kind { ROUTE_UNICAST, ROUTE_LOCAL, ROUTE_BROADCAST, ROUTE_MULTICAST };

/* I: constant.  a: atomic. */
struct route {
	struct refcount refs;
	struct ipaddr to, from;  /* I: the destination looked up; source address to use */
	struct ipaddr hop;       /* I: next hop: the destination itself if it is on the link */
	struct netif *nif;       /* I, referenced: leaves by; loopback for local ones */
	struct neighbour *neighbour; /* I, referenced, or NULL: none needed */
	u8 kind;                 /* I: enum route_kind */
	u32 mtu;                 /* a: of the path, bytes of IP packet */
	u64 mtu_until;           /* a: CLOCK_MONOTONIC; 0: mtu is the interface's or a metric */
	u32 generation;          /* I: of the tables */
	u32 window_metric, advmss_metric, hop_limit; /* I: metrics, 0: default */
	struct rcu_head rcu;
};

/* 0 and *out, with a reference; -ENETUNREACH, -EHOSTUNREACH, -EACCES (prohibited), -EINVAL (the
 * source is not ours), -ENODEV, -ENOMEM. Thread context or soft work, spinlocks may be held. */
int route_output(const struct flow *f, struct route **out);
void route_put(struct route *r);
static inline struct route *route_get(struct route *r) { ref_get(&r->refs); return r; }
/* Whether the tables are still those it was made from. */
bool route_valid(const struct route *r);
/* A router said that packets of a path must not be longer than `mtu` (RFC 1191, RFC 8201):
 * remembered for 10 minutes. */
void route_set_mtu(const struct ipaddr *to, u32 mtu);
static inline u32 route_mtu(const struct route *r) { return READ_ONCE(r->mtu); }
