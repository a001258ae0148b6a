/*
 * Neighbour discovery: asking for link addresses and answering (RFC 4861, 7.2), in ARP's place. The
 * states of neighbours are those of net/link; here is what is said on the wire.
 *
 * Soft work answers at once; what a message asks of the configuration (addresses, routes) is kept
 * for a work queue (nd_later.c). An entry is made only for who asks us, so that lies about
 * strangers make none.
 */
#include "net/ip6/nd.h"

#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/clock.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"
#include "net/link/neighbour.h"

#define REPORT_GAP (10 * NSEC_PER_SEC)

/* Asking -------------------------------------------------------------------------------------- */

/* The source of a question: that of the packet that waits if it is ours there (RFC 4861, 7.2.2). */
static bool question_source(const struct neighbour *n, const struct packet *waiting,
			    struct ipaddr *from)
{
	if (waiting && waiting->head >= sizeof(struct ip6_header)) {
		memcpy(from, waiting->data + offsetof(struct ip6_header, from), sizeof(*from));
		if (ip6_addr_find(n->nif, from) && ip6_addr_is_ours(from, n->nif))
			return true;
	}
	return ip6_addr_select(n->nif, &n->address, 0, from);
}

static void solicit(struct neighbour *n, bool unicast, const struct packet *waiting)
{
	struct ipaddr group = ip6_solicited_node(&n->address), from;
	bool known;

	rcu_read_lock();
	known = question_source(n, waiting, &from);
	rcu_read_unlock();
	if (known)
		nd_send_solicit(n->nif, &n->address, &from, unicast ? &n->address : &group, NULL);
}

static void failed(struct neighbour *n, struct packet *p)
{
	icmp6_hop_failed(p);
}

/* Hearing ------------------------------------------------------------------------------------- */

/* Somebody else says that he has an address of ours. */
static void conflict(struct netif *nif, const struct packet *p, const struct ipaddr *address)
{
	const struct ethhdr *h = packet_link(p);
	struct nd_state *s = nd_state(nif);
	u64 now = clock_monotonic(), last = READ_ONCE(s->conflict_ns);
	const be16 *a = address->h;

	if ((last && now - last < REPORT_GAP) || p->link_length < sizeof(*h) ||
	    !memcmp(h->h_source, nif->address, sizeof(h->h_source)))
		return;
	WRITE_ONCE(s->conflict_ns, now);
	log_warn("%s: %x:%x:%x:%x:%x:%x:%x:%x is also used by %02x:%02x:%02x:%02x:%02x:%02x",
		 nif->name, ntoh16(a[0]), ntoh16(a[1]), ntoh16(a[2]), ntoh16(a[3]), ntoh16(a[4]),
		 ntoh16(a[5]), ntoh16(a[6]), ntoh16(a[7]), h->h_source[0], h->h_source[1],
		 h->h_source[2], h->h_source[3], h->h_source[4], h->h_source[5]);
}

/* What the sender of a question says of itself (RFC 4861, 7.2.3). */
static void learn(struct netif *nif, const struct ipaddr *from, const u8 *link_address)
{
	struct neighbour *n;

	if (!link_address || link_address[0] & 1 || ipaddr_any(from))
		return;
	n = neighbour_get(nif, from);
	if (!n)
		return;
	neighbour_update(n, link_address, NEIGH_STALE, NEIGH_OVERRIDE);
	neighbour_put(n);
}

static void solicited(struct netif *nif, const struct ip_info *info, const struct nd_message *m)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	u32 flags = ND_OVERRIDE | (ip6_conf_get(nif, IP6_FORWARDING) ? ND_ROUTER : 0);
	struct ip6_addr *a = ip6_addr_find(nif, &m->target);
	u32 state = a ? READ_ONCE(a->flags) : 0;

	if (a ? state & IFA_F_DADFAILED : !ip6_anycast_has(nif, &m->target))
		return;
	if (state & IFA_F_TENTATIVE && ipaddr_any(&info->from))
		nd_dad_heard(a, m->nonce);
	/* Who asks from an address only wants to talk: nobody answers (RFC 4862, 5.4.3). */
	if (state & IFA_F_TENTATIVE && (ipaddr_any(&info->from) || !(state & IFA_F_OPTIMISTIC)))
		return;
	/* Whoever has it for certain is believed (RFC 4429), and of those who share it the first
	 * (RFC 4861, 7.2.7). */
	if (!a || state & IFA_F_OPTIMISTIC)
		flags &= ~(u32)ND_OVERRIDE;
	learn(nif, &info->from, m->source_link);
	if (ipaddr_any(&info->from))
		nd_send_advert(nif, &m->target, &everybody, flags);
	else
		nd_send_advert(nif, &m->target, &info->from, flags | ND_SOLICITED);
}

static bool advertised(struct netif *nif, struct packet *p, const struct nd_message *m)
{
	struct ip6_addr *a = ip6_addr_find(nif, &m->target);
	struct neighbour *n;
	bool lost;

	if (a && READ_ONCE(a->flags) & IFA_F_TENTATIVE)
		nd_dad_heard(a, NULL);
	else if (a)
		conflict(nif, p, &m->target);
	if (a || (m->target_link && m->target_link[0] & 1))
		return false;
	n = neighbour_find(nif, &m->target);
	if (!n)
		return false;
	lost = neighbour_advertised(n, m->target_link, m->flags & ND_SOLICITED,
				    m->flags & ND_OVERRIDE, m->flags & ND_ROUTER);
	neighbour_put(n);
	return lost;
}

/* Whether the packet is to be looked at again with the config lock. */
static bool handle(struct netif *nif, struct packet *p, const struct nd_message *m)
{
	const struct ip_info *info = ip_info(p);

	switch (m->type) {
	case ICMP6_NEIGHBOUR_SOLICIT:
		solicited(nif, info, m);
		return false;
	case ICMP6_NEIGHBOUR_ADVERT:
		return advertised(nif, p, m);
	case ICMP6_ROUTER_SOLICIT:
		if (ip6_conf_get(nif, IP6_FORWARDING))
			learn(nif, &info->from, m->source_link);
		return false;
	case ICMP6_ROUTER_ADVERT:
		return ip6_conf_get(nif, IP6_ACCEPT_RA) > !!ip6_conf_get(nif, IP6_FORWARDING);
	default:
		return ip6_conf_get(nif, IP6_ACCEPT_REDIRECTS) &&
		       !ip6_conf_get(nif, IP6_FORWARDING);
	}
}

/* Only from the link itself, and never in fragments (RFC 6980, 5). */
void nd_receive(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct nd_message m;

	if (info->ttl == ND_HOPS && !info->fragmented && nd_state(p->nif) &&
	    !(p->nif->flags & IFF_LOOPBACK) && !packet_linearize(p) &&
	    nd_parse(p->data, p->head, &info->from, &info->to, &m) && handle(p->nif, p, &m))
		nd_later(p);
	else
		packet_free(p);
}

/* Interfaces ---------------------------------------------------------------------------------- */

struct nd_state *nd_state_make(struct netif *nif)
{
	struct nd_state *s = kzalloc(sizeof(*s), MM_KERNEL);

	if (!s)
		return NULL;
	s->nif = nif;
	spin_init(&s->lock, RANK_NET_LEAF, "nd");
	nd_router_init(s);
	return s;
}

void nd_state_free(struct nd_state *s)
{
	kfree(s);
}

static bool speaks(const struct netif *nif)
{
	return nif->flags & IFF_UP && nif->carrier && !(nif->flags & IFF_LOOPBACK) &&
	       ip6_is_on(ip6_if(nif));
}

/* Addresses are asked for, and routers, once the link is there: packets before that are lost. */
static void begin(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);
	struct ipaddr own;

	slaac_link_local(nif);
	for (struct ip6_addr *a = in->addrs; a; a = a->next)
		if (a->flags & IFA_F_TENTATIVE && !(a->flags & IFA_F_DADFAILED))
			nd_dad_start(a);
	if (ip6_addr_link_local(nif, &own))
		nd_router_solicit_start(nif);
}

void nd_up(struct netif *nif)
{
	if (speaks(nif))
		begin(nif);
}

void nd_down(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);

	if (!in)
		return;
	nd_router_stop(in->nd);
	WRITE_ONCE(in->nd->router_flags, 0);
	for (struct ip6_addr *a = in->addrs; a; a = a->next)
		nd_dad_stop(a);
}

static void watch_fn(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	if (event == NETIF_CARRIER && speaks(nif))
		begin(nif);
}

u8 nd_router_flags(const struct netif *nif)
{
	struct nd_state *s = nd_state(nif);

	return s ? READ_ONCE(s->router_flags) : 0;
}

static const struct neighbour_protocol neighbours = {
	.protocol = ETH_P_IPV6, .solicit = solicit, .failed = failed,
};
static struct netif_watch watch = { .fn = watch_fn };

void nd_init(void)
{
	nd_dad_init();
	nd_later_init();
	neighbour_protocol_register(true, &neighbours);
	netif_watch(&watch);
}
