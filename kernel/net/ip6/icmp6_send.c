/*
 * ICMPv6 sent: answers, and errors by the rules of RFC 4443, 2.4: never about an ICMP error, never
 * about what came from nobody in particular, about what went to many only where all of them are to
 * know (packet too big, an option that says so), and only so many per second, in all and to each.
 */
#include "abi/errno.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/icmp_limit.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/link/ether.h"

enum {
	QUOTE = IP6_MIN_MTU - sizeof(struct ip6_header) - sizeof(struct icmp6_header),
	RATE = 1000, BURST = 50, /* of errors in all */
	ALERT = 8,               /* bytes of a hop-by-hop header with that option alone */
};

static struct icmp_limits limits = ICMP_LIMITS_INIT("icmp6");

/* Whether an address is one of this machine's, to packets of an interface. Under RCU. */
static bool is_ours(const struct ipaddr *a, u32 nif)
{
	const struct fib6_entry *e = fib6_local(a, nif);

	return e && e->type == FIB6_LOCAL;
}

/* The sum of a message, data from its header on; the field is 0 so far. */
static u16 sum_make(const struct packet *p, const struct ipaddr *from, const struct ipaddr *to)
{
	u32 sum = ip_pseudo_sum(from, to, IPPROTO_ICMPV6, p->length);

	return sum_finish(packet_sum(p, 0, p->length, sum));
}

static void send_by(struct packet *p, struct route *r, u8 tos)
{
	struct ip_meta meta = { .protocol = IPPROTO_ICMPV6, .tos = tos, .ttl = -1 };

	ip6_count(ICMP6_OUT_MSGS);
	icmp6_count_out(p->data[0]);
	ip_send(p, r, &meta);
}

/* The route to whom a packet came from; `from`: any: what suits. */
static struct route *route_back(const struct ipaddr *to, const struct ipaddr *from, u32 nif, u8 tos)
{
	struct flow f = { .to = *to, .from = *from, .protocol = IPPROTO_ICMPV6, .tos = tos,
			  .nif = ipaddr_link_local(to) ? nif : 0 };
	struct route *r;

	if (route_output(&f, &r)) {
		ip6_count(ICMP6_OUT_ERRORS);
		return NULL;
	}
	if (r->kind != ROUTE_MULTICAST)
		return r;
	route_put(r);
	return NULL;
}

/* From the address that was asked, if it was one machine's. The sum is adjusted where the addresses
 * are the same as before, the other way round. */
void icmp6_reply(struct packet *p)
{
	const struct ip_info info = *ip_info(p);
	struct icmp6_header *h = (struct icmp6_header *)p->data;
	struct ipaddr from = IPADDR_ANY;
	struct route *r;
	u32 sum;

	if (p->release)
		p->release(p);
	p->release = NULL;
	p->sock = NULL;
	if (info.kind == ROUTE_LOCAL && is_ours(&info.to, info.nif))
		from = info.to;
	r = route_back(&info.from, &from, info.nif, info.tos);
	if (!r) {
		packet_free(p);
		return;
	}
	if (!ipaddr_equal(&r->from, &info.to)) {
		h->sum = 0;
		h->sum = sum_make(p, &r->from, &info.from);
		p->sum = SUM_NONE;
	} else if (p->sum != SUM_PARTIAL) {
		sum = h->sum + (u16)~hton16((ICMP6_ECHO_REPLY - ICMP6_ECHO) << 8);
		h->sum = sum_fold(sum);
		p->sum = SUM_NONE;
	}
	send_by(p, r, info.tos);
	route_put(r);
}

/* Whether the packet, as far as it is there, is an ICMP error or a redirect itself. */
static bool is_error(const u8 *bytes, u32 n)
{
	struct ip6_chain chain;
	u8 type;

	if (ip6_chain_read(bytes, n, IP6_READ_SENDER, &chain))
		return false; /* what it is about cannot be seen: it is no more than it seems */
	if (chain.protocol != IPPROTO_ICMPV6 || chain.transport >= n)
		return false;
	if (chain.piece && ((const struct ip6_fragment_header *)(bytes + chain.fragment))
				   ->offset_more & hton16(0xfff8))
		return false;
	type = bytes[chain.transport];
	return icmp6_is_error(type) || type == ICMP6_REDIRECT;
}

/* Whether an error about this packet may be sent at all. */
static bool allowed(const struct packet *p, const struct ip6_header *h, u32 n, u8 type, u8 code)
{
	bool to_many = ipaddr_multicast(&h->to) || p->kind == PKT_MULTICAST ||
		       p->kind == PKT_BROADCAST;

	if (to_many && type != ICMP6_TOO_BIG &&
	    !(type == ICMP6_PARAMETER && code == ICMP6_BAD_OPTION))
		return false;
	if (ipaddr_any(&h->from) || ipaddr_multicast(&h->from) || ipaddr_is4(&h->from))
		return false;
	return !is_error((const u8 *)h, n);
}

/* This machine may hear all that it does wrong, and what is too big must be known (RFC 4443,
 * 2.4 f). */
static bool within_limits(const struct ipaddr *to, u8 type, u32 nif)
{
	u64 gap = (u64)READ_ONCE(ip6_settings.icmp_ratelimit) * NSEC_PER_MSEC;

	if (type == ICMP6_TOO_BIG || is_ours(to, nif) ||
	    icmp_limit_ask(&limits, to, gap, RATE, BURST) == ICMP_PASS)
		return true;
	ip6_count(ICMP6_OUT_RATE_LIMITED);
	return false;
}

/* The message about p, with as much of it as fits. */
static struct packet *error_make(const struct packet *p, const struct ip6_header *h, u8 type,
				 u8 code, u32 info)
{
	u32 pulled = packet_offset(p) - p->network, quote = min(pulled + p->length, (u32)QUOTE);
	struct packet *out = packet_alloc(PACKET_ROOM, (u32)sizeof(struct icmp6_header) + quote,
					  MM_ATOMIC);
	struct icmp6_header *icmp;

	if (!out)
		return NULL;
	icmp = (struct icmp6_header *)packet_put(out, (u32)sizeof(*icmp) + quote);
	*icmp = (struct icmp6_header){ .type = type, .code = code, .word = hton32(info) };
	/* What was pulled is still in front of the data. */
	memcpy(icmp + 1, h, min(pulled, quote));
	if (quote > pulled)
		packet_read(p, 0, (u8 *)(icmp + 1) + pulled, quote - pulled);
	return out;
}

void icmp6_send(struct packet *p, u8 type, u8 code, u32 info)
{
	const struct ip6_header *h = packet_network(p);
	u32 there = packet_offset(p) - p->network + p->head;
	u32 nif = p->nif ? p->nif->index : 0;
	struct ipaddr from = IPADDR_ANY;
	struct packet *out;
	struct route *r;

	rcu_read_lock();
	if (!allowed(p, h, there, type, code) || !within_limits(&h->from, type, nif))
		goto out;
	if (is_ours(&h->to, nif))
		from = h->to;
	r = route_back(&h->from, &from, nif, 0);
	if (!r)
		goto out;
	out = error_make(p, h, type, code, info);
	if (out) {
		((struct icmp6_header *)out->data)->sum = sum_make(out, &r->from, &h->from);
		send_by(out, r, 0);
	}
	route_put(r);
out:
	rcu_read_unlock();
}

/* What next header was not known: the byte that names it. */
static void refuse_protocol(struct packet *p)
{
	const u8 *network = packet_network(p);
	struct ip6_chain chain;

	if (!ip6_chain_read(network, packet_offset(p) - p->network, IP6_READ_SENDER, &chain))
		icmp6_send(p, ICMP6_PARAMETER, ICMP6_BAD_NEXT, chain.link);
}

void icmp6_refuse(struct packet *p, enum ip_unreachable what)
{
	static const u8 codes[] = {
		[IP_PORT_UNREACHABLE] = ICMP6_PORT, [IP_HOST_UNREACHABLE] = ICMP6_ADDRESS,
		[IP_NET_UNREACHABLE] = ICMP6_NO_ROUTE, [IP_PROHIBITED] = ICMP6_PROHIBITED,
	};

	if (what == IP_PROTOCOL_UNREACHABLE)
		refuse_protocol(p);
	else
		icmp6_send(p, ICMP6_UNREACHABLE, codes[what], 0);
}

/* A packet of ours or of somebody that we route for could not be delivered on the link. */
void icmp6_hop_failed(struct packet *p)
{
	p->network = packet_offset(p);
	if (packet_want(p, min(p->length, (u32)sizeof(struct ip6_header) + 8)) &&
	    p->head >= sizeof(struct ip6_header))
		icmp6_send(p, ICMP6_UNREACHABLE, ICMP6_ADDRESS, 0);
	packet_free(p);
}

/* The hop-by-hop header that asks routers to look at it (RFC 2711). */
static void alert_make(u8 *to)
{
	static const u8 alert[ALERT] = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };

	memcpy(to, alert, sizeof(alert));
}

static int to_link(struct netif *nif, struct packet *p, const struct ipaddr *to)
{
	struct neighbour *n;
	int err;

	if (nif->flags & IFF_LOOPBACK)
		return link_send_plain(nif, p, ETH_P_IPV6);
	n = neighbour_get(nif, to);
	if (!n) {
		packet_free(p);
		return -ENOBUFS;
	}
	err = neighbour_send(n, p);
	neighbour_put(n);
	return err;
}

int icmp6_send_on(struct netif *nif, struct packet *p, const struct ipaddr *from,
		  const struct ipaddr *to, u8 hops, bool router_alert)
{
	u32 header = (u32)sizeof(struct ip6_header) + (router_alert ? ALERT : 0);
	struct icmp6_header *icmp;
	struct ip6_header *h;

	if (!ip6_is_on(ip6_if(nif)) || packet_own_head(p, PACKET_ROOM)) {
		packet_free(p);
		return -ENETDOWN;
	}
	icmp = (struct icmp6_header *)p->data;
	icmp->sum = 0;
	icmp->sum = sum_make(p, from, to);
	ip6_count(ICMP6_OUT_MSGS);
	icmp6_count_out(icmp->type);
	p->transport = packet_offset(p);
	h = (struct ip6_header *)packet_push(p, header);
	*h = (struct ip6_header){
		.version_class_flow = hton32(0x60000000u), .hops = hops, .from = *from, .to = *to,
		.length = hton16((u16)(p->length - sizeof(*h))),
		.next = router_alert ? IP6_HOP_BY_HOP : IPPROTO_ICMPV6,
	};
	if (router_alert)
		alert_make((u8 *)(h + 1));
	p->network = packet_offset(p);
	ip6_count(IP6_OUT_REQUESTS);
	ip6_count_n(IP6_OUT_OCTETS, p->length);
	if (ipaddr_multicast(to)) {
		ip6_count(IP6_OUT_MCAST_PKTS);
		ip6_count_n(IP6_OUT_MCAST_OCTETS, p->length);
	}
	return to_link(nif, p, to);
}
