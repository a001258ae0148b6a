/*
 * Forwarding: a packet for somebody else, if this machine is to be a router. Packets are never cut
 * on the way (RFC 8200, 5), and never leave the zone of their addresses (RFC 4007, 9).
 */
#include "abi/if.h"
#include "abi/if_ether.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd.h"
#include "net/link/ether.h"

/* Takes the packet. */
static void forward(struct packet *p, struct route *r)
{
	u32 mtu = route_mtu(r);

	if (p->length > mtu && !p->gso_size) {
		ip6_count(IP6_IN_TOO_BIG_ERRORS);
		icmp6_send(p, ICMP6_TOO_BIG, 0, mtu);
		goto drop;
	}
	if (r->nif == p->nif)
		nd_send_redirect(p, r);
	if (packet_own_head(p, PACKET_ROOM))
		goto drop;
	((struct ip6_header *)p->data)->hops--;
	ip6_count(IP6_OUT_FORW_DATAGRAMS);
	/* What the device found right, the next one must be told in full. */
	if (p->sum != SUM_PARTIAL)
		p->sum = SUM_NONE;
	p->stamp_ns = 0;
	link_send(p, r, ETH_P_IPV6);
	return;
drop:
	packet_free(p);
}

/* Whether routers are to look at it, and a program here did: it sends the packet on if it likes
 * (RFC 2711, 2). */
static bool alerted(struct packet *p)
{
	struct ip6_chain chain;

	if (((const struct ip6_header *)p->data)->next != IP6_HOP_BY_HOP ||
	    ip6_chain_want(p, IP6_READ_SENDER, &chain) || !chain.router_alert)
		return false;
	p->transport = (u16)(p->network + chain.transport);
	return raw_alert(p, chain.alert);
}

void ip6_forward(struct packet *p)
{
	const struct ip6_header *h = (const struct ip6_header *)p->data;
	struct flow f = { .to = h->to, .from = h->from, .any_source = true,
			  .protocol = h->next, .tos = ip6_traffic_class(h) };

	if (!ip6_conf_get(p->nif, IP6_FORWARDING) || p->kind != PKT_HOST ||
	    p->nif->flags & IFF_LOOPBACK || ipaddr_link_local(&h->to)) {
		ip6_count(IP6_IN_ADDR_ERRORS);
		goto drop;
	}
	if (unlikely(READ_ONCE(raw_alerts)) && alerted(p))
		goto drop;
	h = (const struct ip6_header *)p->data; /* more of it may have been made contiguous */
	if (ipaddr_link_local(&h->from)) {
		icmp6_send(p, ICMP6_UNREACHABLE, ICMP6_BEYOND_SCOPE, 0);
		goto drop;
	}
	if (h->hops <= 1) {
		ip6_count(IP6_IN_HDR_ERRORS);
		icmp6_send(p, ICMP6_TIME_EXCEEDED, ICMP6_HOPS, 0);
		goto drop;
	}
	if (!ip_forward(p, &f, forward))
		return;
	ip6_count(IP6_IN_NO_ROUTES);
drop:
	packet_free(p);
}
