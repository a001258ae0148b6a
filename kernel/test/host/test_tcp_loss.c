/*
 * TCP against a scripted peer: what is out of order, what is lost, and what only seemed so; the
 * path and its MTU.
 */
#include "test/host/tcp_peer.h"

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

/* Ten segments are out and none is answered until the timeout, which sends the first again. */
static bool time_out(struct peer *p, bool sack)
{
	static char data[20 * 1460];
	struct tcp_segment seg;
	unsigned again = 0;

	if (!passive(p, false, sack))
		return false;
	CHECK_EQ(host_write(p->t, data, sizeof(data), 0), (ssize_t)sizeof(data));
	for (unsigned i = 0; i < 10; i++)
		CHECK(expect(10, TCP_ACK, &seg));
	while (p->t->ca != TCP_CA_Loss && again++ < 3)
		CHECK(expect(3000, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p->ack);
	CHECK_EQ(p->t->frto, FRTO_SENT);
	return true;
}

TEST(frto_spurious)
{
	struct tcp_segment seg;
	struct peer p;
	u32 before;

	host_begin(60);
	if (!time_out(&p, false))
		return;
	before = p.t->prior_cwnd;
	/* The originals' ACKs come late: new segments go, nothing once more. */
	send_sack(&p, 1460, 0, 0);
	while (expect(5, TCP_ACK, &seg))
		CHECK(seq_ge(seg.seq, p.ack + 10 * 1460));
	CHECK_EQ(p.t->frto, FRTO_NEW);
	send_sack(&p, 2 * 1460, 0, 0);
	CHECK_EQ(p.t->ca, TCP_CA_Open);
	CHECK(p.t->cwnd >= before);
	while (expect(5, TCP_ACK, &seg))
		CHECK(seq_ge(seg.seq, p.ack + 10 * 1460));
	CHECK_EQ(p.t->lost_bytes, 0);
	finish(&p);
}

TEST(frto_loss)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(61);
	if (!time_out(&p, false))
		return;
	send_sack(&p, 1460, 0, 0);
	while (expect(5, TCP_ACK, &seg))
		CHECK(seq_ge(seg.seq, p.ack + 10 * 1460));
	/* The second is missing: a duplicate. */
	send_sack(&p, 1460, 0, 0);
	CHECK_EQ(p.t->frto, FRTO_NONE);
	CHECK(expect(5, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack + 1460);
	CHECK_EQ(p.t->ca, TCP_CA_Loss);
	finish(&p);
}

TEST(frto_duplicate_first)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(62);
	if (!time_out(&p, false))
		return;
	send_sack(&p, 0, 0, 0);
	CHECK_EQ(p.t->frto, FRTO_NONE);
	send_sack(&p, 1460, 0, 0);
	CHECK(expect(5, TCP_ACK, &seg));
	CHECK_EQ(seg.seq, p.ack + 1460);
	finish(&p);
}

TEST(frto_sack)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(63);
	if (!time_out(&p, true))
		return;
	/* One that was sent once has arrived: not all was lost. */
	send_sack(&p, 2 * 1460, 0, 0);
	CHECK_EQ(p.t->ca, TCP_CA_Open);
	CHECK_EQ(p.t->lost_bytes, 0);
	while (expect(5, TCP_ACK, &seg))
		CHECK(seq_ge(seg.seq, p.ack + 10 * 1460));
	finish(&p);
}

TEST(frto_off)
{
	struct tcp_segment seg;
	struct peer p;

	host_begin(64);
	tcp_frto = 0;
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_write(p.t, "x", 1, 0), 1);
	CHECK(expect(10, TCP_ACK, &seg));
	CHECK(expect(3000, TCP_ACK, &seg));
	CHECK_EQ(p.t->frto, FRTO_NONE);
	tcp_frto = 2;
	finish(&p);
}

TEST(thin_linear_timeouts)
{
	struct tcp_segment seg;
	struct peer p;
	u64 last;

	host_begin(65);
	if (!passive(&p, false, false))
		return;
	CHECK_EQ(host_option(p.t, TCP_THIN_LINEAR_TIMEOUTS, 1), 0);
	CHECK_EQ(host_write(p.t, "x", 1, 0), 1);
	CHECK(expect(10, TCP_ACK, &seg));
	for (unsigned i = 0; i < 6; i++) {
		last = host_now_ns;
		CHECK(expect(3000, TCP_ACK, &seg));
		CHECK(host_now_ns - last <= p.t->rto + MS);
	}
	/* Then it gets slower, as others do. */
	CHECK(expect(3000, TCP_ACK, &seg));
	last = host_now_ns;
	CHECK(expect(3000, TCP_ACK, &seg));
	CHECK(host_now_ns - last >= 2 * p.t->rto);
	finish(&p);
}
