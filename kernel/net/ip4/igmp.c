/*
 * Groups of IPv4: routers are told of them by IGMPv3 (RFC 3376; with queriers of versions 1 and 2
 * as its chapter 7 says). What a group is and when it is told is net/inet/mcast.h's.
 */
#include "net/ip4/igmp.h"

#include "abi/in.h"
#include "net/ip4/ip4_int.h"

/* All routers' reports go by this: 224.0.0.1 is never reported (RFC 3376, 5). */
static bool is_told(const struct ipaddr *group)
{
	return group->w[3] != IP4_ALL_HOSTS;
}

static s32 forced(const struct netif *nif)
{
	return ip4_conf_max(nif, IP4_FORCE_IGMP_VERSION);
}

static const struct mcast_protocol igmp = {
	.name = "igmp", .newest = 3, .leave_since = 2,
	.old_querier_ns = 400 * NSEC_PER_SEC, /* RFC 3376, 8.12 */
	.robustness = &ip4_settings.igmp_qrv, .forced = forced, .is_told = is_told,
	.send_old = igmp_send_old, .send_record = igmp_send_record,
};

struct mcast_state *igmp_state_make(struct netif *nif)
{
	return mcast_state_make(nif, &igmp);
}

int igmp_up(struct netif *nif)
{
	const struct ipaddr everybody = ipaddr_4(IP4_ALL_HOSTS);
	int err = mcast_listen(nif, &everybody);

	if (!err)
		mcast_up(ip4_if(nif)->igmp);
	return err;
}

void igmp_down(struct netif *nif)
{
	const struct ipaddr everybody = ipaddr_4(IP4_ALL_HOSTS);
	struct ip4_if *in = ip4_if(nif);

	if (in && mcast_down(in->igmp))
		mcast_unlisten(nif, &everybody);
}

bool igmp_is_member(const struct netif *nif, be32 group)
{
	const struct ipaddr address = ipaddr_4(group);
	struct ip4_if *in = ip4_if(nif);

	return in && mcast_is_member(in->igmp, &address);
}

int igmp_change(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
		const struct inet_part *to)
{
	return mcast_change(ip4_if(nif)->igmp, group, from, to);
}

static void receive(struct packet *p)
{
	struct ip4_if *in = ip4_if(p->nif);
	struct igmp_heard h;

	if (in && packet_want(p, min(p->length, 1400u)) &&
	    sum_fold(packet_sum(p, 0, p->length, 0)) == 0xffff &&
	    igmp_parse(p->data, p->head, &h)) {
		const struct ipaddr group = ipaddr_4(h.group);

		if (h.type == IGMP_QUERY)
			mcast_queried(in->igmp, h.version, &group, h.within_ms, h.robustness);
		else
			mcast_reported_by_other(in->igmp, &group);
	}
	packet_free(p);
}

static const struct ip_protocol protocol = {
	.number = IPPROTO_IGMP, .only = IP_ONLY_4, .receive = receive,
};

void igmp_init(void)
{
	ip_protocol_register(&protocol);
}
