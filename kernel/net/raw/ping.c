/*
 * Ping sockets (icmp(7)): SOCK_DGRAM of IPPROTO_ICMP or, of AF_INET6, IPPROTO_ICMPV6, for everybody
 * whose group is in ping_group_range. They send echo requests and nothing else; the identifier is
 * the socket's "port", and replies that carry it are its datagrams. The two versions' messages
 * have the same shape, other numbers, and only ICMPv6's checksum covers a pseudo header.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/inet_int.h"
#include "net/ip4/icmp.h"
#include "net/ip6/icmp6.h"
#include "net/raw/ping.h"
#include "vfs/cred.h"
#include "vm/iov.h"

static_assert(sizeof(struct icmp4_header) == sizeof(struct icmp6_header), "one shape");

struct port_table *ping_ports, *ping6_ports;
static struct slab_cache *cache;
static const struct sock_ops ops;

static struct port_table *table_of(const struct inet_sock *i)
{
	return i->sock.protocol == IPPROTO_ICMP ? ping_ports : ping6_ports;
}

/* Whether the caller's group, or one of its others, is in the range. */
static bool may_ping(void)
{
	const struct cred *cred = sock_caller().cred;
	u32 low = READ_ONCE(ip4_settings.ping_low), high = READ_ONCE(ip4_settings.ping_high);

	if (cred->egid >= low && cred->egid <= high)
		return true;
	for (u32 k = 0; cred->groups && k < cred->groups->n; k++)
		if (cred->groups->gid[k] >= low && cred->groups->gid[k] <= high)
			return true;
	return false;
}

static int create(u16 family, int type, int protocol, struct sock **out)
{
	struct sock *s;

	if (family != (protocol == IPPROTO_ICMP ? AF_INET : AF_INET6))
		return -EPROTONOSUPPORT;
	if (!may_ping())
		return -EACCES;
	s = sock_alloc(cache, sizeof(struct inet_sock), family, type, protocol, &ops, MM_KERNEL);
	if (!s)
		return -ENOMEM;
	inet_sock_init(inet_sock(s));
	inet_sock(s)->no_mapped = family == AF_INET6;
	*out = s;
	return 0;
}

static int autobind(struct inet_sock *i)
{
	struct ipaddr local = i->local;

	return i->local_port ? 0 : port_bind(table_of(i), i, &local, 0, NULL);
}

static int bind(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr local;
	u32 scope;
	u16 id;
	int err = inet_bind_address(i, a, length, &local, &id, &scope);

	if (err)
		return err;
	spin_lock(&s->lock);
	err = i->local_port ? -EINVAL : port_bind(table_of(i), i, &local, id, NULL);
	if (!err)
		i->scope = scope;
	spin_unlock(&s->lock);
	return err;
}

static int connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr to = inet_any(i);
	u32 scope = 0;
	u16 port = 0;
	int err = 0;

	if (length < sizeof(a->ss_family))
		return -EINVAL;
	if (a->ss_family != AF_UNSPEC)
		err = inet_address_in(s, a, length, &to, &port, &scope);
	if (err)
		return err;
	spin_lock(&s->lock);
	i->remote = to;
	i->remote_port = port;
	if (scope || a->ss_family == AF_UNSPEC)
		i->scope = scope;
	if (inet_needs_scope(&to) && !i->scope && !s->bound_if)
		err = -EINVAL;
	else if (a->ss_family != AF_UNSPEC)
		inet_sock_route(i, &err);
	if (err)
		i->remote = inet_any(i);
	else
		err = autobind(i);
	spin_unlock(&s->lock);
	return err;
}

static void close(struct sock *s)
{
	inet_sock_close(inet_sock(s));
	spin_lock(&s->lock);
	port_release(table_of(inet_sock(s)), inet_sock(s));
	spin_unlock(&s->lock);
	sock_put(s);
}

static void destroy(struct sock *s)
{
	inet_sock_fini(inet_sock(s));
}

/* The identifier and the sum are filled in. With the lock; takes the packet. */
static int transmit_locked(struct inet_sock *i, struct packet *p, struct inet_send *to)
{
	struct icmp4_header *h = (struct icmp4_header *)p->data;
	int err = autobind(i);
	struct route *r = err ? NULL : inet_send_route(i, to, &err);

	if (!r) {
		packet_free(p);
		return err;
	}
	h->echo.id = hton16(i->local_port);
	h->sum = 0;
	if (i->sock.protocol == IPPROTO_ICMP) {
		h->sum = sum_finish(sum_bytes(h, p->length, 0));
		inet_count(ICMP4_OUT_MSGS);
		inet_count(ICMP4_OUT_ECHOS);
	} else {
		ip_sum_partial(p, &r->from, r->kind == ROUTE_LOCAL ? &r->hop : &r->to,
			       IPPROTO_ICMPV6, offsetof(struct icmp6_header, sum));
	}
	inet_send_stamps(to, p);
	return ip_send(p, r, &to->meta);
}

static int send_one(struct sock *s, struct msg *m, u32 n, struct inet_send *to)
{
	u8 echo = s->protocol == IPPROTO_ICMP ? ICMP4_ECHO : ICMP6_ECHO;
	struct packet *p;
	int err = sock_alloc_send(s, PACKET_ROOM, n, m->flags, &p);

	if (err)
		return err;
	if (iov_copy_from(m->iter, packet_put(p, n), n) != n)
		err = -EFAULT;
	else if (p->data[0] != echo || p->data[1])
		err = -EINVAL;
	if (err) {
		packet_free(p);
		return err;
	}
	spin_lock(&s->lock);
	err = transmit_locked(inet_sock(s), p, to);
	spin_unlock(&s->lock);
	if (err == -ABI_EMSGSIZE)
		inet_send_too_long(inet_sock(s), to, 0);
	return err;
}

static ssize_t send(struct sock *s, struct msg *m)
{
	size_t n = iov_left(m->iter);
	struct inet_send to;
	int err;

	if (n > 0xffff)
		return -EMSGSIZE;
	if (n < sizeof(struct icmp4_header))
		return -EINVAL;
	err = inet_send_begin(inet_sock(s), m, &to) ?: send_one(s, m, (u32)n, &to);
	inet_send_end(&to);
	return err ?: (ssize_t)n;
}

static struct inet_sock *find(const struct ipaddr *local, const struct ipaddr *remote, u16 id,
			      u32 nif)
{
	struct port_table *t = ipaddr_is4(local) ? ping_ports : ping6_ports;
	struct inet_sock *i = port_find(t, local, id, remote, 0, nif, NULL);

	if (i && !ipaddr_any(&i->remote) && !ipaddr_equal(&i->remote, remote)) {
		sock_put(&i->sock);
		i = NULL;
	}
	return i;
}

void ping6_receive(struct packet *p)
{
	ping_receive(p);
}

void ping_receive(struct packet *p)
{
	const struct icmp4_header *h = (const struct icmp4_header *)p->data;
	const struct ip_info *info = ip_info(p);
	struct inet_sock *i = find(&info->to, &info->from, ntoh16(h->echo.id), info->nif);
	struct packet *copy;
	int err;

	if (!i)
		return;
	copy = packet_clone(p, MM_ATOMIC);
	if (copy && unlikely(i->sock.filter) && !sock_filter_pass(&i->sock, copy)) {
		packet_free(copy);
		copy = NULL;
	}
	if (copy) {
		spin_lock(&i->sock.lock);
		err = sock_queue_receive(&i->sock, copy);
		spin_unlock(&i->sock.lock);
		if (err)
			packet_free(copy);
		else
			sock_wake(&i->sock, POLLIN | POLLRDNORM);
	}
	sock_put(&i->sock);
}

/* An error about one of our echo requests; or that an answer of ours was too long, which nobody
 * but the routes need know. */
void ping_error(const struct ip_error *e)
{
	const struct icmp4_header *h = (const struct icmp4_header *)e->transport;
	bool six = !ipaddr_is4(&e->to), keeps;
	bool asked = h->type == (six ? ICMP6_ECHO : ICMP4_ECHO);
	bool answered = h->type == (six ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY);
	struct inet_sock *i;

	if (ip_error_is_mtu(e) && (asked || answered))
		route_set_mtu(&e->to, e->info);
	if (!asked)
		return;
	i = find(&e->from, &e->to, ntoh16(h->echo.id), e->nif);
	if (!i)
		return;
	keeps = inet_keeps_errors(i, &e->to);
	if (keeps) {
		spin_lock(&i->sock.lock);
		inet_queue_error(i, e);
		spin_unlock(&i->sock.lock);
	}
	if (keeps || (e->fatal && !ipaddr_any(&i->remote)))
		sock_set_error(&i->sock, e->error);
	sock_put(&i->sock);
}

static struct inet_type type = {
	.type = SOCK_DGRAM, .protocol = IPPROTO_ICMP, .create = create,
};
static struct inet_type type6 = {
	.type = SOCK_DGRAM, .protocol = IPPROTO_ICMPV6, .create = create,
};

void ping_init(void)
{
	cache = slab_cache_create("ping_sock", sizeof(struct inet_sock), 64);
	ping_ports = port_table_create("ping", 1);
	ping6_ports = port_table_create("ping6", 1);
	if (!cache || !ping_ports || !ping6_ports)
		panic("ping: no memory");
	port_table_set_plain(ping_ports);
	port_table_set_plain(ping6_ports);
	inet_type_register(&type);
	inet_type_register(&type6);
}

static const struct sock_ops ops = {
	.bind = bind,
	.connect = connect,
	.name = inet_name,
	.send = send,
	.recv = inet_recv_datagram,
	.poll = inet_datagram_poll,
	.ioctl = inet_datagram_ioctl,
	.set_option = inet_set_option,
	.get_option = inet_get_option,
	.close = close,
	.destroy = destroy,
};
