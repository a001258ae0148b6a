/*
 * Data out of order: a tree of packets by sequence number, disjoint, and the ranges they make as
 * SACK blocks to send, the latest first (RFC 2018, 4).
 *
 * A new packet is cut to what is missing: bytes that are here already stay, so that what was
 * acknowledged in a block cannot change (and need not: a block is advice, bytes may be dropped
 * again when memory is short, but not replaced). FIN is remembered by its number.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"

static struct packet *rx_packet(struct rb_node *node)
{
	return (struct packet *)((u8 *)rb_entry(node, struct tcp_rx, node) -
				 offsetof(struct packet, cb));
}

/* SACK blocks --------------------------------------------------------------------------------- */

static void block_remove(struct tcp_sock *t, unsigned at)
{
	for (t->n_sack--; at < t->n_sack; at++)
		t->sack[at] = t->sack[at + 1];
}

/* A range came: it and the blocks that it touches become the first block. */
static void block_add(struct tcp_sock *t, u32 start, u32 end)
{
	for (unsigned i = 0; i < t->n_sack;) {
		const struct tcp_block *b = &t->sack[i];

		if (seq_le(b->start, end) && seq_ge(b->end, start)) {
			start = seq_min(start, b->start);
			end = seq_max(end, b->end);
			block_remove(t, i);
		} else {
			i++;
		}
	}
	if (t->n_sack == TCP_SACK_MAX)
		t->n_sack--;
	for (unsigned i = t->n_sack; i; i--)
		t->sack[i] = t->sack[i - 1];
	t->sack[0] = (struct tcp_block){ start, end };
	t->n_sack++;
}

static void blocks_trim(struct tcp_sock *t)
{
	for (unsigned i = 0; i < t->n_sack;) {
		if (seq_le(t->sack[i].end, t->rcv_nxt))
			block_remove(t, i);
		else
			i++;
	}
}

void tcp_dsack(struct tcp_sock *t, u32 start, u32 end)
{
	if (!t->sack_ok || !READ_ONCE(tcp_send_dsack))
		return;
	t->has_dsack = true;
	t->dsack = (struct tcp_block){ start, end };
	if (seq_lt(start, t->rcv_nxt))
		tcp_count(TCPDSACKOldSent);
	else
		tcp_count(TCPDSACKOfoSent);
}

/* The tree ------------------------------------------------------------------------------------ */

static void drop(struct tcp_sock *t, struct packet *p)
{
	struct sock *s = tcp_base(t);

	rb_erase(&t->ooo, &tcp_rx(p)->node);
	t->n_ooo--;
	WRITE_ONCE(s->receive_used, s->receive_used - p->charged);
	packet_free(p);
}

void tcp_ooo_purge(struct tcp_sock *t)
{
	while (t->ooo.node)
		drop(t, rx_packet(t->ooo.node));
	t->n_sack = 0;
	t->has_dsack = false;
	t->fin_ooo = false;
}

bool tcp_ooo_prune(struct tcp_sock *t, u32 needed)
{
	struct sock *s = tcp_base(t);
	bool any = false;

	while (t->n_ooo && s->receive_used + needed > s->receive_limit) {
		drop(t, rx_packet(rb_last(&t->ooo)));
		tcp_count(OfoPruned);
		any = true;
	}
	if (any) {
		/* Nothing must be told that is not here any more. */
		t->n_sack = 0;
		for (struct rb_node *n = rb_first(&t->ooo); n; n = rb_next(n))
			block_add(t, tcp_rx(rx_packet(n))->seq, tcp_rx(rx_packet(n))->end);
		t->fin_ooo = false;
	}
	return s->receive_used + needed <= s->receive_limit;
}

/* The last packet that begins at or before `seq`, or NULL. */
static struct rb_node *find_before(const struct tcp_sock *t, u32 seq)
{
	struct rb_node *node = t->ooo.node, *best = NULL;

	while (node) {
		if (seq_le(tcp_rx(rx_packet(node))->seq, seq)) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

static void insert(struct tcp_sock *t, struct packet *p)
{
	struct rb_node **link = &t->ooo.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = seq_lt(tcp_rx(p)->seq, tcp_rx(rx_packet(parent))->seq) ? &parent->left :
									       &parent->right;
	}
	rb_link(&tcp_rx(p)->node, parent, link);
	rb_insert(&t->ooo, &tcp_rx(p)->node);
	t->n_ooo++;
}

/* Cuts a packet to what is missing; what it covers whole goes. false: nothing of it is new. */
static bool cut(struct tcp_sock *t, struct packet *p, u32 *seq, u32 *end)
{
	struct rb_node *node = find_before(t, *seq), *next;

	if (node) {
		u32 have = tcp_rx(rx_packet(node))->end;

		if (seq_ge(have, *end)) {
			tcp_dsack(t, *seq, *end);
			return false;
		}
		if (seq_gt(have, *seq)) {
			packet_pull(p, have - *seq);
			*seq = have;
		}
	}
	for (node = node ? rb_next(node) : rb_first(&t->ooo); node; node = next) {
		struct packet *q = rx_packet(node);

		next = rb_next(node);
		if (seq_ge(tcp_rx(q)->seq, *end))
			break;
		if (seq_gt(tcp_rx(q)->end, *end)) {
			packet_trim(p, tcp_rx(q)->seq - *seq);
			*end = tcp_rx(q)->seq;
			break;
		}
		drop(t, q);
	}
	return true;
}

/* Room for a packet at the expense of those behind it. */
static bool room_below(struct tcp_sock *t, u32 seq, u32 charge)
{
	struct rb_node *last = rb_last(&t->ooo);

	return last && seq_lt(seq, tcp_rx(rx_packet(last))->seq) && tcp_ooo_prune(t, charge);
}

void tcp_ooo_add(struct tcp_sock *t, struct packet *p, u32 seq, u32 end, bool fin)
{
	struct sock *s = tcp_base(t);
	u32 charge = packet_charge_size(p);

	tcp_count(TCPOFOQueue);
	t->n_ooo_in++;
	if (fin) {
		t->fin_ooo = true;
		t->fin_ooo_seq = end;
	}
	if (seq == end || !cut(t, p, &seq, &end)) {
		packet_free(p);
		return;
	}
	if (tcp_mem_full() ||
	    (s->receive_used + charge > s->receive_limit && !room_below(t, seq, charge))) {
		tcp_count(TCPOFODrop);
		s->drops++;
		packet_free(p);
		return;
	}
	tcp_rx(p)->seq = seq;
	tcp_rx(p)->end = end;
	p->charged = charge;
	WRITE_ONCE(s->receive_used, s->receive_used + charge);
	tcp_mem_update(t);
	insert(t, p);
	if (t->sack_ok)
		block_add(t, seq, end);
}

bool tcp_ooo_drain(struct tcp_sock *t)
{
	struct rb_node *node;

	while ((node = rb_first(&t->ooo))) {
		struct packet *p = rx_packet(node);
		u32 seq = tcp_rx(p)->seq, end = tcp_rx(p)->end;

		if (seq_gt(seq, t->rcv_nxt))
			break;
		if (seq_le(end, t->rcv_nxt)) {
			drop(t, p);
			continue;
		}
		if (seq_lt(seq, t->rcv_nxt))
			packet_pull(p, t->rcv_nxt - seq);
		rb_erase(&t->ooo, node);
		t->n_ooo--;
		/* Its charge stays. If its bytes join another packet's, they count there. */
		if (p->length <= 512)
			WRITE_ONCE(tcp_base(t)->receive_used,
				   tcp_base(t)->receive_used - p->charged);
		if (p->length <= 512)
			p->charged = 0;
		tcp_rcvq_put(t, p, t->rcv_nxt, end);
		WRITE_ONCE(t->rcv_nxt, end);
	}
	blocks_trim(t);
	return t->fin_ooo && t->fin_ooo_seq == t->rcv_nxt;
}
