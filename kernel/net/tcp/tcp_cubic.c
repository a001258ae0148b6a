/*
 * CUBIC (RFC 9438): after a loss the window is 0.7 of what it was, and then follows
 * W(t) = 0.4 (t - K)^3 + W_max segments, t in seconds: fast back to near the old window, slowly
 * past it, then ever faster. Where Reno would have more (short round trips), it goes as Reno does.
 *
 * Slow start ends early when the round trips grow (HyStart++, RFC 9406, without its second phase:
 * congestion avoidance begins at once), so that a long path's queue is not overrun by a whole
 * window.
 */
#include "net/tcp/tcp_int.h"

#define HYSTART_SAMPLES 8
#define HYSTART_MIN_US  4000
#define HYSTART_MAX_US  16000

static void cubic_init(struct tcp_sock *t)
{
	t->cc_state = (struct tcp_cc_state){ .round_end = t->snd_nxt };
}

/* Greatest r with r^3 <= v. */
static u32 cube_root(u64 v)
{
	u64 r = 0;

	for (int bit = 21; bit >= 0; bit--) {
		u64 next = r | 1ull << bit;

		if (next * next * next <= v)
			r = next;
	}
	return (u32)r;
}

static u32 cubic_threshold(struct tcp_sock *t)
{
	struct tcp_cc_state *c = &t->cc_state;

	c->prior_w_max = c->w_max;
	c->epoch_ns = 0;
	/* Fast convergence (4.7): a window below the last maximum gives way. */
	c->w_max = t->cwnd < c->w_max ? (u32)((u64)t->cwnd * 17 / 20) : t->cwnd;
	return max((u32)((u64)t->cwnd * 7 / 10), 2u * t->mss);
}

static void cubic_undone(struct tcp_sock *t)
{
	t->cc_state.w_max = t->cc_state.prior_w_max;
	t->cc_state.epoch_ns = 0;
}

/* The curve does not go on while nothing was to send (4.2). */
static void cubic_idle(struct tcp_sock *t, u64 ns)
{
	if (t->cc_state.epoch_ns)
		t->cc_state.epoch_ns += ns;
}

static void cubic_begin(struct tcp_sock *t, u64 now)
{
	struct tcp_cc_state *c = &t->cc_state;

	c->epoch_ns = now;
	c->credit = c->est_credit = 0;
	c->w_est = t->cwnd;
	if (t->cwnd < c->w_max) {
		/* K = cbrt((W_max - cwnd) / C): milliseconds, of segments (eq. 2). */
		c->k_ms = cube_root((u64)(c->w_max - t->cwnd) * 2500000000ull / t->mss);
	} else {
		c->k_ms = 0;
		c->w_max = t->cwnd;
	}
}

/* W(t) in bytes, t in ms since the epoch. */
static u32 cubic_window(const struct tcp_sock *t, u64 ms)
{
	const struct tcp_cc_state *c = &t->cc_state;
	s64 d = (s64)min(ms, (u64)1 << 20) - (s64)c->k_ms;
	u64 size = (u64)(d < 0 ? -d : d), grown;

	size = min(size, (u64)1 << 20);
	grown = size * size * size / 1000000 * t->mss / 2500;
	if (d < 0)
		return grown < c->w_max ? c->w_max - (u32)grown : 0;
	return (u32)min(c->w_max + grown, (u64)1 << 30);
}

/* W_est (eq. 4): alpha = 3 (1 - 0.7) / (1 + 0.7) until the old window is reached, then 1. */
static void reno_friendly(struct tcp_sock *t, u32 bytes)
{
	struct tcp_cc_state *c = &t->cc_state;

	c->est_credit += c->w_est >= c->w_max ? bytes : (u32)((u64)bytes * 9 / 17);
	while (c->est_credit >= t->cwnd) {
		c->est_credit -= t->cwnd;
		c->w_est += t->mss;
	}
}

/* RFC 9406, 4.2: whether this round's least round trip is clearly above the last one's. */
static bool hystart_full(struct tcp_sock *t)
{
	struct tcp_cc_state *c = &t->cc_state;
	u32 rtt = t->rack_rtt, slack;

	if (seq_gt(t->snd_una, c->round_end)) {
		c->round_end = t->snd_nxt;
		c->last_rtt_us = c->round_rtt_us;
		c->round_rtt_us = 0;
		c->round_samples = 0;
	}
	if (!rtt)
		return false;
	if (!c->round_rtt_us || rtt < c->round_rtt_us)
		c->round_rtt_us = rtt;
	if (++c->round_samples < HYSTART_SAMPLES || !c->last_rtt_us)
		return false;
	slack = clamp(c->last_rtt_us / 8, (u32)HYSTART_MIN_US, (u32)HYSTART_MAX_US);
	return c->round_rtt_us >= c->last_rtt_us + slack;
}

static void cubic_acked(struct tcp_sock *t, u32 bytes)
{
	struct tcp_cc_state *c = &t->cc_state;
	u64 now = clock_monotonic();
	u32 target;

	if (t->cwnd < t->ssthresh) {
		if (t->cwnd >= 16u * t->mss && hystart_full(t))
			t->ssthresh = t->cwnd;
		bytes = tcp_slow_start(t, bytes);
		if (!bytes)
			return;
	}
	if (!c->epoch_ns)
		cubic_begin(t, now);
	reno_friendly(t, bytes);
	/* Where the curve will be a round trip from now (4.4), at most half as much again. */
	target = cubic_window(t, (now - c->epoch_ns + (u64)tcp_srtt_us(t) * 1000) / TCP_MS);
	target = max(target, c->w_est);
	target = min(target, t->cwnd + t->cwnd / 2);
	if (target <= t->cwnd)
		return;
	/* (target - cwnd) / cwnd of a byte per byte, given out in whole segments. */
	c->credit += (u32)((u64)bytes * (target - t->cwnd) / t->cwnd);
	if (c->credit >= t->mss) {
		u32 n = c->credit / t->mss * t->mss;

		c->credit -= n;
		t->cwnd += n;
	}
}

const struct tcp_cc tcp_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.threshold = cubic_threshold,
	.acked = cubic_acked,
	.undone = cubic_undone,
	.idle = cubic_idle,
};
