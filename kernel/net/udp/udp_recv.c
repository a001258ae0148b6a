/*
 * Receiving datagrams.
 */
#include "net/udp/udp.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "vm/iov.h"

/* Who sent it. */
static void put_name(struct sock *s, struct msg *m, struct packet *p)
{
	const struct udp_header *h = packet_transport(p);
	const struct ip_info *info = ip_info(p);

	m->name_length = (u32)inet_address_out(s, &info->from, ntoh16(h->from), info->nif,
					       &m->name);
}

/* The bytes of several datagrams, of the first from `offset` on, and how long each is (UDP_GRO):
 * bytes to answer, or -EFAULT. */
static ssize_t copy_train(struct sock *s, struct msg *m, struct packet *first, u32 offset)
{
	int err, size = (int)first->length;
	u32 length = 0, copied = 0;

	for (struct packet *p = first; p; p = p->next) {
		u32 skip = p == first ? offset : 0;
		u32 n = (u32)min((size_t)(p->length - skip), iov_left(m->iter));

		if (packet_copy_to(p, skip, m->iter, n) != n)
			return -EFAULT;
		length += p->length - skip;
		copied += n;
	}
	if (copied < length)
		m->out_flags |= MSG_TRUNC;
	err = sock_recv_told(s, m, first) ?:
	      msg_put_control(m, SOL_UDP, UDP_GRO, &size, sizeof(size));
	return err ?: m->flags & MSG_TRUNC ? (ssize_t)length : (ssize_t)copied;
}

ssize_t udp_recv(struct sock *s, struct msg *m)
{
	struct packet *p;
	u32 skip;
	ssize_t n;
	int err;

	if (unlikely(m->flags & MSG_ERRQUEUE))
		return inet_recv_error(s, m);
	if (unlikely(inet_recv_path_mtu(s, m, &err)))
		return err;
	err = sock_recv_packet_at(s, m, &p, &skip);
	if (unlikely(err || !p))
		return err;
	n = unlikely(p->next) ? copy_train(s, m, p, skip) : sock_recv_copy(s, m, p, skip);
	if (likely(n >= 0)) {
		/* MSG_TRUNC asks for the length of all of it, and that is how far a peek goes. */
		if (m->flags & MSG_TRUNC)
			n += skip;
		sock_peek_moved(s, m->flags & MSG_PEEK ? n : -n);
		if (m->wants_name)
			put_name(s, m, p);
		err = inet_put_control(s, m, p);
	}
	if (unlikely(p->next))
		packet_list_free(p);
	else
		packet_free(p);
	return err ?: n;
}
