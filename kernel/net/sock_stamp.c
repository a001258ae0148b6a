/*
 * Time stamps of packets (socket(7)): SO_TIMESTAMP and SO_TIMESTAMPNS, which tell when a packet was
 * received, and SO_TIMESTAMPING, which chooses what is recorded and what is told, of packets that
 * are sent, too. Stamps are the system's own: no device here takes any.
 *
 * As long as nobody wants stamps of reception, no clock is read for a packet; so a socket that
 * wants them is counted (SOCK_STAMPS_COUNTED).
 */
#include "net/sock_int.h"

#include "abi/net_tstamp.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "dev/netif.h"
#include "lib/string.h"

#define KINDS (SOCK_STAMP | SOCK_STAMP_NS | SOCK_STAMP_NEW)

/* Whether a socket wants packets to bear the time of reception. */
static bool wants_stamps(const struct sock *s)
{
	return s->flags & SOCK_STAMP || s->stamping & SOF_TIMESTAMPING_RX_SOFTWARE;
}

/* With the lock. */
static void count_locked(struct sock *s)
{
	bool wants = wants_stamps(s), counted = s->flags & SOCK_STAMPS_COUNTED;

	if (wants == counted)
		return;
	WRITE_ONCE(s->flags, s->flags ^ SOCK_STAMPS_COUNTED);
	netif_want_stamps(wants ? 1 : -1);
}

void sock_stamp_inherit(struct sock *s, const struct sock *listener)
{
	s->stamping = READ_ONCE(listener->stamping);
	s->flags |= READ_ONCE(listener->flags) & (KINDS | SOCK_STAMPING_NEW);
	count_locked(s);
}

void sock_stamp_fini(struct sock *s)
{
	if (s->flags & SOCK_STAMPS_COUNTED)
		netif_want_stamps(-1);
}

int sock_set_stamp(struct sock *s, int name, int value)
{
	bool fine = name == SO_TIMESTAMPNS_OLD || name == SO_TIMESTAMPNS_NEW;
	bool fresh = name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_NEW;
	u32 on = 0;

	if (value)
		on = SOCK_STAMP | (fine ? SOCK_STAMP_NS : 0) | (fresh ? SOCK_STAMP_NEW : 0);
	spin_lock(&s->lock);
	WRITE_ONCE(s->flags, (s->flags & ~(u32)KINDS) | on);
	count_locked(s);
	spin_unlock(&s->lock);
	return 0;
}

int sock_get_stamp(const struct sock *s, int name)
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

int sock_set_stamping(struct sock *s, int name, const void __user *value, u32 n)
{
	struct so_timestamping t = { 0 };
	u32 flags;
	int err = 0;

	if (copy_in(&t, value, n == sizeof(t) ? sizeof(t) : sizeof(t.flags)))
		return -EFAULT;
	flags = (u32)t.flags;
	if (flags & ~(u32)SOF_TIMESTAMPING_MASK)
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_STATS && !(flags & SOF_TIMESTAMPING_OPT_TSONLY))
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_BIND_PHC) /* no interface has such a clock */
		return READ_ONCE(s->bound_if) ? -EINVAL : -EOPNOTSUPP;
	spin_lock(&s->lock);
	if (flags & ~s->stamping & SOF_TIMESTAMPING_OPT_ID)
		err = s->ops->stamp_begin ? s->ops->stamp_begin(s) : 0;
	if (!err) {
		WRITE_ONCE(s->stamping, flags);
		WRITE_ONCE(s->flags, name == SO_TIMESTAMPING_NEW ?
			   s->flags | SOCK_STAMPING_NEW : s->flags & ~(u32)SOCK_STAMPING_NEW);
		count_locked(s);
	}
	spin_unlock(&s->lock);
	return err;
}

int sock_get_stamping(const struct sock *s, int name, void __user *value, u32 *n)
{
	bool fresh = READ_ONCE(s->flags) & SOCK_STAMPING_NEW;
	struct so_timestamping t = { 0 };

	if (fresh == (name == SO_TIMESTAMPING_NEW))
		t.flags = (s32)READ_ONCE(s->stamping);
	*n = min(*n, (u32)sizeof(t));
	return copy_out(value, &t, *n);
}

static int put_stamp(struct msg *m, u32 flags, u64 stamp_ns)
{
	bool fresh = flags & SOCK_STAMP_NEW;
	struct timespec ts = ns_to_timespec(stamp_ns);
	struct timeval tv = { .tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000 };

	if (flags & SOCK_STAMP_NS)
		return msg_put_control(m, SOL_SOCKET,
				       fresh ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMPNS_OLD, &ts,
				       sizeof(ts));
	return msg_put_control(m, SOL_SOCKET, fresh ? SO_TIMESTAMP_NEW : SO_TIMESTAMP_OLD, &tv,
			       sizeof(tv));
}

int sock_put_stamping(struct sock *s, struct msg *m, u64 stamp_ns)
{
	bool fresh = READ_ONCE(s->flags) & SOCK_STAMPING_NEW;
	struct scm_timestamping t = { 0 };

	t.ts[0] = ns_to_timespec(stamp_ns);
	return msg_put_control(m, SOL_SOCKET, fresh ? SO_TIMESTAMPING_NEW : SO_TIMESTAMPING_OLD,
			       &t, sizeof(t));
}

int sock_recv_stamp(struct sock *s, struct msg *m, u64 stamp_ns)
{
	u32 flags = READ_ONCE(s->flags);
	int err = 0;

	if (unlikely(stamp_ns && READ_ONCE(s->stamping) & SOF_TIMESTAMPING_SOFTWARE))
		err = sock_put_stamping(s, m, stamp_ns);
	if (!stamp_ns)
		stamp_ns = clock_realtime();
	WRITE_ONCE(s->stamp_ns, stamp_ns);
	if (unlikely(flags & SOCK_STAMP && !err))
		err = put_stamp(m, flags, stamp_ns);
	return err;
}

u8 sock_stamps_of(struct sock *s, u32 wanted, u32 *key)
{
	u8 stamps = 0;

	if (wanted & SOF_TIMESTAMPING_TX_SOFTWARE)
		stamps |= PACKET_STAMP_SENT;
	if (wanted & SOF_TIMESTAMPING_TX_SCHED)
		stamps |= PACKET_STAMP_QUEUED;
	*key = 0;
	if (READ_ONCE(s->stamping) & SOF_TIMESTAMPING_OPT_ID)
		*key = __atomic_fetch_add(&s->stamp_key, 1, __ATOMIC_RELAXED);
	return stamps;
}

int sock_stamp_control(const struct abi_cmsghdr *c, u32 *wanted)
{
	u32 flags;

	if (cmsg_size(c) != sizeof(flags))
		return -EINVAL;
	memcpy(&flags, cmsg_data(c), sizeof(flags));
	if (flags & ~(u32)SOF_TIMESTAMPING_TX_RECORD_MASK)
		return -EINVAL;
	*wanted = flags;
	return 0;
}

int sock_send_control(struct sock *s, struct msg *m, u32 *wanted)
{
	const struct abi_cmsghdr *c = NULL;
	int err = 0;

	while (!err && (c = msg_control_next(m, c))) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type == SCM_RIGHTS ||
		    c->cmsg_type == SCM_CREDENTIALS)
			continue;
		err = c->cmsg_type == SO_TIMESTAMPING_OLD || c->cmsg_type == SO_TIMESTAMPING_NEW ?
		      sock_stamp_control(c, wanted) : -EINVAL;
	}
	return err;
}
