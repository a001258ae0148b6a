/*
 * poll(2), and the ioctls of tcp(7).
 */
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "net/tcp/tcp_int.h"

/* Bytes that can be read, the urgent byte left out if it is next. */
static bool enough_to_read(const struct tcp_sock *t)
{
	u32 target = max(READ_ONCE(t->inet.sock.receive_low), 1u);

	if (READ_ONCE(t->urgent) == URGENT_VALID && t->urgent_seq == t->copied_seq &&
	    !(t->inet.sock.flags & SOCK_OOBINLINE))
		target++;
	return tcp_readable(t) >= target;
}

static u32 listener_poll(struct tcp_sock *l)
{
	struct sock *s = tcp_base(l);
	bool ready;

	spin_lock(&s->lock);
	ready = tcp_accept_ready(l);
	spin_unlock(&s->lock);
	return ready ? POLLIN | POLLRDNORM : 0;
}

u32 tcp_poll(struct sock *s)
{
	struct tcp_sock *t = tcp_sock(s);
	u8 state = READ_ONCE(t->state), shut = READ_ONCE(s->shut);
	u32 events = 0;

	if (state == TCP_LISTEN)
		return listener_poll(t);
	if (shut == (SOCK_SHUT_RD | SOCK_SHUT_WR) || state == TCP_CLOSE)
		events |= POLLHUP;
	if (shut & SOCK_SHUT_RD)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (state != TCP_SYN_SENT && state != TCP_SYN_RECV) {
		if (enough_to_read(t))
			events |= POLLIN | POLLRDNORM;
		if (shut & SOCK_SHUT_WR || tcp_writable(t))
			events |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(t->urgent) == URGENT_VALID)
			events |= POLLPRI;
	}
	if (READ_ONCE(s->error))
		events |= POLLERR;
	if (unlikely(READ_ONCE(t->inet.errors.first)))
		events |= inet_error_events(&t->inet);
	return events;
}

/* Bytes before the urgent mark, or all. With the lock. */
static u32 inq(const struct tcp_sock *t)
{
	u32 n = tcp_readable(t);

	if (TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV)))
		return 0;
	if (t->urgent != URGENT_NONE && !(t->inet.sock.flags & SOCK_OOBINLINE) &&
	    seq_within(t->urgent_seq, t->copied_seq, n))
		n = t->urgent_seq - t->copied_seq;
	return n;
}

long tcp_ioctl(struct sock *s, u32 request, u64 arg)
{
	struct tcp_sock *t = tcp_sock(s);
	bool listening;
	s32 answer;

	spin_lock(&s->lock);
	listening = t->state == TCP_LISTEN;
	switch (request) {
	case TIOCINQ:
		answer = (s32)inq(t);
		break;
	case TIOCOUTQ:
		answer = TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV) | S_(CLOSE)) ? 0 :
			 (s32)(t->buf.end - t->buf.start);
		break;
	case SIOCOUTQNSD:
		answer = (s32)tcp_unsent(t);
		break;
	case SIOCATMARK:
		answer = t->urgent != URGENT_NONE && t->urgent_seq == t->copied_seq;
		listening = false;
		break;
	default:
		spin_unlock(&s->lock);
		return -ENOTTY;
	}
	spin_unlock(&s->lock);
	if (listening)
		return -EINVAL;
	return copy_out_obj((s32 __user *)arg, &answer) ? -EFAULT : 0;
}
