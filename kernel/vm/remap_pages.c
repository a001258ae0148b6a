/*
 * remap_file_pages(2): another part of a file where a part of a shared mapping is. There are no
 * mappings out of order; it is what mmap(2) with MAP_FIXED would do, and costs an area as well.
 */
#include "abi/mman.h"
#include "vm/vm_int.h"

#define PAGES_MAX (1ull << (63 - PAGE_SHIFT)) /* of which a file's offset can be told */

/* What a mapping made by mmap(2) has. */
#define MAPPED_FLAGS \
	(AREA_RIGHTS | AREA_SHARED | AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC | AREA_LOCKED)

/*
 * The first area of those of one file, open for writing, and with the same rights, that shared
 * mappings of [start, end) have; or NULL.
 */
static struct vm_area *mapping_at(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *first = area_at(as, start), *area = first;

	if (!first || !(first->flags & AREA_SHARED))
		return NULL;
	/* Linux takes what can never be written for private; sealed memory could once. */
	if (!(first->flags & AREA_MAYWRITE) &&
	    !(READ_ONCE(first->cache->flags) & PAGECACHE_SEALED))
		return NULL;
	while (area->end < end) {
		vaddr_t at = area->end;

		area = area_next(area);
		if (!area || area->start != at || area->source_data != first->source_data ||
		    area->flags != first->flags)
			return NULL;
	}
	return first;
}

static int remap_locked(struct aspace *as, vaddr_t addr, u64 length, pgoff_t index)
{
	struct vm_area *area = mapping_at(as, addr, addr + length);
	struct map_request req = { .addr = addr, .map_flags = MAP_FIXED, .index = index };
	u32 flags;

	if (!area)
		return -EINVAL;
	if (index > PAGES_MAX - (length >> PAGE_SHIFT))
		return -EOVERFLOW;
	flags = area->flags & MAPPED_FLAGS;
	if (READ_ONCE(area->cache->flags) & PAGECACHE_SEALED) {
		if (flags & AREA_WRITE)
			return -EPERM;
		flags &= ~(u32)AREA_MAYWRITE;
	}
	/* What they refer to stays: an area that is replaced is freed when the lock is released. */
	req.cache = area->cache;
	req.source = area->source;
	req.source_data = area->source_data;
	return map_locked(as, &req, flags, length, &addr);
}

int vm_remap_pages(struct aspace *as, vaddr_t addr, u64 length, pgoff_t index, bool populate)
{
	int err;

	addr = align_down(addr, (vaddr_t)PAGE_SIZE);
	length = align_down(length, (u64)PAGE_SIZE);
	if (addr + length <= addr || index + (length >> PAGE_SHIFT) < index)
		return -EINVAL;
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	err = remap_locked(as, addr, length, index);
	aspace_write_end(as);
	if (!err && populate)
		vm_populate(as, addr, length);
	return err;
}
