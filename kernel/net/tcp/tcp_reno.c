/*
 * NewReno's window (RFC 5681): half after a loss, then a segment more per round trip.
 */
#include "net/tcp/tcp_int.h"

static u32 reno_threshold(struct tcp_sock *t)
{
	return max(t->cwnd / 2, 2u * t->mss);
}

static void reno_acked(struct tcp_sock *t, u32 bytes)
{
	struct tcp_cc_state *c = &t->cc_state;

	if (t->cwnd < t->ssthresh) {
		bytes = tcp_slow_start(t, bytes);
		if (!bytes)
			return;
	}
	/* A segment for each window's worth (RFC 3465). */
	c->credit += bytes;
	while (c->credit >= t->cwnd) {
		c->credit -= t->cwnd;
		t->cwnd += t->mss;
	}
}

const struct tcp_cc tcp_reno = {
	.name = "reno",
	.threshold = reno_threshold,
	.acked = reno_acked,
};
