/*
 * Whether a segment may be what it seems: time stamps (PAWS, RFC 7323, 5), sequence number, RST,
 * SYN (RFC 9293, 3.10.7.4, first to fourth), as hardened by RFC 5961: who wants to end or disturb a
 * connection must know the exact sequence number; all else is answered with an ACK that the true
 * peer can react to. Such answers are limited in number, per connection and in all.
 */
#include "core/random.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

#define PAWS_DAYS_24 (24ull * 24 * 3600 * 1000 * TCP_MS)

static struct { u64 second; s64 left; } challenges; /* a: torn reads harmless */

/* The limit over all connections, blurred so that it tells an onlooker nothing. */
static bool global_limit(u64 now)
{
	u64 second = now / (1000 * TCP_MS);
	u32 limit = READ_ONCE(tcp_challenge_ack_limit);

	if (READ_ONCE(challenges.second) != second) {
		WRITE_ONCE(challenges.second, second);
		WRITE_ONCE(challenges.left, (s64)(limit / 2 + random_below(limit + 1ull)));
	}
	return __atomic_fetch_sub(&challenges.left, 1, __ATOMIC_RELAXED) > 0;
}

void tcp_challenge(struct tcp_sock *t)
{
	u64 now = clock_monotonic();

	/* One per tcp_invalid_ratelimit for each connection. */
	if ((t->challenge_ns && now - t->challenge_ns <
				READ_ONCE(tcp_invalid_ratelimit) * TCP_MS) || !global_limit(now)) {
		tcp_count(TCPACKSkippedChallenge);
		return;
	}
	t->challenge_ns = now;
	tcp_count(TCPChallengeACK);
	tcp_send_ack(t);
}

static bool paws_rejects(const struct tcp_sock *t, const struct tcp_segment *seg)
{
	return t->stamps_ok && seg->options.has_stamp && !(seg->flags & TCP_RST) &&
	       (s32)(seg->options.stamp - t->ts_recent) < 0 &&
	       clock_monotonic() - t->ts_recent_ns < PAWS_DAYS_24;
}

static void handle_reset(struct tcp_sock *t)
{
	int error = ECONNRESET;

	switch (t->state) {
	case TCP_SYN_RECV:
		error = ECONNREFUSED;
		break;
	case TCP_CLOSE_WAIT:
		error = EPIPE;
		break;
	}
	tcp_fail(t, error);
}

/* Old data once more (the ACK was lost, or a keep-alive): the ACK is repeated. */
static void answer_outside(struct tcp_sock *t, const struct tcp_segment *seg)
{
	if (seg->length && seq_lt(seg->seq, t->rcv_nxt) && seq_le(seg->end, t->rcv_nxt)) {
		tcp_count(DelayedACKLost);
		tcp_dsack(t, seg->seq, seg->end);
		tcp_send_ack(t);
		return;
	}
	/* A keep-alive or a window probe. */
	if (seg->seq == t->rcv_nxt - 1 || !t->rcv_wnd) {
		tcp_send_ack(t);
		return;
	}
	tcp_challenge(t);
}

bool tcp_validate(struct tcp_sock *t, const struct tcp_segment *seg)
{
	u32 window = t->rcv_wup + t->rcv_wnd - t->rcv_nxt;

	if ((s32)window < 0)
		window = 0;
	if (paws_rejects(t, seg)) {
		tcp_count(PAWSEstab);
		if (seg->flags & TCP_SYN)
			tcp_challenge(t);
		else
			answer_outside(t, seg);
		return false;
	}
	if (seq_gt(seg->seq, t->rcv_nxt + window) || seq_lt(seg->end, t->rcv_wup)) {
		if (!(seg->flags & TCP_RST)) {
			if (seg->flags & TCP_SYN)
				tcp_challenge(t);
			else
				answer_outside(t, seg);
		}
		return false;
	}
	if (seg->flags & TCP_RST) {
		if (seg->seq == t->rcv_nxt)
			handle_reset(t);
		else
			tcp_challenge(t);
		return false;
	}
	if (seg->flags & TCP_SYN) {
		/* The other half of a simultaneous open, sent again or with its ACK. */
		if (t->state == TCP_SYN_RECV && seg->seq == t->irs && seg->flags & TCP_ACK)
			return true;
		tcp_count(TCPSYNChallenge);
		tcp_challenge(t);
		return false;
	}
	return seg->flags & TCP_ACK;
}
