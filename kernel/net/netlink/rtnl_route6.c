/*
 * Routes of IPv6 over NETLINK_ROUTE: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE (all, or the one that
 * a packet would take), and what is told to RTNLGRP_IPV6_ROUTE.
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/ip6/ip6.h"
#include "net/netlink/netlink_int.h"

#define RTA_COUNT  (RTA_EXPIRES + 1)

static void put_cacheinfo(struct nl_out *out, u64 until)
{
	struct rta_cacheinfo cache = { 0 };
	u64 now = clock_monotonic();

	if (until)
		cache.rta_expires = until > now ?
			(s32)min((until - now) / (NSEC_PER_SEC / USER_HZ), (u64)0x7fffffff) : 0;
	nl_put(out, RTA_CACHEINFO, &cache, sizeof(cache));
}

static bool route_message(struct nl_out *out, const struct fib6_entry *e, u16 type, u16 flags,
			  u32 seq, u32 port)
{
	struct rtmsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));

	if (!m)
		return nl_end(out);
	m->rtm_family = AF_INET6;
	m->rtm_dst_len = e->length;
	m->rtm_table = e->table;
	m->rtm_protocol = e->protocol;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = e->type;
	nl_put32(out, RTA_TABLE, e->table);
	if (e->length)
		nl_put(out, RTA_DST, &e->prefix, 16);
	nl_put32(out, RTA_PRIORITY, e->metric);
	if (!ipaddr_any(&e->source))
		nl_put(out, RTA_PREFSRC, &e->source, 16);
	if (!ipaddr_any(&e->gateway))
		nl_put(out, RTA_GATEWAY, &e->gateway, 16);
	nl_put32(out, RTA_OIF, (e->nif ?: route_loopback())->index);
	rtnl_metrics_put(out, &e->metrics);
	put_cacheinfo(out, READ_ONCE(e->until));
	nl_put8(out, RTA_PREF, e->preference);
	return nl_end(out);
}

static bool dump_one(const struct fib6_entry *e, void *arg)
{
	struct nl_walk *w = arg;
	struct nl_dump *d = w->d;

	return !nl_walk_due(w) ||
	       nl_walk_wrote(w, route_message(w->out, e, RTM_NEWROUTE, NLM_F_MULTI, d->seq,
					      d->port));
}

/* at[1]: how many were written. */
static int route_dump(struct nl_dump *d, struct nl_out *out)
{
	struct nl_walk w = { d, out, 0, false };

	netif_config_lock();
	fib6_each(dump_one, &w);
	netif_config_unlock();
	return w.full;
}

/* Requests ------------------------------------------------------------------------------------ */

static int values_parse(const struct nlattr **a, struct fib6_entry *e, u32 *index, u32 *table)
{
	u32 seconds;
	int err = 0;

	if (a[RTA_DST])
		err = nl_get(a[RTA_DST], &e->prefix, 16);
	if (!err && a[RTA_GATEWAY])
		err = nl_get(a[RTA_GATEWAY], &e->gateway, 16);
	if (!err && a[RTA_PREFSRC])
		err = nl_get(a[RTA_PREFSRC], &e->source, 16);
	if (!err && a[RTA_PRIORITY])
		err = nl_get(a[RTA_PRIORITY], &e->metric, 4);
	if (!err && a[RTA_OIF])
		err = nl_get(a[RTA_OIF], index, 4);
	if (!err && a[RTA_TABLE])
		err = nl_get(a[RTA_TABLE], table, 4);
	if (!err && a[RTA_PREF])
		err = nl_get(a[RTA_PREF], &e->preference, 1);
	if (!err && a[RTA_METRICS])
		err = rtnl_metrics_parse(a[RTA_METRICS], &e->metrics);
	if (!err && a[RTA_EXPIRES]) {
		err = nl_get(a[RTA_EXPIRES], &seconds, 4);
		if (!err && seconds != IP6_FOREVER)
			e->until = clock_monotonic() + seconds * NSEC_PER_SEC;
	}
	return err;
}

/* What a request says of a route; an interface is referenced. */
static int route_parse(const struct nl_request *r, struct fib6_entry *e)
{
	const struct rtmsg *m = r->payload;
	const struct nlattr *a[RTA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m)), index = 0, table = m->rtm_table;
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, a, RTA_COUNT);
	struct ipaddr prefix;

	memset(e, 0, sizeof(*e));
	if (!err)
		err = values_parse(a, e, &index, &table);
	if (err)
		return err;
	if (m->rtm_dst_len > 128 || m->rtm_src_len)
		return -EINVAL;
	prefix = ip6_prefix(&e->prefix, m->rtm_dst_len);
	if (!ipaddr_equal(&prefix, &e->prefix))
		return -EINVAL;
	if (table != RT_TABLE_UNSPEC && table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return -EOPNOTSUPP;
	if (e->preference == 2 || e->preference > FIB6_LOW)
		e->preference = FIB6_MEDIUM;
	e->length = m->rtm_dst_len;
	e->type = m->rtm_type;
	e->protocol = m->rtm_protocol;
	e->table = (u8)(table == RT_TABLE_UNSPEC ? RT_TABLE_MAIN : table);
	if (!index)
		return 0;
	e->nif = netif_by_index(index);
	return e->nif ? 0 : -ENODEV;
}

/* Whether a route of the same prefix and metric is there. */
struct search { const struct fib6_entry *wanted; bool found; };

static bool is_same(const struct fib6_entry *e, void *arg)
{
	struct search *s = arg;

	s->found = e->table == s->wanted->table && e->length == s->wanted->length &&
		   e->metric == s->wanted->metric && ipaddr_equal(&e->prefix, &s->wanted->prefix);
	return !s->found;
}

static int route_new(struct nl_request *r)
{
	struct fib6_entry e;
	struct search s = { .wanted = &e };
	u32 flags = r->h->nlmsg_flags;
	int err = route_parse(r, &e);

	if (err)
		return err;
	e.metric = e.metric ?: FIB6_METRIC_USER;
	netif_config_lock();
	if (flags & NLM_F_EXCL)
		fib6_each(is_same, &s);
	err = s.found ? -EEXIST : fib6_add(&e, flags & NLM_F_REPLACE);
	netif_config_unlock();
	if (e.nif)
		netif_put(e.nif);
	return err;
}

static int route_delete(struct nl_request *r)
{
	struct fib6_entry e;
	int err = route_parse(r, &e);

	if (err)
		return err;
	if (!e.metric)
		e.metric = ~0u;
	e.type = 0; /* what else is given says which */
	netif_config_lock();
	err = fib6_remove(&e);
	netif_config_unlock();
	if (e.nif)
		netif_put(e.nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWROUTE, AF_INET6, sizeof(struct rtmsg), route_new, NULL },
	{ RTM_DELROUTE, AF_INET6, sizeof(struct rtmsg), route_delete, NULL },
	{ RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), rtnl_route_answer, route_dump },
};

static void route_changed(const struct fib6_entry *e, bool added)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_IPV6_ROUTE, &out, ROUTE_ROOM))
		return;
	route_message(&out, e, added ? RTM_NEWROUTE : RTM_DELROUTE, 0, 0, 0);
	nl_notify(RTNLGRP_IPV6_ROUTE, &out);
}

static struct ip6_watch watch = { .route = route_changed };

void rtnl_route6_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	ip6_watch(&watch);
}
