/*
 * What the deadlines mean: retransmission timeout, persist, keep-alive, FIN-WAIT-2.
 *
 * The peer is given up after tcp_retries2 timeouts in a row (RFC 9293, 3.8.3: R2), or after
 * TCP_USER_TIMEOUT (RFC 5482); an orphan earlier.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

static bool user_timed_out(const struct tcp_sock *t, u64 now)
{
	return t->user_timeout && t->stalled_ns && now - t->stalled_ns >=
						   (u64)t->user_timeout * TCP_MS;
}

static void give_up(struct tcp_sock *t)
{
	tcp_count(TCPAbortOnTimeout);
	tcp_fail(t, t->soft_error ? t->soft_error : ETIMEDOUT);
}

/* How many timeouts it takes. */
static u32 patience(const struct tcp_sock *t)
{
	if (TCP_IN(t, S_(SYN_SENT)))
		return t->syn_count ? t->syn_count : READ_ONCE(tcp_syn_retries);
	if (TCP_IN(t, S_(SYN_RECV)))
		return READ_ONCE(tcp_synack_retries);
	if (t->inet.sock.flags & SOCK_ORPHAN)
		return min(READ_ONCE(tcp_orphan_retries), READ_ONCE(tcp_retries2));
	return READ_ONCE(tcp_retries2);
}

/* SYN or SYN-ACK once more. */
static void resend_syn(struct tcp_sock *t)
{
	struct tcp_sent *s = tcp_sent_first(t);

	if (s) {
		tcp_count(TCPSynRetrans);
		tcp_sent_again(t, s, clock_monotonic());
	}
	(void)tcp_transmit(t, t->iss, 0, TCP_SYN);
}

/* TCP_THIN_LINEAR_TIMEOUTS: the first timeouts of a connection that sends little come as fast as
 * the very first one: it does not congest anything. */
static bool stays_quick(const struct tcp_sock *t)
{
	return (t->thin_linear || READ_ONCE(tcp_thin_linear_timeouts)) &&
	       t->state == TCP_ESTABLISHED && t->retransmits <= 6 &&
	       t->snd_nxt - t->snd_una < 4 * (u32)t->mss;
}

void tcp_rto_fire(struct tcp_sock *t)
{
	u64 now = clock_monotonic();

	if (t->snd_una == t->snd_nxt)
		return;
	if (!t->stalled_ns) {
		const struct tcp_sent *s = tcp_sent_first(t);

		t->stalled_ns = s ? s->ns : now;
	}
	if (t->retransmits >= patience(t) || user_timed_out(t, now)) {
		give_up(t);
		return;
	}
	tcp_count(TCPTimeouts);
	t->retransmits++;
	if (TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV))) {
		resend_syn(t);
	} else {
		bool first = t->ca != TCP_CA_Loss;

		tcp_loss_enter(t);
		tcp_resend_lost(t);
		if (first)
			tcp_frto_begin(t);
	}
	if (stays_quick(t))
		t->backoff = 0;
	else if (t->backoff < 16)
		t->backoff++;
	now += min(t->rto << t->backoff, TCP_RTO_MAX);
	if (user_timed_out(t, now))
		now = t->stalled_ns + (u64)t->user_timeout * TCP_MS;
	tcp_tx_arm(t, TX_RTO, now);
	/* A path that answers no more may have a route that does. */
	if (t->retransmits == READ_ONCE(tcp_retries1) && t->inet.route) {
		route_put(t->inet.route);
		t->inet.route = NULL;
	}
}

/* The window is closed and data wait (RFC 9293, 3.8.6.1), or they were corked for long enough. */
void tcp_persist_fire(struct tcp_sock *t)
{
	u64 now = clock_monotonic();
	bool fin = t->fin_queued && !t->fin_sent;

	if (t->snd_una != t->snd_nxt || (!tcp_unsent(t) && !fin))
		return;
	if (!t->stalled_ns)
		t->stalled_ns = now;
	if (t->probes >= patience(t) || user_timed_out(t, now)) {
		give_up(t);
		return;
	}
	if (tcp_push_one(t, t->mss)) {
		tcp_tx_rearm(t);
		return;
	}
	t->probes++;
	if (t->backoff < 16)
		t->backoff++;
	tcp_send_prod(t, false);
	if (t->state != TCP_CLOSE)
		tcp_tx_arm(t, TX_PERSIST, now + min(t->rto << t->backoff, TCP_RTO_MAX));
}

/* Keep-alive ---------------------------------------------------------------------------------- */

u64 tcp_keep_idle(const struct tcp_sock *t)
{
	u32 s = t->keep_idle ? t->keep_idle : READ_ONCE(tcp_keepalive_time);

	return s * 1000ull * TCP_MS;
}

static u64 keep_interval(const struct tcp_sock *t)
{
	u32 s = t->keep_interval ? t->keep_interval : READ_ONCE(tcp_keepalive_intvl);

	return s * 1000ull * TCP_MS;
}

static u32 keep_count(const struct tcp_sock *t)
{
	return t->keep_count ? t->keep_count : READ_ONCE(tcp_keepalive_probes);
}

void tcp_keep_arm(struct tcp_sock *t, u64 delay)
{
	t->keep_ns = clock_monotonic() + delay;
	tcp_timer_update(t);
}

void tcp_keep_option(struct tcp_sock *t)
{
	if (!TCP_IN(t, S_(ESTABLISHED) | S_(CLOSE_WAIT) | S_(FIN_WAIT1) | S_(FIN_WAIT2)) ||
	    tcp_base(t)->flags & SOCK_ORPHAN)
		return;
	if (tcp_base(t)->flags & SOCK_KEEPALIVE)
		tcp_keep_arm(t, tcp_keep_idle(t));
	else
		t->keep_ns = 0;
}

void tcp_keep_fire(struct tcp_sock *t)
{
	u64 now = clock_monotonic(), last = max(t->rcv_last_ns, t->ack_last_ns), idle;

	if (tcp_base(t)->flags & SOCK_ORPHAN && t->state == TCP_FIN_WAIT2) {
		/* The peer did not close in tcp_fin_timeout. */
		tcp_done(t);
		return;
	}
	if (!(tcp_base(t)->flags & SOCK_KEEPALIVE))
		return;
	/* Data in flight have a timer of their own. */
	idle = now - last;
	if (t->snd_una != t->snd_nxt || tcp_unsent(t)) {
		tcp_keep_arm(t, tcp_keep_idle(t));
		return;
	}
	if (idle < tcp_keep_idle(t)) {
		t->probes = 0;
		tcp_keep_arm(t, tcp_keep_idle(t) - idle);
		return;
	}
	if (t->user_timeout ? t->probes && idle >= (u64)t->user_timeout * TCP_MS :
			      t->probes >= keep_count(t)) {
		tcp_send_reset(t);
		give_up(t);
		return;
	}
	t->probes++;
	tcp_count(TCPKeepAlive);
	tcp_send_prod(t, false);
	tcp_keep_arm(t, keep_interval(t));
}
