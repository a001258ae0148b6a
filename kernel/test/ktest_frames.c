/* Page frames: blocks of all orders, marks and the reserve, references, and that nothing is
 * lost. */
#include "arch/percpu.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"
#include "test/ktest.h"

KTEST(frames_orders)
{
	u64 before = ktest_frames_settle();
	struct page *page[11];

	for (unsigned order = 0; order < 11; order++) {
		page[order] = page_alloc_order(order, MM_KERNEL | MM_ZERO | MM_NORETRY);
		if (!page[order]) {
			/* only the largest may be missing in a small machine */
			KTEST_CHECK(order > 8);
			continue;
		}
		KTEST_CHECK(page_to_pfn(page[order]) % (1u << order) == 0);
		KTEST_CHECK(page[order]->refs == 1 && page[order]->map_count == 0);
		KTEST_CHECK(mem_is_all(page_to_virt(page[order]), 0, PAGE_SIZE << order));
		memset(page_to_virt(page[order]), 0x55, PAGE_SIZE << order);
	}
	for (unsigned order = 0; order < 11; order++)
		if (page[order])
			page_free_order(page[order], order);
	KTEST_CHECK(ktest_frames_are_back(before));
}

KTEST(frames_references)
{
	struct page *page = page_alloc(MM_KERNEL);

	KTEST_CHECK(page);
	if (!page)
		return;
	page_get(page);
	KTEST_CHECK(page->refs == 2);
	page_put(page);
	KTEST_CHECK(page_try_get(page));
	page_put(page);
	page_put(page);
	KTEST_CHECK(!page_try_get(page));
}

/* Takes all memory that a careful caller may have, then all that a hasty one may have, and gives it
 * back. */
KTEST(frames_exhaustion)
{
	u64 before = ktest_frames_settle(), taken = 0, start = clock_monotonic();
	struct list all = LIST_INIT(all);
	struct page *page, *next;
	struct mm_stats stats;

	mm_stats(&stats);
	while ((page = page_alloc(MM_KERNEL | MM_NORETRY))) {
		list_add(&page->lru, &all);
		taken++;
	}
	/* With memory above 4 GiB, some below is kept for those who need it there. */
	KTEST_CHECK(mm_free_frames() <=
		    mm_mark_min() + 256 + (stats.total > GIB(4) / PAGE_SIZE ? 1 << 15 : 0));
	KTEST_CHECK(!page_alloc(MM_KERNEL | MM_NORETRY));
	for (unsigned i = 0; i < 8; i++) {
		page = page_alloc(MM_ATOMIC);
		KTEST_CHECK(page);
		if (page) {
			list_add(&page->lru, &all);
			taken++;
		}
	}
	while ((page = page_alloc(MM_ATOMIC))) {
		list_add(&page->lru, &all);
		taken++;
	}
	KTEST_CHECK(!kmalloc(100000, MM_ATOMIC));
	list_for_each_entry_safe(page, next, &all, lru)
		page_put(page);
	ktest_note("%llu frames taken and given back, %llu ns each", (unsigned long long)taken,
		   (unsigned long long)((clock_monotonic() - start) / taken));
	KTEST_CHECK(ktest_frames_are_back(before));
}

/* What is allocated one after the other is, for the most part, one segment for a device. */
KTEST(frames_rise)
{
	enum { FRAMES = 512 };
	u64 before = ktest_frames_settle();
	struct page *list = NULL, *page;
	unsigned taken = 0, rising = 0;
	pfn_t last = 0;

	for (; taken < FRAMES && (page = page_alloc(MM_KERNEL)); taken++) {
		rising += page_to_pfn(page) == last + 1;
		last = page_to_pfn(page);
		page->private = (u64)list;
		list = page;
	}
	KTEST_CHECK(taken == FRAMES && rising > FRAMES / 2);
	for (; list; list = page) {
		page = (struct page *)list->private;
		list->private = 0;
		page_put(list);
	}
	KTEST_CHECK(ktest_frames_are_back(before));
}

KTEST(frames_dma32)
{
	struct page *page = page_alloc_order(2, MM_KERNEL | MM_DMA32);

	KTEST_CHECK(page && page_to_phys(page) < GIB(4));
	if (page)
		page_free_order(page, 2);
}

KTEST(frames_speed)
{
	enum { ROUNDS = 20000 };
	u64 start = clock_monotonic();

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct page *page = page_alloc(MM_KERNEL);

		if (!page) {
			KTEST_CHECK(page);
			return;
		}
		page_put(page);
	}
	ktest_note("page alloc + free: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / ROUNDS));
}

KTEST(frames_pfn_is_ram)
{
	struct page *page = page_alloc(MM_KERNEL);

	KTEST_CHECK(!pfn_is_ram(0xa0000 >> PAGE_SHIFT));
	KTEST_CHECK(!pfn_is_ram(~0ull >> PAGE_SHIFT));
	KTEST_CHECK(pfn_is_ram(virt_to_phys((void *)ktest_start) >> PAGE_SHIFT));
	KTEST_CHECK(page && pfn_is_ram(page_to_pfn(page)));
	if (page)
		page_put(page);
}
