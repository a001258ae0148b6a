/*
 * The timer of a connection. There is one, for all its deadlines: retransmission (or probe, or
 * reordering, or persist), delayed ACK, keep-alive (or FIN-WAIT-2). A deadline that moves into the
 * future or vanishes leaves the timer alone: it comes too early then, sees that nothing is due, and
 * is armed for what is left; so the steady traffic of a connection arms it a few times a second
 * instead of with each segment, and an idle connection has none.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

/* RFC 8985, 7.2: two round trips, and the peer's delay if only one segment is out to be
 * acknowledged. */
static u64 probe_delay(const struct tcp_sock *t)
{
	u64 delay = 2ull * tcp_srtt_us(t) * 1000;

	return delay + (t->n_sent == 1 ? TCP_DELACK_MAX : 5 * TCP_MS);
}

void tcp_tx_rearm(struct tcp_sock *t)
{
	u64 now = clock_monotonic(), at = t->rto << t->backoff;

	if (t->snd_una == t->snd_nxt) {
		tcp_tx_disarm(t);
		return;
	}
	at = now + min(at, TCP_RTO_MAX);
	if (t->sack_ok && t->ca <= TCP_CA_Disorder && t->srtt && !t->tlp_out && !t->lost_bytes &&
	    !t->sacked_bytes && READ_ONCE(tcp_early_retrans)) {
		tcp_tx_arm(t, TX_PROBE, min(at, now + probe_delay(t)));
		return;
	}
	tcp_tx_arm(t, TX_RTO, at);
}

static u64 first_deadline(const struct tcp_sock *t)
{
	u64 at = ~0ull;

	if (t->tx_ns)
		at = t->tx_ns;
	if (t->delack_ns && t->delack_ns < at)
		at = t->delack_ns;
	if (t->keep_ns && t->keep_ns < at)
		at = t->keep_ns;
	return at;
}

void tcp_timer_update(struct tcp_sock *t)
{
	u64 at = first_deadline(t);

	if (at == ~0ull || (t->timer_ns && t->timer_ns <= at))
		return;
	t->timer_ns = at;
	if (soft_timer_arm(&t->timer, at))
		sock_get(tcp_base(t));
}

void tcp_timer_stop(struct tcp_sock *t)
{
	t->tx_ns = t->delack_ns = t->keep_ns = 0;
	t->tx_kind = TX_NONE;
	t->timer_ns = 0;
	/* Not the last reference: our caller has one. */
	if (soft_timer_cancel(&t->timer))
		sock_put(tcp_base(t));
}

static void delack_fire(struct tcp_sock *t)
{
	if (!t->ack_due)
		return;
	/* The answer did not come in time: wait longer, or, if none was expected, be quick. */
	if (t->pingpong) {
		t->pingpong = false;
		t->ack_delay = TCP_DELACK_MIN;
	} else {
		t->ack_delay = min(t->ack_delay * 2, t->rto);
	}
	tcp_count(DelayedACKs);
	tcp_send_ack(t);
}

static void tx_fire(struct tcp_sock *t, u64 now)
{
	u8 kind = t->tx_kind;

	tcp_tx_disarm(t);
	switch (kind) {
	case TX_RTO:
		tcp_rto_fire(t);
		break;
	case TX_PROBE:
		tcp_tlp_fire(t);
		break;
	case TX_REORDER:
		tcp_rack_detect(t, now);
		if (t->lost_bytes > t->again_bytes) {
			if (t->ca != TCP_CA_Recovery && t->ca != TCP_CA_Loss)
				tcp_recovery_enter(t);
			tcp_push_recovery(t);
		}
		if (!t->tx_ns)
			tcp_tx_rearm(t);
		break;
	case TX_PERSIST:
		tcp_persist_fire(t);
		break;
	}
}

static bool is_due(u64 at, u64 now)
{
	return at && at <= now;
}

static void timer_fire(struct soft_timer *timer)
{
	struct tcp_sock *t = container_of(timer, struct tcp_sock, timer);
	struct sock *s = tcp_base(t);
	u64 now;

	spin_lock(&s->lock);
	now = clock_monotonic();
	t->timer_ns = 0;
	if (t->state == TCP_LISTEN)
		tcp_listen_timer(t);
	if (t->state != TCP_CLOSE && is_due(t->delack_ns, now)) {
		t->delack_ns = 0;
		delack_fire(t);
	}
	if (t->state != TCP_CLOSE && is_due(t->tx_ns, now))
		tx_fire(t, now);
	if (t->state != TCP_CLOSE && is_due(t->keep_ns, now)) {
		t->keep_ns = 0;
		tcp_keep_fire(t);
	}
	if (t->state != TCP_CLOSE)
		tcp_timer_update(t);
	spin_unlock(&s->lock);
	sock_put(s);
}

void tcp_timer_init(struct tcp_sock *t)
{
	soft_timer_init(&t->timer, timer_fire);
}
