/*
 * Filters on sockets: attaching and detaching, what a program sees of a packet, and the questions
 * that it may ask (SKF_AD_*, as libpcap and systemd's resolver use them).
 *
 * A program is replaced under the socket's lock, read under RCU, freed after a grace period.
 */
#include "net/filter.h"

#include "abi/errno.h"
#include "abi/if_ether.h"
#include "arch/percpu.h"
#include "arch/usercopy.h"
#include "core/random.h"
#include "dev/netif.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "net/sock.h"

struct sock_filter_program {
	struct rcu_head rcu;
	struct refcount refs;        /* sockets that have it: a listener's connections share */
	u32 n;
	struct sock_filter insns[];
};

/* A view whose bytes begin `skip` bytes behind the packet's data. */
struct packet_view {
	struct bpf_view view;
	u32 skip;
};

static bool view_load(const struct bpf_view *view, s32 offset, u8 *to, u32 n)
{
	const struct packet *p = view->about;
	s64 at = (s64)offset + container_of(view, struct packet_view, view)->skip;

	if (offset < 0) {
		s64 data = packet_offset(p);

		if (offset >= SKF_NET_OFF)
			at = (s64)offset - SKF_NET_OFF + p->network - data;
		else if (offset >= SKF_LL_OFF && p->link_length)
			at = (s64)offset - SKF_LL_OFF + p->link - data;
		else
			return false;
		if (at < 0 && at + n <= 0 && at + data >= 0) {
			memcpy(to, p->data + at, n); /* before the data: headers that were pulled */
			return true;
		}
	}
	if (at < 0 || at + n > p->length)
		return false;
	packet_read(p, (u32)at, to, n);
	return true;
}

/* Where the payload behind the transport's header begins, as far as it is known. */
static u32 payload_offset(const struct bpf_view *view)
{
	const struct packet *p = view->about;
	u32 base = (u32)p->network - packet_offset(p) -
		   container_of(view, struct packet_view, view)->skip;
	u8 h[40], protocol, tcp;
	u32 at;

	if (!view_load(view, SKF_NET_OFF, h, 20))
		return base;
	if (p->protocol == ETH_P_IP) {
		at = (h[0] & 15) * 4u;
		protocol = h[9];
		if ((h[6] & 0x1f) || h[7])
			return base + at;
	} else if (p->protocol == ETH_P_IPV6) {
		at = 40;
		protocol = h[6];
	} else {
		return base;
	}
	switch (protocol) {
	case 6:
		if (!view_load(view, SKF_NET_OFF + (s32)at + 12, &tcp, 1))
			return base + at;
		return base + at + (tcp >> 4) * 4u;
	case 17: case 136: /* UDP, UDP-Lite */
	case 1: case 58:   /* ICMP */
		return base + at + 8;
	default:
		return base + at;
	}
}

/* The attribute of type x among those from offset a on (netlink(7)): its offset, or 0. */
static u32 attribute(const struct bpf_view *view, u32 a, u32 x, u32 end)
{
	u16 head[2];

	while (a + 4 <= end && a + 4 > a && view_load(view, (s32)a, (u8 *)head, 4) &&
	       head[0] >= 4 && head[0] <= end - a) {
		if ((head[1] & 0x3fff) == x)
			return a;
		a += align_up((u32)head[0], 4u);
	}
	return 0;
}

static u32 nested_attribute(const struct bpf_view *view, u32 a, u32 x)
{
	u16 head[2];

	if (a > view->length || !view_load(view, (s32)a, (u8 *)head, 4) || head[0] < 4 ||
	    head[0] > view->length - a)
		return 0;
	return attribute(view, a + 4, x, a + head[0]);
}

static bool view_ask(const struct bpf_view *view, u32 what, u32 a, u32 x, u32 *answer)
{
	const struct packet *p = view->about;

	switch (what) {
	case SKF_AD_PROTOCOL:         *answer = p->protocol; break;
	case SKF_AD_PKTTYPE:          *answer = p->kind; break;
	case SKF_AD_IFINDEX:          *answer = p->nif ? p->nif->index : 0; return p->nif;
	case SKF_AD_HATYPE:           *answer = p->nif ? p->nif->type : 0; return p->nif;
	case SKF_AD_NLATTR:           *answer = attribute(view, a, x, view->length); break;
	case SKF_AD_NLATTR_NEST:      *answer = nested_attribute(view, a, x); break;
	case SKF_AD_MARK:             *answer = p->mark; break;
	case SKF_AD_QUEUE:            *answer = 0; break;
	case SKF_AD_RXHASH:           *answer = p->hash; break;
	case SKF_AD_CPU:              *answer = cpu_id(); break;
	case SKF_AD_ALU_XOR_X:        *answer = a ^ x; break;
	case SKF_AD_VLAN_TAG:         *answer = p->has_vlan ? p->vlan : 0; break;
	case SKF_AD_VLAN_TAG_PRESENT: *answer = p->has_vlan; break;
	case SKF_AD_VLAN_TPID:        *answer = p->has_vlan ? ETH_P_8021Q : 0; break;
	case SKF_AD_PAY_OFFSET:       *answer = payload_offset(view); break;
	case SKF_AD_RANDOM:           *answer = (u32)random_u64(); break;
	default:                      return false;
	}
	return true;
}

u32 filter_program_run(const struct sock_filter_program *program, struct packet *p, u32 skip)
{
	struct packet_view v = { .skip = skip };

	v.view = (struct bpf_view){ .bytes = p->data + skip,
				       .head = p->head > skip ? p->head - skip : 0,
				       .length = p->length - skip,
				       .load = view_load,
				       .ask = view_ask,
				       .about = p };
	return bpf_run(program->insns, &v.view);
}

u32 filter_keep(struct sock *s, struct packet *p, u32 skip)
{
	struct sock_filter_program *program = rcu_load(s->filter);

	return likely(!program) ? ~0u : filter_program_run(program, p, skip);
}

bool sock_filter_pass(struct sock *s, struct packet *p)
{
	u32 keep = filter_keep(s, p, 0);

	if (unlikely(keep < p->length && keep))
		packet_trim(p, keep);
	return keep;
}

static void program_free(struct rcu_head *head)
{
	kfree(container_of(head, struct sock_filter_program, rcu));
}

void filter_program_put(struct sock_filter_program *program)
{
	if (program && ref_put(&program->refs))
		rcu_call(&program->rcu, program_free);
}

/* Puts it in the place of the old one: 0 or -EPERM (locked), -ENOENT (none there to take away). */
static int exchange(struct sock *s, struct sock_filter_program *program)
{
	struct sock_filter_program *old = NULL;
	int err = 0;

	spin_lock(&s->lock);
	if (s->flags & SOCK_FILTER_LOCKED) {
		err = -EPERM;
	} else {
		old = s->filter;
		if (!old && !program)
			err = -ENOENT;
		rcu_store(s->filter, program);
	}
	spin_unlock(&s->lock);
	if (old)
		filter_program_put(old);
	return err;
}

static int program_read(const struct sock_fprog *f, struct sock_filter_program **out)
{
	size_t bytes = f->len * sizeof(struct sock_filter);
	struct sock_filter_program *program;
	u16 *ways;
	int err;

	if (!f->len || f->len > BPF_MAXINSNS)
		return -EINVAL;
	program = kmalloc(sizeof(*program) + bytes, MM_KERNEL);
	ways = kmalloc(f->len * sizeof(*ways), MM_KERNEL);
	err = program && ways ? 0 : -ENOMEM;
	if (!err)
		err = copy_in(program->insns, (const void __user *)f->filter, bytes);
	if (!err)
		err = bpf_check(program->insns, f->len, ways);
	kfree(ways);
	if (err) {
		kfree(program);
		return err;
	}
	program->n = f->len;
	ref_set(&program->refs, 1);
	*out = program;
	return 0;
}

int filter_program_make(const void __user *user, u32 n, struct sock_filter_program **out)
{
	struct sock_fprog f;

	if (n != sizeof(f))
		return -EINVAL;
	if (copy_in_obj(&f, (const struct sock_fprog __user *)user))
		return -EFAULT;
	if (f.len * sizeof(struct sock_filter) > READ_ONCE(sock_optmem_max))
		return -ENOMEM;
	return program_read(&f, out);
}

int filter_attach(struct sock *s, const void __user *user, u32 n)
{
	struct sock_filter_program *program;
	int err;

	if (READ_ONCE(s->flags) & SOCK_FILTER_LOCKED)
		return -EPERM;
	err = filter_program_make(user, n, &program);
	if (err)
		return err;
	err = exchange(s, program);
	if (err)
		filter_program_put(program);
	return err;
}

int filter_detach(struct sock *s)
{
	return exchange(s, NULL);
}

/* *n counts instructions, not bytes: how many there are, if there is room for them. */
int filter_get(struct sock *s, void __user *insns, u32 *n)
{
	struct sock_filter_program *program;
	struct sock_filter *copy = NULL;
	u32 count, room = *n;
	int err = 0;

	rcu_read_lock();
	program = rcu_load(s->filter);
	count = program ? program->n : 0;
	if (count && room >= count)
		copy = kmemdup(program->insns, count * sizeof(*copy), MM_ATOMIC);
	rcu_read_unlock();
	if (room && count) {
		if (room < count)
			return -EINVAL;
		err = copy ? copy_out(insns, copy, count * sizeof(*copy)) : -ENOMEM;
	}
	kfree(copy);
	if (!err)
		*n = count;
	return err;
}

void sock_filter_inherit(struct sock *s, const struct sock *listener)
{
	s->flags |= READ_ONCE(listener->flags) & SOCK_FILTER_LOCKED;
	s->filter = listener->filter;
	if (unlikely(s->filter))
		ref_get(&s->filter->refs);
}

u32 filter_bytes(struct sock *s)
{
	struct sock_filter_program *program;
	u32 n;

	rcu_read_lock();
	program = rcu_load(s->filter);
	n = program ? program->n * (u32)sizeof(struct sock_filter) : 0;
	rcu_read_unlock();
	return n;
}

void filter_free(struct sock *s)
{
	if (s->filter)
		filter_program_put(s->filter);
	s->filter = NULL;
}
