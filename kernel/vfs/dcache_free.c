/*
 * The end of cached names: when memory is short, when a file system is unmounted, when a directory
 * goes. A cached dentry has one reference, the cache's; taking it from 1 to 0 freezes the dentry:
 * readers that still find it cannot get it any more.
 */
#include "sched/work.h"
#include "vfs/name_int.h"
#include "vm/aspace.h"

#define BATCH 16
#define SCAN_BATCH 256
#define BUSY_LIMIT 1000
#define PRUNE_DEPTH 8

static bool dentry_freeze(struct dentry *d, u32 expected)
{
	return __atomic_compare_exchange_n(&d->refs.n, &expected, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/*
 * The same for a cached dentry to which the caller has one reference. The lock keeps it from being
 * unhashed in between: the second reference would then be somebody else's.
 */
static bool dentry_freeze_cached(struct dentry *d)
{
	bool frozen;

	spin_lock(&d->lock);
	frozen = !(d->flags & DENTRY_UNHASHED) && dentry_freeze(d, 2);
	spin_unlock(&d->lock);
	return frozen;
}

/* Whether freeing the dentry would mean input and output now. */
static bool dentry_is_dirty(const struct dentry *d)
{
	struct inode *inode = d->inode;

	/* Memory is short: what has waited with its times is written soon. */
	if (inode && READ_ONCE(inode->state) & I_DIRTY_TIME)
		inode_dirty(inode);
	return inode && ((READ_ONCE(inode->state) & I_DIRTY) || READ_ONCE(inode->cache.n_dirty));
}

/*
 * Looks at up to *scan dentries from the old end of the LRU and moves those that can go to
 * `victims`, frozen. LRU lock held.
 */
static u64 lru_collect_locked(struct list *victims, u64 n, u64 *scan)
{
	u64 look = min_t(u64, *scan, SCAN_BATCH), found = 0;

	*scan -= look;
	while (look-- && found < n && !list_empty(&dcache_lru)) {
		struct dentry *d = list_last_entry(&dcache_lru, struct dentry, lru);

		if (d->used || dentry_is_dirty(d)) {
			d->used = false; /* its second chance */
			list_move(&d->lru, &dcache_lru);
		} else if (!dentry_freeze(d, 1)) {
			list_move(&d->lru, &dcache_lru);
		} else {
			list_move(&d->lru, victims);
			found++;
		}
	}
	return found;
}

/* Frees a frozen dentry. The parent, if nothing else keeps it now, is returned frozen. */
static struct dentry *free_frozen(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : dentry_get(d->parent);

	dentry_unhash_raw(d);
	dentry_put_last(d);
	if (!parent)
		return NULL;
	if (!parent->used && !dentry_is_dirty(parent) && parent->hash.pprev &&
	    dentry_freeze_cached(parent))
		return parent;
	dentry_put(parent);
	return NULL;
}

u64 dcache_shrink(u64 n)
{
	u64 freed = 0, scan = READ_ONCE(dcache_count) * 2 + SCAN_BATCH;

	if (n < scan / 8)
		scan = n * 8;
	while (freed < n && scan) {
		LIST_HEAD(victims);

		spin_lock(&dcache_lru_lock);
		lru_collect_locked(&victims, n - freed, &scan);
		spin_unlock(&dcache_lru_lock);
		while (!list_empty(&victims)) {
			struct dentry *d = list_first_entry(&victims, struct dentry, lru);

			/* Upwards at once: a deep tree would else need a pass for each level. */
			do {
				d = free_frozen(d);
				freed++;
			} while (d);
		}
		sched_point();
	}
	return freed;
}

/* Some child with a reference, or NULL. */
static struct dentry *any_child(struct dentry *d)
{
	struct dentry *child, *found = NULL;

	spin_lock(&d->lock);
	list_for_each_entry(child, &d->children, child_link) {
		if (ref_try_get(&child->refs)) {
			found = child;
			break;
		}
	}
	spin_unlock(&d->lock);
	return found;
}

void dcache_drop_tree(struct dentry *root)
{
	struct dentry *d = dentry_get(root), *next;
	unsigned busy = 0;

	/* Down to a leaf, up again when it is gone; a tree may be deeper than the stack. */
	while (busy < BUSY_LIMIT) {
		next = any_child(d);
		if (next) {
			dentry_put(d); /* its child keeps it */
			d = next;
			continue;
		}
		if (d == root)
			break;
		next = dentry_get(d->parent);
		if (dentry_freeze_cached(d)) {
			dentry_unhash_raw(d);
			dentry_put_last(d);
		} else {
			dentry_put(d); /* somebody is about to let go of it */
			busy++;
			sched_yield();
		}
		d = next;
		sched_point();
	}
	dentry_put(d);
}

/* Takes references to up to BATCH children. */
static unsigned children_get(struct dentry *d, struct dentry **out)
{
	struct dentry *child;
	unsigned n = 0;

	spin_lock(&d->lock);
	list_for_each_entry(child, &d->children, child_link) {
		if (n < BATCH && ref_try_get(&child->refs))
			out[n++] = child;
	}
	spin_unlock(&d->lock);
	return n;
}

static void prune(struct dentry *d, unsigned depth)
{
	struct dentry *child[BATCH];
	unsigned n, freed;

	do {
		n = children_get(d, child);
		freed = 0;
		for (unsigned i = 0; i < n; i++) {
			struct dentry *c = child[i];

			if (depth && !list_empty(&c->children))
				prune(c, depth - 1);
			if (dentry_freeze_cached(c)) {
				dentry_unhash_raw(c);
				dentry_put_last(c);
				freed++;
			} else {
				dentry_put(c);
			}
		}
	} while (freed);
}

void dentry_prune_children(struct dentry *d)
{
	if (!list_empty(&d->children))
		prune(d, PRUNE_DEPTH);
}

void dentry_invalidate(struct dentry *d)
{
	dentry_unhash(d);
	dentry_prune_children(d);
}

static u64 shrink_for_vm(u64 n)
{
	u64 freed = dcache_shrink(n);

	/* Only then is there memory. */
	if (freed)
		rcu_barrier();
	return freed;
}

/*
 * Memory need not be short for names to be too many: long hash chains cost time, and whoever asks
 * for names that do not exist makes them.
 */
static void trim_work(struct work *work)
{
	while (READ_ONCE(dcache_count) > dcache_limit / 8 * 7 && dcache_shrink(SCAN_BATCH))
		sched_point();
}

void dcache_trim(void)
{
	static struct work trim = { .fn = trim_work };

	work_queue(&trim);
}

void dcache_shrinker_init(void)
{
	static struct vm_shrinker shrinker = { .shrink = shrink_for_vm };

	vm_shrinker_add(&shrinker);
}
