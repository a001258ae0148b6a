/*
 * Fuzz target of TCP: a listener and a connection get segments of which every byte is the
 * fuzzer's, with good checksums; whatever they are, the sums of the scoreboard agree and everything
 * is given back.
 */
#include "test/host/tcp_host.h"

#include "lib/inetsum.h"

static void check_sums(const struct tcp_sock *t)
{
	u32 sacked = 0, lost = 0, again = 0, n = 0, at = t->snd_una;
	struct tcp_sent *s;

	list_for_each_entry(s, &t->sent, link) {
		u32 size = s->end - s->start;

		INSIST(size && (s == tcp_sent_first(t) || s->start == at));
		sacked += s->state & SENT_SACKED ? size : 0;
		lost += s->state & SENT_LOST ? size : 0;
		again += s->state & SENT_AGAIN ? size : 0;
		at = s->end;
		n++;
	}
	INSIST(sacked == t->sacked_bytes && lost == t->lost_bytes && again == t->again_bytes);
	INSIST(n == t->n_sent);
	INSIST(!(t->sacked_bytes && t->lost_bytes) || sacked + lost <= t->snd_nxt - t->snd_una);
	INSIST((s32)(t->buf.end - t->buf.start) >= 0 && t->cwnd);
}

/* One segment: bytes of the fuzzer, put near the numbers in use so that some get far. */
static void inject(const uint8_t *data, u32 n, const struct tcp_sock *t)
{
	u8 *bytes = malloc(n);
	struct tcp_header *h = (struct tcp_header *)bytes;
	struct ipaddr from = ipaddr_4(hton32(HOST_PEER)), to = ipaddr_4(hton32(HOST_A));

	memcpy(bytes, data, n);
	if (n >= TCP_HEADER) {
		h->from = hton16(5000 + (bytes[0] & 3));
		h->to = hton16(80);
		if (bytes[1] & 1)
			h->seq = hton32(t->rcv_nxt + (u32)(s8)bytes[7] * (bytes[6] & 15));
		if (bytes[1] & 2)
			h->ack = hton32(t->snd_una + (u32)(s8)bytes[11] * (bytes[10] & 15));
		if (bytes[1] & 4)
			h->offset = (u8)(5 + (bytes[12] & 7)) << 4;
		h->sum = 0;
		h->sum = sum_finish(sum_bytes(bytes, n,
					      ip_pseudo_sum(&from, &to, IPPROTO_TCP, n)));
	}
	host_inject_raw(HOST_A, bytes, n);
	free(bytes);
}

static void act(u8 what, struct tcp_sock *t)
{
	static char data[9000];
	struct host_segment *s;

	switch (what & 7) {
	case 0:
		host_run_for((what >> 3) * 40 * TCP_MS);
		break;
	case 1:
		(void)host_write(t, data, 1u + what * 30u, what & 8 ? MSG_OOB : 0);
		break;
	case 2:
		(void)host_read(t, data, sizeof(data), what & 8 ? MSG_PEEK : 0);
		break;
	case 3:
		if (what == 3)
			tcp_shutdown(tcp_base(t), SHUT_WR);
		break;
	}
	while ((s = host_next()))
		host_segment_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_segment syn = { .from_port = 5000, .to_port = 80, .seq = 1000, .window = 8000,
				   .flags = TCP_SYN };
	struct host_segment *s;
	struct tcp_sock *l, *t, *other;

	host_begin(1);
	l = host_listener(HOST_A, 80, 3);
	syn.options = (struct tcp_options){ .mss = 1000, .sack_ok = true, .has_stamp = size & 1,
					    .stamp = 1 };
	host_inject(HOST_A, &syn, NULL);
	host_run_for(10 * TCP_MS);
	s = host_next();
	INSIST(s != NULL);
	syn.flags = TCP_ACK;
	syn.seq++;
	syn.ack = s->seg.seq + 1;
	syn.options.echo = s->seg.options.stamp;
	syn.options.mss = 0;
	syn.options.sack_ok = false;
	host_segment_free(s);
	host_inject(HOST_A, &syn, NULL);
	t = host_accept(l);
	INSIST(t != NULL);
	while (size > 2) {
		u32 n = min((size_t)data[0] % 96, size - 2);

		act(data[1], t);
		data += 2;
		size -= 2;
		if (n) {
			inject(data, n, t);
			check_sums(t);
		}
		data += n;
		size -= n;
	}
	while ((other = host_accept(l)))
		host_close(other);
	host_close(t);
	host_close(l);
	host_end();
	return 0;
}
