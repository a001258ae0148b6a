/*
 * Self-tests of neighbour discovery on an imaginary Ethernet, whose other end is the test: asking
 * and answering, duplicates, what routers advertise, redirects, groups.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/mcast.h"
#include "net/ip6/icmp6_wire.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/ip6/mld_wire.h"
#include "net/ip6/nd_wire.h"
#include "net/link/neighbour.h"
#include "test/ktest.h"
#include "test/ktest_wire.h"

#define US     ip6_address(0x2001, 0xdb8, 0, 7, 0, 0, 0, 1)
#define THEM   ip6_address(0x2001, 0xdb8, 0, 7, 0, 0, 0, 2)
#define PREFIX ip6_address(0x2001, 0xdb8, 0, 8, 0, 0, 0, 0)
#define MADE   ip6_address(0x2001, 0xdb8, 0, 8, 0, 0xff, 0xfe00, 0x701) /* of 02:00:00:00:07:01 */
#define ROUTER ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 2)
#define OTHER  ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 3)
#define FAR    ip6_address(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, 1)

static struct ktest_wire wire;

/* A message of ICMPv6 that is being made, with its IP header. */
static struct { struct ip6_header ip; u8 icmp[600]; } __aligned(8) out;
static u32 used; /* of icmp */

static void *begin(u8 type, struct ipaddr from, struct ipaddr to, u32 n)
{
	memset(&out, 0, sizeof(out));
	out.ip = (struct ip6_header){ .version_class_flow = hton32(0x60000000), .hops = ND_HOPS,
				      .next = IPPROTO_ICMPV6, .from = from, .to = to };
	out.icmp[0] = type;
	used = n;
	return out.icmp;
}

static void put_link(u8 type)
{
	out.icmp[used] = type;
	out.icmp[used + 1] = 1;
	memcpy(out.icmp + used + 2, wire.theirs, 6);
	used += 8;
}

static void put_prefix(struct ipaddr prefix, u32 valid, u32 preferred)
{
	struct nd_prefix_option *o = (struct nd_prefix_option *)(out.icmp + used);

	*o = (struct nd_prefix_option){ .type = ND_PREFIX, .length = 4, .bits = 64,
					.flags = ND_ON_LINK | ND_AUTONOMOUS,
					.valid = hton32(valid), .preferred = hton32(preferred),
					.prefix = prefix };
	used += sizeof(*o);
}

static void send(void)
{
	struct icmp6_header *h = (struct icmp6_header *)out.icmp;

	out.ip.length = hton16((u16)used);
	h->sum = 0;
	h->sum = sum_finish(sum_bytes(out.icmp, used,
				      ip_pseudo_sum(&out.ip.from, &out.ip.to, IPPROTO_ICMPV6,
						    used)));
	ktest_wire_arrive(&wire, ETH_P_IPV6, &out, (u32)sizeof(out.ip) + used,
			  ipaddr_multicast(&out.ip.to));
}

/* The next message of a type on the wire, its IP header first; NULL: none came. */
static struct packet *message(u8 type)
{
	struct packet *p;

	while ((p = ktest_wire_frame(&wire, ETH_P_IPV6))) {
		const struct ip6_header *h = (const struct ip6_header *)p->data;
		u32 at = sizeof(*h) + (h->next == IP6_HOP_BY_HOP ? 8 : 0);

		if (p->length >= at + 8 && p->data[at] == type)
			return p;
		packet_free(p);
	}
	return NULL;
}

static void make(u32 flags)
{
	struct ip6_addr a = { .address = US, .length = 64, .flags = flags };

	ktest_wire_make(&wire, 7);
	neighbour_netif_settings(wire.nif, true)->retrans_ms = 50;
	netif_config_lock();
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == 0);
	netif_config_unlock();
}

static void unmake(void)
{
	ktest_wire_unmake(&wire);
}

/* Waits until an address has (or has not) some flags; whether it is there at all. */
static bool flags_become(struct ipaddr address, u32 set, u32 clear)
{
	for (unsigned round = 0; round < 600; round++) {
		struct ip6_addr *a;
		bool right;

		netif_config_lock();
		a = ip6_addr_find(wire.nif, &address);
		right = a && (a->flags & set) == set && !(a->flags & clear);
		netif_config_unlock();
		if (right)
			return true;
		ktest_nap();
	}
	return false;
}

static void solicit(struct ipaddr from, struct ipaddr to, struct ipaddr target)
{
	struct nd_neighbour *h = begin(ICMP6_NEIGHBOUR_SOLICIT, from, to, sizeof(*h));

	h->target = target;
	if (!ipaddr_any(&from))
		put_link(ND_SOURCE_LINK);
	send();
}

static void advertise(u32 flags, struct ipaddr target)
{
	struct nd_neighbour *h = begin(ICMP6_NEIGHBOUR_ADVERT, target, US, sizeof(*h));

	h->target = target;
	h->flags = hton32(flags);
	put_link(ND_TARGET_LINK);
	send();
}

/* Whether an advertisement of US, with these flags, goes to an address. */
static bool advertised(struct ipaddr to, u32 flags)
{
	struct packet *p = message(ICMP6_NEIGHBOUR_ADVERT);
	const struct ip6_header *h;
	struct nd_neighbour n;
	struct ipaddr us = US;
	bool right;

	if (!p)
		return false;
	h = (const struct ip6_header *)p->data;
	memcpy(&n, h + 1, sizeof(n));
	right = ipaddr_equal(&h->to, &to) && !memcmp(p->data + 40 + 8, &us, sizeof(us)) &&
		h->hops == ND_HOPS && n.flags == hton32(flags) && p->length == 40 + 24 + 8 &&
		!memcmp(p->data + 40 + 24 + 2, wire.own, 6);
	packet_free(p);
	return right;
}

static u32 neighbour_now(struct ipaddr address)
{
	struct neighbour *n = neighbour_find(wire.nif, &address);
	u32 state = n ? n->state : 0;

	if (n)
		neighbour_put(n);
	return state;
}

KTEST(nd_answers)
{
	struct ipaddr us = US, everybody = IP6_ALL_NODES;

	make(IFA_F_NODAD);
	solicit(THEM, ip6_solicited_node(&us), US);
	KTEST_CHECK(advertised(THEM, ND_SOLICITED | ND_OVERRIDE));
	KTEST_CHECK(neighbour_now(THEM) & NEIGH_VALID);
	/* Somebody looks whether the address is free. */
	solicit(IPADDR_ANY, ip6_solicited_node(&us), US);
	KTEST_CHECK(advertised(everybody, ND_OVERRIDE));
	/* Not from another link, not without its group, not for a group. */
	begin(ICMP6_NEIGHBOUR_SOLICIT, OTHER, US, sizeof(struct nd_neighbour));
	((struct nd_neighbour *)out.icmp)->target = US;
	put_link(ND_SOURCE_LINK);
	out.ip.hops = 254;
	send();
	KTEST_CHECK(!neighbour_now(OTHER));
	unmake();
}

KTEST(nd_asks)
{
	struct flow f = { .to = THEM };
	struct ip_meta meta = { .protocol = 253, .ttl = -1 };
	struct packet *p = packet_alloc(PACKET_ROOM, 8, MM_KERNEL), *asked;
	struct ipaddr them = THEM, group = ip6_solicited_node(&them);
	struct route *r;

	make(IFA_F_NODAD);
	memset(packet_put(p, 8), 0, 8);
	KTEST_CHECK(route_output(&f, &r) == 0 && r->nif == wire.nif);
	KTEST_CHECK(ip_send(p, r, &meta) == 0);
	while ((asked = message(ICMP6_NEIGHBOUR_SOLICIT))) {
		struct ip6_header *h = (struct ip6_header *)asked->data;
		bool right = ipaddr_equal(&h->to, &group);

		packet_free(asked);
		if (right)
			break;
	}
	KTEST_CHECK(asked);
	advertise(ND_SOLICITED | ND_OVERRIDE, THEM);
	KTEST_CHECK(neighbour_now(THEM) == NEIGH_REACHABLE);
	/* The rules of RFC 4861, 7.2.5. */
	wire.theirs[5] = 9;
	advertise(0, THEM);
	KTEST_CHECK(neighbour_now(THEM) == NEIGH_STALE);
	KTEST_CHECK(r->neighbour->link_address[5] == 2);
	advertise(ND_OVERRIDE, THEM);
	KTEST_CHECK(r->neighbour->link_address[5] == 9 && neighbour_now(THEM) == NEIGH_STALE);
	advertise(ND_SOLICITED | ND_ROUTER, THEM);
	KTEST_CHECK(neighbour_now(THEM) == NEIGH_REACHABLE && r->neighbour->router);
	advertise(ND_SOLICITED, OTHER); /* nobody asked */
	KTEST_CHECK(!neighbour_now(OTHER));
	route_put(r);
	unmake();
}

KTEST(nd_duplicates)
{
	struct ipaddr us = US, nobody = IPADDR_ANY;
	struct packet *p;
	u8 nonce[6];

	make(0);
	KTEST_CHECK(flags_become(US, IFA_F_TENTATIVE, 0));
	/* Its own question, come back, is known by the nonce. */
	do {
		p = message(ICMP6_NEIGHBOUR_SOLICIT);
	} while (p && (p->length != 40 + 24 + 8 || p->data[40 + 24] != ND_NONCE ||
		       memcmp(p->data + 40 + 8, &us, 16)));
	KTEST_CHECK(p);
	memcpy(nonce, p ? p->data + 40 + 24 + 2 : nonce, 6);
	packet_free(p);
	begin(ICMP6_NEIGHBOUR_SOLICIT, nobody, ip6_solicited_node(&us),
	      sizeof(struct nd_neighbour));
	((struct nd_neighbour *)out.icmp)->target = US;
	out.icmp[used] = ND_NONCE;
	out.icmp[used + 1] = 1;
	memcpy(out.icmp + used + 2, nonce, 6);
	used += 8;
	send();
	KTEST_CHECK(flags_become(US, 0, IFA_F_TENTATIVE | IFA_F_DADFAILED));
	unmake();
	/* Somebody else's is one. */
	make(0);
	solicit(nobody, ip6_solicited_node(&us), US);
	KTEST_CHECK(flags_become(US, IFA_F_DADFAILED, 0));
	KTEST_CHECK(!ip6_addr_is_ours(&us, wire.nif));
	unmake();
}

static void router_says(u16 lifetime, u8 preference, u32 valid, u32 preferred)
{
	struct nd_router_advert *h = begin(ICMP6_ROUTER_ADVERT, ROUTER, IP6_ALL_NODES,
					   sizeof(*h));

	h->hop_limit = 77;
	h->flags = (u8)(preference << 3);
	h->lifetime = hton16(lifetime);
	h->reachable = hton32(20000);
	put_link(ND_SOURCE_LINK);
	put_prefix(PREFIX, valid, preferred);
	send();
}

/* The way to far off: by which router; any: there is none. */
static struct ipaddr way(void)
{
	struct ipaddr to = FAR, gateway = IPADDR_ANY;
	const struct fib6_entry *e;

	rcu_read_lock();
	e = fib6_lookup(&to, wire.nif->index);
	if (e)
		gateway = e->gateway;
	rcu_read_unlock();
	return gateway;
}

static bool way_becomes(struct ipaddr wanted)
{
	for (unsigned round = 0; round < 200; round++) {
		struct ipaddr now = way();

		if (ipaddr_equal(&now, &wanted))
			return true;
		ktest_nap();
	}
	return false;
}

static u32 valid_seconds(void)
{
	struct ipaddr made = MADE;
	struct ip6_addr *a;
	u64 until;

	netif_config_lock();
	a = ip6_addr_find(wire.nif, &made);
	until = a ? a->valid_until : 0;
	netif_config_unlock();
	return until ? (u32)((until - clock_monotonic()) / NSEC_PER_SEC) : 0;
}

KTEST(nd_router)
{
	make(IFA_F_NODAD);
	KTEST_CHECK(way_becomes(IPADDR_ANY));
	router_says(1800, 0, 86400, 3600);
	KTEST_CHECK(way_becomes(ROUTER));
	KTEST_CHECK(flags_become(MADE, 0, IFA_F_TENTATIVE | IFA_F_PERMANENT));
	KTEST_CHECK(valid_seconds() > 86000);
	KTEST_CHECK(ip6_conf_get(wire.nif, IP6_HOP_LIMIT) == 77);
	KTEST_CHECK(neighbour_netif_settings(wire.nif, true)->reachable_ms == 20000);
	/* Not less than two hours without proof (RFC 4862, 5.5.3, e). */
	router_says(1800, 0, 10, 10);
	ktest_nap();
	KTEST_CHECK(valid_seconds() > 7000 && valid_seconds() <= 7200);
	router_says(1800, 0, 10, 0);
	KTEST_CHECK(flags_become(MADE, IFA_F_DEPRECATED, 0));
	router_says(0, 0, 86400, 3600);
	KTEST_CHECK(way_becomes(IPADDR_ANY));
	KTEST_CHECK(flags_become(MADE, 0, IFA_F_DEPRECATED));
	unmake();
}

/* Whether the interface has so many temporary addresses. */
static bool temporaries_become(unsigned wanted)
{
	for (unsigned round = 0; round < 600; round++) {
		unsigned n = 0;

		netif_config_lock();
		for (struct ip6_addr *a = ip6_if(wire.nif)->addrs; a; a = a->next)
			n += a->flags & IFA_F_TEMPORARY && !(a->flags & IFA_F_TENTATIVE);
		netif_config_unlock();
		if (n == wanted)
			return true;
		ktest_nap();
	}
	return false;
}

KTEST(nd_temporary)
{
	make(IFA_F_NODAD);
	netif_config_lock();
	ip6_conf_set(wire.nif, IP6_USE_TEMPADDR, 1);
	ip6_conf_set(wire.nif, IP6_REGEN_MAX_RETRY, 0); /* nothing but the least advance */
	ip6_conf_set(wire.nif, IP6_TEMP_PREFERRED, 4);
	ip6_conf_set(wire.nif, IP6_MAX_DESYNC, 0);
	netif_config_unlock();
	router_says(1800, 0, 86400, 3600);
	KTEST_CHECK(flags_become(MADE, IFA_F_MANAGETEMPADDR, IFA_F_TENTATIVE));
	KTEST_CHECK(temporaries_become(1));
	KTEST_CHECK(temporaries_become(2)); /* the successor, two seconds before the end */
	unmake();
}

/* However often a router makes new ones of those that it lets live on. */
KTEST(nd_temporary_most)
{
	struct ip6_addr *a;
	struct ipaddr us = US;
	unsigned n = 0;

	make(IFA_F_NODAD | IFA_F_MANAGETEMPADDR);
	netif_config_lock();
	ip6_conf_set(wire.nif, IP6_USE_TEMPADDR, 1);
	ip6_conf_set(wire.nif, IP6_ACCEPT_DAD, 0);
	KTEST_CHECK(ip6_temporary_manage(ip6_addr_find(wire.nif, &us), true) == 0);
	for (a = ip6_if(wire.nif)->addrs; a && !(a->flags & IFA_F_TEMPORARY);)
		a = a->next;
	KTEST_CHECK(a);
	for (unsigned k = 0; k < 300; k++)
		ip6_temporary_renew(a);
	for (a = ip6_if(wire.nif)->addrs; a; a = a->next)
		n += !!(a->flags & IFA_F_TEMPORARY);
	netif_config_unlock();
	KTEST_CHECK(n == 256);
	unmake();
}

KTEST(nd_optimistic)
{
	struct ipaddr us = US;

	make(IFA_F_OPTIMISTIC);
	/* Usable at once, but nobody is to believe in it. */
	KTEST_CHECK(flags_become(US, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, 0));
	KTEST_CHECK(ip6_addr_is_ours(&us, wire.nif));
	solicit(THEM, ip6_solicited_node(&us), US);
	KTEST_CHECK(advertised(THEM, ND_SOLICITED));
	KTEST_CHECK(flags_become(US, 0, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC));
	solicit(THEM, ip6_solicited_node(&us), US);
	KTEST_CHECK(advertised(THEM, ND_SOLICITED | ND_OVERRIDE));
	unmake();
}

/* A router that is none by default, but the way to FAR. */
static void router_leads(u32 lifetime)
{
	struct nd_router_advert *h = begin(ICMP6_ROUTER_ADVERT, OTHER, IP6_ALL_NODES, sizeof(*h));
	struct nd_route_option *o = (struct nd_route_option *)(out.icmp + used);
	struct ipaddr far = FAR;

	*o = (struct nd_route_option){ .type = ND_ROUTE, .length = 2, .bits = 48,
				       .lifetime = hton32(lifetime) };
	memcpy(o + 1, &far, 8);
	used += 16;
	send();
}

KTEST(nd_routes)
{
	make(IFA_F_NODAD);
	router_says(1800, 0, 86400, 3600);
	KTEST_CHECK(way_becomes(ROUTER));
	router_leads(600);
	ktest_nap();
	KTEST_CHECK(way_becomes(ROUTER)); /* not believed unless it is said so */
	netif_config_lock();
	ip6_conf_set(wire.nif, IP6_ACCEPT_RA_RT_MAX, 64);
	netif_config_unlock();
	router_leads(600);
	KTEST_CHECK(way_becomes(OTHER));
	router_leads(0);
	KTEST_CHECK(way_becomes(ROUTER));
	unmake();
}

/* Many prefixes make no more than 16 addresses, many routers no more than 16 routes. */
KTEST(nd_limits)
{
	u32 n = 0;

	make(IFA_F_NODAD);
	for (u16 k = 0; k < 64; k++) {
		struct nd_router_advert *h = begin(ICMP6_ROUTER_ADVERT,
						   ip6_address(0xfe80, 0, 0, 0, 0, 0, 1, k),
						   IP6_ALL_NODES, sizeof(*h));

		h->lifetime = hton16(100);
		put_prefix(ip6_address(0x2001, 0xdb8, 1, k, 0, 0, 0, 0), 1000, 1000);
		send();
	}
	netif_config_lock();
	for (struct ip6_addr *a = ip6_if(wire.nif)->addrs; a; a = a->next)
		n += a->protocol == IFAPROT_KERNEL_RA;
	netif_config_unlock();
	KTEST_CHECK(n == 16);
	unmake();
}

KTEST(nd_redirected)
{
	struct nd_redirect *h;

	make(IFA_F_NODAD);
	router_says(1800, 0, 86400, 3600);
	KTEST_CHECK(way_becomes(ROUTER));
	h = begin(ICMP6_REDIRECT, OTHER, US, sizeof(*h)); /* not the router */
	h->target = OTHER;
	h->destination = FAR;
	send();
	h = begin(ICMP6_REDIRECT, ROUTER, US, sizeof(*h));
	h->target = OTHER;
	h->destination = FAR;
	put_link(ND_TARGET_LINK);
	KTEST_CHECK(way_becomes(ROUTER));
	send();
	KTEST_CHECK(way_becomes(OTHER));
	unmake();
}

/* Whether a report of version 2 with one record of that type and group comes. */
static bool reported(u8 type, struct ipaddr group)
{
	for (unsigned k = 0; k < 40; k++) {
		struct packet *p = message(ICMP6_MLD2_REPORT);
		struct mld_record record;
		struct ipaddr of;
		bool right;

		if (!p)
			return false;
		memcpy(&record, p->data + 40 + 8 + sizeof(struct mld_report2), sizeof(record));
		of = record.group;
		right = p->length >= 40 + 8 + sizeof(struct mld_report2) + sizeof(record) &&
			p->data[7] == 1 && record.type == type && ipaddr_equal(&of, &group);
		packet_free(p);
		if (right)
			return true;
	}
	return false;
}

KTEST(mld_reports)
{
	struct inet_part none = { 0 }, all = { .member = true };
	struct ipaddr group = ip6_address(0xff05, 0, 0, 0, 0, 0, 0, 0x77);

	make(IFA_F_NODAD);
	netif_config_lock();
	KTEST_CHECK(mld_change(wire.nif, &group, &none, &all) == 0);
	netif_config_unlock();
	KTEST_CHECK(mld_is_member(wire.nif, &group));
	KTEST_CHECK(reported(MCAST_TO_EXCLUDE, group));
	netif_config_lock();
	KTEST_CHECK(mld_change(wire.nif, &group, &all, &none) == 0);
	netif_config_unlock();
	KTEST_CHECK(reported(MCAST_TO_INCLUDE, group));
	KTEST_CHECK(!mld_is_member(wire.nif, &group));
	unmake();
}

/* A socket leaves a group that the state, made anew meanwhile, never heard of, or only by another
 * socket; sources and all. */
KTEST(mld_older_membership)
{
	struct inet_part none = { 0 }, all = { .member = true }, some = { .member = true };
	struct ipaddr group = ip6_address(0xff05, 0, 0, 0, 0, 0, 0, 0x77);
	struct inet_sources *f = kzalloc(sizeof(*f) + sizeof(f->source[0]), MM_KERNEL);

	f->n = 1;
	f->source[0] = THEM;
	some.filter = f;
	make(IFA_F_NODAD);
	netif_config_lock();
	KTEST_CHECK(mld_change(wire.nif, &group, &some, &none) == 0);
	KTEST_CHECK(!mld_is_member(wire.nif, &group));
	KTEST_CHECK(mld_change(wire.nif, &group, &some, &all) == 0);
	KTEST_CHECK(mld_is_member(wire.nif, &group));
	KTEST_CHECK(mld_change(wire.nif, &group, &none, &all) == 0);
	KTEST_CHECK(mld_change(wire.nif, &group, &some, &none) == 0);
	KTEST_CHECK(mld_is_member(wire.nif, &group));
	KTEST_CHECK(mld_change(wire.nif, &group, &all, &none) == 0);
	KTEST_CHECK(!mld_is_member(wire.nif, &group));
	netif_config_unlock();
	kfree(f);
	unmake();
}
