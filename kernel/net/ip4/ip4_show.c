/*
 * Routes, neighbours and groups as text: /proc/net/route, arp, igmp.
 */
#include "abi/if.h"
#include "abi/in.h"
#include "lib/string.h"
#include "net/inet/show.h"
#include "net/ip4/igmp.h"
#include "net/ip4/ip4_int.h"
#include "net/link/neighbour.h"
#include "net/link/published.h"

/* Rows are of one length (route(8) reads them by that no more, but others do). */
static void pad(struct format_sink *out, const char *row)
{
	format_to(out, "%-127s\n", row);
}

static bool route_row(const struct fib_entry *e, void *out)
{
	const struct route_metrics *m = &e->metrics;
	bool nowhere = !e->nif;
	u32 flags = RTF_UP | (e->gateway ? RTF_GATEWAY : 0) | (e->length == 32 ? RTF_HOST : 0) |
		    (e->protocol == FIB_BY_REDIRECT ? RTF_DYNAMIC : 0) |
		    (nowhere ? RTF_REJECT : 0);
	char row[160];

	snprintf(row, sizeof(row), "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%u\t%u\t%u",
		 nowhere ? "*" : e->nif->name, e->prefix, e->gateway, flags, 0, 0, e->metric,
		 ip4_mask(e->length), m->advmss ? m->advmss + 40 : 0, m->window, 0);
	pad(out, row);
	return true;
}

void ip4_show_routes(struct format_sink *out)
{
	pad(out, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow"
	    "\tIRTT");
	netif_config_lock();
	fib4_each(FIB_MAIN, route_row, out);
	netif_config_unlock();
}

static bool arp_row(struct neighbour *n, void *arg)
{
	struct format_sink *out = arg;
	const u8 *b = n->address.b + 12;
	u8 m[LINK_ADDRESS] = { 0 };
	bool valid;
	char ip[20];

	if (!ipaddr_is4(&n->address) || n->state & (NEIGH_NOARP | NEIGH_NONE) || !n->state)
		return true;
	valid = neighbour_address(n, m);
	snprintf(ip, sizeof(ip), "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	format_to(out, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n", ip,
		  n->nif->type, valid ? ATF_COM | (n->state & NEIGH_PERMANENT ? ATF_PERM : 0) : 0,
		  m[0], m[1], m[2], m[3], m[4], m[5], n->nif->name);
	return true;
}

static bool published_row(struct netif *nif, const struct ipaddr *address, void *arg)
{
	const u8 *b = address->b + 12;
	char ip[20];

	if (!ipaddr_is4(address))
		return true;
	snprintf(ip, sizeof(ip), "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	format_to(arg, "%-16s 0x%-10x0x%-10x%s     *        %s\n", ip, nif ? nif->type : 0,
		  ATF_PUBL | ATF_PERM, "00:00:00:00:00:00", nif ? nif->name : "*");
	return true;
}

void arp_show(struct format_sink *out)
{
	format_to(out, "IP address       HW type     Flags       HW address            Mask     "
		  "Device\n");
	neighbour_each(arp_row, out);
	netif_config_lock();
	published_each(published_row, out);
	netif_config_unlock();
}

static void igmp_netif(struct netif *nif, void *arg)
{
	struct format_sink *out = arg;
	struct ip4_if *in = ip4_if(nif);
	struct mcast_state *s = in ? in->igmp : NULL;
	u32 n = 1;

	if (!s || !(nif->flags & IFF_UP))
		return;
	for (struct mcast_group *g = s->groups; g; g = g->next)
		n++;
	format_to(out, "%u\t%-10s: %5u %7s\n", nif->index, nif->name, n, "V3");
	for (struct mcast_group *g = s->groups; g; g = g->next)
		format_to(out, "\t\t\t\t%08X %5u %d:%08X\t\t%d\n", g->address.w[3], g->users,
			  READ_ONCE(g->due.report_at) != 0, 0, g->last_reporter);
	format_to(out, "\t\t\t\t%08X %5u %d:%08X\t\t%d\n", IP4_ALL_HOSTS, 1, 0, 0, 0);
}

void igmp_show(struct format_sink *out)
{
	format_to(out, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	netif_config_lock();
	netif_each(igmp_netif, out);
	netif_config_unlock();
}
