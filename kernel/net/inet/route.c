/*
 * Routes: answers of the routing tables, shared and kept while the tables stay as they are.
 *
 * route_output() asks the table of recent answers first: one slot per hash value, replaced by
 * whoever asks something else, read under RCU. What was learned of the MTU of paths is kept apart,
 * in a table of its own that survives the routes: 1,024 destinations at most (an old one makes room
 * for a new one in its bucket), each for so long as route/mtu_expires says.
 *
 * Locks: paths.lock (RANK_ROUTE) for the table of paths; the table of answers has none.
 */
#include "net/inet/route.h"

#include "abi/errno.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "core/panic.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/inet.h"
#include "net/link/neighbour.h"

enum { RECENT = 256, PATHS = 256, PATH_WAYS = 4 };

struct path_mtu { struct ipaddr to; u32 mtu; u64 until; };

static struct slab_cache *cache;
static struct route *recent[RECENT];      /* a, freed after a grace period */
static u64 seed;                          /* I */
u32 route_generation = 1;
s32 route_mtu_expires[2] = { 600, 600 }; /* RFC 1191, 6.3; RFC 8201, 5.3 */
static struct {
	struct spinlock lock;
	u32 used;                         /* a: whether there ever was one */
	struct path_mtu entry[PATHS][PATH_WAYS]; /* lock */
} paths = { .lock = SPINLOCK_INIT(RANK_ROUTE, "paths") };

struct netif *route_loopback(void)
{
	static struct netif *loopback; /* a: NULL until first asked for */
	struct netif *nif = READ_ONCE(loopback);

	if (unlikely(!nif)) {
		nif = netif_by_name("lo");
		WRITE_ONCE(loopback, nif);
	}
	return nif;
}

int route_type_error(u8 type)
{
	switch (type) {
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_BLACKHOLE:
		return -EINVAL;
	default:
		return 0;
	}
}

void route_init(void)
{
	cache = slab_cache_create("route", sizeof(struct route), 64);
	if (!cache)
		panic("route: no memory");
	seed = random_u64();
}

static u64 address_hash(const struct ipaddr *a)
{
	return hash_mix(hash_mix(seed, a->d[1]), a->d[0]);
}

static void route_free(struct rcu_head *head)
{
	struct route *r = container_of(head, struct route, rcu);

	if (r->neighbour)
		neighbour_put(r->neighbour);
	netif_put(r->nif);
	slab_free(cache, r);
}

void route_put(struct route *r)
{
	if (r && ref_put(&r->refs))
		rcu_call(&r->rcu, route_free);
}

struct route *route_alloc(struct netif *nif, const struct flow *f, u32 generation)
{
	struct route *r = slab_alloc(cache, MM_ATOMIC);

	if (!r)
		return NULL;
	*r = (struct route){ .refs = REFCOUNT_INIT(1), .to = f->to, .from = f->from,
			     .hop = f->to, .nif = nif, .generation = generation,
			     .asked_from = f->from, .asked_nif = f->nif,
			     .asked_flags = flow_flags(f) };
	netif_get(nif);
	return r;
}

/* Everybody sees the new generation before the recent answers go, so none is put back. */
void route_flush(void)
{
	__atomic_add_fetch(&route_generation, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < RECENT; i++)
		route_put(__atomic_exchange_n(&recent[i], NULL, __ATOMIC_ACQ_REL));
}

static struct route *recent_find(struct route **slot, const struct flow *f)
{
	struct route *r = rcu_load(*slot);

	if (!r || !ipaddr_equal(&r->to, &f->to) || !ipaddr_equal(&r->asked_from, &f->from) ||
	    r->asked_nif != f->nif || r->asked_flags != flow_flags(f) || !route_valid(r))
		return NULL;
	if (r->mtu_until && clock_monotonic() >= r->mtu_until)
		return NULL;
	return ref_try_get(&r->refs) ? r : NULL;
}

int route_output(const struct flow *f, struct route **out)
{
	struct route **slot = &recent[(address_hash(&f->to) ^ f->nif ^ f->from.w[3]) % RECENT];
	const struct ip_version *version = ip_version_of(&f->to);
	struct route *r;
	int err;

	rcu_read_lock();
	r = recent_find(slot, f);
	rcu_read_unlock();
	if (likely(r)) {
		*out = r;
		return 0;
	}
	if (!version || ipaddr_is4(&f->from) != ipaddr_is4(&f->to))
		return -ENETUNREACH;
	err = version->route(f, out);
	if (err)
		return err;
	r = __atomic_exchange_n(slot, route_get(*out), __ATOMIC_ACQ_REL);
	route_put(r);
	/* The tables may have changed meanwhile, after the flush. */
	if (unlikely(!route_valid(*out)))
		route_put(__atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL));
	return 0;
}

/* What is known of a path, or NULL. With the lock. */
static struct path_mtu *path_find(const struct ipaddr *to, u64 now)
{
	struct path_mtu *set = paths.entry[address_hash(to) % PATHS];

	for (unsigned i = 0; i < PATH_WAYS; i++)
		if (set[i].until > now && ipaddr_equal(&set[i].to, to))
			return &set[i];
	return NULL;
}

/* A place for a path: a free one, or that which would be forgotten first. With the lock. */
static struct path_mtu *path_place(const struct ipaddr *to)
{
	struct path_mtu *set = paths.entry[address_hash(to) % PATHS], *oldest = set;

	for (unsigned i = 1; i < PATH_WAYS; i++)
		if (set[i].until < oldest->until)
			oldest = &set[i];
	return oldest;
}

void route_set_mtu(const struct ipaddr *to, u32 mtu)
{
	s32 seconds = READ_ONCE(route_mtu_expires[!ipaddr_is4(to)]);
	u64 now = clock_monotonic(), until = now + (u32)seconds * NSEC_PER_SEC;
	bool changed = false;
	struct path_mtu *path;

	mtu = max(mtu, ipaddr_is4(to) ? 68u : 1280u); /* RFC 791; RFC 8201, 4 */
	spin_lock(&paths.lock);
	path = path_find(to, now);
	if (!path || mtu < path->mtu) {
		if (!path)
			path = path_place(to);
		*path = (struct path_mtu){ .to = *to, .mtu = mtu, .until = until };
		changed = true;
	}
	WRITE_ONCE(paths.used, 1);
	spin_unlock(&paths.lock);
	if (changed)
		route_flush();
}

void route_forget(void)
{
	spin_lock(&paths.lock);
	memset(paths.entry, 0, sizeof(paths.entry));
	spin_unlock(&paths.lock);
	route_flush();
}

static void fill_mtu(struct route *r, u32 mtu)
{
	struct path_mtu *path;

	r->mtu = mtu;
	if (!READ_ONCE(paths.used))
		return;
	spin_lock(&paths.lock);
	path = path_find(&r->to, clock_monotonic());
	if (path && path->mtu < mtu) {
		r->mtu = path->mtu;
		r->mtu_until = path->until;
	}
	spin_unlock(&paths.lock);
}

void route_fill_metrics(struct route *r, u32 link_mtu, const struct route_metrics *m)
{
	u32 mtu = link_mtu;

	if (m) {
		r->window_metric = m->window;
		r->advmss_metric = m->advmss;
		r->hop_limit = m->hop_limit;
		if (m->mtu)
			mtu = min(mtu, m->mtu);
	}
	fill_mtu(r, mtu);
}
