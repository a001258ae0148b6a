/*
 * Interfaces over NETLINK_ROUTE: RTM_GETLINK (one, or all), RTM_NEWLINK and RTM_SETLINK, which
 * change one that exists, and what is told to RTNLGRP_LINK when one changes.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "dev/netif.h"
#include "lib/string.h"
#include "net/netlink/netlink_int.h"

#define IFLA_COUNT   (IFLA_PERM_ADDRESS + 1)
#define LINK_ROOM    1280 /* of one message */

static void put_counts(struct nl_out *out, struct netif *nif)
{
	struct rtnl_link_stats64 wide = { 0 };
	struct netif_counts c;
	const u64 *from = (const u64 *)&wide;
	u32 narrow[sizeof(wide) / 8 - 1]; /* the old form lacks the last */

	netif_count_sum(nif, &c);
	wide.rx_packets = c.rx_packets;
	wide.tx_packets = c.tx_packets;
	wide.rx_bytes = c.rx_bytes;
	wide.tx_bytes = c.tx_bytes;
	wide.rx_errors = c.rx_errors;
	wide.tx_errors = c.tx_errors;
	wide.rx_dropped = c.rx_dropped;
	wide.tx_dropped = c.tx_dropped;
	wide.multicast = c.multicast;
	wide.collisions = c.collisions;
	wide.rx_length_errors = c.rx_length;
	wide.rx_crc_errors = c.rx_crc;
	wide.rx_frame_errors = c.rx_frame;
	wide.rx_missed_errors = c.rx_missed;
	wide.tx_carrier_errors = c.tx_carrier;
	for (unsigned i = 0; i < ARRAY_SIZE(narrow); i++)
		narrow[i] = (u32)from[i];
	nl_put(out, IFLA_STATS64, &wide, sizeof(wide));
	nl_put(out, IFLA_STATS, narrow, sizeof(narrow));
}

/* One interface's message; false: it does not fit. With the config lock. */
static bool link_message(struct nl_out *out, struct netif *nif, u16 type, u16 flags, u32 seq,
			 u32 port, u32 change)
{
	struct ifinfomsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));

	if (!m)
		return nl_end(out);
	m->ifi_family = AF_UNSPEC;
	m->ifi_type = nif->type;
	m->ifi_index = (s32)nif->index;
	m->ifi_flags = netif_flags(nif);
	m->ifi_change = change;
	nl_put_string(out, IFLA_IFNAME, nif->name);
	nl_put32(out, IFLA_TXQLEN, nif->queue_length);
	nl_put8(out, IFLA_OPERSTATE, (u8)netif_operstate(nif));
	nl_put8(out, IFLA_LINKMODE, 0);
	nl_put32(out, IFLA_MTU, nif->mtu);
	nl_put32(out, IFLA_MIN_MTU, nif->min_mtu);
	nl_put32(out, IFLA_MAX_MTU, nif->max_mtu);
	nl_put32(out, IFLA_PROMISCUITY, nif->promiscuous);
	nl_put32(out, IFLA_NUM_TX_QUEUES, nif->n_tx);
	nl_put8(out, IFLA_CARRIER, nif->carrier);
	nl_put_string(out, IFLA_QDISC, nif->flags & IFF_LOOPBACK ? "noqueue" : "pfifo_fast");
	if (nif->address_length) {
		nl_put(out, IFLA_ADDRESS, nif->address, nif->address_length);
		nl_put(out, IFLA_BROADCAST, nif->broadcast, nif->address_length);
		if (!(nif->flags & IFF_LOOPBACK))
			nl_put(out, IFLA_PERM_ADDRESS, nif->permanent, nif->address_length);
	}
	put_counts(out, nif);
	rtnl_put_link6(out, nif);
	return nl_end(out);
}

static void dump_one(struct netif *nif, void *arg)
{
	struct nl_walk *w = arg;

	if (w->full || nif->index <= w->d->at[0])
		return;
	if (link_message(w->out, nif, RTM_NEWLINK, NLM_F_MULTI, w->d->seq, w->d->port, 0))
		w->d->at[0] = nif->index;
	else
		w->full = true;
}

static int link_dump(struct nl_dump *d, struct nl_out *out)
{
	return nl_walk_netifs(d, out, dump_one);
}

/* The interface that a request means, by index or name, with a reference. */
static int find(const struct nl_request *r, const struct nlattr **a, struct netif **out)
{
	const struct ifinfomsg *m = r->payload;
	char name[NETIF_NAME];

	if (m->ifi_index > 0) {
		*out = netif_by_index((u32)m->ifi_index);
	} else if (a[IFLA_IFNAME]) {
		if (nl_get_string(a[IFLA_IFNAME], name, sizeof(name)))
			return -EINVAL;
		*out = netif_by_name(name);
	} else {
		return -EINVAL;
	}
	return *out ? 0 : -ENODEV;
}

static int request_parse(const struct nl_request *r, const struct nlattr **a, struct netif **nif)
{
	u32 header = NLMSG_ALIGN((u32)sizeof(struct ifinfomsg));
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, a,
				IFLA_COUNT);

	return err ? err : find(r, a, nif);
}

static int link_get(struct nl_request *r)
{
	const struct nlattr *a[IFLA_COUNT];
	struct netif *nif;
	struct nl_out out;
	int err = request_parse(r, a, &nif);

	if (err)
		return err;
	err = nl_out_init(&out, LINK_ROOM);
	if (!err) {
		netif_config_lock();
		link_message(&out, nif, RTM_NEWLINK, 0, r->h->nlmsg_seq, r->from->port, 0);
		netif_config_unlock();
		err = nl_answer(r, &out);
	}
	netif_put(nif);
	return err;
}

/* Attributes first, as a change of the address may need the interface down, then the flags. */
static int apply(struct netif *nif, const struct ifinfomsg *m, const struct nlattr **a)
{
	char name[NETIF_NAME];
	u32 v, change = m->ifi_change ? m->ifi_change : ~0u;
	int err = 0;

	if (a[IFLA_ADDRESS]) {
		if (nl_size(a[IFLA_ADDRESS]) < nif->address_length)
			return -EINVAL;
		err = netif_set_address(nif, nl_data(a[IFLA_ADDRESS]));
	}
	if (!err && a[IFLA_MTU]) {
		err = nl_get(a[IFLA_MTU], &v, sizeof(v));
		if (!err)
			err = netif_set_mtu(nif, v);
	}
	if (!err && m->ifi_index > 0 && a[IFLA_IFNAME]) {
		err = nl_get_string(a[IFLA_IFNAME], name, sizeof(name));
		if (!err && strcmp(name, nif->name))
			err = netif_set_name(nif, name);
	}
	if (!err && a[IFLA_TXQLEN]) {
		err = nl_get(a[IFLA_TXQLEN], &v, sizeof(v));
		if (!err)
			nif->queue_length = v;
	}
	if (!err && a[IFLA_AF_SPEC])
		err = rtnl_set_link6(nif, a[IFLA_AF_SPEC]);
	if (!err && (m->ifi_flags || m->ifi_change))
		err = netif_set_flags(nif, (nif->flags & ~change) | (m->ifi_flags & change));
	return err;
}

static int link_set(struct nl_request *r)
{
	const struct nlattr *a[IFLA_COUNT];
	struct netif *nif;
	int err = request_parse(r, a, &nif);

	if (err == -ABI_ENODEV && r->h->nlmsg_type == RTM_NEWLINK &&
	    r->h->nlmsg_flags & NLM_F_CREATE)
		return -EOPNOTSUPP; /* interfaces come from drivers only */
	if (err)
		return err;
	if (r->h->nlmsg_flags & NLM_F_EXCL) {
		err = -EEXIST;
	} else {
		netif_config_lock();
		err = apply(nif, r->payload, a);
		netif_config_unlock();
	}
	netif_put(nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWLINK, AF_UNSPEC, sizeof(struct ifinfomsg), link_set, NULL },
	{ RTM_SETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), link_set, NULL },
	{ RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), link_get, link_dump },
};

static void changed(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_LINK, &out, LINK_ROOM))
		return;
	link_message(&out, nif, event == NETIF_GONE ? RTM_DELLINK : RTM_NEWLINK, 0, 0, 0,
		     event == NETIF_UP || event == NETIF_DOWN ? IFF_UP : 0);
	nl_notify(RTNLGRP_LINK, &out);
}

static struct netif_watch watch = { .fn = changed };

void rtnl_link_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	netif_watch(&watch);
}
