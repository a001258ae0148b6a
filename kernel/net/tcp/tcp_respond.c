/*
 * What follows from a segment: new data go, an ACK goes.
 *
 * Segments come in rounds: all that are in the device's ring, or that a sender on this machine
 * handed over at once. As long as nothing is lost, the answer is given once, at the end of the
 * round: one ACK for all that came (RFC 5681, 4.2, asks for one per two segments, but a receiver
 * that gets many at a time may answer them together), and all that several ACKs let go in one
 * piece, which the device cuts. What is out of order is acknowledged one by one, as the sender
 * counts those.
 */
#include "net/tcp/tcp_int.h"

#define TOGETHER 16u /* segments that one ACK may answer */

static bool has_to_push(const struct tcp_sock *t)
{
	return t->lost_bytes || tcp_unsent(t) || (t->fin_queued && !t->fin_sent);
}

static void respond(struct tcp_sock *t)
{
	if (has_to_push(t))
		tcp_push_recovery(t);
	tcp_ack_decide(t);
}

static void respond_after(struct netif_after *after)
{
	struct tcp_sock *t = container_of(after, struct tcp_sock, respond);
	struct sock *s = tcp_base(t);

	spin_lock(&s->lock);
	t->responding = false;
	if (TCP_IN(t, TCP_SYNCHRONIZED))
		respond(t);
	spin_unlock(&s->lock);
	sock_put(s);
}

void tcp_respond(struct tcp_sock *t)
{
	if (t->ca != TCP_CA_Open || t->ack_now || t->n_ooo ||
	    t->rcv_nxt - t->rcv_wup >= TOGETHER * t->rcv_mss ||
	    (!has_to_push(t) && !tcp_ack_wanted(t))) {
		respond(t);
		return;
	}
	if (t->responding)
		return;
	t->responding = true;
	t->respond.fn = respond_after;
	sock_get(tcp_base(t));
	netif_after_round(&t->respond);
}
