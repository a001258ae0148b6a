/*
 * The ioctls of interfaces (netdevice(7)) but for addresses of protocols, which are net/ip4's. All
 * take a struct ifreq that names the interface; changing things is for CAP_NET_ADMIN.
 */
#include "net/ifctl/ifctl.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/ethtool.h"
#include "abi/if.h"
#include "abi/sockios.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ifctl/ifctl_int.h"
#include "net/sock.h"

/* With the config lock. */
static int get(struct netif *nif, u32 request, struct ifreq *r)
{
	switch (request) {
	case SIOCGIFFLAGS:
		r->ifr_flags = (s16)netif_flags(nif);
		return 0;
	case SIOCGIFMETRIC:
		r->ifr_ifindex = 0;
		return 0;
	case SIOCGIFMTU:
		r->ifr_ifindex = (s32)nif->mtu;
		return 0;
	case SIOCGIFHWADDR:
		r->ifr_hwaddr.sa_family = nif->type;
		memset(r->ifr_hwaddr.sa_data, 0, sizeof(r->ifr_hwaddr.sa_data));
		memcpy(r->ifr_hwaddr.sa_data, nif->address,
		       min((size_t)nif->address_length, sizeof(r->ifr_hwaddr.sa_data)));
		return 0;
	case SIOCGIFINDEX:
		r->ifr_ifindex = (s32)nif->index;
		return 0;
	case SIOCGIFTXQLEN:
		r->ifr_ifindex = (s32)nif->queue_length;
		return 0;
	case SIOCGIFMAP:
		memset(&r->ifr_map, 0, sizeof(r->ifr_map));
		return 0;
	default:
		return -ENOTTY;
	}
}

static int set_address(struct netif *nif, const struct sockaddr *a)
{
	u8 address[LINK_ADDRESS] = { 0 };

	if (a->sa_family != nif->type)
		return -EINVAL;
	if (nif->address_length > sizeof(a->sa_data))
		return -EOPNOTSUPP;
	memcpy(address, a->sa_data, nif->address_length);
	return netif_set_address(nif, address);
}

static int change_group(struct netif *nif, const struct sockaddr *a, bool add)
{
	const u8 *address = (const u8 *)a->sa_data;

	if (!nif->ops->set_filter)
		return -EINVAL;
	if (a->sa_family != AF_UNSPEC)
		return -EINVAL;
	if (add)
		return netif_join(nif, address);
	if (!netif_is_member(nif, address))
		return -ENOENT;
	netif_leave(nif, address);
	return 0;
}

/* With the config lock; the caller may. */
static int set(struct netif *nif, u32 request, struct ifreq *r)
{
	u32 keep;

	switch (request) {
	case SIOCSIFFLAGS:
		/* The request has 16 bits of them. */
		keep = nif->flags & 0xffff0000u;
		return netif_set_flags(nif, keep | (u16)r->ifr_flags);
	case SIOCSIFMETRIC:
		return -EOPNOTSUPP;
	case SIOCSIFMTU:
		return r->ifr_ifindex < 0 ? -EINVAL : netif_set_mtu(nif, (u32)r->ifr_ifindex);
	case SIOCSIFHWADDR:
		return set_address(nif, &r->ifr_hwaddr);
	case SIOCSIFHWBROADCAST:
		if (r->ifr_hwaddr.sa_family != nif->type)
			return -EINVAL;
		memcpy(nif->broadcast, r->ifr_hwaddr.sa_data, nif->address_length);
		return 0;
	case SIOCSIFTXQLEN:
		return r->ifr_ifindex < 0 ? -EINVAL :
					    netif_set_queue_length(nif, (u32)r->ifr_ifindex);
	case SIOCSIFNAME:
		r->ifr_newname[IFNAMSIZ - 1] = 0;
		return netif_set_name(nif, r->ifr_newname);
	case SIOCADDMULTI:
		return change_group(nif, &r->ifr_hwaddr, true);
	case SIOCDELMULTI:
		return change_group(nif, &r->ifr_hwaddr, false);
	case SIOCSIFMAP:
		return -EOPNOTSUPP;
	default:
		return -ENOTTY;
	}
}

static bool is_get(u32 request)
{
	switch (request) {
	case SIOCGIFFLAGS: case SIOCGIFMETRIC: case SIOCGIFMTU: case SIOCGIFHWADDR:
	case SIOCGIFINDEX: case SIOCGIFTXQLEN: case SIOCGIFMAP:
		return true;
	default:
		return false;
	}
}

static bool is_set(u32 request)
{
	switch (request) {
	case SIOCSIFFLAGS: case SIOCSIFMETRIC: case SIOCSIFMTU: case SIOCSIFHWADDR:
	case SIOCSIFHWBROADCAST: case SIOCSIFTXQLEN: case SIOCSIFNAME: case SIOCADDMULTI:
	case SIOCDELMULTI: case SIOCSIFMAP:
		return true;
	default:
		return false;
	}
}

/* SIOCGIFNAME goes the other way: by index. */
static int get_name(struct ifreq *r)
{
	struct netif *nif = r->ifr_ifindex > 0 ? netif_by_index((u32)r->ifr_ifindex) : NULL;

	if (!nif)
		return -ENODEV;
	memcpy(r->ifr_name, nif->name, IFNAMSIZ);
	netif_put(nif);
	return 0;
}

static int on_interface(u32 request, struct ifreq *r)
{
	struct netif *nif;
	char *alias;
	int err;

	r->ifr_name[IFNAMSIZ - 1] = 0;
	alias = strchr(r->ifr_name, ':');
	if (alias)
		*alias = 0; /* eth0:1 is eth0 with another address */
	nif = netif_by_name(r->ifr_name);
	if (alias)
		*alias = ':';
	if (!nif)
		return -ENODEV;
	netif_config_lock();
	if (request == SIOCETHTOOL)
		err = ifctl_ethtool(nif, r->ifr_data);
	else
		err = is_get(request) ? get(nif, request, r) : set(nif, request, r);
	netif_config_unlock();
	netif_put(nif);
	return err;
}

static long ifctl_ioctl(struct sock *s, u32 request, u64 arg)
{
	struct ifreq __user *user = (struct ifreq __user *)arg;
	struct ifreq r;
	int err;

	if (!is_get(request) && !is_set(request) && request != SIOCGIFNAME &&
	    request != SIOCETHTOOL)
		return -ENOTTY;
	if (copy_in_obj(&r, user))
		return -EFAULT;
	if (is_set(request) && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	err = request == SIOCGIFNAME ? get_name(&r) : on_interface(request, &r);
	if (!err && (is_get(request) || request == SIOCGIFNAME) && copy_out_obj(user, &r))
		err = -EFAULT;
	return err;
}

void ifctl_init(void)
{
	sock_ioctl_register(ifctl_ioctl);
}
