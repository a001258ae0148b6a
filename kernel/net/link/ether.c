/*
 * Links without neighbours (loopback): a header of zeroes, if the link has one at all.
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
