/*
 * Control data of IPv4 (ip(7)): what a receiver asked to be told of a packet, and what a sender
 * says about one.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"

static int put_pktinfo(struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct in_pktinfo answer = { .ipi_ifindex = (s32)info->nif,
				     .ipi_addr.s_addr = info->to.w[3] };
	struct netif *nif;

	/* Which address of ours it came to. */
	answer.ipi_spec_dst.s_addr = info->to.w[3];
	if (info->kind != ROUTE_LOCAL) {
		nif = netif_by_index(info->nif);
		rcu_read_lock();
		answer.ipi_spec_dst.s_addr =
			nif ? ip4_addr_select(nif, info->from.w[3], FIB_SCOPE_LINK) : 0;
		rcu_read_unlock();
		if (nif)
			netif_put(nif);
	}
	return msg_put_control(m, SOL_IP, IP_PKTINFO, &answer, sizeof(answer));
}

static int put_original(struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = info->to.w[3] };

	if (ip_has_ports(info->protocol) &&
	    p->transport + 4u <= packet_offset(p) + p->head)
		memcpy(&in.sin_port, (u8 *)packet_transport(p) + 2, 2);
	return msg_put_control(m, SOL_IP, IP_ORIGDSTADDR, &in, sizeof(in));
}

int ip4_put_control(struct inet_sock *i, struct msg *m, struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	u32 wanted = READ_ONCE(i->control_wanted);
	const u8 *options = (const u8 *)packet_network(p) + sizeof(struct ip4_header);
	int ttl = info->ttl, longest = info->fragment_size, err = 0;

	if (wanted & INET_WANT_PKTINFO)
		err = put_pktinfo(m, p);
	if (!err && wanted & INET_WANT_TTL)
		err = msg_put_control(m, SOL_IP, IP_TTL, &ttl, sizeof(ttl));
	if (!err && wanted & INET_WANT_TOS)
		err = msg_put_control(m, SOL_IP, IP_TOS, &info->tos, sizeof(info->tos));
	if (!err && wanted & INET_WANT_OPTIONS && info->options_length)
		err = msg_put_control(m, SOL_IP, IP_RECVOPTS, options, info->options_length);
	if (!err && wanted & INET_WANT_RETOPTS && info->options_length)
		err = msg_put_control(m, SOL_IP, IP_RETOPTS, options, info->options_length);
	if (!err && wanted & INET_WANT_ORIGINAL)
		err = put_original(m, p);
	if (!err && wanted & INET_WANT_FRAGSIZE && longest)
		err = msg_put_control(m, SOL_IP, IP_RECVFRAGSIZE, &longest, sizeof(longest));
	return err;
}

static int get_pktinfo(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	struct in_pktinfo info;

	if (cmsg_size(c) != sizeof(info))
		return -EINVAL;
	memcpy(&info, cmsg_data(c), sizeof(info));
	if (info.ipi_ifindex) {
		u32 bound = READ_ONCE(i->sock.bound_if);

		if (bound && bound != (u32)info.ipi_ifindex)
			return -EINVAL;
		to->flow.nif = (u32)info.ipi_ifindex;
	}
	if (info.ipi_spec_dst.s_addr) {
		to->flow.from = ipaddr_4(info.ipi_spec_dst.s_addr);
		to->source_given = true;
	}
	return 0;
}

static int get_number(const struct abi_cmsghdr *c, int *out)
{
	if (cmsg_size(c) == sizeof(int))
		memcpy(out, cmsg_data(c), sizeof(int));
	else if (cmsg_size(c) == 1)
		*out = *(const u8 *)cmsg_data(c);
	else
		return -EINVAL;
	return 0;
}

int ip4_get_control(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to)
{
	u8 padded = 0;
	int v, err;

	switch (c->cmsg_type) {
	case IP_PKTINFO:
		return get_pktinfo(i, c, to);
	case IP_TTL:
		err = get_number(c, &v);
		if (err || v < 1 || v > 255)
			return -EINVAL;
		to->meta.ttl = (s16)v;
		return 0;
	case IP_TOS:
		err = get_number(c, &v);
		if (err || v < 0 || v > 255)
			return -EINVAL;
		to->meta.tos = (u8)v;
		return 0;
	case IP_RETOPTS:
		if (cmsg_size(c) > sizeof(to->options))
			return -EINVAL;
		memset(to->options, 0, sizeof(to->options));
		memcpy(to->options, cmsg_data(c), cmsg_size(c));
		to->meta.options = to->options;
		err = ip4_options_user(to->options, (u32)cmsg_size(c), &padded);
		to->meta.options_length = padded;
		return err;
	default:
		return -EINVAL;
	}
}
