/*
 * Swap areas and their slots: giving slots out, counting who names them, taking areas in use.
 *
 * Slots are given out one after the other, an empty cluster at a time, so that pages that leave
 * together lie together: their writes join, and one read brings neighbours back. Areas of equal
 * priority take turns by the cluster; a lower priority is used when all above are full.
 *
 * Locks: swap_lock for the list of areas; area->cache.lock (interrupts off) for slots, which the
 * swap cache shares, so that a slot's mark and the page in the tree go together.
 */
#include "vm/swap_int.h"

#include "core/log.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/thread.h"

u32 vm_swappiness = 60;

/* s: lock.  a: atomic. */
static struct {
	struct spinlock lock;
	struct list areas;                        /* s: by priority */
	struct swap_area *by_type[SWAP_AREAS_MAX]; /* s to change */
	int lowest;                               /* s: priority given last to one without */
	u64 total, used;                          /* a: slots */
	struct mutex listing;                     /* adding, freeing, listing areas */
} swap = {
	.lock = SPINLOCK_INIT(RANK_LRU, "swap"),
	.areas = LIST_INIT(swap.areas),
	.lowest = -1,
	.listing = MUTEX_INIT(swap.listing, RANK_SLEEP_LAST, "swaps"),
};

struct swap_area *swap_area_of(pte_t entry)
{
	return READ_ONCE(swap.by_type[swap_entry_type(entry)]);
}

struct swap_area *swap_area_get(pte_t entry)
{
	unsigned type = swap_entry_type(entry);
	struct swap_area *area;

	if (type >= SWAP_AREAS_MAX)
		return NULL;
	spin_lock(&swap.lock);
	area = swap.by_type[type];
	if (area && swap_entry_slot(entry) < area->source.n_slots)
		ref_get(&area->refs);
	else
		area = NULL;
	spin_unlock(&swap.lock);
	return area;
}

struct swap_area *swap_area_get_type(unsigned type)
{
	return swap_area_get(swap_entry_make(type, 0));
}

void swap_area_put(struct swap_area *area)
{
	if (!ref_put(&area->refs))
		return;
	pagecache_fini(&area->cache);
	vfree(area->cluster_used);
	vfree(area->map);
	kfree(area);
}

/* ---- Slots ---- */

static void slot_used(struct swap_area *area, u64 slot)
{
	area->cluster_used[slot / SWAP_CLUSTER]++;
	area->n_used++;
	__atomic_fetch_add(&swap.used, 1, __ATOMIC_RELAXED);
}

static void slot_unused(struct swap_area *area, u64 slot)
{
	area->cluster_used[slot / SWAP_CLUSTER]--;
	area->n_used--;
	__atomic_fetch_sub(&swap.used, 1, __ATOMIC_RELAXED);
}

static u64 cluster_count(const struct swap_area *area)
{
	return DIV_ROUND_UP(area->source.n_slots, (u64)SWAP_CLUSTER);
}

/* The first cluster at or after the hand's (around the end) with at most `most` slots in use. */
static bool cluster_find(const struct swap_area *area, unsigned most, u64 *out)
{
	u64 n = cluster_count(area), at = area->hand / SWAP_CLUSTER;

	for (u64 i = 0; i < n; i++, at++) {
		if (at >= n)
			at = 0;
		if (area->cluster_used[at] <= most) {
			*out = at;
			return true;
		}
	}
	return false;
}

/* A free slot near the hand: 0 if there is none. cache.lock held. */
static u64 slot_find_locked(struct swap_area *area)
{
	u64 n = area->source.n_slots, cluster;

	if (area->n_used >= area->n_usable)
		return 0;
	if (area->hand % SWAP_CLUSTER && area->hand < n && !area->map[area->hand])
		return area->hand;
	if (cluster_find(area, 0, &cluster))
		return cluster * SWAP_CLUSTER;
	if (area->hand < n && !area->map[area->hand])
		return area->hand;
	if (!cluster_find(area, SWAP_CLUSTER - 1, &cluster))
		return 0;
	for (u64 slot = cluster * SWAP_CLUSTER; slot < n; slot++)
		if (!area->map[slot])
			return slot;
	return 0;
}

static u64 slot_take(struct swap_area *area)
{
	u64 irq = spin_lock_irq(&area->cache.lock), slot = slot_find_locked(area);

	if (slot) {
		area->map[slot] = SWAP_CACHED;
		area->hand = slot + 1;
		slot_used(area, slot);
	}
	spin_unlock_irq(&area->cache.lock, irq);
	return slot;
}

/* Behind those of its priority. swap.lock held. */
static void area_enlist_locked(struct swap_area *area)
{
	struct swap_area *other;

	list_for_each_entry(other, &swap.areas, link) {
		if (other->priority < area->priority) {
			list_add_tail(&area->link, &other->link);
			return;
		}
	}
	list_add_tail(&area->link, &swap.areas);
}

pte_t swap_slot_alloc(void)
{
	struct swap_area *area;
	pte_t entry = 0;
	u64 slot;

	spin_lock(&swap.lock);
	list_for_each_entry(area, &swap.areas, link) {
		slot = area->closing ? 0 : slot_take(area);
		if (!slot)
			continue;
		entry = swap_entry_make(area->type, slot);
		if (slot % SWAP_CLUSTER == SWAP_CLUSTER - 1) {
			list_del(&area->link);
			area_enlist_locked(area);
		}
		break;
	}
	spin_unlock(&swap.lock);
	return entry;
}

void swap_slot_uncached_locked(struct swap_area *area, u64 slot)
{
	area->map[slot] &= (u16)~SWAP_CACHED;
	if (!area->map[slot])
		slot_unused(area, slot);
}

unsigned swap_slot_count(struct swap_area *area, u64 slot)
{
	return READ_ONCE(area->map[slot]) & SWAP_COUNT;
}

int swap_entry_dup(pte_t entry)
{
	struct swap_area *area = swap_area_of(entry);
	u64 slot = swap_entry_slot(entry), irq;
	int err = 0;

	irq = spin_lock_irq(&area->cache.lock);
	if ((area->map[slot] & SWAP_COUNT) + 1 >= SWAP_BAD)
		err = -ENOMEM;
	else
		area->map[slot]++;
	spin_unlock_irq(&area->cache.lock, irq);
	return err;
}

void swap_entry_free(pte_t entry)
{
	struct swap_area *area = swap_area_of(entry);
	u64 slot = swap_entry_slot(entry), irq;
	struct page *page;
	bool cached;

	irq = spin_lock_irq(&area->cache.lock);
	area->map[slot]--;
	cached = area->map[slot] == SWAP_CACHED;
	if (!area->map[slot])
		slot_unused(area, slot);
	spin_unlock_irq(&area->cache.lock, irq);
	if (!cached)
		return;
	page = pagecache_find(&area->cache, slot);
	if (page) {
		swap_cache_release(page);
		page_put(page);
	}
}

/* ---- Areas ---- */

static int area_slots_init(struct swap_area *area)
{
	const struct swap_source *source = &area->source;
	u64 n = source->n_slots;

	area->map = vmalloc(n * sizeof(*area->map), MM_KERNEL | MM_ZERO);
	area->cluster_used = vmalloc(cluster_count(area), MM_KERNEL | MM_ZERO);
	if (!area->map || !area->cluster_used)
		return -ENOMEM;
	area->map[0] = SWAP_BAD;
	area->cluster_used[0] = 1;
	area->n_usable = n - 1;
	for (unsigned i = 0; i < source->n_bad; i++) {
		if (area->map[source->bad[i]])
			continue;
		area->map[source->bad[i]] = SWAP_BAD;
		area->cluster_used[source->bad[i] / SWAP_CLUSTER]++;
		area->n_usable--;
	}
	area->hand = 1;
	area->window = SWAP_READ_AROUND;
	area->source.bad = NULL;
	return area->n_usable ? 0 : -EINVAL;
}

/* Gives the area its place and begins to use it: 0 or -EPERM. */
static int area_enter(struct swap_area *area)
{
	unsigned type = 0;

	spin_lock(&swap.lock);
	while (type < SWAP_AREAS_MAX && swap.by_type[type])
		type++;
	if (type < SWAP_AREAS_MAX) {
		area->type = type;
		area->priority = area->source.priority >= 0 ? area->source.priority
							    : --swap.lowest;
		swap.by_type[type] = area;
		area_enlist_locked(area);
		__atomic_fetch_add(&swap.total, area->n_usable, __ATOMIC_RELAXED);
	}
	spin_unlock(&swap.lock);
	return type < SWAP_AREAS_MAX ? 0 : -EPERM;
}

int swap_area_add(const struct swap_source *source, struct swap_area **out)
{
	struct swap_area *area;
	int err;

	if (source->n_slots < 2 || source->n_slots >> 40)
		return -EINVAL;
	area = kzalloc(sizeof(*area), MM_KERNEL);
	if (!area)
		return -ENOMEM;
	area->source = *source;
	ref_set(&area->refs, 1);
	pagecache_init(&area->cache, source->ops, source->owner);
	area->cache.flags = PAGECACHE_SWAP;
	err = area_slots_init(area);
	if (!err) {
		mutex_lock(&swap.listing);
		err = area_enter(area);
		mutex_unlock(&swap.listing);
	}
	if (err) {
		swap_area_put(area);
		return err;
	}
	log_info("swap: %s: %llu KiB, priority %d", source->name,
		 (unsigned long long)area->n_usable * (PAGE_SIZE / 1024), area->priority);
	*out = area;
	return 0;
}

void swap_area_close(struct swap_area *area, bool close)
{
	spin_lock(&swap.lock);
	if (area->closing != close) {
		area->closing = close;
		if (close)
			__atomic_fetch_sub(&swap.total, area->n_usable, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&swap.total, area->n_usable, __ATOMIC_RELAXED);
	}
	spin_unlock(&swap.lock);
}

void swap_area_forget(struct swap_area *area)
{
	mutex_lock(&swap.listing);
	spin_lock(&swap.lock);
	list_del(&area->link);
	swap.by_type[area->type] = NULL;
	spin_unlock(&swap.lock);
	mutex_unlock(&swap.listing);
	swap_area_put(area);
}

void swap_each(void (*fn)(const struct swap_info *info, void *arg), void *arg)
{
	mutex_lock(&swap.listing);
	for (unsigned type = 0; type < SWAP_AREAS_MAX; type++) {
		struct swap_area *area = swap.by_type[type];
		struct swap_info info;

		if (!area)
			continue;
		info = (struct swap_info){ area->source.name, area->source.partition,
					   area->n_usable, READ_ONCE(area->n_used),
					   area->priority };
		fn(&info, arg);
	}
	mutex_unlock(&swap.listing);
}

void swap_totals(u64 *total, u64 *free)
{
	u64 all = READ_ONCE(swap.total), used = READ_ONCE(swap.used);

	*total = all;
	*free = all > used ? all - used : 0;
}

u64 swap_slots_free(void)
{
	u64 total, free;

	swap_totals(&total, &free);
	return free;
}
