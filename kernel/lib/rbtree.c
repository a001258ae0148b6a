/*
 * lib/rbtree.c - red-black trees (Guibas and Sedgewick; the case analysis follows Cormen et al.,
 * chapter 13).
 *
 * A node is red or black; a red node's children are black; each way from a node down to a missing
 * child meets equally many black nodes. Missing children count as black.
 *
 * Augmented values: after a change of shape every node whose subtree changed is updated bottom-up.
 * A rotation changes the sets below two nodes only, the one that went down first; the set below
 * their old common place stays, so nothing above needs an update because of it. Plain trees pass
 * NULL for the update.
 */
#include "lib/rbtree.h"

enum {
	RED = 0,
	BLACK = 1,
};

static inline bool is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & BLACK);
}

static inline void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (n->parent_color & BLACK) | (uintptr_t)parent;
}

static inline void set_color(struct rb_node *n, uintptr_t color)
{
	n->parent_color = (n->parent_color & ~(uintptr_t)BLACK) | color;
}

static inline uintptr_t color_of(const struct rb_node *n)
{
	return n->parent_color & BLACK;
}

/* Let `parent` (or the root) point at `new` where it pointed at `old`. */
static inline void replace_child(struct rb_root *root, struct rb_node *parent,
				 struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

/* What is said of one side holds of the other in the mirror. The side is a constant where these are
 * called, so that each becomes two pieces of code without a question. */
enum side { LEFT, RIGHT };

static __always_inline struct rb_node **child(struct rb_node *n, enum side side)
{
	return side == LEFT ? &n->left : &n->right;
}

/* n goes down on that side, its other child takes its place. */
static __always_inline void rotate(struct rb_root *root, struct rb_node *n, enum side side,
				   rb_update_fn update)
{
	struct rb_node *up = *child(n, !side), *parent = rb_parent(n), *inner = *child(up, side);

	*child(n, !side) = inner;
	if (inner)
		set_parent(inner, n);
	*child(up, side) = n;
	set_parent(up, parent);
	set_parent(n, up);
	replace_child(root, parent, n, up);
	if (update) {
		update(n);
		update(up);
	}
}

/* n and its parent, which is grand's child on that side, are red; their uncle is black. */
static __always_inline void insert_rotate(struct rb_root *root, struct rb_node *n,
					  struct rb_node *grand, enum side side,
					  rb_update_fn update)
{
	struct rb_node *parent = rb_parent(n);

	if (n == *child(parent, !side)) {
		rotate(root, parent, side, update);
		parent = n;
	}
	rotate(root, grand, !side, update);
	set_color(parent, BLACK);
	set_color(grand, RED);
}

/* Two reds in a row at n and its parent: recolour upwards or rotate. */
static void insert_fixup(struct rb_root *root, struct rb_node *n, rb_update_fn update)
{
	struct rb_node *parent, *grand, *uncle;

	while (is_red(parent = rb_parent(n))) {
		grand = rb_parent(parent);	/* exists: a red parent is not the root */
		uncle = parent == grand->left ? grand->right : grand->left;
		if (is_red(uncle)) {
			set_color(parent, BLACK);
			set_color(uncle, BLACK);
			set_color(grand, RED);
			n = grand;
			continue;
		}
		if (parent == grand->left)
			insert_rotate(root, n, grand, LEFT, update);
		else
			insert_rotate(root, n, grand, RIGHT, update);
		break;
	}
	set_color(root->node, BLACK);
}

void rb_update_path(struct rb_node *node, rb_update_fn update)
{
	for (; node; node = rb_parent(node))
		update(node);
}

void rb_insert(struct rb_root *root, struct rb_node *node)
{
	insert_fixup(root, node, NULL);
}

void rb_insert_augmented(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	rb_update_path(node, update);
	insert_fixup(root, node, update);
}

static bool link_by(struct rb_root *root, struct rb_node *node, rb_less_fn less)
{
	struct rb_node **link = &root->node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (less(node, parent)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_link(node, parent, link);
	return first;
}

bool rb_add(struct rb_root *root, struct rb_node *node, rb_less_fn less)
{
	bool first = link_by(root, node, less);

	rb_insert(root, node);
	return first;
}

bool rb_add_augmented(struct rb_root *root, struct rb_node *node, rb_less_fn less,
		      rb_update_fn update)
{
	bool first = link_by(root, node, less);

	rb_insert_augmented(root, node, update);
	return first;
}

/* The subtree of `parent` on that side lacks one black: whether the balance is restored. */
static __always_inline bool erase_fix(struct rb_root *root, struct rb_node *parent, enum side side,
				      rb_update_fn update)
{
	struct rb_node *sib = *child(parent, !side);

	if (is_red(sib)) {
		set_color(sib, BLACK);
		set_color(parent, RED);
		rotate(root, parent, side, update);
		sib = *child(parent, !side);
	}
	if (!is_red(sib->left) && !is_red(sib->right)) {
		set_color(sib, RED);
		return false;
	}
	if (!is_red(*child(sib, !side))) {
		set_color(*child(sib, side), BLACK);
		set_color(sib, RED);
		rotate(root, sib, !side, update);
		sib = *child(parent, !side);
	}
	set_color(sib, color_of(parent));
	set_color(parent, BLACK);
	set_color(*child(sib, !side), BLACK);
	rotate(root, parent, side, update);
	return true;
}

/* The subtree n (perhaps NULL) below parent lacks one black node. */
static void erase_fixup(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
			rb_update_fn update)
{
	while (n != root->node && !is_red(n)) {
		bool done = n == parent->left ? erase_fix(root, parent, LEFT, update) :
						erase_fix(root, parent, RIGHT, update);

		if (done)
			return;
		n = parent;
		parent = rb_parent(n);
	}
	if (n)
		set_color(n, BLACK);
}

/*
 * Take out `node` which has two children: its successor takes over its place and colour. Tells
 * the child and parent at the place the successor left.
 */
static uintptr_t splice_successor(struct rb_root *root, struct rb_node *node,
				  struct rb_node **child, struct rb_node **parent)
{
	struct rb_node *s = node->right;
	uintptr_t color;

	while (s->left)
		s = s->left;
	color = color_of(s);
	*child = s->right;
	if (s == node->right) {
		*parent = s;
	} else {
		*parent = rb_parent(s);
		(*parent)->left = s->right;
		if (s->right)
			set_parent(s->right, *parent);
		s->right = node->right;
		set_parent(s->right, s);
	}
	s->left = node->left;
	set_parent(s->left, s);
	replace_child(root, rb_parent(node), node, s);
	s->parent_color = node->parent_color;
	return color;
}

static void erase(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	struct rb_node *child, *parent;
	uintptr_t color;

	if (node->left && node->right) {
		color = splice_successor(root, node, &child, &parent);
	} else {
		color = color_of(node);
		child = node->left ? node->left : node->right;
		parent = rb_parent(node);
		if (child)
			set_parent(child, parent);
		replace_child(root, parent, node, child);
	}
	if (update)
		rb_update_path(parent, update);
	if (color == BLACK)
		erase_fixup(root, child, parent, update);
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	erase(root, node, NULL);
}

void rb_erase_augmented(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	erase(root, node, update);
}

void rb_replace(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	*new = *old;
	if (new->left)
		set_parent(new->left, new);
	if (new->right)
		set_parent(new->right, new);
	replace_child(root, rb_parent(old), old, new);
}

static struct rb_node *leftmost(struct rb_node *n)
{
	while (n && n->left)
		n = n->left;
	return n;
}

static struct rb_node *rightmost(struct rb_node *n)
{
	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return leftmost(root->node);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rightmost(root->node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->right)
		return leftmost(node->right);
	while ((parent = rb_parent(node)) && node == parent->right)
		node = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->left)
		return rightmost(node->left);
	while ((parent = rb_parent(node)) && node == parent->left)
		node = parent;
	return parent;
}

/* The first leaf below n, going left where possible. */
static struct rb_node *deepest(struct rb_node *n)
{
	while (n && (n->left || n->right))
		n = n->left ? n->left : n->right;
	return n;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	if (parent && node == parent->left && parent->right)
		return deepest(parent->right);
	return parent;
}
