/*
 * TIME-WAIT (RFC 9293, 3.6.1): after an active close the pair of ends stays taken for 2 MSL, so
 * that late segments do not disturb a successor.
 *
 * The socket is done with then. What stays is a struct tcp_wait: ends, numbers, time stamps, in the
 * tables of ports as a flow without a socket. They wait on a list in order of expiry, with one
 * timer for all (they wait equally long). A SYN that is newer by time stamp or sequence number may
 * have the place at once (RFC 6191, RFC 1122, 4.2.2.13), if somebody listens, and so may connect(2)
 * from here if the last segment is older than a second.
 *
 * Lock: wait_lock (RANK_NET_LEAF) guards list, timer and what changes in those on it; after a
 * sock's and the tables'. References: the tables', which is dropped by who takes it off the list.
 */
#include "mm/slab.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"
#include "net/tcp/tcp_wait.h"

static struct slab_cache *wait_cache;          /* I */
static struct spinlock wait_lock = SPINLOCK_INIT(RANK_NET_LEAF, "tcp_timewait");
static LIST_HEAD(waiting);                     /* wait_lock */
static struct soft_timer timer;                /* wait_lock: arming */

static void end(struct tcp_wait *w)
{
	tcp_account(&tcp_n_timewait, -1);
	flow_wait_end(tcp_ports, &w->flow);
}

/* Takes one that is due off the list. */
static struct tcp_wait *take_due(u64 now)
{
	struct tcp_wait *w;

	spin_lock(&wait_lock);
	w = list_first_entry_or_null(&waiting, struct tcp_wait, link);
	if (w && w->until_ns > now) {
		soft_timer_arm(&timer, w->until_ns);
		w = NULL;
	}
	if (w)
		list_del_init(&w->link);
	spin_unlock(&wait_lock);
	return w;
}

static void expire(struct soft_timer *unused)
{
	u64 now = clock_monotonic();
	struct tcp_wait *w;

	while ((w = take_due(now)))
		end(w);
}

/* From its beginning. With wait_lock. */
static void wait_anew(struct tcp_wait *w)
{
	bool first = list_empty(&waiting);

	w->until_ns = clock_monotonic() + TCP_TIMEWAIT;
	list_move_tail(&w->link, &waiting);
	if (first)
		soft_timer_arm(&timer, w->until_ns);
}

/* It is over before its time; not twice. */
void tcp_wait_end(struct tcp_wait *w)
{
	bool listed;

	spin_lock(&wait_lock);
	listed = !list_empty(&w->link);
	list_del_init(&w->link);
	spin_unlock(&wait_lock);
	if (listed)
		end(w);
}

static struct tcp_wait *make(struct tcp_sock *t)
{
	struct tcp_wait *w;

	if (__atomic_load_n(&tcp_n_timewait, __ATOMIC_RELAXED) >= READ_ONCE(tcp_max_tw_buckets))
		return NULL;
	w = slab_alloc(wait_cache, MM_ATOMIC | MM_ZERO);
	if (!w)
		return NULL;
	w->flow.cache = wait_cache;
	w->cookie = tcp_base(t)->cookie;
	w->mark = tcp_base(t)->mark;
	w->snd_nxt = t->snd_nxt;
	w->rcv_nxt = t->rcv_nxt;
	w->window = (u16)(t->rcv_wnd >> t->rcv_wscale);
	w->stamps_ok = t->stamps_ok;
	w->ts_offset = t->ts_offset;
	w->ts_recent = t->ts_recent;
	w->ts_recent_ns = t->ts_recent_ns;
	w->tos = ipaddr_is4(&t->inet.remote) ? t->inet.tos : t->inet.six.class;
	w->ttl = ipaddr_is4(&t->inet.remote) ? t->inet.ttl : t->inet.six.hops;
	return w;
}

void tcp_timewait_enter(struct tcp_sock *t)
{
	struct tcp_wait *w = make(t);

	if (w) {
		tcp_count(TW);
		tcp_account(&tcp_n_timewait, 1);
		list_init(&w->link);
		flow_wait_begin(tcp_ports, &w->flow, &t->inet);
		spin_lock(&wait_lock);
		wait_anew(w);
		spin_unlock(&wait_lock);
	} else {
		tcp_count(TCPTimeWaitOverflow);
	}
	tcp_done(t);
}

/* The ACK that says where the connection stood. */
static void answer(const struct tcp_wait *w, u32 echo)
{
	struct tcp_options o = {
		.has_stamp = w->stamps_ok, .echo = echo,
		.stamp = (u32)(clock_monotonic() / TCP_MS) + w->ts_offset,
	};
	struct tcp_reply reply = {
		.from = w->flow.local, .to = w->flow.remote, .from_port = w->flow.local_port,
		.to_port = w->flow.remote_port, .seq = w->snd_nxt, .ack = w->rcv_nxt,
		.window = w->window, .flags = TCP_ACK, .tos = w->tos, .ttl = w->ttl,
		.nif = w->flow.nif, .mark = w->mark, .options = &o,
	};

	(void)tcp_reply(&reply);
}

/* A SYN of a connection after this one. */
static bool newer_syn(const struct tcp_wait *w, const struct tcp_segment *seg)
{
	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	return seq_gt(seg->seq, w->rcv_nxt) ||
	       (w->stamps_ok && seg->options.has_stamp &&
		(s32)(seg->options.stamp - w->ts_recent) > 0);
}

/* With wait_lock: whether the segment is one to answer. */
static bool dubious(struct tcp_wait *w, const struct tcp_segment *seg, bool old)
{
	u64 now = clock_monotonic();

	if (seg->flags & TCP_RST)
		return false;
	if (!old && seg->seq == w->rcv_nxt && seg->end == seg->seq) {
		/* An ACK of our FIN, once more: a sign of life. */
		wait_anew(w);
		if (w->stamps_ok && seg->options.has_stamp) {
			w->ts_recent = seg->options.stamp;
			w->ts_recent_ns = now;
		}
		return false;
	}
	if (old)
		tcp_count(PAWSEstab);
	/* Our last ACK was lost, perhaps: again, and from the start. */
	if (old || seg->flags & TCP_ACK)
		wait_anew(w);
	if (!(seg->flags & TCP_FIN) && w->answered_ns &&
	    now - w->answered_ns < READ_ONCE(tcp_invalid_ratelimit) * TCP_MS) {
		tcp_count(TCPACKSkippedTimeWait);
		return false;
	}
	w->answered_ns = now;
	return true;
}

/* A segment for one that waits (RFC 9293, 3.10.7.4). */
static void take_segment(struct tcp_wait *w, const struct tcp_segment *seg, bool old)
{
	bool over = false, reply = false;
	u32 echo;

	spin_lock(&wait_lock);
	if (list_empty(&w->link)) {
		spin_unlock(&wait_lock);
		return;
	}
	/* RFC 1337: the assassination of one in TIME-WAIT is prevented if asked for. */
	if (seg->flags & TCP_RST && seg->seq == w->rcv_nxt && !old) {
		over = !READ_ONCE(tcp_rfc1337);
		if (!over)
			wait_anew(w);
	}
	reply = dubious(w, seg, old);
	echo = w->ts_recent;
	spin_unlock(&wait_lock);
	if (over)
		tcp_wait_end(w);
	else if (reply)
		answer(w, echo);
}

bool tcp_timewait_input(struct packet *p, struct tcp_segment *seg)
{
	const struct ip_info *info = ip_info(p);
	struct flow_wait *flow = flow_wait_find(tcp_ports, &info->to, seg->to_port, &info->from,
						seg->from_port, info->nif);
	struct inet_sock *listener;
	bool old, yields = false;
	struct tcp_wait *w;

	if (!flow)
		return false;
	w = tcp_wait(flow);
	old = w->stamps_ok && seg->options.has_stamp &&
	      (s32)(seg->options.stamp - READ_ONCE(w->ts_recent)) < 0;
	if (!old && newer_syn(w, seg)) {
		listener = port_find(tcp_ports, &info->to, seg->to_port, &info->from,
				     seg->from_port, info->nif, tcp_is_listening);
		if (listener) {
			tcp_count(TWRecycled);
			/* What is sent now has to be beyond what was sent (RFC 1122). */
			seg->iss_least = w->snd_nxt + 0x10000;
			seg->has_iss_least = true;
			tcp_wait_end(w);
			sock_put(&listener->sock);
			yields = true;
		}
	}
	if (!yields)
		take_segment(w, seg, old);
	flow_wait_put(flow);
	return !yields;
}

/* For connect(2), by tcp_tw_reuse (RFC 6191): it goes as soon as it can. With bucket locks. */
static bool gives_way(struct flow_wait *flow)
{
	struct tcp_wait *w = tcp_wait(flow);
	u32 how = READ_ONCE(tcp_tw_reuse);
	u64 now = clock_monotonic();
	bool yields = true;

	spin_lock(&wait_lock);
	if (!list_empty(&w->link)) {
		yields = w->stamps_ok && how && (how == 1 || ipaddr_loopback(&flow->remote)) &&
			 now - w->ts_recent_ns > 1000 * TCP_MS;
		if (yields) {
			w->until_ns = now;
			list_move(&w->link, &waiting);
			soft_timer_arm(&timer, now);
		}
	}
	spin_unlock(&wait_lock);
	return yields;
}

u64 tcp_wait_until(const struct tcp_wait *w)
{
	return READ_ONCE(w->until_ns);
}

void tcp_timewait_init(void)
{
	wait_cache = slab_cache_create("tcp_wait", sizeof(struct tcp_wait), 0);
	if (wait_cache)
		port_table_set_waits(tcp_ports, gives_way);
	soft_timer_init(&timer, expire);
}
