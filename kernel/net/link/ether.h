/*
 * Ethernet's header, and how an IP packet gets to the link that its route says.
 */
#pragma once

#include "abi/if.h"
#include "abi/if_ether.h"
#include "lib/string.h"
#include "net/inet/route.h"
#include "net/link/neighbour.h"

struct ether_header { u8 to[6], from[6]; be16 type; } __packed;
static_assert(sizeof(struct ether_header) == 14, "ether_header");

enum { ETHER_ADDRESS = 6 };
static inline void ether_header_make(struct ether_header *h, const u8 *to, const u8 *from,
				     u16 type)
{
	memcpy(h->to, to, ETHER_ADDRESS);
	memcpy(h->from, from, ETHER_ADDRESS);
	h->type = hton16(type);
}

/* The link address of a group, of ETHER_ADDRESS bytes (RFC 1112, 6.4; RFC 2464, 7). */
static inline void ether_group_address(const struct ipaddr *group, u8 *out)
{
	const u8 *b = group->b;

	if (ipaddr_is4(group))
		memcpy(out, (const u8[]){ 0x01, 0x00, 0x5e, b[13] & 0x7f, b[14], b[15] },
		       ETHER_ADDRESS);
	else
		memcpy(out, (const u8[]){ 0x33, 0x33, b[12], b[13], b[14], b[15] }, ETHER_ADDRESS);
}

/* Sends an IP packet, its IP header first, by a route that needs no neighbour. Takes it. */
int link_send_plain(struct netif *nif, struct packet *p, u16 protocol);

/* A copy of an IP packet, its IP header first, to this machine's own sockets, as if it had come by
 * the interface. `kind`: PKT_*; `to`: the link's address that it goes to. Soft work or thread. */
void link_loop_back(struct packet *p, struct netif *nif, u16 protocol, u8 kind, const u8 *to);

/* Sends an IP packet, its IP header first, by its route: takes it; as neighbour_send(). */
static inline int link_send(struct packet *p, const struct route *r, u16 protocol)
{
	if (r->neighbour)
		return neighbour_send(r->neighbour, p);
	return link_send_plain(r->nif, p, protocol);
}
