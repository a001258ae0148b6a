/*
 * madvise(2). Advice that changes an area's flags cuts it to the range; advice that moves pages
 * works on entries and the page cache. Gaps do not stop it: the rest is done and the result is
 * -ENOMEM.
 */
#include "abi/mman.h"
#include "core/gaps.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

/* Which flags an advice sets and clears in its areas; false: it is none of these. */
static bool advice_flags(int advice, u32 *set, u32 *clear)
{
	static const struct {
		int advice;
		u32 set, clear;
	} table[] = {
		{ MADV_NORMAL, 0, AREA_RANDOM | AREA_SEQUENTIAL },
		{ MADV_RANDOM, AREA_RANDOM, AREA_SEQUENTIAL },
		{ MADV_SEQUENTIAL, AREA_SEQUENTIAL, AREA_RANDOM },
		{ MADV_DONTFORK, AREA_DONTFORK, 0 },
		{ MADV_DOFORK, 0, AREA_DONTFORK },
		{ MADV_DONTDUMP, AREA_DONTDUMP, 0 },
		{ MADV_DODUMP, 0, AREA_DONTDUMP },
		{ MADV_WIPEONFORK, AREA_WIPEONFORK, 0 },
		{ MADV_KEEPONFORK, 0, AREA_WIPEONFORK },
		{ MADV_HUGEPAGE, AREA_HUGE, AREA_NOHUGE },
		{ MADV_NOHUGEPAGE, AREA_NOHUGE, AREA_HUGE },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].advice == advice) {
			*set = table[i].set;
			*clear = table[i].clear;
			return true;
		}
	}
	return false;
}

struct flags_change {
	struct area_change base;
	int advice;
	u32 set, clear;
};

static u32 flags_after(const struct flags_change *c, const struct vm_area *area)
{
	return (area->flags & ~c->clear) | c->set;
}

static int flags_need(const struct area_change *change, const struct vm_area *area)
{
	const struct flags_change *c = container_of(change, const struct flags_change, base);

	switch (c->advice) {
	case MADV_WIPEONFORK:
		if (area->cache || area->source || (area->flags & AREA_SHARED))
			return -EINVAL;
		break;
	case MADV_DOFORK:
	case MADV_DODUMP:
		if (area->flags & AREA_DEVICE)
			return -EINVAL;
		break;
	}
	return flags_after(c, area) != area->flags;
}

static void flags_apply(const struct area_change *change, struct vm_area *area)
{
	area->flags = flags_after(container_of(change, const struct flags_change, base), area);
}

static int advise_flags(struct aspace *as, vaddr_t start, vaddr_t end, int advice, u32 set,
			u32 clear)
{
	struct flags_change change = { { flags_need, flags_apply }, advice, set, clear };
	int err = rwsem_write_killable(&as->lock);

	if (err)
		return err;
	err = areas_change(as, start, end, &change.base);
	aspace_write_end(as);
	return err;
}

/* MADV_DONTNEED and MADV_FREE: private pages are lost, entries of a cache are forgotten. */
static int advise_drop(struct vm_area *area, vaddr_t start, vaddr_t end, int advice)
{
	struct zap zap;

	if (area->flags & AREA_DEVICE)
		return -EINVAL;
	if (advice != MADV_DONTNEED_LOCKED && (area->flags & AREA_LOCKED))
		return -EINVAL;
	if (advice == MADV_FREE && (area->cache || (area->flags & AREA_SHARED)))
		return -EINVAL;
	zap_init(&zap, area->aspace);
	zap_range(&zap, start, end, 0);
	zap_finish(&zap);
	if (end - start >= LARGE_PAGE_SIZE && area_may_large(area))
		large_make_room(area->aspace, start, end);
	return 0;
}

/*
 * MADV_COLD and MADV_PAGEOUT: the pages look unused to reclaim. With the latter private pages go to
 * swap at once, and the entries of file pages go, so that nothing holds them.
 */
static int advise_cold(struct vm_area *area, vaddr_t start, vaddr_t end, int advice)
{
	struct aspace *as = area->aspace;
	struct zap zap;
	vaddr_t va = start;
	pte_t *slot;
	size_t n;

	if (area->flags & (AREA_LOCKED | AREA_DEVICE))
		return -EINVAL;
	spin_lock(&as->table_lock);
	while (va < end && (slot = pgtable_next(&as->pgtable, &va, end, &n))) {
		for (size_t i = 0; i < n; i++)
			page_forget(&slot[i], PG_REFERENCED | PG_WORKING);
		va += n * PAGE_SIZE;
		table_lock_rest(as);
	}
	spin_unlock(&as->table_lock);
	if (advice == MADV_PAGEOUT && !(area->flags & AREA_SHARED))
		swap_out_range(area, start, end);
	if (advice == MADV_PAGEOUT && area->cache) {
		zap_init(&zap, as);
		zap_range(&zap, start, end, ZAP_SHARED_ONLY);
		zap_finish(&zap);
	}
	return 0;
}

/*
 * MADV_REMOVE: a hole in shared memory that has nothing behind it. Drops as->lock meanwhile: `area`
 * may be gone after.
 */
static int advise_remove(struct vm_area *area, vaddr_t start, vaddr_t end)
{
	pgoff_t first = area_index(area, start), last = area_index(area, end) - 1;
	struct pagecache *cache = area->cache;
	struct aspace *as = area->aspace;
	struct vm_area hold = *area;

	if (area->flags & AREA_LOCKED)
		return -EINVAL;
	if (!cache ||
	    (area->flags & (AREA_SHARED | AREA_MAYWRITE)) != (AREA_SHARED | AREA_MAYWRITE))
		return cache ? -EACCES : -EINVAL;
	if (!(cache->flags & PAGECACHE_NO_RECLAIM))
		return -EOPNOTSUPP;
	if (hold.source)
		hold.source->get(&hold);
	rwsem_read_end(&as->lock);
	rwsem_write(&cache->invalidate);
	pagecache_drop_range(cache, first, last);
	rwsem_write_end(&cache->invalidate);
	if (hold.source)
		hold.source->put(&hold);
	rwsem_read(&as->lock);
	return 0;
}

static int advise_area(struct vm_area *area, vaddr_t start, vaddr_t end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return advise_drop(area, start, end, advice);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return advise_cold(area, start, end, advice);
	case MADV_REMOVE:
		return advise_remove(area, start, end);
	case MADV_WILLNEED:
		if (area->cache)
			pagecache_readahead(area->cache, area_index(area, start),
					    area_index(area, end) - 1);
		return 0;
	default:
		return -EINVAL;
	}
}

static int advise_pages(struct aspace *as, vaddr_t start, vaddr_t end, int advice)
{
	int err = rwsem_read_killable(&as->lock), gap = 0;

	if (err)
		return err;
	for (vaddr_t at = start, part_end; at < end && !err; at = part_end) {
		struct vm_area *area = area_find(as, at);

		if (!area || area->start >= end) {
			gap = -ENOMEM;
			break;
		}
		if (area->start > at) {
			gap = -ENOMEM;
			at = area->start;
		}
		part_end = min(end, area->end);
		err = advise_area(area, at, part_end, advice);
	}
	rwsem_read_end(&as->lock);
	if (advice == MADV_PAGEOUT)
		swap_flush();
	return err ? err : gap;
}

static bool advice_known(int advice)
{
	u32 set, clear;

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_COLLAPSE:
		return true;
	default:
		return advice_flags(advice, &set, &clear);
	}
}

/* What MADV_POPULATE_* answers for the first fault that failed. */
static int populate_error(int err)
{
	switch (err) {
	case -ABI_EACCES:
		return -EINVAL;
	case -ABI_EFAULT:
		return -ENOMEM;
	case -ABI_EIO:
		return -EFAULT;
	default:
		return err;
	}
}

int vm_advise(struct aspace *as, vaddr_t addr, u64 length, int advice)
{
	u64 span = align_up(length, (u64)PAGE_SIZE);
	u32 set, clear;
	int err;

	if (!advice_known(advice))
		return gap_command((u32)advice, -EINVAL);
	if ((addr & ~PAGE_MASK) || (length && !span) || addr + span < addr)
		return -EINVAL;
	if (!span)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
		unsigned write = advice == MADV_POPULATE_WRITE ? FAULT_WRITE : 0;

		err = fault_range(as, addr, addr + span, write | FAULT_STRICT);
		return populate_error(err);
	}
	if (advice == MADV_COLLAPSE)
		return vm_collapse(as, addr, addr + span);
	if (advice_flags(advice, &set, &clear))
		return advise_flags(as, addr, addr + span, advice, set, clear);
	return advise_pages(as, addr, addr + span, advice);
}
