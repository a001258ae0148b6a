/*
 * A segment comes: whose it is, and the order in which it is looked at (RFC 9293, 3.10.7).
 *
 * By addresses and ports the connection is found, then the listener; what belongs to nobody is
 * answered with RST. In a synchronized state a segment passes: validation (skipped for what is
 * just what was expected), ACK, text, FIN; at the end new data go and an ACK is sent, or scheduled.
 */
#include "net/filter.h"
#include "net/tcp/tcp_int.h"

/* Looks at the header and at the checksum; false: not a good segment. */
static bool check_packet(struct packet *p, struct tcp_segment *seg)
{
	const struct ip_info *info = ip_info(p);
	u32 head;

	if (info->kind != ROUTE_LOCAL || !packet_want(p, TCP_HEADER))
		return false;
	head = (u32)(((struct tcp_header *)p->data)->offset >> 4) * 4;
	if (head > p->length || !packet_want(p, head) ||
	    !tcp_header_parse(p->data, p->head, p->length, seg))
		return false;
	if (p->sum == SUM_NONE) {
		u32 sum = ip_pseudo_sum(&info->from, &info->to, IPPROTO_TCP, p->length);

		if (sum_fold(packet_sum(p, 0, p->length, sum)) != 0xffff) {
			tcp_count(InCsumErrors);
			return false;
		}
	}
	return true;
}

/* What the socket's filter leaves of a segment, its header at least; false: nothing. */
static bool filter_pass(struct sock *s, struct packet *p, struct tcp_segment *seg)
{
	u32 keep = filter_keep(s, p, 0);
	struct tcp_segment old;

	if (!keep)
		return false;
	keep = max(keep, (u32)seg->header);
	if (keep >= p->length)
		return true;
	packet_trim(p, keep);
	old = *seg;
	if (!tcp_header_parse(p->data, p->head, p->length, seg))
		return false;
	seg->has_iss_least = old.has_iss_least;
	seg->iss_least = old.iss_least;
	return true;
}

/* A connection's segment; false: it is over. */
static bool input_flow(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg, bool *taken)
{
	struct sock *s = tcp_base(t);
	bool ours = true;

	if (unlikely(READ_ONCE(s->filter)) && !filter_pass(s, p, seg))
		return true;
	spin_lock(&s->lock);
	if (unlikely(s->incoming_cpu != (s32)cpu_id()))
		WRITE_ONCE(s->incoming_cpu, (s32)cpu_id());
	t->segs_in++;
	if (t->state == TCP_CLOSE)
		ours = false;
	else
		*taken = tcp_input(t, p, seg);
	spin_unlock(&s->lock);
	return ours;
}

void tcp_receive(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	bool taken = false, again = false;
	struct tcp_segment seg;
	struct inet_sock *i;

	tcp_count(InSegs);
	if (!check_packet(p, &seg)) {
		tcp_count(InErrs);
		packet_free(p);
		return;
	}
	do {
		again = false;
		i = flow_find(tcp_ports, &info->to, seg.to_port, &info->from, seg.from_port,
			      info->nif);
		if (likely(i)) {
			bool ours = !inet_near_enough(i, info) ||
				    input_flow((struct tcp_sock *)i, p, &seg, &taken);

			sock_put(&i->sock);
			if (likely(ours))
				break;
		}
		if (tcp_timewait_input(p, &seg))
			break;
		i = port_find(tcp_ports, &info->to, seg.to_port, &info->from, seg.from_port,
			      info->nif, tcp_is_listening);
		if (!i) {
			tcp_reply_reset(p, &seg);
			break;
		}
		if (likely(!READ_ONCE(i->sock.filter) || filter_pass(&i->sock, p, &seg)) &&
		    inet_near_enough(i, info))
			taken = tcp_listen_input((struct tcp_sock *)i, p, &seg, &again);
		sock_put(&i->sock);
	} while (again);
	if (!taken)
		packet_free(p);
}

/* Just what was expected: the next bytes or a plain ACK, nothing special about it (header
 * prediction). */
static bool predicted(const struct tcp_sock *t, const struct tcp_segment *seg)
{
	return (seg->flags & ~TCP_PSH) == TCP_ACK && seg->seq == t->rcv_nxt &&
	       t->state == TCP_ESTABLISHED && seg->options.has_stamp == t->stamps_ok &&
	       (!t->stamps_ok || (s32)(seg->options.stamp - t->ts_recent) >= 0) &&
	       seq_ge(t->rcv_wup + t->rcv_wnd, seg->end);
}

/* RFC 7323, 4.3: the stamp of the segment that the last ACK answered, or of an earlier one. */
static void take_stamp(struct tcp_sock *t, const struct tcp_segment *seg)
{
	if (!seg->options.has_stamp || !t->stamps_ok || seq_gt(seg->seq, t->rcv_wup) ||
	    (s32)(seg->options.stamp - t->ts_recent) < 0)
		return;
	if (seg->options.stamp != t->ts_recent || !t->ts_recent_ns) {
		t->ts_recent = seg->options.stamp;
		t->ts_recent_ns = clock_monotonic();
	}
}

/* Our SYN of SYN-RECEIVED, or our FIN, is acknowledged: false: the connection is over. */
static bool acked_states(struct tcp_sock *t)
{
	bool fin_acked = t->fin_sent && t->snd_una == t->snd_nxt;

	switch (t->state) {
	case TCP_SYN_RECV:
		tcp_set_state(t, TCP_ESTABLISHED);
		tcp_establish(t);
		sock_wake(tcp_base(t), POLLOUT | POLLWRNORM);
		break;
	case TCP_FIN_WAIT1:
		if (!fin_acked)
			break;
		tcp_set_state(t, TCP_FIN_WAIT2);
		sock_wake(tcp_base(t), POLLOUT | POLLWRNORM);
		if (tcp_base(t)->flags & SOCK_ORPHAN)
			tcp_orphan(t);
		break;
	case TCP_CLOSING:
		if (fin_acked) {
			tcp_timewait_enter(t);
			return false;
		}
		break;
	case TCP_LAST_ACK:
		if (fin_acked) {
			tcp_done(t);
			return false;
		}
		break;
	}
	return t->state != TCP_CLOSE;
}

bool tcp_input(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg)
{
	bool taken = false;

	if (unlikely(t->state == TCP_SYN_SENT))
		return tcp_input_syn_sent(t, p, seg);
	if (likely(predicted(t, seg)))
		tcp_count(TCPHPHits);
	else if (!tcp_validate(t, seg))
		return false;
	if (!tcp_ack(t, seg))
		return false;
	take_stamp(t, seg);
	if (unlikely(t->state != TCP_ESTABLISHED) && !acked_states(t))
		return false;
	if (seg->end != seg->seq || seg->flags & TCP_URG)
		taken = tcp_input_text(t, p, seg);
	if (unlikely(t->state == TCP_CLOSE))
		return taken;
	tcp_respond(t);
	return taken;
}
