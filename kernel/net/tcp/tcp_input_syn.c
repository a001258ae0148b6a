/*
 * The active side of the handshake: SYN-SENT, and the simultaneous open (RFC 9293, 3.10.7.3, figure
 * 7).
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

void tcp_take_syn_options(struct tcp_sock *t, const struct tcp_segment *seg)
{
	const struct tcp_options *o = &seg->options;

	t->irs = seg->seq;
	t->rcv_nxt = t->rcv_wup = t->copied_seq = t->tune_seq = seg->seq + 1;
	t->wscale_ok = o->has_wscale && READ_ONCE(tcp_window_scaling);
	t->snd_wscale = t->wscale_ok ? o->wscale : 0;
	if (!t->wscale_ok)
		t->rcv_wscale = 0;
	t->sack_ok = o->sack_ok && READ_ONCE(tcp_sack);
	t->stamps_ok = o->has_stamp && READ_ONCE(tcp_timestamps);
	if (t->stamps_ok) {
		t->ts_recent = o->stamp;
		t->ts_recent_ns = clock_monotonic();
	}
	/* RFC 9293, 3.7.1: 536 or 1220 if the peer says nothing. */
	t->mss_peer = o->mss ? max(o->mss, (u16)TCP_MSS_LEAST) :
			       ipaddr_is4(&t->inet.remote) ? 536 : 1220;
	tcp_mss_update(t, t->path_mtu);
	t->snd_wnd = seg->window;
	t->max_window = max(t->max_window, seg->window);
	t->snd_wl1 = seg->seq;
}

/* Both sent SYN: what we sent is repeated with an ACK, in SYN-RECEIVED. */
static void simultaneous_open(struct tcp_sock *t, const struct tcp_segment *seg)
{
	tcp_take_syn_options(t, seg);
	tcp_set_state(t, TCP_SYN_RECV);
	(void)tcp_transmit(t, t->iss, 0, TCP_SYN);
}

static void become_established(struct tcp_sock *t, const struct tcp_segment *seg)
{
	struct tcp_sent *s = tcp_sent_first(t);

	if (s && !(s->state & SENT_EVER))
		tcp_rtt_sample(t, (u32)((clock_monotonic() - s->ns) / 1000));
	tcp_sent_purge(t);
	t->snd_una = seg->ack;
	t->retransmits = 0;
	t->stalled_ns = 0;
	tcp_take_syn_options(t, seg);
	tcp_tx_disarm(t);
	tcp_set_state(t, TCP_ESTABLISHED);
	tcp_establish(t);
	sock_wake(tcp_base(t), POLLOUT | POLLWRNORM);
}

bool tcp_input_syn_sent(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg)
{
	bool good_ack = seg->flags & TCP_ACK && seq_gt(seg->ack, t->iss) &&
			seq_le(seg->ack, t->snd_nxt), taken = false;

	if (seg->flags & TCP_ACK && !good_ack) {
		if (!(seg->flags & TCP_RST))
			tcp_reply_reset(p, seg);
		return false;
	}
	if (seg->flags & TCP_RST) {
		if (good_ack)
			tcp_fail(t, ECONNREFUSED);
		return false;
	}
	if (!(seg->flags & TCP_SYN))
		return false;
	if (!good_ack) {
		simultaneous_open(t, seg);
		return false;
	}
	/* RFC 7323, 3.2: an answer with an echo that we did not send is none. */
	if (seg->options.has_stamp && seg->options.echo &&
	    (s32)(tcp_stamp_now(t) - seg->options.echo) < 0) {
		tcp_count(PAWSActive);
		tcp_reply_reset(p, seg);
		return false;
	}
	become_established(t, seg);
	if (seg->length || seg->flags & (TCP_FIN | TCP_URG)) {
		seg->seq++;
		taken = tcp_input_text(t, p, seg);
		if (t->state == TCP_CLOSE)
			return taken;
	}
	/* The ACK of the handshake goes with data if there are any. */
	t->ack_now = true;
	if (tcp_unsent(t) || t->fin_queued)
		tcp_push(t, false);
	tcp_ack_decide(t);
	return taken;
}
