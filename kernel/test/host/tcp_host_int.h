/*
 * test/host/tcp_host_int.h - what the files of the TCP harness share.
 */
#ifndef TEST_HOST_TCP_HOST_INT_H
#define TEST_HOST_TCP_HOST_INT_H

#include "test/host/tcp_host.h"

#ifdef TCP_HOST_FUZZ
#define CHECK_LEFT(n) INSIST(!(n))
#else
#define CHECK_LEFT(n) CHECK_EQ(n, 0)
#endif

u64 host_random(void);
/* ext_host_os.c */
void *os_map(void *at, size_t bytes);
/* tcp_host_net.c: when the next packet arrives (~0: none), its arrival, and the end of all. */
u64 host_link_next(void);
void host_link_deliver(void);
void host_link_forget(void);

#endif
