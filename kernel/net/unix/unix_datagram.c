/*
 * Datagrams and seqpackets: messages that are received whole or cut. A datagram socket's queue
 * holds few (max_dgram_qlen); senders that are not its own peer wait for room there, on its list of
 * stalls. Seqpackets are connected both ways, so only the sender's buffer limits them.
 */
#include "net/unix/unix_int.h"

#include "vm/iov.h"

/* What was received from the old peer is lost with it, and a peer that was connected to us learns
 * that we are gone (unix(7), ECONNRESET). No lock held; takes the reference to `old`. */
static void disconnected(struct unix_sock *u, struct unix_sock *old)
{
	struct packet_queue lost;
	bool tell;

	mutex_lock(&u->sock.recv_lock);
	spin_lock(&u->sock.lock);
	lost = u->sock.receive;
	if (!lost.first)
		lost.last = &lost.first;
	packet_queue_init(&u->sock.receive);
	spin_unlock(&u->sock.lock);
	mutex_unlock(&u->sock.recv_lock);
	if (lost.first) {
		spin_lock(&old->sock.lock);
		tell = !old->dead && old->peer == u;
		spin_unlock(&old->sock.lock);
		if (tell)
			sock_set_error(&old->sock, ECONNRESET);
	}
	packet_queue_free(&lost);
	unix_unstall(u);
	unix_put(old);
}

/* Makes `to` (or nobody) the default destination: 0 or an error. Takes the reference to `to`. */
static int set_peer(struct unix_sock *u, struct unix_sock *to)
{
	struct unix_sock *old;
	int err = 0;

	for (;;) {
		old = unix_peer_get(u);
		/* Both ends of the old connection are told under their locks, the new one's too. */
		if (old) {
			unix_lock_two(u, old);
			if (u->peer == old) {
				list_del_init(&u->stall.link);
				u->peer = NULL;
				unix_put(old); /* the peer's; ours stays */
			}
			unix_unlock_two(u, old);
		}
		if (!to)
			break;
		unix_lock_two(u, to);
		if (to->dead)
			err = -ECONNREFUSED;
		else if (to->peer && to->peer != u)
			err = -EPERM;
		else if (!u->peer)
			u->peer = to;
		else
			err = 1; /* another thread connects it, too */
		unix_unlock_two(u, to);
		if (err <= 0)
			break;
		err = 0;
		unix_put(old);
	}
	if (err)
		unix_put(to);
	if (old && old != to)
		disconnected(u, old);
	else
		unix_put(old);
	return err;
}

int unix_datagram_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct unix_sock *u = unix_sock(s), *to = NULL;
	bool may;
	int err;

	if (length < sizeof(a->ss_family))
		return -EINVAL;
	if (a->ss_family == AF_UNSPEC)
		return set_peer(u, NULL);
	if (s->flags & SOCK_PASSCRED) {
		err = unix_autobind(u);
		if (err)
			return err;
	}
	err = unix_find(a, length, s->type, &to);
	if (err)
		return err;
	/* Who may not be connected leaves the old connection as it is. */
	spin_lock(&to->sock.lock);
	may = !to->peer || to->peer == u;
	spin_unlock(&to->sock.lock);
	if (!may) {
		unix_put(to);
		return -EPERM;
	}
	return set_peer(u, to);
}

/* 0: it is in the queue. -EAGAIN: no room, and `stall` (if not NULL) is on the list of those who
 * wait for it. Or why it cannot be sent. */
static int try_send(struct unix_sock *u, struct unix_sock *to, struct packet *p,
		    struct unix_stall *stall)
{
	int err = 0;

	spin_lock(&to->sock.lock);
	if (to->dead) {
		err = u->sock.type == SOCK_SEQPACKET ? -EPIPE : -ECONNREFUSED;
	} else if (to->peer && to->peer != u) {
		err = -EPERM;
	} else if (to->sock.shut & SOCK_SHUT_RD) {
		err = -EPIPE;
	} else if (to->peer != u && unix_queue_full(to)) {
		err = -EAGAIN;
		if (stall)
			list_add_tail(&stall->link, &to->stalls);
	} else {
		packet_enqueue(&to->sock.receive, p);
	}
	spin_unlock(&to->sock.lock);
	return err;
}

/* Off the list: there was room, though somebody may have taken it since. */
static bool may_try(const struct unix_sock *u, const struct unix_stall *stall)
{
	return READ_ONCE(stall->link.next) == &stall->link ||
	       READ_ONCE(u->sock.shut) & SOCK_SHUT_WR;
}

/* Sends a packet, waiting for room in the other's queue: 0, or an error and it is still ours. */
static int deliver(struct unix_sock *u, struct unix_sock *to, struct packet *p, u32 flags)
{
	struct unix_stall stall = { .sender = &u->sock };
	u64 deadline = ~0ull;
	int err = try_send(u, to, p, NULL);

	if (err == -ABI_EAGAIN) {
		deadline = sock_send_deadline(&u->sock, flags);
		if (!deadline)
			return -EAGAIN;
	}
	while (err == -ABI_EAGAIN) {
		list_init(&stall.link);
		err = try_send(u, to, p, &stall);
		if (err != -ABI_EAGAIN)
			break;
		err = sock_wait_for(&u->sock, POLLOUT | POLLHUP | POLLERR, may_try(u, &stall),
				    deadline);
		spin_lock(&to->sock.lock);
		list_del_init(&stall.link);
		spin_unlock(&to->sock.lock);
		if (err)
			return err;
		if (READ_ONCE(u->sock.shut) & SOCK_SHUT_WR)
			return -EPIPE;
		err = -EAGAIN;
	}
	if (!err)
		sock_wake(&to->sock, POLLIN | POLLRDNORM | WAKE_SYNC);
	return err;
}

/* The default destination is gone for good. */
static void peer_lost(struct unix_sock *u, struct unix_sock *to)
{
	bool was;

	unix_lock_two(u, to);
	was = u->peer == to;
	if (was) {
		list_del_init(&u->stall.link);
		u->peer = NULL;
	}
	unix_unlock_two(u, to);
	if (was)
		disconnected(u, to);
}

/* Whether the receiver wants it (SO_ATTACH_FILTER); the sender is not told. */
static bool wanted(struct unix_sock *to, struct packet *p)
{
	bool pass;

	if (likely(!READ_ONCE(to->sock.filter)))
		return true;
	rcu_read_lock();
	pass = sock_filter_pass(&to->sock, p);
	rcu_read_unlock();
	return pass;
}

static ssize_t send_to(struct unix_sock *u, struct unix_sock *to, struct msg *m,
		       struct unix_scm *scm)
{
	size_t n = iov_left(m->iter);
	struct sock *s = &u->sock;
	struct packet *p;
	int err;

	if (n > READ_ONCE(s->send_limit) - 32)
		return -EMSGSIZE;
	err = sock_wait_room(s, m->flags);
	if (!err)
		err = unix_packet(s, m, (u32)n, &p);
	if (err)
		return err;
	unix_scm_cred(u, to, scm);
	err = unix_scm_attach(p, scm);
	if (!err && unlikely(!wanted(to, p))) {
		packet_free(p);
		return (ssize_t)n;
	}
	if (!err)
		err = deliver(u, to, p, m->flags);
	if (!err)
		return (ssize_t)n;
	packet_free(p);
	if (err == -ABI_ECONNREFUSED)
		peer_lost(u, to);
	return err;
}

static ssize_t send(struct sock *s, struct msg *m, bool named)
{
	struct unix_sock *u = unix_sock(s), *to = NULL;
	struct unix_scm scm;
	ssize_t n;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	n = unix_scm_begin(m, &scm);
	if (n)
		return n;
	if (named) {
		n = unix_find(&m->name, m->name_length, s->type, &to);
	} else {
		to = unix_peer_get(u);
		n = to ? 0 : -ENOTCONN;
	}
	if (!n && s->flags & SOCK_PASSCRED)
		n = unix_autobind(u);
	if (!n)
		n = send_to(u, to, m, &scm);
	unix_put(to);
	unix_scm_drop(&scm);
	return n;
}

ssize_t unix_datagram_send(struct sock *s, struct msg *m)
{
	return send(s, m, m->name_length);
}

ssize_t unix_seqpacket_send(struct sock *s, struct msg *m)
{
	int err = sock_take_error(s);

	if (err)
		return err;
	if (READ_ONCE(unix_sock(s)->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	return send(s, m, false);
}

/* Receiving ------------------------------------------------------------------------------------ */

/* The message to read: the first, or the one in which SO_PEEK_OFF lies (then *skip of its bytes are
 * passed over). recv_lock held. */
static struct packet *choose(struct sock *s, u32 flags, u32 *skip)
{
	struct packet *p = READ_ONCE(s->receive.first);

	*skip = 0;
	if (likely(!(flags & MSG_PEEK) || s->peek_offset < 0))
		return p;
	spin_lock(&s->lock);
	p = sock_peek_at(s, skip);
	spin_unlock(&s->lock);
	return p;
}

/* Waits for a message with recv_lock held, which is given up meanwhile: 0 and *out, which is NULL
 * after shutdown; or an error. */
static int wait_message(struct sock *s, u32 flags, struct packet **out, u32 *skip)
{
	u64 deadline = ~0ull;
	bool waited = false;
	int err;

	while (!(*out = choose(s, flags, skip))) {
		err = sock_take_error(s);
		if (err)
			return err;
		/* What was sent before the end may have come after the look into the queue. */
		if (load_acquire(&s->shut) & SOCK_SHUT_RD) {
			*out = choose(s, flags, skip);
			return 0;
		}
		if (!waited)
			deadline = sock_receive_deadline(s, flags);
		waited = true;
		mutex_unlock(&s->recv_lock);
		err = sock_wait_for(s, POLLIN | POLLERR | POLLHUP | POLLRDHUP,
				    sock_has_packet(s, flags & MSG_PEEK) || READ_ONCE(s->error) ||
				    READ_ONCE(s->shut) & SOCK_SHUT_RD, deadline);
		mutex_lock(&s->recv_lock);
		if (err)
			return err;
	}
	return 0;
}

/* Takes the message off the queue, its rights with it. recv_lock held. */
static void take(struct sock *s, struct packet *p, struct unix_scm *scm)
{
	sock_peek_moved(s, -(s64)p->length);
	unix_scm_take(p, scm);
	spin_lock(&s->lock);
	packet_dequeue(&s->receive);
	spin_unlock(&s->lock);
}

ssize_t unix_datagram_recv(struct sock *s, struct msg *m)
{
	struct unix_scm scm = { .has_cred = false };
	bool peeks = m->flags & MSG_PEEK;
	struct packet *p = NULL;
	size_t room = iov_left(m->iter);
	ssize_t n;
	u32 skip;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&s->recv_lock);
	n = wait_message(s, m->flags, &p, &skip);
	if (n || !p)
		goto out;
	n = peeks ? unix_scm_copy(p, &scm) : 0;
	if (n)
		goto out;
	if (!peeks)
		take(s, p, &scm);
	unix_name_out(m, p->sock);
	n = sock_recv_copy(s, m, p, skip);
	if (peeks && n >= 0)
		sock_peek_moved(s, (s64)min((size_t)(p->length - skip), room));
out:
	mutex_unlock(&s->recv_lock);
	if (p && !peeks) {
		packet_free(p);
		unix_unstall(unix_sock(s));
	}
	if (n >= 0 && p)
		unix_scm_deliver(unix_sock(s), m, &scm);
	unix_scm_drop(&scm);
	return n;
}

ssize_t unix_seqpacket_recv(struct sock *s, struct msg *m)
{
	if (READ_ONCE(unix_sock(s)->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	return unix_datagram_recv(s, m);
}

/* Whether the default destination has no room: then the one who polls is told when it has. */
static bool peer_stalled(struct unix_sock *u)
{
	struct unix_sock *peer = unix_peer_get(u);
	bool stalled = false;

	if (!peer)
		return false;
	unix_lock_two(u, peer);
	if (u->peer == peer && !peer->dead && peer->peer != u && unix_queue_full(peer)) {
		stalled = true;
		if (list_empty(&u->stall.link))
			list_add_tail(&u->stall.link, &peer->stalls);
	}
	unix_unlock_two(u, peer);
	unix_put(peer);
	return stalled;
}

u32 unix_datagram_poll(struct sock *s)
{
	u32 events = sock_datagram_poll(s);

	if (READ_ONCE(unix_sock(s)->peer) && peer_stalled(unix_sock(s)))
		events &= ~(u32)(POLLOUT | POLLWRNORM | POLLWRBAND);
	return events;
}
