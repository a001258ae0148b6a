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
