/*
 * Receiving datagrams: the bodies of recv() and poll() that datagram protocols share.
 */
#include "net/sock_int.h"

#include "vm/iov.h"

/* The next packet or NULL. */
static struct packet *take(struct sock *s, bool peek)
{
	struct packet *p;

	spin_lock(&s->lock);
	if (peek)
		p = s->receive.first ? packet_clone(s->receive.first, MM_ATOMIC) : NULL;
	else
		p = packet_dequeue(&s->receive);
	spin_unlock(&s->lock);
	return p;
}

int sock_recv_packet(struct sock *s, struct msg *m, struct packet **out)
{
	u64 deadline = ~0ull;
	bool known = false;
	int err;

	*out = NULL;
	for (;;) {
		err = sock_take_error(s);
		if (unlikely(err))
			return err;
		if (likely(READ_ONCE(s->receive.first))) {
			*out = take(s, m->flags & MSG_PEEK);
			if (*out)
				return 0;
			if (m->flags & MSG_PEEK && READ_ONCE(s->receive.first))
				return -ENOMEM;
		}
		if (READ_ONCE(s->shut) & SOCK_SHUT_RD)
			return 0;
		if (!known)
			deadline = sock_receive_deadline(s, m->flags);
		known = true;
		err = sock_wait_for(s, POLLIN | POLLERR | POLLHUP | POLLRDHUP,
				    READ_ONCE(s->receive.first) || READ_ONCE(s->error) ||
				    READ_ONCE(s->shut) & SOCK_SHUT_RD, deadline);
		if (err)
			return err;
	}
}

ssize_t sock_recv_copy(struct sock *s, struct msg *m, struct packet *p, u32 offset)
{
	u32 length = p->length - offset, n = (u32)min((size_t)length, iov_left(m->iter));
	int err;

	if (n < length)
		m->out_flags |= MSG_TRUNC;
	if (packet_copy_to(p, offset, m->iter, n) != n)
		return -EFAULT;
	err = sock_recv_stamp(s, m, p->stamp_ns);
	if (!err && unlikely(s->flags & SOCK_RXQ_OVFL) && p->drops)
		err = msg_put_control(m, SOL_SOCKET, SO_RXQ_OVFL, &p->drops, sizeof(p->drops));
	if (!err && unlikely(s->flags & SOCK_RCVMARK))
		err = msg_put_control(m, SOL_SOCKET, SO_MARK, &p->mark, sizeof(p->mark));
	if (err)
		return err;
	return m->flags & MSG_TRUNC ? (ssize_t)length : (ssize_t)n;
}

u32 sock_datagram_poll(struct sock *s)
{
	u32 shut = READ_ONCE(s->shut), events = 0;

	if (READ_ONCE(s->error))
		events |= POLLERR;
	if (shut & SOCK_SHUT_RD)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (shut == (SOCK_SHUT_RD | SOCK_SHUT_WR))
		events |= POLLHUP;
	if (READ_ONCE(s->receive.first))
		events |= POLLIN | POLLRDNORM;
	if (READ_ONCE(s->send_used) < READ_ONCE(s->send_limit) / 2)
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return events;
}
