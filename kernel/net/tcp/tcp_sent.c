/*
 * The scoreboard: what was sent and is not acknowledged, packet by packet.
 *
 * Each transmission of new bytes makes an entry (start, end, when). The entries are on a list by
 * sequence number, and those in flight also on one by the time of their last transmission, which is
 * what RACK (RFC 8985) and the probes look at. Sums of the bytes in each state are kept, so that
 * the amount in flight costs three additions. An entry is cut where a SACK block or a
 * retransmission needs only a part of it. The bytes themselves are in the send buffer.
 */
#include "mm/slab.h"
#include "net/tcp/tcp_int.h"

static struct slab_cache *sent_cache; /* I */

void tcp_sent_init_cache(void)
{
	sent_cache = slab_cache_create("tcp_sent", sizeof(struct tcp_sent), 0);
}

struct tcp_sent *tcp_sent_alloc(void)
{
	return slab_alloc(sent_cache, MM_ATOMIC);
}

void tcp_sent_free(struct tcp_sent *s)
{
	slab_free(sent_cache, s);
}

struct tcp_sent *tcp_sent_add(struct tcp_sock *t, u32 start, u32 end)
{
	struct tcp_sent *s = tcp_sent_alloc();

	if (!s)
		return NULL;
	s->start = start;
	s->end = end;
	s->state = 0;
	s->ns = clock_monotonic();
	list_add_tail(&s->link, &t->sent);
	list_add_tail(&s->order, &t->sent_order);
	t->n_sent++;
	return s;
}

bool tcp_sent_split(struct tcp_sock *t, struct tcp_sent *s, u32 seq)
{
	struct tcp_sent *rest = tcp_sent_alloc();

	if (!rest)
		return false;
	rest->start = seq;
	rest->end = s->end;
	rest->ns = s->ns;
	rest->state = s->state;
	s->end = seq;
	list_add(&rest->link, &s->link);
	if (list_empty(&s->order))
		list_init(&rest->order);
	else
		list_add(&rest->order, &s->order);
	t->n_sent++;
	return true;
}

void tcp_sent_purge(struct tcp_sock *t)
{
	struct tcp_sent *s, *tmp;

	list_for_each_entry_safe(s, tmp, &t->sent, link)
		tcp_sent_free(s);
	list_init(&t->sent);
	list_init(&t->sent_order);
	t->n_sent = t->sacked_bytes = t->lost_bytes = t->again_bytes = 0;
}

/* It is not in flight any more, or lost a second time. */
void tcp_sent_mark_lost(struct tcp_sock *t, struct tcp_sent *s)
{
	u32 n = s->end - s->start;

	if (s->state & SENT_SACKED)
		return;
	if (s->state & SENT_AGAIN) {
		s->state &= (u8)~SENT_AGAIN;
		t->again_bytes -= n;
		if (s->state & SENT_LOST)
			tcp_count(TCPLostRetransmit);
	}
	if (!(s->state & SENT_LOST)) {
		s->state |= SENT_LOST;
		t->lost_bytes += n;
	}
	list_del_init(&s->order);
}

void tcp_sent_mark_sacked(struct tcp_sock *t, struct tcp_sent *s)
{
	u32 n = s->end - s->start;

	if (s->state & SENT_AGAIN)
		t->again_bytes -= n;
	if (s->state & SENT_LOST)
		t->lost_bytes -= n;
	s->state = (u8)((s->state & ~(SENT_AGAIN | SENT_LOST)) | SENT_SACKED);
	t->sacked_bytes += n;
	list_del_init(&s->order);
}

void tcp_sent_again(struct tcp_sock *t, struct tcp_sent *s, u64 now)
{
	u32 n = s->end - s->start;

	if (!(s->state & SENT_AGAIN))
		t->again_bytes += n;
	s->state |= SENT_AGAIN | SENT_EVER;
	s->ns = now;
	list_del_init(&s->order);
	list_add_tail(&s->order, &t->sent_order);
	t->total_again++;
	t->bytes_again += n;
	tcp_count(RetransSegs);
}
