/*
 * Sending on packet sockets: a whole frame (SOCK_RAW), or what is behind the link header, which is
 * made from the address (SOCK_DGRAM).
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "lib/string.h"
#include "net/packet/packet_int.h"
#include "vm/iov.h"

#define VLAN_HLEN 4

static int target_find(struct packet_sock *ps, const struct msg *m, struct packet_target *t)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)&m->name;
	u32 index = READ_ONCE(ps->ifindex);

	t->protocol = READ_ONCE(ps->protocol);
	t->address = NULL;
	if (m->name_length) {
		if (m->name_length < offsetof(struct sockaddr_ll, sll_addr) ||
		    m->name_length < offsetof(struct sockaddr_ll, sll_addr) + ll->sll_halen ||
		    ll->sll_family != AF_PACKET)
			return -EINVAL;
		index = (u32)ll->sll_ifindex;
		t->protocol = swap16(ll->sll_protocol);
		if (ps->sock.type == SOCK_DGRAM)
			t->address = ll->sll_addr;
	}
	t->nif = (s32)index > 0 ? netif_by_index(index) : NULL;
	if (!t->nif)
		return -ENXIO;
	if (t->address && ll->sll_halen < t->nif->address_length) {
		netif_put(t->nif);
		return -EINVAL;
	}
	return 0;
}

int packet_size_check(const struct sock *s, const struct netif *nif, size_t n)
{
	if (s->type == SOCK_DGRAM)
		return n > nif->mtu ? -EMSGSIZE : 0;
	if (n < nif->header_length)
		return -EINVAL;
	return n > (size_t)nif->mtu + nif->header_length + VLAN_HLEN ? -EMSGSIZE : 0;
}

static void header_make(struct packet *p, const struct packet_target *t)
{
	struct ethhdr *eth = (struct ethhdr *)packet_push(p, ETH_HLEN);

	if (t->address)
		memcpy(eth->h_dest, t->address, ETH_ALEN);
	else
		memset(eth->h_dest, 0, ETH_ALEN);
	memcpy(eth->h_source, t->nif->address, ETH_ALEN);
	eth->h_proto = swap16(t->protocol);
}

/* A frame that is as long as the MTU allows, or longer by a tag. */
static int frame_check(const struct packet *p, const struct netif *nif)
{
	const struct ethhdr *eth = (const struct ethhdr *)p->data;

	if (p->length > nif->mtu + nif->header_length && eth->h_proto != swap16(ETH_P_8021Q))
		return -EMSGSIZE;
	return 0;
}

int packet_transmit(struct sock *s, struct packet *p, const struct packet_target *t)
{
	int err = 0;

	if (s->type == SOCK_DGRAM)
		header_make(p, t);
	else
		err = frame_check(p, t->nif);
	if (err) {
		packet_free(p);
		return err;
	}
	p->nif = t->nif;
	p->protocol = t->protocol;
	if (s->type == SOCK_RAW && (!p->protocol || p->protocol == ETH_P_ALL))
		p->protocol = swap16(((const struct ethhdr *)p->data)->h_proto);
	p->network = packet_offset(p) + ETH_HLEN;
	p->transport = p->network;
	p->priority = READ_ONCE(s->priority);
	p->mark = READ_ONCE(s->mark);
	if (unlikely(READ_ONCE(packet_sock(s)->direct)))
		p->bits |= PACKET_UNSEEN;
	return netif_send(p);
}

static ssize_t send_to(struct sock *s, struct msg *m, const struct packet_target *t)
{
	size_t n = iov_left(m->iter);
	struct packet *p;
	int err = packet_size_check(s, t->nif, n);

	if (err)
		return err;
	if (!(READ_ONCE(t->nif->flags) & IFF_UP))
		return -ENETDOWN;
	err = sock_alloc_send(s, PACKET_ROOM, (u32)n, m->flags, &p);
	if (err)
		return err;
	if (iov_copy_from(m->iter, packet_put(p, (u32)n), n) != n) {
		packet_free(p);
		return -EFAULT;
	}
	err = packet_transmit(s, p, t);
	return err ? err : (ssize_t)n;
}

ssize_t packet_send(struct sock *s, struct msg *m)
{
	struct packet_target t;
	ssize_t n;

	if (m->flags & ~(u32)(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_CONFIRM | MSG_EOR))
		return -EINVAL;
	n = target_find(packet_sock(s), m, &t);
	if (n)
		return n;
	n = READ_ONCE(packet_sock(s)->tx_ring) ? packet_send_ring(s, &t, m->flags) :
						 send_to(s, m, &t);
	netif_put(t.nif);
	return n;
}
