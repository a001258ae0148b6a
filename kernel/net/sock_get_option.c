/*
 * Telling options of SOL_SOCKET (socket(7)); sock_option.c sets them.
 */
#include "net/sock_int.h"

#include "abi/filter.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "core/fail.h"
#include "lib/string.h"
#include "net/filter.h"

/* Options that are one bit. */
u32 sock_option_flag(int name)
{
	switch (name) {
	case SO_DEBUG:     return SOCK_DEBUG;
	case SO_REUSEADDR: return SOCK_REUSEADDR;
	case SO_REUSEPORT: return SOCK_REUSEPORT;
	case SO_KEEPALIVE: return SOCK_KEEPALIVE;
	case SO_BROADCAST: return SOCK_BROADCAST;
	case SO_OOBINLINE: return SOCK_OOBINLINE;
	case SO_DONTROUTE: return SOCK_DONTROUTE;
	case SO_PASSCRED:  return SOCK_PASSCRED;
	case SO_RXQ_OVFL:  return SOCK_RXQ_OVFL;
	case SO_NO_CHECK:  return SOCK_NO_CHECK;
	case SO_LOCK_FILTER: return SOCK_FILTER_LOCKED;
	case SO_NOFCS:     return SOCK_NOFCS;
	case SO_WIFI_STATUS: return SOCK_WIFI_STATUS;
	case SO_SELECT_ERR_QUEUE: return SOCK_ERRORS_PRI;
	case SO_PASSSEC:   return SOCK_PASSSEC;
	case SO_RCVMARK:   return SOCK_RCVMARK;
	default:           return 0;
	}
}

/* Up to n bytes of an answer; *n becomes how many. */
static int answer(void __user *value, u32 *n, const void *data, u32 size)
{
	*n = min(*n, size);
	return copy_out(value, data, *n);
}

static int get_timeout(u64 timeout, void __user *value, u32 *n)
{
	struct timeval tv = { 0, 0 };

	if (timeout != ~0ull)
		tv = (struct timeval){ .tv_sec = (s64)(timeout / NSEC_PER_SEC),
				       .tv_usec = (s64)(timeout % NSEC_PER_SEC / 1000) };
	return answer(value, n, &tv, sizeof(tv));
}

static int get_linger(struct sock *s, void __user *value, u32 *n)
{
	struct linger l = { !!(s->flags & SOCK_LINGER), (s32)READ_ONCE(s->linger_s) };

	return answer(value, n, &l, sizeof(l));
}

static int get_peer_name(struct sock *s, void __user *value, u32 *n)
{
	struct sockaddr_storage a;
	int length = s->ops->name ? s->ops->name(s, true, &a) : -ENOTCONN;

	if (length < 0)
		return -ENOTCONN;
	return (u32)length < *n ? -EINVAL : answer(value, n, &a, *n);
}

/* Those that are a number: whether it is one. */
static bool get_number(struct sock *s, int name, int *out)
{
	u32 flag = sock_option_flag(name), flags = READ_ONCE(s->flags);

	if (flag) {
		*out = !!(flags & flag);
		return true;
	}
	switch (name) {
	case SO_SNDBUF:     *out = (int)READ_ONCE(s->send_limit); break;
	case SO_RCVBUF:     *out = (int)READ_ONCE(s->receive_limit); break;
	case SO_TYPE:       *out = s->type; break;
	case SO_PROTOCOL:   *out = s->protocol; break;
	case SO_DOMAIN:     *out = s->family; break;
	case SO_ERROR:
		*out = -sock_error_take(s);
		fail_told(-*out);
		break;
	case SO_PRIORITY:   *out = (int)READ_ONCE(s->priority); break;
	case SO_MARK:       *out = (int)READ_ONCE(s->mark); break;
	case SO_RCVLOWAT:   *out = (int)READ_ONCE(s->receive_low); break;
	case SO_SNDLOWAT:   *out = 1; break;
	case SO_BSDCOMPAT:  *out = 0; break;
	case SO_ACCEPTCONN: *out = !!(flags & SOCK_LISTENING); break;
	case SO_INCOMING_CPU: *out = READ_ONCE(s->incoming_cpu); break;
	case SO_BPF_EXTENSIONS: *out = SKF_AD_MAX; break;
	case SO_RESERVE_MEM: *out = 0; break;
	case SO_BUF_LOCK:
		*out = (flags & SOCK_SNDBUF_SET ? SOCK_SNDBUF_LOCK : 0) |
		       (flags & SOCK_RCVBUF_SET ? SOCK_RCVBUF_LOCK : 0);
		break;
	case SO_BINDTOIFINDEX: *out = (int)READ_ONCE(s->bound_if); break;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		*out = sock_get_stamp(s, name);
		break;
	default:
		return false;
	}
	return true;
}

void sock_memory(struct sock *s, u32 info[SK_MEMINFO_VARS])
{
	memset(info, 0, SK_MEMINFO_VARS * sizeof(*info));
	info[SK_MEMINFO_RMEM_ALLOC] = READ_ONCE(s->receive_used);
	info[SK_MEMINFO_RCVBUF] = READ_ONCE(s->receive_limit);
	info[SK_MEMINFO_WMEM_ALLOC] = READ_ONCE(s->send_used);
	info[SK_MEMINFO_SNDBUF] = READ_ONCE(s->send_limit);
	info[SK_MEMINFO_OPTMEM] = filter_bytes(s);
	info[SK_MEMINFO_DROPS] = READ_ONCE(s->drops);
}

static int get_memory(struct sock *s, void __user *value, u32 *n)
{
	u32 info[SK_MEMINFO_VARS];

	sock_memory(s, info);
	return answer(value, n, info, sizeof(info));
}

static int get_number64(u64 number, void __user *value, u32 *n)
{
	return *n < sizeof(number) ? -EINVAL : answer(value, n, &number, sizeof(number));
}

static int protocol_get(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	if (!s->ops->get_option)
		return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
	return s->ops->get_option(s, level, name, value, n);
}

int sock_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	static const struct ucred nobody = { 0, ~0u, ~0u };
	int number, err;

	if (level != SOL_SOCKET)
		return protocol_get(s, level, name, value, n);
	if (get_number(s, name, &number))
		return answer(value, n, &number, sizeof(number));
	switch (name) {
	case SO_GET_FILTER:
		return filter_get(s, value, n);
	case SO_LINGER:
		return get_linger(s, value, n);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_timeout(READ_ONCE(s->receive_timeout), value, n);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_timeout(READ_ONCE(s->send_timeout), value, n);
	case SO_PEEK_OFF:
		number = READ_ONCE(s->peek_offset);
		return s->ops->peeks_on ? answer(value, n, &number, sizeof(number)) : -EOPNOTSUPP;
	case SO_PEERNAME:
		return get_peer_name(s, value, n);
	case SO_BINDTODEVICE:
		return sock_bound_device(s, value, n);
	case SO_COOKIE:
		return get_number64(s->cookie, value, n);
	case SO_NETNS_COOKIE: /* there is one network */
		return *n == sizeof(u64) ? get_number64(1, value, n) : -EINVAL;
	case SO_MEMINFO:
		return get_memory(s, value, n);
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		return sock_get_stamping(s, name, value, n);
	default:
		err = protocol_get(s, level, name, value, n);
		if (err == -ABI_ENOPROTOOPT && name == SO_PEERCRED) /* nobody is known */
			err = answer(value, n, &nobody, sizeof(nobody));
		if (err == -ABI_ENOPROTOOPT && name == SO_PEERGROUPS)
			err = -ENODATA;
		return err;
	}
}
