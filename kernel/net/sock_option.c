/*
 * Setting options of SOL_SOCKET (socket(7)). Those that only some protocols know go to the
 * protocol, as do all other levels. Not there, and answered with ENOPROTOOPT: SO_BUSY_POLL and its
 * like (devices are polled in soft work only), SO_ZEROCOPY, SO_TXTIME, SO_MAX_PACING_RATE, eBPF.
 */
#include "net/sock_int.h"

#include "abi/capability.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/filter.h"

#define RCVBUF_MIN 2304u /* what one small packet counts for, as user space sees it on Linux */
#define SNDBUF_MIN 4608u

void sock_set_flag(struct sock *s, u32 flag, bool on)
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
	if (name == SO_REUSEPORT && value && s->family != AF_INET && s->family != AF_INET6)
		return -EOPNOTSUPP;
	if (name == SO_RCVMARK && !is_raw_or_admin())
		return -EPERM;
	if (name == SO_LOCK_FILTER && !value && s->flags & SOCK_FILTER_LOCKED)
		return -EPERM;
	sock_set_flag(s, flag, value);
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
	sock_set_flag(s, send ? SOCK_SNDBUF_SET : SOCK_RCVBUF_SET, true);
	if (send)
		sock_wake(s, POLLOUT | POLLWRNORM);
	return 0;
}

/* Whether the sizes of the buffers follow what the connection needs. */
static int set_buffer_lock(struct sock *s, int value)
{
	u32 flags = (value & SOCK_SNDBUF_LOCK ? SOCK_SNDBUF_SET : 0) |
		    (value & SOCK_RCVBUF_LOCK ? SOCK_RCVBUF_SET : 0);

	if (value & ~(SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK))
		return -EINVAL;
	spin_lock(&s->lock);
	WRITE_ONCE(s->flags, (s->flags & ~(u32)(SOCK_SNDBUF_SET | SOCK_RCVBUF_SET)) | flags);
	spin_unlock(&s->lock);
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
	sock_set_flag(s, SOCK_LINGER, l.l_onoff);
	return 0;
}

static int protocol_set(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	if (s->ops->set_option)
		return s->ops->set_option(s, level, name, value, n);
	return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

static int set_peek_offset(struct sock *s, int value)
{
	if (!s->ops->peeks_on)
		return -EOPNOTSUPP;
	mutex_lock(&s->recv_lock);
	spin_lock(&s->lock);
	WRITE_ONCE(s->peek_offset, value);
	spin_unlock(&s->lock);
	mutex_unlock(&s->recv_lock);
	return 0;
}

static int set_number(struct sock *s, int name, int value, const void __user *user, u32 n)
{
	u32 flag = sock_option_flag(name);

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
		return sock_set_stamp(s, name, value);
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		return sock_set_stamping(s, name, user, n);
	case SO_INCOMING_CPU:
		WRITE_ONCE(s->incoming_cpu, value);
		return 0;
	case SO_PEEK_OFF:
		return set_peek_offset(s, value);
	case SO_BUF_LOCK:
		return set_buffer_lock(s, value);
	case SO_RESERVE_MEM: /* memory is not accounted to groups */
		return -EOPNOTSUPP;
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
