/*
 * Counts of sockets by kind, for limits and for /proc/net: exact, changed rarely (once or twice in
 * a connection's life).
 */
#pragma once

#include "lib/types.h"

/* a: all. */
extern u32 tcp_n_sockets;        /* allocated */
extern u32 tcp_n_orphans;        /* connections whose file is gone */
extern u32 tcp_n_established;    /* ESTABLISHED or CLOSE-WAIT (RFC 4022, tcpCurrEstab) */
extern u32 tcp_n_timewait;       /* connections in TIME-WAIT, which have no socket */

static inline void tcp_account(u32 *n, int delta)
{
	__atomic_fetch_add(n, (u32)delta, __ATOMIC_RELAXED);
}
static inline u64 tcp_established_count(void)
{
	return __atomic_load_n(&tcp_n_established, __ATOMIC_RELAXED);
}
/* Sockets of AF_INET6. Thread context. */
u32 tcp_count_six(void);
