/*
 * Sockets of AF_INET and AF_INET6: making them, their names, their routes.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"
#include "net/ip4/ip4.h"

static struct inet_type *types; /* I after boot: in order of registration */

void inet_type_register(struct inet_type *type)
{
	struct inet_type **at = &types;

	while (*at)
		at = &(*at)->next;
	type->next = NULL;
	*at = type;
}

static int create(u16 family, int type, int protocol, struct sock **out)
{
	bool type_known = false;

	if (protocol < 0 || protocol > 255)
		return -EINVAL;
	for (struct inet_type *t = types; t; t = t->next) {
		if (t->type != type)
			continue;
		type_known = true;
		if (t->protocol && protocol && t->protocol != protocol)
			continue;
		if (!t->protocol && !protocol)
			continue; /* raw sockets have no protocol of their own */
		return t->create(family, type, protocol ?: t->protocol, out);
	}
	return type_known ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
}

static struct sock_family family4 = { .family = AF_INET, .create = create };
static struct sock_family family6 = { .family = AF_INET6, .create = create };

void inet_sock_family_init(void)
{
	sock_family_register(&family4);
	sock_family_register(&family6);
}

void inet_sock_init(struct inet_sock *i)
{
	i->local = i->remote = i->source = i->sock.family == AF_INET ? IPADDR_ANY4 : IPADDR_ANY;
	i->ttl = i->multicast_ttl = -1;
	i->mtu_discover = READ_ONCE(ip4_settings.no_pmtu_disc) ? IP_PMTUDISC_DONT :
								  IP_PMTUDISC_WANT;
	i->multicast_loop = i->multicast_all = true;
	i->six.hops = i->six.multicast_hops = -1;
	i->six.mtu_discover = IPV6_PMTUDISC_WANT;
	i->six.multicast_loop = i->six.multicast_all = i->six.auto_label = true;
	spin_init(&i->errors_lock, RANK_NET_LEAF, "inet_errors");
	packet_queue_init(&i->errors);
}

void inet_sock_close(struct inet_sock *i)
{
	if (!READ_ONCE(i->memberships))
		return;
	netif_config_lock();
	for (unsigned v = 0; v < 2; v++)
		if (ip_versions[v])
			ip_versions[v]->leave_all(i);
	netif_config_unlock();
}

void inet_sock_fini(struct inet_sock *i)
{
	packet_queue_free(&i->errors);
	route_put(i->route);
	i->route = NULL;
}

int inet_address_in(struct sock *s, const struct sockaddr_storage *a, u32 length,
		    struct ipaddr *addr, u16 *port, u32 *scope)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	*scope = 0;
	if (length < sizeof(in->sin_family))
		return -EINVAL;
	/* A name of IPv4 means the mapped address to a socket of AF_INET6. */
	if (s->family == AF_INET || in->sin_family == AF_INET) {
		if (length < sizeof(*in))
			return -EINVAL;
		if (s->family != AF_INET && inet_sock(s)->only_6)
			return -ENETUNREACH;
		if (in->sin_family != AF_INET &&
		    (in->sin_family != AF_UNSPEC || in->sin_addr.s_addr))
			return -EAFNOSUPPORT;
		*addr = ipaddr_4(in->sin_addr.s_addr);
		*port = ntoh16(in->sin_port);
		return 0;
	}
	if (length < offsetof(struct sockaddr_in6, sin6_scope_id))
		return -EINVAL;
	if (in6->sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(addr, &in6->sin6_addr, sizeof(*addr));
	*port = ntoh16(in6->sin6_port);
	if (length >= sizeof(*in6) && ipaddr_link_local(addr))
		*scope = in6->sin6_scope_id;
	return ipaddr_is4(addr) && inet_sock(s)->only_6 ? -ENETUNREACH : 0;
}

int inet_address_out(struct sock *s, const struct ipaddr *addr, u16 port, u32 scope,
		     struct sockaddr_storage *a)
{
	struct sockaddr_in *in = (struct sockaddr_in *)a;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)a;

	if (s->family == AF_INET) {
		*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = hton16(port),
					    .sin_addr.s_addr = addr->w[3] };
		return sizeof(*in);
	}
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = hton16(port) };
	memcpy(&in6->sin6_addr, addr, sizeof(*addr));
	if (ipaddr_link_local(addr))
		in6->sin6_scope_id = scope;
	return sizeof(*in6);
}

int inet_name(struct sock *s, bool peer, struct sockaddr_storage *a)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr addr;
	u32 scope;
	u16 port;

	spin_lock(&s->lock);
	addr = peer ? i->remote : i->local;
	port = peer ? i->remote_port : i->local_port;
	scope = i->scope ?: READ_ONCE(s->bound_if);
	spin_unlock(&s->lock);
	if (peer && (ipaddr_any(&addr) || (!port && !i->is_raw)))
		return -ENOTCONN;
	if (i->is_raw)
		port = 0;
	return inet_address_out(s, &addr, port, scope, a);
}

int inet_bind_check(struct inet_sock *i, const struct ipaddr *local, u32 scope)
{
	const struct ip_version *version = ip_version_of(local);
	u32 nif = READ_ONCE(i->sock.bound_if);

	if (ipaddr_any(local))
		return 0;
	if (scope && nif && scope != nif)
		return -EINVAL;
	if (ipaddr_link_local(local) && !scope && !nif)
		return -EINVAL; /* RFC 4007, 6: whose link? */
	if (!version)
		return -EADDRNOTAVAIL;
	if (i->free_bind || i->any_source || READ_ONCE(ip4_settings.nonlocal_bind) ||
	    version->address_kind(local, scope ?: nif) != ROUTE_UNICAST)
		return 0;
	return -EADDRNOTAVAIL;
}

void inet_sock_flow(const struct inet_sock *i, struct flow *f)
{
	const struct sock *s = &i->sock;

	*f = (struct flow){
		.to = i->remote, .from = i->local, .nif = READ_ONCE(s->bound_if) ?: i->scope,
		.mark = READ_ONCE(s->mark), .protocol = (u8)s->protocol, .tos = i->tos,
		.dont_route = READ_ONCE(s->flags) & SOCK_DONTROUTE,
		.any_source = i->any_source || i->free_bind,
		.from_port = hton16(i->local_port), .to_port = hton16(i->remote_port),
	};
	if (ipaddr_any(&f->from) || i->bound_to_many)
		f->from = ipaddr_is4(&f->to) ? IPADDR_ANY4 : IPADDR_ANY;
}

struct route *inet_sock_route(struct inet_sock *i, int *err)
{
	struct route *r = i->route;
	struct flow f;

	if (likely(r && route_valid(r) && ipaddr_equal(&r->to, &i->remote) &&
		   (!r->mtu_until || clock_monotonic() < r->mtu_until))) {
		*err = 0;
		return r;
	}
	i->route = NULL;
	route_put(r);
	inet_sock_flow(i, &f);
	*err = route_output(&f, &r);
	if (*err)
		return NULL;
	i->route = r;
	return r;
}

u32 inet_datagram_poll(struct sock *s)
{
	u32 events = sock_datagram_poll(s);

	if (unlikely(READ_ONCE(inet_sock(s)->errors.first)))
		events |= inet_error_events(inet_sock(s));
	return events;
}

long inet_datagram_ioctl(struct sock *s, u32 request, u64 arg)
{
	s32 n = 0;

	switch (request) {
	case SIOCINQ: /* the next datagram's length, which may be 0 */
		spin_lock(&s->lock);
		n = s->receive.first ? (s32)s->receive.first->length : 0;
		spin_unlock(&s->lock);
		break;
	case SIOCOUTQ:
		n = (s32)READ_ONCE(s->send_used);
		break;
	default:
		return -ENOTTY;
	}
	return copy_out_obj((s32 __user *)arg, &n) ? -EFAULT : 0;
}
