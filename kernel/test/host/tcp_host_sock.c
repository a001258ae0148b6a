/*
 * test/host/tcp_host_sock.c - sockets of the TCP harness: net/sock without files, and the calls
 * that tests make.
 */
#include "test/host/tcp_host_int.h"

#include "abi/fcntl.h"
#include "mm/slab.h"
#include "vm/iov.h"

struct sock *sock_alloc(struct slab_cache *cache, size_t size, u16 family, int type, int protocol,
			const struct sock_ops *ops, unsigned flags)
{
	struct sock *s = slab_alloc(cache, flags | MM_ZERO);

	if (!s)
		return NULL;
	ref_set(&s->refs, 1);
	s->family = family;
	s->ops = ops;
	s->cache = cache;
	list_init(&s->wait.entries);
	packet_queue_init(&s->receive);
	s->receive_low = 1;
	s->receive_timeout = s->send_timeout = ~0ull;
	return s;
}

void sock_put(struct sock *s)
{
	if (!ref_put(&s->refs))
		return;
	s->ops->destroy(s);
	slab_free(s->cache, s);
}

int sock_error_take(struct sock *s)
{
	int error = s->error;

	s->error = 0;
	return -error;
}

void sock_wake_slow(struct sock *s, u32 events) { }
void sock_urgent(struct sock *s) { }
u64 sock_receive_deadline(const struct sock *s, u32 flags) { return 0; }
u64 sock_send_deadline(const struct sock *s, u32 flags) { return 0; }
int sock_wait_result(int err, u64 deadline) { return err == -ETIMEDOUT ? -EAGAIN : err; }

u32 packet_charge_size(const struct packet *p)
{
	return (u32)sizeof(*p) + p->buf->size + (p->length - p->head);
}

int msg_put_control(struct msg *m, int level, int type, const void *data, size_t n) { return 0; }
void inet_sock_init(struct inet_sock *i)
{
	i->ttl = -1;
	i->mtu_discover = 1;
	i->local = i->remote = i->source = IPADDR_ANY4;
	packet_queue_init(&i->errors);
}
void inet_sock_fini(struct inet_sock *i) { }
void inet_sock_close(struct inet_sock *i) { }
int inet_name(struct sock *s, bool peer, struct sockaddr_storage *a) { return -ENOTCONN; }
int inet_set_option(struct sock *s, int level, int name, const void __user *v, u32 n)
{
	return -ENOPROTOOPT;
}
int inet_get_option(struct sock *s, int level, int name, void __user *v, u32 *n)
{
	return -ENOPROTOOPT;
}
ssize_t inet_recv_error(struct sock *s, struct msg *m) { return -EAGAIN; }
void inet_queue_error(struct inet_sock *i, const struct ip_error *e) { }
u32 inet_error_events(const struct inet_sock *i) { return POLLERR; }
void inet_stamp_report(struct inet_sock *i, u32 what, u32 key, struct packet *p) { }
void sock_stamp_inherit(struct sock *s, const struct sock *listener) { }
int sock_recv_stamp(struct sock *s, struct msg *m, u64 stamp_ns) { return 0; }
int sock_send_control(struct sock *s, struct msg *m, u32 *wanted) { return 0; }
void sock_filter_inherit(struct sock *s, const struct sock *listener) { }
bool sock_capable(unsigned capability) { return true; }
void filter_free(struct sock *s) { }
u32 filter_keep(struct sock *s, struct packet *p, u32 skip) { return ~0u; }

int inet_address_in(struct sock *s, const struct sockaddr_storage *a, u32 length,
		    struct ipaddr *addr, u16 *port, u32 *scope)
{
	const struct sockaddr_in *in = (const void *)a;

	*addr = ipaddr_4(in->sin_addr.s_addr);
	*port = ntoh16(in->sin_port);
	*scope = 0;
	return 0;
}

int inet_bind_address(struct inet_sock *i, const struct sockaddr_storage *a, u32 length,
		      struct ipaddr *local, u16 *port, u32 *scope)
{
	return inet_address_in(&i->sock, a, length, local, port, scope);
}

be32 inet_address_flow(struct sock *s, const struct sockaddr_storage *a, u32 length) { return 0; }
void inet_sock_meta(const struct inet_sock *i, const struct ipaddr *to, struct ip_meta *meta)
{
	*meta = (struct ip_meta){ .protocol = IPPROTO_TCP, .ttl = -1 };
}

/* What tests call. ----------------------------------------------------------------------------- */

static struct sockaddr_storage address(u32 addr, u16 port)
{
	struct sockaddr_storage a = { .ss_family = AF_INET };
	struct sockaddr_in *in = (void *)&a;

	in->sin_port = hton16(port);
	in->sin_addr.s_addr = hton32(addr);
	return a;
}

struct tcp_sock *host_socket(u16 family)
{
	struct sock *s;

	return tcp_create_sock(family, SOCK_STREAM, 0, &s) ? NULL : tcp_sock(s);
}

int host_bind(struct tcp_sock *t, u32 addr, u16 port)
{
	struct sockaddr_storage a = address(addr, port);

	return tcp_bind(tcp_base(t), &a, sizeof(struct sockaddr_in));
}

int host_connect(struct tcp_sock *t, u32 addr, u16 port)
{
	struct sockaddr_storage a = address(addr, port);

	return tcp_connect(tcp_base(t), &a, sizeof(struct sockaddr_in), O_NONBLOCK);
}

struct tcp_sock *host_listener(u32 addr, u16 port, u32 backlog)
{
	struct tcp_sock *t = host_socket(AF_INET);

	if (host_bind(t, addr, port) || tcp_listen(tcp_base(t), backlog))
		abort();
	return t;
}

struct tcp_sock *host_accept(struct tcp_sock *l)
{
	struct sock *s;

	return tcp_accept(tcp_base(l), O_NONBLOCK, &s) ? NULL : tcp_sock(s);
}

ssize_t host_write(struct tcp_sock *t, const void *data, size_t n, u32 flags)
{
	struct iov_iter it;
	struct msg m = { .iter = &it, .flags = flags | MSG_DONTWAIT };

	iov_init_kernel(&it, (void *)data, n);
	return tcp_send(tcp_base(t), &m);
}

ssize_t host_read(struct tcp_sock *t, void *data, size_t n, u32 flags)
{
	struct iov_iter it;
	struct msg m = { .iter = &it, .flags = flags | MSG_DONTWAIT };

	iov_init_kernel(&it, data, n);
	return tcp_recv(tcp_base(t), &m);
}

void host_close(struct tcp_sock *t) { tcp_close(tcp_base(t)); }

int host_option(struct tcp_sock *t, int name, int value)
{
	return tcp_set_option(tcp_base(t), SOL_TCP, name, &value, sizeof(value));
}
