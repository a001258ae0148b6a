/*
 * RTM_GETROUTE of one address: the route that a packet to it would take, as the tables answer now.
 */
#include "abi/errno.h"
#include "net/inet/route.h"
#include "net/netlink/netlink_int.h"

#define RTA_COUNT (RTA_MARK + 1)

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

/* The value of an attribute with an address. */
static int get_address(const struct nlattr *a, struct ipaddr *to, bool four)
{
	return four ? nl_get(a, &to->w[3], 4) : nl_get(a, to, sizeof(*to));
}

static int flow_parse(const struct nl_request *r, struct flow *f)
{
	const struct rtmsg *m = r->payload;
	const struct nlattr *a[RTA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m));
	bool four = m->rtm_family == AF_INET;
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, a, RTA_COUNT);

	*f = (struct flow){ .protocol = IPPROTO_UDP };
	if (four)
		f->to = f->from = IPADDR_ANY4;
	if (!err && a[RTA_DST])
		err = get_address(a[RTA_DST], &f->to, four);
	if (!err && a[RTA_SRC])
		err = get_address(a[RTA_SRC], &f->from, four);
	if (!err && a[RTA_OIF])
		err = nl_get(a[RTA_OIF], &f->nif, 4);
	if (!err && a[RTA_MARK])
		err = nl_get(a[RTA_MARK], &f->mark, 4);
	return err;
}

int rtnl_route_answer(struct nl_request *r)
{
	struct route *route;
	struct nl_out out;
	struct flow f;
	int err = flow_parse(r, &f);

	if (!err)
		err = route_output(&f, &route);
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
