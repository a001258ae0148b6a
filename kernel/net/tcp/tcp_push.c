/*
 * What may go now: new data within the peer's window and cwnd, cut so that small segments are rare.
 *
 * A write hands as much as it can to one packet, up to 64 KiB, which the device cuts. A tail that
 * does not fill a segment waits while an earlier small one is not acknowledged (Nagle's rule in
 * Minshall's form), while TCP_CORK is set or more is coming at once; part of what is there because
 * the window is small goes only if it is half of the largest window seen (RFC 9293, 3.8.6.2.1).
 * If nothing is in flight to bring an ACK and data wait all the same, the persist timer looks after
 * them: a closed window, or a cork (200 ms).
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

/* A window that was not used for long says little (RFC 5681, 4.1): halved for each RTO. */
static void after_idle(struct tcp_sock *t)
{
	u32 least = TCP_INIT_SEGMENTS * t->mss;
	u64 idle = clock_monotonic() - t->snd_last_ns;

	if (!READ_ONCE(tcp_slow_start_after_idle) || idle <= t->rto || !t->snd_last_ns)
		return;
	if (t->cc->idle)
		t->cc->idle(t, idle);
	t->ssthresh = max(t->ssthresh, t->cwnd / 4 * 3);
	for (; idle > t->rto && t->cwnd > least; idle -= t->rto)
		t->cwnd = max(t->cwnd / 2, least);
}

static bool small_may_go(const struct tcp_sock *t, bool more)
{
	if (t->fin_queued || (t->urgent_sending && seq_gt(t->snd_urgent, t->snd_nxt)))
		return true;
	if (t->cork || more)
		return false;
	/* Minshall: only one small segment in flight. */
	return t->nodelay || seq_le(t->snd_small, t->snd_una) || seq_gt(t->snd_small, t->snd_nxt);
}

/* Bytes of data for the next packet; 0: none may go. */
static u32 next_size(struct tcp_sock *t, u32 unsent, u32 window, u32 mss, bool more)
{
	u32 flight = tcp_flight(t), most, room, n;

	room = t->cwnd > flight ? t->cwnd - flight : 0;
	if (room < mss && room < unsent) {
		t->cwnd_limited = true;
		if (flight)
			return 0;
		room = mss;
	}
	most = (TCP_GSO_MAX - 120) / mss * mss;
	most = max(most, mss);
	n = min(min(unsent, window), min(room, most));
	if (n == unsent) {
		if (n % mss == 0 || small_may_go(t, more))
			return n;
		return n - n % mss;
	}
	if (n >= mss)
		return n - n % mss;
	/* Less than a segment, as the window is small. */
	return n && n >= t->max_window / 2 ? n : 0;
}

/* Sends the next n bytes, and FIN if it is their turn: whether that worked. */
static bool send_new(struct tcp_sock *t, u32 n, u32 mss, bool fin)
{
	u32 seq = t->snd_nxt;
	struct tcp_sent *s = tcp_sent_add(t, seq, seq + n + fin);
	u8 flags = TCP_ACK;
	int sent;

	if (unlikely(!s))
		return false;
	if (fin)
		flags |= TCP_FIN;
	if (seq + n == t->buf.end || (n && seq_within(t->push_seq - 1, seq, n)))
		flags |= TCP_PSH;
	if (!n)
		flags &= (u8)~TCP_PSH;
	sent = tcp_transmit(t, seq, n, flags);
	if (unlikely(sent < 0)) {
		list_del(&s->link);
		list_del(&s->order);
		t->n_sent--;
		tcp_sent_free(s);
		return false;
	}
	if (unlikely((u32)sent < n)) {
		fin = false;
		s->end = seq + (u32)sent;
	}
	t->snd_nxt = s->end;
	if (fin)
		t->fin_sent = true;
	if (sent && (u32)sent % mss)
		t->snd_small = seq + (u32)sent;
	if (t->ca == TCP_CA_Recovery)
		t->prr_out += (u32)sent;
	tcp_count(TCPOrigDataSent);
	return true;
}

/* Whether anything went. */
static bool push_next(struct tcp_sock *t, u32 mss, bool more)
{
	u32 end = tcp_window_end(t), unsent = tcp_unsent(t), window, n = 0;
	bool fin = t->fin_queued && !t->fin_sent;

	window = seq_gt(end, t->snd_nxt) ? end - t->snd_nxt : 0;
	if (unsent) {
		n = next_size(t, unsent, window, mss, more);
		if (!n)
			return false;
	} else if (!fin) {
		return false;
	}
	fin = fin && n == unsent && window > n;
	return (n || fin) && send_new(t, n, mss, fin);
}

void tcp_push(struct tcp_sock *t, bool more)
{
	u32 mss;
	bool sent = false;

	if (!TCP_IN(t, S_(ESTABLISHED) | S_(CLOSE_WAIT) | S_(FIN_WAIT1) | S_(CLOSING) |
			S_(LAST_ACK)))
		return;
	if (t->snd_una == t->snd_nxt && (tcp_unsent(t) || t->fin_queued))
		after_idle(t);
	mss = tcp_mss_now(t);
	while (push_next(t, mss, more))
		sent = true;
	if (sent && t->tx_kind != TX_RTO && t->tx_kind != TX_REORDER)
		tcp_tx_rearm(t);
	else if (t->snd_una == t->snd_nxt && !t->tx_ns &&
		 (tcp_unsent(t) || (t->fin_queued && !t->fin_sent)))
		tcp_tx_arm(t, TX_PERSIST, clock_monotonic() + t->rto);
}

void tcp_push_recovery(struct tcp_sock *t)
{
	if (t->lost_bytes > t->again_bytes)
		tcp_resend_lost(t);
	if (tcp_unsent(t) || (t->fin_queued && !t->fin_sent))
		tcp_push(t, false);
}

bool tcp_push_one(struct tcp_sock *t, u32 n)
{
	u32 end = tcp_window_end(t), unsent = tcp_unsent(t), window;
	bool fin = t->fin_queued && !t->fin_sent;

	window = seq_gt(end, t->snd_nxt) ? end - t->snd_nxt : 0;
	n = min(min(n, unsent), window);
	fin = fin && n == unsent && window > n;
	return (n || fin) && send_new(t, n, tcp_mss_now(t), fin);
}

void tcp_queue_fin(struct tcp_sock *t)
{
	t->fin_queued = true;
	tcp_push(t, false);
}
