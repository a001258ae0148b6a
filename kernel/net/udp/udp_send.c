/*
 * Sending datagrams. The usual one touches no lock but the socket's own: its bytes go straight into
 * the packet, the route is the socket's, the checksum is the device's.
 *
 * With UDP_CORK or MSG_MORE data wait in a packet until the last piece is there; send_lock guards
 * it.
 */
#include "net/udp/udp.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "lib/string.h"
#include "vm/iov.h"

static void count(const struct udp_sock *u, const struct ipaddr *to, enum udp_counter what)
{
	udp_count(udp_kind(u->inet.sock.protocol), !ipaddr_is4(to), what);
}

/* Whether datagrams to an address go without a checksum. */
static bool sums_off(const struct udp_sock *u, const struct ipaddr *to)
{
	return ipaddr_is4(to) ? READ_ONCE(u->inet.sock.flags) & SOCK_NO_CHECK :
				READ_ONCE(u->no_check6_tx);
}

/* UDP-Lite's coverage and checksum, which is always there and which no device knows (RFC 3828). A
 * coverage beyond the datagram's end is that of all of it. */
static void lite_sum(const struct udp_sock *u, struct packet *p, const struct ipaddr *from,
		     const struct ipaddr *to)
{
	struct udp_header *h = (struct udp_header *)p->data;
	u32 cover = min(READ_ONCE(u->send_cover) ?: p->length, p->length);
	u16 sum;

	h->length = hton16((u16)cover);
	sum = (u16)~ip_sum_over(p, from, to, IPPROTO_UDPLITE, cover);
	h->sum = sum ?: 0xffff;
}

/* Header and checksum. With the lock; data begins with the payload, in own bytes. */
static void header_make(struct udp_sock *u, struct packet *p, const struct route *r,
			const struct inet_send *to)
{
	struct udp_header *h = (struct udp_header *)packet_push(p, sizeof(*h));
	struct ipaddr dest = r->kind == ROUTE_LOCAL ? r->hop : r->to;

	*h = (struct udp_header){
		.from = hton16(u->inet.local_port), .to = hton16(to->to_port),
		.length = hton16((u16)p->length),
	};
	if (unlikely(udp_is_lite(&u->inet.sock))) {
		lite_sum(u, p, &r->from, &dest);
		return;
	}
	if (sums_off(u, &r->to))
		return;
	ip_sum_partial(p, &r->from, &dest, IPPROTO_UDP, offsetof(struct udp_header, sum));
}

/* Sends a packet whose data are the payload. Takes it. */
static int transmit(struct udp_sock *u, struct packet *p, struct inet_send *to)
{
	struct sock *s = &u->inet.sock;
	struct route *r;
	u32 mtu = 0;
	int err;

	spin_lock(&s->lock);
	err = udp_autobind(&u->inet);
	r = err ? NULL : inet_send_route(&u->inet, to, &err);
	if (likely(r)) {
		mtu = route_mtu(r);
		header_make(u, p, r, to);
		inet_send_stamps(to, p);
		err = ip_send(p, r, &to->meta);
	} else {
		packet_free(p);
	}
	spin_unlock(&s->lock);
	if (likely(!err)) {
		count(u, &to->flow.to, UDP_OUT_DATAGRAMS);
		return 0;
	}
	if (err == -ABI_EMSGSIZE)
		inet_send_too_long(&u->inet, to, mtu);
	/* What is lost on its way to the wire is lost as on the wire, unless somebody wants to
	 * know (ip(7), IP_RECVERR). */
	if (err == -ABI_ENOBUFS && !inet_keeps_errors(&u->inet, &to->flow.to)) {
		count(u, &to->flow.to, UDP_SNDBUF_ERRORS);
		err = 0;
	}
	return err;
}

void udp_cork_drop(struct udp_sock *u)
{
	if (!u->corked)
		return;
	packet_free(u->corked);
	u->corked = NULL;
	inet_send_end(&u->corked_to);
}

int udp_cork_push(struct udp_sock *u)
{
	struct packet *p = u->corked;
	int err;

	u->corked = NULL;
	err = transmit(u, p, &u->corked_to);
	inet_send_end(&u->corked_to);
	return err;
}

/* A larger packet with the same bytes. */
static int cork_grow(struct udp_sock *u, u32 n)
{
	struct sock *s = &u->inet.sock;
	u32 size = u->corked->length + n;
	struct packet *p = packet_alloc(PACKET_ROOM, max(size, 2048u), MM_KERNEL);

	if (!p)
		return -ENOBUFS;
	packet_read(u->corked, 0, packet_put(p, u->corked->length), u->corked->length);
	sock_charge_send(s, p);
	packet_free(u->corked);
	u->corked = p;
	return 0;
}

/* Appends to what waits, or begins; sends it if this is the last. */
static ssize_t send_corked(struct udp_sock *u, struct msg *m, u32 n, bool more)
{
	struct sock *s = &u->inet.sock;
	int err = 0;

	mutex_lock(&s->send_lock);
	if (!u->corked) {
		err = inet_send_begin(&u->inet, m, &u->corked_to);
		if (!err && u->corked_to.meta.options)
			u->corked_to.meta.options = u->corked_to.options;
		if (!err)
			u->corked = packet_alloc(PACKET_ROOM, max(n, 2048u), MM_KERNEL);
		if (!err && !u->corked)
			err = -ENOBUFS;
		if (!err)
			sock_charge_send(s, u->corked);
		else
			inet_send_end(&u->corked_to);
	}
	if (!err && u->corked->length + n > UDP_MOST)
		err = -EMSGSIZE;
	if (!err && packet_tail_room(u->corked) < n)
		err = cork_grow(u, n);
	if (!err && iov_copy_from(m->iter, packet_put(u->corked, n), n) != n)
		err = -EFAULT;
	if (err) /* all or nothing */
		udp_cork_drop(u);
	else if (!more)
		err = udp_cork_push(u);
	mutex_unlock(&s->send_lock);
	return err ?: (ssize_t)n;
}

/* One datagram of n bytes. */
static int send_one(struct udp_sock *u, struct msg *m, u32 n, struct inet_send *to)
{
	struct packet *p;
	int err = sock_alloc_send(&u->inet.sock, PACKET_ROOM, n, m->flags, &p);

	if (unlikely(err))
		return err;
	if (unlikely(iov_copy_from(m->iter, packet_put(p, n), n) != n)) {
		packet_free(p);
		return -EFAULT;
	}
	return transmit(u, p, to);
}

/* UDP_SEGMENT (udp(7)): as many datagrams of that size as it takes; they must fit the way whole. */
static ssize_t send_segments(struct udp_sock *u, struct msg *m, u32 n, struct inet_send *to)
{
	u32 sent = 0, mtu = 0;
	struct route *r;
	int err;

	spin_lock(&u->inet.sock.lock);
	r = inet_send_route(&u->inet, to, &err);
	if (r)
		mtu = route_mtu(r);
	spin_unlock(&u->inet.sock.lock);
	if (!err && (n > (u32)to->segment * UDP_SEGMENTS || sums_off(u, &to->flow.to) ||
		     to->segment + sizeof(struct udp_header) +
		     ip_version_of(&to->flow.to)->header_length > mtu))
		err = -EINVAL;
	while (!err && sent < n) {
		u32 part = min((u32)to->segment, n - sent);

		err = send_one(u, m, part, to);
		if (!err)
			sent += part;
	}
	return sent ? (ssize_t)sent : err;
}

static ssize_t send_now(struct udp_sock *u, struct msg *m, u32 n, struct inet_send *to)
{
	int err;

	if (unlikely(!to->to_port))
		return -EINVAL;
	if (!to->segment)
		to->segment = READ_ONCE(u->segment);
	if (unlikely(to->segment && udp_is_lite(&u->inet.sock)))
		return -EIO;
	if (unlikely(to->segment && n > to->segment))
		return send_segments(u, m, n, to);
	err = send_one(u, m, n, to);
	return unlikely(err) ? err : (ssize_t)n;
}

ssize_t udp_send(struct sock *s, struct msg *m)
{
	struct udp_sock *u = udp_sock(s);
	size_t n = iov_left(m->iter);
	struct inet_send to;
	bool more = m->flags & MSG_MORE || READ_ONCE(u->cork);
	ssize_t sent = 0;
	int err;

	if (unlikely(n > UDP_MOST))
		return -EMSGSIZE;
	if (unlikely(m->flags & MSG_OOB))
		return -EOPNOTSUPP;
	if (unlikely(more || READ_ONCE(u->corked)))
		return send_corked(u, m, (u32)n, more);
	err = inet_send_begin(&u->inet, m, &to);
	if (likely(!err))
		sent = send_now(u, m, (u32)n, &to);
	inet_send_end(&to);
	return unlikely(err) ? err : sent;
}
