/*
 * Sockets of UDP and UDP-Lite: made, bound, connected, closed, their options.
 */
#include "net/udp/udp.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "core/panic.h"
#include "mm/slab.h"

struct udp_kind udp_kinds[2] = {
	{ .protocol = IPPROTO_UDP, .counts = { UDP4_COUNTS, UDP6_COUNTS }, .name = "udp" },
	{ .protocol = IPPROTO_UDPLITE, .counts = { UDPLITE4_COUNTS, UDPLITE6_COUNTS },
	  .name = "udplite" },
};
static struct slab_cache *cache;
static const struct sock_ops ops;

static int create(u16 family, int type, int protocol, struct sock **out)
{
	struct sock *s = sock_alloc(cache, sizeof(struct udp_sock), family, type, protocol, &ops,
				    MM_KERNEL);

	if (!s)
		return -ENOMEM;
	inet_sock_init(inet_sock(s));
	udp_gro_init(udp_sock(s));
	*out = s;
	return 0;
}

struct port_table *udp_port_table(u32 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ?
	       udp_kind((u16)protocol)->ports : NULL;
}

static struct port_table *ports_of(const struct inet_sock *i)
{
	return udp_kind(i->sock.protocol)->ports;
}

int udp_autobind(struct inet_sock *i)
{
	struct ipaddr local = i->local;
	int err;

	if (likely(i->local_port))
		return 0;
	err = port_bind(ports_of(i), i, &local, 0, NULL);
	return err == -ABI_EADDRINUSE ? -EAGAIN : err;
}

/* Whether an address that is not "any" stands for many machines. */
static bool is_many(const struct ipaddr *a, u32 nif)
{
	int kind = ipaddr_any(a) ? ROUTE_LOCAL : ip_version_of(a)->address_kind(a, nif);

	return route_is_spread((u8)kind);
}

static int bind(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr local;
	u32 scope;
	u16 port;
	int err = inet_bind_address(i, a, length, &local, &port, &scope);

	if (err)
		return err;
	spin_lock(&s->lock);
	if (i->local_port)
		err = -EINVAL;
	if (!err) {
		i->scope = scope;
		err = inet_bind_port(ports_of(i), i, &local, port, NULL);
		if (err)
			i->scope = 0;
	}
	if (!err) {
		i->bound_address = !ipaddr_any(&local);
		i->bound_port = port != 0;
		i->bound_to_many = is_many(&local, scope);
		route_put(i->route);
		i->route = NULL;
	}
	spin_unlock(&s->lock);
	return err;
}

/* Forgets the peer; what bind(2) did not give goes, too (connect(2), AF_UNSPEC). With the lock. */
static void disconnect(struct inet_sock *i)
{
	struct ipaddr any = inet_any(i);

	if (i->bound_port || i->bound_address)
		flow_leave(ports_of(i), i);
	else
		port_release(ports_of(i), i);
	i->remote = any;
	i->remote_port = 0;
	if (!i->bound_address)
		i->local = any;
	i->scope = 0;
	i->six.flow = 0;
	route_put(i->route);
	i->route = NULL;
}

static void abort(struct sock *s, int error)
{
	spin_lock(&s->lock);
	disconnect(inet_sock(s));
	spin_unlock(&s->lock);
	sock_set_error(s, error);
}

/* Sockets that share a port by SO_REUSEADDR may even have the same peer: the last gets it. */
static bool gives_way(struct sock *other)
{
	return true;
}

/* With the lock. */
static int connect_locked(struct inet_sock *i, const struct ipaddr *to, u16 port, u32 scope)
{
	struct sock *s = &i->sock;
	struct route *r;
	struct flow f;
	int err;

	if (!ipaddr_any(&i->remote) || i->remote_port)
		disconnect(i);
	i->scope = scope;
	inet_sock_flow(i, to, &f);
	f.to_port = hton16(port);
	if (ipaddr_multicast(to) && !f.nif)
		f.nif = ipaddr_is4(to) ? READ_ONCE(i->multicast_nif) :
					 READ_ONCE(i->six.multicast_nif);
	else if (ipaddr_is4(to) && !f.nif)
		f.nif = READ_ONCE(i->unicast_nif);
	if (inet_needs_scope(to) && !f.nif)
		return -EINVAL;
	err = route_output(&f, &r);
	if (err)
		return err;
	if (r->kind == ROUTE_BROADCAST && !(READ_ONCE(s->flags) & SOCK_BROADCAST))
		err = -EACCES;
	if (!err)
		err = udp_autobind(i);
	if (!err) {
		/* Off the lists while its addresses change. */
		if (ipaddr_any(&i->local))
			i->local = r->from;
		i->remote = *to;
		i->remote_port = port;
		err = flow_enter(ports_of(i), i, gives_way);
	}
	route_put(r);
	return err;
}

static int connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr to;
	u32 scope;
	u16 port;
	int err;

	if (length < sizeof(a->ss_family))
		return -EINVAL;
	if (a->ss_family == AF_UNSPEC) {
		spin_lock(&s->lock);
		disconnect(i);
		spin_unlock(&s->lock);
		return 0;
	}
	err = inet_address_in(s, a, length, &to, &port, &scope);
	if (err)
		return err;
	if (ipaddr_any(&to))
		to = inet_this_machine(&to);
	spin_lock(&s->lock);
	err = connect_locked(i, &to, port, scope);
	if (!err)
		i->six.flow = inet_address_flow(s, a, length);
	spin_unlock(&s->lock);
	return err;
}

static int shutdown(struct sock *s, int how)
{
	struct inet_sock *i = inet_sock(s);
	int err = 0;

	spin_lock(&s->lock);
	if (ipaddr_any(&i->remote))
		err = -ENOTCONN;
	s->shut |= (u8)(how == SHUT_RDWR ? SOCK_SHUT_RD | SOCK_SHUT_WR : how + 1);
	spin_unlock(&s->lock);
	sock_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	return err;
}

static void close(struct sock *s)
{
	struct udp_sock *u = udp_sock(s);

	inet_sock_close(&u->inet);
	mutex_lock(&s->send_lock);
	udp_cork_drop(u);
	mutex_unlock(&s->send_lock);
	spin_lock(&s->lock);
	port_release(ports_of(&u->inet), &u->inet);
	spin_unlock(&s->lock);
	sock_put(s);
}

static void destroy(struct sock *s)
{
	inet_sock_fini(inet_sock(s));
}

/* A checksum's coverage has at least the header in it; 0: everything (udplite(7)). */
static u16 coverage(int v)
{
	return (u16)(!v ? 0 : clamp(v, (int)sizeof(struct udp_header), 0xffff));
}

static int set_lite_option(struct udp_sock *u, int name, int v)
{
	if (!udp_is_lite(&u->inet.sock))
		return -ENOPROTOOPT;
	if (name == UDPLITE_SEND_CSCOV) {
		WRITE_ONCE(u->send_cover, coverage(v));
	} else {
		WRITE_ONCE(u->recv_cover, coverage(v));
		WRITE_ONCE(u->recv_limited, true);
	}
	return 0;
}

static int set_udp_option(struct udp_sock *u, int name, const void __user *value, u32 n)
{
	int v, err = n < sizeof(int) ? -EINVAL : inet_option_in(value, n, &v);

	if (err)
		return err;
	switch (name) {
	case UDP_CORK:
		mutex_lock(&u->inet.sock.send_lock);
		WRITE_ONCE(u->cork, v != 0);
		if (!v && u->corked)
			err = udp_cork_push(u);
		mutex_unlock(&u->inet.sock.send_lock);
		return err;
	case UDP_SEGMENT:
		if (v < 0 || v > 0xffff)
			return -EINVAL;
		WRITE_ONCE(u->segment, (u16)v);
		return 0;
	case UDP_GRO:
		sock_set_flag(&u->inet.sock, SOCK_TRAINS, v != 0);
		return 0;
	case UDP_NO_CHECK6_TX:
		WRITE_ONCE(u->no_check6_tx, v != 0);
		return 0;
	case UDP_NO_CHECK6_RX:
		WRITE_ONCE(u->no_check6_rx, v != 0);
		return 0;
	case UDPLITE_SEND_CSCOV:
	case UDPLITE_RECV_CSCOV:
		return set_lite_option(u, name, v);
	default:
		return -ENOPROTOOPT;
	}
}

static int set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	if (level == SOL_UDP || level == SOL_UDPLITE)
		return set_udp_option(udp_sock(s), name, value, n);
	return inet_set_option(s, level, name, value, n);
}

static int get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct udp_sock *u = udp_sock(s);

	if (level != SOL_UDP && level != SOL_UDPLITE)
		return inet_get_option(s, level, name, value, n);
	switch (name) {
	case UDP_CORK:
		return inet_option_out(u->cork, value, n);
	case UDP_SEGMENT:
		return inet_option_out(u->segment, value, n);
	case UDP_GRO:
		return inet_option_out(!!(READ_ONCE(u->inet.sock.flags) & SOCK_TRAINS), value, n);
	case UDP_NO_CHECK6_TX:
		return inet_option_out(u->no_check6_tx, value, n);
	case UDP_NO_CHECK6_RX:
		return inet_option_out(u->no_check6_rx, value, n);
	case UDPLITE_SEND_CSCOV:
		return inet_option_out(u->send_cover, value, n);
	case UDPLITE_RECV_CSCOV:
		return inet_option_out(u->recv_cover, value, n);
	default:
		return -ENOPROTOOPT;
	}
}

static const struct ip_protocol protocols[] = {
	{ .number = IPPROTO_UDP, .receive = udp_receive, .error = udp_error },
	{ .number = IPPROTO_UDPLITE, .receive = udp_receive, .error = udp_lite_error },
};
static struct inet_type types[] = {
	{ .type = SOCK_DGRAM, .protocol = IPPROTO_UDP, .create = create },
	{ .type = SOCK_DGRAM, .protocol = IPPROTO_UDPLITE, .create = create },
};

void udp_init(void)
{
	cache = slab_cache_create("udp_sock", sizeof(struct udp_sock), 64);
	if (!cache)
		panic("udp: no memory");
	for (unsigned i = 0; i < ARRAY_SIZE(udp_kinds); i++) {
		struct udp_kind *kind = &udp_kinds[i];

		kind->ports = port_table_create(kind->name, 1024);
		if (!kind->ports)
			panic("udp: no memory");
		ip_protocol_register(&protocols[i]);
		inet_type_register(&types[i]);
	}
	udp_show_init();
}

static const struct sock_ops ops = {
	.bind = bind,
	.connect = connect,
	.name = inet_name,
	.send = udp_send,
	.recv = udp_recv,
	.shutdown = shutdown,
	.poll = inet_datagram_poll,
	.ioctl = inet_datagram_ioctl,
	.set_option = set_option,
	.get_option = get_option,
	.peeks_on = true,
	.abort = abort,
	.close = close,
	.destroy = destroy,
};
