/*
 * A scripted peer of TCP, segment by segment, with virtual time: for the host's tests of it.
 */
#pragma once

#include "test/host/tcp_host.h"

#define MS TCP_MS

/* The peer's side of a connection. */
struct peer {
	struct tcp_sock *t, *l;
	u16 port, our_port;
	u32 seq, ack;            /* next of the peer's; next expected of ours */
	u32 window, stamp, echo;
	bool stamps, sack;
};

static inline struct tcp_segment segment(const struct peer *p, u8 flags)
{
	struct tcp_segment seg = {
		.from_port = p->port, .to_port = p->our_port, .seq = p->seq, .ack = p->ack,
		.window = p->window, .flags = flags,
	};

	seg.options.has_stamp = p->stamps;
	seg.options.stamp = p->stamp;
	seg.options.echo = p->echo;
	return seg;
}

static inline void send_flags(struct peer *p, u8 flags)
{
	struct tcp_segment seg = segment(p, flags);

	host_inject(HOST_A, &seg, NULL);
}

static inline void send_data(struct peer *p, u32 at, const void *data, u32 n)
{
	struct tcp_segment seg = segment(p, TCP_ACK | TCP_PSH);

	seg.seq = p->seq + at;
	seg.length = n;
	host_inject(HOST_A, &seg, data);
}

static inline void send_sack(struct peer *p, u32 ack, u32 start, u32 end)
{
	struct tcp_segment seg = segment(p, TCP_ACK);

	seg.ack = p->ack + ack;
	if (start != end) {
		seg.options.n_sack = 1;
		seg.options.sack[0] = (struct tcp_block){ p->ack + start, p->ack + end };
	}
	host_inject(HOST_A, &seg, NULL);
}

/* The next segment within `ms`: true and *out if it has these flags (PSH aside). */
static inline bool expect(u64 ms, u8 flags, struct tcp_segment *out)
{
	struct host_segment *s = host_next();
	u64 end = host_now_ns + ms * MS;
	bool right;

	while (!s && host_now_ns < end && host_step(end - host_now_ns))
		s = host_next();
	if (!s) {
		host_now_ns = max(host_now_ns, end);
		return false;
	}
	*out = s->seg;
	right = (s->seg.flags & ~TCP_PSH) == flags;
	if (!right)
		printf("# flags %02x instead of %02x\n", s->seg.flags, flags);
	host_segment_free(s);
	return right;
}

static inline bool silence(u64 ms)
{
	struct tcp_segment seg;
	struct host_segment *s;

	host_run_for(ms * MS);
	s = host_next();
	if (!s)
		return true;
	seg = s->seg;
	printf("# unexpected: flags %02x length %u\n", seg.flags, seg.length);
	host_segment_free(s);
	return false;
}

/* A connection that the peer opened; options as asked. */
static inline bool passive(struct peer *p, bool stamps, bool sack)
{
	struct tcp_segment seg;

	*p = (struct peer){ .port = 5000, .our_port = 80, .seq = 1000, .window = 60000,
			    .stamps = stamps, .sack = sack, .stamp = 100 };
	host_link.delay_ns = 1000;
	p->l = host_listener(HOST_A, 80, 5);
	seg = segment(p, TCP_SYN);
	seg.options.mss = 1460;
	seg.options.sack_ok = sack;
	host_inject(HOST_A, &seg, NULL);
	if (!expect(10, TCP_SYN | TCP_ACK, &seg))
		return false;
	CHECK_EQ(seg.ack, 1001);
	CHECK_EQ(seg.options.mss, 1460);
	CHECK_EQ(seg.options.sack_ok, sack);
	CHECK_EQ(seg.options.has_stamp, stamps);
	CHECK_EQ(seg.options.has_wscale, false);
	p->seq = 1001;
	p->ack = seg.seq + 1;
	p->echo = seg.options.stamp;
	send_flags(p, TCP_ACK);
	p->t = host_accept(p->l);
	CHECK(p->t != NULL);
	return p->t != NULL;
}

static inline void finish(struct peer *p)
{
	struct linger l = { 1, 0 };

	tcp_base(p->t)->flags |= SOCK_LINGER;
	tcp_base(p->t)->linger_s = (u32)l.l_linger;
	host_close(p->t);
	if (p->l)
		host_close(p->l);
	host_end();
}

static inline void acked(struct peer *p, u32 n)
{
	p->ack += n;
	send_flags(p, TCP_ACK);
}

/* Connects to the peer; the SYN is in *seg. */
static inline void active(struct peer *p, struct tcp_segment *seg)
{
	*p = (struct peer){ .port = 7, .seq = 9000, .window = 60000, .stamps = true };
	host_link.delay_ns = 1000;
	p->t = host_socket(AF_INET);
	CHECK_EQ(host_bind(p->t, HOST_A, 4000), 0);
	p->our_port = 4000;
	CHECK_EQ(host_connect(p->t, HOST_PEER, 7), -EINPROGRESS);
	CHECK(expect(10, TCP_SYN, seg));
	p->ack = seg->seq + 1;
	p->echo = seg->options.stamp;
}
