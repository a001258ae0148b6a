/*
 * recv(2) and its kin: from the receive queue to user space.
 *
 * The engine appends to sock.receive; a reader (recv_lock) takes all of it over to `reading`, of
 * which he is the only user, and copies without the spinlock. What he has read is accounted when he
 * takes the lock the next time: then the window may open and the peer be told.
 */
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "vm/iov.h"

/* One call's progress. */
struct reader {
	struct msg *m;
	size_t want, target, done;
	u64 deadline;
	u32 peeked;               /* MSG_PEEK: bytes passed without taking them */
	u32 taken, freed;         /* not yet accounted: bytes, and what their packets counted */
	u32 available;            /* bytes that may be copied now */
	u64 stamp_ns;             /* of the packet that was copied from last; 0: it has none */
	bool skip;                /* the next byte is the urgent one, which is not in the stream */
};

static bool peeking(const struct reader *r)
{
	return r->m->flags & MSG_PEEK;
}

/* What was read since is no longer there. With the lock. */
static void account(struct tcp_sock *t, struct reader *r)
{
	struct sock *s = tcp_base(t);

	if (!r->taken)
		return;
	WRITE_ONCE(t->copied_seq, t->copied_seq + r->taken);
	/* What a packet counts was forgotten if the queue was dropped meanwhile. */
	WRITE_ONCE(s->receive_used, s->receive_used - min(r->freed, s->receive_used));
	tcp_mem_update(t);
	r->taken = r->freed = 0;
	if (t->urgent != URGENT_NONE && seq_gt(t->copied_seq, t->urgent_seq))
		t->urgent = URGENT_NONE;
	tcp_tune_receive(t);
	tcp_after_read(t);
}

/* Takes over what has come. With the lock. */
static void take_queue(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	if (!s->receive.first)
		return;
	*t->reading.last = s->receive.first;
	t->reading.last = s->receive.last;
	t->reading.n += s->receive.n;
	t->reading.bytes += s->receive.bytes;
	packet_queue_init(&s->receive);
}

/* How much there is to read before the urgent mark; false: reading stops there. With the lock. */
static bool find_available(struct tcp_sock *t, struct reader *r)
{
	u32 seq = t->copied_seq + r->peeked, ahead;

	r->available = tcp_readable(t) - r->peeked;
	r->skip = false;
	if (likely(t->urgent == URGENT_NONE))
		return true;
	ahead = t->urgent_seq - seq;
	if ((s32)ahead < 0 || ahead >= r->available)
		return ahead != 0 || !r->done;
	if (ahead) {
		r->available = ahead;
		return true;
	}
	if (r->done)
		return false;
	r->skip = !(tcp_base(t)->flags & SOCK_OOBINLINE);
	return true;
}

/* Nothing to read: 0: the end, 1: wait, or -errno. With the lock. */
static int nothing_there(struct tcp_sock *t, struct reader *r)
{
	struct sock *s = tcp_base(t);

	if (r->done)
		return r->done >= r->target || s->error || s->shut & SOCK_SHUT_RD ||
		       t->state == TCP_CLOSE ? 0 : 1;
	if (t->fin_seen)
		return 0;
	if (s->error)
		return sock_take_error(s);
	if (s->shut & SOCK_SHUT_RD)
		return 0;
	if (t->state == TCP_CLOSE)
		return -ENOTCONN;
	return 1;
}

/* Accounts, and finds what to do next: bytes to copy, 0: the end, -EAGAIN: wait, or -errno. */
static int next_step(struct tcp_sock *t, struct reader *r)
{
	struct sock *s = tcp_base(t);
	int ret;

	spin_lock(&s->lock);
	account(t, r);
	take_queue(t);
	if (t->state == TCP_LISTEN) {
		ret = -ENOTCONN;
	} else if (!find_available(t, r)) {
		ret = 0;
	} else if (r->available) {
		ret = 1;
	} else {
		ret = nothing_there(t, r);
		if (ret == 1)
			ret = -EAGAIN;
	}
	spin_unlock(&s->lock);
	return ret;
}

/* Takes the first packet's next n bytes off. */
static void consume(struct tcp_sock *t, struct reader *r, struct packet *p, u32 n)
{
	t->reading_done += n;
	r->taken += n;
	if (t->reading_done == p->length) {
		r->freed += p->charged;
		t->reading_done = 0;
		packet_free(packet_dequeue(&t->reading));
	}
}

/* Copies as much as there is and is wanted: 0 or -EFAULT. */
static int copy_available(struct tcp_sock *t, struct reader *r)
{
	struct packet *p = t->reading.first, *next;
	u32 offset = t->reading_done, passed = r->peeked;
	u32 left = (u32)min((size_t)r->available, r->want - r->done + r->skip);

	while (p && passed >= p->length - offset && passed) {
		passed -= p->length - offset;
		p = p->next;
		offset = 0;
	}
	offset += passed;
	for (; left && p; p = next, offset = 0) {
		u32 n = min(p->length - offset, left), copied = n;

		next = p->next;
		if (r->skip)
			n = copied = 1;
		else if (!(r->m->flags & MSG_TRUNC))
			copied = (u32)packet_copy_to(p, offset, r->m->iter, n);
		if (!r->skip)
			r->done += copied;
		left -= n;
		r->stamp_ns = p->stamp_ns;
		if (peeking(r))
			r->peeked += copied;
		else
			consume(t, r, p, copied);
		if (copied < n)
			return -EFAULT;
		if (r->skip) {
			/* Further bytes in another round. */
			r->skip = false;
			break;
		}
	}
	return 0;
}

/* What a reader waits for. No lock held. */
static bool can_go_on(struct tcp_sock *t, u32 have)
{
	const struct sock *s = &t->inet.sock;

	return tcp_readable(t) > have || READ_ONCE(s->error) ||
	       READ_ONCE(s->shut) & SOCK_SHUT_RD || READ_ONCE(t->state) == TCP_CLOSE;
}

static int wait_data(struct tcp_sock *t, struct reader *r)
{
	struct sock *s = tcp_base(t);
	u32 have = r->peeked;
	int err;

	mutex_unlock(&s->recv_lock);
	err = sock_wait_for(s, POLLIN, can_go_on(t, have), r->deadline);
	mutex_lock(&s->recv_lock);
	/* Somebody else may have read meanwhile: peeking begins anew where it was. */
	if (r->peeked > tcp_readable(t))
		r->peeked = tcp_readable(t);
	return err;
}

static ssize_t receive(struct tcp_sock *t, struct reader *r)
{
	int err;

	for (;;) {
		err = next_step(t, r);
		if (err == 1) {
			err = copy_available(t, r);
			if (err || r->done == r->want)
				break;
			/* Enough for this call, unless more has come meanwhile. */
			if (r->done >= r->target && !t->reading.first &&
			    !READ_ONCE(tcp_base(t)->receive.first))
				break;
			if (peeking(r) && r->done >= r->target)
				break;
			continue;
		}
		if (err != -ABI_EAGAIN)
			break;
		err = wait_data(t, r);
		if (err)
			break;
	}
	if (r->taken) {
		spin_lock(&tcp_base(t)->lock);
		account(t, r);
		spin_unlock(&tcp_base(t)->lock);
	}
	return r->done ? (ssize_t)r->done : err;
}

ssize_t tcp_recv(struct sock *s, struct msg *m)
{
	struct tcp_sock *t = tcp_sock(s);
	struct reader r = { .m = m, .want = iov_left(m->iter) };
	ssize_t n;

	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_error(s, m);
	m->name_length = 0;
	r.deadline = sock_receive_deadline(s, m->flags);
	r.target = m->flags & MSG_WAITALL ? r.want : min((size_t)s->receive_low, r.want);
	r.target = max(r.target, (size_t)1);
	mutex_lock(&s->recv_lock);
	if (m->flags & MSG_OOB)
		n = tcp_urgent_recv(t, m);
	else if (!r.want)
		n = 0;
	else
		n = receive(t, &r);
	mutex_unlock(&s->recv_lock);
	if (unlikely(r.stamp_ns) && n > 0 && sock_recv_stamp(s, m, r.stamp_ns))
		return -EFAULT;
	if (n >= 0 && t->inq) {
		s32 left = (s32)min(tcp_readable(t), 0x7fffffffu);
		int err = msg_put_control(m, SOL_TCP, TCP_CM_INQ, &left, sizeof(left));

		if (err)
			return err;
	}
	return n;
}
