/*
 * The classic calls on sockets of IPv6 (ipv6(7)): SIOCSIFADDR and SIOCDIFADDR with a struct
 * in6_ifreq, SIOCADDRT and SIOCDELRT with a struct in6_rtmsg, as ifconfig(8) and route(8) use them.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "abi/rtnetlink.h"
#include "abi/sockios.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"

static long addr_ioctl(u32 request, u64 arg)
{
	struct ip6_addr a = { .flags = IFA_F_PERMANENT };
	struct in6_ifreq r;
	struct netif *nif;
	int err;

	if (!sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_obj(&r, (struct in6_ifreq __user *)arg))
		return -EFAULT;
	if (r.ifr6_prefixlen > 128)
		return -EINVAL;
	nif = r.ifr6_ifindex > 0 ? netif_by_index((u32)r.ifr6_ifindex) : NULL;
	if (!nif)
		return -ENODEV;
	memcpy(&a.address, &r.ifr6_addr, sizeof(a.address));
	a.length = (u8)r.ifr6_prefixlen;
	netif_config_lock();
	err = request == SIOCSIFADDR ? ip6_addr_add(nif, &a) :
				       ip6_addr_remove(nif, &a.address, a.length);
	netif_config_unlock();
	netif_put(nif);
	return err;
}

/* What the structure asks for; e->nif is referenced if set. */
static int route_convert(const struct in6_rtmsg *r, struct fib6_entry *e)
{
	*e = (struct fib6_entry){
		.type = r->rtmsg_flags & RTF_REJECT ? FIB6_UNREACHABLE : FIB6_UNICAST,
		.protocol = FIB6_BY_BOOT, .table = FIB6_MAIN, .metric = r->rtmsg_metric,
	};
	if (r->rtmsg_dst_len > 128 || r->rtmsg_src_len)
		return -EINVAL;
	memcpy(&e->prefix, &r->rtmsg_dst, sizeof(e->prefix));
	e->length = (u8)r->rtmsg_dst_len;
	e->prefix = ip6_prefix(&e->prefix, e->length);
	if (r->rtmsg_flags & RTF_GATEWAY)
		memcpy(&e->gateway, &r->rtmsg_gateway, sizeof(e->gateway));
	if (r->rtmsg_flags & RTF_EXPIRES)
		e->until = clock_monotonic() +
			   min(r->rtmsg_info / USER_HZ, (u64)IP6_FOREVER) * NSEC_PER_SEC;
	if (r->rtmsg_ifindex <= 0)
		return 0;
	e->nif = netif_by_index((u32)r->rtmsg_ifindex);
	return e->nif ? 0 : -ENODEV;
}

static long route_ioctl(u32 request, u64 arg)
{
	struct in6_rtmsg r;
	struct fib6_entry e;
	int err;

	if (!sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_obj(&r, (struct in6_rtmsg __user *)arg))
		return -EFAULT;
	err = route_convert(&r, &e);
	if (err)
		return err;
	netif_config_lock();
	if (request == SIOCADDRT) {
		e.metric = e.metric ?: FIB6_METRIC_USER;
		err = fib6_add(&e, false);
	} else {
		e.protocol = 0;
		if (!(r.rtmsg_flags & RTF_REJECT))
			e.type = 0;
		if (!e.metric)
			e.metric = ~0u;
		err = fib6_remove(&e);
	}
	netif_config_unlock();
	if (e.nif)
		netif_put(e.nif);
	return err;
}

static long ioctl(struct sock *s, u32 request, u64 arg)
{
	if (s->family != AF_INET6)
		return -ENOTTY;
	switch (request) {
	case SIOCSIFADDR:
	case SIOCDIFADDR:
		return addr_ioctl(request, arg);
	case SIOCADDRT:
	case SIOCDELRT:
		return route_ioctl(request, arg);
	default:
		return -ENOTTY;
	}
}

void ip6_ioctl_init(void)
{
	sock_ioctl_register(ioctl);
}
