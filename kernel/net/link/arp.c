/*
 * ARP: asking for addresses and answering (RFC 826; RFC 1122, 2.3.2).
 *
 * What others say is believed as far as it helps: an entry that exists is brought up to date by any
 * packet, a new one is made only for who asks us. So a flood of lies about strangers makes no
 * entries.
 */
#include "net/link/arp.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"
#include "net/link/ether.h"
#include "net/link/neighbour.h"
#include "net/link/published.h"

void arp_send(struct netif *nif, u16 operation, be32 from, be32 to, const u8 *target,
	      const u8 *to_link)
{
	static const u8 nobody[6];
	struct packet *p;
	struct arp_packet *a;

	if (nif->type != ARPHRD_ETHER || nif->flags & IFF_NOARP)
		return;
	p = packet_alloc(PACKET_ROOM, sizeof(*a), MM_ATOMIC);
	if (!p)
		return;
	a = (struct arp_packet *)packet_put(p, sizeof(*a));
	*a = (struct arp_packet){
		.hardware = hton16(ARPHRD_ETHER), .protocol = hton16(ETH_P_IP),
		.hardware_length = 6, .protocol_length = 4, .operation = hton16(operation),
		.from = from, .to = to,
	};
	memcpy(a->from_link, nif->address, 6);
	memcpy(a->to_link, target ?: nobody, 6);
	p->network = packet_offset(p);
	link_send_to(nif, p, ETH_P_ARP, to_link ?: nif->broadcast, nif->address);
}

/* The source of a question: that of the packet that waits if it is ours, unless arp_announce wants
 * one of the prefix asked about. */
static be32 question_source(const struct neighbour *n, const struct packet *waiting)
{
	be32 to = n->address.w[3], from = 0;
	s32 announce = ip4_conf_max(n->nif, IP4_ARP_ANNOUNCE);

	if (waiting && announce < 2) {
		const struct ip4_header *h = (const struct ip4_header *)waiting->data;

		from = waiting->head >= sizeof(*h) && fib4_kind(h->from) == FIB_LOCAL ? h->from : 0;
		if (from && announce == 1 && !ip4_addr_on_link(n->nif, from))
			from = 0;
	}
	return from ?: ip4_addr_select(n->nif, to, FIB_SCOPE_LINK);
}

static void solicit(struct neighbour *n, bool unicast, const struct packet *waiting)
{
	u8 known[LINK_ADDRESS];
	be32 from;

	rcu_read_lock();
	from = question_source(n, waiting);
	rcu_read_unlock();
	if (!from)
		return;
	if (unicast && neighbour_address(n, known))
		arp_send(n->nif, ARP_REQUEST, from, n->address.w[3], NULL, known);
	else
		arp_send(n->nif, ARP_REQUEST, from, n->address.w[3], NULL, NULL);
}

static void failed(struct neighbour *n, struct packet *p)
{
	icmp4_hop_failed(p);
}

/* Whether a question for an address is answered here: it is ours (arp_ignore may ask for more), or
 * we route to it by another link, and it is published or proxy_arp is on. */
static bool answers_for(struct netif *nif, const struct arp_packet *a)
{
	s32 ignore = ip4_conf_max(nif, IP4_ARP_IGNORE);
	struct ipaddr to = ipaddr_4(a->to);
	const struct fib_entry *e;

	if (fib4_kind(a->to) == FIB_LOCAL) {
		if (ignore && !ip4_addr_find(nif, a->to))
			return false;
		return ignore < 2 || ip4_addr_on_link(nif, a->from);
	}
	if (!ip4_conf_max(nif, IP4_FORWARDING) ||
	    !(ip4_conf_max(nif, IP4_PROXY_ARP) || published_on(nif, &to)))
		return false;
	e = fib4_lookup(FIB_MAIN, a->to, 0);
	return e && e->nif && e->nif != nif;
}

/* What the sender says of itself. */
static void learn(struct netif *nif, const struct arp_packet *a, bool asks_us)
{
	struct ipaddr from = ipaddr_4(a->from);
	bool reply = a->operation == hton16(ARP_REPLY);
	struct neighbour *n = asks_us ? neighbour_get(nif, &from) : neighbour_find(nif, &from);

	if (!n)
		return;
	/* A reply to us confirms; anything else only tells the address. */
	neighbour_update(n, a->from_link,
			 reply && fib4_kind(a->to) == FIB_LOCAL ? NEIGH_REACHABLE : NEIGH_STALE,
			 NEIGH_OVERRIDE);
	neighbour_put(n);
}

static void handle(struct netif *nif, const struct arp_packet *a, struct packet *p)
{
	bool request = a->operation == hton16(ARP_REQUEST), ours;
	struct ip4_addr *own;

	if (!memcmp(a->from_link, nif->address, 6))
		return; /* our own, come back */
	own = ip4_addr_find(nif, a->from ?: a->to);
	if (a->from && own)
		arp_acd_conflict(own, a->from_link);
	if (a->from && fib4_kind(a->from) != FIB_UNICAST)
		return;
	ours = request && answers_for(nif, a);
	if (ours && a->from && ip4_conf_max(nif, IP4_ARP_IGNORE) < 8)
		learn(nif, a, true);
	else if (a->from)
		learn(nif, a, false);
	/* A probe (RFC 5227, 2.1) is answered as any question: who asks will not take it. */
	if (ours)
		arp_send(nif, ARP_REPLY, a->to, a->from, a->from_link, a->from_link);
}

static void receive(struct packet *p)
{
	struct netif *nif = p->nif;

	if (p->kind != PKT_OTHERHOST && nif->type == ARPHRD_ETHER && !(nif->flags & IFF_NOARP) &&
	    packet_want(p, sizeof(struct arp_packet)) && arp_check(p->data, p->head))
		handle(nif, (const struct arp_packet *)p->data, p);
	packet_free(p);
}

static struct netif_protocol protocol = { .protocol = ETH_P_ARP, .receive = receive };
static const struct neighbour_protocol neighbours = {
	.protocol = ETH_P_IP, .solicit = solicit, .failed = failed,
};

void arp_init(void)
{
	published_init();
	neighbour_protocol_register(false, &neighbours);
	netif_protocol_register(&protocol);
}
