/*
 * The tail loss probe (RFC 8985, 7): if the ACKs stop while data are out, one segment more shows
 * within two round trips what is missing, where the retransmission timeout would take much longer
 * and close cwnd.
 */
#include "net/tcp/tcp_int.h"

void tcp_tlp_fire(struct tcp_sock *t)
{
	struct tcp_sent *s;

	if (t->snd_una == t->snd_nxt)
		return;
	s = list_last_entry(&t->sent, struct tcp_sent, link);
	t->tlp_again = false;
	if (!tcp_push_one(t, t->mss)) {
		u32 n = s->end - s->start;

		if (n > t->mss && tcp_sent_split(t, s, s->end - t->mss))
			s = list_last_entry(&t->sent, struct tcp_sent, link);
		if (s->state & SENT_SACKED || tcp_resend(t, s, t->mss) < 0) {
			tcp_tx_arm(t, TX_RTO, clock_monotonic() + t->rto);
			return;
		}
		t->tlp_again = true;
	}
	t->tlp_out = true;
	t->tlp_seq = t->snd_nxt;
	tcp_count(TCPLossProbes);
	tcp_tx_arm(t, TX_RTO, clock_monotonic() + t->rto);
}

void tcp_tlp_ack(struct tcp_sock *t, const struct tcp_segment *seg, const struct tcp_ack *a)
{
	if (seq_lt(seg->ack, t->tlp_seq))
		return;
	if (!t->tlp_again || a->dsack) {
		/* New data, or both copies arrived: nothing was lost. */
		t->tlp_out = false;
	} else if (seq_gt(seg->ack, t->tlp_seq) || !a->duplicate) {
		/* The probe filled a hole (7.4.2): one loss, without a retransmission that would
		 * tell. */
		t->tlp_out = false;
		if (t->ca <= TCP_CA_Disorder && !a->again_acked)
			return;
		if (t->ca <= TCP_CA_Disorder) {
			t->ssthresh = t->cc->threshold(t);
			t->cwnd = min(t->cwnd, t->ssthresh);
			tcp_count(TCPLossProbeRecovery);
		}
	}
}
