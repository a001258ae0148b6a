/* The core of the frame allocator on an array of its own, against a map of who has which frame. */
#include "test/host/unit.h"

#include "mm/buddy_int.h"

#define FRAMES 8192u

static struct page *pages;
static u8 owned[FRAMES]; /* 1: handed out, or not given to the allocator at all */
static struct buddy b;

static void setup(pfn_t start, pfn_t end)
{
	free(pages);
	pages = calloc(FRAMES, sizeof(*pages));
	memset(owned, 1, sizeof(owned));
	memset(owned + start, 0, end - start);
	buddy_init(&b, pages);
	buddy_free_range(&b, start, end);
}

static u64 count_free(void)
{
	u64 n = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		n += !owned[i];
	return n;
}

/* Marks a block as handed out: it must be aligned, and all of it free before. */
static void take(struct page *page, unsigned order)
{
	pfn_t pfn = (pfn_t)(page - pages);

	CHECK(pfn % (1u << order) == 0);
	for (unsigned i = 0; i < 1u << order; i++) {
		CHECK(!owned[pfn + i]);
		owned[pfn + i] = 1;
		CHECK(!(page[i].flags & PG_BUDDY));
	}
}

static void give(struct page *page, unsigned order)
{
	memset(owned + (page - pages), 0, 1u << order);
	page->flags = 0;
	buddy_free(&b, page, order);
}

/* Lists, counts and bits agree with each other and with the map, and no two buddies are both
 * free. */
static void check_whole(void)
{
	u64 total = 0;

	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		struct page *page;
		u64 n = 0;

		list_for_each_entry(page, &b.free[order], lru) {
			pfn_t pfn = (pfn_t)(page - pages), other = pfn ^ (1u << order);

			n++;
			CHECK((page->flags & PG_BUDDY) && page->order == order);
			for (unsigned i = 0; i < 1u << order; i++)
				CHECK(!owned[pfn + i]);
			if (order < BUDDY_ORDERS - 1)
				CHECK(!((pages[other].flags & PG_BUDDY) &&
					pages[other].order == order));
		}
		CHECK_EQ(b.n_blocks[order], n);
		CHECK_EQ(b.nonempty >> order & 1, n != 0);
		total += n << order;
	}
	CHECK_EQ(b.n_free, total);
	CHECK_EQ(b.n_free, count_free());
}

TEST(ranges_become_the_largest_blocks)
{
	setup(0, FRAMES);
	CHECK_EQ(b.n_blocks[BUDDY_ORDERS - 1], FRAMES / BUDDY_MAX_FRAMES);
	check_whole();
	setup(3, 1027);
	CHECK_EQ(b.n_free, 1024);
	CHECK_EQ(b.n_blocks[BUDDY_ORDERS - 1], 0);
	check_whole();
	setup(5, 5);
	CHECK_EQ(b.n_free, 0);
	CHECK(!buddy_alloc(&b, 0));
}

TEST(everything_can_be_taken_and_joins_again)
{
	static struct page *got[FRAMES];
	unsigned n = 0;

	setup(1, FRAMES - 7);
	while ((got[n] = buddy_alloc(&b, 0)))
		take(got[n++], 0);
	CHECK_EQ(n, FRAMES - 8);
	CHECK_EQ(b.n_free, 0);
	for (unsigned i = 0; i < n; i++)
		give(got[(i * 4099u) % n], 0);
	check_whole();
	CHECK_EQ(b.n_blocks[BUDDY_ORDERS - 1], FRAMES / BUDDY_MAX_FRAMES - 2);
}

TEST(blocks_below_a_limit)
{
	struct page *page;

	setup(0, FRAMES);
	page = buddy_alloc_below(&b, 3, 100);
	CHECK(page && (pfn_t)(page - pages) + 8 <= 100);
	take(page, 3);
	check_whole();
	CHECK(!buddy_alloc_below(&b, 5, 31));
	for (unsigned i = 0; i < 11; i++) {
		page = buddy_alloc_below(&b, 3, 100);
		CHECK(page && (pfn_t)(page - pages) + 8 <= 100);
		take(page, 3);
	}
	CHECK(!buddy_alloc_below(&b, 3, 100));
	CHECK(buddy_alloc_below(&b, 3, 104));
}

TEST(random_life)
{
	enum { HELD = 700 };
	struct { struct page *page; unsigned order; } held[HELD];
	unsigned n = 0;

	setup(100, FRAMES - 100);
	for (unsigned step = 0; step < 60000; step++) {
		if (n < HELD && unit_below(2)) {
			unsigned order = (unsigned)unit_below(unit_below(20) ? 4 : BUDDY_ORDERS);
			struct page *page = buddy_alloc(&b, order);

			if (!page)
				continue;
			take(page, order);
			held[n].page = page;
			held[n++].order = order;
		} else if (n) {
			unsigned i = (unsigned)unit_below(n);

			give(held[i].page, held[i].order);
			held[i] = held[--n];
		}
		if (step % 5000 == 0)
			check_whole();
	}
	while (n--)
		give(held[n].page, held[n].order);
	check_whole();
	CHECK_EQ(b.n_free, FRAMES - 200);
	CHECK_EQ(b.n_blocks[BUDDY_ORDERS - 1], FRAMES / BUDDY_MAX_FRAMES - 2);
	free(pages);
	pages = NULL;
}
