/*
 * lib/radix.c - radix tree from a 64-bit index to a pointer, with tags.
 *
 * The root's shift says how large an index the tree can hold; every node holds at least one entry
 * or child, and a root above leaf level holds more than its slot 0. Insertion grows the tree
 * upwards and fills in the way down; deletion prunes empty nodes upwards and then shrinks.
 *
 * Readers without the lock only follow `root` and `slots`, and read `shift`, which never changes
 * while a node is in the tree. A node is complete before it is published, and one that left the
 * tree keeps its slots until ops->free lets go of it. `parent`, `offset`, `count` and `tags` are
 * the writer's.
 */
#include "lib/radix.h"

#include "abi/errno.h"
#include "lib/bitops.h"
#include "lib/string.h"

enum { NO_TAG = -1 };

static inline unsigned slot_of(const struct radix_node *n, u64 index)
{
	return index >> n->shift & (RADIX_SLOTS - 1);
}

/* True if the index lies beyond what a tree with this root can hold. */
static inline bool beyond(const struct radix_node *root, u64 index)
{
	return index >> root->shift >= RADIX_SLOTS;
}

int radix_pool_fill(struct radix_pool *pool, const struct radix_ops *ops, unsigned want)
{
	while (pool->count < want) {
		struct radix_node *n = ops->alloc();

		if (!n)
			return -ENOMEM;
		n->parent = pool->free;
		pool->free = n;
		pool->count++;
	}
	return 0;
}

static struct radix_node *pool_take(struct radix_pool *pool)
{
	struct radix_node *n = pool->free;

	if (n) {
		pool->free = n->parent;
		pool->count--;
	}
	return n;
}

void radix_pool_drain(struct radix_pool *pool, const struct radix_ops *ops)
{
	struct radix_node *n;

	while ((n = pool_take(pool)))
		ops->free(n);
}

static struct radix_node *node_new(struct radix_tree *t, struct radix_pool *pool, unsigned shift)
{
	struct radix_node *n = pool ? pool_take(pool) : t->ops->alloc();

	if (n) {
		memset(n, 0, sizeof(*n));
		n->shift = (u8)shift;
	}
	return n;
}

/* While the root has nothing but slot 0, that child becomes the root. */
static void shrink(struct radix_tree *t)
{
	struct radix_node *root = t->root;

	while (root && root->shift && root->count == 1 && root->slots[0]) {
		struct radix_node *child = root->slots[0];

		child->parent = NULL;
		store_release(&t->root, child);
		t->ops->free(root);
		root = child;
	}
}

/* Frees n and its ancestors as far as they are empty. */
static void prune(struct radix_tree *t, struct radix_node *n)
{
	while (n && n->count == 0) {
		struct radix_node *parent = n->parent;

		if (parent) {
			WRITE_ONCE(parent->slots[n->offset], NULL);
			parent->count--;
		} else {
			WRITE_ONCE(t->root, NULL);
		}
		t->ops->free(n);
		n = parent;
	}
	shrink(t);
}

/* Makes the root reach `index`. */
static int grow(struct radix_tree *t, u64 index, struct radix_pool *pool)
{
	struct radix_node *root = t->root, *n;
	unsigned shift = 0;

	if (!root) {
		while (index >> shift >= RADIX_SLOTS)
			shift += RADIX_SHIFT;
		n = node_new(t, pool, shift);
		if (!n)
			return -ENOMEM;
		store_release(&t->root, n);
		return 0;
	}
	while (beyond(root, index)) {
		n = node_new(t, pool, root->shift + RADIX_SHIFT);
		if (!n)
			return -ENOMEM;
		n->slots[0] = root;
		n->count = 1;
		for (unsigned tag = 0; tag < RADIX_NR_TAGS; tag++)
			n->tags[tag] = root->tags[tag] != 0;
		root->offset = 0;
		root->parent = n;
		store_release(&t->root, n);
		root = n;
	}
	return 0;
}

int radix_insert(struct radix_tree *t, u64 index, void *item, struct radix_pool *pool)
{
	struct radix_node *n, *child;
	unsigned slot;
	int err = grow(t, index, pool);

	if (err) {
		shrink(t);
		return err;
	}
	for (n = t->root; n->shift; n = child) {
		slot = slot_of(n, index);
		child = n->slots[slot];
		if (child)
			continue;
		child = node_new(t, pool, n->shift - RADIX_SHIFT);
		if (!child) {
			prune(t, n);
			return -ENOMEM;
		}
		child->offset = (u8)slot;
		child->parent = n;
		n->count++;
		store_release(&n->slots[slot], (void *)child);
	}
	slot = slot_of(n, index);
	if (n->slots[slot])
		return -EEXIST;
	n->count++;
	t->count++;
	store_release(&n->slots[slot], item);
	return 0;
}

/* The leaf that would hold `index`, or NULL. */
static struct radix_node *leaf_of(const struct radix_tree *t, u64 index)
{
	struct radix_node *n = load_acquire(&t->root);

	if (!n || beyond(n, index))
		return NULL;
	while (n && n->shift)
		n = load_acquire(&n->slots[slot_of(n, index)]);
	return n;
}

void *radix_lookup(const struct radix_tree *t, u64 index)
{
	struct radix_node *leaf = leaf_of(t, index);

	return leaf ? load_acquire(&leaf->slots[slot_of(leaf, index)]) : NULL;
}

void *radix_replace(struct radix_tree *t, u64 index, void *item)
{
	struct radix_node *leaf = leaf_of(t, index);
	unsigned slot;
	void *old;

	if (!leaf)
		return NULL;
	slot = slot_of(leaf, index);
	old = leaf->slots[slot];
	if (old)
		store_release(&leaf->slots[slot], item);
	return old;
}

static void leaf_tag_set(struct radix_node *n, unsigned slot, enum radix_tag tag)
{
	for (; n && !(n->tags[tag] & BIT(slot)); n = n->parent) {
		n->tags[tag] |= BIT(slot);
		slot = n->offset;
	}
}

static void leaf_tag_clear(struct radix_node *n, unsigned slot, enum radix_tag tag)
{
	while (n && n->tags[tag] & BIT(slot)) {
		n->tags[tag] &= ~BIT(slot);
		if (n->tags[tag])
			return;
		slot = n->offset;
		n = n->parent;
	}
}

void *radix_delete(struct radix_tree *t, u64 index)
{
	struct radix_node *leaf = leaf_of(t, index);
	unsigned slot;
	void *item;

	if (!leaf)
		return NULL;
	slot = slot_of(leaf, index);
	item = leaf->slots[slot];
	if (!item)
		return NULL;
	for (unsigned tag = 0; tag < RADIX_NR_TAGS; tag++)
		leaf_tag_clear(leaf, slot, tag);
	WRITE_ONCE(leaf->slots[slot], NULL);
	leaf->count--;
	t->count--;
	prune(t, leaf);
	return item;
}

void radix_tag_set(struct radix_tree *t, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(t, index);

	if (leaf && leaf->slots[slot_of(leaf, index)])
		leaf_tag_set(leaf, slot_of(leaf, index), tag);
}

void radix_tag_clear(struct radix_tree *t, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(t, index);

	if (leaf)
		leaf_tag_clear(leaf, slot_of(leaf, index), tag);
}

bool radix_tag_test(const struct radix_tree *t, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(t, index);

	return leaf && leaf->tags[tag] & BIT(slot_of(leaf, index));
}

/* The first slot from `slot` on that is in use (has the tag), or RADIX_SLOTS; what it held. */
static unsigned next_slot(const struct radix_node *n, unsigned slot, int tag, void **held)
{
	if (tag != NO_TAG) {
		u64 bits = n->tags[tag] & ~0ULL << slot;

		slot = bits ? ctz64(bits) : RADIX_SLOTS;
		*held = bits ? n->slots[slot] : NULL;
		return slot;
	}
	for (; slot < RADIX_SLOTS; slot++) {
		*held = load_acquire(&n->slots[slot]);
		if (*held)
			break;
	}
	return slot;
}

/*
 * The leaf with the first entry (that has the tag) at or after *index, which moves to that entry.
 * Goes down from the root, and again from the root when a subtree turns out to end too early.
 */
static struct radix_node *leaf_from(const struct radix_tree *t, u64 *index, int tag)
{
	for (;;) {
		struct radix_node *n = load_acquire(&t->root);
		u64 at = *index;

		if (!n || beyond(n, at))
			return NULL;
		for (;;) {
			unsigned shift = n->shift, first = slot_of(n, at);
			void *held = NULL;
			unsigned slot = next_slot(n, first, tag, &held);

			if (slot == RADIX_SLOTS)
				break;
			if (slot != first)
				at = ((at >> shift) - first + slot) << shift;
			if (!shift) {
				*index = at;
				return n;
			}
			n = held;
		}
		/* Nothing more below n: go on where its range ends, unless that is the top. */
		if (n->shift + RADIX_SHIFT >= 64)
			return NULL;
		at = ((at >> (n->shift + RADIX_SHIFT)) + 1) << (n->shift + RADIX_SHIFT);
		if (!at)
			return NULL;
		*index = at;
	}
}

static unsigned gang(const struct radix_tree *t, int tag, u64 index, void **items, u64 *indices,
		     unsigned max)
{
	struct radix_node *leaf;
	unsigned n = 0;

	while (n < max && (leaf = leaf_from(t, &index, tag))) {
		u64 base = index & ~(u64)(RADIX_SLOTS - 1);
		unsigned slot = slot_of(leaf, index);
		void *item;

		while (n < max && (slot = next_slot(leaf, slot, tag, &item)) < RADIX_SLOTS) {
			if (indices)
				indices[n] = base + slot;
			items[n++] = item;
			slot++;
			if (slot == RADIX_SLOTS)
				break;
		}
		index = base + RADIX_SLOTS;
		if (!index)
			break;
	}
	return n;
}

unsigned radix_gang_lookup(const struct radix_tree *t, u64 first, void **items, u64 *indices,
			   unsigned max)
{
	return gang(t, NO_TAG, first, items, indices, max);
}

unsigned radix_gang_lookup_tag(const struct radix_tree *t, enum radix_tag tag, u64 first,
			       void **items, u64 *indices, unsigned max)
{
	return gang(t, (int)tag, first, items, indices, max);
}

u64 radix_tag_range(struct radix_tree *t, u64 *first, u64 last, u64 max, enum radix_tag have,
		    enum radix_tag set)
{
	u64 index = *first, n = 0;
	struct radix_node *leaf;

	while (n < max && index <= last) {
		leaf = leaf_from(t, &index, (int)have);
		if (!leaf || index > last) {
			index = last + 1;
			break;
		}
		leaf_tag_set(leaf, slot_of(leaf, index), set);
		n++;
		if (!++index)
			break;
	}
	*first = index;
	return n;
}

u64 radix_next_hole(const struct radix_tree *t, u64 from, u64 max)
{
	u64 end;

	if (add_overflow(from, max, &end))
		end = ~0ULL;
	while (from < end) {
		struct radix_node *leaf = leaf_of(t, from);

		if (!leaf)
			return from;
		do {
			if (!load_acquire(&leaf->slots[slot_of(leaf, from)]))
				return from;
		} while (++from < end && from % RADIX_SLOTS);
	}
	return end;
}

void radix_destroy(struct radix_tree *t, void (*release)(void *item, void *arg), void *arg)
{
	struct radix_node *n = t->root, *parent;
	unsigned slot = 0;
	void *held = NULL;

	while (n) {
		slot = next_slot(n, slot, NO_TAG, &held);
		if (slot < RADIX_SLOTS && n->shift) {
			n = held;
			slot = 0;
		} else if (slot < RADIX_SLOTS) {
			if (release)
				release(held, arg);
			slot++;
		} else {
			parent = n->parent;
			slot = n->offset + 1u;
			t->ops->free(n);
			n = parent;
		}
	}
	t->root = NULL;
	t->count = 0;
}
