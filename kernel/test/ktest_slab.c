/* Slab caches and kmalloc(): sizes, alignment, contents, growth and shrinking. */
#include "core/clock.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"
#include "test/ktest.h"

KTEST(slab_cache_life)
{
	enum { N = 1000 };
	u64 before = ktest_frames_settle();
	struct slab_cache *cache = slab_cache_create("ktest", 200, 64);
	void **object = kmalloc_array(N, sizeof(void *), MM_KERNEL);

	KTEST_CHECK(cache && object);
	if (!cache || !object)
		return;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < N; i++) {
			object[i] = slab_alloc(cache, MM_KERNEL | MM_ZERO);
			KTEST_CHECK(object[i] && (u64)object[i] % 64 == 0 &&
				    mem_is_all(object[i], 0, 200));
			memset(object[i], (int)i, 200);
		}
		for (unsigned i = 0; i < N; i++)
			KTEST_CHECK(mem_is_all(object[i], (u8)i, 200));
		for (unsigned i = 0; i < N; i++)
			slab_free(cache, object[(i * 7) % N]);
	}
	kfree(object);
	slab_cache_destroy(cache);
	KTEST_CHECK(ktest_frames_are_back(before));
}

KTEST(kmalloc_sizes)
{
	for (size_t size = 1; size <= 70000; size += size / 3 + 1) {
		char *p = kmalloc(size, MM_KERNEL | MM_ZERO);

		KTEST_CHECK(p);
		if (!p)
			continue;
		KTEST_CHECK((u64)p % 16 == 0 && kmalloc_size(p) >= size && mem_is_all(p, 0, size));
		if (size >= 64 && !(size & (size - 1)))
			KTEST_CHECK((u64)p % min(size, (size_t)PAGE_SIZE) == 0);
		memset(p, 0xa5, size);
		kfree(p);
	}
	KTEST_CHECK(!kmalloc(~(size_t)0, MM_KERNEL));
	KTEST_CHECK(!kmalloc_array(~(size_t)0 / 2, 3, MM_KERNEL));
	kfree(NULL);
}

KTEST(kmalloc_realloc)
{
	char *p = krealloc(NULL, 10, MM_KERNEL), *q;

	KTEST_CHECK(p);
	if (!p)
		return;
	strlcpy(p, "skerries", 10);
	for (size_t size = 20; size < 40000; size *= 2) {
		q = krealloc(p, size, MM_KERNEL);
		KTEST_CHECK(q && strcmp(q, "skerries") == 0);
		if (!q)
			break;
		p = q;
	}
	q = krealloc(p, 16, MM_KERNEL);
	KTEST_CHECK(q && strcmp(q, "skerries") == 0 && kmalloc_size(q) < 1000);
	kfree(q);
	p = kstrdup("reef", MM_KERNEL);
	KTEST_CHECK(p && strcmp(p, "reef") == 0);
	kfree(p);
}

static void sum_slabs(const struct slab_info *info, void *arg)
{
	u64 *bad = arg;

	*bad += info->active > info->total || info->total != info->slabs * info->per_slab ||
		!info->name;
}

KTEST(slab_figures)
{
	struct mm_stats stats;
	u64 bad = 0;

	slab_each(sum_slabs, &bad);
	KTEST_CHECK(bad == 0);
	mm_stats(&stats);
	KTEST_CHECK(stats.free <= stats.total && stats.slab_unreclaimable > 0 && stats.stacks > 0);
}

KTEST(slab_speed)
{
	enum { ROUNDS = 50000 };
	u64 start = clock_monotonic();

	for (unsigned i = 0; i < ROUNDS; i++)
		kfree(kmalloc(100, MM_KERNEL));
	ktest_note("kmalloc + kfree: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / ROUNDS));
}
