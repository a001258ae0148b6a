/*
 * The receive window and the sizes of both buffers.
 *
 * What is free of the receive buffer is told as window, less the share that packets take besides
 * their bytes (window_ratio, measured). The right edge never moves back, and forward only by a
 * segment or half the buffer. Both buffers grow by themselves unless the user has set their size:
 * the receive buffer if a round trip brings as much as it holds (dynamic right-sizing), the send
 * buffer along with cwnd.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"

u32 tcp_space_to_window(const struct tcp_sock *t, u32 space)
{
	return (u32)((u64)space * t->window_ratio >> 8);
}

static u32 window_left(const struct tcp_sock *t)
{
	u32 end = t->rcv_wup + t->rcv_wnd;

	return seq_gt(end, t->rcv_nxt) ? end - t->rcv_nxt : 0;
}

u32 tcp_window_select(struct tcp_sock *t)
{
	const struct sock *s = tcp_base(t);
	u32 limit = READ_ONCE(s->receive_limit), used = READ_ONCE(s->receive_used);
	u32 left = window_left(t), window, full, step;

	full = min(tcp_space_to_window(t, limit), t->window_clamp);
	window = limit > used ? tcp_space_to_window(t, limit - used) : 0;
	window = min(window, t->window_clamp);
	if (unlikely(READ_ONCE(tcp_mem_pressure)))
		window = min(window, 4 * (u32)t->advmss);
	if (window <= left)
		return left;
	step = min(full / 2, (u32)t->rcv_mss);
	return window - left >= step ? window : left;
}

u16 tcp_window_tell(struct tcp_sock *t)
{
	u32 window = tcp_window_select(t);
	u32 field = (window + (1u << t->rcv_wscale) - 1) >> t->rcv_wscale;
	u32 before = t->rcv_wnd;

	field = min(field, 0xffffu);
	t->rcv_wnd = field << t->rcv_wscale;
	t->rcv_wup = t->rcv_nxt;
	if (unlikely(!field && before))
		tcp_count(TCPToZeroWindowAdv);
	else if (unlikely(field && !before))
		tcp_count(TCPFromZeroWindowAdv);
	return (u16)field;
}

void tcp_window_first(u32 space, u32 mss, bool scale, u32 *window, u8 *wscale)
{
	u32 most = max(space, READ_ONCE(tcp_rmem[2]));
	u32 first = space / 2;

	*wscale = 0;
	if (scale)
		while (most > 65535 && *wscale < TCP_WSCALE_MAX) {
			most >>= 1;
			++*wscale;
		}
	if (mss && first > mss)
		first -= first % mss;
	*window = min(first, 65535u);
}

void tcp_tune_receive(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	u32 rtt = tcp_srtt_us(t), copied, want;
	u64 now = clock_monotonic();

	if (!rtt || (t->rcv_rtt && t->rcv_rtt < rtt))
		rtt = t->rcv_rtt;
	if (now - t->tune_ns < (u64)rtt * 1000)
		return;
	copied = t->copied_seq - t->tune_seq;
	t->tune_ns = now;
	t->tune_seq = t->copied_seq;
	if (copied <= t->tune_space)
		return;
	t->tune_space = copied;
	if (!READ_ONCE(tcp_moderate_rcvbuf) || s->flags & SOCK_RCVBUF_SET ||
	    READ_ONCE(tcp_mem_pressure))
		return;
	/* Twice what a round trip brought, and some: the sender may double its window. */
	want = 2 * copied + 16 * t->advmss;
	want = (u32)min((u64)want * 256 / t->window_ratio, (u64)READ_ONCE(tcp_rmem[2]));
	if (want > s->receive_limit) {
		WRITE_ONCE(s->receive_limit, want);
		t->window_clamp = max(t->window_clamp, tcp_space_to_window(t, want));
	}
}

void tcp_tune_send(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	u32 want;

	if (s->flags & SOCK_SNDBUF_SET || READ_ONCE(tcp_mem_pressure))
		return;
	want = max(t->cwnd, TCP_INIT_SEGMENTS * (u32)t->mss);
	want = min(want, READ_ONCE(tcp_wmem[2]) / 2) * 2 + 4096;
	want = min(want, READ_ONCE(tcp_wmem[2]));
	if (want > s->send_limit)
		WRITE_ONCE(s->send_limit, want);
}

void tcp_after_read(struct tcp_sock *t)
{
	u32 left;

	if (!TCP_IN(t, S_(ESTABLISHED) | S_(FIN_WAIT1) | S_(FIN_WAIT2)))
		return;
	if (t->ack_due && t->rcv_nxt - t->rcv_wup > t->rcv_mss) {
		tcp_send_ack(t);
		return;
	}
	left = window_left(t);
	if (left <= t->window_clamp / 2) {
		u32 window = tcp_window_select(t);

		if (window && window >= 2 * left)
			tcp_send_ack(t);
	}
}
