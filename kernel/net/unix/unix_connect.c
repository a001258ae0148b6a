/*
 * Connections of streams and seqpackets: listen(2), connect(2), accept(2), socketpair(2).
 *
 * connect() makes the other end itself: an embryo, which is connected from the start and waits on
 * its listener's list until somebody accepts it. So a connection may be written to before that.
 */
#include "net/unix/unix_int.h"

int unix_listen(struct sock *s, u32 backlog)
{
	struct sock_caller c = sock_caller();
	struct unix_sock *u = unix_sock(s);
	bool more = false;
	int err = 0;

	if (!READ_ONCE(u->address))
		return -EINVAL;
	spin_lock(&s->lock);
	if (u->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		more = backlog > u->backlog;
		u->backlog = backlog;
		u->state = UNIX_LISTEN;
		WRITE_ONCE(s->flags, s->flags | SOCK_LISTENING);
		unix_set_creds(u, c.pid, c.cred); /* what who connects will see */
	}
	spin_unlock(&s->lock);
	if (more)
		sock_wake(s, POLLOUT);
	return err;
}

static bool may_connect(const struct unix_sock *to)
{
	return READ_ONCE(to->n_pending) <= READ_ONCE(to->backlog) || READ_ONCE(to->dead) ||
	       READ_ONCE(to->state) != UNIX_LISTEN || READ_ONCE(to->sock.shut) & SOCK_SHUT_RD;
}

/* Joins u and the embryo, which `to` gets. Both ends are locked. */
static void join(struct unix_sock *u, struct unix_sock *embryo, struct unix_sock *to,
		 const struct sock_caller *c)
{
	sock_get(&embryo->sock);
	sock_get(&u->sock);
	u->peer = embryo;
	embryo->peer = u;
	u->state = embryo->state = UNIX_CONNECTED;
	if (to->address) {
		ref_get(&to->address->refs);
		embryo->address = to->address;
	}
	unix_set_creds(embryo, c->pid, c->cred);
	unix_set_creds(u, to->peer_pid, to->peer_cred);
	list_add_tail(&embryo->pending_link, &to->pending);
	WRITE_ONCE(to->n_pending, to->n_pending + 1);
}

/* 1: done. 0: the listener has no room. Or an error. */
static int try_connect(struct unix_sock *u, struct unix_sock *to, struct unix_sock *embryo,
		       const struct sock_caller *c)
{
	int done = 0;

	unix_lock_two(u, to);
	if (to->dead || to->state != UNIX_LISTEN || to->sock.shut & SOCK_SHUT_RD)
		done = -ECONNREFUSED;
	else if (u->state != UNIX_IDLE)
		done = u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	else if (to->n_pending <= to->backlog) {
		join(u, embryo, to, c);
		done = 1;
	}
	unix_unlock_two(u, to);
	return done;
}

/* Until there is room, or none to be had: 0 or an error. */
static int connect_to(struct unix_sock *u, const struct sockaddr_storage *a, u32 length,
		      struct unix_sock *embryo, u64 deadline)
{
	struct sock_caller c = sock_caller();
	struct unix_sock *to;
	int err, done;

	do {
		err = unix_find(a, length, u->sock.type, &to);
		if (err)
			return err;
		done = try_connect(u, to, embryo, &c);
		if (done > 0)
			sock_wake(&to->sock, POLLIN | POLLRDNORM);
		else if (!done)
			err = sock_wait_for(&to->sock, POLLOUT | POLLHUP, may_connect(to),
					    deadline);
		unix_put(to);
	} while (!done && !err);
	return done < 0 ? done : err;
}

int unix_stream_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct unix_sock *u = unix_sock(s), *embryo;
	int err;

	if (s->flags & SOCK_PASSCRED) {
		err = unix_autobind(u);
		if (err)
			return err;
	}
	embryo = unix_alloc(s->type, MM_KERNEL);
	if (!embryo)
		return -ENOMEM;
	err = connect_to(u, a, length, embryo,
			 sock_send_deadline(s, flags & O_NONBLOCK ? MSG_DONTWAIT : 0));
	if (err)
		unix_close(&embryo->sock);
	return err;
}

/* The first that waits, or NULL. */
static struct unix_sock *pending_take(struct unix_sock *u)
{
	struct unix_sock *embryo = NULL;

	spin_lock(&u->sock.lock);
	if (!list_empty(&u->pending)) {
		embryo = list_first_entry(&u->pending, struct unix_sock, pending_link);
		list_del_init(&embryo->pending_link);
		WRITE_ONCE(u->n_pending, u->n_pending - 1);
	}
	spin_unlock(&u->sock.lock);
	return embryo;
}

int unix_accept(struct sock *s, u32 flags, struct sock **out)
{
	struct unix_sock *u = unix_sock(s), *embryo;
	u64 deadline;
	int err = 0;

	if (READ_ONCE(u->state) != UNIX_LISTEN)
		return -EINVAL;
	deadline = sock_receive_deadline(s, flags & O_NONBLOCK ? MSG_DONTWAIT : 0);
	while (!(embryo = pending_take(u))) {
		err = sock_take_error(s);
		if (!err && READ_ONCE(s->shut) & SOCK_SHUT_RD)
			err = -EINVAL;
		if (!err)
			err = sock_wait_in_turn(s, POLLIN | POLLHUP | POLLERR,
						READ_ONCE(u->n_pending) || READ_ONCE(s->error) ||
						READ_ONCE(s->shut) & SOCK_SHUT_RD, deadline);
		if (err)
			return err;
	}
	sock_wake(s, POLLOUT); /* who waits for room */
	spin_lock(&embryo->sock.lock);
	WRITE_ONCE(embryo->sock.flags, embryo->sock.flags | (s->flags & SOCK_PASSCRED));
	spin_unlock(&embryo->sock.lock);
	*out = &embryo->sock;
	return 0;
}

int unix_pair(struct sock *sa, struct sock *sb)
{
	struct unix_sock *a = unix_sock(sa), *b = unix_sock(sb);
	struct sock_caller c = sock_caller();

	unix_lock_two(a, b);
	sock_get(sa);
	sock_get(sb);
	a->peer = b;
	b->peer = a;
	unix_set_creds(a, c.pid, c.cred);
	unix_set_creds(b, c.pid, c.cred);
	a->state = b->state = UNIX_CONNECTED;
	unix_unlock_two(a, b);
	return 0;
}
