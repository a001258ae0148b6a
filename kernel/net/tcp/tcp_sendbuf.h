/*
 * The send buffer: the bytes that were written and not acknowledged, as pieces of pages.
 *
 * A ring of (page, offset, length), each with a reference to its page; ordered by sequence number,
 * without gaps, from `start` to `end`. Segments are headers with fragments of these very pages, so
 * a byte is copied once, on its way in; pages of files (sendfile) are not copied at all.
 *
 * Locks: the sock's lock guards all; only who holds send_lock adds, so that room found under it
 * stays. Knows no connection.
 */
#pragma once

#include "core/spinlock.h"
#include "dev/packet.h"

struct tcp_piece { struct page *page; u32 offset, length, seq; };

#define TCP_PIECES_OWN 4
/* What a piece counts in the buffer besides its bytes: descriptions, and the page's unused rest. */
#define TCP_PIECE_COST 256

struct tcp_sendbuf {
	u32 start, end;               /* sequence numbers of the bytes held */
	u32 first, n;                 /* pieces: ring[(first + i) & (size - 1)], i < n */
	u32 size;                     /* of the ring, a power of two */
	struct tcp_piece *ring;       /* own, or from kmalloc() */
	struct tcp_piece own[TCP_PIECES_OWN];
};

/* Empty, the first byte being `seq`. */
void sendbuf_init(struct tcp_sendbuf *b, u32 seq);
/* Drops all and frees the ring; it is empty then and can be used again. */
void sendbuf_fini(struct tcp_sendbuf *b);
/* Makes sure that `n` more pieces fit: 0 or -ENOMEM. Takes `lock` to change the ring; may sleep;
 * callers exclude each other (send_lock). */
int must_check sendbuf_reserve(struct tcp_sendbuf *b, u32 n, struct spinlock *lock);
/* Adds bytes at the end; there is room (sendbuf_reserve()). If they follow the last piece in its
 * page, that one grows: false; else the piece has taken a reference: true. */
bool sendbuf_append(struct tcp_sendbuf *b, struct page *page, u32 offset, u32 length);
/* Bytes before `seq` are not needed any more; start <= seq <= end. */
void sendbuf_drop(struct tcp_sendbuf *b, u32 seq);
/* Adds up to n bytes from `seq` on as fragments: how many, fewer only if the fragments ran out. The
 * bytes are in the buffer. */
u32 sendbuf_attach(const struct tcp_sendbuf *b, struct packet *p, u32 seq, u32 n);
/* Copies n bytes from `seq` on, which are in the buffer. */
void sendbuf_read(const struct tcp_sendbuf *b, u32 seq, void *to, u32 n);
/* What it counts. */
static inline u32 sendbuf_charge(const struct tcp_sendbuf *b)
{
	return b->end - b->start + b->n * TCP_PIECE_COST;
}
