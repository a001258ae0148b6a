/*
 * Routes of IPv4 over NETLINK_ROUTE: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE (all, or the one that
 * a packet would take), and what is told to RTNLGRP_IPV4_ROUTE.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "net/ip4/ip4.h"
#include "net/netlink/netlink_int.h"

#define RTA_COUNT  (RTA_MARK + 1)

static bool route_message(struct nl_out *out, const struct fib_entry *e, u16 type, u16 flags,
			  u32 seq, u32 port)
{
	struct rtmsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));

	if (!m)
		return nl_end(out);
	m->rtm_family = AF_INET;
	m->rtm_dst_len = e->length;
	m->rtm_tos = e->tos;
	m->rtm_table = e->table;
	m->rtm_protocol = e->protocol;
	m->rtm_scope = e->scope;
	m->rtm_type = e->type;
	nl_put32(out, RTA_TABLE, e->table);
	if (e->length)
		nl_put32(out, RTA_DST, e->prefix);
	if (e->metric)
		nl_put32(out, RTA_PRIORITY, e->metric);
	if (e->source)
		nl_put32(out, RTA_PREFSRC, e->source);
	if (e->gateway)
		nl_put32(out, RTA_GATEWAY, e->gateway);
	if (e->nif)
		nl_put32(out, RTA_OIF, e->nif->index);
	rtnl_metrics_put(out, &e->metrics);
	return nl_end(out);
}

static bool dump_one(const struct fib_entry *e, void *arg)
{
	struct nl_walk *w = arg;
	struct nl_dump *d = w->d;

	return !nl_walk_due(w) ||
	       nl_walk_wrote(w, route_message(w->out, e, RTM_NEWROUTE, NLM_F_MULTI, d->seq,
					      d->port));
}

/* at[0]: the table, at[1]: how many of it were written. */
static int route_dump(struct nl_dump *d, struct nl_out *out)
{
	static const enum fib_table tables[] = { FIB_MAIN, FIB_LOCAL_TABLE };
	struct nl_walk w = { d, out, 0, false };

	netif_config_lock();
	for (; !w.full && d->at[0] < ARRAY_SIZE(tables); d->at[0] += !w.full) {
		w.n = 0;
		fib4_each(tables[d->at[0]], dump_one, &w);
		if (!w.full)
			d->at[1] = 0;
	}
	netif_config_unlock();
	return w.full;
}

/* What a request says of a route; an interface is referenced. */
static int route_parse(const struct nl_request *r, struct fib_entry *e)
{
	const struct rtmsg *m = r->payload;
	const struct nlattr *a[RTA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m)), index = 0, table = m->rtm_table;
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, a, RTA_COUNT);

	memset(e, 0, sizeof(*e));
	if (!err && a[RTA_DST])
		err = nl_get(a[RTA_DST], &e->prefix, 4);
	if (!err && a[RTA_GATEWAY])
		err = nl_get(a[RTA_GATEWAY], &e->gateway, 4);
	if (!err && a[RTA_PREFSRC])
		err = nl_get(a[RTA_PREFSRC], &e->source, 4);
	if (!err && a[RTA_PRIORITY])
		err = nl_get(a[RTA_PRIORITY], &e->metric, 4);
	if (!err && a[RTA_OIF])
		err = nl_get(a[RTA_OIF], &index, 4);
	if (!err && a[RTA_TABLE])
		err = nl_get(a[RTA_TABLE], &table, 4);
	if (!err && a[RTA_METRICS])
		err = rtnl_metrics_parse(a[RTA_METRICS], &e->metrics);
	if (err)
		return err;
	if (m->rtm_dst_len > 32 || m->rtm_src_len || e->prefix & ~ip4_mask(m->rtm_dst_len))
		return -EINVAL;
	if (table != RT_TABLE_UNSPEC && table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return -EOPNOTSUPP;
	e->length = m->rtm_dst_len;
	e->type = m->rtm_type;
	e->scope = m->rtm_scope;
	e->protocol = m->rtm_protocol;
	e->table = (u8)(table == RT_TABLE_UNSPEC ? RT_TABLE_MAIN : table);
	e->tos = m->rtm_tos;
	if (!index)
		return 0;
	e->nif = netif_by_index(index);
	return e->nif ? 0 : -ENODEV;
}

static int route_new(struct nl_request *r)
{
	struct fib_entry e;
	int err = route_parse(r, &e);

	if (err)
		return err;
	netif_config_lock();
	err = fib4_add(&e, r->h->nlmsg_flags & NLM_F_REPLACE);
	netif_config_unlock();
	if (e.nif)
		netif_put(e.nif);
	return err;
}

static int route_delete(struct nl_request *r)
{
	struct fib_entry e;
	int err = route_parse(r, &e);

	if (err)
		return err;
	if (!e.metric)
		e.metric = ~0u;
	if (e.scope == RT_SCOPE_NOWHERE)
		e.scope = 0;
	netif_config_lock();
	err = fib4_remove(&e);
	netif_config_unlock();
	if (e.nif)
		netif_put(e.nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWROUTE, AF_INET, sizeof(struct rtmsg), route_new, NULL },
	{ RTM_DELROUTE, AF_INET, sizeof(struct rtmsg), route_delete, NULL },
	{ RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), rtnl_route_answer, route_dump },
};

static void route_changed(const struct fib_entry *e, bool added)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_IPV4_ROUTE, &out, ROUTE_ROOM))
		return;
	route_message(&out, e, added ? RTM_NEWROUTE : RTM_DELROUTE, 0, 0, 0);
	nl_notify(RTNLGRP_IPV4_ROUTE, &out);
}

static struct ip4_watch watch = { .route = route_changed };

void rtnl_route_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	ip4_watch(&watch);
}
