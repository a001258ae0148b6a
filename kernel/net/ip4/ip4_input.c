/*
 * IPv4 input (RFC 791; RFC 1122, 3.2.1): is the header sound, may the packet be here, is it for us?
 * Then it is put together if it came in pieces and handed to its transport; or forwarded.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"
#include "net/link/arp.h"

/* Checks the header and trims the packet to its length; fills in what is known of it. */
static bool header_take(struct packet *p)
{
	struct ip_info *info = ip_info(p);
	const struct ip4_header *h;
	u32 header, length;

	if (unlikely(!packet_want(p, sizeof(*h))))
		return false;
	header = ip4_header_bytes((const struct ip4_header *)p->data);
	if (unlikely(header > sizeof(*h)) && !packet_want(p, header))
		return false;
	if (ip4_header_check(p->data, p->head, p->length, &header, &length))
		return false;
	h = (const struct ip4_header *)p->data;
	if (p->length > length)
		packet_trim(p, length);
	*info = (struct ip_info){
		.from = ipaddr_4(h->from), .to = ipaddr_4(h->to), .nif = p->nif->index,
		.protocol = h->protocol, .ttl = h->ttl, .tos = h->tos,
		.options_length = (u8)(header - sizeof(*h)), .header_length = (u16)header,
	};
	return true;
}

/* Whether the source may send from there: no address of groups or broadcasts, none of this machine
 * on a wire, and if rp_filter says so, only where its own packets would go (RFC 3704). */
static bool source_ok(const struct packet *p, const struct ip4_header *h)
{
	const struct fib_entry *back;
	s32 filter;

	if (p->nif->flags & IFF_LOOPBACK)
		return true;
	if (ip4_is_multicast(h->from) || h->from == IP4_BROADCAST || ip4_is_loopback(h->from) ||
	    ip4_is_loopback(h->to))
		return false;
	if (!h->from) /* a host that does not know its address yet (RFC 1122, 3.2.1.3) */
		return h->to == IP4_BROADCAST || ip4_is_multicast(h->to);
	back = fib4_lookup(FIB_LOCAL_TABLE, h->from, 0);
	if (back) /* our own, unless it is a broadcast that was looped back */
		return back->type == FIB_LOCAL && p->kind != PKT_HOST;
	filter = ip4_conf_max(p->nif, IP4_RP_FILTER);
	if (likely(!filter))
		return true;
	back = fib4_lookup(FIB_MAIN, h->from, filter == 1 ? 0 : p->nif->index) ?:
	       fib4_lookup(FIB_MAIN, h->from, 0);
	return back && back->nif && (filter == 2 || back->nif == p->nif);
}

/* Options of a packet for us are filled in where they ask for it: false, and an ICMP error, if they
 * are wrong or want source routing. */
static bool options_take(struct packet *p)
{
	struct ip_info *info = ip_info(p);
	u8 *options = p->data + sizeof(struct ip4_header);
	struct ip4_options found;

	if (!ip4_options_parse(options, info->options_length, &found)) {
		icmp4_send(p, ICMP4_PARAMETER, 0, (u32)found.bad << 24);
		return false;
	}
	if (found.source_route) {
		icmp4_send(p, ICMP4_UNREACHABLE, ICMP4_SOURCE_ROUTE, 0);
		return false;
	}
	if (!(found.record || found.timestamp) || info->kind != ROUTE_LOCAL)
		return true;
	if (packet_own_head(p, 0))
		return false;
	ip4_options_fill(p->data + sizeof(struct ip4_header), &found, info->to.w[3],
			 ip4_ms_of_day());
	ip4_header_sum((struct ip4_header *)p->data);
	return true;
}

/* A packet for us, data at the IP header. */
static void deliver(struct packet *p)
{
	struct ip_info *info = ip_info(p);
	const struct ip4_header *h = (const struct ip4_header *)p->data;

	p->transport = (u16)(p->network + info->header_length);
	if (unlikely(h->fragment & hton16(IP4_MF | IP4_OFFSET))) {
		packet_pull(p, info->header_length);
		p = ip4_reassemble(p);
		if (!p)
			return;
	} else {
		packet_pull(p, info->header_length);
	}
	inet_count(IPV4_IN_DELIVERS);
	if (likely(ip_deliver(p)))
		return;
	inet_count(IPV4_IN_UNKNOWN_PROTOS);
	ip_send_unreachable(p, IP_PROTOCOL_UNREACHABLE);
	packet_free(p);
}

/* Whether packets to a group are wanted here at all. */
static bool member(const struct packet *p, const struct ip4_header *h)
{
	return h->to == IP4_ALL_HOSTS || p->nif->flags & IFF_LOOPBACK ||
	       igmp_is_member(p->nif, h->to);
}

static void count_in(const struct packet *p, enum route_kind kind)
{
	inet_count_n(IPEXT_IN_OCTETS, p->length);
	if (kind == ROUTE_MULTICAST)
		inet_count(IPEXT_IN_MCAST_PKTS);
	else if (kind == ROUTE_BROADCAST)
		inet_count(IPEXT_IN_BCAST_PKTS);
}

void ip4_receive(struct packet *p)
{
	const struct ip4_header *h;
	struct ip_info *info = ip_info(p);
	enum route_kind kind;

	inet_count(IPV4_IN_RECEIVES);
	if (unlikely(p->kind == PKT_OTHERHOST))
		goto drop;
	p->network = packet_offset(p);
	if (unlikely(!header_take(p))) {
		inet_count(IPV4_IN_HDR_ERRORS);
		goto drop;
	}
	h = (const struct ip4_header *)p->data;
	if (unlikely(!source_ok(p, h))) {
		inet_count(IPV4_IN_ADDR_ERRORS);
		goto drop;
	}
	kind = ip4_route_kind(fib4_kind(h->to));
	info->kind = (u8)kind;
	count_in(p, kind);
	/* What was spread on the link must not be for one machine (RFC 1122, 3.3.6). */
	if (unlikely(kind == ROUTE_LOCAL && p->kind != PKT_HOST))
		goto drop;
	if (unlikely(kind == ROUTE_MULTICAST && !member(p, h)))
		goto drop;
	if (unlikely(info->options_length) && !options_take(p)) {
		inet_count(IPV4_IN_HDR_ERRORS);
		goto drop;
	}
	if (unlikely(kind == ROUTE_UNICAST))
		ip4_forward(p);
	else
		deliver(p);
	return;
drop:
	packet_free(p);
}

static struct netif_protocol protocol = { .protocol = ETH_P_IP, .receive = ip4_receive };

static const struct ip_version version = {
	.header_length = sizeof(struct ip4_header),
	.route = ip4_route,
	.send = ip4_send,
	.refuse = icmp4_refuse,
	.address_kind = ip4_address_kind,
	.wants_multicast = ip4_wants_multicast,
	.hop_failed = icmp4_hop_failed,
	.set_option = ip4_set_option,
	.get_option = ip4_get_option,
	.put_control = ip4_put_control,
	.get_control = ip4_get_control,
	.leave_all = ip4_leave_all,
};

struct ip4_settings ip4_settings = {
	.default_ttl = 64, .echo_ignore_broadcasts = 1, .icmp_rate = 1000, .icmp_burst = 50,
	.icmp_ratelimit = 1000, .icmp_ratemask = 6168, .frag_time = 30,
	.frag_high = 4 << 20, .frag_low = 3 << 20, .max_memberships = 20, .max_msf = 10,
	.igmp_qrv = 2, .unprivileged_port_start = 1024, .ping_low = 1, .ping_high = 0,
};

void ip4_init(void)
{
	ip_version_register(false, &version);
	fib4_init();
	igmp_init();
	ip4_addr_init();
	ip4_reassembly_init();
	icmp_init();
	arp_init();
	ip4_ioctl_init();
	netif_protocol_register(&protocol);
}
