/*
 * Packets: their memory, and what is done at their two ends. The description comes from a slab
 * cache; the bytes of the linear part either follow their struct packet_buf in one block of memory,
 * or lie in a page that a driver received into.
 */
#include "dev/packet.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/iov.h"

static struct slab_cache *packet_cache, *buf_cache;

void packet_init(void)
{
	packet_cache = slab_cache_create("packet", sizeof(struct packet), 64);
	buf_cache = slab_cache_create("packet_buf", sizeof(struct packet_buf), 0);
	if (!packet_cache || !buf_cache)
		panic("packet: no memory");
}

/* A description of nothing; its fragments need no zeroes. */
static struct packet *packet_describe(unsigned flags)
{
	struct packet *p = slab_alloc(packet_cache, flags);

	if (p)
		memset(p, 0, offsetof(struct packet, cb));
	return p;
}

static struct packet_buf *buf_alloc(u32 size, unsigned flags)
{
	struct packet_buf *buf = kmalloc(sizeof(*buf) + size, flags);

	if (!buf)
		return NULL;
	ref_set(&buf->refs, 1);
	buf->size = (u32)(kmalloc_size(buf) - sizeof(*buf));
	buf->page = NULL;
	buf->space = (u8 *)(buf + 1);
	return buf;
}

static void buf_put(struct packet_buf *buf)
{
	/* Most are not shared: one read is cheaper than taking the last reference. */
	if (ref_read(&buf->refs) != 1 && !ref_put(&buf->refs))
		return;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!buf->page) {
		kfree(buf);
		return;
	}
	page_put(buf->page);
	slab_free(buf_cache, buf);
}

struct packet *packet_alloc(u32 room, u32 size, unsigned flags)
{
	struct packet *p = packet_describe(flags);

	if (unlikely(!p))
		return NULL;
	p->buf = buf_alloc(room + size, flags);
	if (unlikely(!p->buf)) {
		slab_free(packet_cache, p);
		return NULL;
	}
	p->data = p->buf->space + room;
	return p;
}

struct packet *packet_around(struct page *page, u32 offset, u32 size, u32 room, u32 length)
{
	struct packet *p = packet_describe(MM_ATOMIC);
	struct packet_buf *buf = slab_alloc(buf_cache, MM_ATOMIC);

	if (unlikely(!p || !buf)) {
		if (p)
			slab_free(packet_cache, p);
		if (buf)
			slab_free(buf_cache, buf);
		return NULL;
	}
	ref_set(&buf->refs, 1);
	buf->size = size;
	buf->page = page;
	buf->space = (u8 *)page_to_virt(page) + offset;
	p->buf = buf;
	p->data = buf->space + room;
	p->head = p->length = length;
	return p;
}

struct packet *packet_clone(struct packet *p, unsigned flags)
{
	struct packet *clone = slab_alloc(packet_cache, flags);

	if (unlikely(!clone))
		return NULL;
	memcpy(clone, p, offsetof(struct packet, frags) + p->n_frags * sizeof(p->frags[0]));
	clone->next = NULL;
	clone->sock = NULL;
	clone->release = NULL;
	clone->charged = 0;
	clone->stamps = 0;
	ref_get(&clone->buf->refs);
	for (unsigned i = 0; i < clone->n_frags; i++)
		page_get(clone->frags[i].page);
	return clone;
}

struct packet *packet_copy(const struct packet *p, u32 room, unsigned flags)
{
	struct packet *copy = slab_alloc(packet_cache, flags);
	/* Headers that were pulled stay in front of the data, so that their offsets hold. */
	u32 front = packet_room(p), shift = room > front ? room - front : 0;
	u16 *const offsets[] = { &copy->link, &copy->network, &copy->transport, &copy->sum_start };

	if (unlikely(!copy))
		return NULL;
	memcpy(copy, p, offsetof(struct packet, frags));
	copy->buf = buf_alloc(shift + front + p->length, flags);
	if (unlikely(!copy->buf)) {
		slab_free(packet_cache, copy);
		return NULL;
	}
	copy->next = NULL;
	copy->sock = NULL;
	copy->release = NULL;
	copy->charged = 0;
	copy->stamps = 0;
	copy->n_frags = 0;
	copy->data = copy->buf->space + shift + front;
	copy->head = p->length;
	for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++)
		*offsets[i] = (u16)(*offsets[i] + shift);
	memcpy(copy->buf->space + shift, p->buf->space, front);
	packet_read(p, 0, copy->data, p->length);
	return copy;
}

static void frags_put(struct packet *p)
{
	for (unsigned i = 0; i < p->n_frags; i++)
		page_put(p->frags[i].page);
	p->n_frags = 0;
}

void packet_free(struct packet *p)
{
	if (!p)
		return;
	if (p->release)
		p->release(p);
	frags_put(p);
	buf_put(p->buf);
	slab_free(packet_cache, p);
}

u8 *packet_push(struct packet *p, u32 n)
{
	kassert(packet_room(p) >= n);
	p->data -= n;
	p->head += n;
	p->length += n;
	return p->data;
}

u8 *packet_put(struct packet *p, u32 n)
{
	u8 *end = p->data + p->head;

	kassert(!p->n_frags && packet_tail_room(p) >= n);
	p->head += n;
	p->length += n;
	return end;
}

/* Takes n bytes off the front of the fragments. */
static void frags_pull(struct packet *p, u32 n)
{
	unsigned gone = 0;

	while (gone < p->n_frags && n >= p->frags[gone].length) {
		n -= p->frags[gone].length;
		page_put(p->frags[gone++].page);
	}
	p->n_frags = (u8)(p->n_frags - gone);
	memmove(p->frags, p->frags + gone, p->n_frags * sizeof(p->frags[0]));
	if (n) {
		p->frags[0].offset += n;
		p->frags[0].length -= n;
	}
}

void packet_pull(struct packet *p, u32 n)
{
	u32 linear = min(n, p->head);

	kassert(n <= p->length);
	p->data += linear;
	p->head -= linear;
	p->length -= n;
	if (unlikely(n > linear))
		frags_pull(p, n - linear);
}

void packet_trim(struct packet *p, u32 n)
{
	u32 keep;

	kassert(n <= p->length);
	p->length = n;
	if (n <= p->head) {
		p->head = n;
		frags_put(p);
		return;
	}
	keep = n - p->head;
	for (unsigned i = 0; i < p->n_frags; i++) {
		if (!keep) {
			for (unsigned gone = i; gone < p->n_frags; gone++)
				page_put(p->frags[gone].page);
			p->n_frags = (u8)i;
			return;
		}
		p->frags[i].length = min(p->frags[i].length, keep);
		keep -= p->frags[i].length;
	}
}

bool packet_add_frag(struct packet *p, struct page *page, u32 offset, u32 length)
{
	struct packet_frag *last = p->frags + p->n_frags - 1;

	if (p->n_frags && last->page == page && last->offset + last->length == offset) {
		last->length += length;
		page_put(page);
	} else if (p->n_frags == PACKET_FRAGS) {
		return false;
	} else {
		p->frags[p->n_frags++] = (struct packet_frag){ page, offset, length };
	}
	p->length += length;
	return true;
}

/* A linear part of its own with `room` before and `tail` behind the data; offsets are shifted. */
static int head_move(struct packet *p, u32 room, u32 tail)
{
	u32 front = packet_room(p), shift = room > front ? room - front : 0;
	struct packet_buf *buf = buf_alloc(shift + front + p->head + tail, MM_ATOMIC);

	if (!buf)
		return -ENOMEM;
	memcpy(buf->space + shift, p->buf->space, front + p->head);
	buf_put(p->buf);
	p->buf = buf;
	p->data = buf->space + shift + front;
	p->link = (u16)(p->link + shift);
	p->network = (u16)(p->network + shift);
	p->transport = (u16)(p->transport + shift);
	p->sum_start = (u16)(p->sum_start + shift);
	return 0;
}

int packet_own_head(struct packet *p, u32 room)
{
	if (likely(!packet_shared(p) && packet_room(p) >= room))
		return 0;
	return head_move(p, room, 0);
}

bool packet_want_slow(struct packet *p, u32 n)
{
	u32 more;

	if (n > p->length)
		return false;
	more = n - p->head;
	if ((packet_shared(p) || packet_tail_room(p) < more) && head_move(p, 0, more))
		return false;
	packet_read(p, p->head, p->data + p->head, more);
	p->head += more;
	frags_pull(p, more);
	return true;
}

int packet_linearize(struct packet *p)
{
	return packet_want(p, p->length) ? 0 : -ENOMEM;
}

void packet_enqueue(struct packet_queue *q, struct packet *p)
{
	p->next = NULL;
	*q->last = p;
	q->last = &p->next;
	q->n++;
	q->bytes += p->length;
}

struct packet *packet_dequeue(struct packet_queue *q)
{
	struct packet *p = q->first;

	if (!p)
		return NULL;
	q->first = p->next;
	if (!q->first)
		q->last = &q->first;
	q->n--;
	q->bytes -= p->length;
	p->next = NULL;
	return p;
}

void packet_queue_free(struct packet_queue *q)
{
	struct packet *p;

	while ((p = packet_dequeue(q)))
		packet_free(p);
}

void packet_list_free(struct packet *p)
{
	while (p) {
		struct packet *next = p->next;

		packet_free(p);
		p = next;
	}
}
