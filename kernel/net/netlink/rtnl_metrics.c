/*
 * Metrics of a route in messages: RTA_METRICS, the same of both versions.
 */
#include "net/inet/route.h"
#include "net/netlink/netlink_int.h"

#define RTAX_COUNT (RTAX_HOPLIMIT + 1)

static void put_metric(struct nl_out *out, u16 type, u32 value)
{
	if (value)
		nl_put32(out, type, value);
}

void rtnl_metrics_put(struct nl_out *out, const struct route_metrics *m)
{
	struct nlattr *nest;

	if (!m->mtu && !m->window && !m->advmss && !m->hop_limit)
		return;
	nest = nl_nest(out, RTA_METRICS);
	put_metric(out, RTAX_MTU, m->mtu);
	put_metric(out, RTAX_WINDOW, m->window);
	put_metric(out, RTAX_ADVMSS, m->advmss);
	put_metric(out, RTAX_HOPLIMIT, m->hop_limit);
	nl_nest_end(out, nest);
}

int rtnl_metrics_parse(const struct nlattr *nest, struct route_metrics *m)
{
	const struct nlattr *a[RTAX_COUNT];
	int err = nl_attributes(nl_data(nest), nl_size(nest), a, RTAX_COUNT);

	if (!err && a[RTAX_MTU])
		err = nl_get(a[RTAX_MTU], &m->mtu, 4);
	if (!err && a[RTAX_WINDOW])
		err = nl_get(a[RTAX_WINDOW], &m->window, 4);
	if (!err && a[RTAX_ADVMSS])
		err = nl_get(a[RTAX_ADVMSS], &m->advmss, 4);
	if (!err && a[RTAX_HOPLIMIT])
		err = nl_get(a[RTAX_HOPLIMIT], &m->hop_limit, 4);
	m->hop_limit = min(m->hop_limit, 255u); /* it goes into a byte */
	return err;
}
