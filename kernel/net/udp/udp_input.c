/*
 * UDP and UDP-Lite received: whose is it? A connected socket's, else that of the best bound one; of
 * what went to a group or a broadcast every socket that wants it gets a copy (RFC 1122, 4.1.3.3).
 */
#include "net/udp/udp.h"

#include "abi/errno.h"
#include "abi/in.h"

static bool six(const struct packet *p)
{
	return !ipaddr_is4(&ip_info((struct packet *)p)->to);
}

static void count(struct packet *p, enum udp_counter what)
{
	udp_count(udp_kind(ip_info(p)->protocol), six(p), what);
}

/* UDPLITE_RECV_CSCOV: whether the checksum is over as much as the socket wants. */
static bool covered(const struct udp_sock *u, const struct packet *p)
{
	u32 least = READ_ONCE(u->recv_cover) ?: p->length;
	u32 cover = udp_lite_coverage((const struct udp_header *)p->data, p->length);

	return !READ_ONCE(u->recv_limited) || cover == p->length || cover >= least;
}

/* Queues it, or frees it: the packet is the socket's from now on. */
static void give(struct inet_sock *i, struct packet *p)
{
	struct sock *s = &i->sock;
	bool together = false;
	int err = 0;

	if (unlikely(!inet_near_enough(i, ip_info(p))))
		goto drop;
	if (unlikely(p->length < sizeof(struct udp_header)))
		goto drop;
	if (unlikely(udp_is_lite(s)) && !covered(udp_sock(s), p))
		goto drop;
	if (unlikely(s->filter) && !sock_filter_pass(s, p))
		goto drop;
	if (unlikely(p->length < sizeof(struct udp_header)))
		goto drop;
	packet_pull(p, sizeof(struct udp_header));
	spin_lock(&s->lock);
	if (READ_ONCE(s->shut) & SOCK_SHUT_RD)
		err = -EPIPE;
	else if (unlikely(together = READ_ONCE(s->flags) & SOCK_TRAINS))
		err = udp_gro_queue(udp_sock(s), p);
	else
		err = sock_queue_receive(s, p);
	spin_unlock(&s->lock);
	if (err) {
		count(p, UDP_RCVBUF_ERRORS);
		goto drop;
	}
	if (likely(!together))
		sock_wake(s, POLLIN | POLLRDNORM);
	return;
drop:
	count(p, UDP_IN_ERRORS);
	packet_free(p);
}

/* 0 says that there is no checksum, which IPv6 has only by the receiver's leave (RFC 8200, 8.1;
 * UDP_NO_CHECK6_RX). */
static bool sum_missing(const struct packet *p, const struct udp_header *h)
{
	return unlikely(!h->sum) && six(p);
}
static bool allows_missing(const struct sock *s)
{
	return READ_ONCE(((const struct udp_sock *)s)->no_check6_rx);
}

/* Cuts off what is behind the datagram: whether it is all there. One of UDP-Lite ends where the
 * packet does, and covers no more. */
static bool whole(struct packet *p, const struct udp_header *h)
{
	u32 length = udp_length(h, p->length);

	if (unlikely(ip_info(p)->protocol == IPPROTO_UDPLITE))
		return ntoh16(h->length) <= p->length;
	if (unlikely(!length))
		return false;
	if (unlikely(length < p->length))
		packet_trim(p, length);
	return true;
}

/* UDP-Lite's is always there. */
static bool sum_right(struct packet *p, const struct udp_header *h)
{
	u32 cover = p->length;

	if (unlikely(ip_info(p)->protocol == IPPROTO_UDPLITE)) {
		cover = udp_lite_coverage(h, p->length);
		if (!h->sum || !cover)
			return false;
	}
	return !h->sum || ip_sum_valid(p, cover);
}

struct spread { struct packet *p; const struct udp_header *h; bool wanted; };

/* Whether a socket of the port wants what went to many. */
static bool wants(struct inet_sock *i, const struct ip_info *info, const struct udp_header *h)
{
	u32 bound = READ_ONCE(i->sock.bound_if);

	if (bound && bound != info->nif)
		return false;
	if (i->remote_port && (i->remote_port != ntoh16(h->from) ||
			       !ipaddr_equal(&i->remote, &info->from)))
		return false;
	if (!ipaddr_any(&i->local)) {
		if (!ipaddr_equal(&i->local, &info->to))
			return false;
	} else if (ipaddr_is4(&i->local) != ipaddr_is4(&info->to) &&
		   (ipaddr_is4(&i->local) || i->only_6)) {
		return false;
	}
	return info->kind != ROUTE_MULTICAST ||
	       ip_version_of(&info->to)->wants_multicast(i, &info->to, &info->from, info->nif);
}

static void give_copy(struct inet_sock *i, void *arg)
{
	struct spread *x = arg;
	struct packet *copy;

	if (!wants(i, ip_info(x->p), x->h) ||
	    (sum_missing(x->p, x->h) && !allows_missing(&i->sock)))
		return;
	x->wanted = true;
	copy = packet_clone(x->p, MM_ATOMIC);
	if (copy)
		give(i, copy);
}

static void receive_spread(struct packet *p, const struct udp_header *h)
{
	struct spread x = { p, h, false };

	port_each(udp_kind(ip_info(p)->protocol)->ports, ntoh16(h->to), give_copy, &x);
	if (!x.wanted)
		count(p, UDP_IGNORED_MULTI);
	packet_free(p);
}

void udp_receive(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct port_table *ports = udp_kind(info->protocol)->ports;
	const struct udp_header *h;
	struct inet_sock *i;

	if (unlikely(!packet_want(p, sizeof(*h))))
		goto bad;
	h = (const struct udp_header *)p->data;
	if (unlikely(!whole(p, h)))
		goto bad;
	if (unlikely(!sum_right(p, h)))
		goto bad_sum;
	count(p, UDP_IN_DATAGRAMS);
	if (unlikely(route_is_spread(info->kind))) {
		receive_spread(p, h);
		return;
	}
	i = flow_find(ports, &info->to, ntoh16(h->to), &info->from, ntoh16(h->from), info->nif) ?:
	    port_find(ports, &info->to, ntoh16(h->to), &info->from, ntoh16(h->from), info->nif,
		      NULL);
	if (likely(i)) {
		if (sum_missing(p, h) && !allows_missing(&i->sock)) {
			sock_put(&i->sock);
			goto bad_sum;
		}
		give(i, p);
		sock_put(&i->sock);
		return;
	}
	if (sum_missing(p, h))
		goto bad_sum;
	count(p, UDP_NO_PORTS);
	ip_send_unreachable(p, IP_PORT_UNREACHABLE);
	packet_free(p);
	return;
bad_sum:
	count(p, UDP_IN_CSUM_ERRORS);
bad:
	count(p, UDP_IN_ERRORS);
	packet_free(p);
}

/* RFC 1122, 4.1.3.3: passed up. A socket without IP_RECVERR hears only what is certain, and only
 * if it is connected (udp(7)). */
static void error(struct port_table *ports, const struct ip_error *e)
{
	const struct udp_header *h = (const struct udp_header *)e->transport;
	struct ip_error told = *e;
	struct inet_sock *i;
	bool keeps, hard;

	i = flow_find(ports, &e->from, ntoh16(h->from), &e->to, ntoh16(h->to), e->nif) ?:
	    port_find(ports, &e->from, ntoh16(h->from), &e->to, ntoh16(h->to), e->nif, NULL);
	if (!i)
		return;
	told.skip = sizeof(*h);
	told.port = ntoh16(h->to);
	hard = e->fatal;
	if (ip_error_is_mtu(e)) {
		u8 discover = inet_mtu_discover(i, &e->to);

		/* IPv6 has no other way than to make shorter packets. */
		if (discover < IP_PMTUDISC_INTERFACE &&
		    (discover != IP_PMTUDISC_DONT || !ipaddr_is4(&e->to)))
			route_set_mtu(&e->to, e->info);
		hard = discover != IP_PMTUDISC_DONT && (discover == IP_PMTUDISC_DO ||
							ipaddr_is4(&e->to));
	}
	keeps = inet_keeps_errors(i, &e->to);
	if (keeps) {
		spin_lock(&i->sock.lock);
		inet_queue_error(i, &told);
		spin_unlock(&i->sock.lock);
	}
	if (keeps || (hard && i->remote_port))
		sock_set_error(&i->sock, e->error);
	sock_put(&i->sock);
}

void udp_error(const struct ip_error *e)
{
	error(udp_kind(IPPROTO_UDP)->ports, e);
}

void udp_lite_error(const struct ip_error *e)
{
	error(udp_kind(IPPROTO_UDPLITE)->ports, e);
}
