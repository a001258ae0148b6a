/*
 * An ACK comes (RFC 9293, 3.10.7.4, fifth): what was delivered, how long it took, the window, and
 * what that means for congestion and loss.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"

/* An entry leaves the scoreboard whole. */
static void entry_acked(struct tcp_sock *t, struct tcp_sent *s, struct tcp_ack *a)
{
	u32 n = s->end - s->start;

	if (s->state & SENT_SACKED) {
		t->sacked_bytes -= n;
	} else {
		a->delivered += n;
		tcp_rack_delivered(t, s, a);
		if (s->state & SENT_EVER) {
			a->again_acked = true;
		} else {
			a->sample_ns = s->ns;
			a->original |= seq_le(s->end, t->recover_seq);
		}
		/* The hole below what was sacked closed without help: reordering. */
		if (!(s->state & SENT_EVER) && t->sacked_bytes && seq_lt(s->end, t->high_sacked)) {
			t->reorder_seen = true;
			t->reorder_count++;
		}
	}
	if (s->state & SENT_LOST)
		t->lost_bytes -= n;
	if (s->state & SENT_AGAIN)
		t->again_bytes -= n;
	list_del(&s->link);
	if (!list_empty(&s->order))
		list_del(&s->order);
	t->n_sent--;
	tcp_sent_free(s);
}

/* The front of an entry is acknowledged. */
static void entry_acked_partly(struct tcp_sock *t, struct tcp_sent *s, u32 ack, struct tcp_ack *a)
{
	u32 n = ack - s->start;

	if (s->state & SENT_SACKED)
		t->sacked_bytes -= n;
	else
		a->delivered += n;
	if (s->state & SENT_LOST)
		t->lost_bytes -= n;
	if (s->state & SENT_AGAIN)
		t->again_bytes -= n;
	if (s->state & SENT_EVER) {
		a->again_acked = true;
	} else if (!(s->state & SENT_SACKED)) {
		a->sample_ns = s->ns;
		a->original |= seq_le(ack, t->recover_seq);
	}
	s->start = ack;
}

void tcp_sent_acked(struct tcp_sock *t, u32 ack, struct tcp_ack *a)
{
	struct tcp_sent *s;

	while ((s = tcp_sent_first(t)) && seq_lt(s->start, ack)) {
		if (seq_gt(s->end, ack)) {
			entry_acked_partly(t, s, ack, a);
			break;
		}
		entry_acked(t, s, a);
	}
}

/* RFC 9293, 3.10.7.4: SND.WND from the newest segment. Whether it changed. */
static bool window_update(struct tcp_sock *t, const struct tcp_segment *seg)
{
	u32 window = seg->window << t->snd_wscale;

	if (seq_gt(seg->ack, t->snd_una) || seq_gt(seg->seq, t->snd_wl1) ||
	    (seg->seq == t->snd_wl1 && (window > t->snd_wnd || !window))) {
		bool changed = window != t->snd_wnd;

		t->snd_wl1 = seg->seq;
		t->snd_wnd = window;
		t->max_window = max(t->max_window, window);
		return changed;
	}
	return false;
}

static void take_samples(struct tcp_sock *t, const struct tcp_segment *seg, const struct tcp_ack *a)
{
	if (a->sample_ns && !a->again_acked) {
		tcp_rtt_sample(t, (u32)((a->now - a->sample_ns) / 1000));
	} else if (t->stamps_ok && seg->options.has_stamp && seg->options.echo && a->again_acked) {
		/* RFC 7323, 4.1: the echo tells which transmission it was. */
		u32 ms = tcp_stamp_now(t) - seg->options.echo;

		if (ms < 60000)
			tcp_rtt_sample(t, ms * 1000);
	}
}

/* Bytes left the send buffer. */
static void advance(struct tcp_sock *t, u32 ack, struct tcp_ack *a)
{
	a->acked = ack - t->snd_una;
	tcp_sent_acked(t, ack, a);
	t->snd_una = ack;
	t->bytes_acked += a->acked;
	t->retransmits = 0;
	t->backoff = 0;
	t->stalled_ns = 0;
	if (seq_gt(ack, t->buf.start)) {
		struct sock *s = tcp_base(t);

		sendbuf_drop(&t->buf, seq_min(ack, t->buf.end));
		WRITE_ONCE(s->send_used, sendbuf_charge(&t->buf));
		tcp_mem_update(t);
		a->new_data_acked = true;
	}
	if (t->urgent_sending && seq_ge(ack, t->snd_urgent))
		t->urgent_sending = false;
	/* Comparisons with old marks would turn round after 2 GiB. */
	if (seq_lt(t->snd_small, t->snd_una))
		t->snd_small = t->snd_una;
}

static void grow_window(struct tcp_sock *t, const struct tcp_ack *a)
{
	if (!a->acked || !t->cwnd_limited || t->ca == TCP_CA_Recovery)
		return;
	if (t->ca == TCP_CA_Loss && t->cwnd >= t->ssthresh)
		return;
	t->cc->acked(t, a->acked);
	t->cwnd = min(t->cwnd, 1u << 30);
	t->cwnd_limited = false;
}

static void rearm(struct tcp_sock *t, const struct tcp_ack *a)
{
	if (t->snd_una == t->snd_nxt) {
		/* The persist timer runs on while the window is closed. */
		if (t->tx_kind != TX_PERSIST || t->snd_wnd)
			tcp_tx_disarm(t);
		return;
	}
	if (t->tx_kind == TX_REORDER)
		return;
	if (a->acked || a->sacked)
		tcp_tx_rearm(t);
}

static bool ack_acceptable(struct tcp_sock *t, const struct tcp_segment *seg)
{
	if (seq_gt(seg->ack, t->snd_nxt)) {
		if (t->state == TCP_SYN_RECV)
			tcp_send_reset(t);
		else
			tcp_challenge(t);
		return false;
	}
	/* RFC 5961, 5.2. */
	if (seq_lt(seg->ack, t->snd_una - t->max_window) || (s32)(seg->ack - t->iss) < 0) {
		tcp_challenge(t);
		return false;
	}
	return true;
}

bool tcp_ack(struct tcp_sock *t, const struct tcp_segment *seg)
{
	struct tcp_ack a = { .prior_una = t->snd_una };
	u32 ack = seg->ack;

	t->probes = 0;
	if (ack == t->snd_una && ack == t->snd_nxt) {
		/* Nothing is out: only the window can have changed. */
		t->ack_last_ns = t->rcv_last_ns;
		if (window_update(t, seg) && t->tx_kind == TX_PERSIST && t->snd_wnd) {
			tcp_tx_disarm(t);
			t->backoff = 0;
			t->stalled_ns = 0;
		}
		if (!seg->length)
			t->ack_last_ns = clock_monotonic();
		return true;
	}
	if (unlikely(seq_gt(ack, t->snd_nxt) || seq_lt(ack, t->snd_una))) {
		if (!ack_acceptable(t, seg))
			return false;
		if (seg->options.n_sack && t->sack_ok)
			ack = t->snd_una; /* an old one, whose blocks are worth a look */
		else
			return true;
	}
	a.now = t->ack_last_ns = clock_monotonic();
	a.flight = tcp_flight(t);
	a.lost = t->lost_bytes;
	a.window_update = window_update(t, seg);
	if (seq_gt(ack, t->snd_una))
		advance(t, ack, &a);
	else
		a.duplicate = !seg->length && !a.window_update && seg->ack == ack &&
			      !(seg->flags & (TCP_FIN | TCP_SYN));
	if (seg->options.n_sack && t->sack_ok)
		tcp_sack_input(t, seg, &a);
	take_samples(t, seg, &a);
	tcp_count_add(TCPDelivered, DIV_ROUND_UP(a.delivered, t->mss));
	if (t->tlp_out)
		tcp_tlp_ack(t, seg, &a);
	if (t->ca != TCP_CA_Open || t->n_sent)
		tcp_recovery_ack(t, seg, &a);
	grow_window(t, &a);
	rearm(t, &a);
	if (unlikely(t->n_marks))
		tcp_marks_acked(t);
	if (a.new_data_acked) {
		tcp_tune_send(t);
		tcp_wake_writer(t);
	}
	if (seg->length == 0)
		tcp_count(TCPPureAcks);
	return true;
}
