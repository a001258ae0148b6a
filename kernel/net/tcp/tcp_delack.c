/*
 * When to acknowledge (RFC 9293, 3.8.6.3; RFC 5681, 4.2): every second full segment at once if the
 * reader keeps up (else his reading does it), the first ones of a connection at once, what is out
 * of order at once; everything else after a delay of 40 to 200 ms, in which an answer may carry it.
 */
#include "net/tcp/tcp_int.h"

void tcp_quick_ack(struct tcp_sock *t, u8 n)
{
	if (t->quick < n)
		t->quick = n;
}

static void first_data(struct tcp_sock *t)
{
	u32 n = t->rcv_mss ? t->rcv_wnd / (2 * t->rcv_mss) : 2;

	tcp_quick_ack(t, (u8)clamp(n, 2u, (u32)TCP_QUICK_MAX));
	t->ack_delay = TCP_DELACK_MIN;
}

void tcp_ack_schedule(struct tcp_sock *t, u32 length)
{
	u64 now = clock_monotonic(), gap = now - t->rcv_last_ns;

	if (length >= t->rcv_mss)
		t->rcv_mss = min(length, max((u32)t->advmss, 536u));
	if (unlikely(!t->rcv_last_ns)) {
		first_data(t);
	} else if (gap <= TCP_DELACK_MIN / 2) {
		t->ack_delay = t->ack_delay / 2 + TCP_DELACK_MIN / 2;
	} else if (gap < t->ack_delay) {
		t->ack_delay = min(t->ack_delay / 2 + gap, t->rto);
	} else if (gap > t->rto) {
		/* A new burst of a sender that may be in slow start. */
		first_data(t);
	}
	t->rcv_last_ns = now;
	t->ack_due = true;
}

void tcp_delack_arm(struct tcp_sock *t)
{
	u64 at = clock_monotonic() + clamp(t->ack_delay, TCP_DELACK_MIN, TCP_DELACK_MAX);

	if (t->delack_ns && t->delack_ns <= at)
		return;
	t->delack_ns = at;
	if (!t->timer_ns || at < t->timer_ns)
		tcp_timer_update(t);
}

bool tcp_ack_wanted(struct tcp_sock *t)
{
	if (!t->ack_due && !t->ack_now)
		return false;
	return t->ack_now || t->n_ooo || (t->quick && !t->pingpong) ||
	       (t->rcv_nxt - t->rcv_wup > t->rcv_mss &&
		(tcp_readable(t) < tcp_base(t)->receive_low || tcp_window_select(t) >= t->rcv_wnd));
}

void tcp_ack_decide(struct tcp_sock *t)
{
	if (tcp_ack_wanted(t))
		tcp_send_ack(t);
	else if (t->ack_due)
		tcp_delack_arm(t);
}

void tcp_ack_sent(struct tcp_sock *t)
{
	if (t->quick && t->ack_due)
		t->quick--;
	t->ack_due = t->ack_now = false;
	t->delack_ns = 0;
}
