/*
 * The queue of errors of a socket (IP_RECVERR, IPV6_RECVERR; ip(7)): each entry is a packet with
 * what came back of the offending datagram's data, and the report in p->cb. recv() with
 * MSG_ERRQUEUE takes them off.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"

enum { ERRORS_MOST = 64, QUOTED = 576 };

struct report {
	struct ipaddr to, reporter;
	u32 nif;
	u16 port;
	u8 origin, type, code;
	u32 error, info;
};
static_assert(sizeof(struct report) <= PACKET_CB, "report");

static void queue_locked(struct inet_sock *i, const struct report *r, const u8 *data, u32 n)
{
	struct packet *p;

	if (i->errors.n >= ERRORS_MOST)
		return;
	p = packet_alloc(0, n, MM_ATOMIC);
	if (!p)
		return;
	if (n)
		memcpy(packet_put(p, n), data, n);
	*(struct report *)p->cb = *r;
	if (!sock_charge_receive(&i->sock, p)) {
		packet_free(p);
		return;
	}
	packet_enqueue(&i->errors, p);
}

void inet_queue_error(struct inet_sock *i, const struct ip_error *e)
{
	struct report r = {
		.to = e->to, .reporter = e->reporter, .nif = e->nif, .port = e->port,
		.origin = ipaddr_is4(&e->to) ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
		.type = e->type, .code = e->code, .error = (u32)e->error, .info = e->info,
	};

	if (inet_keeps_errors(i, &e->to) && e->length >= e->skip)
		queue_locked(i, &r, e->transport + e->skip,
			     min(e->length - e->skip, (u32)QUOTED));
}

void inet_local_error(struct inet_sock *i, int error, const struct ipaddr *to, u16 port, u32 info)
{
	struct report r = { .to = *to, .port = port, .origin = SO_EE_ORIGIN_LOCAL,
			    .error = (u32)error, .info = info };

	if (!inet_keeps_errors(i, to))
		return;
	spin_lock(&i->sock.lock);
	queue_locked(i, &r, NULL, 0);
	spin_unlock(&i->sock.lock);
	sock_wake(&i->sock, POLLERR);
}

/* The report as user space gets it, with the offender's address behind. */
static int put_report(struct inet_sock *i, struct msg *m, const struct report *r)
{
	struct {
		struct sock_extended_err ee;
		union { struct sockaddr_in in; struct sockaddr_in6 in6; };
	} answer = { 0 };
	bool four = ipaddr_is4(&r->to);

	answer.ee = (struct sock_extended_err){
		.ee_errno = r->error, .ee_origin = r->origin, .ee_type = r->type,
		.ee_code = r->code, .ee_info = r->info,
	};
	if (r->origin != SO_EE_ORIGIN_LOCAL && four) {
		answer.in.sin_family = AF_INET;
		answer.in.sin_addr.s_addr = r->reporter.w[3];
	} else if (r->origin != SO_EE_ORIGIN_LOCAL) {
		answer.in6.sin6_family = AF_INET6;
		memcpy(&answer.in6.sin6_addr, &r->reporter, sizeof(r->reporter));
		if (ipaddr_link_local(&r->reporter))
			answer.in6.sin6_scope_id = r->nif;
	}
	if (four)
		return msg_put_control(m, SOL_IP, IP_RECVERR, &answer,
				       sizeof(answer.ee) + sizeof(answer.in));
	return msg_put_control(m, SOL_IPV6, IPV6_RECVERR, &answer,
			       sizeof(answer.ee) + sizeof(answer.in6));
}

/* The error that a socket without the queue would have is that of what is in front of it. */
static struct packet *take(struct inet_sock *i)
{
	struct sock *s = &i->sock;
	struct packet *p;

	spin_lock(&s->lock);
	p = packet_dequeue(&i->errors);
	if (p)
		WRITE_ONCE(s->error, i->errors.first ?
			   (s32)((struct report *)i->errors.first->cb)->error : 0);
	spin_unlock(&s->lock);
	return p;
}

ssize_t inet_recv_error(struct sock *s, struct msg *m)
{
	struct inet_sock *i = inet_sock(s);
	struct packet *p = take(i);
	const struct report *r;
	ssize_t n;
	int err;

	if (!p)
		return -EAGAIN;
	r = (const struct report *)p->cb;
	n = sock_recv_copy(s, m, p, 0);
	if (n >= 0 && m->wants_name)
		m->name_length = (u32)inet_address_out(s, &r->to, r->port, r->nif, &m->name);
	err = n < 0 ? 0 : put_report(i, m, r);
	m->out_flags |= MSG_ERRQUEUE;
	packet_free(p);
	return err ?: n;
}

ssize_t inet_recv_datagram(struct sock *s, struct msg *m)
{
	struct packet *p;
	ssize_t n;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_error(s, m);
	err = sock_recv_packet(s, m, &p);
	if (err || !p)
		return err;
	n = sock_recv_copy(s, m, p, 0);
	if (n >= 0) {
		if (m->wants_name)
			m->name_length = (u32)inet_address_out(s, &ip_info(p)->from, 0,
							       ip_info(p)->nif, &m->name);
		err = inet_put_control(s, m, p);
	}
	packet_free(p);
	return err ?: n;
}
