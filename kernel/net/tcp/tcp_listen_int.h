/*
 * Listening: requests (half-open connections) and those that wait for accept(2).
 *
 * A SYN makes a request, which is small; the ACK that completes the handshake makes the connection
 * of it. When there is no room for requests, the SYN-ACK's number is a cookie that has all that
 * must be remembered (tcp_cookie.c). Everything here is guarded by the listener's lock.
 */
#pragma once

#include "net/tcp/tcp_int.h"

#define TCP_REQUEST_BUCKETS 256u

struct tcp_request {
	struct hlist_node link;
	struct ipaddr local, remote;
	u16 local_port, remote_port;
	u32 nif;
	u32 irs, iss, rcv_wnd, snd_wnd;
	u32 ts_recent, ts_offset;
	u64 sent_ns, deadline_ns;
	struct tcp_saved_syn *saved;   /* TCP_SAVE_SYN; or NULL */
	u16 mss_peer, advmss;
	u8 snd_wscale, rcv_wscale, tos;
	u8 retries;                    /* SYN-ACKs sent again by the timer */
	bool wscale_ok, stamps_ok, sack_ok;
	bool again;                    /* the SYN-ACK went more than once: no RTT sample */
	bool acked;                    /* the handshake is complete, but it was not yet wanted */
};

struct tcp_listener {
	struct hlist_head requests[TCP_REQUEST_BUCKETS];
	u32 n_requests, n_accept, backlog;
	u64 seed;
	struct list accept;            /* of tcp_sock.accept_link */
};

void tcp_request_init_cache(void);
struct tcp_request *tcp_request_find(struct tcp_listener *q, const struct ip_info *info,
				     const struct tcp_segment *seg);
/* A SYN that is to be answered. */
void tcp_request_new(struct tcp_sock *l, struct packet *p, const struct tcp_segment *seg);
void tcp_request_drop(struct tcp_listener *q, struct tcp_request *r);
void tcp_request_drop_all(struct tcp_listener *q);
/* SYN-ACK. */
void tcp_request_answer(const struct tcp_sock *l, struct tcp_request *r);
/* The connection of a request whose handshake is complete, in the accept queue, locked, in
 * SYN-RECEIVED: what is left is to give it the segment. NULL: no memory. The request is not
 * changed. */
struct tcp_sock *tcp_request_accept(struct tcp_sock *l, const struct tcp_request *r);
static inline bool tcp_accept_full(const struct tcp_listener *q)
{
	return q->n_accept > q->backlog;
}

/* SYN cookies (tcp_cookie.c): fills in what is encoded: iss and, through the time stamp, options;
 * to check: whether the ACK fits, and then the request as it was. */
void tcp_cookie_make(struct tcp_request *r);
u32 tcp_cookie_stamp(const struct tcp_request *r, u32 now);
bool tcp_cookie_check(struct packet *p, const struct tcp_segment *seg, struct tcp_request *out);
/* Whether cookies were sent lately: else no ACK is one. */
bool tcp_cookies_used(void);
void tcp_cookie_init(void);
/* Windows, MSS and scale of our side: of the listener and the path to the peer; false: there is
 * none. */
bool tcp_request_path(const struct tcp_sock *l, struct tcp_request *r);
/* Copies of up to `most` requests behind the first `skip`: how many. With the lock. */
unsigned tcp_listen_copy(const struct tcp_sock *l, unsigned skip, struct tcp_request *out,
			 unsigned most);
