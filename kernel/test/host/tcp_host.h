/*
 * test/host/tcp_host.h - the rooms around net/tcp, small enough for a test program, with virtual
 * time.
 *
 * net/tcp and dev/packet are compiled unmodified. Here are ports, routes, IP, soft timers, sockets
 * without files, memory that is counted. Packets go over a simulated link with delay, loss,
 * duplication and reordering, all from a seed; those to the address PEER end in a queue for the
 * test to look at, which answers with host_inject(). Nothing ever waits: a call that would gets
 * -EAGAIN.
 */
#ifndef TEST_HOST_TCP_HOST_H
#define TEST_HOST_TCP_HOST_H

/* The kernel's time structures are the host's: they come first and count as defined. */
#define _STRUCT_TIMESPEC 1
#define __timeval_defined 1
#define __itimerspec_defined 1
#include "abi/time.h"

#ifdef TCP_HOST_FUZZ
#include "test/host/fuzz.h"
#else
#include "test/host/unit.h"
#endif
#undef FD_SETSIZE

#include "abi/poll.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

#define HOST_A    0x0a000001u  /* 10.0.0.1 and 10.0.0.2: this machine */
#define HOST_B    0x0a000002u
#define HOST_PEER 0x0a000009u  /* the test */

/* What the link does to packets; chances in 1/1000. */
struct host_link {
	u64 delay_ns, jitter_ns;
	unsigned loss, duplicate, reorder;
	u64 send_ns;             /* how long the machine is at each packet */
	u64 bytes_per_s;         /* 0: no limit; the queue before it holds 64 packets */
	bool cut;                /* gso packets are segmented, else they pass whole */
	u32 mtu;
};
extern struct host_link host_link;
extern u64 host_now_ns;
extern u64 host_sent;        /* packets that were handed to IP */

/* Starts TCP (once), forgets the link's packets, sets the clock, seeds everything. */
void host_begin(u64 seed);
/* Everything must have been given back by now; time passes until timers have run. */
void host_end(void);
/* After host_link.mtu was changed. */
void host_link_changed(void);
/* Runs timers and delivers packets until `ns` from now. */
void host_run_for(u64 ns);
/* Advances to the next event, but not beyond `ns` from now: false: there was none. */
bool host_step(u64 ns);

/* Sockets ----------------------------------------------------------------------------------- */

struct tcp_sock *host_socket(u16 family);
int host_bind(struct tcp_sock *t, u32 addr, u16 port);
int host_connect(struct tcp_sock *t, u32 addr, u16 port);
/* A listener at addr:port. */
struct tcp_sock *host_listener(u32 addr, u16 port, u32 backlog);
/* NULL: none is there. */
struct tcp_sock *host_accept(struct tcp_sock *l);
ssize_t host_write(struct tcp_sock *t, const void *data, size_t n, u32 flags);
ssize_t host_read(struct tcp_sock *t, void *data, size_t n, u32 flags);
void host_close(struct tcp_sock *t);
int host_option(struct tcp_sock *t, int name, int value);
/* The n-th allocation from now on fails; 0: none. */
void host_fail_alloc(unsigned nth);

/* The scripted peer ------------------------------------------------------------------------- */

/* A segment that came for the peer. */
struct host_segment {
	struct tcp_segment seg;
	u32 from, to;
	bool lossy;              /* as the packet said */
	u8 *data;
	struct host_segment *next;
};
/* The oldest, or NULL; the caller frees it with host_segment_free(). */
struct host_segment *host_next(void);
void host_segment_free(struct host_segment *s);
/* Gives the machine a segment from PEER; `data` of seg->length bytes. Delivered at once. */
void host_inject(u32 to, const struct tcp_segment *seg, const void *data);
/* The same with bytes as they are, checksum included. */
void host_inject_raw(u32 to, const void *bytes, u32 n);
void host_error(const struct ip_error *e);
/* What is injected from now on is one round of frames, until this is called with false. Else each
 * packet is a round. */
void host_hold_round(bool hold);

#endif
