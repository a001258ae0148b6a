/*
 * listen(2) and accept(2), and what a segment means to a listener.
 *
 * The backlog bounds the connections that wait for accept(2), and the requests. A full accept queue
 * makes SYNs be dropped, and the ACK that would complete a request is ignored (the client sends
 * again) or, by tcp_abort_on_overflow, answered with RST.
 */
#include "abi/fcntl.h"
#include "core/random.h"
#include "mm/slab.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_setting.h"

static int start_listening(struct tcp_sock *t, struct tcp_listener *q)
{
	struct inet_sock *i = &t->inet;
	int err;

	/* LISTEN before the port is asked for, so that of two only one gets it. */
	t->listener = q;
	tcp_set_state(t, TCP_LISTEN);
	err = port_bind(tcp_ports, i, &i->local, i->local_port, tcp_is_listening);
	if (err) {
		tcp_set_state(t, TCP_CLOSE);
		t->listener = NULL;
		return err;
	}
	i->sock.shut = 0;
	i->sock.flags |= SOCK_LISTENING;
	return 0;
}

int tcp_listen(struct sock *s, u32 backlog)
{
	struct tcp_sock *t = tcp_sock(s);
	struct tcp_listener *q = kzalloc(sizeof(*q), MM_KERNEL);
	int err = 0;

	if (!q)
		return -ENOMEM;
	list_init(&q->accept);
	q->seed = random_u64();
	spin_lock(&s->lock);
	if (t->phase != PHASE_UNCONNECTED || (t->state != TCP_CLOSE && t->state != TCP_LISTEN))
		err = -EINVAL;
	else if (t->state == TCP_CLOSE)
		err = start_listening(t, q);
	if (!err)
		t->listener->backlog = backlog;
	if (t->listener == q)
		q = NULL;
	spin_unlock(&s->lock);
	kfree(q);
	return err;
}

/* Nobody will accept it any more. With the listener's lock. */
static void drop_child(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	spin_lock(&s->lock);
	list_del_init(&t->accept_link);
	s->flags |= SOCK_ORPHAN;
	tcp_abort(t);
	spin_unlock(&s->lock);
	sock_put(s);
}

void tcp_listen_stop(struct tcp_sock *l)
{
	struct tcp_listener *q = l->listener;
	struct tcp_sock *t, *tmp;

	tcp_timer_stop(l);
	/* Out of the tables first: no new ones come. */
	tcp_set_state(l, TCP_CLOSE);
	l->listener = NULL;
	tcp_base(l)->flags &= ~SOCK_LISTENING;
	if (!l->inet.bound_port)
		port_release(tcp_ports, &l->inet);
	tcp_request_drop_all(q);
	list_for_each_entry_safe(t, tmp, &q->accept, accept_link)
		drop_child(t);
	kfree(q);
	tcp_base(l)->shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	sock_wake(tcp_base(l), POLLIN | POLLHUP);
}

bool tcp_accept_ready(const struct tcp_sock *l)
{
	const struct tcp_listener *q = l->listener;

	return q && !list_empty(&q->accept);
}

/* With the lock: a connection, or -EAGAIN, -EINVAL. */
static int take_child(struct tcp_sock *l, struct tcp_sock **out)
{
	if (l->state != TCP_LISTEN)
		return -EINVAL;
	if (list_empty(&l->listener->accept))
		return -EAGAIN;
	*out = list_first_entry(&l->listener->accept, struct tcp_sock, accept_link);
	list_del_init(&(*out)->accept_link);
	l->listener->n_accept--;
	return 0;
}

/* What accept(2) waits for. No lock held. */
static bool accept_or_end(struct tcp_sock *l)
{
	bool ready;

	spin_lock(&tcp_base(l)->lock);
	ready = l->state != TCP_LISTEN || tcp_accept_ready(l);
	spin_unlock(&tcp_base(l)->lock);
	return ready;
}

int tcp_accept(struct sock *s, u32 flags, struct sock **out)
{
	struct tcp_sock *l = tcp_sock(s), *child;
	u64 deadline = sock_receive_deadline(s, flags & O_NONBLOCK ? MSG_DONTWAIT : 0);
	int err;

	for (;;) {
		spin_lock(&s->lock);
		err = take_child(l, &child);
		spin_unlock(&s->lock);
		if (err != -ABI_EAGAIN)
			break;
		err = sock_wait_in_turn(s, POLLIN, accept_or_end(l), deadline);
		if (err)
			break;
	}
	if (!err)
		*out = tcp_base(child);
	return err;
}

/* Requests ------------------------------------------------------------------------------------ */

/* The handshake's last ACK, at last: the request becomes a connection. */
static bool complete(struct tcp_sock *l, struct tcp_request *r, struct packet *p,
		     struct tcp_segment *seg)
{
	struct tcp_listener *q = l->listener;
	struct tcp_sock *t;
	bool taken;

	if (tcp_accept_full(q)) {
		tcp_count(ListenOverflows);
		if (READ_ONCE(tcp_abort_on_overflow)) {
			tcp_reply_reset(p, seg);
			if (!hlist_unhashed(&r->link))
				tcp_request_drop(q, r);
		} else {
			r->acked = true;
		}
		return false;
	}
	t = tcp_request_accept(l, r);
	if (!t) {
		tcp_count(ListenDrops);
		return false;
	}
	t->saved_syn = r->saved;
	r->saved = NULL;
	if (!hlist_unhashed(&r->link))
		tcp_request_drop(q, r);
	t->segs_in++;
	taken = tcp_input(t, p, seg);
	spin_unlock(&tcp_base(t)->lock);
	sock_wake(tcp_base(l), POLLIN | POLLRDNORM);
	return taken;
}

static bool paws_rejects(const struct tcp_request *r, const struct tcp_segment *seg)
{
	return r->stamps_ok && seg->options.has_stamp && !(seg->flags & TCP_RST) &&
	       (s32)(seg->options.stamp - r->ts_recent) < 0;
}

/* A segment for a request: SYN-RECEIVED of RFC 9293, 3.10.7.4. */
static bool input_request(struct tcp_sock *l, struct tcp_request *r, struct packet *p,
			  struct tcp_segment *seg)
{
	if (paws_rejects(r, seg) || (seg->flags & TCP_SYN && !(seg->flags & TCP_RST))) {
		/* The SYN once more: so is the answer. */
		if (seg->flags & TCP_SYN && seg->seq == r->irs && !(seg->flags & TCP_ACK)) {
			r->again = true;
			tcp_request_answer(l, r);
		}
		return false;
	}
	if (!seq_within(seg->seq, r->irs + 1, max(r->rcv_wnd, 1u)))
		return false;
	if (seg->flags & TCP_RST) {
		if (seg->seq == r->irs + 1) {
			tcp_count(EmbryonicRsts);
			tcp_request_drop(l->listener, r);
		}
		return false;
	}
	if (!(seg->flags & TCP_ACK))
		return false;
	if (seg->ack != r->iss + 1) {
		tcp_reply_reset(p, seg);
		return false;
	}
	/* TCP_DEFER_ACCEPT: an ACK alone is not worth waking the server. */
	if (l->defer_accept > r->retries && seg->end == r->irs + 1) {
		r->acked = true;
		tcp_count(TCPDeferAcceptDrop);
		return false;
	}
	return complete(l, r, p, seg);
}

/* No request: a new SYN, a cookie, or something that went astray. */
static bool input_unknown(struct tcp_sock *l, struct packet *p, struct tcp_segment *seg,
			  bool *again)
{
	const struct ip_info *info = ip_info(p);
	struct tcp_request request;
	struct inet_sock *i;

	if (seg->flags & TCP_RST)
		return false;
	if (seg->flags & TCP_ACK) {
		/* Its connection may have been made while we waited for the lock. */
		i = flow_find(tcp_ports, &info->to, seg->to_port, &info->from, seg->from_port,
			      info->nif);
		if (i) {
			*again = READ_ONCE(((struct tcp_sock *)i)->state) != TCP_CLOSE;
			sock_put(&i->sock);
			if (*again)
				return false;
		}
		if (!(seg->flags & TCP_SYN) && tcp_cookies_used() &&
		    tcp_cookie_check(p, seg, &request) && tcp_request_path(l, &request))
			return complete(l, &request, p, seg);
		tcp_reply_reset(p, seg);
		return false;
	}
	if (seg->flags & TCP_SYN && !(seg->flags & TCP_FIN))
		tcp_request_new(l, p, seg);
	return false;
}

bool tcp_listen_input(struct tcp_sock *l, struct packet *p, struct tcp_segment *seg, bool *again)
{
	struct sock *s = tcp_base(l);
	struct tcp_request *r;
	bool taken = false;

	spin_lock(&s->lock);
	if (l->state != TCP_LISTEN) {
		*again = true;
	} else {
		r = tcp_request_find(l->listener, ip_info(p), seg);
		taken = r ? input_request(l, r, p, seg) : input_unknown(l, p, seg, again);
	}
	spin_unlock(&s->lock);
	return taken;
}

/* A request's time is over: SYN-ACK again, twice as late each time, or no more. */
static void request_expire(struct tcp_sock *l, struct tcp_request *r, u64 now)
{
	u32 most = l->syn_count ? l->syn_count : READ_ONCE(tcp_synack_retries);

	if (r->retries >= max(most, (u32)l->defer_accept)) {
		tcp_count(AttemptFails);
		tcp_request_drop(l->listener, r);
		return;
	}
	r->retries++;
	r->again = true;
	tcp_count(RetransSegs);
	tcp_count(TCPSynRetrans);
	tcp_request_answer(l, r);
	r->deadline_ns = now + min(TCP_RTO_FIRST << min(r->retries, (u8)7), TCP_RTO_MAX);
}

void tcp_listen_timer(struct tcp_sock *l)
{
	struct tcp_listener *q = l->listener;
	u64 now = clock_monotonic(), next = ~0ull;
	struct hlist_node *tmp;
	struct tcp_request *r;

	l->keep_ns = 0;
	for (unsigned i = 0; i < TCP_REQUEST_BUCKETS; i++) {
		hlist_for_each_entry_safe(r, tmp, &q->requests[i], link) {
			if (r->deadline_ns <= now)
				request_expire(l, r, now);
		}
		hlist_for_each_entry(r, &q->requests[i], link)
			next = min(next, r->deadline_ns);
	}
	if (next != ~0ull)
		tcp_keep_arm(l, next > now ? next - now : TCP_MS);
}

void tcp_listen_info(const struct tcp_sock *l, struct tcp_info *info)
{
	info->tcpi_unacked = l->listener->n_accept;
	info->tcpi_sacked = l->listener->backlog;
}

unsigned tcp_listen_copy(const struct tcp_sock *l, unsigned skip, struct tcp_request *out,
			 unsigned most)
{
	const struct tcp_request *r;
	unsigned n = 0;

	for (unsigned i = 0; l->listener && i < TCP_REQUEST_BUCKETS; i++)
		hlist_for_each_entry(r, &l->listener->requests[i], link) {
			if (skip) {
				skip--;
				continue;
			}
			if (n == most)
				return n;
			out[n++] = *r;
		}
	return n;
}
