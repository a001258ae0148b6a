/*
 * Raw sockets (raw(7)): packets of one IP protocol, as they come from below, and sent with a header
 * of the system's making or (IP_HDRINCL, IPPROTO_RAW) of the caller's.
 *
 * All sockets of a protocol hang on one of 256 lists; soft work reads them under RCU, changes take
 * the table's lock. IPv4 sockets receive the IP header, too; those of IPv6 do not.
 */
#include "net/raw/raw.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip4/icmp.h"
#include "vm/iov.h"

/* t: lock; readers RCU */
static struct {
	struct spinlock lock;
	struct hlist_head list[256]; /* t */
} table = { .lock = SPINLOCK_INIT(RANK_NET_HASH, "raw") };
u32 raw_listeners[256];
u32 raw_alerts;
static struct slab_cache *cache;
static const struct sock_ops ops;

static int create(u16 family, int type, int protocol, struct sock **out)
{
	struct inet_sock *i;
	struct sock *s;

	if (!sock_capable(CAP_NET_RAW))
		return -EPERM;
	s = sock_alloc(cache, sizeof(struct raw_sock), family, type, protocol, &ops, MM_KERNEL);
	if (!s)
		return -ENOMEM;
	i = inet_sock(s);
	inet_sock_init(i);
	i->is_raw = true;
	i->local_port = (u16)protocol;
	i->header_included = protocol == IPPROTO_RAW;
	i->no_mapped = family == AF_INET6;
	raw_sock(s)->alert = -1;
	raw_sock(s)->checksum_at = family == AF_INET6 && protocol == IPPROTO_ICMPV6 ? 2 : -1;
	spin_lock(&table.lock);
	hlist_add_head_rcu(&i->port_link, &table.list[protocol]);
	WRITE_ONCE(raw_listeners[protocol], raw_listeners[protocol] + 1);
	spin_unlock(&table.lock);
	*out = s;
	return 0;
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
	i->local = local;
	i->scope = scope;
	route_put(i->route);
	i->route = NULL;
	spin_unlock(&s->lock);
	return 0;
}

static int connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr to = inet_any(i);
	struct route *r;
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
	i->scope = scope;
	if (inet_needs_scope(&to) && !scope && !s->bound_if)
		err = -EINVAL;
	r = err || a->ss_family == AF_UNSPEC ? NULL : inet_sock_route(i, &err);
	if (r && r->kind == ROUTE_BROADCAST && !(READ_ONCE(s->flags) & SOCK_BROADCAST))
		err = -EACCES;
	if (err)
		i->remote = inet_any(i);
	else if (r && ipaddr_any(&i->local))
		i->local = r->from;
	spin_unlock(&s->lock);
	return err;
}

static void abort(struct sock *s, int error)
{
	struct inet_sock *i = inet_sock(s);

	spin_lock(&s->lock);
	i->remote = i->local = inet_any(i);
	i->scope = 0;
	spin_unlock(&s->lock);
	sock_set_error(s, error);
}

static int shutdown(struct sock *s, int how)
{
	spin_lock(&s->lock);
	s->shut |= (u8)(how == SHUT_RDWR ? SOCK_SHUT_RD | SOCK_SHUT_WR : how + 1);
	spin_unlock(&s->lock);
	sock_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	return ipaddr_any(&inet_sock(s)->remote) ? -ENOTCONN : 0;
}

static void close(struct sock *s)
{
	struct inet_sock *i = inet_sock(s);

	inet_sock_close(i);
	spin_lock(&table.lock);
	hlist_del_rcu(&i->port_link);
	WRITE_ONCE(raw_listeners[s->protocol], raw_listeners[s->protocol] - 1);
	if (raw_sock(s)->alert >= 0)
		WRITE_ONCE(raw_alerts, raw_alerts - 1);
	spin_unlock(&table.lock);
	sock_put(s);
}

static void destroy(struct sock *s)
{
	inet_sock_fini(inet_sock(s));
}

/* Received ------------------------------------------------------------------------------------ */

/* ICMP_FILTER, ICMPV6_FILTER: a bit per type that is not wanted. */
static bool filtered(const struct raw_sock *r, const struct packet *p)
{
	bool six = r->inet.sock.family == AF_INET6;
	u8 type;

	if (r->inet.sock.protocol != (six ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || !p->head)
		return false;
	type = p->data[0];
	if (six)
		return READ_ONCE(r->icmp6_filter[type / 32]) >> type % 32 & 1;
	return type < 32 && r->icmp_filter >> type & 1;
}

static bool wants(struct inet_sock *i, const struct packet *p, const struct ip_info *info)
{
	u32 bound = READ_ONCE(i->sock.bound_if) ?: READ_ONCE(i->scope);

	if ((i->sock.family == AF_INET) != ipaddr_is4(&info->to) || (bound && bound != info->nif))
		return false;
	if (!ipaddr_any(&i->local) && !ipaddr_equal(&i->local, &info->to))
		return false;
	if (!ipaddr_any(&i->remote) && !ipaddr_equal(&i->remote, &info->from))
		return false;
	if (filtered((struct raw_sock *)i, p) || !inet_near_enough(i, info))
		return false;
	return info->kind != ROUTE_MULTICAST ||
	       ip_version_of(&info->to)->wants_multicast(i, &info->to, &info->from, info->nif);
}

static void give(struct inet_sock *i, struct packet *p)
{
	struct sock *s = &i->sock;
	struct packet *copy = packet_clone(p, MM_ATOMIC);
	int err;

	if (!copy)
		return;
	/* RFC 3542, 3.1: with IPV6_CHECKSUM only what is right. What was looped back has no sum
	 * yet. */
	if ((s->family == AF_INET6 && READ_ONCE(raw_sock(s)->checksum_at) >= 0 &&
	     !ip_sum_valid(copy, copy->length)) || packet_sum_finish(copy)) {
		packet_free(copy);
		return;
	}
	if (s->family == AF_INET)
		packet_push(copy, packet_offset(copy) - copy->network);
	if (unlikely(s->filter) && !sock_filter_pass(s, copy)) {
		packet_free(copy);
		return;
	}
	spin_lock(&s->lock);
	err = READ_ONCE(s->shut) & SOCK_SHUT_RD ? -EPIPE : sock_queue_receive(s, copy);
	spin_unlock(&s->lock);
	if (err)
		packet_free(copy);
	else
		sock_wake(s, POLLIN | POLLRDNORM);
}

bool raw_receive(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct inet_sock *i;
	bool taken = false;

	hlist_for_each_entry_rcu(i, &table.list[info->protocol], port_link) {
		if (!wants(i, p, info))
			continue;
		taken = true;
		if (!sock_try_get(&i->sock))
			continue;
		give(i, p);
		sock_put(&i->sock);
	}
	return taken;
}

/* Of all protocols, and so to those who have none. */
bool raw_alert(struct packet *p, u16 value)
{
	struct inet_sock *i;
	bool taken = false;

	hlist_for_each_entry_rcu(i, &table.list[IPPROTO_RAW], port_link) {
		u32 bound = READ_ONCE(i->sock.bound_if);

		if (READ_ONCE(raw_sock(&i->sock)->alert) != value ||
		    (bound && bound != p->nif->index) || !sock_try_get(&i->sock))
			continue;
		taken = true;
		give(i, p);
		sock_put(&i->sock);
	}
	return taken;
}

int raw_set_alert(struct raw_sock *r, int value)
{
	bool had;

	if (r->inet.sock.protocol != IPPROTO_RAW)
		return -ENOPROTOOPT;
	spin_lock(&table.lock);
	had = r->alert >= 0;
	if (had != (value >= 0)) {
		WRITE_ONCE(r->alert, max(value, -1));
		WRITE_ONCE(raw_alerts, had ? raw_alerts - 1 : raw_alerts + 1);
	}
	spin_unlock(&table.lock);
	if (had != (value >= 0))
		return 0;
	return had ? -EADDRINUSE : -ENOBUFS;
}

/* raw(7): told to those that are connected to where the packet went, or keep errors. */
static void tell(struct inet_sock *i, const struct ip_error *e)
{
	bool keeps = inet_keeps_errors(i, &e->to);
	struct ip_error told = *e;

	if (keeps) {
		if (i->header_included) {
			told.transport = e->header;
			told.length += e->header_length;
		}
		spin_lock(&i->sock.lock);
		inet_queue_error(i, &told);
		spin_unlock(&i->sock.lock);
	}
	if (keeps || (e->fatal && !ipaddr_any(&i->remote)))
		sock_set_error(&i->sock, e->error);
}

void raw_error(const struct ip_error *e, u8 protocol)
{
	struct inet_sock *i;

	hlist_for_each_entry_rcu(i, &table.list[protocol], port_link) {
		if ((i->sock.family == AF_INET) != ipaddr_is4(&e->to))
			continue;
		if (!ipaddr_any(&i->remote) && !ipaddr_equal(&i->remote, &e->to))
			continue;
		if (!ipaddr_any(&i->local) && !ipaddr_equal(&i->local, &e->from))
			continue;
		if (!sock_try_get(&i->sock))
			continue;
		tell(i, e);
		sock_put(&i->sock);
	}
}

static ssize_t recv(struct sock *s, struct msg *m)
{
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return inet_recv_datagram(s, m);
}

/* Calls fn for each, referenced, no lock held. */
void raw_walk(u16 family, bool (*fn)(struct inet_sock *i, void *arg), void *arg)
{
	bool go_on = true;

	rcu_read_lock();
	for (unsigned k = 0; go_on && k < ARRAY_SIZE(table.list); k++) {
		struct inet_sock *i;

		hlist_for_each_entry_rcu(i, &table.list[k], port_link) {
			if (i->sock.family != family || !sock_try_get(&i->sock))
				continue;
			go_on = fn(i, arg);
			sock_put(&i->sock);
			if (!go_on)
				break;
		}
	}
	rcu_read_unlock();
}

void raw_forget(struct netif *nif)
{
	raw_walk(AF_INET, inet_sock_forget, nif);
	raw_walk(AF_INET6, inet_sock_forget, nif);
}

static struct inet_type type = { .type = SOCK_RAW, .protocol = 0, .create = create };

void raw_init(void)
{
	cache = slab_cache_create("raw_sock", sizeof(struct raw_sock), 64);
	if (!cache)
		panic("raw: no memory");
	inet_type_register(&type);
	raw_show_init();
}

static const struct sock_ops ops = {
	.bind = bind,
	.connect = connect,
	.name = inet_name,
	.send = raw_send,
	.recv = recv,
	.shutdown = shutdown,
	.poll = inet_datagram_poll,
	.ioctl = inet_datagram_ioctl,
	.set_option = raw_set_option,
	.get_option = raw_get_option,
	.abort = abort,
	.close = close,
	.destroy = destroy,
};
