/*
 * arp(7): entries set, removed and looked up by hand; addresses published.
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
#include "net/link/published.h"

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
	return err == -ABI_ENOENT ? -ENXIO : err;
}

struct by_link { const u8 *link_address; u16 type; struct netif *found; };

static void is_by_link(struct netif *nif, void *arg)
{
	struct by_link *by = arg;

	if (!by->found && nif->type == by->type &&
	    !memcmp(nif->address, by->link_address, nif->address_length))
		by->found = nif;
}

/* The interface of a published address: by name, or with the link address given; *out NULL: all.
 * Referenced. Config lock. */
static int published_netif(struct arpreq *r, struct netif **out)
{
	struct by_link by = { (const u8 *)r->arp_ha.sa_data, r->arp_ha.sa_family, NULL };

	*out = NULL;
	r->arp_dev[sizeof(r->arp_dev) - 1] = 0;
	if (r->arp_dev[0]) {
		*out = netif_by_name(r->arp_dev);
		return *out ? 0 : -ENODEV;
	}
	if (!(r->arp_flags & ATF_COM))
		return 0;
	netif_each(is_by_link, &by);
	if (!by.found)
		return -ENODEV;
	netif_get(by.found);
	*out = by.found;
	return 0;
}

/* With a mask of no bits, all addresses that we route to are meant: conf/proxy_arp. */
static int publish_all(struct netif *nif, bool on)
{
	struct ip4_if *in = nif ? ip4_if(nif) : NULL;

	if (nif && !in)
		return -ENXIO;
	WRITE_ONCE((in ? &in->conf : &ip4_conf_all)->item[IP4_PROXY_ARP], on);
	return 0;
}

static int publish(u32 request, const struct ipaddr *address, struct arpreq *r)
{
	be32 mask = ((const struct sockaddr_in *)&r->arp_netmask)->sin_addr.s_addr;
	bool on = request == SIOCSARP;
	struct netif *nif;
	int err;

	if (!(r->arp_flags & ATF_NETMASK))
		mask = ~0u;
	if (mask && mask != ~0u)
		return -EINVAL;
	netif_config_lock();
	err = published_netif(r, &nif);
	if (!err && !mask)
		err = publish_all(nif, on);
	else if (!err)
		err = on ? published_add(nif, address) : published_remove(nif, address);
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
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
	if (request != SIOCGARP && r.arp_flags & ATF_PUBL)
		return publish(request, &address, &r);
	if (r.arp_flags & (ATF_NETMASK | ATF_DONTPUB))
		return -EINVAL;
	err = find_netif(&r, in->sin_addr.s_addr, &nif);
	if (err)
		return err;
	err = carry_out(request, nif, &address, &r);
	netif_put(nif);
	if (!err && request == SIOCGARP && copy_out_obj((struct arpreq __user *)arg, &r))
		err = -EFAULT;
	return err;
}
