/*
 * Fragments of IPv6: what tells their packets apart (RFC 8200, 4.5), what makes one bad at once,
 * and the error when one is not whole in time.
 */
#include "lib/string.h"
#include "net/inet/reassembly.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"

enum { FRAGMENT = sizeof(struct ip6_fragment_header) };

static struct packet *refuse(struct packet *p, u8 code, u32 pointer)
{
	ip6_count(IP6_IN_HDR_ERRORS);
	icmp6_send(p, ICMP6_PARAMETER, code, pointer);
	packet_free(p);
	return NULL;
}

/* Whether the first piece has all headers in it (RFC 7112): of those that reach further than this
 * nothing would be known when it is looked at. */
static bool chain_whole(struct packet *p, const struct ip6_chain *chain)
{
	enum { ENOUGH = 512 };

	return packet_want(p, min(p->length, (u32)ENOUGH)) &&
	       ip6_chain_is_whole(packet_network(p), chain->transport + p->head, chain);
}

/* Takes the fragment header out of a packet that is whole; what was in front of it moves behind it.
 * Data begins at the IP header then. */
static struct packet *unwrap(struct packet *p)
{
	u8 *network = packet_network(p);
	struct ip_info *info = ip_info(p);
	struct ip6_header *h;
	struct ip6_chain chain;

	if (ip6_chain_read(network, packet_offset(p) - p->network, IP6_READ_SENDER, &chain) ||
	    !chain.piece) {
		packet_free(p);
		return NULL;
	}
	network[chain.fixed_link] = network[chain.fragment];
	memmove(network + FRAGMENT, network, chain.fragment);
	p->network += FRAGMENT;
	packet_push(p, chain.fragment);
	h = packet_network(p);
	h->length = hton16((u16)(p->length - sizeof(*h)));
	info->protocol = h->next;
	info->header_length = sizeof(*h);
	return p;
}

struct packet *ip6_reassemble(struct packet *p, const struct ip6_chain *chain)
{
	const struct ip6_header *h = packet_network(p);
	const struct ip6_fragment_header *f = (const void *)((const u8 *)h + chain->fragment);
	u32 offset = ntoh16(f->offset_more) & 0xfff8;
	/* The length of the whole, without its IP header, goes into 16 bits. */
	u32 most = 0xffff - (chain->fragment - (u32)sizeof(*h));
	bool more = f->offset_more & hton16(1);
	struct frag_key key = { .from = h->from, .to = h->to, .id = f->id };
	struct packet *whole;

	/* Addresses of links mean different machines on each. */
	if (ipaddr_link_local(&h->from) || ipaddr_link_local(&h->to) || ipaddr_multicast(&h->to))
		key.nif = ip_info(p)->nif;
	if (more && p->length % 8)
		return refuse(p, ICMP6_BAD_FIELD, offsetof(struct ip6_header, length));
	if (offset + p->length > most)
		return refuse(p, ICMP6_BAD_FIELD, chain->fragment +
			      (u32)offsetof(struct ip6_fragment_header, offset_more));
	if (!offset && !chain_whole(p, chain))
		return refuse(p, ICMP6_CHAIN_CUT, 0);
	whole = reassembly_add(&key, p, offset, more, most);
	return whole ? unwrap(whole) : NULL;
}

static void expired(struct packet *first)
{
	icmp6_send(first, ICMP6_TIME_EXCEEDED, ICMP6_REASSEMBLY, 0);
	packet_free(first);
}

void ip6_reassembly_init(void)
{
	reassembly_set_expired(true, expired);
}
