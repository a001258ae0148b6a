/*
 * The buddy allocator (Knowlton 1965): to allocate, take the smallest free block that is large
 * enough and halve it, giving the upper halves back, until it fits; to free, join the block with
 * its buddy as long as the buddy is free whole. A bit per order tells where to look, so both take
 * at most BUDDY_ORDERS steps.
 *
 * Before: frames.c, which locks. After: nothing.
 */
#include "mm/buddy_int.h"

#include "lib/bitops.h"

void buddy_init(struct buddy *b, struct page *pages)
{
	b->pages = pages;
	b->nonempty = 0;
	b->n_free = 0;
	for (unsigned i = 0; i < BUDDY_ORDERS; i++) {
		b->n_blocks[i] = 0;
		list_init(&b->free[i]);
	}
}

static void block_insert(struct buddy *b, struct page *page, unsigned order)
{
	page->flags = (page->flags & PG_POISONED) | PG_BUDDY;
	page->order = order;
	list_add(&page->lru, &b->free[order]);
	b->n_blocks[order]++;
	b->nonempty |= 1u << order;
}

static void block_remove(struct buddy *b, struct page *page, unsigned order)
{
	list_unlink(&page->lru);
	page->flags &= ~PG_BUDDY;
	if (--b->n_blocks[order] == 0)
		b->nonempty &= ~(1u << order);
}

/* Takes a free block of order `from` off its list and cuts it down to `order`; the upper halves go
 * back. */
static void block_take(struct buddy *b, struct page *page, unsigned from, unsigned order)
{
	block_remove(b, page, from);
	while (from > order) {
		from--;
		block_insert(b, page + (1u << from), from);
	}
	b->n_free -= 1u << order;
}

struct page *buddy_alloc(struct buddy *b, unsigned order)
{
	u32 usable = b->nonempty >> order;
	struct page *page;
	unsigned from;

	if (!usable)
		return NULL;
	from = order + ctz64(usable);
	page = list_first_entry(&b->free[from], struct page, lru);
	block_take(b, page, from, order);
	return page;
}

struct page *buddy_alloc_below(struct buddy *b, unsigned order, pfn_t limit)
{
	struct page *page;

	for (unsigned from = order; from < BUDDY_ORDERS; from++) {
		list_for_each_entry(page, &b->free[from], lru) {
			/* The lowest part of the block is the one that block_take() keeps. */
			if ((pfn_t)(page - b->pages) + (1u << order) <= limit) {
				block_take(b, page, from, order);
				return page;
			}
		}
	}
	return NULL;
}

void buddy_free(struct buddy *b, struct page *page, unsigned order)
{
	pfn_t pfn = (pfn_t)(page - b->pages);

	b->n_free += 1u << order;
	while (order < BUDDY_ORDERS - 1) {
		struct page *other = b->pages + (pfn ^ (1u << order));

		if (!(other->flags & PG_BUDDY) || other->order != order)
			break;
		block_remove(b, other, order);
		pfn &= ~(pfn_t)(1u << order);
		order++;
	}
	block_insert(b, b->pages + pfn, order);
}

void buddy_free_range(struct buddy *b, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned order = BUDDY_ORDERS - 1;

		if (start)
			order = min(order, ctz64(start));
		order = min(order, ilog2(end - start));
		buddy_free(b, b->pages + start, order);
		start += 1u << order;
	}
}
