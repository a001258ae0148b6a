/*
 * The dentry cache as the rest of vfs sees it. A hashed dentry is owned by the cache: that is one
 * of its references, so a cached name that nobody uses has exactly one, and a count that reached 0
 * never rises again. Children hold a reference to their parent.
 *
 * Readers find names without locks (RCU). Whoever changes a name or what it means bumps the
 * dentry's seq; a change of place bumps rename_seq as well, so that a walk that saw no change of
 * rename_seq saw one consistent tree.
 */
#pragma once

#include "core/kasan.h"
#include "core/seqlock.h"
#include "lib/string.h"
#include "vfs/path.h"

extern struct seqcount dcache_rename_seq;
extern struct hlist_head *dcache_buckets;
extern u32 dcache_mask;

void dcache_init(void);

static inline struct dentry *dentry_get(struct dentry *d) { ref_get(&d->refs); return d; }
/* The last reference frees it, its inode's reference and its parent's: may sleep. */
void dentry_put_last(struct dentry *d);
static inline void dentry_put(struct dentry *d)
{
	if (ref_put(&d->refs))
		dentry_put_last(d);
}

/*
 * A dentry outside the hash with one reference, the caller's; negative. `parent` may be NULL (a
 * root). NULL: no memory.
 */
struct dentry *dentry_alloc(struct superblock *sb, struct dentry *parent, const struct name *name);
/* The root dentry of a file system; takes over the inode's reference, also on failure. */
struct dentry *dentry_alloc_root(struct superblock *sb, struct inode *inode);
/*
 * Gives a negative dentry its inode (takes over the reference). The parent directory is locked for
 * writing, or nobody else sees the dentry.
 */
void dentry_instantiate(struct dentry *d, struct inode *inode);
/*
 * Enters it into the hash and the LRU. If an equal name is there already, that one is returned with
 * a reference and `d` is put; else `d`.
 */
struct dentry *dentry_hash_add(struct dentry *d);
/* Out of the hash; the cache's reference goes. Any number of times. */
void dentry_unhash(struct dentry *d);
/*
 * The name was removed from its directory (locked for writing; the caller has a reference): it
 * becomes negative if nobody else uses it and it was no directory, else it is unhashed. A directory
 * keeps its dentry's inode for good: a lockless walk that stands in it would else find the names of
 * the next directory of that name, having asked the former one for the right to search.
 */
void dentry_delete(struct dentry *d);
/* Drops cached names below `d` that nobody uses (rmdir, stale names). */
void dentry_prune_children(struct dentry *d);

/* A name found in the cache with a reference (it may be negative), or NULL. No sleep. */
struct dentry *dentry_find(struct dentry *parent, const struct name *name);
/*
 * The same, asking the directory if needed: takes its lock for reading; `_locked`: the caller has
 * it. 0 and *out, perhaps negative.
 */
int dentry_lookup(struct dentry *parent, const struct name *name, struct dentry **out);
int dentry_lookup_locked(struct dentry *parent, const struct name *name, struct dentry **out);
/* The parent with a reference. */
struct dentry *dentry_get_parent(struct dentry *d);

/* A name prepared for dentry_move(): storage if it is long. 0 or -ENOMEM. */
struct dentry_name;
int dentry_name_prepare(const struct name *name, struct dentry_name **out);
/*
 * `d` gets the parent and the name of `target` (negative or replaced: it is unhashed). `storage` is
 * what dentry_name_prepare() gave for that name; taken over. Both directories are locked for
 * writing.
 */
void dentry_move(struct dentry *d, struct dentry *target, struct dentry_name *storage);
/* The two change places. sd, st: storage for d's new name (that of t) and t's. */
void dentry_exchange(struct dentry *d, struct dentry *t, struct dentry_name *sd,
		     struct dentry_name *st);
/*
 * Whether `d` is `ancestor` or below it. Caller holds the superblock's rename_lock, or accepts a
 * momentary answer.
 */
bool dentry_is_below(struct dentry *d, struct dentry *ancestor);

/* Frees up to n (and a few) unused dentries: how many. */
u64 dcache_shrink(u64 n);
/* Frees all below `root`, of a file system that nobody uses any more. */
void dcache_drop_tree(struct dentry *root);

/* Private to dcache*.c */
void dentry_kill(struct dentry *d);
extern struct spinlock dcache_lru_lock; /* RANK_DCACHE; not taken together with a bucket's */
extern struct list dcache_lru;          /* dcache_lru_lock: newest first */
extern u64 dcache_count;                /* dcache_lru_lock */

static inline struct hlist_head *dcache_bucket(const struct dentry *parent, u32 hash)
{
	u32 mix = hash ^ (u32)((u64)parent >> 6) * 0x9e3779b1u;

	return &dcache_buckets[(mix ^ mix >> 15) & dcache_mask];
}

/*
 * Eight bytes from any address. What follows the end of a text is read, too, and ignored: the
 * address sanitizer may not look.
 */
static inline no_kasan u64 load_word(const void *p)
{
	return ((const struct { u64 v; } __packed *)p)->v;
}

/*
 * Compares n bytes. `cached` is a dentry's name: 8 bytes can be read there even if it is shorter.
 */
static inline bool name_equal(const char *cached, const char *text, u32 n)
{
	if (likely(n < 8)) {
		if (likely(((u64)text & (PAGE_SIZE - 1)) <= PAGE_SIZE - 8))
			return (load_word(cached) ^ load_word(text)) << (64 - 8 * n) == 0;
		while (n && *cached == *text)
			n--, cached++, text++;
		return !n;
	}
	for (u32 i = 0; i + 8 < n; i += 8)
		if (load_word(cached + i) != load_word(text + i))
			return false;
	return load_word(cached + n - 8) == load_word(text + n - 8);
}

/*
 * A name in the hash without a reference: its inode (NULL: negative) and the sequence number under
 * which both were right. Caller is an RCU reader.
 */
static inline struct dentry *dentry_find_rcu(const struct dentry *parent, const struct name *name,
					     u32 *seq, struct inode **inode)
{
	struct dentry *d;

	hlist_for_each_entry_rcu(d, dcache_bucket(parent, name->hash), hash) {
		const char *text;
		u32 s;

		if (d->name_hash != name->hash || READ_ONCE(d->parent) != parent)
			continue;
		s = seq_read_begin(&d->seq);
		if (d->name_length != name->length)
			continue;
		text = READ_ONCE(d->name);
		if (text != d->short_name && seq_read_retry(&d->seq, s))
			return NULL;
		if (!name_equal(text, name->text, name->length))
			continue;
		*inode = READ_ONCE(d->inode);
		if (seq_read_retry(&d->seq, s))
			return NULL;
		*seq = s;
		return d;
	}
	return NULL;
}
