/*
 * lib/rbtree.h - intrusive red-black trees, optionally augmented.
 *
 * The owner walks down by its own key, then calls rb_link and rb_insert:
 *
 *	struct rb_node **link = &root->node, *parent = NULL;
 *	while (*link) {
 *		parent = *link;
 *		link = key_less(new, parent) ? &parent->left : &parent->right;
 *	}
 *	rb_link(new, parent, link);
 *	rb_insert(root, new);
 *
 * or hands rb_add a comparison. An augmented tree keeps in each node a value computed from the
 * node and its two children (the widest gap below, the least deadline ...): `update(node)`
 * recomputes it, and is called bottom-up for each node whose children changed. When only a node's
 * own key data changed, call rb_update_path. Do not mix plain and augmented verbs on one tree.
 *
 * No locks; the owner's lock guards the tree.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	uintptr_t parent_color;	/* the parent's address; bit 0 set when the node is black */
	struct rb_node *left, *right;
};

struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT_INIT	{ NULL }

typedef void (*rb_update_fn)(struct rb_node *node);
/* True if a sorts before b. */
typedef bool (*rb_less_fn)(const struct rb_node *a, const struct rb_node *b);

#define rb_entry(p, type, member)	container_of(p, type, member)
#define rb_entry_or_null(p, type, member) ({ \
	__typeof__(p) _rbn = (p); _rbn ? rb_entry(_rbn, type, member) : NULL; })

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~(uintptr_t)3);
}

static inline void rb_init(struct rb_root *root)
{
	root->node = NULL;
}

static inline bool rb_empty(const struct rb_root *root)
{
	return root->node == NULL;
}

/* Mark a node as on no tree, and ask. A node taken off by rb_erase is not marked. */
static inline void rb_node_init(struct rb_node *n)
{
	n->parent_color = (uintptr_t)n;
}

static inline bool rb_node_unlinked(const struct rb_node *n)
{
	return n->parent_color == (uintptr_t)n;
}

/* Hang `node`, red, in the empty place `link` below `parent` (NULL for the root). */
static inline void rb_link(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (uintptr_t)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
}

/* Restore the balance after rb_link. The augmented form also updates the way up to the root. */
void rb_insert(struct rb_root *root, struct rb_node *node);
void rb_insert_augmented(struct rb_root *root, struct rb_node *node, rb_update_fn update);

/* Find the place by `less` (after its equals), link and insert. Returns true if the node became
 * the first of the tree, for owners that cache the first. */
bool rb_add(struct rb_root *root, struct rb_node *node, rb_less_fn less);
bool rb_add_augmented(struct rb_root *root, struct rb_node *node, rb_less_fn less,
		      rb_update_fn update);

void rb_erase(struct rb_root *root, struct rb_node *node);
void rb_erase_augmented(struct rb_root *root, struct rb_node *node, rb_update_fn update);

/* Put `new` in the very place of `old`; the keys must sort alike. */
void rb_replace(struct rb_root *root, struct rb_node *old, struct rb_node *new);

/* Recompute `node` and all above it. */
void rb_update_path(struct rb_node *node, rb_update_fn update);

/* In order; NULL at the ends. first and last take O(log n). */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Children before parents, so that the body may free `node`: the way to take a tree apart. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

#define rb_for_each_entry(pos, root, member) \
	for (pos = rb_entry_or_null(rb_first(root), __typeof__(*(pos)), member); pos; \
	     pos = rb_entry_or_null(rb_next(&(pos)->member), __typeof__(*(pos)), member))

/* The body may free `pos`; the tree is unusable until rb_init. `tmp` is of the same type. */
#define rb_for_each_entry_postorder_safe(pos, tmp, root, member) \
	for (pos = rb_entry_or_null(rb_first_postorder(root), __typeof__(*(pos)), member); \
	     pos && ((tmp = rb_entry_or_null(rb_next_postorder(&(pos)->member), \
					     __typeof__(*(pos)), member)), 1); \
	     pos = tmp)

#endif
