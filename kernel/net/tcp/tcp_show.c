/*
 * /proc/net/tcp and tcp6, in Linux' format (proc(5)). Lines are made without locks held: the sink
 * may wait. Addresses of the kernel are shown as 0.
 */
#include "lib/format.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_wait.h"

#define LINE 256

struct show {
	u16 family;
	struct format_sink *out;
	unsigned n;                   /* line number */
};

/* Addresses are printed as words of the machine. */
static int put_end(char *to, size_t size, u16 family, const struct ipaddr *a, u16 port)
{
	if (family == AF_INET)
		return snprintf(to, size, "%08X:%04X", ipaddr_is4(a) ? a->w[3] : 0, port);
	return snprintf(to, size, "%08X%08X%08X%08X:%04X", a->w[0], a->w[1], a->w[2], a->w[3],
			port);
}

/* Jiffies of 10 ms from now on. */
static u64 ticks_until(u64 ns)
{
	u64 now = clock_monotonic();

	return ns > now ? (ns - now) / (10 * TCP_MS) : 0;
}

unsigned tcp_timer_kind(const struct tcp_sock *t, u64 *at)
{
	if (t->tx_ns) {
		*at = t->tx_ns;
		return t->tx_kind == TX_PERSIST ? 4 : 1;
	}
	*at = t->state == TCP_LISTEN ? 0 : t->keep_ns;
	return *at ? 2 : 0;
}

static void show_line(struct show *w, const struct ipaddr *local, u16 local_port,
		      const struct ipaddr *remote, u16 remote_port, const char *rest)
{
	char ends[128];
	int n = put_end(ends, sizeof(ends), w->family, local, local_port);

	ends[n++] = ' ';
	put_end(ends + n, sizeof(ends) - (size_t)n, w->family, remote, remote_port);
	format_to(w->out, "%4u: %s %s\n", w->n++, ends, rest);
}

static void show_request(struct show *w, const struct tcp_request *r, u32 uid)
{
	char rest[LINE / 2];

	snprintf(rest, sizeof(rest), "%02X %08X:%08X %02X:%08llX %08X %5u %8d %u %d %016X",
		 TCP_SYN_RECV, 0, 0, 1, (unsigned long long)ticks_until(r->deadline_ns), r->retries,
		 uid, 0, 0, 0, 0);
	show_line(w, &r->local, r->local_port, &r->remote, r->remote_port, rest);
}

/* A few at a time, as lines are not made with the lock held. */
static void show_requests(struct show *w, struct tcp_sock *l)
{
	struct tcp_request some[4];
	unsigned n, done = 0;

	do {
		spin_lock(&l->inet.sock.lock);
		n = tcp_listen_copy(l, done, some, ARRAY_SIZE(some));
		spin_unlock(&l->inet.sock.lock);
		for (unsigned i = 0; i < n; i++)
			show_request(w, &some[i], l->inet.sock.uid);
		done += n;
	} while (n == ARRAY_SIZE(some));
}

static void describe(const struct tcp_sock *t, char *rest, size_t size)
{
	const struct sock *s = &t->inet.sock;
	u32 tx = t->buf.end - t->buf.start, rx = tcp_readable(t);
	unsigned kind;
	u64 at;

	if (TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV) | S_(CLOSE)))
		rx = 0;
	if (t->state == TCP_LISTEN) {
		rx = t->listener->n_accept;
		tx = 0;
	}
	kind = tcp_timer_kind(t, &at);
	snprintf(rest, size,
		 "%02X %08X:%08X %02X:%08llX %08X %5u %8u %llu %u %016X %llu %llu %u %u %d",
		 t->state, tx, rx, kind, (unsigned long long)(kind ? ticks_until(at) : 0),
		 t->retransmits, s->uid, t->probes, (unsigned long long)s->ino, s->refs.n,
		 0, (unsigned long long)(t->rto / (10 * TCP_MS)),
		 (unsigned long long)(t->ack_delay / (10 * TCP_MS)),
		 (u32)t->quick << 1 | t->pingpong, max(t->cwnd / t->mss, 1u),
		 t->ssthresh >= 1u << 30 ? -1 : (int)(t->ssthresh / t->mss));
}

static bool show_sock(struct inet_sock *i, void *arg)
{
	struct tcp_sock *t = (struct tcp_sock *)i;
	struct show *w = arg;
	struct ipaddr local, remote;
	u16 local_port, remote_port;
	char rest[LINE / 2 + 64];

	if (i->sock.family != w->family)
		return true;
	spin_lock(&i->sock.lock);
	local = i->local;
	remote = i->remote;
	local_port = i->local_port;
	remote_port = i->remote_port;
	if (t->state != TCP_CLOSE)
		describe(t, rest, sizeof(rest));
	else
		rest[0] = 0;
	spin_unlock(&i->sock.lock);
	if (rest[0])
		show_line(w, &local, local_port, &remote, remote_port, rest);
	if (READ_ONCE(t->state) == TCP_LISTEN)
		show_requests(w, t);
	return true;
}

/* In the form of a connection, with what is left of one. */
static bool show_wait(struct flow_wait *f, void *arg)
{
	struct show *w = arg;
	char rest[LINE / 2];

	if (f->family != w->family)
		return true;
	snprintf(rest, sizeof(rest), "%02X %08X:%08X %02X:%08llX %08X %5u %8d %u %u %016X",
		 TCP_TIME_WAIT, 0, 0, 3,
		 (unsigned long long)ticks_until(tcp_wait_until(tcp_wait(f))), 0, 0, 0, 0,
		 f->refs.n, 0);
	show_line(w, &f->local, f->local_port, &f->remote, f->remote_port, rest);
	return true;
}

void tcp_show(struct format_sink *out, bool six)
{
	struct show w = { .family = six ? AF_INET6 : AF_INET, .out = out };
	struct port_place at = { 0 };

	if (six)
		format_to(out, "  sl  local_address                         remote_address"
			       "                        st tx_queue rx_queue tr tm->when retrnsmt"
			       "   uid  timeout inode\n");
	else
		format_to(out, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			       "retrnsmt   uid  timeout inode\n");
	port_walk(tcp_ports, show_sock, &w);
	flow_wait_walk(tcp_ports, &at, show_wait, &w);
}

static bool count_six(struct inet_sock *i, void *n)
{
	*(u32 *)n += i->sock.family == AF_INET6;
	return true;
}

u32 tcp_count_six(void)
{
	u32 n = 0;

	port_walk(tcp_ports, count_six, &n);
	return n;
}
