/*
 * TCP against a scripted peer, segment by segment, with virtual time: the handshakes, RFC 5961's
 * and PAWS' defences, loss recovery, timers, windows. And the header's parser.
 */
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

static struct tcp_segment segment(const struct peer *p, u8 flags)
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

static void send_flags(struct peer *p, u8 flags)
{
	struct tcp_segment seg = segment(p, flags);

	host_inject(HOST_A, &seg, NULL);
}

static void send_data(struct peer *p, u32 at, const void *data, u32 n)
{
	struct tcp_segment seg = segment(p, TCP_ACK | TCP_PSH);

	seg.seq = p->seq + at;
	seg.length = n;
	host_inject(HOST_A, &seg, data);
}

static void send_sack(struct peer *p, u32 ack, u32 start, u32 end)
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
static bool expect(u64 ms, u8 flags, struct tcp_segment *out)
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

static bool silence(u64 ms)
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
static bool passive(struct peer *p, bool stamps, bool sack)
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

static void finish(struct peer *p)
{
	struct linger l = { 1, 0 };

	tcp_base(p->t)->flags |= SOCK_LINGER;
	tcp_base(p->t)->linger_s = (u32)l.l_linger;
	host_close(p->t);
	if (p->l)
		host_close(p->l);
	host_end();
}

static void acked(struct peer *p, u32 n)
{
	p->ack += n;
	send_flags(p, TCP_ACK);
}

TEST(header_roundtrip)
{
	struct tcp_options o = { .mss = 1460, .has_wscale = true, .wscale = 7, .sack_ok = true,
				 .has_stamp = true, .stamp = 0x01020304, .echo = 5 };
	u8 bytes[TCP_HEADER_MAX] = { 0 };
	struct tcp_segment seg;
	u32 n = tcp_options_size(&o);

	CHECK_EQ(n, 20);
	bytes[12] = (u8)((TCP_HEADER + n) / 4 << 4);
	bytes[13] = TCP_SYN;
	tcp_options_write(bytes + TCP_HEADER, &o);
	CHECK(tcp_header_parse(bytes, TCP_HEADER + n, TCP_HEADER + n, &seg));
	CHECK_EQ(seg.options.mss, 1460);
	CHECK_EQ(seg.options.wscale, 7);
	CHECK(seg.options.has_wscale && seg.options.sack_ok && seg.options.has_stamp);
	CHECK_EQ(seg.options.stamp, 0x01020304);
	/* Without SYN these do not count. */
	bytes[13] = TCP_ACK;
	CHECK(tcp_header_parse(bytes, TCP_HEADER + n, TCP_HEADER + n, &seg));
	CHECK(!seg.options.mss && !seg.options.has_wscale && !seg.options.sack_ok);
	CHECK(!tcp_header_parse(bytes, TCP_HEADER + n - 1, TCP_HEADER + n, &seg));
	CHECK(!tcp_header_parse(bytes, 19, 19, &seg));
	bytes[12] = 4 << 4;
	CHECK(!tcp_header_parse(bytes, 40, 40, &seg));
	bytes[12] = 15 << 4;
	CHECK(!tcp_header_parse(bytes, 40, 40, &seg));
}

TEST(header_broken_options)
{
	static const u8 lists[][8] = {
		{ 2, 0 }, { 2, 1 }, { 2, 9 }, { 1, 1, 1, 1, 1, 1, 1, 2 }, { 8, 10 }, { 5, 3, 1 },
		{ 253, 8 }, { 0, 2, 4 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
		u8 *bytes = calloc(1, 28);
		struct tcp_segment seg;

		bytes[12] = 7 << 4;
		bytes[13] = TCP_SYN;
		memcpy(bytes + 20, lists[i], 8);
		CHECK(tcp_header_parse(bytes, 28, 28, &seg));
		CHECK(!seg.options.mss && !seg.options.has_stamp && !seg.options.n_sack);
		free(bytes);
	}
}

TEST(passive_open_data_close)
{
	struct tcp_segment seg;
	char text[16];
	struct peer p;

	host_begin(1);
	if (!passive(&p, true, true))
		return;
	send_data(&p, 0, "hello", 5);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq + 5);
	p.seq += 5;
	CHECK_EQ(host_read(p.t, text, sizeof(text), 0), 5);
	CHECK_EQ(host_write(p.t, "world", 5, 0), 5);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 5);
	CHECK(seg.flags & TCP_PSH);
	acked(&p, 5);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq + 1);
	p.seq++;
	CHECK_EQ(p.t->state, TCP_CLOSE_WAIT);
	CHECK_EQ(host_read(p.t, text, sizeof(text), 0), 0);
	CHECK_EQ(tcp_poll(tcp_base(p.t)), POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM);
	tcp_shutdown(tcp_base(p.t), SHUT_WR);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	CHECK_EQ(p.t->state, TCP_LAST_ACK);
	acked(&p, 1);
	CHECK_EQ(p.t->state, TCP_CLOSE);
	finish(&p);
}

/* Connects to the peer; the SYN is in *seg. */
static void active(struct peer *p, struct tcp_segment *seg)
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

TEST(active_open_and_refusal)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(2);
	active(&p, &seg);
	CHECK_EQ(seg.options.wscale, 7);
	CHECK(seg.options.sack_ok && seg.options.has_stamp);
	/* RST without the right ACK is nothing. */
	p.ack += 5;
	send_flags(&p, TCP_RST | TCP_ACK);
	CHECK_EQ(p.t->state, TCP_SYN_SENT);
	p.ack -= 5;
	CHECK_EQ(host_connect(p.t, HOST_PEER, 7), -EALREADY);
	send_flags(&p, TCP_RST | TCP_ACK);
	CHECK_EQ(p.t->state, TCP_CLOSE);
	CHECK_EQ(tcp_base(p.t)->error, ECONNREFUSED);
	CHECK_EQ(host_connect(p.t, HOST_PEER, 7), -ECONNREFUSED);
	CHECK_EQ(tcp_base(p.t)->error, 0);
	finish(&p);
}

TEST(syn_is_sent_again)
{
	struct tcp_segment seg;
	struct peer p;
	u64 start;

	host_begin(3);
	active(&p, &seg);
	start = host_now_ns;
	for (unsigned s = 1; s <= 63; s = 2 * s + 1) {
		CHECK(expect(70000, TCP_SYN, &seg));
		CHECK_EQ((host_now_ns - start + 500 * MS) / (1000 * MS), s);
	}
	host_run_for(70000 * MS);
	CHECK_EQ(p.t->state, TCP_CLOSE);
	CHECK_EQ(tcp_base(p.t)->error, ETIMEDOUT);
	finish(&p);
}

TEST(simultaneous_open)
{
	struct tcp_segment seg, syn;
	struct peer p;

	host_begin(4);
	active(&p, &seg);
	syn = segment(&p, TCP_SYN);
	syn.options.mss = 1460;
	host_inject(HOST_A, &syn, NULL);
	CHECK_EQ(p.t->state, TCP_SYN_RECV);
	CHECK(expect(10, TCP_SYN | TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq + 1);
	p.seq++;
	send_flags(&p, TCP_ACK);
	CHECK_EQ(p.t->state, TCP_ESTABLISHED);
	CHECK_EQ(host_write(p.t, "x", 1, 0), 1);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1);
	finish(&p);
}

TEST(reset_attacks)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(5);
	if (!passive(&p, false, false))
		return;
	p.seq += 100;
	send_flags(&p, TCP_RST);
	CHECK_EQ(p.t->state, TCP_ESTABLISHED);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq - 100);
	/* Far off: not even an answer. */
	p.seq += 1000000;
	send_flags(&p, TCP_RST);
	CHECK(silence(5));
	p.seq -= 1000000;
	/* SYN within the window: an ACK, but not twice in half a second. */
	send_flags(&p, TCP_SYN);
	CHECK(silence(5));
	host_run_for(600 * MS);
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(p.t->state, TCP_ESTABLISHED);
	/* An ACK of what was never sent. */
	host_run_for(600 * MS);
	p.seq -= 100;
	p.ack += 50;
	send_flags(&p, TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	p.ack -= 50;
	send_flags(&p, TCP_RST);
	CHECK_EQ(p.t->state, TCP_CLOSE);
	CHECK_EQ(tcp_base(p.t)->error, ECONNRESET);
	finish(&p);
}

TEST(paws)
{
	struct tcp_segment seg;
	struct peer p;
	char text[8];

	host_begin(6);
	if (!passive(&p, true, false))
		return;
	p.stamp = 200;
	send_data(&p, 0, "abc", 3);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.options.echo, 200);
	p.seq += 3;
	p.stamp = 150;
	send_data(&p, 0, "old", 3);
	p.stamp = 201;
	host_run_for(MS);
	while (expect(1, TCP_ACK, &seg))
		CHECK_EQ(seg.ack, p.seq);
	CHECK_EQ(host_read(p.t, text, 8, 0), 3);
	finish(&p);
}

TEST(nobody_there)
{
	struct peer p = { .port = 5000, .our_port = 81, .seq = 77, .ack = 1234 };
	struct tcp_segment seg;

	host_begin(7);
	host_link.delay_ns = 1000;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_RST | TCP_ACK, &seg));
	CHECK_EQ(seg.ack, 78);
	CHECK_EQ(seg.seq, 0);
	send_flags(&p, TCP_ACK);
	CHECK(expect(10, TCP_RST, &seg));
	CHECK_EQ(seg.seq, 1234);
	send_flags(&p, TCP_RST);
	CHECK(silence(10));
	host_end();
}

TEST(out_of_order_and_window)
{
	struct tcp_segment seg;
	char text[16] = "";
	struct peer p;

	host_begin(8);
	if (!passive(&p, false, true))
		return;
	send_data(&p, 3, "def", 3);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq);
	CHECK_EQ(seg.options.n_sack, 1);
	CHECK_EQ(seg.options.sack[0].start, p.seq + 3);
	CHECK_EQ(seg.options.sack[0].end, p.seq + 6);
	send_data(&p, 9, "jkl", 3);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.options.n_sack, 2);
	CHECK_EQ(seg.options.sack[0].start, p.seq + 9);
	/* The same once more: a DSACK. */
	send_data(&p, 9, "jkl", 3);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.options.n_sack, 3);
	CHECK_EQ(seg.options.sack[0].end, p.seq + 12);
	send_data(&p, 0, "abcdefghi", 9);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq + 12);
	CHECK_EQ(seg.options.n_sack, 0);
	CHECK_EQ(host_read(p.t, text, sizeof(text), 0), 12);
	CHECK_STR(text, "abcdefghijkl");
	finish(&p);
}

TEST(fast_retransmit_by_sack)
{
	static char data[14600];
	struct tcp_segment seg;
	struct peer p;

	host_begin(9);
	if (!passive(&p, false, true))
		return;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	for (unsigned i = 0; i < 10; i++) {
		CHECK(expect(10, TCP_ACK, &seg));
		CHECK_EQ(seg.seq, p.ack + i * 1460);
	}
	host_run_for(MS);
	/* The first is missing. */
	send_sack(&p, 0, 1460, 2920);
	send_sack(&p, 0, 1460, 4380);
	send_sack(&p, 0, 1460, 5840);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	CHECK_EQ(seg.length, 1460);
	CHECK_EQ(p.t->ca, TCP_CA_Recovery);
	send_sack(&p, 14600, 0, 0);
	p.ack += 14600;
	CHECK_EQ(p.t->ca, TCP_CA_Open);
	CHECK(p.t->cwnd < 14600 && p.t->cwnd >= 7 * 1460);
	CHECK_EQ(tcp_flight(p.t), 0);
	finish(&p);
}

TEST(fast_retransmit_by_duplicates)
{
	static char data[14600];
	struct tcp_segment seg;
	struct peer p;

	host_begin(10);
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	for (unsigned i = 0; i < 10; i++)
		CHECK(expect(10, TCP_ACK, &seg));
	send_flags(&p, TCP_ACK);
	send_flags(&p, TCP_ACK);
	CHECK(silence(1));
	send_flags(&p, TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	/* A partial ACK: the next hole at once (RFC 6582). */
	acked(&p, 1460);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	acked(&p, 9 * 1460);
	CHECK_EQ(p.t->ca, TCP_CA_Open);
	finish(&p);
}

TEST(probe_then_timeout)
{
	struct tcp_segment seg;
	struct peer p;
	u64 start, last;

	host_begin(11);
	if (!passive(&p, true, true))
		return;
	start = host_now_ns;
	CHECK_EQ(host_write(p.t, "abc", 3, 0), 3);
	CHECK(expect(10, TCP_ACK, &seg));
	/* The tail loss probe, then timeouts that double. */
	CHECK(expect(400, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 3);
	CHECK(host_now_ns - start >= 180 * MS && host_now_ns - start < 250 * MS);
	last = host_now_ns;
	for (u64 wait = 200; wait < 20000; wait *= 2) {
		CHECK(expect(40000, TCP_ACK, &seg));
		CHECK_EQ(seg.seq, p.ack);
		CHECK(host_now_ns - last >= wait * MS * 9 / 10 &&
		      host_now_ns - last <= wait * MS * 12 / 10);
		last = host_now_ns;
	}
	CHECK_EQ(p.t->cwnd, p.t->mss);
	acked(&p, 3);
	CHECK_EQ(p.t->snd_una, p.t->snd_nxt);
	CHECK_EQ(p.t->backoff, 0);
	CHECK(silence(100000));
	CHECK(!p.t->timer.timer.armed);
	finish(&p);
}

TEST(spurious_timeout_is_undone)
{
	static char data[14600];
	struct tcp_segment seg;
	struct peer p;
	u32 before;

	host_begin(12);
	if (!passive(&p, true, true))
		return;
	CHECK_EQ(host_write(p.t, data, 5000, 0), 5000);
	for (unsigned i = 0; i < 4; i++)
		CHECK(expect(10, TCP_ACK, &seg));
	p.echo = seg.options.stamp;
	before = p.t->cwnd;
	/* Probe and timeout; the ACK of the first transmission comes late. */
	host_run_for(900 * MS);
	CHECK_EQ(p.t->ca, TCP_CA_Loss);
	CHECK_EQ(p.t->cwnd, p.t->mss);
	acked(&p, 1448);
	CHECK(p.t->ca <= TCP_CA_Disorder);
	CHECK(p.t->cwnd >= before);
	finish(&p);
}

/* A loss that was one stays one, also if the clock ticks while the segment is sent again: what its
 * ACK echoes is not from before. */
TEST(true_loss_is_not_undone)
{
	static char data[14480];
	struct tcp_segment seg;
	struct peer p;

	host_begin(31);
	if (!passive(&p, true, true))
		return;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	for (unsigned i = 0; i < 10; i++)
		CHECK(expect(10, TCP_ACK, &seg));
	p.echo = seg.options.stamp;
	host_run_for(20 * MS);
	host_link.send_ns = 3 * MS;
	send_sack(&p, 0, 1448, 14480);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	CHECK_EQ(p.t->ca, TCP_CA_Recovery);
	p.echo = seg.options.stamp;
	acked(&p, 14480);
	CHECK_EQ(p.t->ca, TCP_CA_Open);
	CHECK(p.t->cwnd <= 8u * 1448);
	finish(&p);
}

TEST(zero_window)
{
	static char data[4000];
	struct tcp_segment seg;
	struct peer p;
	u64 last;

	host_begin(13);
	if (!passive(&p, false, true))
		return;
	p.window = 2000;
	send_data(&p, 0, "x", 1);
	p.seq++;
	CHECK(expect(10, TCP_ACK, &seg));
	send_flags(&p, TCP_ACK);
	p.t->max_window = 2000;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1460);
	/* The small rest of the window waits: silly. */
	CHECK(silence(5));
	p.window = 0;
	acked(&p, 1460);
	last = host_now_ns;
	for (u64 wait = 200; wait < 7000; wait *= 2) {
		CHECK(expect(10000, TCP_ACK, &seg));
		CHECK_EQ(seg.length, 0);
		CHECK_EQ(seg.seq, p.ack - 1);
		CHECK(host_now_ns - last >= wait * MS * 9 / 10);
		last = host_now_ns;
		send_flags(&p, TCP_ACK);
	}
	p.window = 60000;
	send_flags(&p, TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1460);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1080);
	finish(&p);
}

TEST(nagle)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(14);
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_write(p.t, "a", 1, 0), 1);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(host_write(p.t, "b", 1, 0), 1);
	CHECK_EQ(host_write(p.t, "c", 1, 0), 1);
	CHECK(silence(5));
	acked(&p, 1);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 2);
	CHECK_EQ(host_option(p.t, TCP_NODELAY, 1), 0);
	CHECK_EQ(host_write(p.t, "d", 1, 0), 1);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1);
	acked(&p, 3);
	/* A cork holds for 200 ms. */
	CHECK_EQ(host_option(p.t, TCP_CORK, 1), 0);
	CHECK_EQ(host_write(p.t, "e", 1, 0), 1);
	CHECK(silence(150));
	CHECK(expect(300, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1);
	finish(&p);
}

TEST(delayed_ack)
{
	struct tcp_segment seg;
	struct peer p;
	u64 start;

	host_begin(15);
	if (!passive(&p, false, false))
		return;
	/* The first ones are acknowledged at once. */
	send_data(&p, 0, "a", 1);
	CHECK(expect(1, TCP_ACK, &seg));
	p.seq++;
	/* Question and answer: the ACK waits for the answer. */
	host_run_for(10 * MS);
	send_data(&p, 0, "b", 1);
	p.seq++;
	expect(1, TCP_ACK, &seg);
	CHECK_EQ(host_write(p.t, "answer", 6, 0), 6);
	CHECK(expect(1, TCP_ACK, &seg));
	acked(&p, 6);
	send_data(&p, 0, "c", 1);
	p.seq++;
	start = host_now_ns;
	CHECK(silence(30));
	CHECK(expect(300, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq);
	CHECK(host_now_ns - start >= 40 * MS);
	finish(&p);
}

/* Segments that come together have one ACK; what several ACKs let go goes in one packet. But what
 * tells of a loss is said at once, and from then on packets say that the path loses some. */
TEST(round_is_answered_once)
{
	static char data[30000];
	struct host_segment *s;
	struct tcp_segment seg;
	struct peer p;

	host_begin(31);
	if (!passive(&p, false, true))
		return;
	host_hold_round(true);
	for (unsigned i = 0; i < 4; i++)
		send_data(&p, i * 1000, data, 1000);
	CHECK(silence(1));
	host_hold_round(false);
	CHECK(expect(1, TCP_ACK, &seg));
	CHECK_EQ(seg.ack, p.seq + 4000);
	CHECK(silence(100));
	p.seq += 4000;
	host_link.cut = false;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	CHECK(expect(1, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 14600);
	host_hold_round(true);
	acked(&p, 2920);
	acked(&p, 2920);
	CHECK(silence(1));
	host_hold_round(false);
	CHECK(expect(1, TCP_ACK, &seg));
	CHECK(seg.length >= 4 * 1460);
	host_hold_round(true);
	send_data(&p, 1000, data, 1000);
	CHECK(expect(1, TCP_ACK, &seg));
	CHECK_EQ(seg.options.n_sack, 1);
	host_hold_round(false);
	/* The retransmission timer. */
	CHECK(expect(2000, TCP_ACK, &seg));
	host_run_for(2000 * MS);
	while ((s = host_next()))
		host_segment_free(s);
	p.ack = p.t->snd_nxt;
	send_flags(&p, TCP_ACK);
	host_run_for(MS);
	s = host_next();
	CHECK(s && s->lossy);
	if (s)
		host_segment_free(s);
	finish(&p);
}

TEST(keep_alive)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(16);
	if (!passive(&p, false, false))
		return;
	tcp_base(p.t)->flags |= SOCK_KEEPALIVE;
	tcp_option_changed(tcp_base(p.t), SO_KEEPALIVE);
	CHECK_EQ(host_option(p.t, TCP_KEEPIDLE, 10), 0);
	CHECK_EQ(host_option(p.t, TCP_KEEPINTVL, 2), 0);
	CHECK_EQ(host_option(p.t, TCP_KEEPCNT, 3), 0);
	CHECK(silence(9900));
	CHECK(expect(200, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack - 1);
	send_flags(&p, TCP_ACK);
	CHECK(silence(9800));
	for (unsigned i = 0; i < 3; i++)
		CHECK(expect(2200, TCP_ACK, &seg));
	CHECK(expect(2200, TCP_RST | TCP_ACK, &seg));
	CHECK_EQ(tcp_base(p.t)->error, ETIMEDOUT);
	finish(&p);
}

TEST(cookies)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(17);
	tcp_syncookies = 2;
	if (passive(&p, true, true)) {
		CHECK_EQ(p.t->mss_peer, 1460);
		CHECK(p.t->sack_ok && p.t->stamps_ok);
		/* A wrong one is answered with RST. */
		p.port++;
		send_flags(&p, TCP_ACK);
		CHECK(expect(10, TCP_RST, &seg));
		CHECK(!host_accept(p.l));
	}
	tcp_syncookies = 1;
	finish(&p);
}

TEST(defer_accept)
{
	struct tcp_segment seg;
	struct peer p = { .port = 5000, .our_port = 80, .seq = 1000, .window = 60000 };

	host_begin(18);
	host_link.delay_ns = 1000;
	p.l = host_listener(HOST_A, 80, 5);
	CHECK_EQ(host_option(p.l, TCP_DEFER_ACCEPT, 10), 0);
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_SYN | TCP_ACK, &seg));
	p.seq++;
	p.ack = seg.seq + 1;
	send_flags(&p, TCP_ACK);
	CHECK(!host_accept(p.l));
	send_data(&p, 0, "GET", 3);
	p.t = host_accept(p.l);
	CHECK(p.t != NULL);
	if (p.t)
		finish(&p);
}

TEST(path_mtu)
{
	static char data[3000];
	struct ip_error e = { .from = ipaddr_4(hton32(HOST_A)), .to = ipaddr_4(hton32(HOST_PEER)),
			      .error = EMSGSIZE, .info = 600, .length = 8 };
	struct tcp_header h = { 0 };
	struct tcp_segment seg;
	struct peer p;

	host_begin(19);
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_write(p.t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.length, 1460);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK(expect(10, TCP_ACK, &seg));
	h.from = hton16(80);
	h.to = hton16(p.port);
	h.seq = hton32(p.ack + 100000);
	e.transport = (const u8 *)&h;
	host_error(&e);
	CHECK_EQ(p.t->mss, 1460);
	h.seq = hton32(p.ack);
	host_error(&e);
	CHECK_EQ(p.t->mss, 560);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	CHECK_EQ(seg.length, 560);
	finish(&p);
}

TEST(time_wait)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(20);
	if (!passive(&p, true, false))
		return;
	tcp_shutdown(tcp_base(p.t), SHUT_WR);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	acked(&p, 1);
	CHECK_EQ(p.t->state, TCP_FIN_WAIT2);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(p.t->state, TCP_TIME_WAIT);
	/* FIN once more, as our ACK was lost. */
	host_run_for(30000 * MS);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	host_run_for(50000 * MS);
	CHECK_EQ(p.t->state, TCP_TIME_WAIT);
	/* A newer SYN takes the place. */
	p.stamp += 1000;
	p.seq += 5;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_SYN | TCP_ACK, &seg));
	CHECK_EQ(p.t->state, TCP_CLOSE);
	finish(&p);
}

TEST(orphan_gets_data)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(21);
	if (!passive(&p, false, false))
		return;
	host_close(p.t);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	acked(&p, 1);
	send_data(&p, 0, "late", 4);
	CHECK(expect(10, TCP_RST | TCP_ACK, &seg));
	host_close(p.l);
	host_end();
}

TEST(user_timeout)
{
	struct tcp_segment seg;
	struct peer p;
	u64 start;

	host_begin(22);
	if (!passive(&p, true, true))
		return;
	CHECK_EQ(host_option(p.t, TCP_USER_TIMEOUT, 3000), 0);
	start = host_now_ns;
	CHECK_EQ(host_write(p.t, "x", 1, 0), 1);
	while (p.t->state != TCP_CLOSE && host_now_ns - start < 20000 * MS)
		expect(100, TCP_ACK, &seg);
	CHECK(host_now_ns - start >= 2900 * MS && host_now_ns - start < 3500 * MS);
	CHECK_EQ(tcp_base(p.t)->error, ETIMEDOUT);
	finish(&p);
}

TEST(urgent_byte)
{
	struct tcp_segment seg;
	struct peer p;
	char text[8];

	host_begin(23);
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_write(p.t, "ab!", 3, MSG_OOB), 3);
	CHECK(expect(10, TCP_ACK | TCP_URG, &seg));
	CHECK_EQ(seg.urgent, 3);
	seg = segment(&p, TCP_ACK | TCP_URG | TCP_PSH);
	seg.length = 4;
	seg.urgent = 2;
	host_inject(HOST_A, &seg, "x!yz");
	CHECK(tcp_poll(tcp_base(p.t)) & POLLPRI);
	CHECK_EQ(host_read(p.t, text, 8, 0), 1);
	CHECK_EQ(host_read(p.t, text, 8, MSG_OOB), 1);
	CHECK_EQ(text[0], '!');
	CHECK_EQ(host_read(p.t, text, 8, 0), 2);
	finish(&p);
}
