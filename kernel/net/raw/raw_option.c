/*
 * Options of raw sockets: filters by ICMP type, checksums of IPv6 (RFC 3542, 3).
 */
#include "net/raw/raw.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "lib/string.h"

/* The filter that the socket has, and its size; NULL: none. */
static u32 *filter_of(struct raw_sock *r, u32 *size)
{
	const struct sock *s = &r->inet.sock;

	if (s->family == AF_INET && s->protocol == IPPROTO_ICMP) {
		*size = sizeof(r->icmp_filter);
		return &r->icmp_filter;
	}
	if (s->family == AF_INET6 && s->protocol == IPPROTO_ICMPV6) {
		*size = sizeof(r->icmp6_filter);
		return r->icmp6_filter;
	}
	return NULL;
}

static int set_filter(struct raw_sock *r, const void __user *value, u32 n)
{
	u32 filter[8] = { 0 }, size, *to = filter_of(r, &size);

	if (!to)
		return -EOPNOTSUPP;
	n = min(n, size);
	if (copy_in(filter, value, n))
		return -EFAULT;
	spin_lock(&r->inet.sock.lock);
	memcpy(to, filter, r->inet.sock.family == AF_INET ? size : n);
	spin_unlock(&r->inet.sock.lock);
	return 0;
}

static int get_filter(struct raw_sock *r, void __user *value, u32 *n)
{
	u32 filter[8], size, *from = filter_of(r, &size);

	if (!from)
		return -EOPNOTSUPP;
	spin_lock(&r->inet.sock.lock);
	memcpy(filter, from, size);
	spin_unlock(&r->inet.sock.lock);
	*n = min(*n, size);
	return copy_out(value, filter, *n);
}

/* IPV6_CHECKSUM (RFC 3542, 3.1): ICMPv6's is always made, at its own place. */
static int set_checksum(struct raw_sock *r, int level, int at)
{
	if (r->inet.sock.protocol == IPPROTO_ICMPV6 && level == SOL_IPV6)
		return -EINVAL;
	if (at > 0 && at % 2)
		return -EINVAL;
	WRITE_ONCE(r->checksum_at, max(at, -1));
	return 0;
}

static bool is_own(const struct sock *s, int level, int name)
{
	if (level == SOL_RAW)
		return true;
	if (s->family != AF_INET6)
		return false;
	return level == IPPROTO_ICMPV6 ||
	       (level == SOL_IPV6 && (name == IPV6_CHECKSUM || name == IPV6_HDRINCL ||
				      name == IPV6_ROUTER_ALERT));
}

int raw_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	struct raw_sock *r = raw_sock(s);
	int v, err;

	if (!is_own(s, level, name))
		return inet_set_option(s, level, name, value, n);
	if (name == ICMP_FILTER && (s->family == AF_INET || level == IPPROTO_ICMPV6))
		return set_filter(r, value, n);
	if (s->family != AF_INET6 || level == IPPROTO_ICMPV6)
		return -ENOPROTOOPT;
	err = n < sizeof(v) ? -EINVAL : inet_option_in(value, n, &v);
	if (err)
		return err;
	if (name == IPV6_CHECKSUM)
		return set_checksum(r, level, v);
	if (name == IPV6_ROUTER_ALERT && level == SOL_IPV6)
		return raw_set_alert(r, v);
	if (name != IPV6_HDRINCL)
		return -ENOPROTOOPT;
	WRITE_ONCE(r->inet.header_included, v != 0);
	return 0;
}

int raw_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct raw_sock *r = raw_sock(s);

	if (!is_own(s, level, name))
		return inet_get_option(s, level, name, value, n);
	if (name == ICMP_FILTER && (s->family == AF_INET || level == IPPROTO_ICMPV6))
		return get_filter(r, value, n);
	if (s->family != AF_INET6 || level == IPPROTO_ICMPV6)
		return -ENOPROTOOPT;
	if (name == IPV6_CHECKSUM)
		return inet_option_out(READ_ONCE(r->checksum_at), value, n);
	if (name == IPV6_HDRINCL)
		return inet_option_out(r->inet.header_included, value, n);
	return -ENOPROTOOPT;
}
