/*
 * Settings of IPv6: of interfaces (/proc/sys/net/ipv6/conf), and of the whole.
 */
#include "abi/if.h"
#include "core/log.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"

#define DEFAULTS { \
	[IP6_HOP_LIMIT] = 64, [IP6_MTU] = IP6_MIN_MTU, [IP6_ACCEPT_RA] = 1, \
	[IP6_ACCEPT_REDIRECTS] = 1, [IP6_AUTOCONF] = 1, [IP6_DAD_TRANSMITS] = 1, \
	[IP6_ACCEPT_DAD] = 1, [IP6_ROUTER_SOLICITATIONS] = -1, \
	[IP6_ROUTER_SOLICITATION_INTERVAL] = 4, [IP6_ROUTER_SOLICITATION_DELAY] = 1, \
	[IP6_ACCEPT_RA_DEFRTR] = 1, [IP6_ACCEPT_RA_PINFO] = 1, [IP6_ACCEPT_RA_MTU] = 1, \
	[IP6_TEMP_VALID] = 7 * 86400, [IP6_TEMP_PREFERRED] = 86400, [IP6_REGEN_MAX_RETRY] = 3, \
	[IP6_REGEN_MIN_ADVANCE] = 2, [IP6_MAX_DESYNC] = 600, [IP6_ACCEPT_RA_RTR_PREF] = 1, \
}
struct ip6_conf ip6_conf_all = { .item = DEFAULTS };
struct ip6_conf ip6_conf_default = { .item = DEFAULTS };

struct ip6_settings ip6_settings = {
	.auto_flowlabels = 1, .icmp_ratelimit = 1000, .frag_time = 60, .frag_high = 4 << 20,
	.frag_low = 3 << 20, .mld_max_msf = 64, .mld_qrv = 2, .max_hbh_opts = 8,
	.max_dst_opts = 8,
};

struct setting { enum ip6_conf_item item; s32 value; };

/* Routers listen to the groups of all routers (RFC 4291, 2.8). */
static void listen_as_router(struct netif *nif, bool router)
{
	static const u8 scopes[] = { IP6_SCOPE_INTERFACE, IP6_SCOPE_LINK, IP6_SCOPE_SITE };

	for (unsigned i = 0; i < ARRAY_SIZE(scopes); i++) {
		struct ipaddr group = IP6_ALL_ROUTERS;

		group.b[1] = scopes[i];
		if (!router)
			mld_leave(nif, &group);
		else if (mld_join(nif, &group))
			log_warn("%s: no memory for the routers' group", nif->name);
	}
}

static void set_one(struct netif *nif, void *arg)
{
	const struct setting *s = arg;
	struct ip6_if *in = ip6_if(nif);
	s32 old;

	if (!in)
		return;
	old = in->conf.item[s->item];
	WRITE_ONCE(in->conf.item[s->item], s->value);
	if (s->item == IP6_FORWARDING && !old != !s->value) {
		listen_as_router(nif, s->value);
		for (struct ip6_addr *a = in->addrs; a; a = a->next)
			ip6_anycast_router(a, s->value);
	}
	if (s->item == IP6_DISABLE && !old != !s->value)
		ip6_addr_switch(nif, !s->value);
}

void ip6_conf_set(struct netif *nif, enum ip6_conf_item item, s32 value)
{
	struct setting s = { .item = item, .value = value };

	if (nif) {
		set_one(nif, &s);
	} else {
		WRITE_ONCE(ip6_conf_all.item[item], value);
		WRITE_ONCE(ip6_conf_default.item[item], value);
		if (item == IP6_FORWARDING || item == IP6_DISABLE)
			netif_each(set_one, &s);
	}
	route_flush();
}

void ip6_conf_begin(struct ip6_if *in)
{
	in->conf = ip6_conf_default;
	in->conf.item[IP6_MTU] = (s32)in->nif->mtu;
	if (in->nif->flags & (IFF_LOOPBACK | IFF_NOARP))
		in->conf.item[IP6_USE_TEMPADDR] = -1; /* nobody to hide from */
	if (in->conf.item[IP6_FORWARDING])
		listen_as_router(in->nif, true);
}

void ip6_conf_end(struct ip6_if *in)
{
	if (in->conf.item[IP6_FORWARDING])
		listen_as_router(in->nif, false);
}
