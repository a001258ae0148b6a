/*
 * A connection's life: how it is made, what its states are counted as, how it ends.
 *
 * tcp_done() is where every connection ends up: out of the tables, timers stopped, waiters woken.
 * What can still be read stays until the file is closed; what was to be sent is gone.
 */
#include "mm/slab.h"
#include "net/tcp/tcp_account.h"
#include "net/ip6/ip6_headers.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"

u32 tcp_n_sockets, tcp_n_orphans, tcp_n_established, tcp_n_timewait;

/* What a second connection of the same socket begins with, too. */
static void setup_engine(struct tcp_sock *t)
{
	t->state = TCP_CLOSE;
	t->rto = TCP_RTO_FIRST;
	t->ack_delay = TCP_DELACK_MIN;
	t->mss = t->mss_peer = 536;
	t->rcv_mss = 536;
	t->ssthresh = 1u << 30;
	t->cwnd = TCP_INIT_SEGMENTS * 536;
	t->window_ratio = 128;
	t->reorder_mult = 1;
}

void tcp_setup(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	list_init(&t->sent);
	list_init(&t->sent_order);
	rb_init(&t->ooo);
	packet_queue_init(&t->reading);
	sendbuf_init(&t->buf, 0);
	tcp_timer_init(t);
	list_init(&t->accept_link);
	list_init(&t->marks);
	setup_engine(t);
	t->cc = tcp_cc_default();
	t->notsent_low = ~0u;
	s->receive_limit = READ_ONCE(tcp_rmem[1]);
	s->send_limit = READ_ONCE(tcp_wmem[1]);
	tcp_account(&tcp_n_sockets, 1);
}

int tcp_create_sock(u16 family, int type, int protocol, struct sock **out)
{
	struct sock *s = sock_alloc(tcp_cache, sizeof(struct tcp_sock), family, type, IPPROTO_TCP,
				    &tcp_ops, MM_KERNEL);

	if (!s)
		return -ENOMEM;
	inet_sock_init(inet_sock(s));
	tcp_setup(tcp_sock(s));
	*out = s;
	return 0;
}

/* What a child takes over of its listener's options (tcp(7), ip(7)). */
static void inherit_options(struct tcp_sock *t, const struct tcp_sock *l)
{
	struct sock *s = &t->inet.sock;
	const struct sock *p = &l->inet.sock;

	s->flags |= p->flags & (SOCK_REUSEADDR | SOCK_REUSEPORT | SOCK_KEEPALIVE | SOCK_OOBINLINE |
				SOCK_LINGER | SOCK_DONTROUTE | SOCK_RCVBUF_SET | SOCK_SNDBUF_SET |
				SOCK_DEBUG);
	s->receive_limit = p->receive_limit;
	s->send_limit = p->send_limit;
	s->receive_low = p->receive_low;
	s->receive_timeout = p->receive_timeout;
	s->send_timeout = p->send_timeout;
	s->linger_s = p->linger_s;
	s->priority = p->priority;
	s->mark = p->mark;
	s->bound_if = p->bound_if;
	s->uid = p->uid;
	t->inet.ttl = l->inet.ttl;
	t->inet.multicast_ttl = l->inet.multicast_ttl;
	t->inet.tos = l->inet.tos;
	t->inet.mtu_discover = l->inet.mtu_discover;
	t->inet.only_6 = l->inet.only_6;
	t->inet.receive_errors = l->inet.receive_errors;
	t->inet.control_wanted = l->inet.control_wanted;
	t->inet.min_ttl = l->inet.min_ttl;
	t->inet.six = l->inet.six;
	t->inet.six.headers = ip6_headers_get(l->inet.six.headers);
	t->inet.six.flow = 0;
	t->inet.six.path_mtu = 0;
	t->nodelay = l->nodelay;
	t->cork = l->cork;
	t->mss_user = l->mss_user;
	t->keep_idle = l->keep_idle;
	t->keep_interval = l->keep_interval;
	t->keep_count = l->keep_count;
	t->linger2 = l->linger2;
	t->user_timeout = l->user_timeout;
	t->notsent_low = l->notsent_low;
	t->inq = l->inq;
	t->thin_linear = l->thin_linear;
	t->cc = l->cc;
	sock_stamp_inherit(s, p);
	sock_filter_inherit(s, p);
}

struct tcp_sock *tcp_alloc_child(struct tcp_sock *l)
{
	struct sock *s = sock_alloc(tcp_cache, sizeof(struct tcp_sock), l->inet.sock.family,
				    SOCK_STREAM, IPPROTO_TCP, &tcp_ops, MM_ATOMIC);

	if (!s)
		return NULL;
	inet_sock_init(inet_sock(s));
	tcp_setup(tcp_sock(s));
	inherit_options(tcp_sock(s), l);
	tcp_sock(s)->phase = PHASE_CONNECTED;
	return tcp_sock(s);
}

void tcp_set_iss(struct tcp_sock *t, u32 iss)
{
	t->iss = t->snd_una = t->snd_small = t->snd_urgent = t->push_seq = iss;
	t->snd_nxt = t->recover_seq = t->reorder_round = t->high_sacked = iss + 1;
	sendbuf_init(&t->buf, iss + 1);
	t->ts_offset = tcp_stamp_offset(&t->inet.source, &t->inet.remote);
}

static bool counts_established(u8 state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

void tcp_set_state(struct tcp_sock *t, enum tcp_state state)
{
	int delta = counts_established((u8)state) - counts_established(t->state);

	if (delta)
		tcp_account(&tcp_n_established, delta);
	if (state == TCP_CLOSE && counts_established(t->state))
		tcp_count(EstabResets);
	WRITE_ONCE(t->state, (u8)state);
}

void tcp_establish(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	u32 hint = min((u32)t->advmss, (u32)t->mss);

	t->rcv_mss = max(min(min(hint, t->rcv_wnd / 2), 536u), (u32)TCP_MSS_LEAST);
	t->window_clamp = max(tcp_space_to_window(t, s->receive_limit), t->rcv_wnd);
	t->cwnd = TCP_INIT_SEGMENTS * (u32)t->mss;
	/* RFC 6928, 2: not if the SYN was lost; RFC 5681's least is one segment. */
	if (t->total_again)
		t->cwnd = t->mss;
	t->recover_seq = t->snd_una;
	t->ca = TCP_CA_Open;
	t->cc_state = (struct tcp_cc_state){ 0 };
	if (t->cc->init)
		t->cc->init(t);
	t->tune_ns = clock_monotonic();
	t->tune_seq = t->copied_seq;
	t->tune_space = min(t->rcv_wnd, TCP_INIT_SEGMENTS * (u32)t->advmss);
	tcp_tune_send(t);
	tcp_rto_reset(t);
	t->ack_last_ns = t->tune_ns;
	if (s->flags & SOCK_KEEPALIVE)
		tcp_keep_arm(t, tcp_keep_idle(t));
}

void tcp_purge(struct tcp_sock *t, bool reading)
{
	struct sock *s = tcp_base(t);

	tcp_sent_purge(t);
	sendbuf_fini(&t->buf);
	WRITE_ONCE(s->send_used, 0);
	tcp_ooo_purge(t);
	tcp_marks_purge(t);
	if (reading) {
		packet_queue_free(&s->receive);
		packet_queue_free(&t->reading);
		t->reading_done = 0;
		WRITE_ONCE(s->receive_used, 0);
	}
	tcp_mem_update(t);
}

static void uncount_orphan(struct tcp_sock *t)
{
	if (t->counted_orphan) {
		tcp_account(&tcp_n_orphans, -1);
		t->counted_orphan = false;
	}
}

void tcp_done(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	if (t->state == TCP_CLOSE)
		return;
	if (TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV)))
		tcp_count(AttemptFails);
	tcp_timer_stop(t);
	tcp_set_state(t, TCP_CLOSE);
	tcp_purge(t, s->flags & SOCK_ORPHAN);
	/* A port that bind(2) gave stays until close(2). */
	if (t->inet.bound_port && !(s->flags & SOCK_ORPHAN))
		flow_leave(tcp_ports, &t->inet);
	else
		port_release(tcp_ports, &t->inet);
	inet_sock_drop_route(&t->inet);
	uncount_orphan(t);
	s->shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	sock_wake(s, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM |
		     (s->error ? POLLERR : 0));
	if (t->engine) {
		t->engine = false;
		sock_put(s);
	}
}

void tcp_fail(struct tcp_sock *t, int error)
{
	WRITE_ONCE(tcp_base(t)->error, error);
	tcp_done(t);
}

void tcp_abort(struct tcp_sock *t)
{
	if (TCP_IN(t, S_(ESTABLISHED) | S_(CLOSE_WAIT) | S_(FIN_WAIT1) | S_(FIN_WAIT2) |
			S_(SYN_RECV) | S_(CLOSING) | S_(LAST_ACK)))
		tcp_send_reset(t);
	tcp_done(t);
}

bool tcp_too_many_orphans(void)
{
	return __atomic_load_n(&tcp_n_orphans, __ATOMIC_RELAXED) > READ_ONCE(tcp_max_orphans);
}

/* The file is gone and the peer has our FIN: it gets tcp_fin_timeout for its own. */
void tcp_orphan(struct tcp_sock *t)
{
	u32 s = t->linger2 > 0 ? (u32)t->linger2 : READ_ONCE(tcp_fin_timeout);

	if (t->linger2 < 0) {
		tcp_count(TCPAbortOnLinger);
		tcp_abort(t);
		return;
	}
	tcp_keep_arm(t, s * 1000ull * TCP_MS);
}

void tcp_destroy(struct sock *s)
{
	struct tcp_sock *t = tcp_sock(s);

	tcp_purge(t, true);
	if (t->write_page)
		page_put(t->write_page);
	kfree(t->saved_syn);
	inet_sock_fini(&t->inet);
	tcp_account(&tcp_n_sockets, -1);
}
