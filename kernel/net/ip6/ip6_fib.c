/*
 * The routing tables of IPv6: "local" with the addresses of this machine and the groups of its
 * links, and "main" with everything else. As in net/ip4/ip4_fib.c a table is a hash of prefixes and
 * a bit map of the prefix lengths that occur in it: a lookup tries these, longest first.
 *
 * Routes of one prefix are in the order of their metrics, then of their routers' preference (RFC
 * 4191, 3.1). Several routers of one prefix and metric stand beside each other: the first that is
 * not known to be silent is taken (RFC 4861, 6.3.6).
 *
 * Locks: c: config lock for changes, readers under RCU.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/clock.h"
#include "core/panic.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include "net/ip6/ip6_int.h"
#include "net/link/neighbour.h"

enum { FIB_BUCKETS = 256, LENGTH_WORDS = 3 };

struct fib6 {
	u64 lengths[LENGTH_WORDS];           /* c; readers RCU: bit per prefix length in use */
	u32 count[129];                      /* c */
	struct hlist_head bucket[FIB_BUCKETS]; /* c; readers RCU */
};

static struct fib6 fib_main, fib_local;
static struct slab_cache *cache;

void fib6_init(void)
{
	cache = slab_cache_create("fib6_entry", sizeof(struct fib6_entry), 0);
	if (!cache)
		panic("fib6: no memory");
}

static struct fib6 *fib_of(u8 table)
{
	return table == FIB6_LOCAL_TABLE ? &fib_local : &fib_main;
}

static struct hlist_head *bucket_of(struct fib6 *fib, const struct ipaddr *prefix, unsigned length)
{
	u64 h = hash_mix(hash_mix(length, prefix->d[0]), prefix->d[1]);

	return &fib->bucket[h % FIB_BUCKETS];
}

static bool same_place(const struct fib6_entry *a, const struct fib6_entry *b)
{
	return a->length == b->length && ipaddr_equal(&a->prefix, &b->prefix);
}

static bool leads_nowhere(u8 type)
{
	return type == FIB6_BLACKHOLE || type == FIB6_UNREACHABLE || type == FIB6_PROHIBIT;
}

/* Looking up ---------------------------------------------------------------------------------- */

static bool usable(const struct fib6_entry *e, u32 nif)
{
	u64 until = READ_ONCE(e->until);

	if (unlikely(until) && clock_monotonic() >= until)
		return false;
	if (!e->nif)
		return true;
	return READ_ONCE(e->nif->flags) & IFF_UP && (!nif || e->nif->index == nif);
}

/* Whether a router was asked for its link address and did not answer. */
static bool is_silent(const struct fib6_entry *e)
{
	struct neighbour *n;
	u32 state;

	if (ipaddr_any(&e->gateway) || !e->nif)
		return false;
	n = neighbour_find(e->nif, &e->gateway);
	if (!n)
		return false;
	state = READ_ONCE(n->state);
	neighbour_put(n);
	return state & (NEIGH_FAILED | NEIGH_INCOMPLETE);
}

/* Of the routes to a prefix, best first, the first whose router answers; else the first. */
static const struct fib6_entry *pick(struct fib6 *fib, const struct ipaddr *prefix,
				     unsigned length, u32 nif)
{
	const struct fib6_entry *e, *first = NULL;
	bool asked = false;

	hlist_for_each_entry_rcu(e, bucket_of(fib, prefix, length), link) {
		if (e->length != length || !ipaddr_equal(&e->prefix, prefix) || !usable(e, nif))
			continue;
		if (fib == &fib_local)
			return e;
		if (!first) {
			first = e;
			continue;
		}
		if (!asked && !is_silent(first))
			return first;
		asked = true;
		if (!is_silent(e))
			return e;
	}
	return first;
}

static const struct fib6_entry *lookup(struct fib6 *fib, const struct ipaddr *to, u32 nif)
{
	for (unsigned w = LENGTH_WORDS; w-- > 0;) {
		u64 lengths = READ_ONCE(fib->lengths[w]);

		while (lengths) {
			unsigned bit = ilog2(lengths), length = w * 64 + bit;
			struct ipaddr prefix = ip6_prefix(to, length);
			const struct fib6_entry *e = pick(fib, &prefix, length, nif);

			if (e)
				return e;
			lengths &= ~BIT(bit);
		}
	}
	return NULL;
}

const struct fib6_entry *fib6_lookup(const struct ipaddr *to, u32 nif)
{
	return lookup(&fib_main, to, nif);
}

/* Addresses of a link are this machine's only on that link (RFC 4007, 6). */
const struct fib6_entry *fib6_local(const struct ipaddr *to, u32 nif)
{
	return lookup(&fib_local, to, ipaddr_link_local(to) || ipaddr_multicast(to) ? nif : 0);
}

/* Changes ------------------------------------------------------------------------------------- */

/* Finds the interface of a gateway, or checks that it can be on the link of the one given: link
 * addresses always can, others must be reached directly. */
static int gateway_check(struct fib6_entry *e)
{
	const struct fib6_entry *via;
	int err = 0;

	if (ipaddr_any(&e->gateway))
		return e->nif ? 0 : -ENODEV;
	if (ipaddr_multicast(&e->gateway) || ipaddr_loopback(&e->gateway))
		return -EINVAL;
	if (ipaddr_link_local(&e->gateway) && !e->nif)
		return -EINVAL;
	rcu_read_lock();
	if (fib6_local(&e->gateway, e->nif ? e->nif->index : 0)) {
		err = -EINVAL;
	} else if (!ipaddr_link_local(&e->gateway)) {
		via = fib6_lookup(&e->gateway, e->nif ? e->nif->index : 0);
		if (!via || !ipaddr_any(&via->gateway) || leads_nowhere(via->type))
			err = -EHOSTUNREACH;
		else if (!e->nif)
			e->nif = via->nif;
	}
	rcu_read_unlock();
	return err;
}

static int entry_check(struct fib6_entry *e)
{
	struct ipaddr prefix = ip6_prefix(&e->prefix, e->length);

	if (e->length > 128 || !ipaddr_equal(&prefix, &e->prefix))
		return -EINVAL;
	if (leads_nowhere(e->type)) {
		if (e->table == FIB6_LOCAL_TABLE)
			return -EINVAL; /* what is there is this machine, by an interface */
		e->nif = NULL;
		e->gateway = IPADDR_ANY;
		return 0;
	}
	if (e->nif && !(e->nif->flags & IFF_UP))
		return -ENETDOWN;
	if (!ipaddr_any(&e->source) && !ip6_addr_is_ours(&e->source, e->nif))
		return -EINVAL;
	return gateway_check(e);
}

static void entry_free(struct rcu_head *head)
{
	struct fib6_entry *e = container_of(head, struct fib6_entry, rcu);

	if (e->nif)
		netif_put(e->nif);
	slab_free(cache, e);
}

static void entry_remove(struct fib6 *fib, struct fib6_entry *e)
{
	u64 *lengths = &fib->lengths[e->length / 64];

	hlist_del_rcu(&e->link);
	if (--fib->count[e->length] == 0)
		WRITE_ONCE(*lengths, *lengths & ~BIT(e->length % 64));
	ip6_tell_route(e, false);
	rcu_call(&e->rcu, entry_free);
}

/* High before medium before low: two bits, signed (RFC 4191, 2.1). */
static int preference_rank(const struct fib6_entry *e)
{
	return e->preference == FIB6_HIGH ? 0 : e->preference == FIB6_LOW ? 2 : 1;
}

static bool goes_before(const struct fib6_entry *a, const struct fib6_entry *b)
{
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return preference_rank(a) < preference_rank(b);
}

/* Puts it before the first of its prefix that is worse. */
static void entry_insert(struct fib6 *fib, struct fib6_entry *e)
{
	struct hlist_node **at = &bucket_of(fib, &e->prefix, e->length)->first;
	u64 *lengths = &fib->lengths[e->length / 64];

	while (*at) {
		struct fib6_entry *other = hlist_entry(*at, struct fib6_entry, link);

		if (same_place(e, other) && goes_before(e, other))
			break;
		at = &(*at)->next;
	}
	e->link.next = *at;
	e->link.pprev = at;
	if (*at)
		(*at)->pprev = &e->link.next;
	store_release(at, &e->link);
	fib->count[e->length]++;
	WRITE_ONCE(*lengths, *lengths | BIT(e->length % 64));
}

static bool same_way(const struct fib6_entry *a, const struct fib6_entry *b)
{
	return a->nif == b->nif && a->type == b->type && ipaddr_equal(&a->gateway, &b->gateway);
}

/* Which of the routes of e's prefix and metric it takes the place of, and whether it is there. A
 * router's word replaces only what that router said before. */
static struct fib6_entry *old_of(struct fib6 *fib, const struct fib6_entry *e, bool *exists)
{
	struct fib6_entry *other, *old = NULL;

	*exists = false;
	hlist_for_each_entry(other, bucket_of(fib, &e->prefix, e->length), link) {
		if (!same_place(e, other) || other->metric != e->metric)
			continue;
		if (same_way(e, other)) {
			*exists = ipaddr_equal(&e->source, &other->source);
			return other;
		}
		if (!old && e->protocol != FIB6_BY_RA)
			old = other;
	}
	return old;
}

int fib6_add(const struct fib6_entry *wanted, bool replace)
{
	struct fib6 *fib = fib_of(wanted->table);
	struct fib6_entry *e, *old;
	bool exists;
	int err;

	e = slab_alloc(cache, MM_KERNEL);
	if (!e)
		return -ENOMEM;
	*e = *wanted;
	err = entry_check(e);
	if (err)
		goto fail;
	old = old_of(fib, e, &exists);
	if (!replace && exists) {
		err = -EEXIST;
		goto fail;
	}
	if (e->nif)
		netif_get(e->nif);
	entry_insert(fib, e);
	if (replace && old)
		entry_remove(fib, old);
	if (e->until)
		ip6_lifetime_changed();
	ip6_tell_route(e, true);
	route_flush();
	return 0;
fail:
	slab_free(cache, e);
	return err;
}

static bool matches(const struct fib6_entry *e, const struct fib6_entry *wanted)
{
	return same_place(e, wanted) && (!wanted->type || wanted->type == e->type) &&
	       (!wanted->protocol || wanted->protocol == e->protocol) &&
	       (ipaddr_any(&wanted->gateway) || ipaddr_equal(&wanted->gateway, &e->gateway)) &&
	       (!wanted->nif || wanted->nif == e->nif) &&
	       (ipaddr_any(&wanted->source) || ipaddr_equal(&wanted->source, &e->source)) &&
	       (wanted->metric == ~0u || wanted->metric == e->metric);
}

int fib6_remove(const struct fib6_entry *wanted)
{
	struct fib6 *fib = fib_of(wanted->table);
	struct fib6_entry *e;

	hlist_for_each_entry(e, bucket_of(fib, &wanted->prefix, wanted->length), link) {
		if (!matches(e, wanted))
			continue;
		entry_remove(fib, e);
		route_flush();
		return 0;
	}
	return -ESRCH;
}

static bool each(struct fib6 *fib, bool (*fn)(const struct fib6_entry *e, void *arg), void *arg)
{
	for (unsigned length = 0; length <= 128; length++) {
		if (!fib->count[length])
			continue;
		for (unsigned b = 0; b < FIB_BUCKETS; b++) {
			struct fib6_entry *e;

			hlist_for_each_entry(e, &fib->bucket[b], link)
				if (e->length == length && !fn(e, arg))
					return false;
		}
	}
	return true;
}

void fib6_each(bool (*fn)(const struct fib6_entry *e, void *arg), void *arg)
{
	if (each(&fib_main, fn, arg))
		each(&fib_local, fn, arg);
}

/* Whether a route goes with what is being forgotten. */
typedef bool forget_fn(const struct fib6_entry *e, const void *what);

static unsigned forget(struct fib6 *fib, forget_fn *goes, const void *what)
{
	unsigned gone = 0;

	for (unsigned b = 0; b < FIB_BUCKETS; b++) {
		struct hlist_node *next;
		struct fib6_entry *e;

		hlist_for_each_entry_safe(e, next, &fib->bucket[b], link)
			if (goes(e, what)) {
				entry_remove(fib, e);
				gone++;
			}
	}
	return gone;
}

static bool is_by(const struct fib6_entry *e, const void *nif)
{
	return e->nif == nif;
}

static bool is_from(const struct fib6_entry *e, const void *source)
{
	return ipaddr_equal(&e->source, source);
}

static bool is_over(const struct fib6_entry *e, const void *now)
{
	return e->until && e->until <= *(const u64 *)now;
}

void fib6_forget(struct netif *nif, bool own_too)
{
	forget(&fib_main, is_by, nif);
	if (own_too)
		forget(&fib_local, is_by, nif);
	route_flush();
}

void fib6_forget_source(const struct ipaddr *source)
{
	if (forget(&fib_main, is_from, source))
		route_flush();
}

u64 fib6_expire(u64 now)
{
	u64 next = 0;

	if (forget(&fib_main, is_over, &now))
		route_flush();
	for (unsigned b = 0; b < FIB_BUCKETS; b++) {
		struct fib6_entry *e;

		hlist_for_each_entry(e, &fib_main.bucket[b], link)
			if (e->until && (!next || e->until < next))
				next = e->until;
	}
	return next;
}
