/*
 * Addresses of IPv6 over NETLINK_ROUTE: RTM_NEWADDR (which also changes lifetimes and flags of one
 * that is there), RTM_DELADDR, RTM_GETADDR (one, or all), and what is told to RTNLGRP_IPV6_IFADDR.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/ip6/ip6.h"
#include "net/netlink/netlink_int.h"

#define IFA_COUNT  (IFA_PROTO + 1)
#define ADDR_ROOM  256 /* of one message */

enum { SETTABLE = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		  IFA_F_OPTIMISTIC,
       CHANGEABLE = IFA_F_PERMANENT | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR };

static u32 seconds_left(u64 until)
{
	u64 now = clock_monotonic();

	if (!until)
		return IP6_FOREVER;
	return until <= now ? 0 : (u32)((until - now + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

static u64 end_of(u32 seconds)
{
	return seconds == IP6_FOREVER ? 0 : clock_monotonic() + seconds * NSEC_PER_SEC;
}

static u8 scope_of(const struct ip6_addr *a)
{
	if (ipaddr_loopback(&a->address))
		return RT_SCOPE_HOST;
	return a->scope == IP6_SCOPE_LINK ? RT_SCOPE_LINK :
	       a->scope == IP6_SCOPE_SITE ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

/* The flags as programs see them: a prefix of a router has its own route, which says nothing. */
static u32 flags_of(const struct ip6_addr *a)
{
	return READ_ONCE(a->flags) | (a->valid_until ? 0 : IFA_F_PERMANENT) |
	       (a->no_prefix_route && a->protocol != IFAPROT_KERNEL_RA &&
		!(a->flags & IFA_F_TEMPORARY) ? IFA_F_NOPREFIXROUTE : 0);
}

static bool addr_message(struct nl_out *out, const struct ip6_addr *a, u16 type, u16 flags, u32 seq,
			 u32 port)
{
	struct ifaddrmsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));
	struct ifa_cacheinfo cache = {
		.ifa_prefered = seconds_left(a->preferred_until),
		.ifa_valid = seconds_left(a->valid_until),
		.cstamp = (u32)(a->created_ns / (NSEC_PER_SEC / USER_HZ)),
		.tstamp = (u32)(a->updated_ns / (NSEC_PER_SEC / USER_HZ)),
	};

	if (!m)
		return nl_end(out);
	m->ifa_family = AF_INET6;
	m->ifa_prefixlen = a->length;
	m->ifa_flags = (u8)flags_of(a);
	m->ifa_scope = scope_of(a);
	m->ifa_index = a->nif->index;
	if (!ipaddr_any(&a->peer)) {
		nl_put(out, IFA_LOCAL, &a->address, 16);
		nl_put(out, IFA_ADDRESS, &a->peer, 16);
	} else {
		nl_put(out, IFA_ADDRESS, &a->address, 16);
	}
	nl_put(out, IFA_CACHEINFO, &cache, sizeof(cache));
	nl_put32(out, IFA_FLAGS, flags_of(a));
	if (a->protocol)
		nl_put8(out, IFA_PROTO, a->protocol);
	return nl_end(out);
}

/* Dumps --------------------------------------------------------------------------------------- */

static void dump_netif(struct netif *nif, void *arg)
{
	struct nl_walk *w = arg;
	struct nl_dump *d = w->d;
	struct ip6_if *in = ip6_if(nif);

	if (!in || !nl_walk_enter(w, nif))
		return;
	for (struct ip6_addr *a = in->addrs; a && !w->full; a = a->next)
		if (nl_walk_due(w))
			nl_walk_wrote(w, addr_message(w->out, a, RTM_NEWADDR, NLM_F_MULTI, d->seq,
						      d->port));
}

static int addr_dump(struct nl_dump *d, struct nl_out *out)
{
	return nl_walk_netifs(d, out, dump_netif);
}

/* Requests ------------------------------------------------------------------------------------ */

/* What a request says of an address; the interface is referenced. */
struct addr_request { struct ip6_addr a; u32 valid, preferred; };

static int lifetimes_parse(const struct nlattr *at, struct addr_request *q)
{
	struct ifa_cacheinfo c;
	int err;

	q->valid = q->preferred = IP6_FOREVER;
	if (!at)
		return 0;
	err = nl_get(at, &c, sizeof(c));
	if (!err && (!c.ifa_valid || c.ifa_prefered > c.ifa_valid))
		err = -EINVAL;
	q->valid = c.ifa_valid;
	q->preferred = c.ifa_prefered;
	return err;
}

static int addr_parse(const struct nl_request *r, struct addr_request *q)
{
	const struct ifaddrmsg *m = r->payload;
	const struct nlattr *at[IFA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m)), flags = m->ifa_flags;
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, at, IFA_COUNT);

	memset(q, 0, sizeof(*q));
	if (!err && at[IFA_ADDRESS])
		err = nl_get(at[IFA_ADDRESS], &q->a.address, 16);
	if (!err && at[IFA_LOCAL]) {
		q->a.peer = q->a.address;
		err = nl_get(at[IFA_LOCAL], &q->a.address, 16);
		if (ipaddr_equal(&q->a.peer, &q->a.address))
			q->a.peer = IPADDR_ANY;
	}
	if (!err && at[IFA_FLAGS])
		err = nl_get(at[IFA_FLAGS], &flags, 4);
	if (!err && at[IFA_PROTO])
		err = nl_get(at[IFA_PROTO], &q->a.protocol, 1);
	if (!err)
		err = lifetimes_parse(at[IFA_CACHEINFO], q);
	if (err)
		return err;
	if (m->ifa_prefixlen > 128 || (!at[IFA_LOCAL] && !at[IFA_ADDRESS]))
		return -EINVAL;
	q->a.length = m->ifa_prefixlen;
	q->a.flags = (flags & SETTABLE & ~(u32)IFA_F_NOPREFIXROUTE) |
		     (q->valid == IP6_FOREVER ? IFA_F_PERMANENT : 0) |
		     (q->preferred ? 0 : IFA_F_DEPRECATED);
	q->a.no_prefix_route = flags & IFA_F_NOPREFIXROUTE;
	q->a.valid_until = end_of(q->valid);
	q->a.preferred_until = end_of(q->preferred);
	q->a.nif = netif_by_index(m->ifa_index);
	return q->a.nif ? 0 : -ENODEV;
}

/* What cannot be had together. With the interface, which may not be for optimists. */
static int flags_check(struct addr_request *q)
{
	if (!ip6_conf_either(q->a.nif, IP6_OPTIMISTIC_DAD))
		q->a.flags &= ~(u32)IFA_F_OPTIMISTIC;
	if (q->a.flags & IFA_F_OPTIMISTIC && q->a.flags & IFA_F_NODAD)
		return -EINVAL;
	return q->a.flags & IFA_F_MANAGETEMPADDR && q->a.length != 64 ? -EINVAL : 0;
}

/* One that is there gets the lifetimes. */
static int change(struct ip6_addr *a, const struct addr_request *q, u32 flags)
{
	bool had = a->flags & IFA_F_MANAGETEMPADDR, has = q->a.flags & IFA_F_MANAGETEMPADDR;

	if (flags & NLM_F_EXCL || !(flags & NLM_F_REPLACE))
		return -EEXIST;
	if (a->flags & IFA_F_TEMPORARY && has)
		return -EINVAL;
	ip6_addr_set_flags(a, q->a.flags & CHANGEABLE, ~q->a.flags & CHANGEABLE);
	ip6_addr_set_lifetimes(a, q->valid, q->preferred);
	if (has)
		return ip6_temporary_manage(a, !had);
	if (had)
		ip6_temporary_remove(a->nif, &a->address);
	return 0;
}

static int add(const struct addr_request *q)
{
	int err = ip6_addr_add(q->a.nif, &q->a);

	if (err || !(q->a.flags & IFA_F_MANAGETEMPADDR))
		return err;
	err = ip6_temporary_manage(ip6_addr_find(q->a.nif, &q->a.address), true);
	if (err)
		ip6_addr_remove(q->a.nif, &q->a.address, q->a.length);
	return err;
}

static int addr_new(struct nl_request *r)
{
	struct addr_request q;
	struct ip6_addr *old;
	int err = addr_parse(r, &q);

	if (err)
		return err;
	netif_config_lock();
	old = ip6_addr_find(q.a.nif, &q.a.address);
	err = flags_check(&q);
	if (!err)
		err = old ? change(old, &q, r->h->nlmsg_flags) : add(&q);
	netif_config_unlock();
	netif_put(q.a.nif);
	return err;
}

static int addr_delete(struct nl_request *r)
{
	struct addr_request q;
	int err = addr_parse(r, &q);

	if (err)
		return err;
	netif_config_lock();
	err = ip6_addr_remove(q.a.nif, &q.a.address, q.a.length);
	if (!err && q.a.flags & IFA_F_MANAGETEMPADDR)
		ip6_temporary_remove(q.a.nif, &q.a.address);
	netif_config_unlock();
	netif_put(q.a.nif);
	return err;
}

static int addr_get(struct nl_request *r)
{
	struct addr_request q;
	struct ip6_addr *a;
	struct nl_out out;
	int err = addr_parse(r, &q);

	if (err)
		return err;
	err = nl_out_init(&out, ADDR_ROOM);
	if (!err) {
		netif_config_lock();
		a = ip6_addr_find(q.a.nif, &q.a.address);
		if (a)
			addr_message(&out, a, RTM_NEWADDR, 0, r->h->nlmsg_seq, nl_port(r));
		netif_config_unlock();
		if (a)
			err = nl_answer(r, &out);
		else
			packet_free(out.p);
		err = a ? err : -EADDRNOTAVAIL;
	}
	netif_put(q.a.nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWADDR, AF_INET6, sizeof(struct ifaddrmsg), addr_new, NULL },
	{ RTM_DELADDR, AF_INET6, sizeof(struct ifaddrmsg), addr_delete, NULL },
	{ RTM_GETADDR, AF_INET6, sizeof(struct ifaddrmsg), addr_get, addr_dump },
};

static void addr_changed(const struct ip6_addr *a, bool added)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_IPV6_IFADDR, &out, ADDR_ROOM))
		return;
	addr_message(&out, a, added ? RTM_NEWADDR : RTM_DELADDR, 0, 0, 0);
	nl_notify(RTNLGRP_IPV6_IFADDR, &out);
}

static struct ip6_watch watch = { .addr = addr_changed };

void rtnl_addr6_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	ip6_watch(&watch);
}
