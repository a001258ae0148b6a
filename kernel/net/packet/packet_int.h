/*
 * Between the files of packet sockets.
 *
 * A packet socket is a tap (dev/netif.h) with a queue, or a ring in memory that it shares with its
 * user. Its lock is taken wherever frames are sent or received, whatever other socket's lock is
 * held there; so it has a rank of its own, the network's last (RANK_NET_LEAF), and nothing is sent
 * under it. What it is bound to, its memberships and its ring change under the interfaces' config
 * lock.
 */
#pragma once

#include "abi/if_packet.h"
#include "dev/netif.h"
#include "net/sock.h"

struct packet_ring;
struct packet_fanout;

/* PACKET_ADD_MEMBERSHIP, counted. */
struct packet_member {
	struct list link;
	u32 ifindex, users;
	u16 type;
	u8 address[LINK_ADDRESS];
};

/* c: config lock.  l: sock.lock.  a: torn reads harmless. */
struct packet_sock {
	struct sock sock;
	struct netif_tap tap;        /* c */
	bool tapped;                 /* c: the tap is on the list */
	u32 ifindex;                 /* c, a: bound to, 0: to none */
	u16 protocol;                /* c, a: ETH_P_*, host order; 0: receives nothing */
	struct list members;         /* c */
	u32 n_packets, n_drops, n_freezes; /* l: since PACKET_STATISTICS */
	bool auxdata, orig_device, ignore_outgoing; /* a */
	u8 version;                  /* c: enum tpacket_versions */
	u32 reserve;                 /* c */
	struct packet_ring *ring;    /* l to change, NULL: none */
	struct packet_ring *tx_ring; /* l and s (send_lock) to change: to send from; NULL: none */
	bool loss, offsets, direct;  /* a: PACKET_LOSS, PACKET_TX_HAS_OFF, PACKET_QDISC_BYPASS */
	struct packet_fanout *fanout; /* c: its group, whose tap stands for its own; NULL: none */
};

/* What a queued packet carries in its cb. */
struct packet_note {
	struct sockaddr_ll from;
	u32 length;                  /* of the frame, before it was cut */
	u32 status;                  /* TP_STATUS_* */
	u16 network;                 /* offset of its network header from what is read */
};

static inline struct packet_sock *packet_sock(struct sock *s)
{
	return container_of(s, struct packet_sock, sock);
}
static inline struct packet_note *packet_note(struct packet *p)
{
	static_assert(sizeof(struct packet_note) <= PACKET_CB, "packet note");
	return (struct packet_note *)p->cb;
}
static inline u16 swap16(u16 v) { return __builtin_bswap16(v); }

extern struct list packet_socks; /* config lock: all of them, by sock.link */
/* packet_diag.c: boot. */
void packet_diag_init(void);
/* packet_receive.c */
void packet_tap(struct netif_tap *tap, struct packet *p);
ssize_t packet_recv(struct sock *s, struct msg *m);
u32 packet_status(const struct packet *p);
/* packet_send.c */
ssize_t packet_send(struct sock *s, struct msg *m);
/* Where to, and as what: the address given, or what the socket is bound to. */
struct packet_target {
	struct netif *nif; /* with a reference */
	u16 protocol;      /* host order */
	const u8 *address; /* NULL: none given */
};
/* Whether n bytes are a frame's worth: 0 or -EMSGSIZE, -EINVAL. */
int packet_size_check(const struct sock *s, const struct netif *nif, size_t n);
/* Sends a packet with the bytes that the user gave; takes it: 0 or -errno. */
int packet_transmit(struct sock *s, struct packet *p, const struct packet_target *t);
/* packet_transmit.c: what is in the ring to be sent: bytes or -errno. */
ssize_t packet_send_ring(struct sock *s, const struct packet_target *t, u32 flags);
/* The next frame of it is the user's, to be filled. */
bool packet_send_ring_ready(struct packet_sock *ps);
/* packet_option.c */
int packet_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int packet_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* packet_member.c; config lock. The second: all of an interface (0: of all). */
int packet_member_change(struct packet_sock *ps, const struct packet_mreq *mr, u8 *address,
			 bool add);
void packet_members_drop(struct packet_sock *ps, u32 ifindex);
/* packet_ring.c. Making or dropping (block_nr 0): config lock. */
int packet_ring_set(struct packet_sock *ps, const struct tpacket_req3 *req, bool tx);
void packet_ring_stop(struct packet_ring *ring); /* with the lock: it is off the socket */
void packet_ring_free(struct packet_ring *ring);
int packet_ring_mmap(struct sock *s, struct map_request *req);
/* Puts a frame into it, `keep` bytes from `skip` on; with the lock: false: it is full. *wake: there
 * is something new for the reader, who is woken without the lock. */
bool packet_ring_put(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		     u32 skip, u32 keep, bool *wake);
bool packet_ring_ready(struct packet_sock *ps);
/* Whether the next frame or block of its ring is the kernel's. Under RCU. */
bool packet_ring_free_next(struct packet_sock *ps);
/* packet_fanout.c: PACKET_FANOUT, set: 0, -EINVAL, -EALREADY, -ENOSPC, -ENOMEM; and told. No lock
 * held. */
int packet_fanout_join(struct packet_sock *ps, u32 value);
int packet_fanout_number(const struct packet_sock *ps);
/* PACKET_FANOUT_DATA: the program that chooses: 0, -EINVAL, -EPERM, -EFAULT, -ENOMEM. */
int packet_fanout_data(struct packet_sock *ps, const void __user *value, u32 n);
/* It is no member any more, and has no tap. Config lock. */
void packet_fanout_leave(struct packet_sock *ps);
