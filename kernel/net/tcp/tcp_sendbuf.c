/*
 * The send buffer. Sequence numbers are looked up by bisection in the ring; the pieces' numbers are
 * ordered in it, relative to the first one's.
 */
#include "net/tcp/tcp_sendbuf.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/tcp/tcp_seq.h"

static struct tcp_piece *piece_at(const struct tcp_sendbuf *b, u32 i)
{
	return &b->ring[(b->first + i) & (b->size - 1)];
}

void sendbuf_init(struct tcp_sendbuf *b, u32 seq)
{
	b->start = b->end = seq;
	b->first = b->n = 0;
	b->size = TCP_PIECES_OWN;
	b->ring = b->own;
}

void sendbuf_fini(struct tcp_sendbuf *b)
{
	for (u32 i = 0; i < b->n; i++)
		page_put(piece_at(b, i)->page);
	if (b->ring != b->own)
		kfree(b->ring);
	sendbuf_init(b, b->end);
}

int sendbuf_reserve(struct tcp_sendbuf *b, u32 n, struct spinlock *lock)
{
	struct tcp_piece *ring, *old;
	u32 size = b->size;

	/* Others only take pieces away: what fits now will. */
	if (READ_ONCE(b->n) + n <= size)
		return 0;
	while (size < b->n + n)
		size *= 2;
	ring = kmalloc_array(size, sizeof(*ring), MM_WAIT);
	if (!ring)
		return -ENOMEM;
	spin_lock(lock);
	for (u32 i = 0; i < b->n; i++)
		ring[i] = *piece_at(b, i);
	old = b->ring;
	b->ring = ring;
	b->first = 0;
	b->size = size;
	spin_unlock(lock);
	if (old != b->own)
		kfree(old);
	return 0;
}

bool sendbuf_append(struct tcp_sendbuf *b, struct page *page, u32 offset, u32 length)
{
	if (b->n) {
		struct tcp_piece *last = piece_at(b, b->n - 1);

		if (last->page == page && last->offset + last->length == offset) {
			last->length += length;
			b->end += length;
			return false;
		}
	}
	page_get(page);
	*piece_at(b, b->n) = (struct tcp_piece){ page, offset, length, b->end };
	b->n++;
	b->end += length;
	return true;
}

void sendbuf_drop(struct tcp_sendbuf *b, u32 seq)
{
	while (b->n) {
		struct tcp_piece *piece = piece_at(b, 0);
		u32 before = seq - piece->seq;

		if (before < piece->length) {
			piece->offset += before;
			piece->length -= before;
			piece->seq = seq;
			break;
		}
		page_put(piece->page);
		b->first++;
		b->n--;
	}
	b->start = seq;
}

/* The piece that holds `seq`. */
static u32 piece_find(const struct tcp_sendbuf *b, u32 seq)
{
	u32 low = 0, high = b->n - 1;

	while (low < high) {
		u32 middle = (low + high + 1) / 2;

		if (seq_le(piece_at(b, middle)->seq, seq))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

u32 sendbuf_attach(const struct tcp_sendbuf *b, struct packet *p, u32 seq, u32 n)
{
	u32 done = 0;

	for (u32 i = piece_find(b, seq); done < n; i++) {
		const struct tcp_piece *piece = piece_at(b, i);
		u32 skip = seq + done - piece->seq;
		u32 part = min(piece->length - skip, n - done);

		page_get(piece->page);
		if (!packet_add_frag(p, piece->page, piece->offset + skip, part)) {
			page_put(piece->page);
			break;
		}
		done += part;
	}
	return done;
}

void sendbuf_read(const struct tcp_sendbuf *b, u32 seq, void *to, u32 n)
{
	u8 *at = to;

	for (u32 i = piece_find(b, seq); n; i++) {
		const struct tcp_piece *piece = piece_at(b, i);
		u32 skip = seq - piece->seq;
		u32 part = min(piece->length - skip, n);

		memcpy(at, (u8 *)page_to_virt(piece->page) + piece->offset + skip, part);
		at += part;
		seq += part;
		n -= part;
	}
}
