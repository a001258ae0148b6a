/*
 * F-RTO (RFC 5682): whether a timeout was for nothing, told from the next two ACKs, without time
 * stamps. After the first segment was sent again nothing else of what seems lost is:
 *
 *   the first ACK advances     → up to two new segments go instead (step 2b);
 *   the next one advances, too → that were the originals: nothing was lost (step 3b);
 *   a duplicate in between     → it was: all is sent again (2a, 3a).
 *
 * With SACK any ACK of bytes that were sent once, before the timeout, says the same at once
 * (section 3).
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

void tcp_frto_begin(struct tcp_sock *t)
{
	if (READ_ONCE(tcp_frto) && t->undo_possible && t->snd_nxt - t->snd_una > t->mss)
		t->frto = FRTO_SENT;
}

/* The timeout was a true one. */
static bool loss(struct tcp_sock *t)
{
	if (t->frto == FRTO_NEW)
		t->cwnd = 3 * (u32)t->mss;
	t->frto = FRTO_NONE;
	return false;
}

bool tcp_frto_ack(struct tcp_sock *t, const struct tcp_ack *a)
{
	u32 end = tcp_window_end(t);

	if (t->sack_ok && a->original)
		return true;
	if (a->duplicate || a->sacked)
		return loss(t);
	if (!a->acked)
		return false;
	if (t->frto == FRTO_NEW)
		return !t->sack_ok;
	/* Step 2b: something new, if there is any and the peer takes it. */
	if (!tcp_unsent(t) || !seq_gt(end, t->snd_nxt))
		return loss(t);
	t->frto = FRTO_NEW;
	return false;
}
