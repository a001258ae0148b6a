/*
 * Addresses of IPv4 over NETLINK_ROUTE: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR (all), and what is
 * told to RTNLGRP_IPV4_IFADDR.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "net/ip4/ip4.h"
#include "net/netlink/netlink_int.h"

#define IFA_COUNT  (IFA_RT_PRIORITY + 1)
#define ADDR_ROOM  256 /* of one message */
#define FOR_EVER   (~0u)

static bool addr_message(struct nl_out *out, const struct ip4_addr *a, u16 type, u16 flags, u32 seq,
			 u32 port)
{
	static const struct ifa_cacheinfo always = { FOR_EVER, FOR_EVER, 0, 0 };
	struct ifaddrmsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));

	if (!m)
		return nl_end(out);
	m->ifa_family = AF_INET;
	m->ifa_prefixlen = a->length;
	m->ifa_flags = (u8)(IFA_F_PERMANENT | (a->secondary ? IFA_F_SECONDARY : 0));
	m->ifa_scope = a->scope;
	m->ifa_index = a->nif->index;
	nl_put32(out, IFA_ADDRESS, a->peer);
	nl_put32(out, IFA_LOCAL, a->local);
	if (a->broadcast)
		nl_put32(out, IFA_BROADCAST, a->broadcast);
	nl_put_string(out, IFA_LABEL, a->label);
	nl_put32(out, IFA_FLAGS, m->ifa_flags);
	nl_put(out, IFA_CACHEINFO, &always, sizeof(always));
	return nl_end(out);
}

static void dump_netif(struct netif *nif, void *arg)
{
	struct nl_walk *w = arg;
	struct nl_dump *d = w->d;
	struct ip4_if *in = ip4_if(nif);

	if (!in || !nl_walk_enter(w, nif))
		return;
	for (struct ip4_addr *a = in->addrs; a && !w->full; a = a->next)
		if (nl_walk_due(w))
			nl_walk_wrote(w, addr_message(w->out, a, RTM_NEWADDR, NLM_F_MULTI, d->seq,
						      d->port));
}

static int addr_dump(struct nl_dump *d, struct nl_out *out)
{
	return nl_walk_netifs(d, out, dump_netif);
}

/* What a request says of an address; the interface is referenced. */
static int addr_parse(const struct nl_request *r, struct ip4_addr *a)
{
	const struct ifaddrmsg *m = r->payload;
	const struct nlattr *at[IFA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m));
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, at, IFA_COUNT);

	memset(a, 0, sizeof(*a));
	if (!err && at[IFA_LOCAL])
		err = nl_get(at[IFA_LOCAL], &a->local, 4);
	if (!err && at[IFA_ADDRESS])
		err = nl_get(at[IFA_ADDRESS], &a->peer, 4);
	if (!err && at[IFA_BROADCAST])
		err = nl_get(at[IFA_BROADCAST], &a->broadcast, 4);
	if (!err && at[IFA_LABEL])
		err = nl_get_string(at[IFA_LABEL], a->label, sizeof(a->label));
	if (!err && at[IFA_CACHEINFO]) {
		struct ifa_cacheinfo c;

		err = nl_get(at[IFA_CACHEINFO], &c, sizeof(c));
		if (!err && (c.ifa_valid != FOR_EVER || c.ifa_prefered != FOR_EVER))
			err = -EOPNOTSUPP;
	}
	if (err)
		return err;
	if (!at[IFA_LOCAL])
		a->local = a->peer;
	if (!at[IFA_ADDRESS])
		a->peer = a->local;
	if (m->ifa_prefixlen > 32 || (!at[IFA_LOCAL] && !at[IFA_ADDRESS]))
		return -EINVAL;
	a->length = m->ifa_prefixlen;
	a->mask = ip4_mask(a->length);
	a->scope = m->ifa_scope;
	a->nif = netif_by_index(m->ifa_index);
	return a->nif ? 0 : -ENODEV;
}

static int addr_new(struct nl_request *r)
{
	struct ip4_addr a;
	int err = addr_parse(r, &a);

	if (err)
		return err;
	netif_config_lock();
	if (!a.label[0])
		strlcpy(a.label, a.nif->name, sizeof(a.label));
	err = ip4_addr_add(a.nif, &a);
	netif_config_unlock();
	netif_put(a.nif);
	return err == -ABI_EEXIST && r->h->nlmsg_flags & NLM_F_REPLACE ? 0 : err;
}

static int addr_delete(struct nl_request *r)
{
	struct ip4_addr a;
	int err = addr_parse(r, &a);

	if (err)
		return err;
	netif_config_lock();
	err = ip4_addr_remove(a.nif, a.local, a.length);
	netif_config_unlock();
	netif_put(a.nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWADDR, AF_INET, sizeof(struct ifaddrmsg), addr_new, NULL },
	{ RTM_DELADDR, AF_INET, sizeof(struct ifaddrmsg), addr_delete, NULL },
	{ RTM_GETADDR, AF_INET, sizeof(struct ifaddrmsg), NULL, addr_dump },
};

static void addr_changed(const struct ip4_addr *a, bool added)
{
	struct nl_out out;

	if (!nl_notify_begin(RTNLGRP_IPV4_IFADDR, &out, ADDR_ROOM))
		return;
	addr_message(&out, a, added ? RTM_NEWADDR : RTM_DELADDR, 0, 0, 0);
	nl_notify(RTNLGRP_IPV4_IFADDR, &out);
}

static struct ip4_watch watch = { .addr = addr_changed };

void rtnl_addr_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	ip4_watch(&watch);
}
