/*
 * Receiving datagrams: the bodies of recv() and poll() that datagram protocols share.
 */
#include "net/sock_int.h"

#include "vm/iov.h"

/* The packet in which SO_PEEK_OFF lies, or NULL. One without bytes is seen once. With the lock. */
static struct packet *peek_find(const struct sock *s, u32 *skip)
{
	struct packet *p = s->receive.first;

	*skip = (u32)s->peek_offset;
	while (p && *skip >= p->length && (*skip || p->bits & PACKET_PEEKED)) {
		*skip -= p->length;
		p = p->next;
	}
	return p;
}

struct packet *sock_peek_at(struct sock *s, u32 *skip)
{
	struct packet *p;

	*skip = 0;
	if (likely(s->peek_offset < 0))
		return s->receive.first;
	p = peek_find(s, skip);
	if (p && !p->length)
		p->bits |= PACKET_PEEKED;
	return p;
}

bool sock_has_packet(struct sock *s, bool peek)
{
	struct packet *p;
	u32 skip;

	if (likely(!peek || READ_ONCE(s->peek_offset) < 0))
		return READ_ONCE(s->receive.first);
	spin_lock(&s->lock);
	p = s->peek_offset < 0 ? s->receive.first : peek_find(s, &skip);
	spin_unlock(&s->lock);
	return p;
}

void sock_peek_move(struct sock *s, s64 n)
{
	spin_lock(&s->lock);
	if (s->peek_offset >= 0)
		s->peek_offset = (s32)min(max(s->peek_offset + n, (s64)0), (s64)0x7fffffff);
	spin_unlock(&s->lock);
}

/* The packets that are joined to p are linked behind it: off the queue, or clones of them, as p
 * is. False: no memory. With the lock. */
static bool take_train(struct sock *s, struct packet *p, struct packet *after, bool peek)
{
	for (; after && after->bits & PACKET_JOINED; p = p->next) {
		struct packet *rest = after->next;

		p->next = peek ? packet_clone(after, MM_ATOMIC) : packet_dequeue(&s->receive);
		if (!p->next)
			return false;
		after = rest;
	}
	return true;
}

/* The next packet: 0; -EAGAIN: there is none (a peek may have passed over all); or -ENOMEM. */
static int take(struct sock *s, bool peek, struct packet **out, u32 *skip)
{
	struct packet *p, *after = NULL;
	int err = 0;

	*skip = 0;
	spin_lock(&s->lock);
	p = peek ? sock_peek_at(s, skip) : packet_dequeue(&s->receive);
	if (!p)
		err = -EAGAIN;
	if (p)
		after = peek ? p->next : s->receive.first;
	if (p && peek)
		p = packet_clone(p, MM_ATOMIC);
	if (unlikely(!err && !p))
		err = -ENOMEM;
	if (!err && unlikely(s->flags & SOCK_TRAINS) && !take_train(s, p, after, peek))
		err = -ENOMEM;
	spin_unlock(&s->lock);
	if (unlikely(err == -ABI_ENOMEM))
		packet_list_free(p);
	*out = err ? NULL : p;
	return err;
}

int sock_recv_packet_at(struct sock *s, struct msg *m, struct packet **out, u32 *skip)
{
	bool known = false, peek = m->flags & MSG_PEEK;
	u64 deadline = ~0ull;
	int err;

	*out = NULL;
	for (;;) {
		err = sock_take_error(s);
		if (unlikely(err))
			return err;
		if (likely(READ_ONCE(s->receive.first))) {
			err = take(s, peek, out, skip);
			if (likely(err != -ABI_EAGAIN))
				return err;
		}
		if (READ_ONCE(s->shut) & SOCK_SHUT_RD)
			return 0;
		if (!known)
			deadline = sock_receive_deadline(s, m->flags);
		known = true;
		err = sock_wait_for(s, POLLIN | POLLERR | POLLHUP | POLLRDHUP,
				    sock_has_packet(s, peek) || READ_ONCE(s->error) ||
				    READ_ONCE(s->shut) & SOCK_SHUT_RD, deadline);
		if (err)
			return err;
	}
}

int sock_recv_told(struct sock *s, struct msg *m, const struct packet *p)
{
	int err = sock_recv_stamp(s, m, p->stamp_ns);

	if (!err && unlikely(s->flags & SOCK_RXQ_OVFL) && p->drops)
		err = msg_put_control(m, SOL_SOCKET, SO_RXQ_OVFL, &p->drops, sizeof(p->drops));
	if (!err && unlikely(s->flags & SOCK_RCVMARK))
		err = msg_put_control(m, SOL_SOCKET, SO_MARK, &p->mark, sizeof(p->mark));
	return err;
}

ssize_t sock_recv_copy(struct sock *s, struct msg *m, struct packet *p, u32 offset)
{
	u32 length = p->length - offset, n = (u32)min((size_t)length, iov_left(m->iter));
	int err;

	if (n < length)
		m->out_flags |= MSG_TRUNC;
	if (packet_copy_to(p, offset, m->iter, n) != n)
		return -EFAULT;
	err = sock_recv_told(s, m, p);
	if (err)
		return err;
	return m->flags & MSG_TRUNC ? (ssize_t)length : (ssize_t)n;
}

s32 sock_next_length(const struct sock *s)
{
	const struct packet *p = s->receive.first;
	u32 n = p ? p->length : 0;

	if (unlikely(s->flags & SOCK_TRAINS))
		while (p && (p = p->next) && p->bits & PACKET_JOINED)
			n += p->length;
	return (s32)n;
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
