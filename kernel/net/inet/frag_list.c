/*
 * Pieces of a packet, by offset (RFC 815 does the same with the holes between them).
 */
#include "net/inet/frag_list.h"

/* Learns the whole length, which all pieces must agree with. */
static bool total_ok(struct frag_list *l, const struct frag_piece *x, bool more, u32 most)
{
	u32 end = x->offset + x->length;

	if (end > most || end < x->offset)
		return false;
	if (more)
		return x->length && !(x->length & 7) && (!l->total || end <= l->total);
	if (l->total)
		return end == l->total;
	for (const struct frag_piece *f = l->first; f; f = f->next)
		if (f->offset + f->length > end)
			return false;
	l->total = end;
	return end > 0;
}

enum frag_result frag_list_add(struct frag_list *l, struct frag_piece *x, bool more, u32 most)
{
	struct frag_piece **at = &l->first;

	if (!total_ok(l, x, more, most))
		return FRAG_BAD;
	while (*at && (*at)->offset + (*at)->length <= x->offset)
		at = &(*at)->next;
	if (*at && (*at)->offset < x->offset + x->length) {
		if ((*at)->offset == x->offset && (*at)->length == x->length)
			return FRAG_DUPLICATE;
		return FRAG_BAD;
	}
	if (l->n == FRAG_PIECES || !x->length)
		return FRAG_BAD;
	x->next = *at;
	*at = x;
	l->n++;
	l->have += x->length;
	return l->total && l->have == l->total ? FRAG_WHOLE : FRAG_KEPT;
}
