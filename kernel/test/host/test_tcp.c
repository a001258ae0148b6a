/*
 * TCP against a scripted peer: the header's parser, handshakes, RFC 5961's and PAWS' defences, how
 * connections end.
 */
#include "net/tcp/tcp_account.h"
#include "test/host/tcp_peer.h"

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

TEST(time_wait)
{
	struct tcp_segment seg;
	struct peer p;
	u32 before;

	host_begin(20);
	if (!passive(&p, true, false))
		return;
	tcp_shutdown(tcp_base(p.t), SHUT_WR);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	acked(&p, 1);
	CHECK_EQ(p.t->state, TCP_FIN_WAIT2);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(p.t->state, TCP_CLOSE);
	CHECK_EQ(tcp_n_timewait, 1);
	before = seg.seq;
	/* FIN once more, as our ACK was lost. */
	host_run_for(30000 * MS);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	host_run_for(50000 * MS);
	CHECK_EQ(tcp_n_timewait, 1);
	/* A newer SYN takes the place; what we send is beyond what we sent. */
	p.stamp += 1000;
	p.seq -= 5;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_SYN | TCP_ACK, &seg));
	CHECK(seq_gt(seg.seq, before + 0xffff));
	CHECK_EQ(tcp_n_timewait, 0);
	finish(&p);
}

/* The peer's connection of passive() in TIME-WAIT; p->seq and p->ack are those of its end. */
static bool timewait(struct peer *p, bool stamps)
{
	struct tcp_segment seg;

	if (!passive(p, stamps, false))
		return false;
	tcp_shutdown(tcp_base(p->t), SHUT_WR);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	acked(p, 1);
	send_flags(p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	p->seq++;
	CHECK_EQ(seg.ack, p->seq);
	CHECK_EQ(tcp_n_timewait, 1);
	return true;
}

TEST(time_wait_old_segments)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(22);
	if (!timewait(&p, true))
		return;
	/* A bare ACK is none to answer. */
	send_flags(&p, TCP_ACK);
	CHECK(silence(5));
	/* Old data, an old SYN: where the connection stood, but not for each. */
	p.seq -= 100;
	send_data(&p, 0, "old", 3);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack);
	CHECK_EQ(seg.ack, p.seq + 100);
	CHECK_EQ(seg.options.echo, p.stamp);
	send_data(&p, 0, "old", 3);
	CHECK(silence(5));
	host_run_for(600 * MS);
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(tcp_n_timewait, 1);
	/* By its stamp a SYN with a higher number is old, too. */
	host_run_for(600 * MS);
	p.seq += 1000;
	p.stamp--;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(tcp_n_timewait, 1);
	host_run_for(61000 * MS);
	CHECK_EQ(tcp_n_timewait, 0);
	send_flags(&p, TCP_ACK);
	CHECK(expect(10, TCP_RST, &seg));
	finish(&p);
}

TEST(time_wait_by_number)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(23);
	if (!timewait(&p, false))
		return;
	p.seq += 1;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_SYN | TCP_ACK, &seg));
	CHECK(seq_ge(seg.seq, p.ack + 0x10000));
	CHECK_EQ(tcp_n_timewait, 0);
	finish(&p);
}

TEST(time_wait_nobody_listens)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(24);
	if (!timewait(&p, false))
		return;
	host_close(p.l);
	p.l = NULL;
	p.seq += 1;
	send_flags(&p, TCP_SYN);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(tcp_n_timewait, 1);
	finish(&p);
}

TEST(time_wait_assassination)
{
	struct peer p;

	host_begin(25);
	tcp_rfc1337 = 1;
	if (!timewait(&p, false))
		return;
	send_flags(&p, TCP_RST);
	CHECK_EQ(tcp_n_timewait, 1);
	tcp_rfc1337 = 0;
	p.seq++;
	send_flags(&p, TCP_RST);
	CHECK_EQ(tcp_n_timewait, 1);
	p.seq--;
	send_flags(&p, TCP_RST);
	CHECK_EQ(tcp_n_timewait, 0);
	finish(&p);
}

TEST(time_wait_limit)
{
	struct tcp_segment seg;
	u32 limit = tcp_max_tw_buckets;
	struct peer p;

	host_begin(26);
	tcp_max_tw_buckets = 0;
	if (!passive(&p, false, false))
		return;
	tcp_shutdown(tcp_base(p.t), SHUT_WR);
	CHECK(expect(10, TCP_FIN | TCP_ACK, &seg));
	acked(&p, 1);
	send_flags(&p, TCP_FIN | TCP_ACK);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK_EQ(tcp_n_timewait, 0);
	CHECK_EQ(p.t->state, TCP_CLOSE);
	tcp_max_tw_buckets = limit;
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
