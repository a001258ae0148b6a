/*
 * Loss recovery: Open, Disorder (something is sacked), Recovery (something is lost; RFC 6675 with
 * RACK's notion of lost, sent at the rate of RFC 6937), Loss (after a timeout; RFC 5681).
 *
 * A recovery remembers what it reduced, and takes it back if it turns out that nothing was lost: an
 * ACK echoes a time stamp older than the first retransmission (Eifel, RFC 3522), or DSACKs report
 * all that was sent again (RFC 3708).
 */
#include "net/tcp/tcp_int.h"

static void undo_init(struct tcp_sock *t)
{
	t->prior_cwnd = t->cwnd;
	t->prior_ssthresh = t->ssthresh;
	t->undo_possible = true;
	t->undo_again = 0;
	t->undo_stamp = 0;
}

void tcp_recovery_enter(struct tcp_sock *t)
{
	undo_init(t);
	t->recover_seq = t->snd_nxt;
	t->recover_flight = max(t->snd_nxt - t->snd_una, (u32)t->mss);
	t->prr_delivered = t->prr_out = 0;
	t->ssthresh = t->cc->threshold(t);
	t->ca = TCP_CA_Recovery;
	/* The first retransmission goes at once (RFC 6675, 5, step 4.3). */
	t->cwnd = tcp_flight(t) + t->mss;
	tcp_count(TCPSackRecovery);
}

/* The peer has dropped what it had sacked: the first one out is among it, yet not acknowledged
 * (RFC 2018, 8). */
static void forget_sacked(struct tcp_sock *t)
{
	struct tcp_sent *s;

	list_for_each_entry(s, &t->sent, link)
		s->state &= (u8)~SENT_SACKED;
	t->sacked_bytes = 0;
}

void tcp_loss_enter(struct tcp_sock *t)
{
	struct tcp_sent *s = tcp_sent_first(t);

	if (s && s->state & SENT_SACKED)
		forget_sacked(t);
	if (t->ca != TCP_CA_Loss || seq_ge(t->snd_una, t->recover_seq)) {
		if (t->ca != TCP_CA_Recovery)
			undo_init(t);
		t->ssthresh = t->cc->threshold(t);
	}
	t->ca = TCP_CA_Loss;
	t->frto = FRTO_NONE;
	t->recover_seq = t->snd_nxt;
	t->dup_acks = 0;
	t->tlp_out = false;
	list_for_each_entry(s, &t->sent, link)
		tcp_sent_mark_lost(t, s);
	t->cwnd = tcp_flight(t) + t->mss;
}

void tcp_undo(struct tcp_sock *t)
{
	struct tcp_sent *s;

	list_for_each_entry(s, &t->sent, link) {
		if (s->state & SENT_LOST && !(s->state & SENT_AGAIN)) {
			t->lost_bytes -= s->end - s->start;
			s->state &= (u8)~SENT_LOST;
			list_del_init(&s->order);
			list_add_tail(&s->order, &t->sent_order);
		}
	}
	t->cwnd = max(t->cwnd, t->prior_cwnd);
	t->ssthresh = max(t->ssthresh, t->prior_ssthresh);
	t->undo_possible = false;
	t->frto = FRTO_NONE;
	if (t->cc->undone)
		t->cc->undone(t);
	t->ca = t->sacked_bytes ? TCP_CA_Disorder : TCP_CA_Open;
}

/* Whether this ACK shows that the recovery was for nothing. */
static bool was_spurious(const struct tcp_sock *t, const struct tcp_segment *seg,
			 const struct tcp_ack *a)
{
	if (!t->undo_possible || !t->undo_stamp)
		return false;
	if (t->stamps_ok && seg->options.has_stamp && a->acked && a->again_acked &&
	    (s32)(seg->options.echo - t->undo_stamp) < 0)
		return true;
	return a->dsack && t->undo_again == 0 && t->bytes_again;
}

static void recovery_end(struct tcp_sock *t)
{
	if (t->ca == TCP_CA_Recovery)
		t->cwnd = max(min(t->cwnd, t->ssthresh), (u32)t->mss);
	if (t->ca == TCP_CA_Recovery && t->cwnd < t->ssthresh)
		t->cwnd = t->ssthresh;
	if (t->reorder_persist && --t->reorder_persist == 0)
		t->reorder_mult = 1;
	t->ca = t->sacked_bytes ? TCP_CA_Disorder : TCP_CA_Open;
	t->dup_acks = 0;
	t->frto = FRTO_NONE;
}

/* Proportional rate reduction (RFC 6937): by the end cwnd is ssthresh, and it never stalls. */
static void reduce_rate(struct tcp_sock *t, const struct tcp_ack *a)
{
	u32 pipe = tcp_flight(t);
	s64 n;

	t->prr_delivered += a->delivered;
	if (pipe > t->ssthresh) {
		n = (s64)(((u64)t->prr_delivered * t->ssthresh + t->recover_flight - 1) /
			  t->recover_flight) - t->prr_out;
	} else {
		s64 limit = (s64)t->prr_delivered - t->prr_out;

		/* Slow start, if this ACK advanced and showed no new loss. */
		if (a->acked && t->lost_bytes <= a->lost)
			limit = max(limit, (s64)a->delivered) + t->mss;
		n = min((s64)(t->ssthresh - pipe), limit);
	}
	/* The first one, and without SACK the one that a partial ACK asks for. */
	if (!t->prr_out || (!t->sack_ok && a->acked))
		n = max(n, (s64)t->mss);
	t->cwnd = pipe + (u32)max(n, (s64)0);
}

/* NewReno for peers without SACK (RFC 6582): the third duplicate, or a partial ACK, shows that the
 * first one out is lost. Each duplicate stands for a segment that has left the network. */
static void newreno(struct tcp_sock *t, struct tcp_ack *a)
{
	struct tcp_sent *s = tcp_sent_first(t);

	if (a->duplicate) {
		t->dup_acks++;
		a->delivered += t->mss;
	} else if (a->acked && t->ca != TCP_CA_Recovery) {
		t->dup_acks = 0;
	}
	if (!s)
		return;
	if ((t->ca <= TCP_CA_Disorder && t->dup_acks >= 3) ||
	    (t->ca == TCP_CA_Recovery && a->acked && seq_lt(t->snd_una, t->recover_seq))) {
		if (s->end - s->start > t->mss)
			(void)tcp_sent_split(t, s, s->start + t->mss);
		if (!(s->state & SENT_AGAIN) || a->acked)
			tcp_sent_mark_lost(t, s);
	}
}

void tcp_recovery_ack(struct tcp_sock *t, const struct tcp_segment *seg, struct tcp_ack *a)
{
	if (a->dsack)
		tcp_rack_reorder(t, true);
	if (t->ca >= TCP_CA_Recovery && was_spurious(t, seg, a)) {
		if (a->dsack)
			tcp_count(TCPDSACKUndo);
		else if (t->ca == TCP_CA_Loss)
			tcp_count(TCPLossUndo);
		else
			tcp_count(TCPFullUndo);
		tcp_undo(t);
		return;
	}
	if (unlikely(t->frto) && tcp_frto_ack(t, a)) {
		tcp_count(TCPSpuriousRTOs);
		tcp_undo(t);
		return;
	}
	if (t->ca >= TCP_CA_Recovery && seq_ge(t->snd_una, t->recover_seq))
		recovery_end(t);
	if (!t->sack_ok)
		newreno(t, a);
	else if (t->sacked_bytes || t->lost_bytes || t->again_bytes)
		tcp_rack_detect(t, a->now);
	switch (t->ca) {
	case TCP_CA_Recovery:
		reduce_rate(t, a);
		break;
	case TCP_CA_Loss:
		t->cwnd_limited = true;
		break;
	default:
		if (t->lost_bytes > t->again_bytes)
			tcp_recovery_enter(t);
		else
			t->ca = t->sacked_bytes || t->dup_acks ? TCP_CA_Disorder : TCP_CA_Open;
	}
}

int tcp_resend(struct tcp_sock *t, struct tcp_sent *s, u32 limit)
{
	u32 n = s->end - s->start, stamp;
	u64 now = clock_monotonic();
	u8 flags = TCP_ACK;
	int sent;

	if (n > limit) {
		if (!tcp_sent_split(t, s, s->start + limit))
			return -ENOMEM;
		n = limit;
	}
	/* The number behind the last byte is FIN's. */
	if (t->fin_sent && seq_gt(s->end, t->buf.end)) {
		flags |= TCP_FIN;
		n--;
	}
	if (s->end == t->buf.end && n)
		flags |= TCP_PSH;
	/* Before the segment has its own: no echo of that is older than this one. */
	stamp = tcp_stamp_now(t);
	sent = tcp_transmit(t, s->start, n, flags);
	if (sent < 0)
		return sent;
	if ((u32)sent < n && !tcp_sent_split(t, s, s->start + (u32)sent))
		return -ENOMEM;
	tcp_sent_again(t, s, now);
	if (!t->undo_stamp)
		t->undo_stamp = stamp ? stamp : ~0u;
	t->undo_again += sent;
	if (t->ca == TCP_CA_Recovery) {
		t->prr_out += (u32)sent;
		tcp_count(TCPFastRetrans);
	} else if (t->ca == TCP_CA_Loss) {
		tcp_count(TCPSlowStartRetrans);
	}
	return sent;
}

void tcp_resend_lost(struct tcp_sock *t)
{
	u32 most = (TCP_GSO_MAX - 120) / t->mss * t->mss, flight, room;
	struct tcp_sent *s;
	bool any = false;

	if (unlikely(t->frto))
		return;
	most = max(most, (u32)t->mss);
	list_for_each_entry(s, &t->sent, link) {
		if (t->lost_bytes <= t->again_bytes)
			break;
		if (!(s->state & SENT_LOST) || s->state & SENT_AGAIN)
			continue;
		flight = tcp_flight(t);
		room = t->cwnd > flight ? t->cwnd - flight : 0;
		if (room < t->mss && room < s->end - s->start) {
			if (flight)
				break;
			room = t->mss;
		}
		if (room > t->mss)
			room -= room % t->mss;
		if (tcp_resend(t, s, min(room, most)) < 0)
			break;
		any = true;
	}
	if (any && t->tx_kind != TX_RTO && t->tx_kind != TX_REORDER)
		tcp_tx_arm(t, TX_RTO, clock_monotonic() + t->rto);
}
