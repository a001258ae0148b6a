/*
 * UDP (RFC 768) and UDP-Lite (RFC 3828), for both families. The two are one body with ports and
 * counters of their own (struct udp_kind); they differ in what the checksum is over. udp.c makes
 * sockets, binds and connects them, udp_send.c and udp_recv.c are the calls, udp_input.c is what
 * comes from below, udp_gro.c what is read together.
 */
#pragma once

#include "dev/netif.h"
#include "net/inet/inet_int.h"
#include "net/udp/udp_wire.h"

enum { UDP_SEGMENTS = 64 }; /* of one call with UDP_SEGMENT, at most */
enum { UDP_MOST = 65507 + 20 + 20 }; /* no datagram has more data, whatever the version */

/* What came in this round for a socket with UDP_GRO.  l: sock.lock. */
struct udp_gro {
	struct netif_after after;    /* l to ask for it, once; it has a reference to the socket */
	struct packet_queue waiting; /* l: will be in the receive queue at the round's end */
	struct packet *last;         /* l: of `waiting`, what the next may be joined to */
	u32 size, n, bytes;          /* l: of its train: length of the first; datagrams; bytes */
	bool asked;                  /* l */
};

/* s: send_lock.  a: torn reads harmless. */
struct udp_sock {
	struct inet_sock inet;   /* must be first */
	struct packet *corked;   /* s: data that waits for more (UDP_CORK, MSG_MORE); its room in
				  * front is for headers */
	struct inet_send corked_to; /* s: where it goes */
	bool cork;               /* a: UDP_CORK */
	bool no_check6_tx, no_check6_rx; /* a */
	u16 segment;             /* a: UDP_SEGMENT: 0: off */
	u16 send_cover;          /* a: UDPLITE_SEND_CSCOV: what the checksum is over; 0: all */
	u16 recv_cover;          /* a: UDPLITE_RECV_CSCOV: the least of what is taken; 0: all … */
	bool recv_limited;       /* a: … if this is set: the option was given */
	struct udp_gro gro;      /* used with SOCK_TRAINS (UDP_GRO) */
};
static inline struct udp_sock *udp_sock(struct sock *s) { return (struct udp_sock *)s; }

/* I after boot. */
struct udp_kind {
	u16 protocol;
	u16 counts[2];           /* enum inet_counter, IPv4's and IPv6's: first of UDP_COUNTERS */
	const char *name;
	struct port_table *ports;
};
extern struct udp_kind udp_kinds[2];
static inline const struct udp_kind *udp_kind(u16 protocol)
{
	return &udp_kinds[protocol == IPPROTO_UDPLITE];
}
static inline bool udp_is_lite(const struct sock *s) { return s->protocol == IPPROTO_UDPLITE; }
static inline void udp_count(const struct udp_kind *kind, bool six, enum udp_counter what)
{
	inet_count(kind->counts[six] + what);
}
/* The sockets of IPPROTO_UDP or IPPROTO_UDPLITE; NULL: of another. */
struct port_table *udp_port_table(u32 protocol);

ssize_t udp_send(struct sock *s, struct msg *m);
ssize_t udp_recv(struct sock *s, struct msg *m);
/* Data that waits is dropped, or sent. With send_lock. */
void udp_cork_drop(struct udp_sock *u);
int udp_cork_push(struct udp_sock *u);
/* Binds a socket that has no port to any. With sock.lock. */
int udp_autobind(struct inet_sock *i);

/* Of a socket with UDP_GRO: queues a datagram, whose data are its payload, to be seen at the
 * round's end: 0, -ENOBUFS (it stays the caller's). With sock.lock; soft work. */
int udp_gro_queue(struct udp_sock *u, struct packet *p);
void udp_gro_init(struct udp_sock *u);

void udp_receive(struct packet *p);
void udp_error(const struct ip_error *e);
void udp_lite_error(const struct ip_error *e);
void udp_show_init(void);
