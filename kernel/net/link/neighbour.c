/*
 * The table of neighbours: finding, making, ageing, limits.
 *
 * An entry stays as long as it is used; one that nobody has looked for in a minute and nobody holds
 * is taken out by the collector, a timer that runs while there are more than gc_least entries. When
 * a table is full (gc_most), a new entry takes the place of the oldest that nobody holds: strangers
 * who make us look for thousands of addresses cost no more memory than that.
 */
#include "net/link/neighbour.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/panic.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/inet_int.h"
#include "net/link/neighbour_int.h"

enum { BUCKETS = 256 };
#define GC_INTERVAL (30 * NSEC_PER_SEC)

struct neighbour_settings neighbour_settings[2] = {
	{ 30000, 5, 60, 1000, 3, 3, 212992, 128, 512, 1024 },
	{ 30000, 5, 60, 1000, 3, 3, 212992, 128, 512, 1024 },
};
const struct neighbour_protocol *neighbour_protocols[2];

/* t: lock; readers RCU */
static struct {
	struct spinlock lock;
	struct hlist_head bucket[BUCKETS]; /* t */
	u32 n[2];                          /* t: entries of IPv4, IPv6 */
	u64 seed;                          /* I */
	struct soft_timer gc;              /* t */
	u64 gc_at;                         /* t: the last time */
} table = { .lock = SPINLOCK_INIT(RANK_NEIGHBOUR, "neighbours") };
static struct slab_cache *cache;

void neighbour_protocol_register(bool six, const struct neighbour_protocol *protocol)
{
	neighbour_protocols[six] = protocol;
}

u32 neighbour_count(bool six)
{
	return READ_ONCE(table.n[six]);
}

static struct hlist_head *bucket_of(const struct netif *nif, const struct ipaddr *a)
{
	return &table.bucket[hash_mix(hash_mix(table.seed ^ nif->index, a->d[1]), a->d[0]) %
			     BUCKETS];
}

static void neighbour_free(struct rcu_head *head)
{
	struct neighbour *n = container_of(head, struct neighbour, rcu);

	packet_queue_free(&n->queue);
	netif_put(n->nif);
	slab_free(cache, n);
}

void neighbour_put(struct neighbour *n)
{
	if (ref_put(&n->refs))
		rcu_call(&n->rcu, neighbour_free);
}

static struct neighbour *lookup(struct hlist_head *head, struct netif *nif,
				const struct ipaddr *a)
{
	struct neighbour *n;

	hlist_for_each_entry_rcu(n, head, link)
		if (n->nif == nif && ipaddr_equal(&n->address, a))
			return n;
	return NULL;
}

struct neighbour *neighbour_find(struct netif *nif, const struct ipaddr *address)
{
	struct neighbour *n;

	rcu_read_lock();
	n = lookup(bucket_of(nif, address), nif, address);
	if (n && !ref_try_get(&n->refs))
		n = NULL;
	rcu_read_unlock();
	return n;
}

/* Out of the table: with its lock. */
static void unlink_locked(struct neighbour *n, struct packet_queue *lost)
{
	hlist_del_rcu(&n->link);
	table.n[neighbour_six(n)]--;
	spin_lock(&n->lock);
	n->dead = true;
	WRITE_ONCE(n->state, NEIGH_FAILED);
	if (soft_timer_cancel(&n->timer))
		neighbour_put(n); /* the timer's; the table still has one */
	while (n->queue.n)
		packet_enqueue(lost, packet_dequeue(&n->queue));
	neighbour_changed(n);
	spin_unlock(&n->lock);
}

bool neighbour_unlink(struct neighbour *n, struct packet_queue *lost)
{
	bool was;

	spin_lock(&table.lock);
	was = !hlist_unhashed(&n->link);
	if (was)
		unlink_locked(n, lost);
	spin_unlock(&table.lock);
	if (was)
		neighbour_put(n);
	return was;
}

/* Whether only the table holds it, and it may go after `idle_ns` without use. */
static bool collectable(const struct neighbour *n, u64 now, u64 idle_ns)
{
	if (n->state & (NEIGH_PERMANENT | NEIGH_DELAY | NEIGH_PROBE))
		return false;
	return ref_read(&n->refs) == 1 && now - READ_ONCE(n->used_ns) >= idle_ns &&
	       !soft_timer_armed(&n->timer);
}

/* Takes the oldest entry of a version out that may go: false: none. With the table's lock. */
static bool displace_locked(bool six)
{
	struct neighbour *n, *oldest = NULL;
	struct packet_queue lost;
	u64 now = clock_monotonic();

	packet_queue_init(&lost);
	for (unsigned b = 0; b < BUCKETS; b++)
		hlist_for_each_entry(n, &table.bucket[b], link)
			if (neighbour_six(n) == six && collectable(n, now, 0) &&
			    (!oldest || n->used_ns < oldest->used_ns))
				oldest = n;
	if (!oldest)
		return false;
	unlink_locked(oldest, &lost);
	neighbour_put(oldest);
	return true;
}

static void collect_locked(u64 now)
{
	struct packet_queue lost;

	packet_queue_init(&lost);
	for (unsigned b = 0; b < BUCKETS; b++) {
		struct hlist_node *next;
		struct neighbour *n;

		hlist_for_each_entry_safe(n, next, &table.bucket[b], link) {
			u64 idle = (u64)neighbour_set(n)->stale_s * NSEC_PER_SEC;
			bool six = neighbour_six(n);

			if (table.n[six] > neighbour_settings[six].gc_soft)
				idle = 5 * NSEC_PER_SEC;
			if (!collectable(n, now, idle))
				continue;
			unlink_locked(n, &lost);
			neighbour_put(n);
		}
	}
	table.gc_at = now;
}

static bool crowded(void)
{
	return table.n[0] > neighbour_settings[0].gc_least ||
	       table.n[1] > neighbour_settings[1].gc_least;
}

static void gc(struct soft_timer *timer)
{
	spin_lock(&table.lock);
	collect_locked(clock_monotonic());
	if (crowded())
		soft_timer_arm(&table.gc, table.gc_at + GC_INTERVAL);
	spin_unlock(&table.lock);
}

/* Whether there is room for one more. With the table's lock. */
static bool room_locked(bool six)
{
	const struct neighbour_settings *set = &neighbour_settings[six];
	u64 now;

	if (table.n[six] < set->gc_soft)
		return true;
	now = clock_monotonic();
	if (now - table.gc_at >= NSEC_PER_SEC)
		collect_locked(now);
	return table.n[six] < set->gc_most || displace_locked(six);
}

static struct neighbour *neighbour_make(struct netif *nif, const struct ipaddr *address)
{
	struct neighbour *n = slab_alloc(cache, MM_ATOMIC | MM_ZERO);

	if (!n)
		return NULL;
	n->address = *address;
	n->nif = nif;
	netif_get(nif);
	ref_set(&n->refs, 2);
	spin_init(&n->lock, RANK_NEIGHBOUR_ENTRY, "neighbour");
	packet_queue_init(&n->queue);
	soft_timer_init(&n->timer, neighbour_timer);
	n->updated_ns = n->used_ns = clock_monotonic();
	neighbour_begin(n);
	return n;
}

struct neighbour *neighbour_get(struct netif *nif, const struct ipaddr *address)
{
	struct hlist_head *head = bucket_of(nif, address);
	struct neighbour *n = neighbour_find(nif, address), *other;
	bool six = !ipaddr_is4(address);

	if (n) {
		WRITE_ONCE(n->used_ns, clock_monotonic());
		return n;
	}
	n = neighbour_make(nif, address);
	if (!n)
		return NULL;
	spin_lock(&table.lock);
	other = lookup(head, nif, address);
	if (other)
		ref_get(&other->refs);
	/* Nobody would remove what is made for one that is gone after forget(). */
	if (other || load_acquire(&nif->gone) || !room_locked(six)) {
		spin_unlock(&table.lock);
		neighbour_put(n);
		neighbour_put(n);
		return other;
	}
	hlist_add_head_rcu(&n->link, head);
	table.n[six]++;
	if (crowded() && !soft_timer_armed(&table.gc))
		soft_timer_arm(&table.gc, clock_monotonic() + GC_INTERVAL);
	spin_unlock(&table.lock);
	return n;
}

int neighbour_remove(struct netif *nif, const struct ipaddr *address)
{
	struct neighbour *n = neighbour_find(nif, address);
	struct packet_queue lost;
	bool was;

	if (!n)
		return -ENOENT;
	packet_queue_init(&lost);
	was = neighbour_unlink(n, &lost);
	packet_queue_free(&lost);
	neighbour_put(n);
	route_flush();
	return was ? 0 : -ENOENT;
}

void neighbour_each(bool (*fn)(struct neighbour *n, void *arg), void *arg)
{
	struct neighbour *n;

	rcu_read_lock();
	for (unsigned b = 0; b < BUCKETS; b++)
		hlist_for_each_entry_rcu(n, &table.bucket[b], link)
			if (!fn(n, arg))
				goto out;
out:
	rcu_read_unlock();
}

/* An interface went down, or its address changed: what was learned on it is void. */
static void forget(struct netif *nif, bool permanent_too)
{
	struct packet_queue lost;

	packet_queue_init(&lost);
	spin_lock(&table.lock);
	for (unsigned b = 0; b < BUCKETS; b++) {
		struct hlist_node *next;
		struct neighbour *n;

		hlist_for_each_entry_safe(n, next, &table.bucket[b], link) {
			if (n->nif != nif || (n->state & NEIGH_PERMANENT && !permanent_too))
				continue;
			unlink_locked(n, &lost);
			neighbour_put(n);
		}
	}
	spin_unlock(&table.lock);
	packet_queue_free(&lost);
}

struct neighbour_settings *neighbour_netif_settings(const struct netif *nif, bool six)
{
	struct neighbour_settings *own = rcu_load(((struct netif *)nif)->neighbours);

	return own ? &own[six] : &neighbour_settings[six];
}

/* Without memory the interface has those of all. */
static void settings_make(struct netif *nif)
{
	struct neighbour_settings *own = kmalloc(sizeof(neighbour_settings), MM_KERNEL);

	if (!own || nif->neighbours) {
		kfree(own);
		return;
	}
	memcpy(own, neighbour_settings, sizeof(neighbour_settings));
	rcu_store(nif->neighbours, own);
}

static void watch_fn(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	if (event == NETIF_ADDED)
		settings_make(nif);
	if (event == NETIF_DOWN || event == NETIF_GONE || event == NETIF_CHANGED)
		forget(nif, event != NETIF_CHANGED);
}

static struct netif_watch watch = { .fn = watch_fn };

void neighbour_init(void)
{
	cache = slab_cache_create("neighbour", sizeof(struct neighbour), 64);
	if (!cache)
		panic("neighbour: no memory");
	table.seed = random_u64();
	soft_timer_init(&table.gc, gc);
	netif_watch(&watch);
}
