/*
 * lib/radix.h - radix tree from a 64-bit index to a pointer, with tags.
 *
 * Nodes have 64 slots; the height grows with the largest index and shrinks when it goes. Each
 * entry carries three tags; a node also keeps, for each tag, which of its subtrees hold a tagged
 * entry, so that searching by tag visits only those.
 *
 * Changes are serialised by the owner's lock. radix_lookup and the gang lookups (without tags) may
 * also run beside one writer inside an RCU read section, provided ops->free defers the release of
 * the node until readers have left (node->defer is room for the bookkeeping of that); what they
 * find may just be going away, so the caller takes a reference that can fail and looks again.
 *
 * Insertion under a spinlock where memory must not be allocated: keep a struct radix_pool, try
 * with it, and on -ENOMEM drop the lock, radix_pool_fill, lock, try again:
 *
 *	spin_lock(l);
 *	while ((err = radix_insert(t, index, item, &pool)) == -ABI_ENOMEM) {
 *		spin_unlock(l);
 *		err = radix_pool_fill(&pool, t->ops, RADIX_MAX_NODES);
 *		...
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include "lib/types.h"

enum radix_tag {
	RADIX_DIRTY,
	RADIX_WRITEBACK,
	RADIX_TOWRITE,
	RADIX_NR_TAGS,
};

enum {
	RADIX_SHIFT = 6,
	RADIX_SLOTS = 1 << RADIX_SHIFT,
	RADIX_MAX_NODES = 21,	/* one insertion never needs more nodes: grow 10 and descend 11 */
};

struct radix_node {
	u8 shift;			/* how far the index is shifted to choose a slot here */
	u8 offset;			/* which slot of the parent holds this node */
	u8 count;			/* slots in use */
	struct radix_node *parent;	/* NULL at the root; links free nodes in a pool */
	u64 tags[RADIX_NR_TAGS];	/* bit n: something under slot n has the tag */
	void *slots[RADIX_SLOTS];
	void *defer[2];			/* for ops->free */
};

struct radix_ops {
	/* A node whose contents do not matter, or NULL. Called under the tree's lock unless a
	 * pool is used, so it must not sleep. */
	struct radix_node *(*alloc)(void);
	/* Releases a node that may still have readers. Called under the tree's lock. */
	void (*free)(struct radix_node *node);
};

struct radix_tree {
	struct radix_node *root;
	u64 count;		/* entries */
	const struct radix_ops *ops;
};

struct radix_pool {
	struct radix_node *free;
	unsigned count;
};

static inline void radix_init(struct radix_tree *t, const struct radix_ops *ops)
{
	t->root = NULL;
	t->count = 0;
	t->ops = ops;
}

static inline bool radix_empty(const struct radix_tree *t)
{
	return READ_ONCE(t->root) == NULL;
}

/* Bring the pool to `want` nodes with ops->alloc. 0, or -ENOMEM and the pool holds what it got. */
int must_check radix_pool_fill(struct radix_pool *pool, const struct radix_ops *ops, unsigned want);
/* Give back all nodes of the pool. */
void radix_pool_drain(struct radix_pool *pool, const struct radix_ops *ops);

/*
 * Enter `item` (not NULL) at `index`, without tags. Nodes come from `pool` alone when it is not
 * NULL, else from ops->alloc. 0, -EEXIST, or -ENOMEM with the tree as it was.
 */
int must_check radix_insert(struct radix_tree *t, u64 index, void *item, struct radix_pool *pool);

/* The entry at index, or NULL. */
void *radix_lookup(const struct radix_tree *t, u64 index);

/* Puts `item` (not NULL) in place of an existing entry, tags kept. Returns the old one, or NULL
 * and nothing done if there was none. */
void *radix_replace(struct radix_tree *t, u64 index, void *item);

/* Takes the entry away with its tags and returns it, or NULL. */
void *radix_delete(struct radix_tree *t, u64 index);

/* Up to `max` entries in order from index `first`; their indices too when `indices` is not NULL.
 * Returns how many. */
unsigned radix_gang_lookup(const struct radix_tree *t, u64 first, void **items, u64 *indices,
			   unsigned max);
/* The same, of entries that have the tag. Under the tree's lock. */
unsigned radix_gang_lookup_tag(const struct radix_tree *t, enum radix_tag tag, u64 first,
			       void **items, u64 *indices, unsigned max);

/* Tags of an entry; on an absent index set and clear do nothing and test is false. */
void radix_tag_set(struct radix_tree *t, u64 index, enum radix_tag tag);
void radix_tag_clear(struct radix_tree *t, u64 index, enum radix_tag tag);
bool radix_tag_test(const struct radix_tree *t, u64 index, enum radix_tag tag);

/* True if any entry has the tag. */
static inline bool radix_tagged(const struct radix_tree *t, enum radix_tag tag)
{
	const struct radix_node *root = t->root;

	return root && root->tags[tag];
}

/*
 * Gives the tag `set` to entries from *first to `last` that have the tag `have`, at most `max` of
 * them; *first moves past the last one visited, and is last + 1 (or wraps to 0) when the range is
 * done. Returns how many were tagged.
 */
u64 radix_tag_range(struct radix_tree *t, u64 *first, u64 last, u64 max, enum radix_tag have,
		    enum radix_tag set);

/* The first index in from .. from+max-1 that has no entry, or from+max (saturated). */
u64 radix_next_hole(const struct radix_tree *t, u64 from, u64 max);

/* Frees all nodes, calling `release` (when not NULL) for each entry first. */
void radix_destroy(struct radix_tree *t, void (*release)(void *item, void *arg), void *arg);

#endif
