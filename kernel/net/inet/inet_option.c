/*
 * Options of SOL_IP and SOL_IPV6: each version knows its own; a socket of AF_INET6 has both.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "net/inet/inet_int.h"
#include "net/ip6/ip6_int.h"

int inet_option_in(const void __user *value, u32 n, int *out)
{
	u8 byte;

	if (n >= sizeof(int))
		return copy_in(out, value, sizeof(int));
	if (!n)
		return -EINVAL;
	if (copy_in(&byte, value, 1))
		return -EFAULT;
	*out = byte;
	return 0;
}

int inet_option_out(int v, void __user *value, u32 *n)
{
	u8 byte = (u8)v;

	/* As of old, one byte for who gives room for one, if it fits (ip(7)). */
	if (*n && *n < sizeof(int) && v >= 0 && v <= 255) {
		*n = 1;
		return copy_out(value, &byte, 1);
	}
	*n = min(*n, (u32)sizeof(int));
	return copy_out(value, &v, *n);
}

int inet_option_bool(const void __user *value, u32 n, bool *out)
{
	int v, err = inet_option_in(value, n, &v);

	if (!err)
		WRITE_ONCE(*out, v != 0);
	return err;
}

static const struct ip_version *version_for(struct sock *s, int level)
{
	if (level == SOL_IP) /* raw sockets of IPv6 never speak IPv4 */
		return s->family == AF_INET6 && inet_sock(s)->is_raw ? NULL : ip_versions[0];
	return level == SOL_IPV6 && s->family == AF_INET6 ? ip_versions[1] : NULL;
}

/* What of IPV6 a socket of AF_INET6 has even where only IPv4 is spoken. */
static int set_only_6(struct inet_sock *i, const void __user *value, u32 n)
{
	int v, err = inet_option_in(value, n, &v);

	if (err)
		return err;
	if (i->local_port || n < sizeof(int))
		return -EINVAL;
	i->only_6 = v != 0;
	return 0;
}

int inet_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	const struct ip_version *version = version_for(s, level);

	if (level == SOL_IPV6 && s->family == AF_INET6 && name == IPV6_V6ONLY)
		return set_only_6(inet_sock(s), value, n);
	return version ? version->set_option(inet_sock(s), name, value, n) : -ENOPROTOOPT;
}

int inet_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	const struct ip_version *version = version_for(s, level);

	if (level == SOL_IPV6 && s->family == AF_INET6 && name == IPV6_V6ONLY)
		return inet_option_out(inet_sock(s)->only_6, value, n);
	if (!version)
		return s->family == AF_INET && level != SOL_SOCKET ? -EOPNOTSUPP : -ENOPROTOOPT;
	return version->get_option(inet_sock(s), name, value, n);
}

int inet_put_control(struct sock *s, struct msg *m, struct packet *p)
{
	struct inet_sock *i = inet_sock(s);
	const struct ip_version *version;
	int err = 0;

	if (likely(!READ_ONCE(i->control_wanted)))
		return 0;
	if (s->family == AF_INET6)
		err = ip6_put_pktinfo(i, m, p);
	version = ip_version_of(&ip_info(p)->to);
	return err ?: version->put_control(i, m, p);
}

bool inet_member_wants(struct inet_sock *i, const struct ipaddr *group, const struct ipaddr *from,
		       u32 nif)
{
	for (struct inet_member *g = rcu_load(i->memberships); g; g = rcu_load(g->next)) {
		const struct inet_sources *f;

		if (!ipaddr_equal(&g->group, group) || (nif && g->nif && g->nif != nif))
			continue;
		f = rcu_load(g->filter);
		if (!f)
			return true;
		for (u32 k = 0; k < f->n; k++)
			if (ipaddr_equal(&f->source[k], from))
				return !f->exclude;
		return f->exclude;
	}
	return ipaddr_is4(group) ? READ_ONCE(i->multicast_all) : READ_ONCE(i->six.multicast_all);
}
