/*
 * Forwarding (RFC 1812, 5.2): a packet for somebody else, if this machine is to be a router.
 */
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "lib/string.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"
#include "net/link/ether.h"

static int to_link(struct packet *p, struct route *r)
{
	return link_send(p, r, ETH_P_IP);
}

/* RFC 1624: one less, and the sum adjusted. */
static void ttl_lower(struct ip4_header *h)
{
	u32 sum = h->sum + hton16(0x0100);

	h->ttl--;
	h->sum = (u16)(sum + (sum >= 0xffff));
}

/* A better router on the link where it came from: the sender is told (RFC 1812, 5.2.7.2). */
static void maybe_redirect(struct packet *p, const struct route *r, const struct ip4_header *h)
{
	if (r->nif != p->nif || !ip4_conf_max(p->nif, IP4_SEND_REDIRECTS) ||
	    !ip4_addr_on_link(p->nif, h->from) || !ip4_addr_on_link(p->nif, r->hop.w[3]))
		return;
	icmp4_send(p, ICMP4_REDIRECT, ICMP4_REDIRECT_HOST, ntoh32(r->hop.w[3]));
}

static bool fill_options(struct packet *p, const struct route *r)
{
	struct ip_info *info = ip_info(p);
	u8 *options = p->data + sizeof(struct ip4_header);
	struct ip4_options found;

	if (!info->options_length)
		return true;
	if (!ip4_options_parse(options, info->options_length, &found))
		return false;
	if (found.record || found.timestamp) {
		ip4_options_fill(options, &found, ip4_addr_select(r->nif, r->hop.w[3], 0),
				 ip4_ms_of_day());
		ip4_header_sum((struct ip4_header *)p->data);
	}
	return true;
}

static void forward(struct packet *p, struct route *r)
{
	struct ip4_header *h = (struct ip4_header *)p->data;

	if (p->length > route_mtu(r) && !p->gso_size && h->fragment & hton16(IP4_DF)) {
		icmp4_send(p, ICMP4_UNREACHABLE, ICMP4_TOO_LONG, route_mtu(r));
		inet_count(IPV4_FRAG_FAILS);
		goto drop;
	}
	maybe_redirect(p, r, h);
	if (packet_own_head(p, PACKET_ROOM))
		goto drop;
	h = (struct ip4_header *)p->data;
	ttl_lower(h);
	if (!fill_options(p, r))
		goto drop;
	inet_count(IPV4_FORW_DATAGRAMS);
	/* What the device found right, the next one must be told in full. */
	if (p->sum != SUM_PARTIAL)
		p->sum = SUM_NONE;
	p->stamp_ns = 0;
	if (p->length > route_mtu(r) && !p->gso_size)
		ip4_fragment(p, route_mtu(r), r, to_link);
	else
		to_link(p, r);
	return;
drop:
	packet_free(p);
}

void ip4_forward(struct packet *p)
{
	const struct ip4_header *h = (const struct ip4_header *)p->data;
	struct ip4_if *in = ip4_if(p->nif);
	struct flow f = { .to = ipaddr_4(h->to), .from = IPADDR_ANY4, .tos = h->tos,
			  .protocol = h->protocol };

	if (!in || !READ_ONCE(in->conf.item[IP4_FORWARDING]) || p->kind != PKT_HOST ||
	    p->nif->flags & IFF_LOOPBACK) {
		inet_count(IPV4_IN_ADDR_ERRORS);
		goto drop;
	}
	if (h->ttl <= 1) {
		inet_count(IPV4_IN_HDR_ERRORS);
		icmp4_send(p, ICMP4_TIME_EXCEEDED, ICMP4_TTL, 0);
		goto drop;
	}
	if (!ip_forward(p, &f, forward))
		return;
	inet_count(IPEXT_IN_NO_ROUTES);
drop:
	packet_free(p);
}
