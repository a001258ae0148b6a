/*
 * munmap(2), and the removal that MAP_FIXED, brk, mremap and exit share: cut the areas at the
 * borders, remove the entries with one flush, free leaf tables that serve nobody any more. The
 * areas themselves are freed when as->lock has been released (aspace_write_end), for the last
 * reference to a file may go with one, and its end takes locks that rank before as->lock.
 */
#include "vm/vm_int.h"

#define TABLE_SPAN (512 * PAGE_SIZE)
#define WIDE_SPAN  (1ull << 39)

/* Frees tables around [start, end), which lies between prev_end and next_start. */
static void prune(struct aspace *as, vaddr_t start, vaddr_t end, vaddr_t prev_end,
		  vaddr_t next_start)
{
	/* Upper levels are looked at only when much went. */
	u64 span = end - start >= LARGE_PAGE_SIZE ? WIDE_SPAN : TABLE_SPAN;
	vaddr_t from = max(prev_end, align_down(start, (vaddr_t)span));
	vaddr_t to = min(next_start, align_up(end, (vaddr_t)span));

	if (align_up(from, (vaddr_t)TABLE_SPAN) >= align_down(to, (vaddr_t)TABLE_SPAN))
		return;
	spin_lock(&as->table_lock);
	leaves_forget(as);
	pgtable_prune(&as->pgtable, from, to);
	spin_unlock(&as->table_lock);
}

/*
 * Takes the areas of [start, end), all of them cut to fit, out of the tree onto the chain of dead
 * ones (through cache_link.next).
 */
static void detach(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *area = area_find(as, start), *next;

	for (; area && area->start < end; area = next) {
		next = area_next(area);
		area_unlink(area);
		area_account(as, area->flags, -(s64)area_pages(area));
		if (area->flags & AREA_ACCOUNTED)
			vm_uncharge(area_pages(area));
		area->cache_link.next = (struct list *)as->dead_areas;
		as->dead_areas = area;
	}
}

void aspace_write_end(struct aspace *as)
{
	struct vm_area *area = as->dead_areas;

	as->dead_areas = NULL;
	rwsem_write_end(&as->lock);
	while (area) {
		struct vm_area *next = (struct vm_area *)area->cache_link.next;

		area_free(area);
		area = next;
	}
}

/* Frees the tables that the removal of [start, end) left without an area. */
static void prune_gap(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *next = area_find(as, end), *prev = next ? area_prev(next) : area_last(as);

	prune(as, start, end, prev ? prev->end : 0, next ? next->start : USER_TOP);
}

/* Takes an end off one area, without making another of it. */
static void trim(struct vm_area *area, vaddr_t start, vaddr_t end)
{
	struct aspace *as = area->aspace;
	u64 pages = (end - start) >> PAGE_SHIFT;
	struct zap zap;

	zap_init(&zap, as);
	zap_range(&zap, start, end, 0);
	zap_finish(&zap);
	if (start == area->start)
		area_resize(area, end, area->end, area_index(area, end));
	else
		area_resize(area, area->start, start, area->index);
	area_account(as, area->flags, -(s64)pages);
	if (area->flags & AREA_ACCOUNTED)
		vm_uncharge(pages);
	if (zap.tables)
		prune_gap(as, start, end);
}

int unmap_locked(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *area = area_find(as, start);
	struct zap zap;
	int err;

	if (!area || area->start >= end)
		return 0;
	if ((area->start < start && area->end == end) ||
	    (area->start == start && area->end > end)) {
		trim(area, start, end);
		return 0;
	}
	err = area_cut(as, start, end);
	if (err)
		return err;
	zap_init(&zap, as);
	for (area = area_find(as, start); area && area->start < end; area = area_next(area))
		zap_range(&zap, area->start, area->end, 0);
	zap_finish(&zap);
	detach(as, start, end);
	if (zap.tables)
		prune_gap(as, start, end);
	return 0;
}

int vm_unmap(struct aspace *as, vaddr_t addr, u64 length)
{
	int err;

	if ((addr & ~PAGE_MASK) || !length || length > USER_TOP || addr > USER_TOP - length)
		return -EINVAL;
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	err = unmap_locked(as, addr, addr + align_up(length, (u64)PAGE_SIZE));
	aspace_write_end(as);
	return err;
}

int vm_unmap_source(struct aspace *as, vaddr_t addr, const struct area_source *source)
{
	struct vm_area *area, *next;
	void *data = NULL;
	int err = rwsem_write_killable(&as->lock), unmapped;

	if (err)
		return err;
	err = -EINVAL;
	/* Parts of it may be gone, cut or moved: its own are those that lie where it put them. */
	for (area = area_find(as, addr); area; area = next) {
		next = area_next(area);
		if (area->source != source || (data && area->source_data != data) ||
		    area->start - addr != area->index << PAGE_SHIFT)
			continue;
		data = area->source_data;
		unmapped = unmap_locked(as, area->start, area->end);
		if (unmapped)
			break;
		err = 0;
	}
	aspace_write_end(as);
	return err;
}

void aspace_empty(struct aspace *as, bool prune)
{
	struct vm_area *area;
	struct zap zap;

	rwsem_write(&as->lock);
	zap_init(&zap, as);
	for (area = area_first(as); area; area = area_next(area))
		zap_range(&zap, area->start, area->end, 0);
	zap_finish(&zap);
	detach(as, 0, USER_TOP);
	if (prune && zap.tables) {
		spin_lock(&as->table_lock);
		leaves_forget(as);
		pgtable_prune(&as->pgtable, 0, USER_TOP);
		spin_unlock(&as->table_lock);
	}
	aspace_write_end(as);
}

void aspace_clear(struct aspace *as)
{
	aspace_empty(as, true);
}
