/*
 * IPv4 output: the header (RFC 791), then to the link, in pieces if the path wants it so.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"
#include "net/link/ether.h"

enum { ID_COUNTERS = 2048 };
static u16 id_counter[ID_COUNTERS]; /* a */
static u64 id_seed;                 /* a: 0 until first used */

/* One counter per pair of hosts (by hash), each from a random start: pieces of different packets
 * are not mixed up, and nobody learns from it how much we send to others (RFC 7739, 5). */
u16 ip4_next_id(be32 from, be32 to, u8 protocol)
{
	u64 seed = READ_ONCE(id_seed), h;

	if (unlikely(!seed)) {
		seed = random_u64() | 1;
		WRITE_ONCE(id_seed, seed);
	}
	h = hash_mix(hash_mix(seed, (u64)from << 32 | to), protocol);
	return (u16)(__atomic_fetch_add(&id_counter[h % ID_COUNTERS], 1, __ATOMIC_RELAXED) +
		     (h >> 48));
}

static u8 ttl_of(const struct route *r, const struct ip_meta *meta)
{
	if (meta->ttl >= 0)
		return (u8)meta->ttl;
	if (r->kind == ROUTE_MULTICAST)
		return 1;
	return (u8)(r->hop_limit ?: (u32)READ_ONCE(ip4_settings.default_ttl));
}

static int to_link(struct packet *p, struct route *r)
{
	return link_send(p, r, ETH_P_IP);
}

/* A copy to this machine's own sockets, as if it had come by the interface. */
static void loop_back(struct packet *p, struct route *r)
{
	link_loop_back(p, r->nif, ETH_P_IP,
		       r->kind == ROUTE_MULTICAST ? PKT_MULTICAST : PKT_BROADCAST,
		       r->nif->broadcast);
}

/* Groups and broadcasts: this machine's own, then the link. False: that was all, p is freed. */
static bool spread(struct packet *p, struct route *r, bool loop)
{
	const struct ip4_header *h = (const struct ip4_header *)p->data;

	inet_count(r->kind == ROUTE_MULTICAST ? IPEXT_OUT_MCAST_PKTS : IPEXT_OUT_BCAST_PKTS);
	if (r->nif->flags & IFF_LOOPBACK)
		return true;
	if (loop && (r->kind == ROUTE_BROADCAST || r->loops))
		loop_back(p, r);
	if (h->ttl)
		return true;
	packet_free(p); /* RFC 1112, 6.1: not beyond this machine */
	return false;
}

int ip4_output(struct packet *p, struct route *r, bool loop, bool may_fragment)
{
	u32 mtu = route_mtu(r);

	inet_count(IPV4_OUT_REQUESTS);
	inet_count_n(IPEXT_OUT_OCTETS, p->length);
	if (unlikely(r->kind == ROUTE_MULTICAST || r->kind == ROUTE_BROADCAST) &&
	    !spread(p, r, loop))
		return 0;
	if (likely(p->length <= mtu || p->gso_size))
		return to_link(p, r);
	if (!may_fragment) {
		packet_free(p);
		return -EMSGSIZE;
	}
	return ip4_fragment(p, mtu, r, to_link);
}

int ip4_send(struct packet *p, struct route *r, const struct ip_meta *meta)
{
	u32 header = (u32)sizeof(struct ip4_header) + meta->options_length, mtu = route_mtu(r);
	bool fits, whole;
	struct ip4_header *h;
	u32 sum;

	if (unlikely(packet_room(p) < header || packet_shared(p)) &&
	    packet_own_head(p, PACKET_ROOM)) {
		packet_free(p);
		return -ENOMEM;
	}
	if (unlikely(meta->ignore_mtu))
		mtu = r->nif->mtu;
	p->transport = packet_offset(p);
	h = (struct ip4_header *)packet_push(p, header);
	p->network = packet_offset(p);
	fits = p->length <= mtu || p->gso_size;
	if (unlikely(p->length > 0xffff || (!fits && meta->dont_fragment))) {
		packet_free(p);
		return -EMSGSIZE;
	}
	whole = meta->dont_fragment && fits;
	h->version_length = (u8)(0x40 | header / 4);
	h->tos = meta->tos;
	h->length = hton16((u16)p->length);
	h->fragment = whole ? hton16(IP4_DF) : 0;
	/* A packet that cannot be cut needs no identification (RFC 6864, 4.1). */
	h->id = whole && !p->gso_size ? 0 :
		hton16(ip4_next_id(r->from.w[3], r->to.w[3], meta->protocol));
	h->ttl = ttl_of(r, meta);
	h->protocol = meta->protocol;
	h->from = r->from.w[3];
	h->to = r->kind == ROUTE_LOCAL ? r->hop.w[3] : r->to.w[3];
	h->sum = 0;
	if (unlikely(meta->options_length))
		memcpy(h + 1, meta->options, meta->options_length);
	sum = sum_bytes(h, header, 0);
	h->sum = sum_finish(sum);
	p->priority = meta->tos;
	return ip4_output(p, r, !meta->no_loop, true);
}
