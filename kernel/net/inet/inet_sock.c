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
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"
#include "net/ip4/ip4.h"
#include "net/ip6/ip6_headers.h"
#include "net/ip6/ip6_label.h"

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
	i->local = i->remote = i->source = inet_any(i);
	i->ttl = i->multicast_ttl = -1;
	i->mtu_discover = READ_ONCE(ip4_settings.no_pmtu_disc) ? IP_PMTUDISC_DONT :
								  IP_PMTUDISC_WANT;
	i->multicast_loop = i->multicast_all = true;
	i->six.hops = i->six.multicast_hops = -1;
	i->six.mtu_discover = IPV6_PMTUDISC_WANT;
	i->six.multicast_loop = i->six.multicast_all = i->six.auto_label = true;
	spin_init(&i->errors_lock, RANK_NET_LEAF, "inet_errors");
	i->only_6 = i->sock.family == AF_INET6 && READ_ONCE(ip6_settings.bindv6only);
	packet_queue_init(&i->errors);
}

void inet_sock_close(struct inet_sock *i)
{
	if (!READ_ONCE(i->memberships) && !READ_ONCE(i->anycast))
		return;
	netif_config_lock();
	for (unsigned v = 0; v < 2; v++)
		if (ip_versions[v])
			ip_versions[v]->leave_all(i);
	netif_config_unlock();
}

void inet_sock_fini(struct inet_sock *i)
{
	packet_queue_free(&i->sock.receive);
	packet_queue_free(&i->errors);
	route_put(i->route);
	i->route = NULL;
	ip6_headers_put(i->six.headers);
	i->six.headers = NULL;
	if (unlikely(i->labels))
		ip6_label_put_all(i);
}

/* Whether it may not speak IPv4. */
static bool only_six(const struct inet_sock *i)
{
	return i->only_6 || i->no_mapped;
}

int inet_address_in(struct sock *s, const struct sockaddr_storage *a, u32 length,
		    struct ipaddr *addr, u16 *port, u32 *scope)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	*scope = 0;
	if (length < sizeof(in->sin_family))
		return -EINVAL;
	/* A name of IPv4 means the mapped address to a datagram socket of AF_INET6. */
	if (s->family == AF_INET || (in->sin_family == AF_INET && s->type != SOCK_STREAM)) {
		if (length < sizeof(*in))
			return -EINVAL;
		if (s->family != AF_INET && only_six(inet_sock(s)))
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
	if (length >= sizeof(*in6) && inet_needs_scope(addr))
		*scope = in6->sin6_scope_id;
	if (unlikely(!ip6_label_may_send(inet_sock(s), inet_address_flow(s, a, length))))
		return -EINVAL;
	return ipaddr_is4(addr) && only_six(inet_sock(s)) ? -ENETUNREACH : 0;
}

be32 inet_address_flow(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	if (length < offsetof(struct sockaddr_in6, sin6_scope_id) || s->family != AF_INET6 ||
	    in6->sin6_family != AF_INET6 || !READ_ONCE(inet_sock(s)->six.send_flow))
		return 0;
	return in6->sin6_flowinfo & hton32(0x0fffffff);
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
	if (inet_needs_scope(addr))
		in6->sin6_scope_id = scope;
	return sizeof(*in6);
}

int inet_name(struct sock *s, bool peer, struct sockaddr_storage *a)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr addr;
	be32 flow = 0;
	u32 scope;
	u16 port;
	int n;

	spin_lock(&s->lock);
	if (peer && i->six.send_flow)
		flow = i->six.flow;
	addr = peer ? i->remote : i->local;
	port = peer ? i->remote_port : i->local_port;
	scope = i->scope ?: READ_ONCE(s->bound_if);
	spin_unlock(&s->lock);
	if (peer && (ipaddr_any(&addr) || (!port && !i->is_raw)))
		return -ENOTCONN;
	if (i->is_raw)
		port = 0;
	n = inet_address_out(s, &addr, port, scope, a);
	if (s->family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_flowinfo = flow;
	return n;
}

int inet_bind_check(struct inet_sock *i, const struct ipaddr *local, u32 scope)
{
	const struct ip_version *version = ip_version_of(local);
	u32 nif = READ_ONCE(i->sock.bound_if);
	s32 any;

	if (ipaddr_any(local))
		return 0;
	if (scope && nif && scope != nif)
		return -EINVAL;
	if (ipaddr_link_local(local) && !scope && !nif)
		return -EINVAL; /* RFC 4007, 6: whose link? */
	if (!version)
		return -EADDRNOTAVAIL;
	any = ipaddr_is4(local) ? READ_ONCE(ip4_settings.nonlocal_bind) :
				  READ_ONCE(ip6_settings.ip_nonlocal_bind);
	if (i->free_bind || i->any_source || any ||
	    version->address_kind(local, scope ?: nif) != ROUTE_UNICAST)
		return 0;
	return -EADDRNOTAVAIL;
}

int inet_bind_address(struct inet_sock *i, const struct sockaddr_storage *a, u32 length,
		      struct ipaddr *local, u16 *port, u32 *scope)
{
	int err;

	if (i->sock.family == AF_INET6 && a->ss_family != AF_INET6)
		return length < offsetof(struct sockaddr_in6, sin6_scope_id) ? -EINVAL :
									       -EAFNOSUPPORT;
	err = inet_address_in(&i->sock, a, length, local, port, scope);
	if (err == -ABI_ENETUNREACH)
		return i->only_6 ? -EINVAL : -EADDRNOTAVAIL;
	return err ?: inet_bind_check(i, local, *scope);
}

/* What IPV6_PKTINFO and IPV6_UNICAST_IF add to a flow of IPv6. */
static void flow_six(const struct inet_sock *i, struct flow *f)
{
	if (!f->nif)
		f->nif = i->six.source_nif;
	if (!f->nif && !ipaddr_multicast(&f->to))
		f->nif = READ_ONCE(i->six.unicast_nif);
	if (ipaddr_any(&f->from) && !ipaddr_any(&i->six.source) && !ipaddr_is4(&i->six.source))
		f->from = i->six.source;
}

void inet_sock_flow(const struct inet_sock *i, const struct ipaddr *to, struct flow *f)
{
	const struct sock *s = &i->sock;

	*f = (struct flow){
		.to = *to, .from = i->local, .nif = READ_ONCE(s->bound_if) ?: i->scope,
		.mark = READ_ONCE(s->mark), .protocol = (u8)s->protocol, .tos = i->tos,
		.dont_route = READ_ONCE(s->flags) & SOCK_DONTROUTE,
		/* What was bound freely is received; IPv4 sends by its own addresses alone. */
		.any_source = i->any_source || (i->free_bind && !ipaddr_is4(to)),
		.from_port = hton16(i->local_port),
	};
	if (ipaddr_any(&f->from) || i->bound_to_many)
		f->from = ipaddr_is4(&f->to) ? IPADDR_ANY4 : IPADDR_ANY;
	if (unlikely(!ipaddr_is4(&f->to))) {
		f->tos = READ_ONCE(i->six.class);
		f->prefer = READ_ONCE(i->six.prefer) & IP6_PREFERENCES;
		flow_six(i, f);
	}
}

/* One label for all packets of a flow, that tells nothing else (RFC 6437, 3). */
static be32 label_of(const struct inet_sock *i, const struct ipaddr *to)
{
	static u64 seed; /* a: 0 until first used */
	u64 key = READ_ONCE(seed), h;

	if (unlikely(!key)) {
		key = random_u64() | 1;
		WRITE_ONCE(seed, key);
	}
	h = hash_mix(key ^ to->d[0], to->d[1]);
	h = hash_mix(h ^ i->source.d[1], (u64)i->local_port << 24 | (u64)i->remote_port << 8 |
		     (u8)i->sock.protocol);
	return hton32((u32)(h >> 40) & 0xfffff);
}

static void meta_six(const struct inet_sock *i, const struct ipaddr *to, struct ip_meta *meta)
{
	const struct inet_six *six = &i->six;
	u8 discover = READ_ONCE(six->mtu_discover);

	*meta = (struct ip_meta){
		.protocol = (u8)i->sock.protocol, .ttl = READ_ONCE(six->hops),
		.tos = six->flow ? (u8)(ntoh32(six->flow) >> 20) : READ_ONCE(six->class),
		.dont_fragment = six->dont_fragment || (discover >= IPV6_PMTUDISC_DO &&
							discover != IPV6_PMTUDISC_OMIT),
		.ignore_mtu = discover >= IPV6_PMTUDISC_PROBE, .mtu = READ_ONCE(six->mtu),
		.flow_label = six->flow & hton32(0xfffff),
	};
	if (!meta->flow_label && READ_ONCE(six->auto_label) &&
	    READ_ONCE(ip6_settings.auto_flowlabels))
		meta->flow_label = label_of(i, to);
}

void inet_sock_meta(const struct inet_sock *i, const struct ipaddr *to, struct ip_meta *meta)
{
	u8 discover = READ_ONCE(i->mtu_discover);

	if (unlikely(!ipaddr_is4(to))) {
		meta_six(i, to, meta);
		return;
	}
	*meta = (struct ip_meta){
		.protocol = (u8)i->sock.protocol, .tos = READ_ONCE(i->tos),
		.ttl = READ_ONCE(i->ttl),
		.dont_fragment = discover == IP_PMTUDISC_DO || discover == IP_PMTUDISC_PROBE,
		.ignore_mtu = discover == IP_PMTUDISC_PROBE ||
			      discover == IP_PMTUDISC_INTERFACE ||
			      discover == IP_PMTUDISC_OMIT,
	};
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
	inet_sock_flow(i, &i->remote, &f);
	f.to_port = hton16(i->remote_port);
	*err = route_output(&f, &r);
	if (*err)
		return NULL;
	i->route = r;
	return r;
}

void inet_sock_drop_route(struct inet_sock *i)
{
	route_put(i->route);
	i->route = NULL;
}

bool inet_sock_forget(struct inet_sock *i, void *nif)
{
	spin_lock(&i->sock.lock);
	if (i->route && i->route->nif == nif)
		inet_sock_drop_route(i);
	spin_unlock(&i->sock.lock);
	return true;
}

int inet_path_mtu(struct inet_sock *i, u32 *mtu)
{
	struct route *r = NULL;
	int err = -ENOTCONN;

	spin_lock(&i->sock.lock);
	if (!ipaddr_any(&i->remote))
		r = inet_sock_route(i, &err);
	if (r)
		*mtu = route_mtu(r);
	if (!i->port && !i->is_raw)
		inet_sock_drop_route(i); /* in no table: inet_sock_forget() would not see it */
	spin_unlock(&i->sock.lock);
	return !err || err == -ABI_ENOMEM || err == -ABI_ENOBUFS ? err : -ENOTCONN;
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
		n = sock_next_length(s);
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
