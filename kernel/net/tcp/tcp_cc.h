/*
 * Congestion control: how much may be in the network. All amounts are bytes.
 */
#pragma once

#include "lib/types.h"

struct tcp_sock;

#define TCP_CC_NAME 16

/* Called with the sock's lock. */
struct tcp_cc {
	char name[TCP_CC_NAME];
	/* A connection is established, or takes this one on. NULL: nothing. */
	void (*init)(struct tcp_sock *t);
	/* The new slow start threshold, as a segment was lost: ssthresh is what it answers. */
	u32 (*threshold)(struct tcp_sock *t);
	/* `bytes` of new data were acknowledged while nothing is being recovered, and cwnd limited
	 * what was sent: cwnd may grow. */
	void (*acked)(struct tcp_sock *t, u32 bytes);
	/* The loss was none: cwnd and ssthresh were put back. NULL: nothing. */
	void (*undone)(struct tcp_sock *t);
	/* Sending begins again after `ns` without anything in flight. NULL: nothing. */
	void (*idle)(struct tcp_sock *t, u64 ns);
};

/* State of an algorithm within the connection. */
struct tcp_cc_state {
	u64 epoch_ns;          /* CUBIC: when this growth began, 0: not yet */
	u32 w_max;             /* CUBIC: window at the last loss */
	u32 k_ms;              /* CUBIC: when w_max will be reached again */
	u32 w_est;             /* CUBIC: what Reno would have */
	u32 prior_w_max;       /* CUBIC: w_max before the loss, to undo */
	u32 credit;            /* bytes acknowledged that have not yet made a segment of growth */
	u32 est_credit;        /* CUBIC: the same of w_est */
	u32 round_end;         /* slow start rounds (RFC 9406): snd_nxt at the round's start */
	u32 round_rtt_us, last_rtt_us; /* least of this round and of the one before */
	u32 round_samples;
};

extern const struct tcp_cc tcp_cubic, tcp_reno;

/* By name, or NULL. */
const struct tcp_cc *tcp_cc_find(const char *name);
/* The one that new sockets get; set by net.ipv4.tcp_congestion_control: 0 or -ENOENT. */
const struct tcp_cc *tcp_cc_default(void);
int tcp_cc_set_default(const char *name);
/* Whether everybody may choose it. */
bool tcp_cc_allowed(const struct tcp_cc *cc);
/* Slow start (RFC 5681, 3.1; RFC 3465): grows cwnd by what was acknowledged, at most up to
 * ssthresh: the bytes left for congestion avoidance. */
u32 tcp_slow_start(struct tcp_sock *t, u32 bytes);
