/*
 * Groups of packet sockets that share what comes (packet(7), PACKET_FANOUT): one tap for all, each
 * frame is one member's. Which one says the group's mode: by the flow's hash, in turn, by CPU, by
 * chance, by the queue of the device, or the first with room (rollover, which may also stand behind
 * another mode), or a program that the members give it (classic BPF).
 *
 * Locks: groups and their members change under the interfaces' config lock; the tap reads them
 * under RCU, where a member that has just left may still be given a frame.
 */
#include "abi/errno.h"
#include "abi/if_ether.h"
#include "arch/percpu.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/filter.h"
#include "net/packet/packet_int.h"

enum { MEMBERS_MOST = 256 };

/* c: config lock.  a: torn reads harmless.  I: constant. */
struct packet_fanout {
	struct list link;            /* c */
	struct netif_tap tap;        /* I */
	u16 id;                      /* I */
	u8 mode;                     /* I: PACKET_FANOUT_* */
	u32 flags;                   /* I: PACKET_FANOUT_FLAG_ROLLOVER, _IGNORE_OUTGOING */
	struct sock_filter_program *program; /* c to change, RCU to read: of PACKET_FANOUT_CBPF;
					      * NULL: the first member's */
	u32 turn;                    /* a: of PACKET_FANOUT_LB */
	u32 n;                       /* c to change, read under RCU */
	struct packet_sock *member[MEMBERS_MOST]; /* the same */
	struct rcu_head rcu;
};

static LIST_HEAD(groups); /* c */

/* A number that is the same for both directions of a flow: of its addresses and ports. */
static u32 flow_number(const struct packet *p)
{
	u32 at = (u32)(p->network - packet_offset(p)), head;
	u8 b[40];
	u64 h = 0;

	if (p->protocol == ETH_P_IP && at + 20 <= p->length) {
		packet_read(p, at, b, 20);
		head = (b[0] & 15) * 4u;
		for (u32 k = 12; k < 16; k++)
			h = h << 8 | (u8)(b[k] ^ b[k + 4]);
		h = hash_mix(h, b[9]);
		if ((b[6] & 0x3f) || b[7]) /* a fragment: ports are not in all of them */
			return (u32)h;
	} else if (p->protocol == ETH_P_IPV6 && at + 40 <= p->length) {
		packet_read(p, at, b, 40);
		head = 40;
		for (u32 k = 8; k < 24; k++)
			h = hash_mix(h, b[k] ^ b[k + 16]);
		b[9] = b[6];
	} else {
		return 0;
	}
	if ((b[9] == 6 || b[9] == 17) && at + head + 4 <= p->length) {
		packet_read(p, at + head, b, 4);
		h = hash_mix(h, (u64)(b[0] ^ b[2]) << 8 | (b[1] ^ b[3]));
	}
	return (u32)h;
}

/* Programs see a frame from its network header on, if it was received, as their authors expect. */
static u32 ask_program(struct packet_fanout *f, struct packet *p, u32 n)
{
	const struct sock_filter_program *program = rcu_load(f->program);
	u32 skip = p->kind == PKT_OUTGOING ? 0 : p->link_length;

	return program && skip <= p->length ? filter_program_run(program, p, skip) % n : 0;
}

static u32 choose(struct packet_fanout *f, struct packet *p, u32 n)
{
	switch (f->mode) {
	case PACKET_FANOUT_HASH:
		return (u32)((u64)flow_number(p) * n >> 32);
	case PACKET_FANOUT_LB:
		return (__atomic_add_fetch(&f->turn, 1, __ATOMIC_RELAXED)) % n;
	case PACKET_FANOUT_CPU:
		return cpu_id() % n;
	case PACKET_FANOUT_RND:
		return (u32)random_below(n);
	case PACKET_FANOUT_CBPF:
		return ask_program(f, p, n);
	default: /* rollover begins with the first; devices tell of no queue */
		return 0;
	}
}

static bool has_room(struct packet_sock *ps)
{
	return ps->ring ? packet_ring_free_next(ps) :
			  READ_ONCE(ps->sock.receive_used) < READ_ONCE(ps->sock.receive_limit);
}

/* Whether a frame was sent by a member: such do not come back to the group. */
static bool own(const struct packet_fanout *f, const struct packet *p)
{
	return p->kind == PKT_OUTGOING && p->sock && p->sock->family == AF_PACKET &&
	       READ_ONCE(packet_sock(p->sock)->fanout) == f;
}

static void fanout_tap(struct netif_tap *tap, struct packet *p)
{
	struct packet_fanout *f = container_of(tap, struct packet_fanout, tap);
	u32 n = load_acquire(&f->n), at;
	struct packet_sock *ps;
	bool rolls;

	if (!n || own(f, p) ||
	    (p->kind == PKT_OUTGOING && f->flags & PACKET_FANOUT_FLAG_IGNORE_OUTGOING))
		return;
	at = choose(f, p, n);
	ps = READ_ONCE(f->member[at]);
	rolls = f->flags & PACKET_FANOUT_FLAG_ROLLOVER || f->mode == PACKET_FANOUT_ROLLOVER;
	for (u32 k = 1; rolls && k < n && !has_room(ps); k++)
		ps = READ_ONCE(f->member[(at + k) % n]);
	packet_tap(&ps->tap, p);
}

static struct packet_fanout *find(u16 id)
{
	struct packet_fanout *f;

	list_for_each_entry(f, &groups, link)
		if (f->id == id)
			return f;
	return NULL;
}

static struct packet_fanout *group_make(const struct packet_sock *ps, u16 id, u8 mode, u32 flags)
{
	struct packet_fanout *f = kzalloc(sizeof(*f), MM_KERNEL);

	if (!f)
		return NULL;
	f->id = id;
	f->mode = mode;
	f->flags = flags & ~(u32)PACKET_FANOUT_FLAG_UNIQUEID;
	f->tap = (struct netif_tap){ .nif = ps->tap.nif, .protocol = ps->protocol,
				     .tap = fanout_tap };
	list_add_tail(&f->link, &groups);
	netif_tap_add(&f->tap);
	return f;
}

/* Config lock. */
static int join(struct packet_sock *ps, u16 id, u8 mode, u32 flags)
{
	struct packet_fanout *f;

	if (ps->fanout)
		return -EALREADY;
	if (!ps->tapped)
		return -EINVAL;
	if (flags & PACKET_FANOUT_FLAG_UNIQUEID) {
		if (id)
			return -EINVAL;
		while (find(id))
			if (!++id)
				return -ENOMEM;
	}
	f = find(id);
	if (f && (f->mode != mode || f->flags != (flags & ~(u32)PACKET_FANOUT_FLAG_UNIQUEID) ||
		  f->tap.nif != ps->tap.nif || f->tap.protocol != ps->protocol))
		return -EINVAL;
	if (f && f->n == MEMBERS_MOST)
		return -ENOSPC;
	if (!f)
		f = group_make(ps, id, mode, flags);
	if (!f)
		return -ENOMEM;
	netif_tap_remove(&ps->tap);
	ps->tapped = false;
	WRITE_ONCE(f->member[f->n], ps);
	store_release(&f->n, f->n + 1);
	WRITE_ONCE(ps->fanout, f);
	return 0;
}

int packet_fanout_join(struct packet_sock *ps, u32 value)
{
	u32 flags = value >> 16 & 0xff00;
	u8 mode = (u8)(value >> 16);
	int err;

	if (mode > PACKET_FANOUT_CBPF)
		return -EINVAL;
	if (flags & ~(u32)(PACKET_FANOUT_FLAG_ROLLOVER | PACKET_FANOUT_FLAG_UNIQUEID |
			   PACKET_FANOUT_FLAG_IGNORE_OUTGOING) ||
	    (mode == PACKET_FANOUT_ROLLOVER && flags & PACKET_FANOUT_FLAG_ROLLOVER))
		return -EINVAL;
	netif_config_lock();
	err = join(ps, (u16)value, mode, flags);
	netif_config_unlock();
	return err;
}

int packet_fanout_number(const struct packet_sock *ps)
{
	const struct packet_fanout *f;
	u32 v = 0;

	netif_config_lock();
	f = ps->fanout;
	if (f)
		v = f->id | (u32)f->mode << 16 | f->flags << 16;
	netif_config_unlock();
	return (int)v;
}

int packet_fanout_data(struct packet_sock *ps, const void __user *value, u32 n)
{
	struct sock_filter_program *program, *old = NULL;
	int err = 0;

	if (!READ_ONCE(ps->fanout))
		return -EINVAL;
	if (READ_ONCE(ps->sock.flags) & SOCK_FILTER_LOCKED)
		return -EPERM;
	err = filter_program_make(value, n, &program);
	if (err)
		return err;
	netif_config_lock();
	if (ps->fanout && ps->fanout->mode == PACKET_FANOUT_CBPF) {
		old = ps->fanout->program;
		rcu_store(ps->fanout->program, program);
	} else {
		old = program;
		err = -EINVAL;
	}
	netif_config_unlock();
	filter_program_put(old);
	return err;
}

static void fanout_free(struct rcu_head *head)
{
	struct packet_fanout *f = container_of(head, struct packet_fanout, rcu);

	filter_program_put(f->program);
	kfree(f);
}

void packet_fanout_leave(struct packet_sock *ps)
{
	struct packet_fanout *f = ps->fanout;
	u32 at = 0;

	if (!f)
		return;
	while (f->member[at] != ps)
		at++;
	/* Who reads the old number finds a member at each place, the last one twice perhaps. */
	WRITE_ONCE(f->member[at], f->member[f->n - 1]);
	store_release(&f->n, f->n - 1);
	WRITE_ONCE(ps->fanout, NULL);
	if (f->n)
		return;
	netif_tap_remove(&f->tap);
	list_del(&f->link);
	rcu_call(&f->rcu, fanout_free);
}
