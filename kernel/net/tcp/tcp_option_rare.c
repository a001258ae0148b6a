/*
 * Options of SOL_TCP that few ask for: saved SYNs, thin streams, and those that are refused for a
 * reason (repair mode, protocols above TCP).
 */
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/tcp/tcp_int.h"

int tcp_set_rare(struct tcp_sock *t, int name, int v)
{
	switch (name) {
	case TCP_SAVE_SYN:
		if (v < 0 || v > 1)
			return -EINVAL;
		t->save_syn = v;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		if (v < 0 || v > 1)
			return -EINVAL;
		t->thin_linear = v;
		return 0;
	case TCP_THIN_DUPACK:
		/* What it asks for is what RACK does. */
		return v < 0 || v > 1 ? -EINVAL : 0;
	case TCP_REPAIR:
	case TCP_REPAIR_QUEUE:
	case TCP_REPAIR_WINDOW:
	case TCP_TIMESTAMP:
		/* Connections cannot be made without their peer: there is no repair mode. */
		return -EPERM;
	case TCP_QUEUE_SEQ:
		return t->state == TCP_CLOSE ? -EINVAL : -EPERM;
	case TCP_REPAIR_OPTIONS:
		return -EINVAL;
	}
	return -ENOPROTOOPT;
}

int tcp_get_rare(const struct tcp_sock *t, int name, int *v)
{
	switch (name) {
	case TCP_SAVE_SYN:
		*v = t->save_syn;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		*v = t->thin_linear;
		return 0;
	case TCP_THIN_DUPACK:
	case TCP_REPAIR:
		*v = 0;
		return 0;
	case TCP_TIMESTAMP:
		*v = (int)tcp_stamp_now(t);
		return 0;
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
		return -EINVAL;
	case TCP_REPAIR_WINDOW:
		return -EPERM;
	}
	return -ENOPROTOOPT;
}

int tcp_set_ulp(const void __user *value, u32 n)
{
	char name[16];

	if (n < 1)
		return -EINVAL;
	if (copy_in(name, value, min(n, (u32)sizeof(name))))
		return -EFAULT;
	return -ENOENT; /* there is none */
}

struct tcp_saved_syn *tcp_save_syn(const struct packet *p, u32 header)
{
	u32 ip = packet_offset(p) - p->network, n = ip + header;
	struct tcp_saved_syn *saved;

	if (packet_offset(p) < p->network || ip > 1024)
		return NULL;
	saved = kmalloc(sizeof(*saved) + n, MM_ATOMIC);
	if (!saved)
		return NULL;
	saved->n = n;
	memcpy(saved->bytes, packet_network(p), ip);
	memcpy(saved->bytes + ip, p->data, header);
	return saved;
}

int tcp_get_saved_syn(struct tcp_sock *t, void __user *value, u32 *n)
{
	struct sock *s = tcp_base(t);
	struct tcp_saved_syn *saved;
	int err = 0;

	spin_lock(&s->lock);
	saved = t->saved_syn;
	if (saved && saved->n > *n) {
		spin_unlock(&s->lock);
		return -EINVAL;
	}
	t->saved_syn = NULL; /* told once */
	spin_unlock(&s->lock);
	*n = saved ? saved->n : 0;
	if (saved && copy_out(value, saved->bytes, saved->n))
		err = -EFAULT;
	kfree(saved);
	return err;
}
