/*
 * Streams: bytes in packets of the sender's, which the receiver takes from the front of its queue.
 * A message's descriptors and credentials stay with its first packet: a read does not go past
 * descriptors, nor, with SO_PASSCRED, from one sender to another (unix(7)).
 *
 * An urgent byte (MSG_OOB) is a packet of its own, to which u->urgent points until it was read or a
 * later one took its place. Where it was in the stream is the mark: a read ends there. One that
 * begins there passes over the byte, or reads it with SO_OOBINLINE. Read by itself it leaves an
 * empty packet behind, which is the mark still.
 */
#include "net/unix/unix_int.h"

#include "mm/frames.h"

#define CHUNK 65536u /* bytes of a packet, at most */

static int may_send(struct unix_sock *u, struct unix_sock **peer)
{
	*peer = READ_ONCE(u->peer);
	if (READ_ONCE(u->state) != UNIX_CONNECTED || !*peer)
		return -ENOTCONN;
	return READ_ONCE(u->sock.shut) & SOCK_SHUT_WR ? -EPIPE : 0;
}

/* Into the peer's queue and wakes it: 0, or -EPIPE (it reads no more). */
static int deliver(struct unix_sock *peer, struct packet *p, bool urgent)
{
	int err = 0;

	spin_lock(&peer->sock.lock);
	if (unlikely(peer->dead || peer->sock.shut & SOCK_SHUT_RD))
		err = -EPIPE;
	else
		packet_enqueue(&peer->sock.receive, p);
	if (unlikely(urgent) && !err)
		WRITE_ONCE(peer->urgent, p);
	spin_unlock(&peer->sock.lock);
	if (unlikely(urgent) && !err)
		sock_urgent(&peer->sock);
	if (likely(!err))
		sock_wake(&peer->sock, POLLIN | POLLRDNORM | WAKE_SYNC);
	return err;
}

static int wait_room(struct sock *s, u32 flags)
{
	if (likely(sock_send_room(s) && !READ_ONCE(s->error)))
		return READ_ONCE(s->shut) & SOCK_SHUT_WR ? -EPIPE : 0;
	return sock_wait_room(s, flags);
}

/* One packet of at most `left` bytes: how many or -errno. */
static ssize_t send_chunk(struct sock *s, struct unix_sock *peer, struct msg *m, size_t left,
			  struct unix_scm *scm, bool urgent)
{
	u32 most = max(READ_ONCE(s->send_limit) / 2, 128u) - 64, n;
	struct packet *p;
	int err = wait_room(s, m->flags);

	if (err)
		return err;
	n = (u32)min(left, (size_t)min(most, CHUNK));
	err = unix_packet(s, m, n, &p);
	if (err)
		return err;
	unix_scm_cred(unix_sock(s), peer, scm);
	err = unix_scm_attach(p, scm);
	if (!err)
		err = deliver(peer, p, urgent);
	if (err) {
		packet_free(p);
		return err;
	}
	return (ssize_t)n;
}

/* All of a message; with MSG_OOB its last byte is urgent: bytes or -errno. */
static ssize_t send_all(struct sock *s, struct unix_sock *peer, struct msg *m,
			struct unix_scm *scm)
{
	size_t urgent = m->flags & MSG_OOB ? 1 : 0;
	ssize_t done = 0, n = 0;

	while (iov_left(m->iter) && n >= 0) {
		size_t left = iov_left(m->iter);
		bool last = urgent && left == 1;

		n = send_chunk(s, peer, m, last ? 1 : left - urgent, scm, last);
		if (n > 0)
			done += n;
	}
	return done ? done : n;
}

ssize_t unix_stream_send(struct sock *s, struct msg *m)
{
	struct unix_sock *u = unix_sock(s), *peer;
	struct unix_scm scm;
	ssize_t n;

	if (m->flags & MSG_OOB && !iov_left(m->iter))
		return -EOPNOTSUPP;
	n = unix_scm_begin(m, &scm);
	if (n)
		return n;
	if (m->name_length)
		n = READ_ONCE(u->state) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	else
		n = may_send(u, &peer);
	if (!n)
		n = send_all(s, peer, m, &scm);
	unix_scm_drop(&scm);
	return n;
}

ssize_t unix_stream_send_page(struct sock *s, struct page *page, u32 offset, u32 n, u32 flags)
{
	struct unix_sock *u = unix_sock(s), *peer;
	struct unix_scm scm = { .has_cred = false };
	struct packet *p;
	int err = may_send(u, &peer);

	if (!err)
		err = wait_room(s, flags);
	if (err)
		return err;
	p = packet_alloc(0, 0, MM_KERNEL);
	if (!p)
		return -ENOBUFS;
	unix_scm(p)->rights = NULL;
	page_get(page);
	packet_add_frag(p, page, offset, n);
	sock_charge_send(s, p);
	unix_scm_cred(u, peer, &scm);
	err = unix_scm_attach(p, &scm);
	if (!err)
		err = deliver(peer, p, false);
	if (err) {
		packet_free(p);
		return err;
	}
	return (ssize_t)n;
}

/* Receiving ------------------------------------------------------------------------------------ */

/* A read on its way. r: recv_lock held. */
struct reading {
	struct unix_sock *u;
	struct msg *m;
	struct unix_scm scm;
	size_t copied, target;
	u32 seen;                 /* packets that were there when a peek passed over them */
	struct packet_queue gone; /* passed over, with files perhaps: freed without recv_lock */
	bool creds;               /* scm's credentials are those of all that was read */
	u64 deadline;             /* once waiting began */
	bool waited;
};

static bool readable(struct sock *s)
{
	return READ_ONCE(s->receive.first) || READ_ONCE(s->error) ||
	       READ_ONCE(s->shut) & SOCK_SHUT_RD;
}

static void unlock(struct reading *r)
{
	mutex_unlock(&r->u->sock.recv_lock);
	if (unlikely(r->gone.first))
		packet_queue_free(&r->gone);
}

/* Nothing (more) is in the queue: 1 to look again, 0 at the end, or an error. r; it is given up
 * while waiting. */
static int read_wait(struct reading *r)
{
	struct sock *s = &r->u->sock;
	int err;

	if (r->copied >= r->target)
		return 0;
	err = sock_take_error(s);
	if (err)
		return err;
	/* What was sent before the end may have come after the look into the queue. */
	if (load_acquire(&s->shut) & SOCK_SHUT_RD)
		return r->seen ? READ_ONCE(s->receive.n) != r->seen : s->receive.first != NULL;
	if (!r->waited)
		r->deadline = sock_receive_deadline(s, r->m->flags);
	r->waited = true;
	unlock(r);
	err = sock_wait_for(s, POLLIN | POLLERR | POLLHUP | POLLRDHUP,
			    r->seen ? READ_ONCE(s->receive.n) != r->seen || READ_ONCE(s->error) ||
				   READ_ONCE(s->shut) & SOCK_SHUT_RD : readable(s), r->deadline);
	mutex_lock(&s->recv_lock);
	return err ? err : 1;
}

static bool same_sender(const struct unix_scm *a, const struct unix_scm *b)
{
	return a->has_cred == b->has_cred &&
	       (!a->has_cred || (a->pid == b->pid && a->uid == b->uid && a->gid == b->gid));
}

/* Whether a read may go on with a packet; its sender's credentials are noted. */
static bool may_join(struct reading *r, struct packet *p)
{
	if (r->creds)
		return same_sender(&r->scm, unix_scm(p));
	if (r->u->sock.flags & SOCK_PASSCRED) {
		r->scm.pid = unix_scm(p)->pid;
		r->scm.uid = unix_scm(p)->uid;
		r->scm.gid = unix_scm(p)->gid;
		r->scm.has_cred = unix_scm(p)->has_cred;
		r->creds = true;
	}
	return true;
}

/* Bytes of a packet from `skip` on to the message: how many, or -EFAULT. */
static ssize_t copy_some(struct reading *r, struct packet *p, u32 skip)
{
	u32 n = (u32)min(iov_left(r->m->iter), (size_t)(p->length - skip));

	unix_name_out(r->m, p->sock);
	return packet_copy_to(p, skip, r->m->iter, n) == n ? (ssize_t)n : -EFAULT;
}

/* Takes the first packet off. r. */
static struct packet *take_first(struct unix_sock *u)
{
	struct packet *p;

	spin_lock(&u->sock.lock);
	p = packet_dequeue(&u->sock.receive);
	if (unlikely(u->urgent == p))
		WRITE_ONCE(u->urgent, NULL);
	spin_unlock(&u->sock.lock);
	return p;
}

/* n bytes of the first packet were read: it goes when it is empty. r. Whether the read may go
 * on. */
static bool consume(struct reading *r, struct packet *p, u32 n)
{
	struct sock *s = &r->u->sock;

	if (unlikely(unix_scm(p)->rights))
		unix_scm_take(p, &r->scm);
	sock_peek_moved(s, -(s64)n);
	if (n < p->length) {
		spin_lock(&s->lock);
		s->receive.bytes -= n;
		packet_pull(p, n);
		spin_unlock(&s->lock);
		return false;
	}
	packet_free(take_first(r->u));
	return !r->scm.rights;
}

/* The packet after p, NULL at the end. r. */
static struct packet *packet_after(struct sock *s, struct packet *p)
{
	struct packet *next;

	spin_lock(&s->lock);
	next = p->next;
	spin_unlock(&s->lock);
	return next;
}

/* Where a read goes on that has come to p (NULL: the queue's end): there, or behind the mark; NULL:
 * nowhere. r. */
static struct packet *pass_mark(struct reading *r, struct packet *p)
{
	struct unix_sock *u = r->u;

	while (p && unlikely(!p->length || p == READ_ONCE(u->urgent))) {
		struct packet *next;

		if (r->copied)
			return NULL;
		if (p->length && READ_ONCE(u->sock.flags) & SOCK_OOBINLINE)
			return p;
		next = packet_after(&u->sock, p);
		if (!(r->m->flags & MSG_PEEK))
			packet_enqueue(&r->gone, take_first(u));
		p = next;
	}
	return p;
}

/* Reads what there is without taking it, from SO_PEEK_OFF on. r. Whether that was anything, or an
 * error. */
static int peek(struct reading *r)
{
	struct sock *s = &r->u->sock;
	struct packet *p = pass_mark(r, s->receive.first);
	u32 skip = s->peek_offset > 0 ? (u32)s->peek_offset : 0;
	int found = 0;
	ssize_t n;

	while (p && skip >= p->length) {
		skip -= p->length;
		p = packet_after(s, p);
	}
	for (; (p = pass_mark(r, p)) && may_join(r, p); p = packet_after(s, p)) {
		n = unix_scm(p)->rights ? unix_scm_copy(p, &r->scm) : 0;
		if (n == 0)
			n = copy_some(r, p, skip);
		if (n < 0) {
			unix_scm_drop(&r->scm);
			return r->copied ? 1 : (int)n;
		}
		found = 1;
		r->copied += (size_t)n;
		skip = 0;
		sock_peek_moved(s, n);
		if (unix_scm(p)->rights || !iov_left(r->m->iter))
			break;
	}
	return found;
}

/* Reads from the first packet on: 1 if more may follow, 0 if not, or an error. r. */
static int take(struct reading *r)
{
	struct packet *p = pass_mark(r, r->u->sock.receive.first);
	ssize_t n;

	if (unlikely(!p)) /* the mark, or nothing but it */
		return !r->copied;
	if (unlikely(!may_join(r, p)))
		return 0;
	n = copy_some(r, p, 0);
	if (n < 0)
		return (int)n;
	r->copied += (size_t)n;
	return consume(r, p, (u32)n) && iov_left(r->m->iter);
}

static ssize_t read_stream(struct reading *r)
{
	struct sock *s = &r->u->sock;
	bool peeks = r->m->flags & MSG_PEEK;
	int more = 1;

	mutex_lock(&s->recv_lock);
	while (more > 0) {
		r->seen = peeks ? READ_ONCE(s->receive.n) : 0;
		if (r->seen) {
			more = peek(r);
			if (more)
				break;
			more = read_wait(r);
		} else if (READ_ONCE(s->receive.first)) {
			more = take(r);
		} else {
			more = read_wait(r);
		}
	}
	unlock(r);
	return r->copied || more >= 0 ? (ssize_t)r->copied : more;
}

/* The urgent byte by itself: 1, -EINVAL (there is none), -EFAULT. */
static ssize_t read_urgent(struct unix_sock *u, struct msg *m)
{
	struct sock *s = &u->sock;
	struct packet *p;
	ssize_t n = 1;

	mutex_lock(&s->recv_lock);
	p = READ_ONCE(s->flags) & SOCK_OOBINLINE ? NULL : READ_ONCE(u->urgent);
	if (!p)
		n = -EINVAL;
	else if (packet_copy_to(p, 0, m->iter, 1) != 1)
		n = -EFAULT;
	if (n == 1 && !(m->flags & MSG_PEEK)) {
		spin_lock(&s->lock);
		if (u->urgent == p)
			WRITE_ONCE(u->urgent, NULL);
		s->receive.bytes--;
		packet_pull(p, 1);
		spin_unlock(&s->lock);
	}
	mutex_unlock(&s->recv_lock);
	if (n == 1)
		m->out_flags |= MSG_OOB;
	return n;
}

bool unix_at_mark(struct sock *s)
{
	const struct packet *p, *urgent;
	bool at;

	spin_lock(&s->lock);
	p = s->receive.first;
	urgent = unix_sock(s)->urgent;
	at = p && (urgent ? p == urgent : !p->length);
	spin_unlock(&s->lock);
	return at;
}

ssize_t unix_stream_recv(struct sock *s, struct msg *m)
{
	size_t size = iov_left(m->iter);
	struct reading r = { .u = unix_sock(s), .m = m };
	ssize_t n;

	if (READ_ONCE(r.u->state) != UNIX_CONNECTED)
		return -EINVAL;
	if (unlikely(m->flags & MSG_OOB))
		return read_urgent(r.u, m);
	packet_queue_init(&r.gone);
	r.target = m->flags & MSG_WAITALL ? size : min((size_t)READ_ONCE(s->receive_low), size);
	r.target = max(r.target, (size_t)1);
	n = read_stream(&r);
	unix_scm_deliver(r.u, m, &r.scm);
	return n;
}

u32 unix_stream_poll(struct sock *s)
{
	struct unix_sock *u = unix_sock(s);
	u32 shut = READ_ONCE(s->shut), events = 0, state = READ_ONCE(u->state);

	if (READ_ONCE(s->error))
		events |= POLLERR;
	if (shut & SOCK_SHUT_RD)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (shut == (SOCK_SHUT_RD | SOCK_SHUT_WR) || state == UNIX_IDLE)
		events |= POLLHUP;
	if (READ_ONCE(s->receive.first) || READ_ONCE(u->n_pending))
		events |= POLLIN | POLLRDNORM;
	if (unlikely(READ_ONCE(u->urgent)))
		events |= POLLPRI;
	if (state != UNIX_LISTEN && READ_ONCE(s->send_used) < READ_ONCE(s->send_limit) / 2)
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return events;
}
