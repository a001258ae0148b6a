/*
 * Urgent data (RFC 9293, 3.8.5; RFC 6093): one byte of the stream that is marked.
 *
 * The pointer of a segment with URG tells the number behind the last urgent byte. The owner gets
 * SIGURG when a new one is announced; the byte itself is taken out of the stream (unless
 * SO_OOBINLINE) when it comes, for recv(MSG_OOB), and reading stops once at its place.
 */
#include "net/tcp/tcp_int.h"

static void announce(struct tcp_sock *t, u32 seq)
{
	/* Old, or the one that we know. */
	if (seq_lt(seq, t->copied_seq) || seq_lt(seq, t->rcv_nxt))
		return;
	if (t->urgent != URGENT_NONE && seq_le(seq, t->urgent_seq))
		return;
	sock_urgent(tcp_base(t));
	/* A second one makes the first plain data, which must not be read as if there were nothing
	 * at its place. */
	t->urgent = URGENT_AWAITED;
	t->urgent_seq = seq;
}

void tcp_urgent_input(struct tcp_sock *t, struct packet *p, const struct tcp_segment *seg)
{
	if (seg->flags & TCP_URG && seg->urgent)
		announce(t, seg->seq + seg->urgent - 1);
	if (t->urgent == URGENT_AWAITED && seq_within(t->urgent_seq, seg->seq, seg->length)) {
		packet_read(p, seg->header + (t->urgent_seq - seg->seq), &t->urgent_byte, 1);
		t->urgent = URGENT_VALID;
		sock_wake(tcp_base(t), POLLPRI);
	}
}

ssize_t tcp_urgent_recv(struct tcp_sock *t, struct msg *m)
{
	struct sock *s = tcp_base(t);
	ssize_t n = 0;
	u8 byte;

	spin_lock(&s->lock);
	if (s->flags & SOCK_OOBINLINE || t->urgent == URGENT_NONE || t->urgent == URGENT_READ) {
		n = -EINVAL;
	} else if (t->state == TCP_CLOSE && !t->fin_seen && s->error) {
		n = -ENOTCONN;
	} else if (t->urgent == URGENT_VALID) {
		byte = t->urgent_byte;
		if (!(m->flags & MSG_PEEK))
			t->urgent = URGENT_READ;
		m->out_flags |= MSG_OOB;
		n = 1;
	} else if (t->state != TCP_CLOSE && !(s->shut & SOCK_SHUT_RD)) {
		n = -EAGAIN;
	}
	spin_unlock(&s->lock);
	if (n != 1)
		return n;
	if (!iov_left(m->iter)) {
		m->out_flags |= MSG_TRUNC;
		return 0;
	}
	return iov_copy_to(m->iter, &byte, 1) == 1 ? 1 : -EFAULT;
}
