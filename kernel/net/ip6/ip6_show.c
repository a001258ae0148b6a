/*
 * Addresses, routes and groups of IPv6 as text: /proc/net/if_inet6, anycast6, ipv6_route, igmp6,
 * mcfilter6 (proc(5)). Addresses are 32 hexadecimal digits.
 */
#include "net/ip6/ip6_show.h"

#include "abi/if.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld_int.h"

struct hex { char text[33]; };

static struct hex hex(const struct ipaddr *a)
{
	static const char digits[] = "0123456789abcdef";
	struct hex h;

	for (unsigned k = 0; k < 16; k++) {
		h.text[2 * k] = digits[a->b[k] >> 4];
		h.text[2 * k + 1] = digits[a->b[k] & 15];
	}
	h.text[32] = 0;
	return h;
}

/* The scope's number in if_inet6. */
static unsigned scope_number(const struct ip6_addr *a)
{
	if (ipaddr_loopback(&a->address))
		return 0x10;
	return a->scope == IP6_SCOPE_LINK ? 0x20 : a->scope == IP6_SCOPE_SITE ? 0x40 : 0;
}

static void addrs_netif(struct netif *nif, void *out)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr *a = in ? in->addrs : NULL; a; a = a->next)
		format_to(out, "%s %02x %02x %02x %02x %8s\n", hex(&a->address).text, nif->index,
			  a->length, scope_number(a),
			  (a->flags | (a->valid_until ? 0 : IFA_F_PERMANENT)) & 0xff, nif->name);
}

void ip6_show_addrs(struct format_sink *out)
{
	netif_config_lock();
	netif_each(addrs_netif, out);
	netif_config_unlock();
}

static void anycast_netif(struct netif *nif, void *out)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_anycast *a = in ? in->anycast : NULL; a; a = a->next)
		format_to(out, "%-4u %-15s %s %5u\n", nif->index, nif->name,
			  hex(&a->address).text, a->users);
}

void ip6_show_anycast(struct format_sink *out)
{
	netif_config_lock();
	netif_each(anycast_netif, out);
	netif_config_unlock();
}

static u32 route_flags(const struct fib6_entry *e)
{
	bool router = !ipaddr_any(&e->gateway);

	return RTF_UP | (router ? RTF_GATEWAY : 0) | (e->length == 128 ? RTF_HOST : 0) |
	       (e->protocol == FIB6_BY_REDIRECT ? RTF_DYNAMIC : 0) |
	       (e->protocol == FIB6_BY_RA ? RTF_ADDRCONF : 0) |
	       (e->protocol == FIB6_BY_RA && router ? RTF_DEFAULT : 0) |
	       (e->until ? RTF_EXPIRES : 0) | (e->nif ? 0 : RTF_REJECT) |
	       (e->table == FIB6_LOCAL_TABLE && e->type == FIB6_LOCAL ? RTF_LOCAL : 0) |
	       (e->type == FIB6_ANYCAST ? RTF_ANYCAST : 0) |
	       (u32)e->preference << 27;
}

static bool route_row(const struct fib6_entry *e, void *out)
{
	static const struct ipaddr none;

	format_to(out, "%s %02x %s 00 %s %08x %08x %08x %08x %8s\n", hex(&e->prefix).text,
		  e->length, hex(&none).text, hex(&e->gateway).text, e->metric, 1, 0,
		  route_flags(e), e->nif ? e->nif->name : "lo");
	return true;
}

void ip6_show_routes(struct format_sink *out)
{
	netif_config_lock();
	fib6_each(route_row, out);
	netif_config_unlock();
}

static void group_row(struct format_sink *out, const struct netif *nif, const struct ipaddr *group,
		      u32 users, u64 report_at)
{
	u64 now = clock_monotonic();

	format_to(out, "%-4u %-15s %s %5u %08X %u\n", nif->index, nif->name, hex(group).text,
		  users, report_at ? 1 : 0,
		  report_at > now ? (u32)((report_at - now) / (NSEC_PER_SEC / USER_HZ)) : 0);
}

static void groups_netif(struct netif *nif, void *out)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	struct ip6_if *in = ip6_if(nif);

	if (!in)
		return;
	for (struct mcast_group *g = in->mld->groups; g; g = g->next)
		group_row(out, nif, &g->address, g->users, READ_ONCE(g->due.report_at));
	if (nif->flags & IFF_UP)
		group_row(out, nif, &everybody, 1, 0);
}

void mld_show(struct format_sink *out)
{
	netif_config_lock();
	netif_each(groups_netif, out);
	netif_config_unlock();
}

static void sources_netif(struct netif *nif, void *out)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct mcast_group *g = in ? in->mld->groups : NULL; g; g = g->next)
		for (u32 k = 0; k < g->n_sources; k++)
			format_to(out, "%3u %6.6s %s %s %6u %6u\n", nif->index, nif->name,
				  hex(&g->address).text, hex(&g->sources[k].address).text,
				  g->sources[k].include, g->sources[k].exclude);
}

void mld_show_sources(struct format_sink *out)
{
	format_to(out, "%3s %6s %32s %32s %6s %6s\n", "Idx", "Device", "Multicast Address",
		  "Source Address", "INC", "EXC");
	netif_config_lock();
	netif_each(sources_netif, out);
	netif_config_unlock();
}
