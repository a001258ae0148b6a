/*
 * What all connections may take of memory for data, together: tcp_mem of /proc/sys/net/ipv4, in
 * pages: below the first all is well again, above the second there is pressure (buffers and windows
 * do not grow), at the third nothing is taken beyond the least that each buffer is granted.
 *
 * A connection reserves in steps what its queues count, so that only few changes touch the sum.
 */
#pragma once

#include "net/tcp/tcp_int.h"

#define TCP_MEM_STEP 16384u

/* a: all. */
extern u64 tcp_mem_bytes;       /* reserved by connections */
extern bool tcp_mem_pressure;

/* The reservation follows send_used and receive_used. With the lock, or nobody else has it. */
void tcp_mem_adjust(struct tcp_sock *t, u32 used);
static inline void tcp_mem_update(struct tcp_sock *t)
{
	const struct sock *s = tcp_base(t);
	u32 used = READ_ONCE(s->send_used) + READ_ONCE(s->receive_used), has = t->mem_reserved;

	if (unlikely(used > has || (has && (!used || has - used > 4 * TCP_MEM_STEP))))
		tcp_mem_adjust(t, used);
}
/* Whether the third limit is reached: then a buffer gets what it is granted, and no more. */
bool tcp_mem_exhausted(void);
static inline bool tcp_mem_full(void)
{
	return unlikely(READ_ONCE(tcp_mem_pressure)) && tcp_mem_exhausted();
}
/* Pages reserved, rounded up. */
u32 tcp_mem_pages(void);
