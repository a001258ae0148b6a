/*
 * Control data of IPv6 (ipv6(7), RFC 3542): what a receiver asked to be told of a packet, and what
 * a sender says about one. The forms of RFC 2292 differ in their numbers only.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "lib/string.h"
#include "net/ip6/ip6_headers.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/ip6_label.h"

/* Puts the same data in by the one name, the other, or both. */
static int put(struct msg *m, u32 wanted, u32 want, int type, u32 want_2292, int type_2292,
	       const void *data, size_t n)
{
	int err = 0;

	if (wanted & want)
		err = msg_put_control(m, SOL_IPV6, type, data, n);
	if (!err && wanted & want_2292)
		err = msg_put_control(m, SOL_IPV6, type_2292, data, n);
	return err;
}

int ip6_put_pktinfo(struct inet_sock *i, struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct in6_pktinfo answer = { .ipi6_ifindex = (s32)info->nif };

	memcpy(&answer.ipi6_addr, &info->to, sizeof(answer.ipi6_addr));
	return put(m, READ_ONCE(i->control_wanted), INET_WANT_PKTINFO6, IPV6_PKTINFO,
		   INET_WANT_PKTINFO6_2292, IPV6_2292PKTINFO, &answer, sizeof(answer));
}

/* One extension header of a received packet, which is whole: ip6_chain_read() went over it. */
static int put_header(struct msg *m, u32 wanted, u32 want, int type, u32 want_2292, int type_2292,
		      const u8 *at)
{
	return put(m, wanted, want, type, want_2292, type_2292, at, (at[1] + 1u) * 8);
}

/* Hop-by-hop options, then every destination and routing header, as they came. */
static int put_headers(struct msg *m, u32 wanted, struct packet *p)
{
	const u8 *ip = packet_network(p), *at = ip + sizeof(struct ip6_header);
	const u8 *end = ip + (p->transport - p->network);
	u8 next = ((const struct ip6_header *)ip)->next;
	int err = 0;

	while (!err && end - at >= 8) {
		u32 n = next == IP6_FRAGMENT ? 8 : (at[1] + 1u) * 8;

		if (n > (u32)(end - at))
			break;
		if (next == IP6_HOP_BY_HOP)
			err = put_header(m, wanted, INET_WANT_HOPOPTS6, IPV6_HOPOPTS,
					 INET_WANT_HOPOPTS6_2292, IPV6_2292HOPOPTS, at);
		else if (next == IP6_DESTINATION)
			err = put_header(m, wanted, INET_WANT_DSTOPTS6, IPV6_DSTOPTS,
					 INET_WANT_DSTOPTS6_2292, IPV6_2292DSTOPTS, at);
		else if (next == IP6_ROUTING)
			err = put_header(m, wanted, INET_WANT_RTHDR6, IPV6_RTHDR,
					 INET_WANT_RTHDR6_2292, IPV6_2292RTHDR, at);
		else if (next != IP6_FRAGMENT)
			break;
		next = at[0];
		at += n;
	}
	return err;
}

static int put_original(struct inet_sock *i, struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct sockaddr_storage name;
	u16 port = 0;
	int n;

	if (ip_has_ports(info->protocol) &&
	    p->transport + 4u <= packet_offset(p) + p->head)
		memcpy(&port, (u8 *)packet_transport(p) + 2, 2);
	n = inet_address_out(&i->sock, &info->to, ntoh16(port), info->nif, &name);
	return msg_put_control(m, SOL_IPV6, IPV6_ORIGDSTADDR, &name, (size_t)n);
}

int ip6_put_control(struct inet_sock *i, struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	const struct ip6_header *h = packet_network(p);
	u32 wanted = READ_ONCE(i->control_wanted);
	be32 flow = h->version_class_flow & hton32(0x0fffffff);
	int hops = info->ttl, class = info->tos, longest = info->fragment_size, err;

	err = put(m, wanted, INET_WANT_HOPLIMIT6, IPV6_HOPLIMIT, INET_WANT_HOPLIMIT6_2292,
		  IPV6_2292HOPLIMIT, &hops, sizeof(hops));
	if (!err && wanted & INET_WANT_TCLASS6)
		err = msg_put_control(m, SOL_IPV6, IPV6_TCLASS, &class, sizeof(class));
	if (!err && wanted & INET_WANT_FLOW6 && flow)
		err = msg_put_control(m, SOL_IPV6, IPV6_FLOWINFO, &flow, sizeof(flow));
	if (!err && wanted & (INET_WANT_HOPOPTS6 | INET_WANT_DSTOPTS6 | INET_WANT_RTHDR6 |
			      INET_WANT_HOPOPTS6_2292 | INET_WANT_DSTOPTS6_2292 |
			      INET_WANT_RTHDR6_2292))
		err = put_headers(m, wanted, p);
	if (!err && wanted & INET_WANT_ORIGINAL6)
		err = put_original(i, m, p);
	if (!err && wanted & INET_WANT_FRAGSIZE6 && longest)
		err = msg_put_control(m, SOL_IPV6, IPV6_RECVFRAGSIZE, &longest, sizeof(longest));
	return err;
}

/* Sending ------------------------------------------------------------------------------------- */

static int get_pktinfo(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	struct in6_pktinfo info;
	struct ipaddr from;

	if (cmsg_size(c) < sizeof(info))
		return -EINVAL;
	memcpy(&info, cmsg_data(c), sizeof(info));
	memcpy(&from, &info.ipi6_addr, sizeof(from));
	if (info.ipi6_ifindex) {
		u32 bound = READ_ONCE(i->sock.bound_if);

		if ((bound && bound != (u32)info.ipi6_ifindex) ||
		    (to->flow.nif && to->flow.nif != (u32)info.ipi6_ifindex))
			return -EINVAL;
		to->flow.nif = (u32)info.ipi6_ifindex;
	}
	if (ipaddr_any(&from))
		return 0;
	if (ipaddr_is4(&from) != ipaddr_is4(&to->flow.to) ||
	    inet_bind_check(i, &from, to->flow.nif))
		return -EINVAL;
	to->flow.from = from;
	to->source_given = true;
	return 0;
}

static int get_number(const struct abi_cmsghdr *c, int low, int high, int *out)
{
	if (cmsg_size(c) != sizeof(*out))
		return -EINVAL;
	memcpy(out, cmsg_data(c), sizeof(*out));
	return *out < low || *out > high ? -EINVAL : 0;
}

static int get_flow(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	be32 flow;

	if (cmsg_size(c) < sizeof(flow))
		return -EINVAL;
	memcpy(&flow, cmsg_data(c), sizeof(flow));
	if (unlikely(!ip6_label_may_send(i, flow)))
		return -EINVAL;
	to->meta.tos = (u8)(ntoh32(flow) >> 20);
	to->meta.flow_label = flow & hton32(0xfffff);
	return 0;
}

/* A header for this packet alone; destination options come once. */
static int get_header(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	enum ip6_part part = (enum ip6_part)ip6_part_of(c->cmsg_type);
	struct ip6_headers *before = to->headers, *now;
	u32 there;
	int err;

	if (!sock_capable(CAP_NET_RAW))
		return -EPERM;
	ip6_headers_part(before, part, &there);
	if (there || cmsg_size(c) > 8 * 256 || cmsg_size(c) < 8)
		return -EINVAL;
	err = ip6_headers_make(before, part, cmsg_data(c), (u32)cmsg_size(c) & ~7u,
			       (u8)i->sock.protocol, &now);
	if (err)
		return err;
	ip6_headers_put(before);
	to->headers = now;
	return 0;
}

int ip6_get_control(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	int v, err;

	switch (c->cmsg_type) {
	case IPV6_PKTINFO:
	case IPV6_2292PKTINFO:
		return get_pktinfo(i, c, to);
	case IPV6_FLOWINFO:
		return get_flow(i, c, to);
	case IPV6_HOPLIMIT:
	case IPV6_2292HOPLIMIT:
		err = get_number(c, -1, 255, &v);
		if (!err) {
			to->meta.ttl = (s16)v;
			to->hops_given = v >= 0;
		}
		return err;
	case IPV6_TCLASS:
		err = get_number(c, -1, 255, &v);
		if (!err && v >= 0)
			to->meta.tos = (u8)v;
		return err;
	case IPV6_DONTFRAG:
		err = get_number(c, 0, 1, &v);
		if (!err)
			to->meta.dont_fragment = v;
		return err;
	case IPV6_HOPOPTS:
	case IPV6_2292HOPOPTS:
	case IPV6_DSTOPTS:
	case IPV6_2292DSTOPTS:
	case IPV6_RTHDRDSTOPTS:
		return get_header(i, c, to);
	default:
		return -EINVAL;
	}
}
