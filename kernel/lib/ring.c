/*
 * lib/ring.c - byte ring.
 *
 * Each side loads the other's counter with acquire order before it touches bytes, and publishes
 * its own with release order afterwards.
 */
#include "lib/ring.h"

#include "lib/string.h"

void ring_init(struct ring *r, void *buf, u32 size)
{
	r->buf = buf;
	r->size = size;
	r->head = 0;
	r->tail = 0;
}

void ring_reset(struct ring *r)
{
	r->head = 0;
	r->tail = 0;
}

/* Copies out of the ring from the free-running position `pos`. */
static void copy_from(const struct ring *r, u32 pos, u8 *to, u32 len)
{
	u32 at = pos & (r->size - 1);
	u32 first = min(len, r->size - at);

	memcpy(to, r->buf + at, first);
	memcpy(to + first, r->buf, len - first);
}

u32 ring_write(struct ring *r, const void *data, u32 len)
{
	u32 head = r->head;
	u32 at = head & (r->size - 1);
	u32 first;

	len = min(len, ring_space(r));
	if (len == 0)
		return 0;
	first = min(len, r->size - at);
	memcpy(r->buf + at, data, first);
	memcpy(r->buf, (const u8 *)data + first, len - first);
	store_release(&r->head, head + len);
	return len;
}

bool ring_put(struct ring *r, u8 byte)
{
	u32 head = r->head;

	if (ring_full(r))
		return false;
	r->buf[head & (r->size - 1)] = byte;
	store_release(&r->head, head + 1);
	return true;
}

u32 ring_read(struct ring *r, void *data, u32 len)
{
	len = ring_peek(r, 0, data, len);
	store_release(&r->tail, r->tail + len);
	return len;
}

bool ring_get(struct ring *r, u8 *byte)
{
	u32 tail = r->tail;

	if (ring_empty(r))
		return false;
	*byte = r->buf[tail & (r->size - 1)];
	store_release(&r->tail, tail + 1);
	return true;
}

u32 ring_peek(const struct ring *r, u32 offset, void *data, u32 len)
{
	u32 used = ring_used(r);

	if (offset >= used)
		return 0;
	len = min(len, used - offset);
	if (len)
		copy_from(r, r->tail + offset, data, len);
	return len;
}

u32 ring_skip(struct ring *r, u32 len)
{
	len = min(len, ring_used(r));
	store_release(&r->tail, r->tail + len);
	return len;
}

u8 *ring_write_span(struct ring *r, u32 *len)
{
	u32 at = r->head & (r->size - 1);

	*len = min(ring_space(r), r->size - at);
	return r->buf + at;
}

const u8 *ring_read_span(const struct ring *r, u32 *len)
{
	u32 at = r->tail & (r->size - 1);

	*len = min(ring_used(r), r->size - at);
	return r->buf + at;
}

void ring_produce(struct ring *r, u32 len)
{
	store_release(&r->head, r->head + len);
}
