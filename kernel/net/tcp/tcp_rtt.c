/*
 * Round-trip times and the retransmission timeout (RFC 6298), in microseconds. srtt is kept times 8
 * and rttvar times 4, so that the gains are shifts. What was sent twice gives no sample (Karn).
 */
#include "net/tcp/tcp_int.h"

#define MIN_RTT_WINDOW (300000 * TCP_MS)

void tcp_rto_reset(struct tcp_sock *t)
{
	u64 us;

	t->backoff = 0;
	if (!t->srtt) {
		t->rto = TCP_RTO_FIRST;
		return;
	}
	/* srtt + max(G, 4 rttvar), at least RTO_MIN above the round trip as it varies. */
	us = (t->srtt >> 3) + max((u64)t->rttvar, (u64)TCP_RTO_MIN / 1000);
	t->rto = min(us * 1000, TCP_RTO_MAX);
}

void tcp_rtt_sample(struct tcp_sock *t, u32 us)
{
	u64 now = clock_monotonic();
	s32 delta;

	if (us == 0)
		us = 1;
	us = min(us, 60u * 1000 * 1000);
	if (!t->min_rtt || us <= t->min_rtt || now - t->min_rtt_ns > MIN_RTT_WINDOW) {
		t->min_rtt = us;
		t->min_rtt_ns = now;
	}
	if (!t->srtt) {
		t->srtt = us << 3;
		t->rttvar = us << 1;
	} else {
		delta = (s32)(us - (t->srtt >> 3));
		t->srtt = (u32)((s32)t->srtt + delta);
		if (!t->srtt)
			t->srtt = 1;
		if (delta < 0)
			delta = -delta;
		t->rttvar += (u32)delta - (t->rttvar >> 2);
	}
	tcp_rto_reset(t);
}

/* With stamps: the time since the peer was given the one that comes back, a millisecond at least.
 * Without: how long it takes to fill a window, which is a round trip or more, so the least counts.
 */
void tcp_receive_rtt(struct tcp_sock *t, const struct tcp_segment *seg)
{
	u32 us;

	if (t->stamps_ok) {
		if (seg->options.echo == t->rcv_rtt_echo || seg->length < t->rcv_mss)
			return;
		t->rcv_rtt_echo = seg->options.echo;
		us = max(tcp_stamp_now(t) - seg->options.echo, 1u);
		us = us < 60000 ? us * 1000 : 60000000;
		t->rcv_rtt = t->rcv_rtt ? t->rcv_rtt - t->rcv_rtt / 8 + us / 8 : us;
		return;
	}
	if (t->rcv_rtt_ns && seq_lt(seg->seq + seg->length, t->rcv_rtt_seq))
		return;
	if (t->rcv_rtt_ns) {
		us = (u32)min((clock_monotonic() - t->rcv_rtt_ns) / 1000, (u64)60000000);
		t->rcv_rtt = t->rcv_rtt ? min(t->rcv_rtt, max(us, 1u)) : max(us, 1u);
	}
	t->rcv_rtt_ns = clock_monotonic();
	t->rcv_rtt_seq = t->rcv_wup + t->rcv_wnd;
}
