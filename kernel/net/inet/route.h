/*
 * Where packets go: the routing tables' answers, for IPv4 and IPv6 alike.
 *
 * A route is what a lookup made for one destination: the interface, the next hop with its
 * neighbour, the source address that suits, the path's MTU. It is referenced, cached by sockets
 * and, for those who do not keep one, in a small table of recent answers; it is void when the
 * tables change: route_valid() compares generations. What the tables themselves look like is the
 * version's affair (struct ip_version of net/inet/inet.h).
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
	bool any_source;         /* `from` need not be an address of this machine */
	u8 prefer;               /* IPv6: what the source shall be like: IP6_PREFER_* */
	be16 from_port, to_port;
};

/* All that the answer depends on beside addresses and nif. */
static inline u8 flow_flags(const struct flow *f)
{
	return (u8)(f->dont_route | f->multicast_nif << 1 | f->any_source << 2 | f->prefer << 3);
}

/* ANYCAST: of a received packet: an address that this machine shares with others. */
enum route_kind { ROUTE_UNICAST, ROUTE_LOCAL, ROUTE_ANYCAST, ROUTE_BROADCAST, ROUTE_MULTICAST };
/* Whether many get what is sent there. */
static inline bool route_is_spread(u8 kind) { return kind >= ROUTE_BROADCAST; }


/* What routes of tables may say of packets; 0: nothing. */
struct route_metrics { u32 mtu, window, advmss, hop_limit; };

/* I: constant.  a: atomic. */
struct route {
	struct refcount refs;
	struct ipaddr to, from;  /* I: the destination looked up; source address to use */
	struct ipaddr hop;       /* I: next hop: the destination itself if it is on the link */
	struct netif *nif;       /* I, referenced: leaves by; loopback for local ones */
	struct neighbour *neighbour; /* I, referenced, or NULL: none needed */
	u8 kind;                 /* I: enum route_kind */
	bool loops;              /* I: multicast: this machine is a member itself */
	bool locked_mtu;         /* I: the path's MTU is below what fragments may be made for */
	u32 mtu;                 /* a: of the path, bytes of IP packet */
	u64 mtu_until;           /* a: CLOCK_MONOTONIC; 0: mtu is the interface's or a metric */
	u32 generation;          /* I: of the tables */
	u32 window_metric, advmss_metric, hop_limit; /* I: metrics, 0: default */
	struct ipaddr asked_from; /* I: flow.from and … */
	u32 asked_nif;           /* I: flow.nif that it was made for */
	u8 asked_flags;          /* I: dont_route and so on */
	struct rcu_head rcu;
};

/* 0 and *out, with a reference; -ENETUNREACH, -EHOSTUNREACH, -EACCES (prohibited), -EINVAL (the
 * source is not ours), -ENODEV, -ENOMEM. Thread context or soft work, spinlocks may be held. */
int route_output(const struct flow *f, struct route **out);
void route_put(struct route *r);
static inline struct route *route_get(struct route *r) { ref_get(&r->refs); return r; }
extern u32 route_generation; /* a: of all tables */
/* Whether the tables are still those it was made from. */
static inline bool route_valid(const struct route *r)
{
	return r->generation == READ_ONCE(route_generation);
}
/* Seconds that the MTU of a path is remembered, of IPv4 and IPv6: route/mtu_expires. a. */
extern s32 route_mtu_expires[2];
/* A router said that packets of a path must not be longer than `mtu` (RFC 1191, RFC 8201):
 * remembered for 10 minutes, unless the setting says otherwise. For transports that know the
 * report to be about a packet of theirs. */
void route_set_mtu(const struct ipaddr *to, u32 mtu);
static inline u32 route_mtu(const struct route *r) { return READ_ONCE(r->mtu); }

/* Forgets all answers and what was learned of paths. Thread context. */
void route_forget(void);

/* For the IP versions: */
/* A route with one reference, nif referenced, everything else to be filled in: NULL: no memory.
 * `generation` as it was before the tables were looked at. */
struct route *route_alloc(struct netif *nif, const struct flow *f, u32 generation);
/* All routes made so far are void: the tables, addresses or interfaces changed. */
void route_flush(void);
/* Sets the metrics to those of the entry that it was made from (NULL: it has none), and r->mtu to
 * the least of theirs, the link's, and what was learned of the path to r->to. */
void route_fill_metrics(struct route *r, u32 link_mtu, const struct route_metrics *m);
/* The loopback interface, which never goes: borrowed. */
struct netif *route_loopback(void);
/* What a route of a type (RTN_* of rtnetlink(7)) that leads nowhere answers: -EHOSTUNREACH,
 * -EACCES, -EINVAL; 0: it leads somewhere. Pure. */
int route_type_error(u8 type);
void route_init(void);
