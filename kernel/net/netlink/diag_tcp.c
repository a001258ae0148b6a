/*
 * Connections over NETLINK_SOCK_DIAG: states, timers, queues, and the half-open ones of listeners.
 */
#include "net/netlink/diag_inet.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_wait.h"

struct port_table *tcp_port_table(void)
{
	return tcp_ports;
}

void tcp_diag_state(struct inet_sock *i, struct inet_diag_msg *m)
{
	struct tcp_sock *t = (struct tcp_sock *)i;
	u64 at, now = clock_monotonic();

	m->idiag_state = t->state;
	m->idiag_timer = (u8)tcp_timer_kind(t, &at);
	if (m->idiag_timer)
		m->idiag_expires = at > now ? (u32)((at - now) / TCP_MS) : 0;
	m->idiag_retrans = m->idiag_timer == 1 ? (u8)t->retransmits :
			   m->idiag_timer == 2 || m->idiag_timer == 4 ? (u8)t->probes : 0;
	if (t->state == TCP_LISTEN) {
		m->idiag_rqueue = t->listener->n_accept;
		m->idiag_wqueue = t->listener->backlog;
	} else if (t->state != TCP_CLOSE) {
		m->idiag_rqueue = TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV)) ? 0 : tcp_readable(t);
		m->idiag_wqueue = t->buf.end - t->buf.start;
	}
}

void tcp_diag_attributes(struct inet_sock *i, struct diag_walk *w)
{
	struct tcp_sock *t = (struct tcp_sock *)i;
	struct tcp_info info;

	if (diag_asked(w, INET_DIAG_INFO)) {
		tcp_info_fill(t, &info);
		nl_put(w->out, INET_DIAG_INFO, &info, sizeof(info));
	}
	if (diag_asked(w, INET_DIAG_CONG))
		nl_put_string(w->out, INET_DIAG_CONG, READ_ONCE(t->cc)->name);
}

bool tcp_diag_wait(struct flow_wait *f, struct diag_walk *w)
{
	struct tcp_wait *wait = tcp_wait(f);
	u64 at = tcp_wait_until(wait), now = clock_monotonic();
	struct diag_entry e = {
		.local = &f->local, .remote = &f->remote, .family = f->family, .nif = f->nif,
		.local_port = f->local_port, .remote_port = f->remote_port,
		.mark = wait->mark,
	};
	struct inet_diag_msg *m;

	if (!diag_wants(w, &e))
		return true;
	m = diag_begin(w, &e);
	if (m) {
		m->idiag_state = TCP_TIME_WAIT;
		m->idiag_timer = 3;
		m->idiag_expires = at > now ? (u32)((at - now) / TCP_MS) : 0;
		diag_cookie_put(wait->cookie, m->id.idiag_cookie);
	}
	return nl_end(w->out);
}

u64 tcp_diag_wait_cookie(struct flow_wait *f)
{
	return tcp_wait(f)->cookie;
}

void tcp_diag_wait_end(struct flow_wait *f)
{
	tcp_wait_end(tcp_wait(f));
}

/* False: no more fits. */
static bool put_request(struct diag_walk *w, const struct sock *l, const struct tcp_request *r)
{
	struct diag_entry e = {
		.local = &r->local, .remote = &r->remote, .family = l->family, .nif = r->nif,
		.local_port = r->local_port, .remote_port = r->remote_port,
		.mark = READ_ONCE(l->mark), .bound_port = true,
	};
	u64 now = clock_monotonic();
	struct inet_diag_msg *m;

	if (!diag_wants(w, &e))
		return true;
	m = diag_begin(w, &e);
	if (m) {
		m->idiag_state = TCP_SYN_RECV;
		m->idiag_timer = 1;
		m->idiag_retrans = r->retries;
		m->idiag_expires = r->deadline_ns > now ? (u32)((r->deadline_ns - now) / TCP_MS) :
							 0;
		m->idiag_uid = l->uid;
		if (w->see_marks)
			nl_put32(w->out, INET_DIAG_MARK, e.mark);
	}
	return nl_end(w->out);
}

/* A few at a time, as messages are not made with the lock held. */
bool tcp_diag_requests(struct inet_sock *i, struct diag_walk *w)
{
	struct tcp_sock *l = (struct tcp_sock *)i;
	struct tcp_request some[4];
	unsigned n;

	do {
		n = 0;
		spin_lock(&i->sock.lock);
		if (l->state == TCP_LISTEN)
			n = tcp_listen_copy(l, w->inner - 1, some, ARRAY_SIZE(some));
		spin_unlock(&i->sock.lock);
		for (unsigned k = 0; k < n; k++, w->inner++)
			if (!put_request(w, &i->sock, &some[k]))
				return false;
	} while (n == ARRAY_SIZE(some));
	return true;
}
