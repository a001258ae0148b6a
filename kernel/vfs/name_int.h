/*
 * Names of dentries: short ones inside, long ones in storage of their own that readers may still
 * look at for a grace period.
 */
#pragma once

#include "vfs/dcache_int.h"

struct dentry_name {
	struct rcu_head rcu;
	char text[];
};

static inline struct dentry_name *dentry_name_of(const char *text)
{
	return container_of((char (*)[])text, struct dentry_name, text);
}

/*
 * Sets text, length and hash; takes over `storage`. The dentry is locked and its seq odd, or nobody
 * sees it.
 */
void dentry_name_set(struct dentry *d, const struct name *name, struct dentry_name *storage);

/*
 * Into and out of the bucket of its present name and parent. d->lock or dcache's rename lock is
 * held.
 */
void dentry_bucket_add(struct dentry *d);
void dentry_bucket_del(struct dentry *d);
bool dentry_unhash_raw(struct dentry *d);
/*
 * Forgets a name that is not right any more, and what is cached below it. The caller has a
 * reference.
 */
void dentry_invalidate(struct dentry *d);
/* Lets vm's reclaim ask for unused dentries. */
void dcache_shrinker_init(void);
/* There are more names than dcache_limit: a work frees some. */
void dcache_trim(void);
extern u64 dcache_limit; /* I */
/* Hash of a name's bytes, as the walk makes it. */
u32 name_hash(const char *text, u32 length);
