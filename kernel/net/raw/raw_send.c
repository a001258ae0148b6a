/*
 * Sending raw packets.
 */
#include "net/raw/raw.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"
#include "net/ip6/ip6_int.h"
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

/* IPv6's header stays as it is (RFC 3542, IPV6_HDRINCL of ipv6(7)). */
static int header6_finish(struct packet *p)
{
	if (p->length < sizeof(struct ip6_header))
		return -EINVAL;
	p->network = packet_offset(p);
	p->transport = (u16)(p->network + sizeof(struct ip6_header));
	return 0;
}

/* With the lock. Takes the packet. */
static int transmit_own(struct inet_sock *i, struct packet *p, struct route *r,
			const struct inet_send *to)
{
	bool four = i->sock.family == AF_INET;
	int err = -EMSGSIZE;

	if (p->length <= r->nif->mtu)
		err = four ? header_finish(p, r) : header6_finish(p);
	if (err) {
		packet_free(p);
		return err;
	}
	return four ? ip4_output(p, r, !to->meta.no_loop, false) :
		      ip6_output(p, r, !to->meta.no_loop, false);
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
	/* Devices know the sums of TCP and UDP, not of what this may be. */
	return packet_sum_finish(p);
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
	if (err == -ABI_EMSGSIZE)
		inet_send_too_long(i, to, mtu);
	if (err == -ABI_ENOBUFS && !inet_keeps_errors(i, &to->flow.to))
		err = 0;
	return err;
}

/* The port of an address of IPv6 is a protocol: the socket's, or nothing (raw(7), ipv6(7)). */
static int port_check(const struct inet_sock *i, struct inet_send *to)
{
	u16 port = to->to_port;

	to->to_port = 0;
	if (i->sock.family == AF_INET || !port || port == i->sock.protocol)
		return 0;
	return i->sock.protocol == IPPROTO_RAW && port < 256 ? 0 : -EINVAL;
}

static int send_one(struct inet_sock *i, struct msg *m, u32 n, struct inet_send *to)
{
	struct packet *p;
	int err = port_check(i, to);

	if (!err && i->header_included) {
		to->flow.any_source = true;
		if (to->meta.options_length || to->headers)
			err = -EINVAL;
	}
	if (!err)
		err = sock_alloc_send(&i->sock, PACKET_ROOM, n, m->flags, &p);
	if (err)
		return err;
	if (iov_copy_from(m->iter, packet_put(p, n), n) != n) {
		packet_free(p);
		return -EFAULT;
	}
	return transmit(i, p, to);
}

ssize_t raw_send(struct sock *s, struct msg *m)
{
	struct inet_sock *i = inet_sock(s);
	size_t n = iov_left(m->iter);
	struct inet_send to;
	int err;

	if (n > 0xffff)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = inet_send_begin(i, m, &to) ?: send_one(i, m, (u32)n, &to);
	inet_send_end(&to);
	return err ?: (ssize_t)n;
}
