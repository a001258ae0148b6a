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

/* Sends an IP packet, its IP header first, by a route that needs no neighbour. Takes it. */
int link_send_plain(struct netif *nif, struct packet *p, u16 protocol);

/* Sends an IP packet, its IP header first, by its route: takes it; as neighbour_send(). */
static inline int link_send(struct packet *p, const struct route *r, u16 protocol)
{
	if (r->neighbour)
		return neighbour_send(r->neighbour, p);
	return link_send_plain(r->nif, p, protocol);
}
