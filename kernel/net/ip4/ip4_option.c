/*
 * Options of SOL_IP (ip(7)).
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"

/* Those that turn one kind of control data on. */
static u32 want_of(int name)
{
	switch (name) {
	case IP_PKTINFO:
		return INET_WANT_PKTINFO;
	case IP_RECVTTL:
		return INET_WANT_TTL;
	case IP_RECVTOS:
		return INET_WANT_TOS;
	case IP_RECVOPTS:
		return INET_WANT_OPTIONS;
	case IP_RETOPTS:
		return INET_WANT_RETOPTS;
	case IP_RECVORIGDSTADDR:
		return INET_WANT_ORIGINAL;
	case IP_RECVFRAGSIZE:
		return INET_WANT_FRAGSIZE;
	default:
		return 0;
	}
}

/* Those that are a flag of the socket. */
static bool *flag_of(struct inet_sock *i, int name)
{
	switch (name) {
	case IP_FREEBIND:
		return &i->free_bind;
	case IP_MULTICAST_LOOP:
		return &i->multicast_loop;
	case IP_MULTICAST_ALL:
		return &i->multicast_all;
	case IP_TRANSPARENT:
		return &i->any_source;
	case IP_RECVERR:
		return &i->receive_errors;
	case IP_BIND_ADDRESS_NO_PORT:
		return &i->no_port;
	case IP_NODEFRAG:
		return i->is_raw ? &i->no_defragment : NULL;
	case IP_HDRINCL:
		return i->is_raw ? &i->header_included : NULL;
	default:
		return NULL;
	}
}

static int set_flag(struct inet_sock *i, int name, bool *flag, const void __user *value, u32 n)
{
	int err;

	if (name == IP_TRANSPARENT && !sock_capable(CAP_NET_ADMIN) && !sock_capable(CAP_NET_RAW))
		return -EPERM;
	err = inet_option_bool(value, n, flag);
	if (!err && name == IP_RECVERR && !i->receive_errors)
		inet_errors_drop(i);
	return err;
}

static int set_options(struct inet_sock *i, const void __user *value, u32 n)
{
	u8 options[IP4_OPTIONS_MAX] = { 0 }, padded = 0;

	if (n > sizeof(options))
		return -EINVAL;
	if (copy_in(options, value, n))
		return -EFAULT;
	if (ip4_options_user(options, n, &padded))
		return -EINVAL;
	spin_lock(&i->sock.lock);
	memcpy(i->options, options, sizeof(options));
	i->options_length = padded;
	spin_unlock(&i->sock.lock);
	return 0;
}

/* IP_MULTICAST_IF takes an address, or struct ip_mreq or ip_mreqn. */
static int set_multicast_if(struct inet_sock *i, const void __user *value, u32 n)
{
	struct ip_mreqn r = { 0 };
	struct netif *nif;

	if (n < sizeof(r.imr_address))
		return -EINVAL;
	if (n < sizeof(struct ip_mreq) ? copy_in(&r.imr_address, value, sizeof(r.imr_address)) :
	    copy_in(&r, value, n < sizeof(r) ? sizeof(struct ip_mreq) : sizeof(r)))
		return -EFAULT;
	if (!r.imr_ifindex && !r.imr_address.s_addr) {
		WRITE_ONCE(i->multicast_nif, 0);
		WRITE_ONCE(i->multicast_from, 0);
		return 0;
	}
	nif = r.imr_ifindex ? netif_by_index((u32)r.imr_ifindex) :
			      ip4_addr_netif(r.imr_address.s_addr);
	if (!nif)
		return -EADDRNOTAVAIL;
	if (i->sock.bound_if && i->sock.bound_if != nif->index) {
		netif_put(nif);
		return -EINVAL;
	}
	WRITE_ONCE(i->multicast_nif, nif->index);
	WRITE_ONCE(i->multicast_from, r.imr_address.s_addr);
	netif_put(nif);
	return 0;
}

/* The number comes, and is told, in network order. */
static int set_unicast_if(struct inet_sock *i, const void __user *value, u32 n)
{
	struct netif *nif;
	be32 index;
	int err = 0;

	if (n != sizeof(index))
		return -EINVAL;
	if (copy_in(&index, value, sizeof(index)))
		return -EFAULT;
	if (index) {
		nif = netif_by_index(ntoh32(index));
		if (!nif)
			return -EADDRNOTAVAIL;
		if (i->sock.bound_if && i->sock.bound_if != nif->index)
			err = -EINVAL;
		netif_put(nif);
	}
	if (!err)
		WRITE_ONCE(i->unicast_nif, ntoh32(index));
	return err;
}

static int set_number(struct inet_sock *i, int name, int v)
{
	switch (name) {
	case IP_TOS:
		WRITE_ONCE(i->tos, (u8)v);
		return 0;
	case IP_TTL:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		WRITE_ONCE(i->ttl, (s16)v);
		return 0;
	case IP_LOCAL_PORT_RANGE:
		if (v & 0xffff && (u32)v >> 16 && (v & 0xffff) > (s32)((u32)v >> 16))
			return -EINVAL;
		WRITE_ONCE(i->port_range, (u32)v);
		return 0;
	case IP_MINTTL:
		if (v < 0 || v > 255)
			return -EINVAL;
		WRITE_ONCE(i->min_ttl, (u8)v);
		return 0;
	case IP_MULTICAST_TTL:
		if (v < -1 || v > 255 || i->sock.type == SOCK_STREAM)
			return -EINVAL;
		WRITE_ONCE(i->multicast_ttl, (s16)v);
		return 0;
	case IP_MTU_DISCOVER:
		if (v < IP_PMTUDISC_DONT || v > IP_PMTUDISC_OMIT)
			return -EINVAL;
		WRITE_ONCE(i->mtu_discover, (u8)v);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_want(struct inet_sock *i, u32 want, const void __user *value, u32 n)
{
	bool on;
	int err = inet_option_bool(value, n, &on);

	if (err)
		return err;
	spin_lock(&i->sock.lock);
	WRITE_ONCE(i->control_wanted, on ? i->control_wanted | want : i->control_wanted & ~want);
	spin_unlock(&i->sock.lock);
	return 0;
}

int ip4_set_option(struct inet_sock *i, int name, const void __user *value, u32 n)
{
	u32 want = want_of(name);
	bool *flag = flag_of(i, name);
	int v, err;

	if (name == IP_RECVFRAGSIZE && i->sock.type == SOCK_STREAM)
		return -EINVAL;
	if (want)
		return set_want(i, want, value, n);
	if (flag)
		return set_flag(i, name, flag, value, n);
	switch (name) {
	case IP_OPTIONS:
		return set_options(i, value, n);
	case IP_MULTICAST_IF:
		return set_multicast_if(i, value, n);
	case IP_UNICAST_IF:
		return set_unicast_if(i, value, n);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_MSFILTER:
	case IP_MSFILTER:
		return ip4_member_option(i, name, value, n);
	default:
		break;
	}
	err = inet_option_in(value, n, &v);
	return err ?: set_number(i, name, v);
}

static int get_mtu(struct inet_sock *i, void __user *value, u32 *n)
{
	u32 mtu;
	int err = inet_path_mtu(i, &mtu);

	return err ?: inet_option_out((int)mtu, value, n);
}

static int get_bytes(const void *bytes, u32 size, void __user *value, u32 *n)
{
	*n = min(*n, size);
	return copy_out(value, bytes, *n);
}

static int get_options(struct inet_sock *i, void __user *value, u32 *n)
{
	u8 options[IP4_OPTIONS_MAX];
	u8 length;

	spin_lock(&i->sock.lock);
	memcpy(options, i->options, sizeof(options));
	length = i->options_length;
	spin_unlock(&i->sock.lock);
	return get_bytes(options, length, value, n);
}

int ip4_get_option(struct inet_sock *i, int name, void __user *value, u32 *n)
{
	u32 want = want_of(name);
	bool *flag = flag_of(i, name);
	be32 from;

	if (want)
		return inet_option_out((READ_ONCE(i->control_wanted) & want) != 0, value, n);
	if (flag)
		return inet_option_out(*flag, value, n);
	switch (name) {
	case IP_TOS:
		return inet_option_out(i->tos, value, n);
	case IP_TTL:
		return inet_option_out(i->ttl < 0 ? READ_ONCE(ip4_settings.default_ttl) : i->ttl,
				       value, n);
	case IP_LOCAL_PORT_RANGE:
		return inet_option_out((int)i->port_range, value, n);
	case IP_MINTTL:
		return inet_option_out(i->min_ttl, value, n);
	case IP_MULTICAST_TTL:
		return inet_option_out(i->multicast_ttl < 0 ? 1 : i->multicast_ttl, value, n);
	case IP_MTU_DISCOVER:
		return inet_option_out(i->mtu_discover, value, n);
	case IP_MTU:
		return get_mtu(i, value, n);
	case IP_OPTIONS:
		return get_options(i, value, n);
	case IP_UNICAST_IF:
		return inet_option_out((int)hton32(READ_ONCE(i->unicast_nif)), value, n);
	case IP_MSFILTER:
		return ip4_msfilter_get(i, value, n);
	case IP_MULTICAST_IF:
		from = READ_ONCE(i->multicast_from);
		return get_bytes(&from, sizeof(from), value, n);
	case MCAST_MSFILTER:
		return ip4_member_get(i, value, n);
	default:
		return -ENOPROTOOPT;
	}
}
