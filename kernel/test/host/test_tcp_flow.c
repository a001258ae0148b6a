/*
 * TCP against a scripted peer: windows, small segments, acknowledgements that wait, idle
 * connections, urgent data.
 */
#include "test/host/tcp_peer.h"

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
