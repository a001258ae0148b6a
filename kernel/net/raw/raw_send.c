/*
 * Sending raw packets, and the options of raw sockets.
 */
#include "net/raw/raw.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"
#include "vm/iov.h"

/* A header of the caller's: what it left out is filled in (raw(7)), the rest is as it says. The
 * length and the sum always are; data begins with it. */
static int header_finish(struct packet *p, const struct route *r)
{
	struct ip4_header *h = (struct ip4_header *)p->data;
	u32 header;

	if (p->length < sizeof(*h) || p->length > 0xffff)
		return p->length > 0xffff ? -EMSGSIZE : -EINVAL;
	header = ip4_header_bytes(h);
	if (header < sizeof(*h) || header > p->length)
		return -EINVAL;
	if (!h->from)
		h->from = r->from.w[3];
	if (!h->id)
		h->id = hton16(ip4_next_id(h->from, h->to, h->protocol));
	h->length = hton16((u16)p->length);
	ip4_header_sum(h);
	p->network = packet_offset(p);
	p->transport = (u16)(p->network + header);
	return 0;
}

/* With the lock. Takes the packet. */
static int transmit_own(struct inet_sock *i, struct packet *p, struct route *r,
			const struct inet_send *to)
{
	int err = p->length > r->nif->mtu ? -EMSGSIZE : header_finish(p, r);

	if (err) {
		packet_free(p);
		return err;
	}
	return ip4_output(p, r, !to->meta.no_loop, false);
}

/* Fills in the checksum that IPV6_CHECKSUM told of. */
static int checksum(struct raw_sock *raw, struct packet *p, const struct route *r)
{
	s32 at = READ_ONCE(raw->checksum_at);
	u16 zero = 0;

	if (at < 0 || raw->inet.sock.family == AF_INET)
		return 0;
	if ((u32)at + 2 > p->length)
		return -EINVAL;
	memcpy(p->data + at, &zero, sizeof(zero));
	ip_sum_partial(p, &r->from, r->kind == ROUTE_LOCAL ? &r->hop : &r->to,
		       (u8)raw->inet.sock.protocol, (u16)at);
	return 0;
}

static int transmit(struct inet_sock *i, struct packet *p, struct inet_send *to)
{
	struct sock *s = &i->sock;
	struct route *r;
	u32 mtu = 0;
	int err;

	spin_lock(&s->lock);
	r = inet_send_route(i, to, &err);
	if (!r) {
		packet_free(p);
	} else if (i->header_included) {
		mtu = r->nif->mtu;
		inet_send_stamps(to, p);
		err = transmit_own(i, p, r, to);
	} else {
		mtu = route_mtu(r);
		err = checksum(raw_sock(s), p, r);
		if (err)
			packet_free(p);
		else {
			inet_send_stamps(to, p);
			err = ip_send(p, r, &to->meta);
		}
	}
	spin_unlock(&s->lock);
	if (err == -EMSGSIZE)
		inet_local_error(i, EMSGSIZE, &to->flow.to, 0, mtu);
	if (err == -ENOBUFS && !inet_keeps_errors(i, &to->flow.to))
		err = 0;
	return err;
}

ssize_t raw_send(struct sock *s, struct msg *m)
{
	struct inet_sock *i = inet_sock(s);
	size_t n = iov_left(m->iter);
	struct inet_send to;
	struct packet *p;
	int err;

	if (n > 0xffff)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = inet_send_begin(i, m, &to);
	if (err)
		return err;
	if (i->header_included) {
		to.flow.any_source = true;
		if (to.meta.options_length)
			return -EINVAL;
	}
	err = sock_alloc_send(s, PACKET_ROOM, (u32)n, m->flags, &p);
	if (err)
		return err;
	if (iov_copy_from(m->iter, packet_put(p, (u32)n), n) != n) {
		packet_free(p);
		return -EFAULT;
	}
	err = transmit(i, p, &to);
	return err ?: (ssize_t)n;
}

int raw_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	struct icmp_filter filter = { 0 };

	if (level != SOL_RAW)
		return inet_set_option(s, level, name, value, n);
	if (name != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (s->protocol != IPPROTO_ICMP || s->family != AF_INET)
		return -EOPNOTSUPP;
	if (copy_in(&filter, value, min((size_t)n, sizeof(filter))))
		return -EFAULT;
	WRITE_ONCE(raw_sock(s)->icmp_filter, filter.data);
	return 0;
}

int raw_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct icmp_filter filter;

	if (level != SOL_RAW)
		return inet_get_option(s, level, name, value, n);
	if (name != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (s->protocol != IPPROTO_ICMP || s->family != AF_INET)
		return -EOPNOTSUPP;
	filter.data = READ_ONCE(raw_sock(s)->icmp_filter);
	*n = min(*n, (u32)sizeof(filter));
	return copy_out(value, &filter, *n);
}
