/*
 * The queue of errors of a socket (IP_RECVERR, IPV6_RECVERR; ip(7)): each entry is a packet with
 * what came back of the offending datagram's data, and the report in p->cb. recv() with
 * MSG_ERRQUEUE takes them off. Reports of time stamps (SO_TIMESTAMPING) are on it, too.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "abi/net_tstamp.h"
#include "core/clock.h"
#include "dev/netif.h"
#include "lib/string.h"
#include "net/inet/inet_int.h"

enum { ERRORS_MOST = 64, QUOTED = 576 };

struct report {
	struct ipaddr to, reporter;
	u32 nif;
	u16 port;
	u8 origin, type, code;
	u32 error, info, data;
};
static_assert(sizeof(struct report) <= PACKET_CB, "report");

/* Takes the packet (NULL: there was no memory). */
static void enqueue(struct inet_sock *i, const struct report *r, struct packet *p)
{
	bool full;

	if (!p)
		return;
	*(struct report *)p->cb = *r;
	p->drops = 0;
	if (!sock_charge_queued(&i->sock, p)) {
		packet_free(p);
		return;
	}
	spin_lock(&i->errors_lock);
	full = i->errors.n >= ERRORS_MOST;
	if (!full)
		packet_enqueue(&i->errors, p);
	spin_unlock(&i->errors_lock);
	if (full)
		packet_free(p);
}

static void queue(struct inet_sock *i, const struct report *r, const u8 *data, u32 n)
{
	struct packet *p = packet_alloc(0, n, MM_ATOMIC);

	if (p && n)
		memcpy(packet_put(p, n), data, n);
	enqueue(i, r, p);
}

void inet_errors_drop(struct inet_sock *i)
{
	struct packet_queue old;
	struct packet *p;

	packet_queue_init(&old);
	spin_lock(&i->errors_lock);
	while ((p = packet_dequeue(&i->errors)))
		packet_enqueue(&old, p);
	spin_unlock(&i->errors_lock);
	packet_queue_free(&old);
}

u32 inet_error_events(const struct inet_sock *i)
{
	return READ_ONCE(i->sock.flags) & SOCK_ERRORS_PRI ? POLLERR | POLLPRI : POLLERR;
}

void inet_queue_error(struct inet_sock *i, const struct ip_error *e)
{
	struct report r = {
		.to = e->to, .reporter = e->reporter, .nif = e->nif, .port = e->port,
		.origin = ipaddr_is4(&e->to) ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
		.type = e->type, .code = e->code, .error = (u32)e->error, .info = e->info,
	};

	if (inet_keeps_errors(i, &e->to) && e->length >= e->skip)
		queue(i, &r, e->transport + e->skip, min(e->length - e->skip, (u32)QUOTED));
}

void inet_local_error(struct inet_sock *i, int error, const struct ipaddr *to, u16 port, u32 info)
{
	struct report r = { .to = *to, .port = port, .origin = SO_EE_ORIGIN_LOCAL,
			    .error = (u32)error, .info = info };

	if (!inet_keeps_errors(i, to))
		return;
	queue(i, &r, NULL, 0);
	sock_wake(&i->sock, POLLERR);
}

void inet_stamp_report(struct inet_sock *i, u32 what, u32 key, struct packet *p)
{
	bool bare = !p || READ_ONCE(i->sock.stamping) & SOF_TIMESTAMPING_OPT_TSONLY;
	struct packet *copy = bare ? packet_alloc(0, 0, MM_ATOMIC) : packet_clone(p, MM_ATOMIC);
	struct report r = {
		.to = i->sock.family == AF_INET ? IPADDR_ANY4 : IPADDR_ANY,
		.origin = SO_EE_ORIGIN_TIMESTAMPING, .error = ENOMSG, .info = what, .data = key,
	};

	if (copy)
		copy->stamp_ns = clock_realtime();
	enqueue(i, &r, copy);
	sock_wake(&i->sock, POLLERR | POLLPRI);
}

/* netif_stamp_fn: of datagrams. */
static void packet_goes(struct packet *p, u8 what)
{
	struct sock *s = p->sock;

	if (s && (s->family == AF_INET || s->family == AF_INET6))
		inet_stamp_report(inet_sock(s), what == PACKET_STAMP_SENT ? SCM_TSTAMP_SND :
				  SCM_TSTAMP_SCHED, p->stamp_key, p);
}

void inet_error_init(void)
{
	netif_stamp_fn = packet_goes;
}

static bool is_icmp(const struct report *r)
{
	return r->origin == SO_EE_ORIGIN_ICMP || r->origin == SO_EE_ORIGIN_ICMP6;
}

/* The report as user space gets it, with the offender's address behind. */
static int put_report(struct inet_sock *i, struct msg *m, const struct report *r)
{
	struct {
		struct sock_extended_err ee;
		union { struct sockaddr_in in; struct sockaddr_in6 in6; };
	} answer = { 0 };
	bool four = i->sock.family == AF_INET;

	answer.ee = (struct sock_extended_err){
		.ee_errno = r->error, .ee_origin = r->origin, .ee_type = r->type,
		.ee_code = r->code, .ee_info = r->info, .ee_data = r->data,
	};
	if (is_icmp(r) && four) {
		answer.in.sin_family = AF_INET;
		answer.in.sin_addr.s_addr = r->reporter.w[3];
	} else if (is_icmp(r)) {
		answer.in6.sin6_family = AF_INET6;
		memcpy(&answer.in6.sin6_addr, &r->reporter, sizeof(r->reporter));
		if (inet_needs_scope(&r->reporter))
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

	const struct report *next;

	spin_lock(&i->errors_lock);
	p = packet_dequeue(&i->errors);
	next = i->errors.first ? (struct report *)i->errors.first->cb : NULL;
	if (p && ((struct report *)p->cb)->origin != SO_EE_ORIGIN_TIMESTAMPING)
		WRITE_ONCE(s->error, next && is_icmp(next) ? (s32)next->error : 0);
	spin_unlock(&i->errors_lock);
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
	if (n >= 0 && m->wants_name && r->origin != SO_EE_ORIGIN_TIMESTAMPING)
		m->name_length = (u32)inet_address_out(s, &r->to, r->port, r->nif, &m->name);
	err = n < 0 ? 0 : put_report(i, m, r);
	m->out_flags |= MSG_ERRQUEUE;
	packet_free(p);
	return err ?: n;
}

bool inet_recv_path_mtu(struct sock *s, struct msg *m, int *err)
{
	struct inet_sock *i = inet_sock(s);
	struct ip6_mtuinfo info = { 0 };
	struct sockaddr_storage name;
	struct ipaddr to;

	if (likely(!READ_ONCE(i->six.path_mtu)))
		return false;
	spin_lock(&s->lock);
	to = i->six.path_to;
	info.ip6m_mtu = i->six.path_mtu;
	i->six.path_mtu = 0;
	spin_unlock(&s->lock);
	if (!info.ip6m_mtu || s->family != AF_INET6)
		return false;
	/* It may just have become a socket of IPv4 (IPV6_ADDRFORM), with a shorter name. */
	if (inet_address_out(s, &to, 0, READ_ONCE(i->scope), &name) != sizeof(info.ip6m_addr))
		return false;
	memcpy(&info.ip6m_addr, &name, sizeof(info.ip6m_addr));
	*err = msg_put_control(m, SOL_IPV6, IPV6_PATHMTU, &info, sizeof(info));
	return true;
}

ssize_t inet_recv_datagram(struct sock *s, struct msg *m)
{
	struct packet *p;
	ssize_t n;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_error(s, m);
	if (unlikely(inet_recv_path_mtu(s, m, &err)))
		return err;
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
