/*
 * The last steps of a segment's way (RFC 9293, 3.10.7.4, sixth to eighth): urgent pointer, text,
 * FIN.
 */
#include "net/tcp/tcp_int.h"

/* The peer has nothing more to say. */
static void take_fin(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	u32 events = POLLIN | POLLRDNORM | POLLRDHUP;

	WRITE_ONCE(t->rcv_nxt, t->rcv_nxt + 1);
	t->fin_seen = true;
	s->shut |= SOCK_SHUT_RD;
	tcp_ooo_purge(t);
	t->ack_due = true;
	switch (t->state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(t, TCP_CLOSE_WAIT);
		/* An ACK at once: nothing else may follow. */
		t->ack_now = true;
		break;
	case TCP_FIN_WAIT1:
		tcp_set_state(t, TCP_CLOSING);
		t->ack_now = true;
		break;
	case TCP_FIN_WAIT2:
		tcp_send_ack(t);
		tcp_timewait_enter(t);
		break;
	}
	if (s->shut == (SOCK_SHUT_RD | SOCK_SHUT_WR))
		events |= POLLHUP;
	sock_wake(s, events);
}

/* Data for a reader that will never read: nobody has the file any more, or (Linux) not at all
 * after close(2). RST tells the sender (RFC 9293, 3.6.1; RFC 2525, 2.17). */
static bool nobody_reads(struct tcp_sock *t, const struct tcp_segment *seg)
{
	if (!(tcp_base(t)->flags & SOCK_ORPHAN) || !seg->length ||
	    seq_le(seg->seq + seg->length, t->rcv_nxt))
		return false;
	tcp_count(TCPAbortOnData);
	tcp_send_reset(t);
	tcp_done(t);
	return true;
}

bool tcp_input_text(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg)
{
	bool taken = false, fin = false;

	/* After FIN nothing is expected. */
	if (!TCP_IN(t, S_(ESTABLISHED) | S_(FIN_WAIT1) | S_(FIN_WAIT2) | S_(SYN_RECV))) {
		if (seq_lt(seg->seq, t->rcv_nxt))
			t->ack_now = true;
		return false;
	}
	if (nobody_reads(t, seg))
		return false;
	if (unlikely(seg->flags & TCP_URG || t->urgent == URGENT_AWAITED))
		tcp_urgent_input(t, p, seg);
	if (seg->length) {
		t->data_in++;
		tcp_receive_rtt(t, seg);
	}
	taken = tcp_queue_data(t, p, seg, &fin);
	if (fin)
		take_fin(t);
	return taken;
}
