/*
 * What IPv6 adds to interfaces over NETLINK_ROUTE: in a link's message the part of AF_INET6 within
 * IFLA_AF_SPEC, which also sets how addresses are made; links as IPv6 sees them (RTM_GETLINK of
 * AF_INET6), told to RTNLGRP_IPV6_IFINFO when a router changes them.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "lib/string.h"
#include "net/ip6/ip6.h"
#include "net/ip6/nd.h"
#include "net/ip6/nd_wire.h"
#include "net/link/neighbour.h"
#include "net/netlink/netlink_int.h"

#define IFINFO_ROOM 512 /* of one message */

static u32 flags_of(const struct netif *nif)
{
	u8 said = nd_router_flags(nif);

	return (netif_flags(nif) & IFF_RUNNING ? IF_READY : 0) |
	       (said & ND_OTHER ? IF_RA_OTHERCONF : 0) | (said & ND_MANAGED ? IF_RA_MANAGED : 0);
}

static void put_values(struct nl_out *out, const struct netif *nif)
{
	const struct neighbour_settings *set = neighbour_netif_settings(nif, true);
	struct ifla_cacheinfo cache = {
		.max_reasm_len = 0xffff, .reachable_time = READ_ONCE(set->reachable_ms),
		.retrans_time = READ_ONCE(set->retrans_ms),
	};

	nl_put32(out, IFLA_INET6_FLAGS, flags_of(nif));
	nl_put(out, IFLA_INET6_CACHEINFO, &cache, sizeof(cache));
	nl_put8(out, IFLA_INET6_ADDR_GEN_MODE, (u8)ip6_conf_get(nif, IP6_ADDR_GEN_MODE));
}

void rtnl_put_link6(struct nl_out *out, const struct netif *nif)
{
	struct nlattr *all, *six;

	if (!ip6_if(nif))
		return;
	all = nl_nest(out, IFLA_AF_SPEC);
	six = nl_nest(out, AF_INET6);
	put_values(out, nif);
	nl_nest_end(out, six);
	nl_nest_end(out, all);
}

int rtnl_set_link6(struct netif *nif, const struct nlattr *spec)
{
	const struct nlattr *families[AF_INET6 + 1], *a[IFLA_INET6_ADDR_GEN_MODE + 1];
	u8 mode;
	int err = nl_attributes(nl_data(spec), nl_size(spec), families, ARRAY_SIZE(families));

	if (err || !families[AF_INET6])
		return err;
	err = nl_attributes(nl_data(families[AF_INET6]), nl_size(families[AF_INET6]), a,
			    ARRAY_SIZE(a));
	if (err || !a[IFLA_INET6_ADDR_GEN_MODE])
		return err;
	err = nl_get(a[IFLA_INET6_ADDR_GEN_MODE], &mode, 1);
	if (err)
		return err;
	if (mode > ND_GEN_RANDOM)
		return -EINVAL;
	if (!ip6_if(nif))
		return -EAFNOSUPPORT;
	ip6_conf_set(nif, IP6_ADDR_GEN_MODE, mode);
	return 0;
}

static bool ifinfo_message(struct nl_out *out, const struct netif *nif, u16 flags, u32 seq,
			   u32 port)
{
	struct ifinfomsg *m = nl_begin(out, RTM_NEWLINK, flags, seq, port, sizeof(*m));
	struct nlattr *nest;

	if (!m)
		return nl_end(out);
	m->ifi_family = AF_INET6;
	m->ifi_type = nif->type;
	m->ifi_index = (s32)nif->index;
	m->ifi_flags = netif_flags(nif);
	nl_put_string(out, IFLA_IFNAME, nif->name);
	if (nif->address_length)
		nl_put(out, IFLA_ADDRESS, nif->address, nif->address_length);
	nl_put32(out, IFLA_MTU, (u32)ip6_conf_get(nif, IP6_MTU));
	nl_put8(out, IFLA_OPERSTATE, (u8)netif_operstate(nif));
	nest = nl_nest(out, IFLA_PROTINFO);
	put_values(out, nif);
	nl_nest_end(out, nest);
	return nl_end(out);
}

static void dump_one(struct netif *nif, void *arg)
{
	struct nl_walk *w = arg;

	if (w->full || nif->index <= w->d->at[0] || !ip6_if(nif))
		return;
	if (ifinfo_message(w->out, nif, NLM_F_MULTI, w->d->seq, w->d->port))
		w->d->at[0] = nif->index;
	else
		w->full = true;
}

/* Only for who asks for it: links of all families are those of rtnl_link.c. */
static int dump(struct nl_dump *d, struct nl_out *out)
{
	if (d->family != AF_INET6)
		return 0;
	return nl_walk_netifs(d, out, dump_one);
}

static const struct rtnl_handler handlers[] = {
	{ RTM_GETLINK, AF_INET6, sizeof(struct ifinfomsg), NULL, dump },
};

static void changed(struct netif *nif)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_IPV6_IFINFO, &out, IFINFO_ROOM))
		return;
	ifinfo_message(&out, nif, 0, 0, 0);
	nl_notify(RTNLGRP_IPV6_IFINFO, &out);
}

static struct ip6_watch watch = { .link = changed };

void rtnl_link6_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	ip6_watch(&watch);
}
