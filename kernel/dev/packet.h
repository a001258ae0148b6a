/*
 * Packets: what network interfaces and protocols pass to each other.
 *
 * A packet is a small description of bytes: a linear part, in which the headers are, and fragments
 * of pages behind it. Bytes are shared: the linear part by clones (same bytes, other description),
 * the pages by whoever holds a reference to them (a socket's send buffer, the page cache). Shared
 * bytes are read only; packet_own_head() gives a packet headers of its own.
 *
 *	buf->space        data              data + head           buf->space + buf->size
 *	|   head room      |   linear part   |     tail room       |   then frags[0 … n_frags - 1]
 *
 * A layer going down pushes its header into the head room; one going up pulls it off the front.
 * The offsets of the headers (link, network, transport) count from buf->space and stay valid.
 *
 * A packet has one owner at a time, who may change it; no lock.
 */
#pragma once

#include "core/refcount.h"
#include "lib/types.h"
#include "mm/frames.h"

struct netif;
struct sock;
struct iov_iter;

#define PACKET_FRAGS 18        /* 64 KiB of pages that are not aligned, and one more */
#define PACKET_ROOM  128       /* head room that packet_alloc() callers give to lower layers */
#define PACKET_CB    64

/* Checksums of a packet that was received (RX_*) or is to be sent. */
enum packet_sum {
	SUM_NONE,              /* received: not looked at. To send: all checksums are in it */
	SUM_VALID,             /* received: the device found the transport's checksum right */
	SUM_PARTIAL,           /* to send (or looped back): the transport's checksum field holds the
				* pseudo header's sum, the device or packet_sum_finish() adds the
				* rest from sum_start on, and stores it at sum_start + sum_offset */
};

/* For whom a received frame was, by its link address; PACKET_* of packet(7). */
enum packet_kind { PKT_HOST, PKT_BROADCAST, PKT_MULTICAST, PKT_OTHERHOST, PKT_OUTGOING };

/* When a packet's sender wants to be told the time of. */
enum { PACKET_STAMP_SENT = 1 << 0, PACKET_STAMP_QUEUED = 1 << 1 };

/* In a socket's queue: it was seen by a peek; its bytes continue those of the packet before it. To
 * send: it is not shown to taps. */
enum { PACKET_PEEKED = 1 << 0, PACKET_JOINED = 1 << 1, PACKET_UNSEEN = 1 << 2 };

enum packet_gso { GSO_NONE, GSO_TCP4, GSO_TCP6 };

/* Bytes of a linear part, shared by clones. */
struct packet_buf {
	struct refcount refs;
	u32 size;
	struct page *page;     /* of a driver's buffer: the page that `space` lies in (a reference);
				* NULL: behind this structure, from kmalloc() */
	u8 *space;
};

struct packet_frag { struct page *page; u32 offset, length; }; /* with a reference to the page */

struct packet {
	struct packet *next;   /* in a queue: its lock */
	struct packet_buf *buf;
	u8 *data;              /* first byte */
	u32 head;              /* bytes of the linear part */
	u32 length;            /* bytes in all */
	struct netif *nif;     /* received on, or to be sent on; no reference: packets of an
				* interface are gone before it is */
	struct sock *sock;     /* who is charged: see net/sock.h */
	void (*release)(struct packet *p); /* called when the packet goes, before it is freed: gives
				* back what it is charged to. NULL: nobody */
	union {
		u64 stamp_ns;  /* received: CLOCK_REALTIME then; 0: nobody wanted to know */
		u32 stamp_key; /* to send, with `stamps`: which of its socket's packets it is */
	};
	u32 charged;           /* bytes it counts in its owner's buffer */
	union {
		u32 hash;      /* of the flow it belongs to, 0: not known */
		u32 drops;     /* in a socket's queue: how many were dropped before it */
	};
	u32 mark, priority;
	u16 protocol;          /* ETH_P_*, host order */
	u16 link, network, transport; /* offsets of headers from buf->space */
	u16 link_length;       /* bytes of the link header */
	u16 sum_start;         /* from buf->space */
	u16 sum_offset;        /* from sum_start */
	u16 gso_size;          /* payload bytes of each segment the device or packet_segment() is to
				* make of it; 0: it is one */
	u16 vlan;              /* tag that the device took off or is to put in, if has_vlan */
	u8 sum;                /* enum packet_sum */
	u8 kind;               /* enum packet_kind */
	u8 gso;                /* enum packet_gso */
	bool has_vlan;
	bool lossy;            /* to send: packets get lost on its way */
	u8 n_frags;
	u8 stamps;             /* to send: PACKET_STAMP_*: its socket wants to be told when */
	u8 bits;               /* PACKET_PEEKED, PACKET_JOINED, PACKET_UNSEEN */
	u8 cb[PACKET_CB] __aligned(8); /* the layer's that has it */
	struct packet_frag frags[PACKET_FRAGS];
};

struct packet_queue { struct packet *first, **last; u32 n; u64 bytes; }; /* user's lock */

/* An empty packet with `room` bytes of head room and space for `size` more in its linear part, or
 * NULL. flags: MM_*. Any context without MM_WAIT. */
struct packet *packet_alloc(u32 room, u32 size, unsigned flags);
/* A packet around a driver's buffer of `size` bytes at `offset` of `page`, whose reference it
 * takes: the first `length` bytes behind `room` are its linear part. NULL: no memory (the reference
 * is still the caller's). Any context. */
struct packet *packet_around(struct page *page, u32 offset, u32 size, u32 room, u32 length);
/* The same bytes, described once more; not charged to anybody. NULL: no memory. */
struct packet *packet_clone(struct packet *p, unsigned flags);
/* A copy with bytes of its own, all of them linear. NULL: no memory. */
struct packet *packet_copy(const struct packet *p, u32 room, unsigned flags);
/* NULL is allowed. Any context. */
void packet_free(struct packet *p);

static inline u8 *packet_at(const struct packet *p, u16 offset) { return p->buf->space + offset; }
static inline void *packet_link(const struct packet *p) { return packet_at(p, p->link); }
static inline void *packet_network(const struct packet *p) { return packet_at(p, p->network); }
static inline void *packet_transport(const struct packet *p) { return packet_at(p, p->transport); }
static inline u16 packet_offset(const struct packet *p) { return (u16)(p->data - p->buf->space); }
static inline u32 packet_room(const struct packet *p) { return (u32)(p->data - p->buf->space); }
static inline u32 packet_tail_room(const struct packet *p)
{
	return p->buf->size - packet_room(p) - p->head;
}
static inline bool packet_shared(const struct packet *p) { return ref_read(&p->buf->refs) != 1; }

/* n more bytes in front, within the head room: their address. */
u8 *packet_push(struct packet *p, u32 n);
/* n more bytes at the end of the linear part of a packet without fragments, within the tail room.
 * */
u8 *packet_put(struct packet *p, u32 n);
/* Takes n bytes off the front, which may reach into the fragments; n <= length. */
void packet_pull(struct packet *p, u32 n);
/* Cuts it to n bytes; n <= length. */
void packet_trim(struct packet *p, u32 n);
/* Makes the first n bytes linear: false if it is shorter or there is no memory. */
bool packet_want_slow(struct packet *p, u32 n);
static inline bool must_check packet_want(struct packet *p, u32 n)
{
	return likely(p->head >= n) || packet_want_slow(p, n);
}
/* Makes the linear part the packet's own, with at least `room` bytes of head room: 0 or -ENOMEM.
 * Pointers into it are void. */
int must_check packet_own_head(struct packet *p, u32 room);
/* All bytes in the linear part: 0 or -ENOMEM. */
int must_check packet_linearize(struct packet *p);
/* Adds a fragment, taking over the caller's reference; neighbours are merged: false if there is no
 * slot left. */
bool packet_add_frag(struct packet *p, struct page *page, u32 offset, u32 length);
/* Copies n bytes from `offset` (of data) on: to memory, from memory (own bytes only), or to an
 * iterator (bytes; thread context, may fault). */
void packet_read(const struct packet *p, u32 offset, void *to, u32 n);
size_t packet_copy_to(const struct packet *p, u32 offset, struct iov_iter *to, size_t n);
/* Internet checksum (RFC 1071) of n bytes from `offset` on, added to `sum`; not folded. */
u32 packet_sum(const struct packet *p, u32 offset, u32 n, u32 sum);
/* Does what SUM_PARTIAL asks for: 0 or -ENOMEM. */
int must_check packet_sum_finish(struct packet *p);
/* Cuts a packet with gso_size into segments of its own (TCP, over IPv4 or IPv6, the lengths,
 * sequence numbers, flags and checksums in order): 0 and the queue; -ENOMEM. The packet is freed in
 * any case. */
int must_check packet_segment(struct packet *p, struct packet_queue *out);

static inline void packet_queue_init(struct packet_queue *q)
{
	*q = (struct packet_queue){ .last = &q->first };
}
void packet_enqueue(struct packet_queue *q, struct packet *p);
struct packet *packet_dequeue(struct packet_queue *q);
void packet_queue_free(struct packet_queue *q);
/* Frees a packet and those that it leads to (next); NULL is allowed. */
void packet_list_free(struct packet *p);

/* Boot. */
void packet_init(void);
