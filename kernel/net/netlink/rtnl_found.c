/*
 * RTM_GETROUTE of one address: the route that a packet to it would take, as the tables answer now.
 */
#include "abi/errno.h"
#include "net/inet/route.h"
#include "net/netlink/netlink_int.h"

/* An address, in as many bytes as its version has. */
static void put_address(struct nl_out *out, u16 type, const struct ipaddr *a, bool four)
{
	if (four)
		nl_put32(out, type, a->w[3]);
	else
		nl_put(out, type, a, sizeof(*a));
}

static void put_found(struct nl_out *out, const struct nl_request *r, const struct route *route)
{
	static const u8 types[] = { [ROUTE_UNICAST] = RTN_UNICAST, [ROUTE_LOCAL] = RTN_LOCAL,
				    [ROUTE_BROADCAST] = RTN_BROADCAST,
				    [ROUTE_MULTICAST] = RTN_MULTICAST };
	struct rtmsg *m = nl_begin(out, RTM_NEWROUTE, 0, r->h->nlmsg_seq, nl_port(r), sizeof(*m));
	struct rta_cacheinfo cache = { 0 };
	bool four = ipaddr_is4(&route->to);

	m->rtm_family = four ? AF_INET : AF_INET6;
	m->rtm_dst_len = four ? 32 : 128;
	/* Of IPv4 the table is told as it always was, and answers count as kept ones. */
	m->rtm_table = route->kind == ROUTE_LOCAL && !four ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	m->rtm_type = types[route->kind];
	m->rtm_flags = four ? RTM_F_CLONED : 0;
	nl_put32(out, RTA_TABLE, m->rtm_table);
	put_address(out, RTA_DST, &route->to, four);
	nl_put32(out, RTA_OIF, route->nif->index);
	put_address(out, RTA_PREFSRC, &route->from, four);
	if (route->kind == ROUTE_UNICAST && !ipaddr_equal(&route->hop, &route->to))
		put_address(out, RTA_GATEWAY, &route->hop, four);
	nl_put(out, RTA_CACHEINFO, &cache, sizeof(cache));
	nl_end(out);
}

int rtnl_route_find(struct nl_request *r, const struct flow *f)
{
	struct route *route;
	struct nl_out out;
	int err = route_output(f, &route);

	if (err)
		return err;
	err = nl_out_init(&out, ROUTE_ROOM);
	if (!err) {
		put_found(&out, r, route);
		err = nl_answer(r, &out);
	}
	route_put(route);
	return err;
}
