/*
 * RACK (RFC 8985): what was sent well before something that has arrived is lost.
 *
 * rack_ns is when the latest of the delivered ones was sent. An entry that was sent earlier and is
 * out for longer than that one's round trip plus a reordering window is taken for lost. The window
 * is nothing as long as no reordering was seen and three segments' worth is sacked, else a quarter
 * of the least round trip, times a factor that DSACKs raise.
 */
#include "net/tcp/tcp_int.h"

static bool sent_after(u64 ns1, u32 end1, u64 ns2, u32 end2)
{
	return ns1 > ns2 || (ns1 == ns2 && seq_gt(end1, end2));
}

void tcp_rack_delivered(struct tcp_sock *t, const struct tcp_sent *s, const struct tcp_ack *a)
{
	u32 rtt = (u32)((a->now - s->ns) / 1000);

	/* The ACK of the first transmission, most likely (6.2, step 2). */
	if (s->state & SENT_EVER && rtt < t->min_rtt)
		return;
	if (t->rack_ns && !sent_after(s->ns, s->end, t->rack_ns, t->rack_end))
		return;
	t->rack_ns = s->ns;
	t->rack_end = s->end;
	t->rack_rtt = rtt ? rtt : 1;
}

static u32 reorder_window(const struct tcp_sock *t)
{
	u32 window;

	if (!t->reorder_seen &&
	    (t->ca >= TCP_CA_Recovery || t->sacked_bytes >= 3u * t->mss))
		return 0;
	window = t->min_rtt / 4 * max(t->reorder_mult, (u8)1);
	return min(window, tcp_srtt_us(t));
}

/* A DSACK says that what was sent again had not been lost: wider, once per round trip; back after
 * 16 recoveries without (6.2, step 4). */
void tcp_rack_reorder(struct tcp_sock *t, bool dsack)
{
	if (dsack && seq_ge(t->snd_una, t->reorder_round)) {
		t->reorder_round = t->snd_nxt;
		t->reorder_mult = (u8)min(max(t->reorder_mult, (u8)1) + 1, 20);
		t->reorder_persist = 16;
	}
}

bool tcp_rack_detect(struct tcp_sock *t, u64 now)
{
	u64 wait = 0, limit = (u64)(t->rack_rtt + reorder_window(t)) * 1000;
	struct tcp_sent *s, *tmp;

	if (!t->rack_ns)
		return t->lost_bytes;
	list_for_each_entry_safe(s, tmp, &t->sent_order, order) {
		if (!sent_after(t->rack_ns, t->rack_end, s->ns, s->end))
			break;
		if (s->ns + limit <= now)
			tcp_sent_mark_lost(t, s);
		else
			wait = max(wait, s->ns + limit - now);
	}
	if (wait)
		tcp_tx_arm(t, TX_REORDER, now + wait + 1000);
	return t->lost_bytes;
}
