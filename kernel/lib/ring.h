/*
 * lib/ring.h - byte ring of a power-of-two size.
 *
 * head counts bytes ever written, tail bytes ever read; both run freely and are masked on use, so
 * full and empty differ. With one writer and one reader (an interrupt and a thread, say) no lock
 * is needed: the writer publishes head with release order, the reader publishes tail likewise.
 * With several on either side their owner's lock guards that side.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

struct ring {
	u8 *buf;	/* I */
	u32 size;	/* I: a power of two, at most 2^31 */
	u32 head;	/* changed by the writer */
	u32 tail;	/* changed by the reader */
};

/* Use `buf` of `size` bytes, which stays the caller's. */
void ring_init(struct ring *r, void *buf, u32 size);

static inline u32 ring_used(const struct ring *r)
{
	return load_acquire(&r->head) - load_acquire(&r->tail);
}

static inline u32 ring_space(const struct ring *r)
{
	return r->size - ring_used(r);
}

static inline bool ring_empty(const struct ring *r)
{
	return ring_used(r) == 0;
}

static inline bool ring_full(const struct ring *r)
{
	return ring_used(r) == r->size;
}

/* Writer's side: stores what fits and returns how much that was. */
u32 ring_write(struct ring *r, const void *data, u32 len);
bool ring_put(struct ring *r, u8 byte);

/* Reader's side: takes at most len and returns how much that was. */
u32 ring_read(struct ring *r, void *data, u32 len);
bool ring_get(struct ring *r, u8 *byte);
/* As ring_read from `offset` bytes after the tail, leaving the bytes where they are. */
u32 ring_peek(const struct ring *r, u32 offset, void *data, u32 len);
/* Drops at most len bytes; returns how many. */
u32 ring_skip(struct ring *r, u32 len);

/* Both sides at once: empties the ring. Neither side may be active. */
void ring_reset(struct ring *r);

/*
 * The longest contiguous piece to write to (or read from) and its length, for copying without a
 * middle buffer; then ring_produce (or ring_skip) what was used.
 */
u8 *ring_write_span(struct ring *r, u32 *len);
const u8 *ring_read_span(const struct ring *r, u32 *len);
void ring_produce(struct ring *r, u32 len);

#endif
