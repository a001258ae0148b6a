/*
 * Rings of version 3: blocks of frames. A block is opened by its first frame, and closed, that is
 * given to the user, when the next does not fit or its time is over.
 */
#include "abi/if_ether.h"
#include "abi/poll.h"
#include "core/clock.h"
#include "net/packet/packet_ring_int.h"

#define HEADER ((u32)align_up(sizeof(struct tpacket3_hdr), (size_t)TPACKET_ALIGNMENT))

static u64 block_at(const struct packet_ring *r)
{
	return (u64)r->head * r->block_size;
}

/* Writes what is known of a block now, and hands it over. */
static void block_close(struct packet_ring *r, u32 status)
{
	u32 first = (u32)BLOCK_FIRST(r->private_size);
	struct tpacket_block_desc d = {
		.version = 1,
		.offset_to_priv = (u32)align_up(sizeof(d), (size_t)8),
		.hdr = { .num_pkts = r->n, .offset_to_first_pkt = first, .blk_len = r->used,
			 .seq_num = ++r->seq, .ts_first_pkt = r->first_stamp,
			 .ts_last_pkt = r->last_stamp },
	};
	u64 at = block_at(r);

	packet_ring_write(r, at, &d, BLOCK_STATUS);
	packet_ring_write(r, at + BLOCK_STATUS + 4, (u8 *)&d + BLOCK_STATUS + 4,
			  sizeof(d) - BLOCK_STATUS - 4);
	packet_ring_set_status(r, at + BLOCK_STATUS, TP_STATUS_USER | status);
	r->head = r->head + 1 == r->n_blocks ? 0 : r->head + 1;
	r->open = false;
}

/* Takes the next block, if the user has given it back. */
static bool block_open(struct packet_sock *ps, struct packet_ring *r)
{
	if (packet_ring_status(r, block_at(r) + BLOCK_STATUS) != TP_STATUS_KERNEL) {
		if (!r->frozen)
			ps->n_freezes++;
		r->frozen = true;
		return false;
	}
	r->frozen = false;
	r->open = true;
	r->used = (u32)BLOCK_FIRST(r->private_size);
	r->n = 0;
	r->last = 0;
	soft_timer_arm(&r->timer, clock_monotonic() + r->retire_ns);
	return true;
}

/* Writes a frame at r->used; it fits. */
static void frame_put(struct packet_ring *r, struct packet *p, const struct packet_note *note,
		      u32 skip, struct tpacket3_hdr *h)
{
	u64 at = block_at(r) + r->used, stamp = p->stamp_ns ? p->stamp_ns : clock_realtime();
	u32 size = align_up(h->tp_mac + h->tp_snaplen, (u32)TPACKET_ALIGNMENT);
	u32 next = r->used - r->last;

	h->tp_sec = (u32)(stamp / NSEC_PER_SEC);
	h->tp_nsec = (u32)(stamp % NSEC_PER_SEC);
	h->tp_len = note->length;
	h->tp_status = note->status;
	h->hv1.tp_rxhash = p->hash;
	if (p->has_vlan) {
		h->hv1.tp_vlan_tci = p->vlan;
		h->hv1.tp_vlan_tpid = ETH_P_8021Q;
	}
	packet_ring_write(r, at, h, sizeof(*h));
	packet_ring_write(r, at + HEADER, &note->from, sizeof(note->from));
	packet_ring_copy(r, at + h->tp_mac, p, skip, h->tp_snaplen);
	if (r->n)
		packet_ring_write(r, block_at(r) + r->last, &next, sizeof(next));
	r->last_stamp = (struct tpacket_bd_ts){ h->tp_sec, h->tp_nsec };
	if (!r->n++)
		r->first_stamp = r->last_stamp;
	r->last = r->used;
	r->used = min(r->used + size, r->block_size); /* the last needs no padding */
}

bool packet_block_put(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		      u32 skip, u32 keep, bool *wake)
{
	struct packet_ring *r = ps->ring;
	u32 most = r->block_size - (u32)BLOCK_FIRST(r->private_size);
	struct tpacket3_hdr h = { 0 };

	*wake = false;
	packet_ring_offsets(ps, note, HEADER + (u32)sizeof(struct sockaddr_ll), &h.tp_mac,
			    &h.tp_net);
	if (h.tp_mac >= most)
		return false;
	h.tp_snaplen = min(keep, most - h.tp_mac);
	if (r->open && r->block_size - r->used < h.tp_mac + h.tp_snaplen) {
		block_close(r, 0);
		*wake = true;
	}
	if (!r->open && !block_open(ps, r))
		return false;
	frame_put(r, p, note, skip, &h);
	return true;
}

void packet_block_timeout(struct soft_timer *timer)
{
	struct packet_ring *r = container_of(timer, struct packet_ring, timer);
	struct packet_sock *ps = r->ps;
	bool closed = false;

	spin_lock(&ps->sock.lock);
	if (ps->ring == r && r->open && r->n) {
		block_close(r, TP_STATUS_BLK_TMO);
		closed = true;
	}
	spin_unlock(&ps->sock.lock);
	if (closed)
		sock_wake(&ps->sock, POLLIN | POLLRDNORM);
}
