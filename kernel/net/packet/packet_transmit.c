/*
 * Sending from a ring (packet(7), PACKET_TX_RING): a program fills frames in memory that it shares
 * with the kernel and marks each as to be sent; send(2) sends all of them in turn, up to the first
 * that is not marked. The bytes are copied to a packet, so a frame is the program's again when it
 * was sent, at once. What is in the ring may change at any time: each header is read once.
 *
 * Lock: send_lock, the ring and its head; it is given up while waiting for room.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "net/packet/packet_int.h"
#include "net/packet/packet_ring_int.h"
#include "sched/thread.h"

/* A frame that is to be sent. */
struct slot { u32 length, offset; };

/* Where the status word of a frame at `at` is. */
static u64 status_at(const struct packet_sock *ps, u64 at)
{
	return ps->version == TPACKET_V3 ? at + offsetof(struct tpacket3_hdr, tp_status) : at;
}

static u64 next_status(const struct packet_sock *ps, const struct packet_ring *r)
{
	return status_at(ps, packet_ring_frame(r, r->head));
}

/* What a frame's header says: its length, and of SOCK_DGRAM's kind where data begin without the
 * link header. -EINVAL: it is longer than one frame. */
static int header_read(const struct packet_sock *ps, struct packet_ring *r, u64 at,
		       struct slot *out)
{
	bool link = ps->sock.type != SOCK_DGRAM;
	union { struct tpacket_hdr v1; struct tpacket2_hdr v2; struct tpacket3_hdr v3; } h;

	packet_ring_read(r, at, &h, packet_ring_header(ps));
	switch (ps->version) {
	case TPACKET_V1:
		*out = (struct slot){ h.v1.tp_len, link ? h.v1.tp_mac : h.v1.tp_net };
		return 0;
	case TPACKET_V2:
		*out = (struct slot){ h.v2.tp_len, link ? h.v2.tp_mac : h.v2.tp_net };
		return 0;
	default:
		*out = (struct slot){ h.v3.tp_len, link ? h.v3.tp_mac : h.v3.tp_net };
		return h.v3.tp_next_offset ? -EINVAL : 0;
	}
}

/* Whether a frame can be sent, and where its bytes are: 0, -EINVAL, -EMSGSIZE. */
static int slot_read(const struct packet_sock *ps, struct packet_ring *r, u64 at,
		     const struct netif *nif, struct slot *out)
{
	u32 least = (u32)align_up(packet_ring_header(ps), (u32)TPACKET_ALIGNMENT);
	int err = header_read(ps, r, at, out);

	if (err)
		return err;
	if (out->length > r->frame_size - least)
		return -EMSGSIZE;
	if (!READ_ONCE(ps->offsets))
		out->offset = least;
	else if (out->offset < least || out->offset > r->frame_size - out->length)
		return -EINVAL;
	return packet_size_check(&ps->sock, nif, out->length);
}

static int slot_send(struct packet_sock *ps, struct packet_ring *r, u64 at,
		     const struct slot *slot, const struct packet_target *t)
{
	struct packet *p = packet_alloc(PACKET_ROOM, slot->length, MM_KERNEL);
	int err;

	if (!p)
		return -ENOBUFS;
	sock_charge_send(&ps->sock, p);
	packet_ring_read(r, at + slot->offset, packet_put(p, slot->length), slot->length);
	err = packet_transmit(&ps->sock, p, t);
	return err == -ABI_ENOBUFS ? 0 : err; /* as lost on the wire */
}

/* Sends the next frame, whose bytes are counted: 1; 0: there is none; or -errno. */
static int send_next(struct packet_sock *ps, struct packet_ring *r, const struct packet_target *t,
		     size_t *bytes)
{
	u64 at = packet_ring_frame(r, r->head);
	struct slot slot;
	int err;

	if (packet_ring_status(r, status_at(ps, at)) != TP_STATUS_SEND_REQUEST)
		return 0;
	err = slot_read(ps, r, at, t->nif, &slot);
	if (!err)
		err = slot_send(ps, r, at, &slot, t);
	if (!err)
		*bytes += slot.length;
	else if (err != -ABI_EINVAL && err != -ABI_EMSGSIZE)
		return err;
	else if (!READ_ONCE(ps->loss)) {
		packet_ring_set_status(r, status_at(ps, at), TP_STATUS_WRONG_FORMAT);
		return err;
	}
	packet_ring_set_status(r, status_at(ps, at), TP_STATUS_AVAILABLE);
	WRITE_ONCE(r->head, r->head + 1 == r->n_frames ? 0 : r->head + 1);
	return 1;
}

ssize_t packet_send_ring(struct sock *s, const struct packet_target *t, u32 flags)
{
	struct packet_sock *ps = packet_sock(s);
	size_t bytes = 0;
	int more = 1;

	if (!(READ_ONCE(t->nif->flags) & IFF_UP))
		return -ENETDOWN;
	mutex_lock(&s->send_lock);
	while (more > 0 && ps->tx_ring) {
		if (sock_send_room(s)) {
			more = send_next(ps, ps->tx_ring, t, &bytes);
			/* Another CPU may fill the frames as fast as they are sent. */
			if (thread_signal_pending())
				break;
			sched_point();
			continue;
		}
		mutex_unlock(&s->send_lock);
		more = sock_wait_room(s, flags) ?: 1;
		mutex_lock(&s->send_lock);
	}
	mutex_unlock(&s->send_lock);
	/* What could not be sent for want of room or for a signal is sent next time. */
	if ((more == -ABI_EAGAIN || more == -ABI_EINTR || more == -ABI_ERESTARTSYS) && bytes)
		more = 0;
	return more < 0 ? more : (ssize_t)bytes;
}

bool packet_send_ring_ready(struct packet_sock *ps)
{
	struct packet_ring *r;
	bool ready = false;

	spin_lock(&ps->sock.lock);
	r = ps->tx_ring;
	if (r)
		ready = packet_ring_status(r, next_status(ps, r)) == TP_STATUS_AVAILABLE;
	spin_unlock(&ps->sock.lock);
	return ready;
}
