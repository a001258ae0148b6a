/*
 * Segments go: header, options, data out of the send buffer, down to IP.
 *
 * A segment of more than a few bytes has no data of its own: its fragments are the pages of the
 * send buffer. One longer than mss is cut further down, by the device if it can (gso_size).
 * The checksum is left to the device, too: the header has the sum of the pseudo header only.
 */
#include "abi/in6.h"
#include "lib/string.h"
#include "net/ip6/ip6_headers.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

#define INLINE_MAX 256u /* up to here copying is cheaper than a fragment */

static u32 ip_header_size(const struct tcp_sock *t)
{
	if (!ipaddr_is4(&t->inet.remote))
		return 40 + (t->inet.six.headers ? t->inet.six.headers->length : 0);
	return 20 + align_up((u32)t->inet.options_length, 4u);
}

void tcp_mss_update(struct tcp_sock *t, u32 mtu)
{
	u32 header = ip_header_size(t) + TCP_HEADER;
	u32 room = min(mtu, TCP_GSO_MAX), mss;

	t->path_mtu = mtu;
	room = room > header ? room - header : 0;
	mss = min(room, (u32)t->mss_peer);
	if (t->mss_user)
		mss = min(mss, (u32)t->mss_user);
	mss = max(mss, READ_ONCE(tcp_min_snd_mss));
	if (t->stamps_ok)
		mss -= 12;
	t->mss = (u16)mss;
}

/* What our SYN says: what the interface takes. */
static void advmss_update(struct tcp_sock *t, const struct route *r)
{
	u32 header = ip_header_size(t) + TCP_HEADER;
	u32 mtu = min(READ_ONCE(r->nif->mtu), TCP_GSO_MAX);
	u32 mss = mtu > header + TCP_MSS_LEAST ? mtu - header : TCP_MSS_LEAST;

	if (r->advmss_metric)
		mss = min(mss, r->advmss_metric);
	if (t->mss_user)
		mss = min(mss, (u32)t->mss_user);
	t->advmss = (u16)mss;
}

struct route *tcp_route(struct tcp_sock *t, int *err)
{
	struct route *r = t->inet.route;

	if (unlikely(!r || !route_valid(r))) {
		r = inet_sock_route(&t->inet, err);
		if (!r)
			return NULL;
		t->pseudo_sum = ip_pseudo_sum(&t->inet.source, &t->inet.remote, IPPROTO_TCP, 0);
		if (!t->advmss)
			advmss_update(t, r);
	}
	if (unlikely(route_mtu(r) != t->path_mtu)) {
		if (!t->advmss)
			advmss_update(t, r);
		tcp_mss_update(t, route_mtu(r));
	}
	return r;
}

u32 tcp_mss_now(const struct tcp_sock *t)
{
	u32 blocks = t->n_sack + (u32)t->has_dsack;

	if (likely(!blocks))
		return t->mss;
	blocks = min(blocks, t->stamps_ok ? 3u : 4u);
	return t->mss - min((u32)t->mss / 2, 4 + 8 * blocks);
}

static void syn_options(struct tcp_sock *t, struct tcp_options *o)
{
	bool answer = t->state == TCP_SYN_RECV;

	*o = (struct tcp_options){ .mss = t->advmss };
	o->has_wscale = answer ? t->wscale_ok : READ_ONCE(tcp_window_scaling);
	o->wscale = t->rcv_wscale;
	o->sack_ok = answer ? t->sack_ok : READ_ONCE(tcp_sack);
	o->has_stamp = answer ? t->stamps_ok : READ_ONCE(tcp_timestamps);
	o->stamp = tcp_stamp_now(t);
	o->echo = answer ? t->ts_recent : 0;
}

static void sack_options(struct tcp_sock *t, struct tcp_options *o)
{
	unsigned most = t->stamps_ok ? 3 : 4;

	if (t->has_dsack) {
		o->sack[o->n_sack++] = t->dsack;
		t->has_dsack = false;
	}
	for (unsigned i = 0; i < t->n_sack && o->n_sack < most; i++)
		o->sack[o->n_sack++] = t->sack[i];
}

static u32 options_size(struct tcp_sock *t, u8 flags, struct tcp_options *o)
{
	if (unlikely(flags & TCP_SYN)) {
		syn_options(t, o);
		return tcp_options_size(o);
	}
	if (likely(!t->n_sack && !t->has_dsack)) {
		o->n_sack = 0;
		return t->stamps_ok ? 12 : 0;
	}
	*o = (struct tcp_options){ .has_stamp = t->stamps_ok };
	if (t->stamps_ok) {
		o->stamp = tcp_stamp_now(t);
		o->echo = t->ts_recent;
	}
	sack_options(t, o);
	return tcp_options_size(o);
}

/* Puts the data behind the header: how many bytes there are room for, or -ENOMEM. */
static int add_data(struct tcp_sock *t, struct packet *p, u32 seq, u32 n)
{
	u32 done;

	if (n <= INLINE_MAX) {
		sendbuf_read(&t->buf, seq, packet_put(p, n), n);
		return (int)n;
	}
	done = sendbuf_attach(&t->buf, p, seq, n);
	return done ? (int)done : -ENOMEM;
}

static void set_urgent(const struct tcp_sock *t, struct tcp_header *h, u32 seq)
{
	u32 ahead = t->snd_urgent - seq;

	if (seq_lt(seq, t->snd_urgent)) {
		h->flags |= TCP_URG;
		h->urgent = hton16((u16)min(ahead, 0xffffu));
	}
}

static void fill_header(struct tcp_sock *t, struct packet *p, u32 seq, u8 flags, u32 size,
			const struct tcp_options *o)
{
	struct tcp_header *h = packet_transport(p);

	h->from = hton16(t->inet.local_port);
	h->to = hton16(t->inet.remote_port);
	h->seq = hton32(seq);
	h->ack = flags & TCP_ACK ? hton32(t->rcv_nxt) : 0;
	h->offset = (u8)(size / 4 << 4);
	h->flags = flags;
	h->urgent = 0;
	if (unlikely(flags & TCP_SYN))
		h->window = hton16((u16)min(t->rcv_wnd, 0xffffu));
	else
		h->window = hton16(tcp_window_tell(t));
	if (unlikely(t->urgent_sending))
		set_urgent(t, h, seq);
	if (flags & TCP_SYN || o->n_sack)
		tcp_options_write((u8 *)(h + 1), o);
	else if (t->stamps_ok)
		tcp_stamp_write((u8 *)(h + 1), tcp_stamp_now(t), t->ts_recent);
	h->sum = sum_fold(sum_add(t->pseudo_sum, hton16((u16)p->length)));
	p->sum = SUM_PARTIAL;
	p->sum_start = p->transport;
	p->sum_offset = offsetof(struct tcp_header, sum);
}

static void meta_six(struct inet_sock *i, struct ip_meta *meta)
{
	inet_sock_meta(i, &i->remote, meta);
	meta->dont_fragment = i->six.mtu_discover != IPV6_PMTUDISC_DONT;
	if (i->six.headers)
		ip6_headers_add(meta, i->six.headers);
}

static int hand_down(struct tcp_sock *t, struct packet *p, struct route *r)
{
	struct inet_sock *i = &t->inet;
	struct ip_meta meta = {
		.protocol = IPPROTO_TCP, .tos = i->tos, .ttl = i->ttl,
		.dont_fragment = i->mtu_discover != 0,
		.options = i->options_length ? i->options : NULL,
		.options_length = i->options_length,
	};

	if (!ipaddr_is4(&i->remote))
		meta_six(i, &meta);
	p->mark = i->sock.mark;
	p->priority = i->sock.priority;
	return ip_send(p, r, &meta);
}

static void count_out(struct tcp_sock *t, u32 n, u32 mss)
{
	u32 segments = n > mss ? DIV_ROUND_UP(n, mss) : 1;

	t->segs_out += segments;
	tcp_count_add(OutSegs, segments);
	if (n) {
		t->data_out += segments;
		t->bytes_sent += n;
		t->snd_last_ns = clock_monotonic();
		/* An answer soon after the question: acknowledgements ride on answers. */
		if (t->snd_last_ns - t->rcv_last_ns < t->ack_delay)
			t->pingpong = true;
	}
}

int tcp_transmit(struct tcp_sock *t, u32 seq, u32 n, u8 flags)
{
	u32 size, mss = tcp_mss_now(t);
	struct tcp_options o;
	struct packet *p;
	struct route *r;
	int err = 0, data = 0;

	r = tcp_route(t, &err);
	if (unlikely(!r))
		return err;
	if (t->state != TCP_SYN_SENT && t->state != TCP_CLOSE)
		flags |= TCP_ACK;
	size = TCP_HEADER + options_size(t, flags, &o);
	p = packet_alloc(PACKET_ROOM, size + (n <= INLINE_MAX ? n : 0), MM_ATOMIC);
	if (unlikely(!p))
		return -ENOMEM;
	packet_put(p, size);
	p->transport = packet_offset(p);
	if (n) {
		data = add_data(t, p, seq, n);
		if (unlikely(data < 0)) {
			packet_free(p);
			return data;
		}
		if (unlikely((u32)data < n))
			flags &= (u8)~(TCP_FIN | TCP_PSH);
		if ((u32)data > mss) {
			p->gso_size = (u16)mss;
			p->gso = ipaddr_is4(&t->inet.remote) ? GSO_TCP4 : GSO_TCP6;
			p->lossy = t->total_again;
		}
	}
	fill_header(t, p, seq, flags, size, &o);
	count_out(t, (u32)data, mss);
	if (flags & TCP_ACK)
		tcp_ack_sent(t);
	if (unlikely(t->n_marks && data))
		tcp_marks_sent(t, seq + (u32)data);
	/* What is lost on this machine is lost like any other. */
	err = hand_down(t, p, r);
	if (unlikely(err == -ABI_EMSGSIZE))
		tcp_mss_update(t, route_mtu(r));
	return data;
}

void tcp_send_ack(struct tcp_sock *t)
{
	if (t->state == TCP_CLOSE)
		return;
	if (tcp_transmit(t, t->snd_nxt, 0, TCP_ACK) < 0) {
		/* Later then. */
		t->ack_due = true;
		tcp_delack_arm(t);
	}
}

void tcp_send_prod(struct tcp_sock *t, bool urgent)
{
	(void)tcp_transmit(t, t->snd_una - !urgent, 0, TCP_ACK);
}

void tcp_send_reset(struct tcp_sock *t)
{
	tcp_count(OutRsts);
	if (tcp_transmit(t, t->snd_nxt, 0, TCP_RST | TCP_ACK))
		tcp_count(TCPAbortFailed);
}
