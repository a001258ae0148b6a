/*
 * Two buckets of tokens for each error: one of its peer, one of all. Peers share a bucket's place
 * by hash: who is not there begins with a full one.
 */
#include "net/inet/icmp_limit.h"

#include "core/clock.h"
#include "lib/hash.h"

/* Tokens come back with time, one per `interval`, up to `most`. */
static u32 refill(u64 *at, u32 tokens, u64 now, u64 interval, u32 most)
{
	u64 earned = interval ? (now - *at) / interval : most;

	if (earned >= most) {
		*at = now;
		return most;
	}
	*at += earned * interval;
	return (u32)min((u64)tokens + earned, (u64)most);
}

enum icmp_verdict icmp_limit_ask(struct icmp_limits *l, const struct ipaddr *to, u64 peer_ns,
				 u32 rate, u32 burst)
{
	__typeof__(l->peer[0]) *peer = &l->peer[hash_u64(hash_mix(to->d[0], to->d[1]), 8)];
	u64 now = clock_monotonic();
	enum icmp_verdict verdict;

	spin_lock(&l->lock);
	l->tokens = refill(&l->at, l->tokens, now, rate ? NSEC_PER_SEC / rate : 0, burst);
	if (!peer->at || !ipaddr_equal(&peer->to, to)) {
		peer->to = *to;
		peer->tokens = ICMP_LIMIT_BURST;
		peer->at = now;
	}
	peer->tokens = refill(&peer->at, peer->tokens, now, peer_ns, ICMP_LIMIT_BURST);
	verdict = !l->tokens ? ICMP_LIMITED_ALL : !peer->tokens ? ICMP_LIMITED_PEER : ICMP_PASS;
	if (verdict == ICMP_PASS) {
		l->tokens--;
		peer->tokens--;
	}
	spin_unlock(&l->lock);
	return verdict;
}
