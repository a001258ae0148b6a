/*
 * Leases of flow labels. A label is in a table while somebody has it, and then for as long as its
 * lease says (expires, or linger after its last use), so that packets of the old flow are gone
 * before a new one begins. Leases that are over are removed by whoever wants a new one.
 *
 * Labels bear no options for packets; nor do replies bear the peer's label.
 *
 * Lock: t: lock, a leaf.
 */
#include "net/ip6/ip6_label.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/cred.h"

enum {
	LABELS = 4096, PER_SOCKET = 32, BUCKETS = 256,
	LINGER_LEAST = 6, LINGER_MOST = 150, /* s; more for the privileged */
};
#define LABEL_MASK hton32(0xfffff)

struct ip6_label {
	struct hlist_node link;  /* t */
	be32 label;              /* I, once it is in the table */
	struct ipaddr to;        /* I */
	u8 share;                /* I: IPV6_FL_S_* */
	u32 owner;               /* I: process or user, as `share` says */
	u32 users;               /* t: sockets that have it */
	u32 linger;              /* t: s */
	u64 used_ns, until_ns;   /* t: CLOCK_MONOTONIC */
};
/* What a socket has. t: all. */
struct ip6_label_hold { struct ip6_label_hold *next; struct ip6_label *label; };

static struct spinlock lock = SPINLOCK_INIT(RANK_NET_LEAF, "labels");
static struct hlist_head table[BUCKETS]; /* t */
static u32 labels;                       /* t: in the table */
static u32 exclusive;                    /* a, t to change: of them not for all */

static struct hlist_head *bucket_of(be32 label)
{
	return &table[ntoh32(label) % BUCKETS];
}

static struct ip6_label *find_locked(be32 label)
{
	struct ip6_label *l;

	hlist_for_each_entry(l, bucket_of(label), link)
		if (l->label == label)
			return l;
	return NULL;
}

/* Where a socket has a label; what is there is NULL: nowhere. */
static struct ip6_label_hold **held_locked(struct inet_sock *i, be32 label)
{
	struct ip6_label_hold **at = &i->labels;

	while (*at && (*at)->label->label != label)
		at = &(*at)->next;
	return at;
}

/* Leases -------------------------------------------------------------------------------------- */

/* Seconds as they may be asked for; 0: too many. */
static u32 seconds_allowed(u32 seconds, bool privileged)
{
	if (seconds < LINGER_LEAST)
		return LINGER_LEAST;
	return seconds > LINGER_MOST && !privileged ? 0 : seconds;
}

/* From now on for so long, if it is not longer anyway. */
static int renew_locked(struct ip6_label *l, const struct in6_flowlabel_req *q, bool privileged)
{
	u32 linger = seconds_allowed(q->flr_linger, privileged);
	u32 expires = seconds_allowed(q->flr_expires, privileged);

	if (!linger || !expires)
		return -EPERM;
	l->used_ns = clock_monotonic();
	l->linger = max(l->linger, linger);
	l->until_ns = max(l->until_ns, l->used_ns + max(expires, l->linger) * NSEC_PER_SEC);
	return 0;
}

/* What is over goes. */
static void collect_locked(void)
{
	u64 now = clock_monotonic();

	for (unsigned b = 0; b < BUCKETS; b++) {
		struct hlist_node *next;
		struct ip6_label *l;

		hlist_for_each_entry_safe(l, next, &table[b], link) {
			if (l->users || now < l->until_ns)
				continue;
			hlist_del(&l->link);
			labels--;
			if (l->share != IPV6_FL_S_ANY)
				WRITE_ONCE(exclusive, exclusive - 1);
			kfree(l);
		}
	}
}

static void put_locked(struct ip6_label_hold **at)
{
	struct ip6_label_hold *hold = *at;
	struct ip6_label *l = hold->label;

	*at = hold->next;
	l->used_ns = clock_monotonic();
	l->until_ns = max(l->until_ns, l->used_ns + l->linger * NSEC_PER_SEC);
	l->users--;
	kfree(hold);
}

void ip6_label_put_all(struct inet_sock *i)
{
	spin_lock(&lock);
	while (i->labels)
		put_locked(&i->labels);
	spin_unlock(&lock);
}

bool ip6_label_may_send(struct inet_sock *i, be32 flow)
{
	be32 label = flow & LABEL_MASK;
	bool may;

	if (likely(!label || !READ_ONCE(exclusive)))
		return true;
	spin_lock(&lock);
	may = *held_locked(i, label);
	spin_unlock(&lock);
	return may;
}

/* The option ---------------------------------------------------------------------------------- */

static bool may_share(const struct ip6_label *l, const struct ip6_label *wanted)
{
	return l->share != IPV6_FL_S_EXCL && l->share == wanted->share && l->owner == wanted->owner;
}

static u32 count_locked(const struct inet_sock *i)
{
	u32 n = 0;

	for (const struct ip6_label_hold *h = i->labels; h; h = h->next)
		n++;
	return n;
}

/* Whether a socket may have one more lease: each costs memory, if it is of a label that is there,
 * too. */
static bool may_hold(const struct inet_sock *i)
{
	return count_locked(i) < READ_ONCE(sock_optmem_max) / sizeof(struct ip6_label_hold);
}

/* Whether there is room for one more, of a socket that may have taken its share. */
static bool room_locked(const struct inet_sock *i, bool privileged)
{
	u32 room = labels < LABELS ? LABELS - labels : 0, n;

	if (room > LABELS - PER_SOCKET)
		return true;
	n = count_locked(i);
	return room && (privileged || (n < PER_SOCKET && (!n || room >= LABELS / 2) &&
				       room >= LABELS / 4));
}

static void insert_locked(struct ip6_label *l)
{
	while (!l->label || find_locked(l->label))
		l->label = (be32)random_u64() & LABEL_MASK;
	hlist_add_head(&l->link, bucket_of(l->label));
	labels++;
	if (l->share != IPV6_FL_S_ANY)
		WRITE_ONCE(exclusive, exclusive + 1);
}

/* Leases what is wanted, which is new memory: *used: it is in the table now. */
static int lease_locked(struct inet_sock *i, const struct in6_flowlabel_req *q,
			struct ip6_label *wanted, bool privileged, bool *used)
{
	struct ip6_label *l;

	collect_locked();
	l = q->flr_label ? find_locked(q->flr_label) : NULL;
	if (l && q->flr_flags & IPV6_FL_F_EXCL)
		return -EEXIST;
	if (l && !may_share(l, wanted))
		return -EPERM;
	if (!l && !(q->flr_flags & IPV6_FL_F_CREATE))
		return -ENOENT;
	if (!may_hold(i) || (!l && !room_locked(i, privileged)))
		return -ENOBUFS;
	if (l) {
		l->linger = max(l->linger, wanted->linger);
		l->until_ns = max(l->until_ns, wanted->until_ns);
		l->users++;
		return 0;
	}
	wanted->users = 1;
	insert_locked(wanted);
	*used = true;
	return 0;
}

/* Who shares: the owner, or -EINVAL. */
static int owner_of(u8 share, u32 *owner)
{
	struct sock_caller caller = sock_caller();

	*owner = share == IPV6_FL_S_PROCESS ? (u32)caller.pid :
		 share == IPV6_FL_S_USER ? caller.cred->euid : 0;
	return share == IPV6_FL_S_EXCL || share == IPV6_FL_S_PROCESS ||
	       share == IPV6_FL_S_USER || share == IPV6_FL_S_ANY ? 0 : -EINVAL;
}

/* A label as the request has it, in no table yet. */
static int label_make(const struct in6_flowlabel_req *q, bool privileged, struct ip6_label *l)
{
	int err = renew_locked(l, q, privileged);

	memcpy(&l->to, &q->flr_dst, sizeof(l->to));
	if (!err && (ipaddr_any(&l->to) || ipaddr_is4(&l->to)))
		err = -EINVAL;
	l->label = q->flr_label;
	l->share = q->flr_share;
	return err ?: owner_of(l->share, &l->owner);
}

static int put(struct inet_sock *i, const struct in6_flowlabel_req *q)
{
	struct ip6_label_hold **at;
	int err = -ESRCH;

	spin_lock(&lock);
	at = held_locked(i, q->flr_label);
	if (*at) {
		put_locked(at);
		err = 0;
	}
	spin_unlock(&lock);
	return err;
}

static int lease(struct inet_sock *i, struct in6_flowlabel_req *q, void __user *value)
{
	bool privileged = sock_capable(CAP_NET_ADMIN), used = false;
	struct ip6_label *l = kzalloc(sizeof(*l), MM_KERNEL);
	struct ip6_label_hold *hold = kzalloc(sizeof(*hold), MM_KERNEL);
	be32 label;
	int err = -ENOMEM;

	if (l && hold)
		err = label_make(q, privileged, l);
	if (!err) {
		spin_lock(&lock);
		err = lease_locked(i, q, l, privileged, &used);
		if (!err) {
			hold->label = used ? l : find_locked(q->flr_label);
			hold->next = i->labels;
			i->labels = hold;
			label = hold->label->label;
		}
		spin_unlock(&lock);
	}
	if (err)
		kfree(hold);
	if (!used)
		kfree(l);
	if (err || q->flr_label)
		return err;
	q->flr_label = label;
	if (!copy_out(value, q, sizeof(*q)))
		return 0;
	put(i, q);
	return -EFAULT;
}

static int renew(struct inet_sock *i, const struct in6_flowlabel_req *q)
{
	bool privileged = sock_capable(CAP_NET_ADMIN);
	struct ip6_label_hold *hold;
	struct ip6_label *l;
	int err = -ESRCH;

	spin_lock(&lock);
	hold = *held_locked(i, q->flr_label);
	l = hold ? hold->label : NULL;
	if (!l && privileged && q->flr_share == IPV6_FL_S_NONE)
		l = find_locked(q->flr_label);
	if (l)
		err = renew_locked(l, q, privileged);
	spin_unlock(&lock);
	return err;
}

int ip6_label_set(struct inet_sock *i, const void __user *value, u32 n)
{
	struct in6_flowlabel_req q;

	if (n < sizeof(q))
		return -EINVAL;
	if (copy_in(&q, value, sizeof(q)))
		return -EFAULT;
	if (q.flr_flags & IPV6_FL_F_REFLECT)
		return q.flr_action <= IPV6_FL_A_PUT ? -ENOPROTOOPT : -EINVAL;
	switch (q.flr_action) {
	case IPV6_FL_A_GET:
		if (q.flr_label & ~LABEL_MASK || n > sizeof(q))
			return -EINVAL;
		return lease(i, &q, (void __user *)value);
	case IPV6_FL_A_PUT:
		return put(i, &q);
	case IPV6_FL_A_RENEW:
		return renew(i, &q);
	default:
		return -EINVAL;
	}
}

static u32 seconds_left(u64 until)
{
	u64 now = clock_monotonic();

	return until > now ? (u32)((until - now) / NSEC_PER_SEC) : 0;
}

/* The lease of the label that the socket sends to its peer with. */
int ip6_label_get(struct inet_sock *i, void __user *value, u32 *n)
{
	struct in6_flowlabel_req q, out = { .flr_label = 0 };
	const struct ip6_label_hold *hold;
	const struct ip6_label *l;

	if (*n < sizeof(q))
		return -EINVAL;
	if (copy_in(&q, value, sizeof(q)))
		return -EFAULT;
	if (q.flr_action != IPV6_FL_A_GET)
		return -EINVAL;
	spin_lock(&lock);
	hold = *held_locked(i, READ_ONCE(i->six.flow) & LABEL_MASK);
	if (hold) {
		l = hold->label;
		memcpy(&out.flr_dst, &l->to, sizeof(out.flr_dst));
		out.flr_label = l->label;
		out.flr_share = l->share;
		out.flr_linger = (u16)l->linger;
		out.flr_expires = (u16)min(seconds_left(l->until_ns), 0xffffu);
	}
	spin_unlock(&lock);
	if (!hold)
		return -ENOENT;
	*n = sizeof(out);
	return copy_out(value, &out, sizeof(out)) ? -EFAULT : 0;
}

static void show_one(struct format_sink *out, const struct ip6_label *l)
{
	format_to(out, "%05X %-1u %-6u %-6u %-6u %-8u ", ntoh32(l->label), l->share, l->owner,
		  l->users, l->linger, seconds_left(l->until_ns));
	for (unsigned k = 0; k < 16; k++)
		format_to(out, "%02x", l->to.b[k]);
	format_to(out, " %-4u\n", 0);
}

/* Row by row, as a row may need memory: each is copied under the lock. */
void ip6_show_labels(struct format_sink *out)
{
	format_to(out, "%-5s %-1s %-6s %-6s %-6s %-8s %-32s %s\n", "Label", "S", "Owner", "Users",
		  "Linger", "Expires", "Dst", "Opt");
	for (unsigned b = 0; b < BUCKETS; b++)
		for (u32 k = 0;; k++) {
			struct ip6_label copy;
			struct ip6_label *l;
			bool found = false;
			u32 at = 0;

			spin_lock(&lock);
			hlist_for_each_entry(l, &table[b], link)
				if (at++ == k) {
					copy = *l;
					found = true;
					break;
				}
			spin_unlock(&lock);
			if (!found)
				break;
			show_one(out, &copy);
		}
}
