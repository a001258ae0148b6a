/*
 * How many ICMP errors may be sent: to each peer, and in all (RFC 1812, 4.3.2.8; RFC 4443, 2.4 f).
 */
#pragma once

#include "core/spinlock.h"
#include "net/inet/addr.h"

enum { ICMP_LIMIT_PEERS = 256, ICMP_LIMIT_BURST = 6 /* to one peer */ };

struct icmp_limits {
	struct spinlock lock;
	struct { u64 at; u32 tokens; struct ipaddr to; } peer[ICMP_LIMIT_PEERS]; /* lock; by hash */
	u64 at;                  /* lock */
	u32 tokens;              /* lock */
};
#define ICMP_LIMITS_INIT(name) { .lock = SPINLOCK_INIT(RANK_NET_LEAF, name) }

enum icmp_verdict { ICMP_PASS, ICMP_LIMITED_ALL, ICMP_LIMITED_PEER };

/* Whether one more may be sent now: one per peer_ns to each, `rate` per second in all, `burst` of
 * them at once; 0: without that limit. Soft work or thread. */
enum icmp_verdict icmp_limit_ask(struct icmp_limits *l, const struct ipaddr *to, u64 peer_ns,
				 u32 rate, u32 burst);
