/*
 * Received data in order: from the segment into the receive queue.
 *
 * A segment is trimmed to the window; what is next in line is queued as it is (its packet becomes
 * part of the queue), small ones are copied into the last packet's free room so that a flood of
 * them does not take many times their size. The rest waits in tcp_ooo.c.
 */
#include "lib/string.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"

#define COALESCE_MAX 512u

static bool coalesce(struct sock *s, struct packet *p)
{
	struct packet *last;

	if (p->length > COALESCE_MAX || !s->receive.first)
		return false;
	last = container_of(s->receive.last, struct packet, next);
	if (last->n_frags || packet_shared(last) || packet_tail_room(last) < p->length)
		return false;
	packet_read(p, 0, packet_put(last, p->length), p->length);
	if (unlikely(p->stamp_ns))
		last->stamp_ns = p->stamp_ns;
	tcp_rx(last)->end += p->length;
	s->receive.bytes += p->length;
	tcp_count(TCPRcvCoalesce);
	packet_free(p);
	return true;
}

/* How much of what a packet takes is data. */
static void measure_ratio(struct tcp_sock *t, u32 length, u32 charge)
{
	u32 ratio = (u32)((u64)length * 256 / charge);

	if (length < t->rcv_mss && length < 1024)
		return;
	t->window_ratio = clamp((t->window_ratio * 7 + ratio + 4) / 8, 64u, 240u);
}

void tcp_rcvq_put(struct tcp_sock *t, struct packet *p, u32 seq, u32 end)
{
	struct sock *s = tcp_base(t);

	t->bytes_received += end - seq;
	if (coalesce(s, p))
		return;
	tcp_rx(p)->seq = seq;
	tcp_rx(p)->end = end;
	if (!p->charged) {
		p->charged = packet_charge_size(p);
		WRITE_ONCE(s->receive_used, s->receive_used + p->charged);
		measure_ratio(t, p->length, p->charged);
		tcp_mem_update(t);
	}
	packet_enqueue(&s->receive, p);
}

static void wake_reader(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	if (tcp_readable(t) >= s->receive_low || s->receive_used > s->receive_limit / 2)
		sock_wake(s, POLLIN | POLLRDNORM);
}

/* Room for a packet. Who keeps to the window may exceed the limit somewhat with small segments;
 * then what is out of order goes, although it may have been acknowledged in a SACK block. */
static bool make_room(struct tcp_sock *t, const struct packet *p)
{
	struct sock *s = tcp_base(t);
	u32 needed = packet_charge_size(p);

	if (tcp_mem_full() && s->receive_used > READ_ONCE(tcp_rmem[0]))
		goto none;
	if (s->receive_used + needed <= s->receive_limit + s->receive_limit / 2 ||
	    !s->receive_used)
		return true;
	tcp_count(PruneCalled);
	if (tcp_ooo_prune(t, needed) || s->receive_used + needed <= 2 * s->receive_limit)
		return true;
none:
	s->drops++;
	tcp_count(TCPRcvQDrop);
	return false;
}

static bool queue_in_order(struct tcp_sock *t, struct packet *p, u32 end, bool *fin)
{
	u32 length = p->length;

	if (!make_room(t, p)) {
		t->ack_now = true;
		return false;
	}
	tcp_rcvq_put(t, p, t->rcv_nxt, end);
	WRITE_ONCE(t->rcv_nxt, end);
	tcp_ack_schedule(t, length);
	if (t->n_ooo) {
		/* A hole was filled: the sender should know at once (RFC 5681, 4.2). */
		t->ack_now = true;
		*fin |= tcp_ooo_drain(t);
	}
	wake_reader(t);
	return true;
}

/* All of it is old. */
static void take_old(struct tcp_sock *t, const struct tcp_segment *seg)
{
	tcp_count(DelayedACKLost);
	tcp_dsack(t, seg->seq, seg->seq + seg->length);
	t->ack_now = true;
}

bool tcp_queue_data(struct tcp_sock *t, struct packet *p, const struct tcp_segment *seg, bool *fin)
{
	u32 seq = seg->seq, end = seq + seg->length, window_end = t->rcv_wup + t->rcv_wnd;
	bool has_fin = seg->flags & TCP_FIN;

	packet_pull(p, seg->header);
	if (unlikely(seq_lt(seq, t->rcv_nxt))) {
		if (seq_le(end, t->rcv_nxt)) {
			if (seg->length)
				take_old(t, seg);
			*fin = has_fin && end == t->rcv_nxt;
			return false;
		}
		tcp_dsack(t, seq, t->rcv_nxt);
		packet_pull(p, t->rcv_nxt - seq);
		seq = t->rcv_nxt;
	}
	if (unlikely(seq_gt(end, window_end))) {
		has_fin = false;
		t->ack_now = true;
		if (seq_ge(seq, window_end)) {
			tcp_count(TCPZeroWindowDrop);
			return false;
		}
		packet_trim(p, window_end - seq);
		end = window_end;
	}
	p->release = NULL;
	p->charged = 0;
	if (likely(seq == t->rcv_nxt)) {
		if (seq == end) {
			*fin = has_fin;
			return false;
		}
		if (!queue_in_order(t, p, end, fin))
			return false;
		*fin |= has_fin && end == t->rcv_nxt;
		return true;
	}
	t->ack_now = true;
	tcp_ooo_add(t, p, seq, end, has_fin);
	return true;
}
