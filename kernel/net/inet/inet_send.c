/*
 * What datagrams and raw packets have in common on their way out: whom to, with what settings, by
 * which route.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "abi/net_tstamp.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"
#include "net/ip6/ip6_headers.h"
#include "net/ip6/ip6_int.h"

/* The destination: of the message, or the peer. */
static int destination(struct inet_sock *i, struct msg *m, struct inet_send *to)
{
	struct sock *s = &i->sock;
	struct ipaddr dest;
	u32 scope = 0;
	be32 flow;
	int err;

	if (!m->name_length || (s->family == AF_INET6 && m->name.ss_family == AF_UNSPEC)) {
		if (ipaddr_any(&i->remote) && !i->remote_port)
			return -EDESTADDRREQ;
		to->to_port = i->remote_port;
		inet_sock_flow(i, &i->remote, &to->flow);
		inet_sock_meta(i, &to->flow.to, &to->meta);
		return 0;
	}
	err = inet_address_in(s, &m->name, m->name_length, &dest, &to->to_port, &scope);
	if (err)
		return err;
	if (ipaddr_any(&dest))
		dest = inet_this_machine(&dest);
	inet_sock_flow(i, &dest, &to->flow);
	if (scope) {
		u32 bound = READ_ONCE(s->bound_if);

		if (bound && bound != scope)
			return -EINVAL;
		to->flow.nif = scope;
	}
	inet_sock_meta(i, &to->flow.to, &to->meta);
	flow = inet_address_flow(s, &m->name, m->name_length);
	if (flow) {
		to->meta.tos = (u8)(ntoh32(flow) >> 20);
		to->meta.flow_label = flow & hton32(0xfffff);
	}
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
	bool four = ipaddr_is4(&to->flow.to);
	int err = 0;

	while (!err && (c = msg_control_next(m, c))) {
		if (c->cmsg_level == SOL_IP && four)
			err = ip_versions[0]->get_control(i, c, to);
		else if (c->cmsg_level == SOL_IPV6 && i->sock.family == AF_INET6 &&
			 (!four || c->cmsg_type == IPV6_PKTINFO))
			err = ip6_get_control(i, c, to);
		else if (c->cmsg_level == SOL_UDP && (i->sock.protocol == IPPROTO_UDP ||
						   i->sock.protocol == IPPROTO_UDPLITE))
			err = udp_control(c, to);
		else if (c->cmsg_level == SOL_SOCKET)
			err = socket_control(c, to);
	}
	return err;
}

/* Groups go by the interface and from the address that the socket said for them. */
static void multicast_six(const struct inet_sock *i, struct inet_send *to)
{
	u32 nif = READ_ONCE(i->six.multicast_nif);

	if (!to->flow.nif && nif) {
		to->flow.nif = nif;
		to->flow.multicast_nif = true;
	}
	if (!to->hops_given)
		to->meta.ttl = READ_ONCE(i->six.multicast_hops);
	to->meta.no_loop = !READ_ONCE(i->six.multicast_loop);
}

static void multicast(const struct inet_sock *i, struct inet_send *to)
{
	u32 nif = READ_ONCE(i->multicast_nif);
	be32 from = READ_ONCE(i->multicast_from);

	if (!to->flow.nif && nif) {
		to->flow.nif = nif;
		to->flow.multicast_nif = true;
	}
	if (ipaddr_any(&to->flow.from) && from)
		to->flow.from = ipaddr_4(from);
	if (to->meta.ttl == i->ttl)
		to->meta.ttl = READ_ONCE(i->multicast_ttl);
	to->meta.no_loop = !READ_ONCE(i->multicast_loop);
}

int inet_send_begin(struct inet_sock *i, struct msg *m, struct inet_send *to)
{
	bool four;
	int err;

	to->segment = 0;
	to->source_given = to->hops_given = false;
	to->stamps = 0;
	to->stamping = READ_ONCE(i->sock.stamping) & SOF_TIMESTAMPING_TX_RECORD_MASK;
	to->headers = NULL;
	err = destination(i, m, to);
	if (m->flags & MSG_DONTROUTE)
		to->flow.dont_route = true;
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
	if (unlikely(!four)) {
		to->flow.tos = to->meta.tos;
		if (ipaddr_multicast(&to->flow.to))
			multicast_six(i, to);
	} else if (ipaddr_multicast(&to->flow.to)) {
		multicast(i, to);
	} else if (!to->flow.nif) {
		to->flow.nif = READ_ONCE(i->unicast_nif);
	}
	if (unlikely(to->stamping))
		to->stamps = sock_stamps_of(&i->sock, to->stamping, &to->stamp_key);
	return 0;
}

void inet_send_end(struct inet_send *to)
{
	if (unlikely(to->headers))
		ip6_headers_put(to->headers);
	to->headers = NULL;
}

void inet_send_too_long(struct inet_sock *i, const struct inet_send *to, u32 mtu)
{
	const struct ipaddr *dest = &to->flow.to;

	if (READ_ONCE(i->control_wanted) & INET_WANT_PATHMTU6 && !ipaddr_is4(dest)) {
		spin_lock(&i->sock.lock);
		i->six.path_to = *dest;
		i->six.path_mtu = mtu;
		spin_unlock(&i->sock.lock);
		sock_wake(&i->sock, POLLIN | POLLRDNORM);
	}
	inet_local_error(i, EMSGSIZE, dest, to->to_port, mtu);
}

/* Whether the route that is kept leads where a packet goes. */
static bool fits(const struct route *r, const struct flow *f)
{
	return route_valid(r) && ipaddr_equal(&r->to, &f->to) && r->asked_nif == f->nif &&
	       ipaddr_equal(&r->asked_from, &f->from) &&
	       r->asked_flags == flow_flags(f) &&
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
	/* Those of control data stand for all of the socket's own, which may have gone since the
	 * last datagram of the same sending. */
	if (unlikely(to->headers || i->six.headers) && !ipaddr_is4(&to->flow.to))
		ip6_headers_add(&to->meta, to->headers ?: i->six.headers);
	else if (unlikely(to->meta.options_length) && !ipaddr_is4(&to->flow.to))
		to->meta.options_length = 0;
	if (unlikely(r->kind == ROUTE_BROADCAST) && !(READ_ONCE(i->sock.flags) & SOCK_BROADCAST)) {
		*err = -EACCES;
		return NULL;
	}
	return r;
}
