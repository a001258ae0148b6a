/*
 * Between the files of neighbour discovery: nd.c (neighbours), nd_send.c, nd_dad.c (duplicates),
 * nd_router.c (routers and their advertisements), nd_redirect.c, nd_later.c (what packets ask of
 * the configuration), slaac.c (addresses by prefix).
 */
#pragma once

#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/nd.h"
#include "net/ip6/nd_wire.h"
#include "net/link/neighbour.h"

enum {
	ND_ROUTERS = 16,         /* default routers of an interface that are remembered */
	ND_PREFIX_ROUTES = 32,   /* prefixes of an interface */
	ND_REDIRECTS = 256,      /* of all interfaces */
	ND_ADDRESSES = 16,       /* of an interface, made by prefixes */
};

/* What neighbour discovery keeps of an interface. l: lock.  c: config lock. */
struct nd_state {
	struct netif *nif;       /* I */
	struct spinlock lock;
	bool soliciting;         /* l: routers are being asked for */
	u32 solicitations;       /* l: sent so far */
	u64 interval_ns;         /* l: until the next */
	struct soft_timer timer; /* l: the next solicitation */
	u8 router_flags;         /* a: of the last advertisement: ND_MANAGED, ND_OTHER */
	u64 conflict_ns;         /* a: when a duplicate was last reported */
	u64 redirected_ns;       /* a: when a redirect was last sent */
};
static inline struct nd_state *nd_state(const struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);

	return in ? in->nd : NULL;
}

/* nd_send.c: builds and sends; no lock held. `nonce`: 6 bytes or NULL; flags: ND_ROUTER …. */
void nd_send_solicit(struct netif *nif, const struct ipaddr *target, const struct ipaddr *from,
		     const struct ipaddr *to, const u8 *nonce);
void nd_send_advert(struct netif *nif, const struct ipaddr *target, const struct ipaddr *to,
		    u32 flags);
void nd_send_router_solicit(struct netif *nif);

/* nd_dad.c: a question or an answer about a tentative address was heard; nonce NULL: none in it.
 * Soft work, under RCU. */
void nd_dad_heard(struct ip6_addr *a, const u8 *nonce);
void nd_dad_init(void);

/* nd_router.c, nd_redirect.c: with the config lock, from nd_later.c; the packet is a message that
 * was read into `m`. */
void nd_router_advert(struct netif *nif, const struct ip_info *info, const struct nd_message *m);
void nd_redirected(struct netif *nif, const struct ip_info *info, const struct nd_message *m);
/* An interface's own link-local address can be used: routers are asked for. Config lock. */
void nd_router_solicit_start(struct netif *nif);
void nd_router_init(struct nd_state *s);
void nd_router_stop(struct nd_state *s);
/* A neighbour says that it is no router any more. Config lock. */
void nd_router_gone(struct netif *nif, const struct ipaddr *router);

/* nd_later.c: keeps the packet for when the config lock can be had: takes it. Soft work. */
void nd_later(struct packet *p);
void nd_later_init(void);

/* slaac.c: a prefix that a router advertises for addresses, which may be used before it is known
 * that nobody else has them (`optimistic`). Config lock. */
void slaac_prefix(struct netif *nif, const struct nd_prefix *p, bool optimistic);
/* The link-local address, if the interface has none and is to have one. Config lock. */
void slaac_link_local(struct netif *nif);

/* CLOCK_MONOTONIC in so many seconds; IP6_FOREVER: 0. */
static inline u64 ip6_until(u32 seconds)
{
	return seconds == IP6_FOREVER ? 0 : clock_monotonic() + seconds * NSEC_PER_SEC;
}
/* The reverse: seconds left, rounded up. */
static inline u32 ip6_left(u64 until)
{
	u64 now = clock_monotonic();

	if (!until)
		return IP6_FOREVER;
	return until <= now ? 0 : (u32)((until - now + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}
