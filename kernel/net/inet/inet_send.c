/*
 * What datagrams and raw packets have in common on their way out: whom to, with what settings, by
 * which route.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/net_tstamp.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"

/* The destination: of the message, or the peer. */
static int destination(struct inet_sock *i, struct msg *m, struct inet_send *to)
{
	struct sock *s = &i->sock;
	u32 scope = 0;
	int err;

	if (!m->name_length) {
		if (ipaddr_any(&i->remote) && !i->remote_port)
			return -EDESTADDRREQ;
		to->flow.to = i->remote;
		to->to_port = i->remote_port;
		return 0;
	}
	err = inet_address_in(s, &m->name, m->name_length, &to->flow.to, &to->to_port, &scope);
	if (err)
		return err;
	if (scope) {
		if (to->flow.nif && to->flow.nif != scope)
			return -EINVAL;
		to->flow.nif = scope;
	}
	/* "Any" is this machine (RFC 1122, 3.2.1.3, as BSD has it). */
	if (ipaddr_any(&to->flow.to))
		to->flow.to = s->family == AF_INET || ipaddr_is4(&to->flow.to) ?
			      ipaddr_4(hton32(0x7f000001)) :
			      (struct ipaddr){ .w = { 0, 0, 0, hton32(1) } };
	return 0;
}

static int udp_control(const struct abi_cmsghdr *c, struct inet_send *to)
{
	if (c->cmsg_type != UDP_SEGMENT || cmsg_size(c) != sizeof(to->segment))
		return -EINVAL;
	memcpy(&to->segment, cmsg_data(c), sizeof(to->segment));
	return 0;
}

/* Rights and credentials are for AF_UNIX; here nobody gets them, and nobody minds (cmsg(3)). */
static int socket_control(const struct abi_cmsghdr *c, struct inet_send *to)
{
	if (c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS)
		return 0;
	if (c->cmsg_type == SO_TIMESTAMPING_OLD || c->cmsg_type == SO_TIMESTAMPING_NEW)
		return sock_stamp_control(c, &to->stamping);
	if (c->cmsg_type != SO_MARK || cmsg_size(c) != sizeof(to->flow.mark))
		return -EINVAL;
	if (!sock_capable(CAP_NET_ADMIN) && !sock_capable(CAP_NET_RAW))
		return -EPERM;
	memcpy(&to->flow.mark, cmsg_data(c), sizeof(to->flow.mark));
	return 0;
}

static int control(struct inet_sock *i, struct msg *m, struct inet_send *to)
{
	const struct abi_cmsghdr *c = NULL;
	bool six = i->sock.family == AF_INET6;
	int err = 0;

	while (!err && (c = msg_control_next(m, c))) {
		if (c->cmsg_level == SOL_IP && ip_versions[0])
			err = ip_versions[0]->get_control(i, c, to);
		else if (c->cmsg_level == SOL_IPV6 && six && ip_versions[1])
			err = ip_versions[1]->get_control(i, c, to);
		else if (c->cmsg_level == SOL_UDP && i->sock.protocol == IPPROTO_UDP)
			err = udp_control(c, to);
		else if (c->cmsg_level == SOL_SOCKET)
			err = socket_control(c, to);
	}
	return err;
}

/* Groups go by the interface and from the address that the socket said for them. */
static void multicast(const struct inet_sock *i, struct inet_send *to)
{
	u32 nif = READ_ONCE(i->multicast_nif);
	be32 from = READ_ONCE(i->multicast_from);

	if (!to->flow.nif && nif) {
		to->flow.nif = nif;
		to->flow.multicast_nif = true;
	}
	if (ipaddr_is4(&to->flow.to) && ipaddr_any(&to->flow.from) && from)
		to->flow.from = ipaddr_4(from);
	if (to->meta.ttl == i->ttl)
		to->meta.ttl = READ_ONCE(i->multicast_ttl);
	to->meta.no_loop = !READ_ONCE(i->multicast_loop);
}

int inet_send_begin(struct inet_sock *i, struct msg *m, struct inet_send *to)
{
	u8 discover = READ_ONCE(i->mtu_discover);
	bool four;
	int err;

	inet_sock_flow(i, &to->flow);
	to->segment = 0;
	to->source_given = false;
	to->stamps = 0;
	to->stamping = READ_ONCE(i->sock.stamping) & SOF_TIMESTAMPING_TX_RECORD_MASK;
	to->meta = (struct ip_meta){
		.protocol = (u8)i->sock.protocol, .tos = READ_ONCE(i->tos),
		.ttl = READ_ONCE(i->ttl), .flow_label = READ_ONCE(i->flow_label),
		.dont_fragment = discover == IP_PMTUDISC_DO || discover == IP_PMTUDISC_PROBE,
		.ignore_mtu = discover == IP_PMTUDISC_PROBE ||
			      discover == IP_PMTUDISC_INTERFACE ||
			      discover == IP_PMTUDISC_OMIT,
	};
	if (m->flags & MSG_DONTROUTE)
		to->flow.dont_route = true;
	err = destination(i, m, to);
	if (!err && unlikely(m->control_length))
		err = control(i, m, to);
	if (err)
		return err;
	four = ipaddr_is4(&to->flow.to);
	if (!four && i->sock.family == AF_INET)
		return -EAFNOSUPPORT;
	if (ipaddr_any(&to->flow.from))
		to->flow.from = four ? IPADDR_ANY4 : IPADDR_ANY;
	else if (ipaddr_is4(&to->flow.from) != four)
		return -ENETUNREACH;
	to->flow.to_port = hton16(to->to_port);
	if (four && i->options_length && !to->meta.options) {
		memcpy(to->options, i->options, sizeof(to->options));
		to->meta.options = to->options;
		to->meta.options_length = i->options_length;
	}
	if (ipaddr_multicast(&to->flow.to))
		multicast(i, to);
	else if (four && !to->flow.nif)
		to->flow.nif = READ_ONCE(i->unicast_nif);
	if (unlikely(to->stamping))
		to->stamps = sock_stamps_of(&i->sock, to->stamping, &to->stamp_key);
	return 0;
}

/* Whether the route that is kept leads where a packet goes. */
static bool fits(const struct route *r, const struct flow *f)
{
	return route_valid(r) && ipaddr_equal(&r->to, &f->to) && r->asked_nif == f->nif &&
	       ipaddr_equal(&r->asked_from, &f->from) &&
	       r->asked_flags == (u8)(f->dont_route | f->multicast_nif << 1 | f->any_source << 2) &&
	       (!r->mtu_until || clock_monotonic() < r->mtu_until);
}

struct route *inet_send_route(struct inet_sock *i, struct inet_send *to, int *err)
{
	struct route *r = i->route;

	*err = 0;
	if (unlikely(!r || !fits(r, &to->flow))) {
		i->route = NULL;
		route_put(r);
		*err = route_output(&to->flow, &r);
		if (*err)
			return NULL;
		i->route = r;
	}
	if (unlikely(r->kind == ROUTE_BROADCAST) && !(READ_ONCE(i->sock.flags) & SOCK_BROADCAST)) {
		*err = -EACCES;
		return NULL;
	}
	return r;
}
