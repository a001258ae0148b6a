/*
 * Options of SOL_TCP (tcp(7)); those of IP are net/inet's.
 */
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

static int set_congestion(struct sock *s, const void __user *value, u32 n)
{
	struct tcp_sock *t = tcp_sock(s);
	char name[TCP_CC_NAME] = { 0 };
	const struct tcp_cc *cc;

	if (n < 1)
		return -EINVAL;
	if (copy_in(name, value, min(n, (u32)sizeof(name) - 1)))
		return -EFAULT;
	cc = tcp_cc_find(name);
	if (!cc)
		return -ENOENT;
	if (READ_ONCE(t->cc) != cc && !tcp_cc_allowed(cc) && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	spin_lock(&s->lock);
	if (t->cc != cc) {
		t->cc = cc;
		t->cc_state = (struct tcp_cc_state){ 0 };
		if (cc->init)
			cc->init(t);
	}
	spin_unlock(&s->lock);
	return 0;
}

static void set_cork(struct tcp_sock *t, bool on)
{
	t->cork = on;
	if (on)
		return;
	/* What was held back goes, small or not. */
	if (t->nodelay)
		t->snd_small = t->snd_una;
	tcp_push(t, false);
}

static void set_nodelay(struct tcp_sock *t, bool on)
{
	t->nodelay = on;
	if (on && !t->cork)
		tcp_push(t, false);
}

static void set_quickack(struct tcp_sock *t, int v)
{
	if (!v) {
		t->pingpong = true;
		return;
	}
	t->pingpong = false;
	tcp_quick_ack(t, TCP_QUICK_MAX);
	if (t->ack_due && TCP_IN(t, S_(ESTABLISHED) | S_(CLOSE_WAIT)))
		tcp_send_ack(t);
	if (!(v & 1))
		t->pingpong = true;
}

/* Timeouts that the deferring of accept lasts: 1, 2, 4 … s (tcp(7), TCP_DEFER_ACCEPT). */
static u8 seconds_to_retries(int seconds)
{
	u8 n = 0;

	for (u64 sum = 0, step = 1; seconds > 0 && sum < (u64)seconds && n < 32; n++) {
		sum += step;
		step = min(step * 2, (u64)120);
	}
	return n;
}

static int retries_to_seconds(u8 n)
{
	u64 sum = 0, step = 1;

	for (; n; n--) {
		sum += step;
		step = min(step * 2, (u64)120);
	}
	return (int)sum;
}

static int set_keep(struct tcp_sock *t, int name, int v)
{
	if (name == TCP_KEEPCNT) {
		if (v < 1 || v > 127)
			return -EINVAL;
		t->keep_count = (u8)v;
		return 0;
	}
	if (v < 1 || v > 32767)
		return -EINVAL;
	if (name == TCP_KEEPINTVL) {
		t->keep_interval = (u32)v;
		return 0;
	}
	t->keep_idle = (u32)v;
	if (tcp_base(t)->flags & SOCK_KEEPALIVE && !TCP_IN(t, S_(CLOSE) | S_(LISTEN)))
		tcp_keep_arm(t, tcp_keep_idle(t));
	return 0;
}

static int set_clamp(struct tcp_sock *t, int v)
{
	if (!v) {
		if (t->state != TCP_CLOSE)
			return -EINVAL;
		t->window_clamp = 0;
		return 0;
	}
	if (v < 0)
		return -EINVAL;
	t->window_clamp = max((u32)v, 4096u / 2);
	return 0;
}

static int set_maxseg(struct tcp_sock *t, int v)
{
	if (v && (v < TCP_MSS_LEAST || v > 32767))
		return -EINVAL;
	t->mss_user = (u16)v;
	return 0;
}

/* With the lock. */
static int set_number(struct tcp_sock *t, int name, int v)
{
	switch (name) {
	case TCP_NODELAY:
		set_nodelay(t, v);
		return 0;
	case TCP_CORK:
		set_cork(t, v);
		return 0;
	case TCP_MAXSEG:
		return set_maxseg(t, v);
	case TCP_KEEPIDLE:
	case TCP_KEEPINTVL:
	case TCP_KEEPCNT:
		return set_keep(t, name, v);
	case TCP_SYNCNT:
		if (v < 1 || v > 127)
			return -EINVAL;
		t->syn_count = (u8)v;
		return 0;
	case TCP_LINGER2:
		t->linger2 = v < 0 ? -1 : (s32)min((u32)v, 120u);
		return 0;
	case TCP_DEFER_ACCEPT:
		t->defer_accept = seconds_to_retries(v);
		return 0;
	case TCP_WINDOW_CLAMP:
		return set_clamp(t, v);
	case TCP_QUICKACK:
		set_quickack(t, v);
		return 0;
	case TCP_USER_TIMEOUT:
		if (v < 0)
			return -EINVAL;
		t->user_timeout = (u32)v;
		return 0;
	case TCP_NOTSENT_LOWAT:
		t->notsent_low = v ? (u32)v : ~0u;
		tcp_wake_writer(t);
		return 0;
	case TCP_INQ:
		if (v < 0 || v > 1)
			return -EINVAL;
		t->inq = v;
		return 0;
	}
	return tcp_set_rare(t, name, v);
}

int tcp_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	int v, err;

	if (level == SOL_SOCKET)
		return -ENOPROTOOPT;
	if (level != SOL_TCP)
		return inet_set_option(s, level, name, value, n);
	if (name == TCP_CONGESTION)
		return set_congestion(s, value, n);
	if (name == TCP_ULP)
		return tcp_set_ulp(value, n);
	if (n < sizeof(v))
		return -EINVAL;
	if (copy_in(&v, value, sizeof(v)))
		return -EFAULT;
	spin_lock(&s->lock);
	err = set_number(tcp_sock(s), name, v);
	spin_unlock(&s->lock);
	return err;
}

static u32 or_default(u32 v, u32 otherwise)
{
	return v ? v : otherwise;
}

static int get_linger2(const struct tcp_sock *t)
{
	return t->linger2 < 0 ? -1 : (int)or_default((u32)t->linger2, READ_ONCE(tcp_fin_timeout));
}

/* With the lock. */
static int get_number(struct tcp_sock *t, int name, int *v)
{
	switch (name) {
	case TCP_NODELAY:
		*v = t->nodelay;
		return 0;
	case TCP_CORK:
		*v = t->cork;
		return 0;
	case TCP_MAXSEG:
		*v = t->mss_user && TCP_IN(t, S_(CLOSE) | S_(LISTEN)) ? t->mss_user : t->mss;
		return 0;
	case TCP_KEEPIDLE:
		*v = (int)or_default(t->keep_idle, READ_ONCE(tcp_keepalive_time));
		return 0;
	case TCP_KEEPINTVL:
		*v = (int)or_default(t->keep_interval, READ_ONCE(tcp_keepalive_intvl));
		return 0;
	case TCP_KEEPCNT:
		*v = (int)or_default(t->keep_count, READ_ONCE(tcp_keepalive_probes));
		return 0;
	case TCP_SYNCNT:
		*v = (int)or_default(t->syn_count, READ_ONCE(tcp_syn_retries));
		return 0;
	case TCP_LINGER2:
		*v = get_linger2(t);
		return 0;
	case TCP_DEFER_ACCEPT:
		*v = retries_to_seconds(t->defer_accept);
		return 0;
	case TCP_WINDOW_CLAMP:
		*v = (int)t->window_clamp;
		return 0;
	case TCP_QUICKACK:
		*v = !t->pingpong;
		return 0;
	case TCP_USER_TIMEOUT:
		*v = (int)t->user_timeout;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*v = t->notsent_low == ~0u ? 0 : (int)t->notsent_low;
		return 0;
	case TCP_INQ:
		*v = t->inq;
		return 0;
	}
	return tcp_get_rare(t, name, v);
}

int tcp_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct tcp_sock *t = tcp_sock(s);
	struct tcp_info info;
	int v, err;

	if (level == SOL_SOCKET)
		return -ENOPROTOOPT;
	if (level != SOL_TCP)
		return inet_get_option(s, level, name, value, n);
	if (name == TCP_INFO) {
		tcp_info_fill(t, &info);
		*n = min(*n, (u32)sizeof(info));
		return copy_out(value, &info, *n) ? -EFAULT : 0;
	}
	if (name == TCP_CONGESTION) {
		*n = min(*n, (u32)TCP_CC_NAME);
		return copy_out(value, READ_ONCE(t->cc)->name, *n) ? -EFAULT : 0;
	}
	if (name == TCP_SAVED_SYN)
		return tcp_get_saved_syn(t, value, n);
	if (name == TCP_CC_INFO || name == TCP_ULP) {
		*n = 0; /* nothing to tell */
		return 0;
	}
	spin_lock(&s->lock);
	err = get_number(t, name, &v);
	spin_unlock(&s->lock);
	if (err)
		return err;
	*n = min(*n, (u32)sizeof(v));
	return copy_out(value, &v, *n) ? -EFAULT : 0;
}

void tcp_option_changed(struct sock *s, int name)
{
	struct tcp_sock *t = tcp_sock(s);

	spin_lock(&s->lock);
	switch (name) {
	case SO_KEEPALIVE:
		tcp_keep_option(t);
		break;
	case SO_SNDBUF:
		tcp_wake_writer(t);
		break;
	case SO_RCVBUF:
		if (!TCP_IN(t, S_(CLOSE) | S_(LISTEN)))
			t->window_clamp = max(t->window_clamp,
					      tcp_space_to_window(t, s->receive_limit));
		break;
	}
	spin_unlock(&s->lock);
}
