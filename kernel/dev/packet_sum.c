/* The bytes of a packet in a row: reading them, copying them out, summing them up. */
#include "dev/packet.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "lib/inetsum.h"
#include "lib/string.h"
#include "vm/iov.h"

/* A walk over n bytes from `offset` on, piece by piece. */
struct pieces {
	const struct packet *p;
	u32 offset, left;
	unsigned frag;         /* next fragment */
	u32 begin;             /* where it begins in the packet */
	const u8 *at;          /* the piece */
	u32 length;
};

static void pieces_begin(struct pieces *w, const struct packet *p, u32 offset, u32 n)
{
	kassert(offset <= p->length && n <= p->length - offset);
	*w = (struct pieces){ .p = p, .offset = offset, .left = n, .begin = p->head };
}

static bool pieces_next(struct pieces *w)
{
	const struct packet *p = w->p;

	if (!w->left)
		return false;
	if (w->offset < p->head) {
		w->at = p->data + w->offset;
		w->length = min(w->left, p->head - w->offset);
	} else {
		const struct packet_frag *f;

		while (w->offset >= w->begin + p->frags[w->frag].length)
			w->begin += p->frags[w->frag++].length;
		f = p->frags + w->frag;
		w->at = (u8 *)page_to_virt(f->page) + f->offset + (w->offset - w->begin);
		w->length = min(w->left, w->begin + f->length - w->offset);
	}
	w->offset += w->length;
	w->left -= w->length;
	return true;
}

void packet_read(const struct packet *p, u32 offset, void *to, u32 n)
{
	struct pieces w;
	u8 *out = to;

	pieces_begin(&w, p, offset, n);
	while (pieces_next(&w)) {
		memcpy(out, w.at, w.length);
		out += w.length;
	}
}

size_t packet_copy_to(const struct packet *p, u32 offset, struct iov_iter *to, size_t n)
{
	struct pieces w;
	size_t done = 0;

	pieces_begin(&w, p, offset, (u32)n);
	while (pieces_next(&w)) {
		size_t copied = iov_copy_to(to, w.at, w.length);

		done += copied;
		if (copied < w.length)
			break;
	}
	return done;
}

u32 packet_sum(const struct packet *p, u32 offset, u32 n, u32 sum)
{
	struct pieces w;
	bool odd = false;

	pieces_begin(&w, p, offset, n);
	while (pieces_next(&w)) {
		u32 part = sum_bytes(w.at, w.length, 0);

		sum = sum_add(sum, odd ? sum_swap(part) : part);
		odd ^= w.length & 1;
	}
	return sum;
}

int packet_sum_finish(struct packet *p)
{
	u32 start = (u32)p->sum_start - packet_offset(p);
	u16 sum;

	if (p->sum != SUM_PARTIAL)
		return 0;
	if (!packet_want(p, start + p->sum_offset + 2u) || packet_own_head(p, 0))
		return -ENOMEM;
	sum = sum_finish(packet_sum(p, start, p->length - start, 0));
	/* UDP has no other way to say that there is a sum, and 0 and 0xffff are the same. */
	sum = sum ? sum : 0xffff;
	memcpy(packet_at(p, p->sum_start) + p->sum_offset, &sum, 2);
	p->sum = SUM_NONE;
	return 0;
}
