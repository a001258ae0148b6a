/*
 * The ends of a connection as the user orders them: shutdown(2), close(2), connect(AF_UNSPEC).
 */
#include "net/filter.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"

/* The user will send no more: the state that follows, and FIN, if one is due. */
static void close_sending(struct tcp_sock *t)
{
	switch (t->state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(t, TCP_FIN_WAIT1);
		break;
	case TCP_CLOSE_WAIT:
		tcp_set_state(t, TCP_LAST_ACK);
		break;
	default:
		return;
	}
	tcp_queue_fin(t);
}

int tcp_shutdown(struct sock *s, int how)
{
	struct tcp_sock *t = tcp_sock(s);
	u8 which = (u8)(how + 1); /* SHUT_RD, SHUT_WR, SHUT_RDWR */
	u32 events = POLLIN | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM;
	int err = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	spin_lock(&s->lock);
	if (t->state == TCP_CLOSE) {
		err = -ENOTCONN;
	} else if (t->state == TCP_LISTEN) {
		if (which & SOCK_SHUT_RD)
			tcp_listen_stop(t);
	} else if (t->state == TCP_SYN_SENT) {
		WRITE_ONCE(s->error, ECONNRESET);
		tcp_done(t);
		t->phase = PHASE_UNCONNECTED;
	} else {
		s->shut |= which;
		if (which & SOCK_SHUT_WR)
			close_sending(t);
	}
	if (s->shut == (SOCK_SHUT_RD | SOCK_SHUT_WR) || err)
		events |= POLLHUP;
	sock_wake(s, events);
	spin_unlock(&s->lock);
	return err;
}

static bool unread(const struct tcp_sock *t)
{
	return t->inet.sock.receive.first || t->reading.first;
}

/* Until our FIN is acknowledged. */
static bool still_closing(const struct tcp_sock *t)
{
	return TCP_IN(t, S_(FIN_WAIT1) | S_(CLOSING) | S_(LAST_ACK));
}

/* SO_LINGER: waits for the peer's acknowledgement. No lock held. */
static void linger(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	u64 until = clock_monotonic() + s->linger_s * 1000ull * TCP_MS;

	(void)sock_wait(s, !still_closing(t), until);
}

static void begin_close(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	if (t->state == TCP_CLOSE)
		return;
	if (t->state == TCP_LISTEN) {
		tcp_listen_stop(t);
	} else if (t->state == TCP_SYN_SENT) {
		tcp_done(t);
	} else if (unread(t)) {
		/* The peer must learn that not all was read (RFC 2525, 2.17). */
		tcp_count(TCPAbortOnClose);
		tcp_abort(t);
	} else if (s->flags & SOCK_LINGER && !s->linger_s) {
		tcp_abort(t);
	} else {
		close_sending(t);
	}
}

/* Nobody has the file any more; the engine goes on alone if there is something left to do. */
static void become_orphan(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	s->flags |= SOCK_ORPHAN;
	packet_queue_free(&s->receive);
	packet_queue_free(&t->reading);
	if (t->state == TCP_CLOSE) {
		tcp_purge(t, true);
		port_release(tcp_ports, &t->inet);
		return;
	}
	WRITE_ONCE(s->receive_used, 0);
	tcp_ooo_purge(t);
	tcp_mem_update(t);
	t->counted_orphan = true;
	tcp_account(&tcp_n_orphans, 1);
	t->keep_ns = 0;
	if (tcp_too_many_orphans() ||
	    (s->send_used > READ_ONCE(tcp_wmem[0]) && tcp_mem_full())) {
		tcp_count(TCPAbortOnMemory);
		tcp_abort(t);
	} else if (t->state == TCP_FIN_WAIT2) {
		tcp_orphan(t);
	}
}

void tcp_close(struct sock *s)
{
	struct tcp_sock *t = tcp_sock(s);

	spin_lock(&s->lock);
	s->shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	begin_close(t);
	if (s->flags & SOCK_LINGER && s->linger_s && still_closing(t)) {
		spin_unlock(&s->lock);
		linger(t);
		spin_lock(&s->lock);
	}
	become_orphan(t);
	/* It would only keep the connection from ending. */
	filter_free(s);
	spin_unlock(&s->lock);
	inet_sock_close(&t->inet);
	sock_put(s);
}

void tcp_kill(struct sock *s, int error)
{
	struct tcp_sock *t = tcp_sock(s);

	spin_lock(&s->lock);
	if (t->state == TCP_LISTEN)
		tcp_listen_stop(t);
	/* One without a file goes by its own timers. */
	if (!(s->flags & SOCK_ORPHAN)) {
		WRITE_ONCE(s->error, error);
		tcp_abort(t);
		sock_wake(s, POLLIN | POLLOUT | POLLERR | POLLHUP);
	}
	spin_unlock(&s->lock);
}

/* Everything of the old connection is forgotten; options and a bound address stay. */
static void reset_fields(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	struct inet_sock *i = &t->inet;

	i->remote = inet_any(i);
	i->remote_port = 0;
	i->source = IPADDR_ANY;
	if (!i->bound_address)
		i->local = inet_any(i);
	inet_sock_drop_route(i);
	s->shut = 0;
	t->phase = PHASE_UNCONNECTED;
	t->snd_wscale = t->rcv_wscale = 0;
	t->stamps_ok = t->sack_ok = t->wscale_ok = false;
	t->fin_queued = t->fin_sent = t->fin_seen = t->urgent_sending = false;
	t->snd_wnd = t->max_window = t->rcv_wnd = 0;
	t->rcv_nxt = t->rcv_wup = t->copied_seq = 0;
	t->urgent = URGENT_NONE;
	t->ts_recent = 0;
	t->ts_recent_ns = t->rcv_last_ns = t->snd_last_ns = t->rack_ns = 0;
	t->ack_due = t->ack_now = t->pingpong = false;
	t->quick = t->backoff = t->retransmits = t->probes = 0;
	t->srtt = t->rttvar = t->min_rtt = 0;
	t->stalled_ns = 0;
	t->rto = TCP_RTO_FIRST;
	t->ca = TCP_CA_Open;
	t->ssthresh = 1u << 30;
	t->dup_acks = 0;
	t->undo_possible = t->cwnd_limited = t->tlp_out = t->reorder_seen = false;
	t->path_mtu = 0;
	t->advmss = 0;
	t->mss_peer = 536;
	t->soft_error = 0;
	t->frto = FRTO_NONE;
	t->bytes_acked = t->bytes_received = t->bytes_sent = t->bytes_again = 0;
	t->segs_in = t->segs_out = t->data_in = t->data_out = t->total_again = 0;
}

int tcp_disconnect(struct sock *s)
{
	struct tcp_sock *t = tcp_sock(s);

	mutex_lock(&s->send_lock);
	mutex_lock(&s->recv_lock);
	spin_lock(&s->lock);
	if (t->state == TCP_LISTEN) {
		tcp_listen_stop(t);
	} else if (t->state != TCP_CLOSE) {
		WRITE_ONCE(s->error, ECONNRESET);
		tcp_abort(t);
	} else {
		tcp_done(t);
	}
	tcp_purge(t, true);
	reset_fields(t);
	spin_unlock(&s->lock);
	mutex_unlock(&s->recv_lock);
	mutex_unlock(&s->send_lock);
	return 0;
}
