/*
 * Messages of neighbour discovery: built and sent, with hop limit 255 (RFC 4861, 4). Each says the
 * sender's link address where that is allowed.
 */
#include "abi/if.h"
#include "lib/string.h"
#include "net/ip6/nd_int.h"

/* A packet for a message of n bytes and options of at most 32 more. */
static struct packet *message(u32 n, void **out)
{
	struct packet *p = packet_alloc(PACKET_ROOM, n + 32, MM_ATOMIC);

	if (!p)
		return NULL;
	*out = packet_put(p, n);
	memset(*out, 0, n);
	return p;
}

/* The link address goes with no packet from an address that may be another's: it would be believed
 * (RFC 4429, 3.2). */
static bool is_certain(const struct netif *nif, const struct ipaddr *from)
{
	struct ip6_addr *a;
	bool certain;

	rcu_read_lock();
	a = ip6_addr_find(nif, from);
	certain = !a || !(READ_ONCE(a->flags) & IFA_F_OPTIMISTIC);
	rcu_read_unlock();
	return certain;
}

static void add_link(struct packet *p, const struct netif *nif, u8 type)
{
	struct nd_link_option *o;

	if (nif->address_length != sizeof(o->address))
		return; /* lo: nobody asks there */
	o = (struct nd_link_option *)packet_put(p, sizeof(*o));
	o->type = type;
	o->length = 1;
	memcpy(o->address, nif->address, sizeof(o->address));
}

void nd_send_solicit(struct netif *nif, const struct ipaddr *target, const struct ipaddr *from,
		     const struct ipaddr *to, const u8 *nonce)
{
	struct nd_neighbour *h;
	struct packet *p = message(sizeof(*h), (void **)&h);

	if (!p)
		return;
	h->type = ICMP6_NEIGHBOUR_SOLICIT;
	h->target = *target;
	if (!ipaddr_any(from) && is_certain(nif, from))
		add_link(p, nif, ND_SOURCE_LINK);
	if (nonce) {
		struct nd_nonce_option *o = (struct nd_nonce_option *)packet_put(p, sizeof(*o));

		o->type = ND_NONCE;
		o->length = 1;
		memcpy(o->nonce, nonce, sizeof(o->nonce));
	}
	icmp6_send_on(nif, p, from, to, ND_HOPS, false);
}

void nd_send_advert(struct netif *nif, const struct ipaddr *target, const struct ipaddr *to,
		    u32 flags)
{
	struct ipaddr from = *target;
	struct nd_neighbour *h;
	struct packet *p;
	bool known;

	/* Nothing is sent from an address that others have as well. */
	rcu_read_lock();
	known = ip6_addr_find(nif, target) || ip6_addr_select(nif, to, 0, &from);
	rcu_read_unlock();
	p = known ? message(sizeof(*h), (void **)&h) : NULL;
	if (!p)
		return;
	h->type = ICMP6_NEIGHBOUR_ADVERT;
	h->flags = hton32(flags);
	h->target = *target;
	add_link(p, nif, ND_TARGET_LINK);
	icmp6_send_on(nif, p, &from, to, ND_HOPS, false);
}

void nd_send_router_solicit(struct netif *nif)
{
	const struct ipaddr to = IP6_ALL_ROUTERS;
	struct nd_router_solicit *h;
	struct ipaddr from = IPADDR_ANY;
	struct packet *p = message(sizeof(*h), (void **)&h);
	bool known;

	if (!p)
		return;
	rcu_read_lock();
	known = ip6_addr_link_local(nif, &from);
	rcu_read_unlock();
	if (!known)
		from = IPADDR_ANY;
	h->type = ICMP6_ROUTER_SOLICIT;
	if (known && is_certain(nif, &from))
		add_link(p, nif, ND_SOURCE_LINK);
	icmp6_send_on(nif, p, &from, &to, ND_HOPS, false);
}
