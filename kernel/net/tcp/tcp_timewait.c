/*
 * TIME-WAIT (RFC 9293, 3.6.1): after an active close the pair of ends stays taken for 2 MSL, so
 * that late segments do not disturb a successor.
 *
 * The connection itself stands there, without buffers and timer: a list in order of expiry with one
 * timer for all (they wait equally long). A SYN that is newer by time stamp or sequence number may
 * have the place at once (RFC 6191, RFC 1122, 4.2.2.13), and so may connect(2) from here if the
 * last segment is older than a second.
 *
 * Lock: list_lock (RANK_NET_LEAF) guards list and timer; after the sock's.
 */
#include "core/log.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

static struct spinlock list_lock = SPINLOCK_INIT(RANK_NET_LEAF, "tcp_timewait");
static LIST_HEAD(waiting);                     /* list_lock */
static struct soft_timer timer;                /* list_lock: arming */
static bool timer_ready;                       /* list_lock */

/* Takes one that is due off the list, with the list's reference. */
static struct tcp_sock *take_due(u64 now)
{
	struct tcp_sock *t;

	spin_lock(&list_lock);
	t = list_first_entry_or_null(&waiting, struct tcp_sock, timewait_link);
	if (t && t->timewait_ns > now) {
		soft_timer_arm(&timer, t->timewait_ns);
		t = NULL;
	}
	if (t) {
		list_del_init(&t->timewait_link);
		t->timewait = false;
	}
	spin_unlock(&list_lock);
	return t;
}

static void expire(struct soft_timer *unused)
{
	u64 now = clock_monotonic();
	struct tcp_sock *t;

	while ((t = take_due(now))) {
		struct sock *s = tcp_base(t);

		spin_lock(&s->lock);
		if (t->state == TCP_TIME_WAIT)
			tcp_done(t);
		spin_unlock(&s->lock);
		sock_put(s);
	}
}

static void enlist(struct tcp_sock *t)
{
	bool first;

	spin_lock(&list_lock);
	if (!timer_ready) {
		soft_timer_init(&timer, expire);
		timer_ready = true;
	}
	t->timewait_ns = clock_monotonic() + TCP_TIMEWAIT;
	if (t->timewait) {
		list_move_tail(&t->timewait_link, &waiting);
	} else {
		first = list_empty(&waiting);
		list_add_tail(&t->timewait_link, &waiting);
		t->timewait = true;
		sock_get(tcp_base(t));
		if (first)
			soft_timer_arm(&timer, t->timewait_ns);
	}
	spin_unlock(&list_lock);
}

void tcp_timewait_enter(struct tcp_sock *t)
{
	if (__atomic_load_n(&tcp_n_timewait, __ATOMIC_RELAXED) >= READ_ONCE(tcp_max_tw_buckets)) {
		tcp_count(TCPTimeWaitOverflow);
		tcp_done(t);
		return;
	}
	tcp_count(TW);
	tcp_timer_stop(t);
	tcp_sent_purge(t);
	tcp_ooo_purge(t);
	sendbuf_fini(&t->buf);
	WRITE_ONCE(tcp_base(t)->send_used, 0);
	tcp_set_state(t, TCP_TIME_WAIT);
	if (tcp_base(t)->flags & SOCK_ORPHAN) {
		/* An orphan no more: it needs nothing that is scarce. */
		tcp_account(&tcp_n_orphans, -1);
		t->counted_orphan = false;
	}
	tcp_base(t)->shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	enlist(t);
	sock_wake(tcp_base(t), POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM);
}

void tcp_timewait_leave(struct tcp_sock *t)
{
	bool listed;

	spin_lock(&list_lock);
	listed = t->timewait;
	if (listed) {
		list_del_init(&t->timewait_link);
		t->timewait = false;
	}
	spin_unlock(&list_lock);
	if (listed)
		sock_put(tcp_base(t));
}

static bool newer_syn(const struct tcp_sock *t, const struct tcp_segment *seg)
{
	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (t->stamps_ok && seg->options.has_stamp)
		return (s32)(seg->options.stamp - t->ts_recent) > 0;
	return seq_gt(seg->seq, t->rcv_nxt);
}

bool tcp_timewait_input(struct tcp_sock *t, struct packet *p, const struct tcp_segment *seg)
{
	bool old = t->stamps_ok && seg->options.has_stamp &&
		   (s32)(seg->options.stamp - t->ts_recent) < 0;

	if (newer_syn(t, seg)) {
		tcp_count(TWRecycled);
		tcp_done(t);
		return true;
	}
	if (seg->flags & TCP_RST) {
		/* RFC 1337: assassination is optional. */
		if (!READ_ONCE(tcp_rfc1337) && seg->seq == t->rcv_nxt)
			tcp_done(t);
		return false;
	}
	if (old || seg->flags & TCP_SYN || seg->length ||
	    (seg->flags & TCP_FIN && seq_lt(seg->end, t->rcv_nxt))) {
		tcp_challenge(t);
		return false;
	}
	if (seg->flags & TCP_FIN) {
		/* Our last ACK was lost: again, and from the start. */
		tcp_send_ack(t);
		enlist(t);
	}
	return false;
}

bool tcp_reusable(struct sock *other)
{
	struct tcp_sock *t = tcp_sock(other);
	u32 how = READ_ONCE(tcp_tw_reuse);

	if (READ_ONCE(t->state) != TCP_TIME_WAIT || !t->stamps_ok || !how ||
	    (how == 2 && !ipaddr_loopback(&t->inet.remote)))
		return false;
	return clock_monotonic() - t->ts_recent_ns > 1000 * TCP_MS;
}
