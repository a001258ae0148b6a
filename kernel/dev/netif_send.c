/*
 * Sending: from a whole frame to the device's ring.
 *
 * What the device does not do by itself is done here, in this order: cutting into segments, putting
 * in the VLAN tag, the checksum, making the packet linear. Then it goes to ops->send() under
 * the lock of its transmit queue; if the ring is full, or others wait already, it waits in that
 * queue, and the driver's netif_wake() carries on. Beyond nif->queue_length it is dropped.
 *
 * A flow stays on one queue (its hash, else this CPU's), so its packets stay in order.
 */
#include "dev/netif_int.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "arch/percpu.h"
#include "core/clock.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define VLAN_HLEN 4

/* Devices know the sums of TCP and UDP, which are at these places of their headers. */
enum { TCP_SUM = 16, UDP_SUM = 6 };

static bool sum_needed(const struct packet *p, u32 features)
{
	if (p->sum != SUM_PARTIAL)
		return false;
	if (unlikely(p->sum_offset != TCP_SUM && p->sum_offset != UDP_SUM))
		return true;
	if (p->protocol == ETH_P_IP)
		return !(features & NETIF_SUM4);
	return p->protocol != ETH_P_IPV6 || !(features & NETIF_SUM6);
}

static bool segments_needed(const struct netif *nif, const struct packet *p, u32 features)
{
	if (likely(!p->gso_size))
		return false;
	return !(features & (p->gso == GSO_TCP4 ? NETIF_TSO4 : NETIF_TSO6)) ||
	       (p->lossy && nif->segments_joint);
}

/* Puts the tag behind the addresses: 0 or -ENOMEM. */
static int tag_insert(struct packet *p)
{
	int err = packet_own_head(p, VLAN_HLEN);
	u8 *at;

	if (err)
		return err;
	at = packet_push(p, VLAN_HLEN);
	memmove(at, at + VLAN_HLEN, 2 * ETH_ALEN);
	at[12] = ETH_P_8021Q >> 8;
	at[13] = ETH_P_8021Q & 0xff;
	at[14] = (u8)(p->vlan >> 8);
	at[15] = (u8)p->vlan;
	p->link = packet_offset(p);
	p->link_length += VLAN_HLEN;
	p->has_vlan = false;
	return 0;
}

/* Makes one segment such that the device can take it: 0 or -ENOMEM. */
static int prepare(struct packet *p, u32 features)
{
	int err = 0;

	if (p->has_vlan && !(features & NETIF_VLAN_TX))
		err = tag_insert(p);
	if (!err && sum_needed(p, features))
		err = packet_sum_finish(p);
	if (!err && p->n_frags && !(features & NETIF_SG))
		err = packet_linearize(p);
	return err;
}

static void count_sent(struct netif *nif, u32 bytes, u32 packets)
{
	struct netif_counts *c = netif_counts(nif);

	c->tx_packets += packets;
	c->tx_bytes += bytes;
}

static int drop(struct netif *nif, struct packet *p, int err)
{
	netif_counts(nif)->tx_dropped++;
	packet_free(p);
	return err;
}

/* How many segments the device makes of it. */
static u32 n_segments(const struct packet *p)
{
	if (likely(!p->gso_size))
		return 1;
	return (p->length + p->gso_size - 1) / p->gso_size;
}

/* With the queue's lock: -EBUSY if it has to wait. */
static int ring_put(struct netif *nif, unsigned q, struct packet *p, bool more)
{
	struct netif_tx *tx = &nif->tx[q];
	u32 bytes = p->length, n = n_segments(p);

	if (!nif->ops->send(nif, q, p, more))
		return -EBUSY;
	tx->sent++;
	count_sent(nif, bytes, n);
	return 0;
}

/* Its sender wants to know the time. The packet may be received here by and by. */
static void tell_sent(struct packet *p)
{
	if (p->stamps & PACKET_STAMP_SENT)
		netif_stamp_fn(p, PACKET_STAMP_SENT);
	p->stamps = 0;
	p->stamp_ns = 0;
}

static int transmit(struct netif *nif, unsigned q, struct packet *p, bool more)
{
	struct netif_tx *tx = &nif->tx[q];
	int err = 0;

	if (unlikely(p->stamps))
		tell_sent(p);
	if (nif->lockless) {
		count_sent(nif, p->length, n_segments(p));
		nif->ops->send(nif, q, p, more);
		return 0;
	}
	spin_lock(&tx->lock);
	if (unlikely(!tx->open)) {
		err = -ENETDOWN;
	} else if (tx->stopped || ring_put(nif, q, p, more)) {
		tx->stopped = true;
		if (tx->queue.n >= READ_ONCE(nif->queue_length))
			err = -ENOBUFS;
		else
			packet_enqueue(&tx->queue, p);
	}
	spin_unlock(&tx->lock);
	if (unlikely(err))
		return drop(nif, p, err);
	if (unlikely(!soft_timer_armed(&nif->watchdog)))
		netif_watchdog_arm(nif);
	return 0;
}

/* What the device does not cut: the first error, the rest is sent all the same. */
static int transmit_segments(struct netif *nif, unsigned q, struct packet *p, u32 features)
{
	struct packet_queue segments;
	struct packet *s;
	int err = packet_segment(p, &segments), one;

	if (err) {
		netif_counts(nif)->tx_dropped++;
		return -ENOBUFS;
	}
	while ((s = packet_dequeue(&segments))) {
		one = prepare(s, features);
		one = one ? drop(nif, s, -ENOBUFS) : transmit(nif, q, s, segments.n);
		err = err ? err : one;
	}
	return err;
}

int netif_send(struct packet *p)
{
	struct netif *nif = p->nif;
	u32 features = READ_ONCE(nif->features);
	unsigned q = 0;

	if (unlikely(!(READ_ONCE(nif->flags) & IFF_UP)))
		return drop(nif, p, -ENETDOWN);
	if (unlikely(!READ_ONCE(nif->carrier))) {
		netif_counts(nif)->tx_carrier++;
		return drop(nif, p, 0);
	}
	p->link = packet_offset(p);
	p->link_length = (u16)nif->header_length;
	if (unlikely(!list_empty(&netif_taps)) && !(p->bits & PACKET_UNSEEN))
		netif_show_taps(p, true);
	p->bits = 0;
	if (unlikely(p->stamps & PACKET_STAMP_QUEUED))
		netif_stamp_fn(p, PACKET_STAMP_QUEUED);
	if (nif->n_tx > 1)
		q = (p->hash ? p->hash : cpu_id()) % nif->n_tx;
	if (unlikely(segments_needed(nif, p, features)))
		return transmit_segments(nif, q, p, features);
	if (unlikely(p->has_vlan || p->n_frags || p->sum == SUM_PARTIAL) && prepare(p, features))
		return drop(nif, p, -ENOBUFS);
	return transmit(nif, q, p, false);
}

/* Back to where it was taken from. */
static void queue_put_back(struct packet_queue *queue, struct packet *p)
{
	p->next = queue->first;
	if (!queue->first)
		queue->last = &p->next;
	queue->first = p;
	queue->n++;
	queue->bytes += p->length;
}

void netif_wake(struct netif *nif, unsigned q)
{
	struct netif_tx *tx = &nif->tx[q];
	struct packet *p;

	if (!READ_ONCE(tx->stopped))
		return;
	spin_lock(&tx->lock);
	tx->stopped = false;
	while (tx->open && (p = packet_dequeue(&tx->queue))) {
		if (ring_put(nif, q, p, tx->queue.n)) {
			queue_put_back(&tx->queue, p);
			tx->stopped = true;
			break;
		}
	}
	spin_unlock(&tx->lock);
}

void netif_tx_open(struct netif *nif)
{
	for (unsigned q = 0; q < nif->n_tx; q++) {
		struct netif_tx *tx = &nif->tx[q];

		spin_lock(&tx->lock);
		tx->open = true;
		tx->stopped = false;
		tx->sent = tx->done = 0;
		spin_unlock(&tx->lock);
	}
}

void netif_tx_close(struct netif *nif)
{
	for (unsigned q = 0; q < nif->n_tx; q++) {
		struct netif_tx *tx = &nif->tx[q];
		struct packet_queue waiting;
		struct packet *p;

		packet_queue_init(&waiting);
		spin_lock(&tx->lock);
		tx->open = false;
		while ((p = packet_dequeue(&tx->queue)))
			packet_enqueue(&waiting, p);
		spin_unlock(&tx->lock);
		packet_queue_free(&waiting);
	}
}

void netif_stop_sending(struct netif *nif)
{
	for (unsigned q = 0; q < nif->n_tx; q++) {
		spin_lock(&nif->tx[q].lock);
		nif->tx[q].stopped = true;
		spin_unlock(&nif->tx[q].lock);
	}
}

void netif_start_sending(struct netif *nif)
{
	for (unsigned q = 0; q < nif->n_tx; q++)
		netif_wake(nif, q);
}
