/*
 * Neighbour discovery (RFC 4861), duplicate address detection (RFC 4862, 5.4) and autoconfiguration
 * without state (RFC 4862, 5.5).
 */
#pragma once

#include "net/ip6/ip6.h"

struct nd_state;

void nd_init(void);               /* registers the neighbour protocol */
struct nd_state *nd_state_make(struct netif *nif); /* NULL: no memory */
void nd_state_free(struct nd_state *s);
/* The interface came up (link-local address, router solicitations) or went down. Config lock. */
void nd_up(struct netif *nif);
void nd_down(struct netif *nif);
/* Begins and ends the detection of duplicates of a tentative address, which is on the interface's
 * list and in its solicited-node group; where none is needed, it is tentative no more at once.
 * nd_up() begins those of all tentative addresses. Config lock. */
void nd_dad_init_addr(struct ip6_addr *a); /* its timer; before all else */
void nd_dad_start(struct ip6_addr *a);
void nd_dad_stop(struct ip6_addr *a);
/* An interface's address with a prefix of 64 bits (fe80:: for the link-local one), as made from its
 * link address (RFC 4291, appendix A), or as IP6_ADDR_GEN_MODE says: false if it cannot be. */
bool nd_interface_address(const struct netif *nif, const struct ipaddr *prefix,
			  struct ipaddr *out);
/* IP6_ADDR_GEN_MODE, as IFLA_INET6_ADDR_GEN_MODE. */
enum nd_gen_mode { ND_GEN_EUI64, ND_GEN_NONE, ND_GEN_STABLE, ND_GEN_RANDOM };
/* A redirect for a packet that we forwarded out by where it came in (RFC 4861, 8.2). Does not take
 * it. Soft work. */
void nd_send_redirect(struct packet *p, const struct route *r);
/* ND_MANAGED, ND_OTHER (net/ip6/nd_wire.h) of the last router advertisement of an interface. */
u8 nd_router_flags(const struct netif *nif);
