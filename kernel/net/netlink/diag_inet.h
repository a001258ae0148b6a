/*
 * Between the files that answer for sockets of the Internet families: diag_inet.c finds them,
 * diag_filter.c says which a program wants to hear of, diag_tcp.c knows connections.
 */
#pragma once

#include "abi/sock_diag.h"
#include "net/inet/ports.h"
#include "net/netlink/diag_filter.h"
#include "net/netlink/netlink.h"

/* A dump or an answer on its way. */
struct diag_walk {
	struct nl_out *out;
	const struct inet_diag_req_v2 *q;
	const void *filter;            /* NULL: everything */
	u32 filter_length;
	u32 seq, port;
	u16 flags;                     /* NLM_F_MULTI or 0 */
	bool see_marks;
	struct port_place place, wait_place; /* of sockets; of flows without one, after them */
	u64 n, skip;                   /* of lists without places */
	u32 inner;                     /* of a listener's connections */
	bool full;                     /* no more fits */
};
/* Whether the request's addresses and filter want it. */
bool diag_wants(const struct diag_walk *w, const struct diag_entry *e);
/* Begins the message of a socket: all but states, timers and queues; or NULL. */
struct inet_diag_msg *diag_begin(struct diag_walk *w, const struct diag_entry *e);
static inline bool diag_asked(const struct diag_walk *w, u16 attribute)
{
	return w->q->idiag_ext & 1u << (attribute - 1);
}

/* diag_tcp.c; state of a connection. With the sock's lock. */
void tcp_diag_state(struct inet_sock *i, struct inet_diag_msg *m);
/* What is beyond inet_diag_msg: TCP_INFO, congestion control. No lock. */
void tcp_diag_attributes(struct inet_sock *i, struct diag_walk *w);
/* The message of a connection in TIME-WAIT that is wanted: false: it does not fit. No lock. */
bool tcp_diag_wait(struct flow_wait *f, struct diag_walk *w);
u64 tcp_diag_wait_cookie(struct flow_wait *f);
void tcp_diag_wait_end(struct flow_wait *f);
/* The half-open connections of a listener, from w->inner on: false: no more fits. No lock. */
bool tcp_diag_requests(struct inet_sock *i, struct diag_walk *w);
