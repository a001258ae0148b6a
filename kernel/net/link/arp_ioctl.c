/*
 * arp(7): entries set, removed and looked up by hand.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "abi/sockios.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"
#include "net/link/arp.h"
#include "net/link/neighbour.h"

/* The interface that is meant: by name, or the one by which the address is reached. Referenced. */
static int find_netif(struct arpreq *r, be32 address, struct netif **out)
{
	const struct fib_entry *e;

	r->arp_dev[sizeof(r->arp_dev) - 1] = 0;
	*out = NULL;
	if (r->arp_dev[0]) {
		*out = netif_by_name(r->arp_dev);
		return *out ? 0 : -ENODEV;
	}
	rcu_read_lock();
	e = fib4_lookup(FIB_MAIN, address, 0);
	if (e && e->nif && ref_try_get(&e->nif->refs))
		*out = e->nif;
	rcu_read_unlock();
	return *out ? 0 : -ENETUNREACH;
}

static int set(struct netif *nif, const struct ipaddr *address, const struct arpreq *r)
{
	struct neighbour *n;
	int err;

	if (r->arp_flags & ATF_PUBL) /* proxy ARP goes by routes here: conf/proxy_arp */
		return -EOPNOTSUPP;
	if (!(r->arp_flags & ATF_COM) || r->arp_ha.sa_family != nif->type)
		return -EINVAL;
	n = neighbour_get(nif, address);
	if (!n)
		return -ENOBUFS;
	err = neighbour_update(n, (const u8 *)r->arp_ha.sa_data,
			       r->arp_flags & ATF_PERM ? NEIGH_PERMANENT : NEIGH_STALE,
			       NEIGH_OVERRIDE | NEIGH_ADMIN);
	neighbour_put(n);
	return err;
}

static int get(struct netif *nif, const struct ipaddr *address, struct arpreq *r)
{
	struct neighbour *n = neighbour_find(nif, address);
	u8 link_address[LINK_ADDRESS];
	int err = -ENXIO;

	if (!n)
		return err;
	memset(&r->arp_ha, 0, sizeof(r->arp_ha));
	if (neighbour_address(n, link_address)) {
		r->arp_ha.sa_family = nif->type;
		memcpy(r->arp_ha.sa_data, link_address, nif->address_length);
		r->arp_flags = ATF_COM | (n->state & NEIGH_PERMANENT ? ATF_PERM : 0);
		strlcpy(r->arp_dev, nif->name, sizeof(r->arp_dev));
		err = 0;
	}
	neighbour_put(n);
	return err;
}

static int carry_out(u32 request, struct netif *nif, const struct ipaddr *address,
		     struct arpreq *r)
{
	int err;

	if (request == SIOCGARP)
		return get(nif, address, r);
	netif_config_lock();
	if (nif->flags & (IFF_LOOPBACK | IFF_NOARP))
		err = -EINVAL;
	else if (request == SIOCSARP)
		err = set(nif, address, r);
	else
		err = neighbour_remove(nif, address);
	netif_config_unlock();
	return err == -ENOENT ? -ENXIO : err;
}

long arp_ioctl(struct sock *s, u32 request, u64 arg)
{
	const struct sockaddr_in *in;
	struct ipaddr address;
	struct netif *nif;
	struct arpreq r;
	int err;

	if (request != SIOCSARP && request != SIOCGARP && request != SIOCDARP)
		return -ENOTTY;
	if (request != SIOCGARP && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_obj(&r, (struct arpreq __user *)arg))
		return -EFAULT;
	in = (const struct sockaddr_in *)&r.arp_pa;
	if (in->sin_family != AF_INET)
		return -EPFNOSUPPORT;
	address = ipaddr_4(in->sin_addr.s_addr);
	err = find_netif(&r, in->sin_addr.s_addr, &nif);
	if (err)
		return err;
	err = carry_out(request, nif, &address, &r);
	netif_put(nif);
	if (!err && request == SIOCGARP && copy_out_obj((struct arpreq __user *)arg, &r))
		err = -EFAULT;
	return err;
}
