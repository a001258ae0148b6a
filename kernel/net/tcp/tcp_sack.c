/*
 * SACK blocks that the peer sends (RFC 2018), and duplicates that it reports (DSACK, RFC 2883).
 */
#include "net/tcp/tcp_int.h"

static void sack_entry(struct tcp_sock *t, struct tcp_sent *s, u32 before, struct tcp_ack *a)
{
	u32 n = s->end - s->start;

	tcp_rack_delivered(t, s, a);
	/* Never sent twice, and below what was sacked earlier: it was overtaken. */
	if (!(s->state & SENT_EVER) && seq_lt(s->end, before)) {
		t->reorder_seen = true;
		t->reorder_count++;
		tcp_count(TCPSACKReorder);
	}
	if (!(s->state & SENT_EVER)) {
		a->sample_ns = s->ns;
		a->original |= seq_le(s->end, t->recover_seq);
	}
	tcp_sent_mark_sacked(t, s);
	t->high_sacked = seq_max(t->high_sacked, s->end);
	a->sacked += n;
	a->delivered += n;
}

static void sack_block(struct tcp_sock *t, u32 start, u32 end, u32 before, struct tcp_ack *a)
{
	struct tcp_sent *s;

	list_for_each_entry(s, &t->sent, link) {
		if (seq_ge(s->start, end))
			return;
		if (seq_le(s->end, start) || s->state & SENT_SACKED)
			continue;
		if (seq_lt(s->start, start)) {
			if (!tcp_sent_split(t, s, start))
				return;
			continue;
		}
		if (seq_gt(s->end, end) && !tcp_sent_split(t, s, end))
			return;
		sack_entry(t, s, before, a);
	}
}

/* The first block tells of bytes that came twice, if it lies below the ACK or within the second. */
static bool is_dsack(const struct tcp_segment *seg)
{
	const struct tcp_block *b = seg->options.sack;

	if (seq_lt(b[0].start, seg->ack))
		return true;
	return seg->options.n_sack > 1 && seq_ge(b[0].start, b[1].start) &&
	       seq_le(b[0].end, b[1].end);
}

static void take_dsack(struct tcp_sock *t, const struct tcp_block *b, struct tcp_ack *a)
{
	u32 n = b->end - b->start;

	if (!seq_lt(b->start, b->end) || seq_gt(b->end, t->snd_nxt) ||
	    seq_lt(b->start, t->snd_una - t->max_window))
		return;
	a->dsack = true;
	t->dsack_dups++;
	tcp_count(TCPDSACKRecv);
	if (t->undo_possible && t->undo_again > 0)
		t->undo_again -= (s32)min(n, (u32)t->undo_again);
}

void tcp_sack_input(struct tcp_sock *t, const struct tcp_segment *seg, struct tcp_ack *a)
{
	const struct tcp_options *o = &seg->options;
	u32 before = t->sacked_bytes ? t->high_sacked : t->snd_una;
	unsigned i = 0;

	if (!t->sacked_bytes)
		t->high_sacked = t->snd_una;
	if (is_dsack(seg)) {
		take_dsack(t, &o->sack[0], a);
		i = 1;
	}
	for (; i < o->n_sack; i++) {
		const struct tcp_block *b = &o->sack[i];

		if (!seq_lt(b->start, b->end) || seq_gt(b->end, t->snd_nxt) ||
		    seq_le(b->end, t->snd_una))
			continue;
		sack_block(t, b->start, b->end, before, a);
	}
}
