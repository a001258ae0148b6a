/*
 * The end of cached names: when memory is short, when a file system is unmounted, when a directory goes. A cached dentry has one reference, the cache's; taking it from 1
 * to 0 freezes the dentry: readers that still find it cannot get it any more.
 */
#include "vfs/name_int.h"
#include "vm/aspace.h"

#define BATCH 16
#define SCAN_BATCH 256
#define PRUNE_DEPTH 8

static bool dentry_freeze(struct dentry *d, u32 expected)
{
	return __atomic_compare_exchange_n(&d->refs.n, &expected, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Whether freeing the dentry would mean input and output now. */
static bool dentry_is_dirty(const struct dentry *d)
{
	const struct inode *inode = d->inode;

	return inode && ((READ_ONCE(inode->state) & I_DIRTY) || READ_ONCE(inode->cache.n_dirty));
}

/* Looks at up to *scan dentries from the old end of the LRU and moves those that can go to `victims`, frozen. LRU lock held. */
static u64 lru_collect_locked(struct list *victims, u64 n, u64 *scan, struct superblock *sb)
{
	u64 look = min_t(u64, *scan, SCAN_BATCH), found = 0;

	*scan -= look;
	while (look-- && found < n && !list_empty(&dcache_lru)) {
		struct dentry *d = list_last_entry(&dcache_lru, struct dentry, lru);

		if (sb ? d->sb != sb : d->used || dentry_is_dirty(d)) {
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

u64 dcache_shrink(u64 n, struct superblock *sb)
{
	u64 freed = 0, scan = READ_ONCE(dcache_count) * 2 + SCAN_BATCH, found;

	if (n < scan / 8)
		scan = n * 8;
	while (freed < n && scan) {
		LIST_HEAD(victims);

		spin_lock(&dcache_lru_lock);
		found = lru_collect_locked(&victims, n - freed, &scan, sb);
		spin_unlock(&dcache_lru_lock);
		if (found && sb)
			scan = READ_ONCE(dcache_count) * 2 + SCAN_BATCH; /* parents may have become free */
		while (!list_empty(&victims)) {
			struct dentry *d = list_first_entry(&victims, struct dentry, lru);

			dentry_unhash_raw(d);
			dentry_put_last(d);
		}
		freed += found;
		sched_point();
	}
	return freed;
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
			if (!(READ_ONCE(c->flags) & DENTRY_UNHASHED) && dentry_freeze(c, 2)) {
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
	return dcache_shrink(n, NULL);
}

void dcache_shrinker_init(void)
{
	static struct vm_shrinker shrinker = { .shrink = shrink_for_vm };

	vm_shrinker_add(&shrinker);
}
