/*
 * Fragments of IPv4: what tells their packets apart (RFC 791, 3.2), and the error when one is not
 * whole in time (RFC 792, Time Exceeded).
 */
#include "net/inet/reassembly.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"

struct packet *ip4_reassemble(struct packet *p)
{
	struct ip4_header *h = packet_network(p);
	u16 fragment = ntoh16(h->fragment);
	struct frag_key key = { .from = ipaddr_4(h->from), .to = ipaddr_4(h->to),
				.id = h->id, .protocol = h->protocol };
	struct packet *whole;

	whole = reassembly_add(&key, p, (u32)(fragment & IP4_OFFSET) * 8, fragment & IP4_MF,
			       0xffffu - ip_info(p)->header_length);
	if (!whole)
		return NULL;
	h = packet_network(whole);
	/* The last piece went by its own header; the first one's may be longer. */
	if (whole->length + ip4_header_bytes(h) > 0xffff) {
		packet_free(whole);
		return NULL;
	}
	h->length = hton16((u16)(whole->length + ip4_header_bytes(h)));
	h->fragment = 0;
	ip4_header_sum(h);
	return whole;
}

static void expired(struct packet *first)
{
	icmp4_send(first, ICMP4_TIME_EXCEEDED, ICMP4_REASSEMBLY, 0);
	packet_free(first);
}

void ip4_reassembly_init(void)
{
	reassembly_set_expired(false, expired);
}
