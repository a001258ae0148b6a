/*
 * The routing tables of IPv4: "local" with the addresses of this machine and the broadcasts of its
 * links, and "main" with everything else.
 *
 * A table is a hash of prefixes, and a word that tells which prefix lengths occur in it: a lookup
 * tries these, longest first (RFC 1812, 5.2.4.3), so that it takes as many probes as there are
 * different lengths, usually two or three, however many routes there are. Routes of one prefix
 * are in the order of their metrics.
 *
 * Locks: c: config lock for changes, readers under RCU.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/panic.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include "net/ip4/ip4_int.h"

enum { FIB_BUCKETS = 256 };

struct fib {
	u64 lengths;                         /* c; readers RCU: bit per prefix length in use */
	u32 count[33];                       /* c */
	struct hlist_head bucket[FIB_BUCKETS]; /* c; readers RCU */
};

static struct fib fib_main, fib_local;
static struct slab_cache *cache;
static u32 redirects; /* a, c to change */

void fib4_init(void)
{
	cache = slab_cache_create("fib_entry", sizeof(struct fib_entry), 0);
	if (!cache)
		panic("fib: no memory");
}

static struct fib *fib_of(enum fib_table table)
{
	return table == FIB_LOCAL_TABLE ? &fib_local : &fib_main;
}

static struct hlist_head *bucket_of(struct fib *fib, be32 prefix, unsigned length)
{
	return &fib->bucket[hash_u64((u64)prefix << 8 | length, 8)];
}

static bool usable(const struct fib_entry *e, u32 nif)
{
	if (!e->nif)
		return true;
	return READ_ONCE(e->nif->flags) & IFF_UP && (!nif || e->nif->index == nif);
}

const struct fib_entry *fib4_lookup(enum fib_table table, be32 to, u32 nif)
{
	struct fib *fib = fib_of(table);
	u64 lengths = READ_ONCE(fib->lengths);

	while (lengths) {
		unsigned length = ilog2(lengths);
		be32 prefix = to & ip4_mask(length);
		const struct fib_entry *e;

		hlist_for_each_entry_rcu(e, bucket_of(fib, prefix, length), link)
			if (e->prefix == prefix && e->length == length && usable(e, nif))
				return e;
		lengths &= ~BIT(length);
	}
	return NULL;
}

enum fib_type fib4_kind(be32 a)
{
	const struct fib_entry *e;

	if (a == IP4_BROADCAST || !a)
		return FIB_BROADCAST;
	if (ip4_is_multicast(a))
		return FIB_MULTICAST;
	e = fib4_lookup(FIB_LOCAL_TABLE, a, 0);
	return e ? (enum fib_type)e->type : FIB_UNICAST;
}

static bool leads_nowhere(u8 type)
{
	return type == FIB_BLACKHOLE || type == FIB_UNREACHABLE || type == FIB_PROHIBIT;
}

/* Finds the interface of a gateway, or checks that it is on the link of the one given: it must be
 * reached directly (RFC 1122, 3.3.1.1). */
static int gateway_check(struct fib_entry *e)
{
	const struct fib_entry *via;
	int err = 0;

	if (!e->gateway)
		return e->nif ? 0 : -ENODEV;
	rcu_read_lock();
	via = fib4_lookup(FIB_MAIN, e->gateway, e->nif ? e->nif->index : 0);
	if (fib4_kind(e->gateway) != FIB_UNICAST)
		err = -EINVAL;
	else if (!via || via->gateway || leads_nowhere(via->type))
		err = -ENETUNREACH;
	else if (!e->nif)
		e->nif = via->nif;
	rcu_read_unlock();
	return err;
}

static int entry_check(struct fib_entry *e)
{
	if (e->length > 32 || e->prefix & ~ip4_mask(e->length))
		return -EINVAL;
	if (leads_nowhere(e->type)) {
		e->nif = NULL;
		e->gateway = 0;
		return 0;
	}
	if (e->nif && !(e->nif->flags & IFF_UP))
		return -ENETDOWN;
	if (e->source && e->protocol != FIB_BY_KERNEL && fib4_kind(e->source) != FIB_LOCAL)
		return -EINVAL;
	return gateway_check(e);
}

static bool same_place(const struct fib_entry *a, const struct fib_entry *b)
{
	return a->prefix == b->prefix && a->length == b->length;
}

static void entry_free(struct rcu_head *head)
{
	struct fib_entry *e = container_of(head, struct fib_entry, rcu);

	if (e->nif)
		netif_put(e->nif);
	slab_free(cache, e);
}

static void entry_remove(struct fib *fib, struct fib_entry *e)
{
	hlist_del_rcu(&e->link);
	if (--fib->count[e->length] == 0)
		WRITE_ONCE(fib->lengths, fib->lengths & ~BIT(e->length));
	if (e->protocol == FIB_BY_REDIRECT)
		WRITE_ONCE(redirects, redirects - 1);
	ip4_tell_route(e, false);
	rcu_call(&e->rcu, entry_free);
}

/* Puts it behind the last of its prefix with a metric that is not higher. */
static void entry_insert(struct fib *fib, struct fib_entry *e)
{
	struct hlist_node **at = &bucket_of(fib, e->prefix, e->length)->first;

	while (*at) {
		struct fib_entry *other = hlist_entry(*at, struct fib_entry, link);

		if (same_place(e, other) && other->metric > e->metric)
			break;
		at = &(*at)->next;
	}
	e->link.next = *at;
	e->link.pprev = at;
	if (*at)
		(*at)->pprev = &e->link.next;
	store_release(at, &e->link);
	if (e->protocol == FIB_BY_REDIRECT)
		WRITE_ONCE(redirects, redirects + 1);
	fib->count[e->length]++;
	WRITE_ONCE(fib->lengths, fib->lengths | BIT(e->length));
}

/* Makes e the route that is wanted; the caller frees it on an error. */
static int entry_add(struct fib_entry *e, const struct fib_entry *wanted, bool replace)
{
	struct fib *fib = fib_of(wanted->table);
	struct fib_entry *other, *old = NULL;
	int err;

	*e = *wanted;
	err = entry_check(e);
	if (err)
		return err;
	hlist_for_each_entry(other, bucket_of(fib, e->prefix, e->length), link) {
		if (!same_place(e, other) || other->metric != e->metric)
			continue;
		if (replace && !old)
			old = other;
		else if (!replace && other->nif == e->nif && other->gateway == e->gateway &&
			 other->type == e->type && other->source == e->source)
			return -EEXIST;
	}
	if (e->nif)
		netif_get(e->nif);
	entry_insert(fib, e);
	if (old)
		entry_remove(fib, old);
	ip4_tell_route(e, true);
	route_flush();
	return 0;
}

int fib4_add(const struct fib_entry *wanted, bool replace)
{
	struct fib_entry *e = slab_alloc(cache, MM_KERNEL);
	int err;

	if (!e)
		return -ENOMEM;
	err = entry_add(e, wanted, replace);
	if (err)
		slab_free(cache, e);
	return err;
}

int fib4_reserve(struct fib_stock *stock)
{
	stock->n = 0;
	while (stock->n < ADDR_ROUTES) {
		stock->entry[stock->n] = slab_alloc(cache, MM_KERNEL);
		if (!stock->entry[stock->n]) {
			fib4_unreserve(stock);
			return -ENOMEM;
		}
		stock->n++;
	}
	return 0;
}

void fib4_unreserve(struct fib_stock *stock)
{
	while (stock->n)
		slab_free(cache, stock->entry[--stock->n]);
}

int fib4_add_reserved(struct fib_stock *stock, const struct fib_entry *wanted)
{
	int err;

	kassert(stock->n);
	err = entry_add(stock->entry[stock->n - 1], wanted, false);
	if (!err)
		stock->n--;
	return err;
}

static bool matches(const struct fib_entry *e, const struct fib_entry *wanted)
{
	return same_place(e, wanted) && (!wanted->type || wanted->type == e->type) &&
	       (!wanted->protocol || wanted->protocol == e->protocol) &&
	       (!wanted->gateway || wanted->gateway == e->gateway) &&
	       (!wanted->nif || wanted->nif == e->nif) &&
	       (!wanted->source || wanted->source == e->source) &&
	       (wanted->metric == ~0u || wanted->metric == e->metric);
}

int fib4_remove(const struct fib_entry *wanted)
{
	struct fib *fib = fib_of(wanted->table);
	struct fib_entry *e;

	hlist_for_each_entry(e, bucket_of(fib, wanted->prefix, wanted->length), link) {
		if (!matches(e, wanted))
			continue;
		entry_remove(fib, e);
		route_flush();
		return 0;
	}
	return -ESRCH;
}

void fib4_each(enum fib_table table, bool (*fn)(const struct fib_entry *e, void *arg), void *arg)
{
	struct fib *fib = fib_of(table);

	for (unsigned length = 0; length <= 32; length++) {
		if (!fib->count[length])
			continue;
		for (unsigned b = 0; b < FIB_BUCKETS; b++) {
			struct fib_entry *e;

			hlist_for_each_entry(e, &fib->bucket[b], link)
				if (e->length == length && !fn(e, arg))
					return;
		}
	}
}

u32 fib4_redirects(void)
{
	return READ_ONCE(redirects);
}

/* Whether a route goes with what is being forgotten. */
typedef bool forget_fn(const struct fib_entry *e, const void *what);

static void forget(struct fib *fib, forget_fn *goes, const void *what)
{
	for (unsigned b = 0; b < FIB_BUCKETS; b++) {
		struct hlist_node *next;
		struct fib_entry *e;

		hlist_for_each_entry_safe(e, next, &fib->bucket[b], link)
			if (goes(e, what))
				entry_remove(fib, e);
	}
	route_flush();
}

static bool is_by(const struct fib_entry *e, const void *nif)
{
	return e->nif == nif;
}

static bool is_from(const struct fib_entry *e, const void *source)
{
	return e->source == *(const be32 *)source;
}

void fib4_forget(struct netif *nif, bool local_too)
{
	forget(&fib_main, is_by, nif);
	if (local_too)
		forget(&fib_local, is_by, nif);
}

void fib4_forget_source(be32 local)
{
	forget(&fib_main, is_from, &local);
}
