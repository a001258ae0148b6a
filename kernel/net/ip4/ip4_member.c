/*
 * Groups of IPv4 that sockets join, and the sources that they want of them (ip(7)): which interface
 * is meant, and what IGMP is to know of it; memberships themselves are net/inet/inet_member.c's.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "arch/usercopy.h"
#include "net/ip4/ip4_int.h"

bool ip4_wants_multicast(struct inet_sock *i, const struct ipaddr *group,
			 const struct ipaddr *from, u32 nif)
{
	return inet_member_wants(i, group, from, nif);
}

static bool is_on(const struct netif *nif)
{
	return ip4_if(nif);
}

static u32 most_members(void)
{
	return (u32)READ_ONCE(ip4_settings.max_memberships);
}

static u32 most_sources(void)
{
	return (u32)READ_ONCE(ip4_settings.max_msf);
}

static const struct inet_group_ops ops = {
	.is_on = is_on, .change = igmp_change, .most_members = most_members,
	.most_sources = most_sources,
};

static enum inet_member_op op_of(int name)
{
	switch (name) {
	case IP_ADD_MEMBERSHIP:
		return INET_JOIN;
	case IP_DROP_MEMBERSHIP:
		return INET_LEAVE;
	case IP_ADD_SOURCE_MEMBERSHIP:
		return INET_JOIN_SOURCE;
	case IP_DROP_SOURCE_MEMBERSHIP:
		return INET_LEAVE_SOURCE;
	default:
		return name == IP_BLOCK_SOURCE ? INET_BLOCK : INET_UNBLOCK;
	}
}

/* `address`: the interface's, if it is named by that; 0: it is not. */
static int request_read(int name, const void __user *value, u32 n,
			struct inet_member_request *out, be32 *address)
{
	struct ip_mreq_source source;
	struct ip_mreqn r = { 0 };
	int err = inet_member_read(false, name, value, n, out);

	*address = 0;
	if (err != -ABI_ENOPROTOOPT)
		return err;
	out->op = op_of(name);
	out->nif = 0;
	if (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) {
		if (n < sizeof(struct ip_mreq))
			return -EINVAL;
		if (copy_in(&r, value, n < sizeof(r) ? sizeof(struct ip_mreq) : sizeof(r)))
			return -EFAULT;
		out->group = ipaddr_4(r.imr_multiaddr.s_addr);
		*address = r.imr_address.s_addr;
		out->nif = (u32)r.imr_ifindex;
		return 0;
	}
	if (n != sizeof(source))
		return -EINVAL;
	if (copy_in(&source, value, sizeof(source)))
		return -EFAULT;
	out->group = ipaddr_4(source.imr_multiaddr);
	*address = source.imr_interface;
	out->source = ipaddr_4(source.imr_sourceaddr);
	return 0;
}

/* That by which packets to the group go; referenced. */
static struct netif *netif_of_route(const struct ipaddr *group)
{
	struct flow f = { .to = *group, .from = IPADDR_ANY4 };
	struct netif *nif = NULL;
	struct route *route;

	if (route_output(&f, &route))
		return NULL;
	nif = route->nif;
	netif_get(nif);
	route_put(route);
	return nif;
}

struct netif *ip4_group_netif(const struct ipaddr *group, u32 index, be32 address)
{
	if (index)
		return netif_by_index(index);
	return address ? ip4_addr_netif(address) : netif_of_route(group);
}

int ip4_member_option(struct inet_sock *i, int name, const void __user *value, u32 n)
{
	struct inet_member_request r;
	struct netif *nif;
	be32 address;
	int err;

	if (i->sock.type == SOCK_STREAM)
		return -EPROTO;
	if (name == MCAST_MSFILTER)
		return inet_msfilter_set(i, &ops, netif_of_route, value, n);
	if (name == IP_MSFILTER)
		return ip4_msfilter_set(i, &ops, value, n);
	err = request_read(name, value, n, &r, &address);
	if (err)
		return err;
	if (!ip4_is_multicast(r.group.w[3]))
		return -EINVAL;
	netif_config_lock();
	nif = ip4_group_netif(&r.group, r.nif, address);
	err = nif ? inet_member_do(i, &ops, &r, nif) : -ENODEV;
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
}

int ip4_member_get(struct inet_sock *i, void __user *value, u32 *n)
{
	return inet_msfilter_get(i, &ops, value, n);
}

void ip4_leave_all(struct inet_sock *i)
{
	inet_member_leave_all(i, &ops);
}
