/*
 * One file used in every way at once, beside readers of a file larger than memory. In the first
 * test each thread owns one word of every page, changes it by write's way and through a shared
 * mapping, and must always find it as it left it, while pages are written, unmapped and reclaimed.
 * In the second the file is cut and extended all the time: nothing beyond its end may stay in the
 * cache or mapped.
 */
#include "abi/mman.h"
#include "core/random.h"
#include "mm/slab.h"
#include "sched/wait.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

#define P ((vaddr_t)PAGE_SIZE)
#define PAGES 200
#define OWNERS 4

static struct {
	struct wait_queue wait;
	u32 alive;              /* a */
	bool stop;              /* a */
	struct ktest_file *file, *big;
	u64 word[OWNERS][PAGES];
} s;

static void leave(void)
{
	__atomic_fetch_sub(&s.alive, 1, __ATOMIC_SEQ_CST);
	wait_wake(&s.wait, 0);
}

static u64 *page_words(struct page *page) { return page_to_virt(page); }

static void write_word(pgoff_t i, unsigned w, u64 value)
{
	struct page *page;

	if (pagecache_get_locked(&s.file->cache, i, false, &page)) {
		KTEST_CHECK(!"pagecache_get_locked");
		return;
	}
	KTEST_CHECK(page_words(page)[w] == s.word[w][i]);
	page_words(page)[w] = value;
	page_dirty(page);
	page_unlock(page);
	page_put(page);
	writeback_throttle(&s.file->cache);
}

static u64 read_word(pgoff_t i, unsigned w)
{
	struct page *page;
	u64 value;

	if (pagecache_get(&s.file->cache, i, i + 3, &page))
		return ~0ull;
	value = page_words(page)[w];
	page_put(page);
	return value;
}

static void owner(void *arg)
{
	unsigned w = (unsigned)(u64)arg;
	struct aspace *as = ktest_space_enter();
	vaddr_t at = ktest_map_file(as, s.file, 0, PAGES * P, KTEST_RW | AREA_SHARED);
	u64 *word = s.word[w], value;

	for (unsigned turn = 0; turn < 8000; turn++) {
		pgoff_t i = random_below(PAGES);
		u64 fresh = random_below(1ull << 60);

		switch (random_below(6)) {
		case 0:
			write_word(i, w, fresh);
			word[i] = fresh;
			break;
		case 1:
			KTEST_CHECK(ktest_store(at + i * P + w * 8, fresh));
			word[i] = fresh;
			break;
		case 2:
			KTEST_CHECK(ktest_load(at + i * P + w * 8, &value) && value == word[i]);
			break;
		case 3:
			KTEST_CHECK(read_word(i, w) == word[i]);
			break;
		case 4:
			if (fresh % 50 == 0)
				KTEST_CHECK(pagecache_write_range(&s.file->cache, i, i + 20,
								  true) == 0);
			break;
		default:
			if (fresh % 100 == 0) {
				(void)vm_advise(as, at, PAGES * P, MADV_PAGEOUT);
				(void)pagecache_shrink(&s.file->cache);
			}
		}
		if (turn % 8 == 0)
			sched_yield();
	}
	for (pgoff_t i = 0; i < PAGES; i++)
		KTEST_CHECK(ktest_load(at + i * P + w * 8, &value) && value == word[i]);
	ktest_space_leave(as);
	leave();
}

/* Reads the large file, in order or (arg) anywhere, until told to stop. */
static void reader(void *arg)
{
	u64 pages = s.big->size >> PAGE_SHIFT;

	for (u64 i = 0; !READ_ONCE(s.stop); i++) {
		pgoff_t index = arg ? random_below(pages) : i % pages;
		struct page *page;

		if (pagecache_get(&s.big->cache, index, index, &page)) {
			KTEST_CHECK(!"pagecache_get");
			break;
		}
		KTEST_CHECK(page_words(page)[9] == ktest_file_word(index, 9));
		page_put(page);
		if (i % 16 == 0)
			sched_yield();
	}
	leave();
}

/* Touches the file everywhere; beyond its end that fails. */
static void toucher(void *arg)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t shared = ktest_map_file(as, s.file, 0, PAGES * P, KTEST_RW | AREA_SHARED);
	vaddr_t private = ktest_map_file(as, s.file, 0, PAGES * P, KTEST_RW);
	u64 value;

	for (unsigned turn = 0; turn < 8000; turn++) {
		pgoff_t i = random_below(PAGES);

		switch (random_below(4)) {
		case 0:
			(void)ktest_store(shared + i * P, 1);
			break;
		case 1:
			(void)ktest_load(shared + i * P, &value);
			break;
		case 2:
			(void)ktest_store(private + i * P, 1);
			break;
		default:
			if (turn % 20 == 0)
				(void)pagecache_write_range(&s.file->cache, 0, ~0ull,
							    turn % 40 == 0);
		}
		if (turn % 8 == 0)
			sched_yield();
	}
	ktest_space_leave(as);
	leave();
}

static void cutter(void *arg)
{
	while (!READ_ONCE(s.stop)) {
		u64 size = random_below(PAGES * P), old = s.file->size;
		struct page *page;

		rwsem_write(&s.file->cache.invalidate);
		s.file->size = size;
		if (size < old) {
			pagecache_truncate(&s.file->cache, size);
			KTEST_CHECK(s.file->cache.n_pages <= DIV_ROUND_UP(size, PAGE_SIZE));
			page = pagecache_find(&s.file->cache, DIV_ROUND_UP(size, PAGE_SIZE));
			KTEST_CHECK(!page);
		}
		rwsem_write_end(&s.file->cache.invalidate);
		for (unsigned i = 0; i < 20; i++)
			sched_yield();
	}
	leave();
}

static void start(void (*fn)(void *), u64 arg)
{
	__atomic_fetch_add(&s.alive, 1, __ATOMIC_SEQ_CST);
	KTEST_CHECK(kthread_start("stress", fn, (void *)arg) == 0);
}

/* Runs OWNERS threads of fn to their end beside those that run until told to stop. */
static void run(void (*fn)(void *), void (*beside)(void *), void (*beside2)(void *))
{
	struct pagecache_stats stats;
	struct mm_stats mm;

	mm_stats(&mm);
	s.stop = false;
	s.alive = 0;
	wait_init(&s.wait);
	s.file = ktest_file_create(PAGES * P);
	s.big = ktest_file_create(min(mm.total * 3, (u64)200000) * P);
	for (unsigned w = 0; w < OWNERS; w++) {
		for (pgoff_t i = 0; i < PAGES; i++)
			s.word[w][i] = ktest_file_word(i, w);
		start(fn, w);
	}
	start(beside, 0);
	start(beside2, 1);
	wait_until(&s.wait, READ_ONCE(s.alive) <= 2);
	WRITE_ONCE(s.stop, true);
	wait_until(&s.wait, READ_ONCE(s.alive) == 0);
	KTEST_CHECK(pagecache_sync(&s.file->cache) == 0);
	ktest_file_destroy(s.file);
	ktest_file_destroy(s.big);
	pagecache_stats(&stats);
	KTEST_CHECK(!stats.dirty && !stats.writeback && !stats.mapped && !stats.anon);
}

KTEST(vm_stress_file)
{
	run(owner, reader, reader);
}

KTEST(vm_stress_truncate)
{
	run(toucher, reader, cutter);
}
