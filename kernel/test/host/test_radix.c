#include "test/host/unit.h"

#include "abi/errno.h"
#include "lib/radix.h"

static long live, allowance = 1L << 40;

static struct radix_node *node_alloc(void)
{
	struct radix_node *n;

	if (allowance <= 0)
		return NULL;
	allowance--;
	n = malloc(sizeof(*n));
	memset(n, 0xa5, sizeof(*n));
	live++;
	return n;
}

static void node_free(struct radix_node *n)
{
	live--;
	free(n);
}

static const struct radix_ops ops = { .alloc = node_alloc, .free = node_free };

static void *ptr(u64 v)
{
	return (void *)(v << 4 | 8);
}

/* The model: a small set of indices spread over the whole range. */
enum { MODEL = 300, ROUNDS = 30000 };

struct model {
	u64 index;
	bool in;
	bool tag[RADIX_NR_TAGS];
};

static int model_cmp(const void *a, const void *b)
{
	u64 x = ((const struct model *)a)->index, y = ((const struct model *)b)->index;

	return x < y ? -1 : x > y;
}

static void model_make(struct model *m)
{
	memset(m, 0, MODEL * sizeof(*m));
	for (int i = 0; i < MODEL; i++) {
		unsigned shift = (unsigned)unit_below(4) * 18;

		m[i].index = i < MODEL / 3 ? (u64)i : unit_rand() >> shift;
	}
	m[MODEL - 1].index = ~0ULL;
	m[MODEL - 2].index = ~0ULL - 1;
	qsort(m, MODEL, sizeof(*m), model_cmp);
	for (int i = 1; i < MODEL; i++)		/* no two alike */
		if (m[i].index <= m[i - 1].index && m[i - 1].index != ~0ULL)
			m[i].index = m[i - 1].index + 1;
}

/* Compares every way to read the tree with the model. tag -1: entries. */
static void compare(struct radix_tree *t, struct model *m, int tag)
{
	void *items[7];
	u64 indices[7], at = 0;
	int i = 0;
	bool more = true;

	while (more) {
		unsigned n = tag < 0 ? radix_gang_lookup(t, at, items, indices, 7)
				     : radix_gang_lookup_tag(t, (enum radix_tag)tag, at, items,
							     indices, 7);

		more = n > 0;
		for (unsigned k = 0; k < n; k++, i++) {
			while (i < MODEL && !(m[i].in && (tag < 0 || m[i].tag[tag])))
				i++;
			CHECK(i < MODEL);
			if (i == MODEL)
				return;
			CHECK_EQ(indices[k], m[i].index);
			CHECK(items[k] == ptr(m[i].index));
			at = indices[k] + 1;
			more = at != 0;
		}
	}
	while (i < MODEL && !(m[i].in && (tag < 0 || m[i].tag[tag])))
		i++;
	CHECK_EQ(i, MODEL);
}

static void step(struct radix_tree *t, struct model *m)
{
	unsigned tag = (unsigned)unit_below(RADIX_NR_TAGS);

	switch (unit_below(5)) {
	case 0:
	case 1:
		CHECK_EQ(radix_insert(t, m->index, ptr(m->index), NULL), m->in ? -EEXIST : 0);
		m->in = true;
		break;
	case 2:
		CHECK(radix_delete(t, m->index) == (m->in ? ptr(m->index) : NULL));
		memset(m->tag, 0, sizeof(m->tag));
		m->in = false;
		break;
	case 3:
		radix_tag_set(t, m->index, tag);
		m->tag[tag] = m->in;
		break;
	case 4:
		radix_tag_clear(t, m->index, tag);
		m->tag[tag] = false;
		break;
	}
	CHECK(radix_lookup(t, m->index) == (m->in ? ptr(m->index) : NULL));
	CHECK_EQ(radix_tag_test(t, m->index, tag), m->tag[tag]);
}

TEST(radix_follows_model)
{
	static struct model m[MODEL];
	struct radix_tree t;
	u64 count = 0;

	model_make(m);
	radix_init(&t, &ops);
	for (int i = 0; i < ROUNDS; i++) {
		step(&t, &m[unit_below(MODEL)]);
		if (i % 512)
			continue;
		for (int tag = -1; tag < RADIX_NR_TAGS; tag++)
			compare(&t, m, tag);
	}
	for (int i = 0; i < MODEL; i++)
		count += m[i].in;
	CHECK_EQ(t.count, count);
	for (int i = 0; i < MODEL; i++)
		if (m[i].in)
			CHECK(radix_delete(&t, m[i].index) == ptr(m[i].index));
	CHECK(radix_empty(&t));
	CHECK_EQ(live, 0);
}

TEST(radix_fails_cleanly_without_memory)
{
	struct radix_tree t;
	u64 big = 0x123456789abcdef0ULL;

	radix_init(&t, &ops);
	CHECK_EQ(radix_insert(&t, 5, ptr(5), NULL), 0);
	for (long n = 0; n < 20; n++) {
		long before = live;

		allowance = n;
		if (radix_insert(&t, big, ptr(1), NULL) == 0) {
			CHECK(radix_delete(&t, big) == ptr(1));
			CHECK(n > 10);
			break;
		}
		CHECK_EQ(live, before);
		CHECK(radix_lookup(&t, 5) == ptr(5));
	}
	allowance = 1L << 40;
	radix_destroy(&t, NULL, NULL);
	CHECK_EQ(live, 0);
}

TEST(radix_pool_suffices)
{
	struct radix_pool pool = { 0 };
	struct radix_tree t;

	radix_init(&t, &ops);
	CHECK_EQ(radix_insert(&t, 0, ptr(0), &pool), -ENOMEM);
	CHECK_EQ(radix_pool_fill(&pool, &ops, RADIX_MAX_NODES), 0);
	CHECK_EQ(radix_insert(&t, 0, ptr(0), &pool), 0);
	CHECK_EQ(radix_pool_fill(&pool, &ops, RADIX_MAX_NODES), 0);
	CHECK_EQ(radix_insert(&t, ~0ULL, ptr(1), &pool), 0);
	CHECK(radix_lookup(&t, 0) == ptr(0));
	CHECK(radix_lookup(&t, ~0ULL) == ptr(1));
	CHECK(radix_replace(&t, ~0ULL, ptr(2)) == ptr(1));
	CHECK(radix_lookup(&t, ~0ULL) == ptr(2));
	CHECK(!radix_replace(&t, 7, ptr(2)));
	radix_pool_drain(&pool, &ops);
	radix_destroy(&t, NULL, NULL);
	CHECK_EQ(live, 0);
}

TEST(radix_tags_ranges)
{
	struct radix_tree t;
	u64 first = 100, tagged = 0;
	void *items[8];

	radix_init(&t, &ops);
	for (u64 i = 0; i < 1000; i++) {
		CHECK_EQ(radix_insert(&t, i, ptr(i), NULL), 0);
		if (i % 3 == 0)
			radix_tag_set(&t, i, RADIX_DIRTY);
	}
	CHECK(radix_tagged(&t, RADIX_DIRTY) && !radix_tagged(&t, RADIX_TOWRITE));
	while (first <= 500)
		tagged += radix_tag_range(&t, &first, 500, 10, RADIX_DIRTY, RADIX_TOWRITE);
	CHECK_EQ(tagged, 500 / 3 - 100 / 3);
	CHECK_EQ(first, 501);
	for (u64 i = 0; i < 1000; i++)
		CHECK_EQ(radix_tag_test(&t, i, RADIX_TOWRITE),
			 i >= 100 && i <= 500 && i % 3 == 0);
	CHECK_EQ(radix_gang_lookup_tag(&t, RADIX_TOWRITE, 495, items, NULL, 8), 2);
	first = ~0ULL;
	CHECK_EQ(radix_tag_range(&t, &first, ~0ULL, 10, RADIX_DIRTY, RADIX_TOWRITE), 0);
	CHECK_EQ(first, 0);
	radix_destroy(&t, NULL, NULL);
	CHECK_EQ(live, 0);
}

TEST(radix_finds_holes)
{
	struct radix_tree t;

	radix_init(&t, &ops);
	CHECK_EQ(radix_next_hole(&t, 3, 10), 3);
	for (u64 i = 0; i < 200; i++)
		if (i != 150)
			CHECK_EQ(radix_insert(&t, i, ptr(i), NULL), 0);
	CHECK_EQ(radix_next_hole(&t, 0, 1000), 150);
	CHECK_EQ(radix_next_hole(&t, 0, 100), 100);
	CHECK_EQ(radix_next_hole(&t, 151, 1000), 200);
	CHECK_EQ(radix_next_hole(&t, ~0ULL, 1000), ~0ULL);
	radix_destroy(&t, NULL, NULL);
}

static void count_release(void *item, void *arg)
{
	CHECK(item == ptr(*(u64 *)arg));
	*(u64 *)arg += 1;
}

TEST(radix_destroys_in_order)
{
	struct radix_tree t;
	u64 seen = 0;

	radix_init(&t, &ops);
	for (u64 i = 0; i < 5000; i++)
		CHECK_EQ(radix_insert(&t, i, ptr(i), NULL), 0);
	radix_destroy(&t, count_release, &seen);
	CHECK_EQ(seen, 5000);
	CHECK_EQ(live, 0);
	CHECK(radix_empty(&t));
}
