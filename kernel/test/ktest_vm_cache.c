/* The page cache alone: reading ahead, writing back, failing, truncation, reclaim. */
#include "core/clock.h"
#include "mm/slab.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"
#include "vfs/direct_int.h"
#include "vm/vm_int.h"

/* Whether page `index` reads as it should. */
static bool page_right(struct ktest_file *file, pgoff_t index)
{
	struct page *page;
	bool right;

	if (pagecache_get(&file->cache, index, index, &page))
		return false;
	right = ((u64 *)page_to_virt(page))[3] == ktest_file_word(index, 3) &&
		((u64 *)page_to_virt(page))[511] == ktest_file_word(index, 511);
	page_put(page);
	return right;
}

KTEST(vm_cache_readahead)
{
	struct ktest_file *file = ktest_file_create(MIB(8));
	u64 wrong = 0;

	for (pgoff_t i = 0; i < 2048; i++)
		wrong += !page_right(file, i);
	KTEST_CHECK(wrong == 0);
	ktest_note("2048 pages in order: %llu reads", (unsigned long long)file->n_reads);
	KTEST_CHECK(file->n_reads < 100 && file->pages_read == 2048);
	KTEST_CHECK(pagecache_shrink(&file->cache) + 4 >= 2048);
	/* Here and there: no more than what is asked for. */
	file->pages_read = 0;
	for (pgoff_t i = 0; i < 100; i++)
		wrong += !page_right(file, (i * 997 + 5) % 2048);
	KTEST_CHECK(wrong == 0 && file->pages_read <= 110);
	ktest_file_destroy(file);
}

KTEST(vm_cache_hit_time)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct page *page;
	u64 start;

	(void)page_right(file, 7);
	start = clock_monotonic();
	for (unsigned i = 0; i < 10000; i++) {
		KTEST_CHECK(pagecache_get(&file->cache, 7, 7, &page) == 0);
		page_put(page);
	}
	ktest_note("cached pagecache_get: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / 10000));
	ktest_file_destroy(file);
}

static void dirty_page(struct ktest_file *file, pgoff_t index, u64 value)
{
	struct page *page;

	KTEST_CHECK(pagecache_get_locked(&file->cache, index, false, &page) == 0);
	*(u64 *)page_to_virt(page) = value;
	page_dirty(page);
	page_unlock(page);
	page_put(page);
}

KTEST(vm_cache_writeback)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct pagecache_stats stats;

	for (pgoff_t i = 0; i < 200; i++)
		dirty_page(file, i, 1000 + i);
	dirty_page(file, 250, 1250);
	KTEST_CHECK(file->cache.n_dirty == 201);
	KTEST_CHECK(pagecache_write_range(&file->cache, 0, 99, true) == 0);
	KTEST_CHECK(file->pages_written == 100 && file->n_writes <= 3 &&
		    file->cache.n_dirty == 101);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0);
	KTEST_CHECK(file->pages_written == 201 && file->cache.n_dirty == 0);
	pagecache_stats(&stats);
	KTEST_CHECK(stats.dirty == 0 && stats.writeback == 0);
	KTEST_CHECK(*(u64 *)(file->kept + 250 * PAGE_SIZE) == 1250);
	/* A failed write is told once. */
	file->fail = true;
	dirty_page(file, 3, 1);
	KTEST_CHECK(pagecache_sync(&file->cache) == -ABI_EIO);
	file->fail = false;
	KTEST_CHECK(pagecache_sync(&file->cache) == 0);
	ktest_file_destroy(file);
}

/* Parts of a page have no place yet: written or not, who looks for such pages finds it. */
KTEST(vm_cache_delayed)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct page *page, *found = NULL;
	pgoff_t at = 0;

	dirty_page(file, 5, 1);
	page = pagecache_find(&file->cache, 5);
	page_set(page, PG_DELAYED);
	file->pages_written = 0;
	KTEST_CHECK(pagecache_write_placed(&file->cache, 0, ~0ull, true) == 0);
	KTEST_CHECK(file->pages_written == 1 && file->cache.n_dirty == 1);
	KTEST_CHECK(pagecache_next_dirty(&file->cache, &at, ~0ull, &found, 1) == 1 &&
		    found == page);
	if (found)
		page_put(found);
	page_reset(page, PG_DELAYED);
	page_put(page);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0);
	KTEST_CHECK(file->pages_written == 2 && file->cache.n_dirty == 0);
	ktest_file_destroy(file);
}

static int place_error;

static int place(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool soon)
{
	return place_error;
}

/* Who wants pages written is told when they got no place; who only helps should not try at once. */
KTEST(vm_cache_no_place)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct pagecache_ops ops = *file->cache.ops;

	ops.place = place;
	file->cache.ops = &ops;
	place_error = -ENOMEM;
	dirty_page(file, 5, 1);
	KTEST_CHECK(pagecache_write_range(&file->cache, 0, ~0ull, true) == -ABI_ENOMEM);
	dirty_page(file, 5, 1);
	KTEST_CHECK(pagecache_write_some(&file->cache, 16) == 0);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0); /* it had a place, and nobody asked */
	place_error = 0;
	dirty_page(file, 5, 1);
	KTEST_CHECK(pagecache_write_some(&file->cache, 16) == 1);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0);
	ktest_file_destroy(file);
}

/* What is to make way for a direct write, and cannot be written, stays. */
KTEST(vm_cache_not_dropped)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct pagecache_ops ops = *file->cache.ops;
	struct page *page;

	ops.place = place;
	file->cache.ops = &ops;
	dirty_page(file, 5, 1);
	page = pagecache_find(&file->cache, 5);
	page_set(page, PG_DELAYED);
	place_error = -ENOMEM;
	KTEST_CHECK(direct_cache_out(&file->cache, 5 * PAGE_SIZE, 6 * PAGE_SIZE, true) ==
		    -ABI_ENOMEM);
	KTEST_CHECK(page->cache == &file->cache && page_test(page, PG_DIRTY));
	place_error = 0;
	page_reset(page, PG_DELAYED);
	KTEST_CHECK(direct_cache_out(&file->cache, 5 * PAGE_SIZE, 6 * PAGE_SIZE, true) == 0);
	KTEST_CHECK(!page->cache);
	page_put(page);
	ktest_file_destroy(file);
}

KTEST(vm_cache_background)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	u64 limit = clock_monotonic() + 8 * NSEC_PER_SEC;

	dirty_page(file, 9, 99);
	while (READ_ONCE(file->cache.n_dirty) && clock_monotonic() < limit)
		sched_yield();
	KTEST_CHECK(file->cache.n_dirty == 0);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0 && file->pages_written == 1);
	ktest_file_destroy(file);
}

KTEST(vm_cache_read_error)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct page *page;

	file->fail = true;
	KTEST_CHECK(pagecache_get(&file->cache, 5, 5, &page) == -ABI_EIO);
	KTEST_CHECK(pagecache_get_locked(&file->cache, 6, false, &page) == -ABI_EIO);
	file->fail = false;
	KTEST_CHECK(page_right(file, 5) && page_right(file, 6));
	ktest_file_destroy(file);
}

KTEST(vm_cache_truncate)
{
	struct ktest_file *file = ktest_file_create(MIB(1));
	struct page *page;

	for (pgoff_t i = 0; i < 256; i++)
		KTEST_CHECK(page_right(file, i));
	dirty_page(file, 200, 1);
	rwsem_write(&file->cache.invalidate);
	file->size = 10 * PAGE_SIZE + 100;
	pagecache_truncate(&file->cache, file->size);
	rwsem_write_end(&file->cache.invalidate);
	KTEST_CHECK(file->cache.n_pages == 11);
	page = pagecache_find(&file->cache, 10);
	KTEST_CHECK(page && ((u64 *)page_to_virt(page))[11] == ktest_file_word(10, 11) &&
		    ((u64 *)page_to_virt(page))[13] == 0);
	if (page)
		page_put(page);
	KTEST_CHECK(file->cache.n_dirty == 1);
	rwsem_write(&file->cache.invalidate);
	pagecache_drop_range(&file->cache, 2, 4);
	rwsem_write_end(&file->cache.invalidate);
	KTEST_CHECK(file->cache.n_pages == 8 && !pagecache_cached(&file->cache, 3) &&
		    pagecache_cached(&file->cache, 5));
	ktest_file_destroy(file);
}

/* A file larger than memory is read through: old pages make room, and what is used often stays. */
KTEST(vm_cache_reclaim)
{
	struct mm_stats stats;
	struct ktest_file *file;
	u64 pages, wrong = 0, start = clock_monotonic();

	mm_stats(&stats);
	pages = min(stats.total * 2, (u64)131072);
	file = ktest_file_create(pages << PAGE_SHIFT);
	for (pgoff_t i = 0; i < pages; i++) {
		wrong += !page_right(file, i);
		if (i % 64 == 0)
			wrong += !page_right(file, i / 64 % 16);
	}
	KTEST_CHECK(wrong == 0);
	ktest_note("%llu pages through %llu frames: %llu ns a page, %llu read",
		   (unsigned long long)pages, (unsigned long long)stats.total,
		   (unsigned long long)((clock_monotonic() - start) / pages),
		   (unsigned long long)file->pages_read);
	KTEST_CHECK(mm_free_frames() > mm_mark_min());
	ktest_file_destroy(file);
}

/* The same with every page dirtied. */
KTEST(vm_cache_reclaim_dirty)
{
	struct mm_stats stats;
	struct ktest_file *file;
	u64 pages;

	mm_stats(&stats);
	pages = min(stats.total * 3 / 2, (u64)65536);
	file = ktest_file_create(pages << PAGE_SHIFT);
	for (pgoff_t i = 0; i < pages; i++) {
		struct page *page;
		int err = pagecache_get_locked(&file->cache, i, true, &page);

		KTEST_CHECK(err == 0);
		if (err)
			break;
		page_set(page, PG_UPTODATE);
		page_dirty(page);
		page_unlock(page);
		page_put(page);
		writeback_throttle(&file->cache);
	}
	KTEST_CHECK(pagecache_sync(&file->cache) == 0);
	KTEST_CHECK(file->pages_written == pages);
	ktest_file_destroy(file);
}
