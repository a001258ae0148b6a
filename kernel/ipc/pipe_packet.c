/*
 * Packets (pipe(2), O_DIRECT): what is written through such a descriptor in pieces of at most
 * PIPE_BUF bytes is read a piece at a time, and what does not fit the reader's buffer is lost. The
 * bytes are in the ring as all others are; a list of [from, to) in its positions says which of them
 * belong together. There may be as many packets as the ring has pages, so that a ring without a
 * stream in it always has room for the largest; with all of them the pipe is full (limit 0).
 *
 * Everything here runs with the pipe's lock held.
 */
#include "abi/errno.h"
#include "ipc/pipe_int.h"
#include "lib/string.h"
#include "mm/slab.h"

static u32 places(const struct pipe *p)
{
	return p->size >> PAGE_SHIFT;
}

static struct pipe_packet *packet_at(const struct pipe *p, u32 i)
{
	return &p->packets[(p->first_packet + i) & (places(p) - 1)];
}

static bool packets_ready(struct pipe *p)
{
	if (!p->packets)
		p->packets = kmalloc_array(places(p), sizeof(*p->packets), MM_KERNEL);
	return p->packets;
}

static void packet_push(struct pipe *p, u32 from, u32 to)
{
	*packet_at(p, p->n_packets++) = (struct pipe_packet){ from, to };
	pipe_limit_set(p);
}

ssize_t pipe_packet_in(struct pipe *p, struct iov_iter *it)
{
	u32 n = (u32)min(iov_left(it), (size_t)PIPE_BUF), from = p->head;
	ssize_t copied;

	if (pipe_space(p) < n)
		return 0;
	if (!packets_ready(p))
		return -ENOMEM;
	copied = pipe_copy_in(p, it, n);
	if (copied == (ssize_t)n) {
		packet_push(p, from, from + n);
		return copied;
	}
	if (copied > 0) {
		/* A packet is whole or is none. */
		p->head = from;
		copied = p->pages[((from + (u32)copied) & (p->size - 1)) >> PAGE_SHIFT] ? -EFAULT
										       : -ENOMEM;
	}
	return copied;
}

ssize_t pipe_packet_out(struct pipe *p, struct iov_iter *it)
{
	const struct pipe_packet packet = *packet_at(p, 0);
	u32 n = (u32)min(iov_left(it), (size_t)(packet.to - p->tail));
	u32 rest = packet.to - p->tail - n;
	bool begun = (s32)(p->tail + n - packet.from) > 0;
	ssize_t copied = pipe_copy_out(p, it, n);

	if (copied == (ssize_t)n && begun && rest)
		pipe_consume(p, rest);
	return copied;
}

void pipe_packets_consumed(struct pipe *p)
{
	while (p->n_packets && (s32)(p->tail - packet_at(p, 0)->to) >= 0) {
		p->first_packet = (p->first_packet + 1) & (places(p) - 1);
		p->n_packets--;
	}
	pipe_limit_set(p);
}

u32 pipe_packets_fit(struct pipe *from, struct pipe *to, u32 len)
{
	u32 room = places(to) - to->n_packets;

	if (from->n_packets > room)
		len = min(len, packet_at(from, room)->from - from->tail);
	return packets_ready(to) ? len : 0;
}

void pipe_packets_copied(struct pipe *from, struct pipe *to, u32 len, u32 at)
{
	for (u32 i = 0; i < from->n_packets; i++) {
		const struct pipe_packet *packet = packet_at(from, i);
		u32 begin = (s32)(packet->from - from->tail) > 0 ? packet->from - from->tail : 0;

		if (begin < len)
			packet_push(to, at + begin, at + min(packet->to - from->tail, len));
	}
}

int pipe_packets_move(struct pipe *p, u32 n_places, u32 by)
{
	struct pipe_packet *moved = NULL;

	if (p->n_packets > n_places)
		return -EBUSY;
	if (p->n_packets) {
		moved = kmalloc_array(n_places, sizeof(*moved), MM_KERNEL);
		if (!moved)
			return -ENOMEM;
		for (u32 i = 0; i < p->n_packets; i++) {
			moved[i] = *packet_at(p, i);
			moved[i].from += by;
			moved[i].to += by;
		}
	}
	kfree(p->packets);
	p->packets = moved;
	p->first_packet = 0;
	return 0;
}
