/*
 * Both ends of TCP against each other over a link that loses, delays, doubles and reorders, from
 * seeds: whatever it does, the bytes arrive whole, in order and once, and everything is given back.
 */
#include "test/host/tcp_host.h"

#define CHUNK 70000

/* Byte number n of a stream. */
static u8 pattern(u64 n, unsigned key)
{
	return (u8)(n * 7 + (n >> 8) * 13 + (n >> 16) + key);
}

struct stream {
	struct tcp_sock *from, *to;
	u64 size, written, read;
	unsigned key;
	bool shut, ended;
};

static void stream_write(struct stream *s)
{
	static u8 data[CHUNK];
	ssize_t n = (ssize_t)min((u64)(1 + unit_below(CHUNK)), s->size - s->written);

	if (!n) {
		if (!s->shut) {
			CHECK_EQ(tcp_shutdown(tcp_base(s->from), SHUT_WR), 0);
			s->shut = true;
		}
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		data[i] = pattern(s->written + (u64)i, s->key);
	n = host_write(s->from, data, (size_t)n, unit_below(4) ? 0 : MSG_MORE);
	if (n > 0)
		s->written += (u64)n;
	else
		CHECK_EQ(n, -EAGAIN);
}

static bool stream_read(struct stream *s)
{
	static u8 data[CHUNK];
	ssize_t n = host_read(s->to, data, 1 + unit_below(CHUNK), 0);

	for (ssize_t i = 0; i < n; i++)
		if (data[i] != pattern(s->read + (u64)i, s->key)) {
			unit_fail(__FILE__, __LINE__, "byte %llu is wrong",
				  (unsigned long long)(s->read + (u64)i));
			return false;
		}
	if (n > 0)
		s->read += (u64)n;
	else if (n == 0)
		s->ended = true;
	else
		CHECK_EQ(n, -EAGAIN);
	return n > 0;
}

static bool step_until(bool (*done)(void *arg), void *arg, u64 seconds)
{
	u64 end = host_now_ns + seconds * 1000 * TCP_MS;

	while (!done(arg)) {
		if (host_now_ns >= end || !host_step(end - host_now_ns))
			return false;
	}
	return true;
}

static bool is_established(void *arg)
{
	return ((struct tcp_sock *)arg)->state == TCP_ESTABLISHED;
}

static struct tcp_sock *accept_one(struct tcp_sock *l)
{
	struct tcp_sock *t = NULL;

	for (int i = 0; i < 400 && !t; i++) {
		t = host_accept(l);
		if (!t)
			host_run_for(500 * TCP_MS);
	}
	return t;
}

static void show(const char *who, const struct tcp_sock *t)
{
	printf("# %s: state %u una %u nxt %u end %u wnd %u cwnd %u ssthresh %u flight %u ca %u "
	       "sacked %u lost %u again %u entries %u\n", who, t->state, t->snd_una - t->iss,
	       t->snd_nxt - t->iss, t->buf.end - t->iss, t->snd_wnd, t->cwnd, t->ssthresh,
	       tcp_flight(t), t->ca, t->sacked_bytes, t->lost_bytes, t->again_bytes, t->n_sent);
	printf("# rcv_nxt %u wnd %u wup %u copied %u ooo %u used %u limit %u mss %u timer %u in "
	       "%lld ms, armed %lld, backoff %u rto %llu\n", t->rcv_nxt - t->irs, t->rcv_wnd,
	       t->rcv_wup - t->irs, t->copied_seq - t->irs, t->n_ooo,
	       t->inet.sock.receive_used, t->inet.sock.receive_limit, t->mss, t->tx_kind,
	       (long long)(t->tx_ns - host_now_ns) / 1000000,
	       (long long)(t->timer_ns - host_now_ns) / 1000000, t->backoff,
	       (unsigned long long)(t->rto / TCP_MS));
}

/* Moves `size` bytes each way; true: it worked. Time that it took in *ns. */
static bool transfer(u64 size, u64 back, u64 *ns)
{
	struct tcp_sock *l = host_listener(HOST_B, 80, 10), *c = host_socket(AF_INET), *s;
	struct stream there, here;
	u64 start, limit;
	bool ok;

	CHECK_EQ(host_connect(c, HOST_B, 80), -EINPROGRESS);
	ok = step_until(is_established, c, 200);
	CHECK(ok);
	s = ok ? accept_one(l) : NULL;
	if (!s) {
		host_close(c);
		host_close(l);
		return false;
	}
	there = (struct stream){ .from = c, .to = s, .size = size, .key = 1 };
	here = (struct stream){ .from = s, .to = c, .size = back, .key = 2 };
	start = host_now_ns;
	limit = start + 3600ull * 1000 * TCP_MS;
	while (!(there.ended && here.ended) && host_now_ns < limit) {
		stream_write(&there);
		stream_write(&here);
		if (!host_step(1000 * TCP_MS))
			host_run_for(TCP_MS);
		if (unit_below(3))
			while (stream_read(&there) && unit_below(8))
				;
		if (unit_below(3))
			while (stream_read(&here) && unit_below(8))
				;
	}
	*ns = host_now_ns - start;
	CHECK_EQ(there.read, size);
	CHECK_EQ(here.read, back);
	ok = there.read == size && here.read == back && there.ended && here.ended;
	if (!ok) {
		show("client", c);
		show("server", s);
	}
	CHECK(ok);
	host_close(c);
	host_close(s);
	host_close(l);
	return ok;
}

TEST(clean_link)
{
	u64 ns;

	host_begin(1);
	CHECK(transfer(5000000, 100000, &ns));
	CHECK(ns < 5000 * TCP_MS);
	host_end();
}

TEST(whole_packets_without_cutting)
{
	u64 ns;

	host_begin(2);
	host_link.cut = false;
	host_link.mtu = 65536;
	host_link_changed();
	host_link.delay_ns = 10000;
	CHECK(transfer(20000000, 0, &ns));
	host_end();
}

/* TCP_SEED: where to begin, to repeat one. */
static u64 first_seed(void)
{
	const char *seed = getenv("TCP_SEED");

	return seed ? (u64)atoll(seed) : 1;
}

TEST(random_links)
{
	for (u64 seed = first_seed(); seed < first_seed() + 400; seed++) {
		u64 ns;

		host_begin(seed);
		unit_seed(seed);
		host_link.delay_ns = 100000 + unit_below(50000000);
		host_link.jitter_ns = unit_below(3) ? 0 : unit_below(host_link.delay_ns);
		host_link.loss = unit_below(4) ? (unsigned)unit_below(50) :
						 (unsigned)unit_below(200);
		host_link.duplicate = (unsigned)unit_below(3) * 10;
		host_link.reorder = (unsigned)unit_below(3) * 20;
		host_link.cut = unit_below(4);
		host_link.mtu = unit_below(8) ? 1500 : 300 + (u32)unit_below(9000);
		if (!unit_below(4))
			host_link.bytes_per_s = 100000 + unit_below(10000000);
		host_link_changed();
		tcp_sack = unit_below(4) != 0;
		tcp_timestamps = unit_below(4) != 0;
		tcp_window_scaling = unit_below(8) != 0;
		tcp_cc_set_default(unit_below(2) ? "cubic" : "reno");
		if (!transfer(unit_below(300000), unit_below(3) ? 0 : unit_below(100000), &ns)) {
			printf("# seed %llu\n", (unsigned long long)seed);
			host_end();
			break;
		}
		host_end();
	}
	tcp_sack = tcp_timestamps = tcp_window_scaling = 1;
	tcp_cc_set_default("cubic");
}

/* 4 MB over 10 MB/s and 50 ms: what recovery costs must stay within reason. */
static u64 goodput(unsigned loss)
{
	u64 ns;

	host_begin(loss + 100);
	host_link.delay_ns = 25 * TCP_MS;
	host_link.bytes_per_s = 10000000;
	host_link.loss = loss;
	CHECK(transfer(4000000, 0, &ns));
	host_end();
	printf("# loss %u/1000: %llu ms\n", loss, (unsigned long long)(ns / TCP_MS));
	return ns / TCP_MS;
}

TEST(goodput_under_loss)
{
	CHECK(goodput(0) < 3000);
	CHECK(goodput(1) < 6000);
	CHECK(goodput(10) < 30000);
	CHECK(goodput(50) < 120000);
}

TEST(allocation_failures)
{
	for (unsigned nth = 1; nth < 400; nth++) {
		u64 ns;

		host_begin(nth);
		host_link.loss = 20;
		host_fail_alloc(nth + 5);
		(void)ns;
		struct tcp_sock *l = host_listener(HOST_B, 80, 10), *c = host_socket(AF_INET), *s;

		static u8 data[60000];

		if (c && host_connect(c, HOST_B, 80) == -EINPROGRESS) {
			for (int i = 0; i < 50; i++) {
				(void)host_write(c, data, sizeof(data), 0);
				host_run_for(50 * TCP_MS);
			}
			s = host_accept(l);
			while (s && host_read(s, data, sizeof(data), 0) > 0)
				;
			if (s)
				host_close(s);
		}
		if (c)
			host_close(c);
		host_close(l);
		host_end();
	}
}
