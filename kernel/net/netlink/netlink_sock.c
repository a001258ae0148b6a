/*
 * Netlink sockets: ports, groups, and the queues between programs and the kernel.
 *
 * Locks: nl_table.lock (RANK_NET_HASH) guards the list of sockets, their ports and groups; a
 * socket's own lock is never taken with it held. dump_lock (RANK_NETLINK) is held while a part of a
 * dump is written, and so comes before the configuration's.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/netlink/netlink_int.h"
#include "vm/iov.h"

static struct {
	struct spinlock lock;
	struct list sockets;       /* lock: those with a port, by sock.link */
	u32 listeners[NL_GROUPS];  /* lock to change: of NETLINK_ROUTE's groups */
} nl_table = { .lock = SPINLOCK_INIT(RANK_NET_HASH, "netlink"),
	       .sockets = LIST_INIT(nl_table.sockets) };
static struct slab_cache *netlink_cache;
const struct nl_from nl_kernel;

/* With the table's lock. */
static struct netlink_sock *find(int protocol, u32 port)
{
	struct netlink_sock *n;

	list_for_each_entry(n, &nl_table.sockets, sock.link) {
		if (n->port == port && n->sock.protocol == protocol)
			return n;
	}
	return NULL;
}

static void groups_set(struct netlink_sock *n, u64 groups)
{
	u64 changed = n->groups ^ groups;

	n->groups = groups;
	if (n->sock.protocol != NETLINK_ROUTE)
		return;
	for (; changed; changed &= changed - 1) {
		unsigned i = (unsigned)__builtin_ctzll(changed);

		if (groups & BIT(i))
			nl_table.listeners[i]++;
		else
			nl_table.listeners[i]--;
	}
}

/* Gives the socket a port: the one asked for, or (0) the process' number, else a random one above
 * all process numbers. */
static int port_take(struct netlink_sock *n, u32 port)
{
	u32 wanted = port ? port : (u32)sock_caller().pid;
	int err = 0;

	spin_lock(&nl_table.lock);
	if (n->port) {
		err = port && port != n->port ? -EINVAL : 0;
	} else if (find(n->sock.protocol, wanted)) {
		err = port ? -EADDRINUSE : 0;
		while (!err && find(n->sock.protocol, wanted))
			wanted = (u32)random_u64() | 1u << 31;
	}
	if (!err && !n->port) {
		n->port = wanted;
		list_add_tail(&n->sock.link, &nl_table.sockets);
	}
	spin_unlock(&nl_table.lock);
	return err;
}

static int name_check(const struct sockaddr_storage *a, u32 length)
{
	if (length < sizeof(struct sockaddr_nl) || a->ss_family != AF_NETLINK)
		return -EINVAL;
	return 0;
}

/* What is told of devices and to groups of NETLINK_ROUTE is no secret. */
static bool may_listen(const struct sock *s)
{
	return s->protocol == NETLINK_ROUTE || s->protocol == NETLINK_KOBJECT_UEVENT ||
	       sock_capable(CAP_NET_ADMIN);
}

static int netlink_bind(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	const struct sockaddr_nl *name = (const struct sockaddr_nl *)a;
	struct netlink_sock *n = netlink_sock(s);
	int err = name_check(a, length);

	if (err)
		return err;
	if (name->nl_groups && !may_listen(s))
		return -EPERM;
	err = port_take(n, name->nl_pid);
	if (err)
		return err;
	spin_lock(&nl_table.lock);
	groups_set(n, (n->groups & ~0xffffffffull) | name->nl_groups);
	spin_unlock(&nl_table.lock);
	return 0;
}

/* Whether the socket may send to this address: programs send to the kernel; to each other only
 * where the protocol is theirs. */
static int may_send(const struct sock *s, u32 port, u32 groups)
{
	if ((port || groups) && s->protocol != NETLINK_USERSOCK && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	return 0;
}

static int netlink_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	const struct sockaddr_nl *name = (const struct sockaddr_nl *)a;
	struct netlink_sock *n = netlink_sock(s);
	int err;

	if (a->ss_family == AF_UNSPEC) {
		WRITE_ONCE(n->peer_port, 0);
		WRITE_ONCE(n->peer_groups, 0);
		return 0;
	}
	err = name_check(a, length);
	if (!err)
		err = may_send(s, name->nl_pid, name->nl_groups);
	if (!err)
		err = port_take(n, 0);
	if (err)
		return err;
	WRITE_ONCE(n->peer_port, name->nl_pid);
	WRITE_ONCE(n->peer_groups, name->nl_groups ? 1u << __builtin_ctz(name->nl_groups) : 0);
	return 0;
}

static int netlink_name(struct sock *s, bool peer, struct sockaddr_storage *a)
{
	const struct netlink_sock *n = netlink_sock(s);

	*(struct sockaddr_nl *)a = (struct sockaddr_nl){
		.nl_family = AF_NETLINK,
		.nl_pid = peer ? n->peer_port : n->port,
		.nl_groups = peer ? n->peer_groups : (u32)n->groups,
	};
	return sizeof(struct sockaddr_nl);
}

int nl_queue(struct netlink_sock *n, struct packet *p, const struct nl_from *from)
{
	int err;

	if (unlikely(READ_ONCE(n->sock.filter))) {
		bool pass;

		rcu_read_lock();
		pass = sock_filter_pass(&n->sock, p);
		rcu_read_unlock();
		if (!pass) {
			packet_free(p);
			return 0;
		}
	}
	*(struct nl_from *)p->cb = *from;
	spin_lock(&n->sock.lock);
	err = sock_queue_receive(&n->sock, p);
	spin_unlock(&n->sock.lock);
	if (!err) {
		sock_wake(&n->sock, POLLIN | POLLRDNORM);
		return 0;
	}
	packet_free(p);
	nl_lost(n);
	return -ENOBUFS;
}

int netlink_file_check(struct file *file)
{
	struct sock *s = file_sock(file);

	return !s ? -ENOTSOCK : s->family == AF_NETLINK ? 0 : -EINVAL;
}

int netlink_post(struct file *file, const void *data, u32 n)
{
	struct packet *p;

	if (netlink_file_check(file))
		return -EINVAL;
	p = packet_alloc(0, n, MM_KERNEL);
	if (!p)
		return -ENOMEM;
	memcpy(packet_put(p, n), data, n);
	return nl_queue(netlink_sock(file_sock(file)), p, &nl_kernel);
}

void nl_lost(struct netlink_sock *n)
{
	if (!READ_ONCE(n->no_enobufs) && !__atomic_exchange_n(&n->congested, true,
							      __ATOMIC_RELAXED))
		sock_set_error(&n->sock, ENOBUFS);
}

/* The member of a group after the one with `last`, by port, with a reference; or NULL. */
static struct netlink_sock *next_member(int protocol, u32 group, u64 *last)
{
	struct netlink_sock *n, *best = NULL;

	spin_lock(&nl_table.lock);
	list_for_each_entry(n, &nl_table.sockets, sock.link) {
		if (n->sock.protocol == protocol && n->groups & BIT(group - 1) &&
		    n->port + 1ull > *last && (!best || n->port < best->port))
			best = n;
	}
	if (best) {
		*last = best->port + 1ull;
		sock_get(&best->sock);
	}
	spin_unlock(&nl_table.lock);
	return best;
}

/* NULL as p: it could not be had. Not to the sender. */
static void multicast(int protocol, struct packet *p, const struct nl_from *from)
{
	struct netlink_sock *n;
	u64 last = 0;

	while ((n = next_member(protocol, from->group, &last))) {
		if (n->port != from->port) {
			struct packet *copy = p ? packet_clone(p, MM_KERNEL) : NULL;

			if (copy)
				(void)nl_queue(n, copy, from);
			else
				nl_lost(n);
		}
		sock_put(&n->sock);
	}
}

void nl_multicast(int protocol, u32 group, struct packet *p)
{
	struct nl_from from = { .group = group };

	multicast(protocol, p, &from);
}

bool nl_has_listeners(u32 group)
{
	return READ_ONCE(nl_table.listeners[group - 1]);
}

bool nl_notify_begin(u32 group, struct nl_out *out, u32 size)
{
	if (!nl_has_listeners(group))
		return false;
	if (!nl_out_init(out, size))
		return true;
	nl_multicast(NETLINK_ROUTE, group, NULL);
	return false;
}

void nl_notify(u32 group, struct nl_out *out)
{
	nl_multicast(NETLINK_ROUTE, group, out->p);
	packet_free(out->p);
	out->p = NULL;
}

struct netlink_sock *netlink_next(struct netlink_sock *prev)
{
	struct netlink_sock *n = NULL;
	struct list *at;

	spin_lock(&nl_table.lock);
	at = prev ? &prev->sock.link : &nl_table.sockets;
	if (!prev || !list_empty(at))
		at = at->next;
	if (at != &nl_table.sockets && (!prev || at != &prev->sock.link)) {
		n = container_of(at, struct netlink_sock, sock.link);
		sock_get(&n->sock);
	}
	spin_unlock(&nl_table.lock);
	if (prev)
		sock_put(&prev->sock);
	return n;
}

static int unicast(int protocol, u32 port, struct packet *p, const struct nl_from *from)
{
	struct netlink_sock *to;
	int err;

	spin_lock(&nl_table.lock);
	to = find(protocol, port);
	if (to)
		sock_get(&to->sock);
	spin_unlock(&nl_table.lock);
	if (!to) {
		packet_free(p);
		return -ECONNREFUSED;
	}
	err = nl_queue(to, p, from);
	sock_put(&to->sock);
	return err == -ABI_ENOBUFS ? -EAGAIN : err;
}

static int destination(struct sock *s, const struct msg *m, u32 *port, u32 *groups)
{
	const struct sockaddr_nl *name = (const struct sockaddr_nl *)&m->name;
	struct netlink_sock *n = netlink_sock(s);
	int err;

	*port = READ_ONCE(n->peer_port);
	*groups = READ_ONCE(n->peer_groups);
	if (m->name_length) {
		err = name_check(&m->name, m->name_length);
		if (err)
			return err;
		*port = name->nl_pid;
		*groups = name->nl_groups ? 1u << __builtin_ctz(name->nl_groups) : 0;
		err = may_send(s, *port, *groups);
		if (err)
			return err;
	}
	return port_take(n, 0);
}

static void sender_fill(const struct netlink_sock *n, struct nl_from *from)
{
	struct sock_caller caller = sock_caller();

	*from = (struct nl_from){ .port = n->port, .pid = (u32)caller.pid,
				  .uid = caller.cred->uid, .gid = caller.cred->gid };
}

static ssize_t netlink_send(struct sock *s, struct msg *m)
{
	struct netlink_sock *n = netlink_sock(s);
	size_t size = iov_left(m->iter);
	struct nl_from from = { 0 };
	u32 port, groups;
	struct packet *p;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!size)
		return -ENODATA;
	err = destination(s, m, &port, &groups);
	if (err)
		return err;
	if (size > s->send_limit - 32)
		return -EMSGSIZE;
	p = packet_alloc(0, (u32)size, MM_KERNEL);
	if (!p)
		return -ENOBUFS;
	if (iov_copy_from(m->iter, packet_put(p, (u32)size), size) != size) {
		packet_free(p);
		return -EFAULT;
	}
	sender_fill(n, &from);
	if (groups) {
		from.group = (u32)__builtin_ctz(groups) + 1;
		multicast(s->protocol, p, &from);
	}
	if (port) {
		from.group = 0;
		err = unicast(s->protocol, port, p, &from);
		return err ? err : (ssize_t)size;
	}
	if (s->protocol == NETLINK_USERSOCK)
		err = -ECONNREFUSED;
	else
		nl_requests(n, p->data, (u32)size, m->name_length);
	packet_free(p);
	return err ? err : (ssize_t)size;
}

static ssize_t netlink_recv(struct sock *s, struct msg *m)
{
	struct netlink_sock *n = netlink_sock(s);
	struct nl_from from;
	struct packet *p;
	ssize_t done;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = sock_recv_packet(s, m, &p);
	if (!READ_ONCE(s->receive.first))
		WRITE_ONCE(n->congested, false);
	if (err || !p)
		return err;
	from = *(struct nl_from *)p->cb;
	done = sock_recv_copy(s, m, p, 0);
	packet_free(p);
	if (done < 0)
		return done;
	*(struct sockaddr_nl *)&m->name = (struct sockaddr_nl){
		.nl_family = AF_NETLINK, .nl_pid = from.port,
		.nl_groups = from.group && from.group <= 32 ? 1u << (from.group - 1) : 0,
	};
	m->name_length = sizeof(struct sockaddr_nl);
	if (READ_ONCE(n->want_pktinfo)) {
		struct nl_pktinfo info = { from.group };

		err = msg_put_control(m, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
		if (err)
			return err;
	}
	if (s->flags & SOCK_PASSCRED) {
		struct ucred who = { (s32)from.pid, from.uid, from.gid };

		err = msg_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof(who));
		if (err)
			return err;
	}
	nl_dump_more(n);
	return done;
}

static int membership(struct netlink_sock *n, u32 group, bool join)
{
	if (!group || group > NL_GROUPS)
		return -EINVAL;
	if (!may_listen(&n->sock))
		return -EPERM;
	if (port_take(n, 0))
		return -EADDRINUSE;
	spin_lock(&nl_table.lock);
	groups_set(n, join ? n->groups | BIT(group - 1) : n->groups & ~BIT(group - 1));
	spin_unlock(&nl_table.lock);
	return 0;
}

static int netlink_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	struct netlink_sock *nl = netlink_sock(s);
	u32 v;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (n < sizeof(v))
		return -EINVAL;
	if (copy_in_obj(&v, (const u32 __user *)value))
		return -EFAULT;
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP:
		return membership(nl, v, name == NETLINK_ADD_MEMBERSHIP);
	case NETLINK_PKTINFO:
		WRITE_ONCE(nl->want_pktinfo, v != 0);
		return 0;
	case NETLINK_NO_ENOBUFS:
		WRITE_ONCE(nl->no_enobufs, v != 0);
		return 0;
	case NETLINK_CAP_ACK:
		WRITE_ONCE(nl->cap_ack, v != 0);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int list_groups(struct netlink_sock *nl, void __user *value, u32 *n)
{
	u64 groups = READ_ONCE(nl->groups);
	u32 fits = min(*n / 4, 2u);

	for (u32 i = 0; i < fits; i++) {
		u32 word = (u32)(groups >> (32 * i));

		if (copy_out_obj((u32 __user *)value + i, &word))
			return -EFAULT;
	}
	*n = sizeof(groups);
	return 0;
}

static int netlink_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct netlink_sock *nl = netlink_sock(s);
	u32 v;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	switch (name) {
	case NETLINK_PKTINFO: v = READ_ONCE(nl->want_pktinfo); break;
	case NETLINK_NO_ENOBUFS: v = READ_ONCE(nl->no_enobufs); break;
	case NETLINK_CAP_ACK: v = READ_ONCE(nl->cap_ack); break;
	case NETLINK_LIST_MEMBERSHIPS: return list_groups(nl, value, n);
	default: return -ENOPROTOOPT;
	}
	if (*n < sizeof(v))
		return -EINVAL;
	*n = sizeof(v);
	return copy_out_obj((u32 __user *)value, &v) ? -EFAULT : 0;
}

static void netlink_close(struct sock *s)
{
	struct netlink_sock *n = netlink_sock(s);

	spin_lock(&nl_table.lock);
	groups_set(n, 0);
	list_del_init(&s->link);
	spin_unlock(&nl_table.lock);
	mutex_lock(&n->dump_lock);
	nl_dump_stop(n);
	mutex_unlock(&n->dump_lock);
	sock_put(s);
}

static void netlink_destroy(struct sock *s)
{
	packet_queue_free(&s->receive);
	cred_put(netlink_sock(s)->maker);
}

static const struct sock_ops netlink_ops = {
	.bind = netlink_bind,
	.connect = netlink_connect,
	.name = netlink_name,
	.send = netlink_send,
	.recv = netlink_recv,
	.poll = sock_datagram_poll,
	.set_option = netlink_set_option,
	.get_option = netlink_get_option,
	.close = netlink_close,
	.destroy = netlink_destroy,
};

static int netlink_create(u16 family, int type, int protocol, struct sock **out)
{
	struct netlink_sock *n;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_USERSOCK &&
	    protocol != NETLINK_SOCK_DIAG && protocol != NETLINK_KOBJECT_UEVENT)
		return -EPROTONOSUPPORT;
	n = (struct netlink_sock *)sock_alloc(netlink_cache, sizeof(*n), family, type, protocol,
					      &netlink_ops, MM_KERNEL);
	if (!n)
		return -ENOMEM;
	n->maker = cred_get(sock_caller().cred);
	mutex_init(&n->dump_lock, RANK_NETLINK, "netlink_dump");
	*out = &n->sock;
	return 0;
}

static struct sock_family netlink_family = { .family = AF_NETLINK, .create = netlink_create };

void netlink_init(void)
{
	netlink_cache = slab_cache_create("netlink_sock", sizeof(struct netlink_sock), 64);
	if (!netlink_cache)
		panic("netlink: no memory");
	sock_family_register(&netlink_family);
	rtnl_link_init();
	rtnl_addr_init();
	rtnl_route_init();
	rtnl_neighbour_init();
	rtnl_link6_init();
	rtnl_addr6_init();
	rtnl_route6_init();
	rtnl_rule_init();
	diag_inet_init();
	netlink_show_init();
	uevent_net_init();
}
