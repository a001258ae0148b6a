/*
 * IPv6 input (RFC 8200): is the header sound, may the packet be here, is it for us? Then its
 * extension headers are looked at, it is put together if it came in pieces and handed to its
 * transport; or forwarded. A packet without extension headers goes straight through.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/ip6/nd.h"

/* Checks the header and trims the packet to its length; fills in what is known of it. A length of
 * nothing may be that of a jumbogram (RFC 2675), which no link here takes: what follows is cut off
 * as the link's padding would be. */
static bool header_take(struct packet *p)
{
	struct ip_info *info = ip_info(p);
	const struct ip6_header *h;
	u32 length;

	if (unlikely(!packet_want(p, sizeof(*h))))
		return false;
	h = (const struct ip6_header *)p->data;
	if (unlikely(p->data[0] >> 4 != 6))
		return false;
	length = (u32)sizeof(*h) + ntoh16(h->length);
	if (unlikely(p->length < length)) {
		ip6_count(IP6_IN_TRUNCATED);
		return false;
	}
	if (p->length > length)
		packet_trim(p, length);
	*info = (struct ip_info){
		.from = h->from, .to = h->to, .nif = p->nif->index, .protocol = h->next,
		.ttl = h->hops, .tos = ip6_traffic_class(h), .header_length = sizeof(*h),
	};
	return true;
}

/* Whether a packet with these addresses may come from there: no group sends, none is nobody's or
 * IPv4's (RFC 4291, 2.5; RFC 4942, 2.2), and what is this machine's own does not come by a wire,
 * unless it comes back to a group. */
static bool addresses_ok(const struct packet *p, const struct ip6_header *h)
{
	const struct fib6_entry *own;
	bool group = ipaddr_multicast(&h->to);

	if (ipaddr_multicast(&h->from) || ipaddr_is4(&h->from) || ipaddr_is4(&h->to) ||
	    ipaddr_any(&h->to))
		return false;
	if (p->nif->flags & IFF_LOOPBACK)
		return true;
	if (group && ip6_scope_of(&h->to) <= IP6_SCOPE_INTERFACE)
		return false;
	if (!h->from.d[0] && (ipaddr_any(&h->from) || ipaddr_loopback(&h->from)))
		return group && ipaddr_any(&h->from);
	if (ipaddr_loopback(&h->to))
		return false;
	own = fib6_local(&h->from, p->nif->index);
	return !own || own->type != FIB6_LOCAL || p->kind != PKT_HOST;
}

/* What the destination is here: ROUTE_LOCAL, ROUTE_ANYCAST, ROUTE_MULTICAST; ROUTE_UNICAST:
 * somebody else's. */
static enum route_kind kind_of(struct packet *p, const struct ip6_header *h)
{
	const struct fib6_entry *e;

	if (ipaddr_multicast(&h->to))
		return ROUTE_MULTICAST;
	e = fib6_local(&h->to, p->nif->index);
	if (likely(e))
		return likely(e->type != FIB6_ANYCAST) ? ROUTE_LOCAL : ROUTE_ANYCAST;
	if (!(p->nif->flags & IFF_LOOPBACK) || !ipaddr_link_local(&h->to))
		return ROUTE_UNICAST;
	/* From this machine to its own address of a link: as if it had come by that. */
	e = fib6_local(&h->to, 0);
	if (!e)
		return ROUTE_UNICAST;
	ip_info(p)->nif = e->nif->index;
	return ROUTE_LOCAL;
}

/* Whether packets to a group are wanted here at all. */
static bool member(const struct packet *p, const struct ip6_header *h)
{
	return p->nif->flags & IFF_LOOPBACK || mld_is_member(p->nif, &h->to);
}

int ip6_chain_want(struct packet *p, enum ip6_reader reader, struct ip6_chain *chain)
{
	int err;

	while ((err = ip6_chain_read(p->data, p->head, reader, chain)) == -ABI_ENODATA)
		if (chain->transport > p->length || !packet_want(p, chain->transport))
			break;
	return err;
}

/* Reads the extension headers of a packet for us, data at the IP header: false, and an ICMP error
 * where one is due, if they are not in order. */
static bool chain_take(struct packet *p, struct ip6_chain *chain)
{
	enum ip6_reader reader = ip_info(p)->kind == ROUTE_MULTICAST ? IP6_READ_MEMBER :
								       IP6_READ_HOST;
	int err = ip6_chain_want(p, reader, chain);

	if (err == -ABI_ENODATA)
		return false;
	if (err && chain->send_error)
		icmp6_send(p, ICMP6_PARAMETER, chain->code, chain->pointer);
	return !err && chain->hop_options <= READ_ONCE(ip6_settings.max_hbh_opts) &&
	       chain->destination_options <= READ_ONCE(ip6_settings.max_dst_opts);
}

/* The packet without its extension headers' being in the way: data still at the IP header,
 * ip_info() about what follows the chain. NULL: it is gone: bad, or a piece of one. */
static struct packet *extensions_take(struct packet *p)
{
	struct ip_info *info = ip_info(p);
	struct ip6_chain chain;

	if (!chain_take(p, &chain) || (chain.piece && info->fragmented)) {
		ip6_count(IP6_IN_HDR_ERRORS);
		packet_free(p);
		return NULL;
	}
	info->protocol = chain.protocol;
	info->header_length = (u16)chain.transport;
	info->router_alert = chain.router_alert;
	if (!chain.piece)
		return p;
	packet_pull(p, chain.transport);
	p = ip6_reassemble(p, &chain);
	return p && ip6_is_extension(ip_info(p)->protocol) ? extensions_take(p) : p;
}

/* A packet for us, data at the IP header. */
static void deliver(struct packet *p)
{
	if (unlikely(ip6_is_extension(ip_info(p)->protocol))) {
		p = extensions_take(p);
		if (!p)
			return;
	}
	p->transport = (u16)(p->network + ip_info(p)->header_length);
	packet_pull(p, ip_info(p)->header_length);
	ip6_count(IP6_IN_DELIVERS);
	if (likely(ip_deliver(p)))
		return;
	if (ip_info(p)->protocol != IP6_NONE) {
		ip6_count(IP6_IN_UNKNOWN_PROTOS);
		ip_send_unreachable(p, IP_PROTOCOL_UNREACHABLE);
	}
	packet_free(p);
}

static void count_in(const struct packet *p, enum route_kind kind)
{
	ip6_count_n(IP6_IN_OCTETS, p->length);
	if (kind == ROUTE_MULTICAST) {
		ip6_count(IP6_IN_MCAST_PKTS);
		ip6_count_n(IP6_IN_MCAST_OCTETS, p->length);
	}
}

void ip6_receive(struct packet *p)
{
	const struct ip6_header *h;
	enum route_kind kind;

	ip6_count(IP6_IN_RECEIVES);
	if (unlikely(p->kind == PKT_OTHERHOST || !ip6_is_on(ip6_if(p->nif))))
		goto drop;
	p->network = packet_offset(p);
	if (unlikely(!header_take(p))) {
		ip6_count(IP6_IN_HDR_ERRORS);
		goto drop;
	}
	h = (const struct ip6_header *)p->data;
	if (unlikely(!addresses_ok(p, h))) {
		ip6_count(IP6_IN_ADDR_ERRORS);
		goto drop;
	}
	kind = kind_of(p, h);
	ip_info(p)->kind = (u8)kind;
	count_in(p, kind);
	/* What was spread on the link must not be for one machine. */
	if (unlikely((kind == ROUTE_LOCAL || kind == ROUTE_ANYCAST) && p->kind != PKT_HOST))
		goto drop;
	if (unlikely(kind == ROUTE_MULTICAST && !member(p, h)))
		goto drop;
	if (unlikely(kind == ROUTE_UNICAST))
		ip6_forward(p);
	else
		deliver(p);
	return;
drop:
	packet_free(p);
}

static struct netif_protocol protocol = { .protocol = ETH_P_IPV6, .receive = ip6_receive };

static const struct ip_version version = {
	.header_length = sizeof(struct ip6_header),
	.route = ip6_route,
	.send = ip6_send,
	.refuse = icmp6_refuse,
	.address_kind = ip6_address_kind,
	.hop_failed = icmp6_hop_failed,
	.wants_multicast = ip6_wants_multicast,
	.set_option = ip6_set_option,
	.get_option = ip6_get_option,
	.put_control = ip6_put_control,
	.get_control = ip6_get_control,
	.leave_all = ip6_leave_all,
};

void ip6_init(void)
{
	ip_version_register(true, &version);
	fib6_init();
	ip6_lifetime_init();
	ip6_reassembly_init();
	icmp6_init();
	nd_init();
	ip6_addr_init();
	ip6_ioctl_init();
	netif_protocol_register(&protocol);
}
