/*
 * Routes by the classic calls, SIOCADDRT and SIOCDELRT (route(8)).
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "abi/sockios.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"

static be32 address_of(const struct sockaddr *a)
{
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr;
}

/* The prefix: host routes are of one address, a default route has the mask 0. */
static int prefix_of(const struct rtentry *r, struct fib_entry *e)
{
	u32 mask = ntoh32(address_of(&r->rt_genmask));

	e->prefix = address_of(&r->rt_dst);
	e->length = 32;
	if (r->rt_flags & RTF_HOST)
		return 0;
	if (r->rt_genmask.sa_family != AF_INET && (mask || r->rt_genmask.sa_family))
		return -EAFNOSUPPORT;
	if (~mask & (~mask + 1))
		return -EINVAL;
	e->length = (u8)(mask ? 32 - ctz64(mask) : 0);
	return e->prefix & ~ip4_mask(e->length) ? -EINVAL : 0;
}

static int name_of(const struct rtentry *r, struct fib_entry *e)
{
	char name[NETIF_NAME], *colon;
	ssize_t n;

	if (!r->rt_dev)
		return 0;
	n = copy_in_string(name, (const char __user *)r->rt_dev, sizeof(name));
	if (n < 0)
		return n == -ABI_EFAULT ? -EFAULT : -ENODEV;
	colon = strchr(name, ':');
	if (colon)
		*colon = 0;
	e->nif = netif_by_name(name);
	return e->nif ? 0 : -ENODEV;
}

/* What the structure asks for; e->nif is referenced if set, also if it fails. */
static int convert(const struct rtentry *r, struct fib_entry *e)
{
	int err;

	*e = (struct fib_entry){
		.type = r->rt_flags & RTF_REJECT ? FIB_UNREACHABLE : FIB_UNICAST,
		.protocol = FIB_BY_BOOT, .table = FIB_MAIN,
		.metric = r->rt_metric > 0 ? (u32)r->rt_metric - 1 : 0,
	};
	if (r->rt_dst.sa_family != AF_INET)
		return -EAFNOSUPPORT;
	err = prefix_of(r, e) ?: name_of(r, e);
	if (err)
		return err;
	if (r->rt_flags & RTF_GATEWAY) {
		if (r->rt_gateway.sa_family != AF_INET || !address_of(&r->rt_gateway))
			return -EINVAL;
		e->gateway = address_of(&r->rt_gateway);
	} else {
		e->scope = r->rt_flags & RTF_REJECT ? FIB_SCOPE_HOST : FIB_SCOPE_LINK;
	}
	if (r->rt_flags & RTF_MTU)
		e->metrics.mtu = (u32)min(r->rt_mtu, (u64)0xffff);
	if (r->rt_flags & RTF_WINDOW)
		e->metrics.window = (u32)min(r->rt_window, (u64)~0u);
	/* Its "mss" is what Linux has made of RTF_MTU: the MTU less 40 bytes of headers. */
	if (e->metrics.mtu > 40)
		e->metrics.advmss = e->metrics.mtu - 40;
	return 0;
}

long ip4_route_ioctl(u32 request, u64 arg)
{
	struct fib_entry e = { 0 };
	struct rtentry r;
	int err;

	if (!sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_obj(&r, (struct rtentry __user *)arg))
		return -EFAULT;
	err = convert(&r, &e);
	if (!err) {
		netif_config_lock();
		if (request == SIOCADDRT) {
			err = fib4_add(&e, false);
		} else {
			e.protocol = 0;
			if (!(r.rt_flags & RTF_REJECT))
				e.type = 0;
			if (r.rt_metric <= 0)
				e.metric = ~0u;
			err = fib4_remove(&e);
		}
		netif_config_unlock();
	}
	if (e.nif)
		netif_put(e.nif);
	return err;
}
