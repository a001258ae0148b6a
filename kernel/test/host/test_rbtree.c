#include "test/host/unit.h"

#include "lib/rbtree.h"

enum { N = 600, ROUNDS = 20000 };

struct item {
	u64 key;
	u64 subtree_sum;	/* of the keys here and below */
	bool in;
	struct rb_node node;
};

static struct item *item_of(const struct rb_node *n)
{
	return container_of(n, struct item, node);
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

static u64 sum_of(const struct rb_node *n)
{
	return n ? item_of(n)->subtree_sum : 0;
}

static void item_update(struct rb_node *n)
{
	item_of(n)->subtree_sum = item_of(n)->key + sum_of(n->left) + sum_of(n->right);
}

/* Checks order, colours, parents and (when asked) sums below n; returns the black height. */
static int verify(const struct rb_node *n, const struct rb_node *parent, bool sums, u64 *count)
{
	int left, right;
	bool black;

	if (!n)
		return 1;
	black = n->parent_color & 1;
	CHECK(rb_parent(n) == parent);
	CHECK(black || !parent || parent->parent_color & 1);
	CHECK(parent || black);
	CHECK(!n->left || !item_less(n, n->left));
	CHECK(!n->right || !item_less(n->right, n));
	if (sums)
		CHECK_EQ(item_of(n)->subtree_sum,
			 item_of(n)->key + sum_of(n->left) + sum_of(n->right));
	++*count;
	left = verify(n->left, n, sums, count);
	right = verify(n->right, n, sums, count);
	CHECK_EQ(left, right);
	return left + black;
}

static void exercise(bool augmented)
{
	static struct item items[N];
	struct rb_root root = RB_ROOT_INIT;
	u64 count = 0, seen, last;
	struct item *it;

	memset(items, 0, sizeof(items));
	for (int i = 0; i < ROUNDS; i++) {
		it = &items[unit_below(N)];
		if (it->in && augmented) {
			rb_erase_augmented(&root, &it->node, item_update);
		} else if (it->in) {
			rb_erase(&root, &it->node);
		} else {
			struct rb_node *first = rb_first(&root);
			bool becomes;

			it->key = unit_below(N / 2);
			becomes = !first || it->key < item_of(first)->key;
			CHECK_EQ(augmented ? rb_add_augmented(&root, &it->node, item_less,
							      item_update)
					   : rb_add(&root, &it->node, item_less),
				 becomes);
		}
		it->in = !it->in;
		count += it->in ? 1 : -1;
		if (i % 64 == 0) {
			seen = 0;
			verify(root.node, NULL, augmented, &seen);
			CHECK_EQ(seen, count);
		}
	}
	seen = 0;
	last = 0;
	rb_for_each_entry(it, &root, node) {
		CHECK(it->key >= last);
		last = it->key;
		seen++;
	}
	CHECK_EQ(seen, count);
	for (struct rb_node *n = rb_last(&root); n; n = rb_prev(n))
		seen--;
	CHECK_EQ(seen, 0);
}

TEST(rbtree_plain)
{
	exercise(false);
}

TEST(rbtree_augmented)
{
	exercise(true);
}

TEST(rbtree_replace_and_update)
{
	struct rb_root root = RB_ROOT_INIT;
	struct item a[7], b = { .key = 3 };
	u64 seen = 0;

	for (u64 i = 0; i < 7; i++) {
		a[i].key = i;
		rb_add_augmented(&root, &a[i].node, item_less, item_update);
	}
	rb_replace(&root, &a[3].node, &b.node);
	rb_update_path(&b.node, item_update);
	verify(root.node, NULL, true, &seen);
	CHECK_EQ(seen, 7);
	CHECK_EQ(sum_of(root.node), 21);
	CHECK(rb_next(&a[2].node) == &b.node);
	CHECK(rb_prev(&a[4].node) == &b.node);
	rb_node_init(&a[3].node);
	CHECK(rb_node_unlinked(&a[3].node));
	CHECK(!rb_node_unlinked(&b.node));
}

TEST(rbtree_postorder_frees)
{
	struct rb_root root = RB_ROOT_INIT;
	struct item *it, *tmp;
	int n = 0;

	for (int i = 0; i < 100; i++) {
		it = malloc(sizeof(*it));
		it->key = unit_rand();
		rb_add(&root, &it->node, item_less);
	}
	rb_for_each_entry_postorder_safe(it, tmp, &root, node) {
		free(it);
		n++;
	}
	CHECK_EQ(n, 100);
	rb_init(&root);
	CHECK(rb_empty(&root));
}
