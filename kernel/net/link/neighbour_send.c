/*
 * Packets to neighbours: with the header that is ready, or into the queue until there is one.
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/link/ether.h"
#include "net/link/neighbour_int.h"

/* Puts the entry's header in front and sends. */
static int send_with_header(struct neighbour *n, struct packet *p)
{
	u32 length = n->nif->header_length;
	u8 *at;
	u32 seq;

	if (unlikely(packet_room(p) < length || packet_shared(p)) &&
	    packet_own_head(p, length)) {
		packet_free(p);
		return -ENOMEM;
	}
	at = packet_push(p, length);
	do {
		seq = seq_read_begin(&n->header_seq);
		memcpy(at, n->header, sizeof(struct ether_header));
	} while (seq_read_retry(&n->header_seq, seq));
	p->nif = n->nif;
	p->link = packet_offset(p);
	p->link_length = (u16)length;
	p->protocol = neighbour_protocol(n)->protocol;
	return netif_send(p);
}

int neighbour_send(struct neighbour *n, struct packet *p)
{
	if (likely(READ_ONCE(n->state) & NEIGH_CONNECTED))
		return send_with_header(n, p);
	return neighbour_send_slow(n, p);
}

/* Waits for the address, the oldest giving way when there is no room. With the lock. */
static void queue_locked(struct neighbour *n, struct packet *p, struct packet_queue *lost)
{
	u32 limit = neighbour_set(n)->queue_bytes;

	while (n->queue.n && n->queue.bytes + p->length > limit)
		packet_enqueue(lost, packet_dequeue(&n->queue));
	packet_enqueue(&n->queue, p);
}

int neighbour_send_slow(struct neighbour *n, struct packet *p)
{
	struct packet_queue lost;
	bool ask = false, send = false;
	struct packet *waiting = NULL;

	packet_queue_init(&lost);
	spin_lock(&n->lock);
	switch (n->dead ? NEIGH_FAILED : n->state) {
	case NEIGH_STALE:
		WRITE_ONCE(n->state, NEIGH_DELAY);
		WRITE_ONCE(n->confirmed, false);
		neighbour_arm_locked(n, (u64)neighbour_set(n)->delay_s * NSEC_PER_SEC);
		send = true;
		break;
	case NEIGH_NONE:
		neighbour_ask_locked(n, NEIGH_INCOMPLETE);
		ask = true;
		queue_locked(n, p, &lost);
		break;
	case NEIGH_INCOMPLETE:
		queue_locked(n, p, &lost);
		break;
	case NEIGH_FAILED:
		if (!n->dead && !soft_timer_armed(&n->timer)) {
			neighbour_ask_locked(n, NEIGH_INCOMPLETE);
			ask = true;
			queue_locked(n, p, &lost);
		} else {
			packet_enqueue(&lost, p);
		}
		break;
	default:
		send = true;
	}
	if (ask)
		waiting = packet_clone(p, MM_ATOMIC);
	spin_unlock(&n->lock);
	if (send)
		return send_with_header(n, p);
	if (ask)
		neighbour_protocol(n)->solicit(n, false, waiting);
	packet_free(waiting);
	if (!lost.n)
		return 0;
	neighbour_fail(n, &lost);
	return 0;
}

void neighbour_flush_queue(struct neighbour *n, struct packet_queue *queue)
{
	struct packet *p;

	while ((p = packet_dequeue(queue)))
		send_with_header(n, p);
}

int link_send_to(struct netif *nif, struct packet *p, u16 protocol, const u8 *to, const u8 *from)
{
	u32 length = nif->header_length;

	if (packet_own_head(p, length)) {
		packet_free(p);
		return -ENOMEM;
	}
	packet_push(p, length);
	if (length)
		ether_header_make((struct ether_header *)p->data, to, from, protocol);
	p->nif = nif;
	p->link = packet_offset(p);
	p->link_length = (u16)length;
	p->protocol = protocol;
	return netif_send(p);
}
