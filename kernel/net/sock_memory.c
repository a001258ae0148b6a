/*
 * What packets count in the buffers of sockets. A packet counts with its description and the unused
 * room of its linear part, so that many small ones cannot take more memory than the limit by far;
 * SO_SNDBUF and SO_RCVBUF are doubled for that (socket(7)).
 *
 * A charged packet says so itself (packet->sock, charged, release): it gives the bytes back when it
 * is freed, wherever that is.
 */
#include "net/sock_int.h"

#include "arch/percpu.h"

u32 packet_charge_size(const struct packet *p)
{
	u32 size = (u32)sizeof(*p) + p->buf->size;

	for (unsigned i = 0; i < p->n_frags; i++)
		size += p->frags[i].length;
	return size;
}

static void receive_release(struct packet *p)
{
	__atomic_sub_fetch(&p->sock->receive_used, p->charged, __ATOMIC_RELAXED);
	sock_put(p->sock);
}

/* Queued packets of a socket are freed before it is, so they need no reference; one that a reader
 * has taken off is freed with the reader's. */
static void queued_release(struct packet *p)
{
	__atomic_sub_fetch(&p->sock->receive_used, p->charged, __ATOMIC_RELAXED);
}

/* Room for it, by what is there already: one packet may go over the limit. */
static bool receive_room(struct sock *s)
{
	return READ_ONCE(s->receive_used) < READ_ONCE(s->receive_limit);
}

static void receive_charge(struct sock *s, struct packet *p)
{
	p->sock = s;
	p->charged = packet_charge_size(p);
	__atomic_add_fetch(&s->receive_used, p->charged, __ATOMIC_RELAXED);
}

bool sock_charge_receive(struct sock *s, struct packet *p)
{
	if (!receive_room(s)) {
		s->drops++;
		return false;
	}
	receive_charge(s, p);
	sock_get(s);
	p->release = receive_release;
	return true;
}

bool sock_charge_queued(struct sock *s, struct packet *p)
{
	if (!receive_room(s)) {
		s->drops++;
		return false;
	}
	receive_charge(s, p);
	p->release = queued_release;
	return true;
}

int sock_queue_receive_on(struct sock *s, struct packet *p, struct packet_queue *queue)
{
	if (!receive_room(s)) {
		s->drops++;
		return -ENOBUFS;
	}
	receive_charge(s, p);
	p->drops = s->drops;
	if (unlikely(s->incoming_cpu != (s32)cpu_id()))
		WRITE_ONCE(s->incoming_cpu, (s32)cpu_id());
	p->release = queued_release;
	packet_enqueue(queue, p);
	return 0;
}

void sock_release_send(struct packet *p)
{
	struct sock *s = p->sock;
	u32 half = READ_ONCE(s->send_limit) / 2, charged = p->charged;
	u32 used = __atomic_sub_fetch(&s->send_used, charged, __ATOMIC_SEQ_CST);

	if (unlikely(used < half && used + charged >= half))
		sock_wake(s, POLLOUT | POLLWRNORM | WAKE_SYNC);
	sock_put(s);
}

void sock_charge_send(struct sock *s, struct packet *p)
{
	p->sock = s;
	p->charged = packet_charge_size(p);
	p->release = sock_release_send;
	sock_get(s);
	__atomic_add_fetch(&s->send_used, p->charged, __ATOMIC_RELAXED);
}

int sock_wait_room(struct sock *s, u32 msg_flags)
{
	u64 deadline = ~0ull;
	bool known = false;
	int err;

	for (;;) {
		err = sock_take_error(s);
		if (err)
			return err;
		if (READ_ONCE(s->shut) & SOCK_SHUT_WR)
			return -EPIPE;
		if (sock_send_room(s))
			return 0;
		if (!known)
			deadline = sock_send_deadline(s, msg_flags);
		known = true;
		err = sock_wait_for(s, POLLOUT | POLLERR | POLLHUP,
				    sock_send_room(s) || READ_ONCE(s->error) ||
				    READ_ONCE(s->shut) & SOCK_SHUT_WR, deadline);
		if (err)
			return err;
	}
}

int sock_alloc_send(struct sock *s, u32 room, u32 n, u32 msg_flags, struct packet **out)
{
	int err = sock_wait_room(s, msg_flags);

	if (err)
		return err;
	*out = packet_alloc(room, n, MM_KERNEL);
	if (!*out)
		return -ENOBUFS;
	sock_charge_send(s, *out);
	return 0;
}
