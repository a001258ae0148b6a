/*
 * IPv6 output: the header (RFC 8200, 3), then to the link, in pieces if the path wants it so.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/link/ether.h"

static u8 hops_of(const struct route *r, const struct ip_meta *meta)
{
	if (meta->ttl >= 0)
		return (u8)meta->ttl;
	if (r->kind == ROUTE_MULTICAST)
		return 1;
	return (u8)(r->hop_limit ?: (u32)ip6_conf_get(r->nif, IP6_HOP_LIMIT));
}

static int to_link(struct packet *p, struct route *r)
{
	return link_send(p, r, ETH_P_IPV6);
}

/* A copy to this machine's own sockets, as if it had come by the interface. */
static void loop_back(struct packet *p, struct route *r)
{
	u8 to[ETHER_ADDRESS];

	ether_group_address(&r->to, to);
	link_loop_back(p, r->nif, ETH_P_IPV6, PKT_MULTICAST, to);
}

/* Groups: this machine's own members, then the link. False: that was all, p is freed. */
static bool spread(struct packet *p, struct route *r, bool loop)
{
	const struct ip6_header *h = (const struct ip6_header *)p->data;

	ip6_count(IP6_OUT_MCAST_PKTS);
	ip6_count_n(IP6_OUT_MCAST_OCTETS, p->length);
	if (r->nif->flags & IFF_LOOPBACK)
		return true;
	if (loop && r->loops)
		loop_back(p, r);
	if (h->hops && ip6_scope_of(&h->to) > IP6_SCOPE_INTERFACE)
		return true;
	packet_free(p); /* not beyond this machine (RFC 4291, 2.7) */
	return false;
}

/* `mtu`: what the packet, with its header, may be long. */
static int output(struct packet *p, struct route *r, u32 mtu, bool loop, bool may_fragment)
{
	ip6_count(IP6_OUT_REQUESTS);
	ip6_count_n(IP6_OUT_OCTETS, p->length);
	if (unlikely(r->kind == ROUTE_MULTICAST) && !spread(p, r, loop))
		return 0;
	if (likely(p->length <= mtu || p->gso_size))
		return to_link(p, r);
	if (!may_fragment) {
		packet_free(p);
		return -EMSGSIZE;
	}
	return ip6_fragment(p, mtu, r, to_link);
}

int ip6_output(struct packet *p, struct route *r, bool loop, bool may_fragment)
{
	return output(p, r, route_mtu(r), loop, may_fragment);
}

int ip6_send(struct packet *p, struct route *r, const struct ip_meta *meta)
{
	u32 header = (u32)sizeof(struct ip6_header) + meta->options_length, mtu = route_mtu(r);
	struct ip6_header *h;

	if (unlikely(packet_room(p) < header || packet_shared(p)) &&
	    packet_own_head(p, PACKET_ROOM + meta->options_length)) {
		packet_free(p);
		return -ENOMEM;
	}
	if (unlikely(meta->ignore_mtu))
		mtu = r->nif->mtu;
	if (unlikely(meta->mtu))
		mtu = min(mtu, meta->mtu);
	p->transport = packet_offset(p);
	h = (struct ip6_header *)packet_push(p, header);
	p->network = packet_offset(p);
	if (unlikely(p->length - sizeof(*h) > 0xffff ||
		     (meta->dont_fragment && p->length > mtu && !p->gso_size))) {
		packet_free(p);
		return -EMSGSIZE;
	}
	h->version_class_flow = hton32(0x60000000u | (u32)meta->tos << 20) | meta->flow_label;
	h->length = hton16((u16)(p->length - sizeof(*h)));
	h->next = meta->protocol;
	h->hops = hops_of(r, meta);
	h->from = r->from;
	h->to = r->kind == ROUTE_LOCAL ? r->hop : r->to;
	if (unlikely(meta->options_length)) {
		h->next = meta->options_first;
		memcpy(h + 1, meta->options, meta->options_length);
	}
	p->priority = meta->tos;
	return output(p, r, mtu, !meta->no_loop, true);
}
