/*
 * The inode cache: inodes in memory by (superblock, number). An inode lives while somebody has a
 * reference: its dentries do, so what the dentry cache keeps is kept here. When the last reference
 * goes it is written out (or, with no link left, its file system frees its blocks), and its storage
 * is freed after a grace period.
 *
 * One that cannot be written for want of memory is kept (sb->late), with a reference, and let go
 * again at the next periodic write-back, sync(2) or unmount.
 *
 * A number that is being read in (I_NEW) or on its way out (no reference, still hashed) makes
 * others wait. Locks: that of its stripe guards each bucket of the hash; sb->inode_lock the
 * superblock's lists and inode->state; they are not taken together.
 */
#include "abi/stat.h"
#include "core/log.h"
#include "core/panic.h"
#include "dev/blk.h"
#include "lib/bitops.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/wait.h"
#include "vfs/acl.h"
#include "vfs/file.h"
#include "vfs/super_int.h"

/* Some buckets, whose inodes come and go without a look at the others'. l: lock. */
struct stripe {
	struct spinlock lock;    /* RANK_ICACHE; one at a time */
	u64 changes;             /* l: inodes that stopped being new or left the hash */
} __aligned(64);

enum { STRIPES = 64 };
static struct stripe stripes[STRIPES];
static struct hlist_head *buckets; /* their stripe's lock */
static unsigned bucket_bits;
/* Woken when an inode stops being new or is out of the hash. */
static struct wait_queue changed = WAIT_QUEUE_INIT(changed);

const struct inode_ops inode_ops_none;
static const struct file_ops file_ops_none;
static const struct pagecache_ops no_pages;

void icache_init(void)
{
	struct mm_stats stats;

	mm_stats(&stats);
	bucket_bits = ilog2(clamp(roundup_pow2(stats.total / 32), 512ull, 1ull << 19));
	buckets = vmalloc(sizeof(*buckets) << bucket_bits, MM_KERNEL | MM_ZERO);
	if (!buckets)
		panic("vfs: no memory for the inode cache");
	for (unsigned i = 0; i < STRIPES; i++)
		spin_init(&stripes[i].lock, RANK_ICACHE, "icache");
}

static u64 hash_of(const struct superblock *sb, u64 ino)
{
	return hash_u64(ino ^ (u64)sb >> 4, bucket_bits);
}

static struct hlist_head *bucket_of(const struct superblock *sb, u64 ino)
{
	return &buckets[hash_of(sb, ino)];
}

static struct stripe *stripe_of(const struct superblock *sb, u64 ino)
{
	return &stripes[hash_of(sb, ino) % STRIPES];
}

static u64 inode_cache_size(struct pagecache *cache)
{
	return (u64)READ_ONCE(((struct inode *)cache->owner)->size);
}

/* mmap(2): st_mtime and st_ctime of a file that is written through a shared mapping. */
static void inode_cache_stored(struct pagecache *cache)
{
	struct inode *inode = cache->owner;

	if (S_ISREG(inode->mode))
		inode_touch_written(inode);
}

static void inode_cache_hold(struct pagecache *cache)
{
	inode_get(cache->owner);
}

static void inode_cache_unhold(struct pagecache *cache)
{
	inode_put(cache->owner);
}

static bool inode_cache_try_hold(struct pagecache *cache)
{
	return ref_try_get(&((struct inode *)cache->owner)->refs);
}

/* What every inode begins with; the file system's part of the storage is its own business. */
static void inode_setup(struct inode *inode, struct superblock *sb)
{
	memset(inode, 0, sizeof(*inode));
	inode->sb = sb;
	inode->ops = &inode_ops_none;
	inode->fops = &file_ops_none;
	ref_set(&inode->refs, 1);
	inode->nlink = 1;
	inode->state = I_NEW;
	rwsem_init(&inode->lock, RANK_INODE, "inode");
	pagecache_init(&inode->cache, &no_pages, inode);
	inode->cache.ahead = sb && sb->dev ? &sb->dev->disk->ahead : NULL;
	inode->cache.gate = sb ? sb->gate : NULL;
	inode->cache.all_errors = &sb->errors;
	inode->cache.size = inode_cache_size;
	inode->cache.stored = inode_cache_stored;
	inode->cache.hold = inode_cache_hold;
	inode->cache.unhold = inode_cache_unhold;
	inode->cache.try_hold = inode_cache_try_hold;
	spin_init(&inode->spin, RANK_INODE_SPIN, "inode_spin");
	list_init(&inode->locks);
	hlist_node_init(&inode->hash);
	list_init(&inode->dirty_link);
	list_init(&inode->dentries);
	list_init(&inode->watches);
	ref_get(&sb->storage);
	spin_lock(&sb->inode_lock);
	list_add(&inode->sb_link, &sb->inodes);
	spin_unlock(&sb->inode_lock);
}

struct inode *inode_alloc_new(struct superblock *sb)
{
	struct inode *inode = sb->ops->inode_alloc(sb);

	if (inode)
		inode_setup(inode, sb);
	return inode;
}

/* A hashed inode, also one with no reference left. Lock held. */
static struct inode *hash_find_locked(struct superblock *sb, u64 ino)
{
	struct inode *inode;

	hlist_for_each_entry(inode, bucket_of(sb, ino), hash)
		if (inode->ino == ino && inode->sb == sb)
			return inode;
	return NULL;
}

bool icache_wait_empty(struct superblock *sb, u64 deadline_ns)
{
	return wait_until_timeout(&changed, list_empty(&sb->inodes), deadline_ns) == 0;
}

static void announce_change(struct stripe *stripe)
{
	spin_lock(&stripe->lock);
	stripe->changes++;
	spin_unlock(&stripe->lock);
	wait_wake(&changed, 0);
}

/* Finds an inode with a reference; waits while the number is on its way out. NULL: none. */
static struct inode *cache_find(struct superblock *sb, u64 ino)
{
	struct stripe *stripe = stripe_of(sb, ino);

	for (;;) {
		struct inode *inode;
		bool got;
		u64 seen;

		spin_lock(&stripe->lock);
		inode = hash_find_locked(sb, ino);
		got = inode && ref_try_get(&inode->refs);
		seen = stripe->changes;
		spin_unlock(&stripe->lock);
		if (!inode || got)
			return inode;
		wait_until(&changed, READ_ONCE(stripe->changes) != seen);
	}
}

struct inode *inode_lookup(struct superblock *sb, u64 ino)
{
	struct stripe *stripe = stripe_of(sb, ino);
	struct inode *fresh = NULL, *inode;
	bool entered;

	for (;;) {
		inode = cache_find(sb, ino);
		if (inode) {
			if (READ_ONCE(inode->state) & I_NEW)
				wait_until(&changed, !(READ_ONCE(inode->state) & I_NEW));
			if (likely(!hlist_unhashed(&inode->hash)))
				break;
			inode_put(inode); /* it could not be read: try ourselves */
			continue;
		}
		if (!fresh) {
			fresh = inode_alloc_new(sb);
			if (!fresh)
				return NULL;
			fresh->ino = ino;
		}
		spin_lock(&stripe->lock);
		entered = !hash_find_locked(sb, ino);
		if (entered)
			hlist_add_head(&fresh->hash, bucket_of(sb, ino));
		spin_unlock(&stripe->lock);
		if (entered)
			return fresh;
	}
	if (fresh)
		inode_discard(fresh);
	return inode;
}

int inode_hash_new(struct inode *inode, u64 ino)
{
	struct stripe *stripe = stripe_of(inode->sb, ino);
	struct inode *other;

	inode->ino = ino;
	other = cache_find(inode->sb, ino);
	if (other) {
		inode_put(other);
		return -EEXIST;
	}
	spin_lock(&stripe->lock);
	other = hash_find_locked(inode->sb, ino);
	if (!other)
		hlist_add_head(&inode->hash, bucket_of(inode->sb, ino));
	spin_unlock(&stripe->lock);
	return other ? -EEXIST : 0;
}

void inode_set_state(struct inode *inode, u32 set, u32 clear)
{
	spin_lock(&inode->sb->inode_lock);
	inode->state = (inode->state & ~clear) | set;
	spin_unlock(&inode->sb->inode_lock);
}

void inode_unlock_new(struct inode *inode)
{
	if (S_ISDIR(inode->mode)) /* nobody has used the lock before */
		rwsem_init(&inode->lock, RANK_INODE_DIR, "directory");
	inode_set_state(inode, 0, I_NEW);
	announce_change(stripe_of(inode->sb, inode->ino));
}

static void hash_remove(struct inode *inode)
{
	struct stripe *stripe = stripe_of(inode->sb, inode->ino);

	spin_lock(&stripe->lock);
	hlist_del(&inode->hash);
	spin_unlock(&stripe->lock);
}

void inode_fail_new(struct inode *inode)
{
	struct stripe *stripe = stripe_of(inode->sb, inode->ino);

	hash_remove(inode);
	inode_set_state(inode, I_FREEING, I_NEW);
	announce_change(stripe);
	if (ref_put(&inode->refs))
		inode_destroy(inode);
}

static void inode_free_rcu(struct rcu_head *head)
{
	struct inode *inode = container_of(head, struct inode, rcu);
	struct superblock *sb = inode->sb;

	inode_acls_free(inode);
	sb->ops->inode_free(inode);
	super_put_storage(sb);
}

void inode_destroy(struct inode *inode)
{
	struct superblock *sb = inode->sb;

	/* The superblock's accounts may hear of it: before the inode leaves its list. */
	pagecache_fini(&inode->cache);
	spin_lock(&sb->inode_lock);
	list_del(&inode->sb_link);
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
	spin_unlock(&sb->inode_lock);
	rcu_call(&inode->rcu, inode_free_rcu);
}

void inode_discard(struct inode *inode)
{
	inode->state |= I_FREEING;
	inode_destroy(inode);
}

/* Pages and metadata that only memory has, of a file that still has a name. */
static bool needs_writing(const struct inode *inode)
{
	if (!inode->nlink)
		return false;
	return (READ_ONCE(inode->state) & (I_DIRTY | I_DIRTY_TIME)) ||
	       (READ_ONCE(inode->cache.n_dirty) && !(inode->cache.flags & PAGECACHE_NO_RECLAIM));
}

static int write_out(struct inode *inode)
{
	int err = 0, err2;

	if (READ_ONCE(inode->cache.n_dirty) && !(inode->cache.flags & PAGECACHE_NO_RECLAIM))
		err = pagecache_sync(&inode->cache);
	err2 = inode_clean(inode);
	return err2 == -ABI_ENOMEM ? err2 : err;
}

/*
 * Nobody has a reference, and writing ended so: whether the inode has one again, that of sb->late.
 */
static bool keep_late(struct inode *inode, int err)
{
	struct superblock *sb = inode->sb;

	/* Of several errors we hear the first: what has no place yet was not written, for sure. */
	if (!err || (err != -ABI_ENOMEM && !READ_ONCE(inode->blocks_delayed)) ||
	    !needs_writing(inode))
		return false;
	if (READ_ONCE(sb->dying)) {
		log_err("vfs: %s: no memory to write inode %llu, data was lost", sb->type->name,
			(unsigned long long)inode->ino);
		return false;
	}
	spin_lock(&sb->inode_lock);
	inode->next_late = sb->late;
	sb->late = inode;
	ref_set(&inode->refs, 1);
	spin_unlock(&sb->inode_lock);
	return true;
}

/* The last reference went: nobody finds the inode but those who wait for its number. */
static void inode_evict(struct inode *inode)
{
	const struct super_ops *ops = inode->sb->ops;
	struct stripe *stripe = stripe_of(inode->sb, inode->ino);
	struct gate *gate = inode->nlink ? NULL : inode->sb->gate;

	if (unlikely(needs_writing(inode)) && unlikely(keep_late(inode, write_out(inode)))) {
		announce_change(stripe);
		return;
	}
	inode_set_state(inode, I_FREEING, 0);
	if (unlikely(gate))
		gate_enter_unkillable(gate, GATE_EVICT);
	if (ops->inode_evict)
		ops->inode_evict(inode);
	gate_leave(gate, GATE_EVICT);
	if (inode->nlink)
		(void)inode_clean(inode);
	hash_remove(inode);
	inode_destroy(inode);
	announce_change(stripe);
}

void inode_put(struct inode *inode)
{
	/*
	 * Writing holds and releases the inode, so it is better done while we still have our
	 * reference.
	 */
	if (ref_read(&inode->refs) == 1 && unlikely(needs_writing(inode)))
		(void)write_out(inode);
	if (!ref_put(&inode->refs))
		return;
	if (READ_ONCE(inode->state) & I_FREEING)
		inode_destroy(inode); /* a failed new one, held by a waiter */
	else
		inode_evict(inode);
}

bool icache_put_late(struct superblock *sb, bool last)
{
	struct inode *inode, *next;

	if (likely(!READ_ONCE(sb->late)))
		return false;
	if (last)
		WRITE_ONCE(sb->dying, true);
	spin_lock(&sb->inode_lock);
	inode = sb->late;
	sb->late = NULL;
	spin_unlock(&sb->inode_lock);
	for (; inode; inode = next) {
		next = inode->next_late;
		inode_put(inode);
	}
	return READ_ONCE(sb->late);
}
