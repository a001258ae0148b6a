/*
 * netdevice(7): addresses of interfaces by the classic calls, SIOC[GS]IFADDR and their like. A name
 * may be that of an alias, "eth0:1": an address with that label.
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

/* The interface of a name, which may be an alias's; `label` is the name as it was given. */
static struct netif *find_netif(const char *label)
{
	char name[NETIF_NAME];
	char *colon;

	strlcpy(name, label, sizeof(name));
	colon = strchr(name, ':');
	if (colon)
		*colon = 0;
	return netif_by_name(name);
}

/* The address with a label; if the caller says which, that one of them. */
static struct ip4_addr *find_addr(struct netif *nif, const char *label, be32 which)
{
	struct ip4_if *in = ip4_if(nif);
	struct ip4_addr *first = NULL;

	for (struct ip4_addr *a = in ? in->addrs : NULL; a; a = a->next) {
		if (strcmp(a->label, label))
			continue;
		if (which && a->local == which)
			return a;
		if (!first)
			first = a;
	}
	return first;
}

static int get(u32 request, struct netif *nif, struct ifreq *r)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&r->ifr_addr;
	be32 which = in->sin_family == AF_INET ? in->sin_addr.s_addr : 0;
	const struct ip4_addr *a = find_addr(nif, r->ifr_name, which);

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	if (!a)
		return -EADDRNOTAVAIL;
	switch (request) {
	case SIOCGIFADDR:
		in->sin_addr.s_addr = a->local;
		break;
	case SIOCGIFDSTADDR:
		in->sin_addr.s_addr = a->peer;
		break;
	case SIOCGIFBRDADDR:
		in->sin_addr.s_addr = a->broadcast;
		break;
	default:
		in->sin_addr.s_addr = a->mask;
	}
	return 0;
}

/* The prefix that the address's class gave it once (RFC 791, 2.3), for who names none. */
static u8 class_length(be32 address)
{
	u8 first = *(const u8 *)&address;

	return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 32;
}

static int set_address(struct netif *nif, struct ip4_addr *old, const char *label, be32 address)
{
	struct ip4_addr a = { .local = address, .length = class_length(address) };

	if (!address) /* "ifconfig eth0 0.0.0.0" takes it away */
		return old ? ip4_addr_remove(nif, old->local, old->length) : 0;
	if (old && old->local == address)
		return 0;
	strlcpy(a.label, label, sizeof(a.label));
	if (ip4_is_loopback(address))
		a.scope = FIB_SCOPE_HOST;
	if (nif->flags & IFF_POINTOPOINT)
		a.length = 32;
	if (nif->flags & IFF_BROADCAST && a.length < 31)
		a.broadcast = address | ~ip4_mask(a.length);
	return old ? ip4_addr_replace(old, &a) : ip4_addr_add(nif, &a);
}

static int mask_length(be32 mask)
{
	u32 m = ntoh32(mask);

	if (~m & (~m + 1))
		return -EINVAL; /* ones behind a zero */
	return m ? 32 - (int)ctz64(m) : 0;
}

static int set_mask(struct netif *nif, struct ip4_addr *old, be32 mask)
{
	struct ip4_addr a = *old;
	int length = mask_length(mask);

	if (length < 0)
		return length;
	/* A broadcast that was the old prefix's own follows. */
	if (nif->flags & IFF_BROADCAST && length < 31 &&
	    (!a.broadcast || a.broadcast == (a.local | ~a.mask)))
		a.broadcast = a.local | ~ip4_mask((unsigned)length);
	a.length = (u8)length;
	return a.length == old->length ? 0 : ip4_addr_replace(old, &a);
}

static int set(u32 request, struct netif *nif, const struct ifreq *r)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&r->ifr_addr;
	struct ip4_addr *old = find_addr(nif, r->ifr_name, 0), a;

	/* Taking an alias down removes it; the interface stays as it is. */
	if (request == SIOCSIFFLAGS && !old)
		return -EADDRNOTAVAIL;
	if (request == SIOCSIFFLAGS)
		return r->ifr_flags & IFF_UP ? 0 : ip4_addr_remove(nif, old->local, old->length);
	if (in->sin_family != AF_INET)
		return -EINVAL;
	if (request == SIOCSIFADDR)
		return set_address(nif, old, r->ifr_name, in->sin_addr.s_addr);
	if (!old)
		return -EADDRNOTAVAIL;
	if (request == SIOCSIFNETMASK)
		return set_mask(nif, old, in->sin_addr.s_addr);
	a = *old;
	if (request == SIOCSIFBRDADDR)
		a.broadcast = in->sin_addr.s_addr;
	else
		a.peer = in->sin_addr.s_addr;
	return ip4_addr_replace(old, &a);
}

static long addr_ioctl(u32 request, u64 arg)
{
	bool getting = request == SIOCGIFADDR || request == SIOCGIFDSTADDR ||
		       request == SIOCGIFBRDADDR || request == SIOCGIFNETMASK;
	struct netif *nif;
	struct ifreq r;
	int err;

	if (copy_in_obj(&r, (struct ifreq __user *)arg))
		return -EFAULT;
	r.ifr_name[sizeof(r.ifr_name) - 1] = 0;
	if (!getting && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	nif = find_netif(r.ifr_name);
	if (!nif)
		return -ENODEV;
	netif_config_lock();
	if (!ip4_if(nif))
		err = -ENODEV;
	else
		err = getting ? get(request, nif, &r) : set(request, nif, &r);
	netif_config_unlock();
	netif_put(nif);
	if (!err && getting && copy_out_obj((struct ifreq __user *)arg, &r))
		err = -EFAULT;
	return err;
}

/* SIOCGIFCONF: every address, as many as fit; without a buffer, the room that all would take. */
struct conf { struct ifreq __user *to; u32 room, n; int err; };

static void conf_netif(struct netif *nif, void *arg)
{
	struct conf *c = arg;
	struct ip4_if *in = ip4_if(nif);

	for (struct ip4_addr *a = in ? in->addrs : NULL; a && !c->err; a = a->next) {
		struct ifreq r = { 0 };
		struct sockaddr_in *address = (struct sockaddr_in *)&r.ifr_addr;

		if (c->to && c->n >= c->room)
			return;
		strlcpy(r.ifr_name, a->label, sizeof(r.ifr_name));
		address->sin_family = AF_INET;
		address->sin_addr.s_addr = a->local;
		if (c->to)
			c->err = copy_out_obj(c->to + c->n, &r);
		c->n++;
	}
}

static long conf_ioctl(u64 arg)
{
	struct conf c = { 0 };
	struct ifconf conf;

	if (copy_in_obj(&conf, (struct ifconf __user *)arg))
		return -EFAULT;
	if (conf.ifc_len < 0)
		return -EINVAL;
	c.to = (struct ifreq __user *)conf.ifc_buf;
	c.room = (u32)conf.ifc_len / (u32)sizeof(struct ifreq);
	netif_config_lock();
	netif_each(conf_netif, &c);
	netif_config_unlock();
	if (c.err)
		return c.err;
	conf.ifc_len = (s32)(c.n * sizeof(struct ifreq));
	return copy_out_obj((struct ifconf __user *)arg, &conf);
}

/* Whether the name in a structure of a program is an alias's; it is read again for good. */
static bool is_alias(u64 arg)
{
	char name[IFNAMSIZ];

	return !copy_in(name, (const void __user *)arg, sizeof(name)) &&
	       memchr(name, ':', strnlen(name, sizeof(name)));
}

/* Whether a socket of IPv6 means its own structures by a request (net/ip6/ip6_ioctl.c). */
static bool is_of_ip6(const struct sock *s, u32 request)
{
	return s->family == AF_INET6 &&
	       (request == SIOCSIFADDR || request == SIOCADDRT || request == SIOCDELRT);
}

static long ioctl(struct sock *s, u32 request, u64 arg)
{
	if (is_of_ip6(s, request))
		return -ENOTTY;
	switch (request) {
	case SIOCGIFCONF:
		return conf_ioctl(arg);
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
		return addr_ioctl(request, arg);
	case SIOCSIFFLAGS: /* of an alias; interfaces are net/ifctl's */
		return is_alias(arg) ? addr_ioctl(request, arg) : -ENOTTY;
	case SIOCADDRT:
	case SIOCDELRT:
		return ip4_route_ioctl(request, arg);
	default:
		return arp_ioctl(s, request, arg);
	}
}

void ip4_ioctl_init(void)
{
	sock_ioctl_register(ioctl);
}
