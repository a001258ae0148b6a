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
 * list and in its solicited-node group. Config lock. */
void nd_dad_start(struct ip6_addr *a);
void nd_dad_stop(struct ip6_addr *a);
/* An address of an interface as made from its link address (RFC 4291, appendix A; or by
 * IP6_ADDR_GEN_MODE): false if it cannot be. */
bool nd_interface_id(const struct netif *nif, struct ipaddr *out);
/* A redirect for a packet that we forwarded out by where it came in (RFC 4861, 8.2). Soft work. */
void nd_send_redirect(struct packet *p, const struct route *r);
