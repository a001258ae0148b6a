/*
 * Options of SOL_SOCKET (socket(7)). Those that only some protocols know go to the protocol, as do
 * all other levels.
 */
#include "net/sock_int.h"

#include "abi/capability.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/filter.h"

#define RCVBUF_MIN 2304u /* what one small packet counts for, as user space sees it on Linux */
#define SNDBUF_MIN 4608u

/* Options that are one bit. */
static u32 option_flag(int name)
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
	default:           return 0;
	}
}

static void flag_set(struct sock *s, u32 flag, bool on)
{
	spin_lock(&s->lock);
	WRITE_ONCE(s->flags, on ? s->flags | flag : s->flags & ~flag);
	spin_unlock(&s->lock);
}

static bool is_admin(void)
{
	return sock_capable(CAP_NET_ADMIN);
}

static bool is_raw_or_admin(void)
{
	return sock_capable(CAP_NET_RAW) || is_admin();
}

static int set_flag(struct sock *s, int name, u32 flag, int value)
{
	if (name == SO_DEBUG && value && !is_admin())
		return -EACCES;
	if (name == SO_LOCK_FILTER && !value && s->flags & SOCK_FILTER_LOCKED)
		return -EPERM;
	flag_set(s, flag, value);
	return 0;
}

/* Twice what is asked for, since descriptions count, too. */
static int set_buffer(struct sock *s, int name, int value)
{
	bool send = name == SO_SNDBUF || name == SO_SNDBUFFORCE;
	u32 size, most;

	if (name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE) {
		if (!is_admin())
			return -EPERM;
		size = (u32)max(value, 0);
	} else {
		size = min((u32)value, READ_ONCE(*(send ? &sock_wmem_max : &sock_rmem_max)));
	}
	most = 0x7fffffffu / 2;
	size = max(min(size, most) * 2, send ? SNDBUF_MIN : RCVBUF_MIN);
	WRITE_ONCE(*(send ? &s->send_limit : &s->receive_limit), size);
	flag_set(s, send ? SOCK_SNDBUF_SET : SOCK_RCVBUF_SET, true);
	if (send)
		sock_wake(s, POLLOUT | POLLWRNORM);
	return 0;
}

static int set_timeout(u64 *timeout, const void __user *value, u32 n)
{
	struct timeval tv;

	if (n < sizeof(tv))
		return -EINVAL;
	if (copy_in_obj(&tv, (const struct timeval __user *)value) < 0)
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= (s64)USEC_PER_SEC)
		return -EDOM;
	if (tv.tv_sec < 0)
		WRITE_ONCE(*timeout, 0);
	else if ((!tv.tv_sec && !tv.tv_usec) || (u64)tv.tv_sec >= ~0ull / NSEC_PER_SEC - 1)
		WRITE_ONCE(*timeout, ~0ull);
	else
		WRITE_ONCE(*timeout, (u64)tv.tv_sec * NSEC_PER_SEC + (u64)tv.tv_usec * 1000);
	return 0;
}

static int set_linger(struct sock *s, const void __user *value, u32 n)
{
	struct linger l;

	if (n < sizeof(l))
		return -EINVAL;
	if (copy_in_obj(&l, (const struct linger __user *)value) < 0)
		return -EFAULT;
	if (l.l_onoff)
		WRITE_ONCE(s->linger_s, (u32)l.l_linger);
	flag_set(s, SOCK_LINGER, l.l_onoff);
	return 0;
}

static int set_stamp(struct sock *s, int name, int value)
{
	bool fine = name == SO_TIMESTAMPNS_OLD || name == SO_TIMESTAMPNS_NEW;
	bool fresh = name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_NEW;
	u32 all = SOCK_STAMP | SOCK_STAMP_NS | SOCK_STAMP_NEW, on = 0;

	if (value)
		on = SOCK_STAMP | (fine ? SOCK_STAMP_NS : 0) | (fresh ? SOCK_STAMP_NEW : 0);
	spin_lock(&s->lock);
	WRITE_ONCE(s->flags, (s->flags & ~all) | on);
	spin_unlock(&s->lock);
	return 0;
}

static int protocol_set(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	if (!s->ops->set_option)
		return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
	return s->ops->set_option(s, level, name, value, n);
}

static int set_number(struct sock *s, int name, int value, const void __user *user, u32 n)
{
	u32 flag = option_flag(name);

	if (flag)
		return set_flag(s, name, flag, value);
	switch (name) {
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_buffer(s, name, value);
	case SO_PRIORITY:
		if ((value < 0 || value > 6) && !is_raw_or_admin())
			return -EPERM;
		WRITE_ONCE(s->priority, (u32)value);
		return 0;
	case SO_MARK:
		if (!is_raw_or_admin())
			return -EPERM;
		WRITE_ONCE(s->mark, (u32)value);
		return 0;
	case SO_RCVLOWAT:
		WRITE_ONCE(s->receive_low, value < 0 ? 0x7fffffffu : value ? (u32)value : 1u);
		return 0;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		return set_stamp(s, name, value);
	case SO_BSDCOMPAT: /* has no effect (socket(7)) */
		return 0;
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR:
	case SO_ACCEPTCONN:
		return -ENOPROTOOPT;
	default:
		return protocol_set(s, SOL_SOCKET, name, user, n);
	}
}

int sock_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	int number, err;

	if (level != SOL_SOCKET)
		return protocol_set(s, level, name, value, n);
	if (name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX)
		return sock_bind_device(s, name, value, n);
	if (n < sizeof(number))
		return -EINVAL;
	if (copy_in_obj(&number, (const int __user *)value) < 0)
		return -EFAULT;
	switch (name) {
	case SO_ATTACH_FILTER:
		err = filter_attach(s, value, n);
		break;
	case SO_DETACH_FILTER:
		err = filter_detach(s);
		break;
	case SO_LINGER:
		err = set_linger(s, value, n);
		break;
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		err = set_timeout(&s->receive_timeout, value, n);
		break;
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		err = set_timeout(&s->send_timeout, value, n);
		break;
	default:
		err = set_number(s, name, number, value, n);
		break;
	}
	if (!err && s->ops->option_changed)
		s->ops->option_changed(s, name);
	return err;
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

static int get_stamp(struct sock *s, int name)
{
	u32 flags = READ_ONCE(s->flags);
	bool fine = flags & SOCK_STAMP_NS, fresh = flags & SOCK_STAMP_NEW;

	if (!(flags & SOCK_STAMP))
		return 0;
	switch (name) {
	case SO_TIMESTAMP_OLD:   return !fine && !fresh;
	case SO_TIMESTAMP_NEW:   return !fine && fresh;
	case SO_TIMESTAMPNS_OLD: return fine && !fresh;
	default:                 return fine && fresh;
	}
}

/* Those that are a number: whether it is one. */
static bool get_number(struct sock *s, int name, int *out)
{
	u32 flag = option_flag(name), flags = READ_ONCE(s->flags);

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
	case SO_ERROR:      *out = -sock_take_error(s); break;
	case SO_PRIORITY:   *out = (int)READ_ONCE(s->priority); break;
	case SO_MARK:       *out = (int)READ_ONCE(s->mark); break;
	case SO_RCVLOWAT:   *out = (int)READ_ONCE(s->receive_low); break;
	case SO_SNDLOWAT:   *out = 1; break;
	case SO_BSDCOMPAT:  *out = 0; break;
	case SO_PASSSEC:    *out = 0; break;
	case SO_ACCEPTCONN: *out = !!(flags & SOCK_LISTENING); break;
	case SO_BINDTOIFINDEX: *out = (int)READ_ONCE(s->bound_if); break;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		*out = get_stamp(s, name);
		break;
	default:
		return false;
	}
	return true;
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
	case SO_PEERNAME:
		return get_peer_name(s, value, n);
	case SO_BINDTODEVICE:
		return sock_bound_device(s, value, n);
	case SO_COOKIE:
		return *n < sizeof(s->cookie) ? -EINVAL :
						answer(value, n, &s->cookie, sizeof(s->cookie));
	default:
		err = protocol_get(s, level, name, value, n);
		if (err == -ENOPROTOOPT && name == SO_PEERCRED) /* nobody is known */
			err = answer(value, n, &nobody, sizeof(nobody));
		if (err == -ENOPROTOOPT && name == SO_PEERGROUPS)
			err = -ENODATA;
		return err;
	}
}
