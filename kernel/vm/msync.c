/* msync(2) and mincore(2): what of a range is on the disk, and in memory. */
#include "abi/mman.h"
#include "arch/usercopy.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

/*
 * Writes the pages of [start, end) of a shared area, with as->lock dropped meanwhile (a copy of the
 * area keeps its source).
 */
static int sync_part(struct vm_area *area, vaddr_t start, vaddr_t end)
{
	struct aspace *as = area->aspace;
	pgoff_t first = area_index(area, start), last = area_index(area, end) - 1;
	struct vm_area hold = *area;
	int err;

	if (hold.source)
		hold.source->get(&hold);
	rwsem_read_end(&as->lock);
	if (hold.source && hold.source->sync)
		err = hold.source->sync(&hold, first, last);
	else
		err = pagecache_write_range(hold.cache, first, last, true);
	if (hold.source)
		hold.source->put(&hold);
	rwsem_read(&as->lock);
	return err;
}

int vm_sync(struct aspace *as, vaddr_t addr, u64 length, u32 flags)
{
	u64 span = align_up(length, (u64)PAGE_SIZE);
	vaddr_t at = addr, end = addr + span;
	int err, gap = 0;

	if ((flags & ~(u32)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (addr & ~PAGE_MASK) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < addr || (length && !span))
		return -ENOMEM;
	err = rwsem_read_killable(&as->lock);
	if (err)
		return err;
	while (at < end && !err) {
		struct vm_area *area = area_find(as, at);
		vaddr_t part_end;

		if (!area || area->start > at) {
			gap = -ENOMEM;
			if (!area || area->start >= end)
				break;
			at = area->start;
		}
		part_end = min(end, area->end);
		if ((flags & MS_INVALIDATE) && (area->flags & AREA_LOCKED))
			err = -EBUSY;
		else if ((flags & MS_SYNC) && (area->flags & AREA_SHARED) && area->cache)
			err = sync_part(area, at, part_end);
		at = part_end;
	}
	rwsem_read_end(&as->lock);
	return err ? err : gap;
}

/* Fills out[] for up to n pages from addr: how many, or -ENOMEM if addr is in no area. */
static ssize_t incore_some(struct aspace *as, vaddr_t addr, u8 *out, size_t n)
{
	struct vm_area *area = area_at(as, addr);
	size_t i;

	if (!area)
		return -ENOMEM;
	n = min(n, (size_t)((area->end - addr) >> PAGE_SHIFT));
	for (i = 0; i < n; i++) {
		vaddr_t at = addr + i * PAGE_SIZE;
		pte_t pte;

		spin_lock(&as->table_lock);
		pte = space_entry(as, at);
		out[i] = pte_is_swap(pte) ? swap_cache_has(pte) : pte_holds_frame(pte);
		spin_unlock(&as->table_lock);
		if (!out[i] && area->cache)
			out[i] = pagecache_cached(area->cache, area_index(area, at));
	}
	return (ssize_t)n;
}

int vm_incore(struct aspace *as, vaddr_t addr, u64 length, u8 __user *out)
{
	u64 pages = (length >> PAGE_SHIFT) + ((length & ~PAGE_MASK) != 0), done = 0;
	u8 some[256];

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr > USER_TOP || length > USER_TOP - addr)
		return -ENOMEM;
	if (!user_range_ok(out, pages))
		return -EFAULT;
	while (done < pages) {
		int err = rwsem_read_killable(&as->lock);
		ssize_t n;

		if (err)
			return err;
		n = incore_some(as, addr + done * PAGE_SIZE, some,
				min((size_t)(pages - done), sizeof(some)));
		rwsem_read_end(&as->lock);
		if (n < 0)
			return (int)n;
		if (copy_out(out + done, some, (size_t)n))
			return -EFAULT;
		done += (u64)n;
		sched_point();
	}
	return 0;
}
