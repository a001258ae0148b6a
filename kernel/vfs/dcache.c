/*
 * The dentry cache: names of directories kept in memory, also those that are known not to exist.
 * dcache_int.h tells who owns a dentry and how readers go without locks; the walk (walk.c) stands
 * before this file, the directories' own lookup (inode_ops) behind it. Moves are in dcache_move.c,
 * the end of dentries in dcache_free.c.
 *
 * Locks: dentry->lock guards flags, inode, seq and the list of children; a bucket's lock its chain;
 * both are spinlocks and nothing sleeps under them. What a directory contains is guarded by its
 * inode->lock: for reading while names are looked up, for writing while they change.
 */
#include "abi/stat.h"
#include "core/panic.h"
#include "lib/bitops.h"
#include "lib/hash.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "vfs/dcache_int.h"
#include "vfs/name_int.h"
#include "vfs/notify.h"

#define N_BUCKET_LOCKS 64

struct seqcount dcache_rename_seq;
struct hlist_head *dcache_buckets;
u32 dcache_mask;
struct spinlock dcache_lru_lock;
struct list dcache_lru = LIST_INIT(dcache_lru);
u64 dcache_count;
u64 dcache_limit;

static struct spinlock bucket_locks[N_BUCKET_LOCKS];
static struct slab_cache *dentry_slab;

static struct spinlock *bucket_lock(const struct hlist_head *bucket)
{
	return &bucket_locks[(size_t)(bucket - dcache_buckets) % N_BUCKET_LOCKS];
}

void dcache_init(void)
{
	struct mm_stats stats;
	u64 n;

	mm_stats(&stats);
	n = clamp(roundup_pow2(stats.total / 4), 1024ull, 1ull << 20);
	dcache_buckets = vmalloc(n * sizeof(*dcache_buckets), MM_KERNEL | MM_ZERO);
	dentry_slab = slab_cache_create("dentry", sizeof(struct dentry), 64);
	if (!dcache_buckets || !dentry_slab)
		panic("vfs: no memory for the dentry cache");
	slab_cache_set_reclaimable(dentry_slab);
	dcache_mask = (u32)n - 1;
	dcache_limit = stats.total * 4; /* a fifth of memory */
	spin_init(&dcache_lru_lock, RANK_DCACHE, "dcache_lru");
	for (unsigned i = 0; i < N_BUCKET_LOCKS; i++)
		spin_init(&bucket_locks[i], RANK_DCACHE, "dcache_bucket");
	dcache_shrinker_init();
}

struct dentry *dentry_alloc(struct superblock *sb, struct dentry *parent, const struct name *name)
{
	struct dentry_name *storage;
	struct dentry *d;

	if (dentry_name_prepare(name, &storage) < 0)
		return NULL;
	d = slab_alloc(dentry_slab, MM_KERNEL);
	if (!d) {
		kfree(storage);
		return NULL;
	}
	ref_set(&d->refs, 1);
	d->flags = DENTRY_UNHASHED;
	spin_init(&d->lock, RANK_DENTRY, "dentry");
	d->seq.n = 0;
	d->inode = NULL;
	d->parent = parent ? dentry_get(parent) : d;
	dentry_name_set(d, name, storage);
	hlist_node_init(&d->hash);
	list_init(&d->child_link);
	list_init(&d->children);
	list_init(&d->lru);
	list_init(&d->alias_link);
	d->sb = sb;
	d->private = NULL;
	d->used = false;
	if (parent) {
		spin_lock(&parent->lock);
		list_add(&d->child_link, &parent->children);
		spin_unlock(&parent->lock);
	}
	return d;
}

static void dentry_free_rcu(struct rcu_head *head)
{
	struct dentry *d = container_of(head, struct dentry, rcu);

	if (d->name != d->short_name)
		kfree(dentry_name_of(d->name));
	slab_free(dentry_slab, d);
}

/* Frees a dentry with no reference left; not that of its parent. */
void dentry_kill(struct dentry *d)
{
	struct inode *inode = d->inode;

	if (d->parent != d) {
		spin_lock(&d->parent->lock);
		list_del(&d->child_link);
		spin_unlock(&d->parent->lock);
	}
	if (inode) {
		spin_lock(&inode->spin);
		list_del_init(&d->alias_link);
		spin_unlock(&inode->spin);
		notify_unnamed(inode);
		inode_put(inode);
	}
	rcu_call(&d->rcu, dentry_free_rcu);
}

void dentry_put_last(struct dentry *d)
{
	for (;;) {
		struct dentry *parent = d->parent;

		dentry_kill(d);
		if (parent == d || !ref_put(&parent->refs))
			return;
		d = parent;
	}
}

struct dentry *dentry_alloc_root(struct superblock *sb, struct inode *inode)
{
	static const struct name slash = { "/", 1, 0 };
	struct dentry *d = dentry_alloc(sb, NULL, &slash);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->flags = 0;
	dentry_instantiate(d, inode);
	return d;
}

void dentry_instantiate(struct dentry *d, struct inode *inode)
{
	spin_lock(&inode->spin);
	list_add(&d->alias_link, &inode->dentries);
	spin_unlock(&inode->spin);
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	d->inode = inode;
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
}

/*
 * Gives a negative dentry its inode (takes over the reference), unless that has a dentry in this
 * directory under another spelling: then that one, referenced, and `d` is put. Directory locked.
 */
static struct dentry *instantiate_once(struct dentry *d, struct inode *inode)
{
	struct dentry *other, *found = NULL;

	spin_lock(&inode->spin);
	list_for_each_entry(other, &inode->dentries, alias_link) {
		if (other->parent == d->parent && ref_try_get(&other->refs)) {
			found = other;
			break;
		}
	}
	if (!found)
		list_add(&d->alias_link, &inode->dentries);
	spin_unlock(&inode->spin);
	if (found) {
		inode_put(inode);
		dentry_put(d);
		return found;
	}
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	d->inode = inode;
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
	return d;
}

void dentry_bucket_add(struct dentry *d)
{
	struct hlist_head *bucket = dcache_bucket(d->parent, d->name_hash);

	spin_lock(bucket_lock(bucket));
	hlist_add_head_rcu(&d->hash, bucket);
	spin_unlock(bucket_lock(bucket));
}

void dentry_bucket_del(struct dentry *d)
{
	struct hlist_head *bucket = dcache_bucket(d->parent, d->name_hash);

	spin_lock(bucket_lock(bucket));
	hlist_del_rcu(&d->hash);
	spin_unlock(bucket_lock(bucket));
}

static bool dentry_is_named(const struct dentry *d, const struct dentry *parent,
			    const struct name *name)
{
	return d->name_hash == name->hash && d->parent == parent &&
	       d->name_length == name->length && name_equal(d->name, name->text, name->length);
}

/* A live entry of a bucket with a reference; its lock is held. */
static struct dentry *bucket_find_locked(struct hlist_head *bucket, struct dentry *parent,
					 const struct name *name)
{
	struct dentry *d;

	hlist_for_each_entry(d, bucket, hash)
		if (dentry_is_named(d, parent, name) && ref_try_get(&d->refs))
			return d;
	return NULL;
}

struct dentry *dentry_hash_add(struct dentry *d)
{
	struct hlist_head *bucket = dcache_bucket(d->parent, d->name_hash);
	struct name name = { d->name, d->name_length, d->name_hash };
	struct dentry *other;

	spin_lock(&d->lock);
	spin_lock(bucket_lock(bucket));
	other = bucket_find_locked(bucket, d->parent, &name);
	if (!other) {
		ref_get(&d->refs); /* the cache's */
		d->flags &= ~DENTRY_UNHASHED;
		hlist_add_head_rcu(&d->hash, bucket);
	}
	spin_unlock(bucket_lock(bucket));
	if (!other) {
		spin_lock(&dcache_lru_lock);
		list_add(&d->lru, &dcache_lru);
		dcache_count++;
		spin_unlock(&dcache_lru_lock);
	}
	spin_unlock(&d->lock);
	if (!other) {
		if (unlikely(READ_ONCE(dcache_count) > dcache_limit))
			dcache_trim();
		return d;
	}
	dentry_put(d);
	return other;
}

/* Out of the hash and the LRU, without dropping the cache's reference: whether it was in. */
bool dentry_unhash_raw(struct dentry *d)
{
	bool was;

	spin_lock(&d->lock);
	was = !(d->flags & DENTRY_UNHASHED) && d->hash.pprev;
	if (was) {
		d->flags |= DENTRY_UNHASHED;
		dentry_bucket_del(d);
		spin_lock(&dcache_lru_lock);
		list_del_init(&d->lru);
		dcache_count--;
		spin_unlock(&dcache_lru_lock);
	}
	spin_unlock(&d->lock);
	return was;
}

void dentry_unhash(struct dentry *d)
{
	if (dentry_unhash_raw(d))
		dentry_put(d);
}

void dentry_delete(struct dentry *d)
{
	struct inode *inode = NULL;

	spin_lock(&d->lock);
	if (!(d->flags & DENTRY_UNHASHED) && !(d->sb->flags & SB_NO_CACHE_NEGATIVE) &&
	    !S_ISDIR(d->inode->mode)) {
		seq_write_begin(&d->seq);
		/*
		 * A walker takes its reference, then looks at seq; here it is the other way round:
		 * one of the two sees the other.
		 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (ref_read(&d->refs) == 2) {
			inode = d->inode;
			d->inode = NULL;
		}
		seq_write_end(&d->seq);
	}
	spin_unlock(&d->lock);
	if (!inode) {
		dentry_unhash(d);
		return;
	}
	spin_lock(&inode->spin);
	list_del_init(&d->alias_link);
	spin_unlock(&inode->spin);
	notify_unnamed(inode);
	inode_put(inode);
}

struct dentry *dentry_find(struct dentry *parent, const struct name *name)
{
	struct inode *inode;
	struct dentry *d;
	u32 seq;

	rcu_read_lock();
	d = dentry_find_rcu(parent, name, &seq, &inode);
	if (!d || !ref_try_get(&d->refs)) {
		rcu_read_unlock();
		return NULL;
	}
	rcu_read_unlock();
	if (unlikely(seq_read_retry(&d->seq, seq))) {
		dentry_put(d);
		return NULL;
	}
	if (!d->used)
		d->used = true;
	return d;
}

int dentry_lookup_locked(struct dentry *parent, const struct name *name, struct dentry **out)
{
	struct hlist_head *bucket = dcache_bucket(parent, name->hash);
	struct inode *dir = parent->inode, *inode = NULL;
	struct dentry *d;
	int err;

	/*
	 * Renames elsewhere may lead a lockless reader astray to another chain; the locked search
	 * is sure.
	 */
	spin_lock(bucket_lock(bucket));
	d = bucket_find_locked(bucket, parent, name);
	spin_unlock(bucket_lock(bucket));
	if (d) {
		if (!d->inode || !d->inode->ops->revalidate || d->inode->ops->revalidate(d)) {
			*out = d;
			return 0;
		}
		dentry_invalidate(d);
		dentry_put(d);
	}
	if (READ_ONCE(dir->state) & I_UNLINKED)
		return -ENOENT;
	if (!dir->ops->lookup)
		return -ENOTDIR;
	d = dentry_alloc(parent->sb, parent, name);
	if (!d)
		return -ENOMEM;
	err = dir->ops->lookup(dir, name, &inode);
	if (err < 0) {
		dentry_put(d);
		return err;
	}
	if (inode && parent->sb->flags & SB_SPELLINGS)
		d = instantiate_once(d, inode);
	else if (inode)
		dentry_instantiate(d, inode);
	if (inode || !(parent->sb->flags & SB_NO_CACHE_NEGATIVE))
		d = dentry_hash_add(d);
	*out = d;
	return 0;
}

int dentry_lookup(struct dentry *parent, const struct name *name, struct dentry **out)
{
	struct inode *dir = parent->inode;
	int err;

	rwsem_read(&dir->lock);
	err = dentry_lookup_locked(parent, name, out);
	rwsem_read_end(&dir->lock);
	return err;
}

struct dentry *dentry_get_parent(struct dentry *d)
{
	for (;;) {
		struct dentry *parent;
		bool got;

		rcu_read_lock();
		parent = rcu_load(d->parent);
		got = ref_try_get(&parent->refs);
		rcu_read_unlock();
		if (!got)
			continue;
		if (likely(parent == READ_ONCE(d->parent)))
			return parent;
		dentry_put(parent);
	}
}
