/*
 * What a packet socket receives: the tap looks at a frame, asks the filter how much of it is
 * wanted, and queues a second description of the same bytes, or copies them into the ring.
 */
#include "abi/errno.h"
#include "abi/if_ether.h"
#include "abi/poll.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/filter.h"
#include "net/packet/packet_int.h"

/* TP_STATUS_* that a frame has of itself. */
u32 packet_status(const struct packet *p)
{
	u32 status = TP_STATUS_USER;

	if (p->sum == SUM_PARTIAL)
		status |= TP_STATUS_CSUMNOTREADY;
	else if (p->sum == SUM_VALID)
		status |= TP_STATUS_CSUM_VALID;
	if (p->has_vlan)
		status |= TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID;
	if (p->gso_size)
		status |= TP_STATUS_GSO_TCP;
	return status;
}

/* Where it is from: the sender's address is in the link header. */
static void note_make(struct packet_note *note, const struct packet *p, u32 skip)
{
	const struct netif *nif = p->nif;
	const struct ethhdr *eth = packet_link(p);

	memset(note, 0, sizeof(*note));
	note->from.sll_family = AF_PACKET;
	note->from.sll_protocol = swap16(p->protocol);
	note->from.sll_ifindex = (s32)nif->index;
	note->from.sll_hatype = nif->type;
	note->from.sll_pkttype = p->kind;
	if (p->link_length >= ETH_HLEN) {
		note->from.sll_halen = ETH_ALEN;
		memcpy(note->from.sll_addr, eth->h_source, ETH_ALEN);
	}
	note->length = p->length - skip;
	note->status = packet_status(p);
	note->network = (u16)(p->link_length - skip);
}

/* Queues the first `keep` bytes from `skip` on. With the lock. */
static bool queue(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		  u32 skip, u32 keep)
{
	struct packet *copy = packet_clone(p, MM_ATOMIC);

	if (!copy)
		return false;
	if (skip)
		packet_pull(copy, skip);
	if (keep < copy->length)
		packet_trim(copy, keep);
	*packet_note(copy) = *note;
	if (!sock_queue_receive(&ps->sock, copy))
		return true;
	packet_free(copy);
	return false;
}

void packet_tap(struct netif_tap *tap, struct packet *p)
{
	struct packet_sock *ps = container_of(tap, struct packet_sock, tap);
	struct sock *s = &ps->sock;
	struct packet_note note;
	bool wake, taken;
	u32 skip, keep;

	if (p->kind == PKT_OUTGOING && (p->sock == s || READ_ONCE(ps->ignore_outgoing)))
		return;
	skip = s->type == SOCK_DGRAM ? p->link_length : 0;
	if (skip > p->length)
		return;
	keep = filter_keep(s, p, skip);
	if (!keep)
		return;
	keep = min(keep, p->length - skip);
	note_make(&note, p, skip);
	spin_lock(&s->lock);
	if (unlikely(s->shut & SOCK_SHUT_RD)) {
		spin_unlock(&s->lock);
		return;
	}
	if (ps->ring)
		taken = packet_ring_put(ps, p, &note, skip, keep, &wake);
	else
		taken = wake = queue(ps, p, &note, skip, keep);
	if (taken)
		ps->n_packets++;
	else
		ps->n_drops++;
	spin_unlock(&s->lock);
	if (wake)
		sock_wake(s, POLLIN | POLLRDNORM);
}

static int put_auxdata(struct msg *m, const struct packet *p, const struct packet_note *note)
{
	struct tpacket_auxdata aux = { .tp_status = note->status, .tp_len = note->length,
				       .tp_snaplen = p->length, .tp_net = note->network };

	if (p->has_vlan) {
		aux.tp_vlan_tci = p->vlan;
		aux.tp_vlan_tpid = ETH_P_8021Q;
	}
	return msg_put_control(m, SOL_PACKET, PACKET_AUXDATA, &aux, sizeof(aux));
}

ssize_t packet_recv(struct sock *s, struct msg *m)
{
	struct packet *p;
	ssize_t n = sock_recv_packet(s, m, &p);
	int err = 0;

	if (n < 0 || !p)
		return n;
	n = sock_recv_copy(s, m, p, 0);
	if (n >= 0) {
		struct packet_note *note = packet_note(p);

		memcpy(&m->name, &note->from, sizeof(note->from));
		m->name_length = sizeof(note->from);
		if (READ_ONCE(packet_sock(s)->auxdata))
			err = put_auxdata(m, p, note);
	}
	packet_free(p);
	return err ? err : n;
}
