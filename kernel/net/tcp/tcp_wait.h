/*
 * A connection in TIME-WAIT: what answers for it once its socket is gone (tcp_timewait.c).
 */
#pragma once

#include "lib/list.h"
#include "net/inet/ports.h"

/* w: the lock of tcp_timewait.c.  I: constant. */
struct tcp_wait {
	struct flow_wait flow;       /* first: its ends, in the tables of ports */
	struct list link;            /* w: in order of expiry; empty: it is over */
	u64 until_ns;                /* w: CLOCK_MONOTONIC; a: torn reads harmless */
	u64 cookie;                  /* I: the socket's SO_COOKIE */
	u64 ts_recent_ns;            /* w: when ts_recent came */
	u64 answered_ns;             /* w: something dubious was answered last; 0: never */
	u32 snd_nxt, rcv_nxt;        /* I */
	u32 ts_offset;               /* I */
	u32 ts_recent;               /* w; a */
	u32 mark;                    /* I */
	s16 ttl;                     /* I: hops; -1: default */
	u16 window;                  /* I: as the header's field */
	u8 tos;                      /* I */
	bool stamps_ok;              /* I */
};
static inline struct tcp_wait *tcp_wait(struct flow_wait *f) { return (struct tcp_wait *)f; }

/* It is over now. */
void tcp_wait_end(struct tcp_wait *w);
/* When it will be over, if nothing comes. */
u64 tcp_wait_until(const struct tcp_wait *w);
