/*
 * Groups of IPv6: routers are told of them by MLDv2 (RFC 3810; with queriers of version 1 as its
 * chapter 8 says). What a group is and when it is told is net/inet/mcast.h's.
 */
#include "core/log.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld_int.h"

/* All nodes' group is never reported, nor what does not leave the machine (RFC 3810, 6). */
static bool is_told(const struct ipaddr *group)
{
	const struct ipaddr everybody = IP6_ALL_NODES;

	return !ipaddr_equal(group, &everybody) && ip6_scope_of(group) > IP6_SCOPE_INTERFACE;
}

static s32 forced(const struct netif *nif)
{
	return ip6_conf_get(nif, IP6_FORCE_MLD_VERSION);
}

static const struct mcast_protocol mld = {
	.name = "mld", .newest = 2, .leave_since = 1,
	.old_querier_ns = 260 * NSEC_PER_SEC, /* RFC 3810, 9.12 */
	.robustness = &ip6_settings.mld_qrv, .forced = forced, .is_told = is_told,
	.send_old = mld_send_old, .send_record = mld_send_record,
};

struct mcast_state *mld_state_make(struct netif *nif)
{
	return mcast_state_make(nif, &mld);
}

void mld_up(struct netif *nif)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	struct ip6_if *in = ip6_if(nif);

	mcast_up(in->mld);
	if (!in->all_nodes && mcast_listen(nif, &everybody))
		log_warn("%s: no memory for all nodes' group", nif->name);
	else
		in->all_nodes = true;
}

void mld_down(struct netif *nif)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	struct ip6_if *in = ip6_if(nif);

	if (!in)
		return;
	mcast_down(in->mld);
	if (in->all_nodes)
		mcast_unlisten(nif, &everybody);
	in->all_nodes = false;
	mcast_forget_queriers(in->mld);
}

bool mld_is_member(const struct netif *nif, const struct ipaddr *group)
{
	const struct ipaddr everybody = IP6_ALL_NODES, here = ip6_address(0xff01, 0, 0, 0, 0, 0,
									  0, 1);
	struct ip6_if *in = ip6_if(nif);

	return in && (ipaddr_equal(group, &everybody) || ipaddr_equal(group, &here) ||
		      mcast_is_member(in->mld, group));
}

int mld_change(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
	       const struct inet_part *to)
{
	return mcast_change(nif->mld, group, from, to);
}

int mld_join(struct netif *nif, const struct ipaddr *group)
{
	const struct inet_part none = { 0 }, now = { .member = true };

	return mld_change(nif, group, &none, &now);
}

void mld_leave(struct netif *nif, const struct ipaddr *group)
{
	const struct inet_part none = { 0 }, was = { .member = true };

	mld_change(nif, group, &was, &none);
}

/* From the link itself, with router alert (RFC 3810, 5.1.14 and 6.2). */
static bool from_link(struct packet *p)
{
	const struct ip_info *info = ip_info(p);

	return info->ttl == 1 && ipaddr_link_local(&info->from) && info->router_alert &&
	       !info->fragmented;
}

void mld_receive(struct packet *p)
{
	struct ip6_if *in = ip6_if(p->nif);
	struct mld_heard h;

	if (in && from_link(p) && !packet_linearize(p) && mld_parse(p->data, p->head, &h)) {
		if (h.query)
			mcast_queried(in->mld, h.version, &h.group, h.within_ms, h.robustness);
		else
			mcast_reported_by_other(in->mld, &h.group);
	}
	packet_free(p);
}
