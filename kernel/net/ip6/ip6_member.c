/*
 * Groups of IPv6 that sockets join, and the sources that they want of them (ipv6(7), RFC 3678):
 * which interface is meant, and what MLD is to know of it; memberships themselves are
 * net/inet/inet_member.c's.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"

bool ip6_wants_multicast(struct inet_sock *i, const struct ipaddr *group,
			 const struct ipaddr *from, u32 nif)
{
	return inet_member_wants(i, group, from, nif);
}

static bool is_on(const struct netif *nif)
{
	return ip6_if(nif);
}

static u32 most_members(void)
{
	return READ_ONCE(sock_optmem_max) / (u32)sizeof(struct inet_member);
}

static u32 most_sources(void)
{
	return (u32)READ_ONCE(ip6_settings.mld_max_msf);
}

static const struct inet_group_ops ops = {
	.six = true, .is_on = is_on, .change = mld_change, .most_members = most_members,
	.most_sources = most_sources,
};

static int request_read(int name, const void __user *value, u32 n,
			struct inet_member_request *out)
{
	struct ipv6_mreq r;
	int err = inet_member_read(true, name, value, n, out);

	if (err != -ABI_ENOPROTOOPT)
		return err;
	if (name != IPV6_ADD_MEMBERSHIP && name != IPV6_DROP_MEMBERSHIP)
		return -ENOPROTOOPT;
	if (n < sizeof(r))
		return -EINVAL;
	if (copy_in(&r, value, sizeof(r)))
		return -EFAULT;
	out->op = name == IPV6_ADD_MEMBERSHIP ? INET_JOIN : INET_LEAVE;
	memcpy(&out->group, &r.ipv6mr_multiaddr, sizeof(out->group));
	out->nif = (u32)r.ipv6mr_ifindex;
	return 0;
}

/* That by which packets to the group go; without such a route, the first that has groups and is
 * up. Referenced. */
static struct netif *netif_of_route(const struct ipaddr *group)
{
	struct flow f = { .to = *group };
	struct netif *nif = NULL;
	struct route *route;
	u32 index = 0;

	if (!route_output(&f, &route)) {
		nif = route->nif;
		netif_get(nif);
		route_put(route);
		return nif;
	}
	while ((nif = netif_next(index))) {
		if (ip6_if(nif) && nif->flags & IFF_UP && nif->flags & IFF_MULTICAST)
			return nif;
		index = nif->index;
		netif_put(nif);
	}
	return NULL;
}

int ip6_member_option(struct inet_sock *i, int name, const void __user *value, u32 n)
{
	struct inet_member_request r;
	struct netif *nif;
	int err;

	if (name == MCAST_MSFILTER)
		return inet_msfilter_set(i, &ops, netif_of_route, value, n);
	err = request_read(name, value, n, &r);
	if (err)
		return err;
	if (i->sock.type == SOCK_STREAM)
		return -EPROTO;
	if (ipaddr_is4(&r.group) || !ipaddr_multicast(&r.group))
		return -EINVAL;
	netif_config_lock();
	nif = r.nif ? netif_by_index(r.nif) : netif_of_route(&r.group);
	err = nif ? inet_member_do(i, &ops, &r, nif) : -ENODEV;
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
}

int ip6_member_get(struct inet_sock *i, void __user *value, u32 *n)
{
	return inet_msfilter_get(i, &ops, value, n);
}

void ip6_leave_all(struct inet_sock *i)
{
	inet_member_leave_all(i, &ops);
	ip6_anycast_leave_all(i);
}
