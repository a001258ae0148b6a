/*
 * Links without neighbours (loopback): a header of zeroes, if the link has one at all. And what
 * goes to many, of whom this machine is one.
 */
#include "net/link/ether.h"

#include "abi/errno.h"

int link_send_plain(struct netif *nif, struct packet *p, u16 protocol)
{
	u32 length = nif->header_length;

	if (length) {
		struct ether_header *h;

		if (unlikely(packet_room(p) < length || packet_shared(p)) &&
		    packet_own_head(p, length)) {
			packet_free(p);
			return -ENOMEM;
		}
		h = (struct ether_header *)packet_push(p, length);
		memset(h, 0, length);
		h->type = hton16(protocol);
	}
	p->nif = nif;
	p->link = packet_offset(p);
	p->link_length = (u16)length;
	p->protocol = protocol;
	return netif_send(p);
}

void link_loop_back(struct packet *p, struct netif *nif, u16 protocol, u8 kind, const u8 *to)
{
	struct packet *copy = packet_clone(p, MM_ATOMIC);
	u32 length = nif->header_length;
	u8 *header;

	if (!copy)
		return;
	copy->nif = nif;
	copy->protocol = protocol;
	copy->kind = kind;
	if (packet_own_head(copy, length)) {
		packet_free(copy);
		return;
	}
	header = packet_push(copy, length);
	if (length)
		ether_header_make((struct ether_header *)header, to, nif->address, protocol);
	copy->link = packet_offset(copy);
	copy->link_length = (u16)length;
	netif_receive_later(nif, copy);
}
