/*
 * The room's beginning, its figures, and the frames of page tables, which arch takes from here.
 *
 * Page tables grow under vm's spinlocks, so their frames come without sleeping; but they are the
 * user's demand, so they do not come from the emergency reserve. vm meets the failure by allocating
 * a frame where it may sleep, and tries again.
 */
#include "core/fail.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"

DEFINE_PERCPU(s64, mm_table_frames);
DEFINE_PERCPU(s64, mm_stack_frames);

static paddr_t table_alloc(void)
{
	struct page *page = fail_now(FAIL_ALLOC) ? NULL : frames_try(0, MM_GUARDED_ | MM_ZERO);

	if (!page)
		return 0;
	this_cpu_add(mm_table_frames, 1);
	return page_to_phys(page);
}

static void table_free(paddr_t pa)
{
	this_cpu_add(mm_table_frames, -1);
	page_put(phys_to_page(pa));
}

void mm_stats(struct mm_stats *out)
{
	s64 tables = 0, stacks = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		tables += READ_ONCE(*percpu_ptr(mm_table_frames, cpu));
		stacks += READ_ONCE(*percpu_ptr(mm_stack_frames, cpu));
	}
	out->total = frames.total;
	out->free = mm_free_frames();
	out->tables = (u64)max(tables, (s64)0);
	out->stacks = (u64)max(stacks, (s64)0);
	slab_count_frames(&out->slab_reclaimable, &out->slab_unreclaimable);
}

void mm_init(void)
{
	page_array_init();
	mmu_set_frame_source(table_alloc, table_free);
	slab_init();
	kasan_objects_init();
	kmap_init();
}
