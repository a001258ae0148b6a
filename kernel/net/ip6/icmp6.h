/*
 * ICMPv6 (RFC 4443), for those who send and receive it.
 */
#pragma once

#include "net/ip6/icmp6_wire.h"
#include "net/ip6/ip6.h"

/* An error message about a received packet (or one of ours that cannot be sent), if the rules allow
 * (RFC 4443, 2.4): `info`: the second word, host order. Does not take it. Soft work or thread;
 * spinlocks of sockets may be held. */
void icmp6_send(struct packet *p, u8 type, u8 code, u32 info);

/* Sends a message (p's data: from its ICMPv6 header on, sum not made) by an interface, as neighbour
 * discovery and MLD do: no routes, hop limit as given. `router_alert`: with that hop-by-hop option.
 * Groups are not looped back. Takes it. No spinlock held: soft work or thread. */
int icmp6_send_on(struct netif *nif, struct packet *p, const struct ipaddr *from,
		  const struct ipaddr *to, u8 hops, bool router_alert);

/* Receivers by type; data at the ICMPv6 header, sum checked, ip_info() filled in. Soft work, under
 * RCU; take the packet. */
void nd_receive(struct packet *p);      /* nd.c: types 133 to 137 */
void mld_receive(struct packet *p);     /* mld.c: 130 to 132, 143 */
/* net/raw: echo replies for ping sockets; does not take it. */
void ping6_receive(struct packet *p);
