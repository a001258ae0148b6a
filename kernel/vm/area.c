/*
 * The tree of areas: lookup, gaps, linking. Ordered by address; each node knows the free space
 * below it and the largest such in its subtree, so that the highest fitting gap is found in one
 * descent.
 *
 * Below an area that grows downward the guard gap (256 pages) is not counted as free, so nothing is
 * put there unasked.
 *
 * Locks: as->lock, for writing where the tree changes.
 */
#include "vm/vm_int.h"

#include "core/panic.h"

static inline struct vm_area *to_area(struct rb_node *node)
{
	return rb_entry_or_null(node, struct vm_area, node);
}

/* The lowest address that the area keeps others away from. */
static inline vaddr_t area_floor(const struct vm_area *area)
{
	if (!(area->flags & AREA_GROWSDOWN))
		return area->start;
	return area->start > STACK_GUARD_GAP ? area->start - STACK_GUARD_GAP : 0;
}

static inline u64 subtree_gap(const struct rb_node *node)
{
	return node ? container_of(node, const struct vm_area, node)->max_gap : 0;
}

static void gap_update(struct rb_node *node)
{
	struct vm_area *area = to_area(node);

	area->max_gap = max(area->gap, max(subtree_gap(node->left), subtree_gap(node->right)));
}

static inline u64 gap_below(const struct vm_area *area, const struct vm_area *prev)
{
	vaddr_t from = prev ? prev->end : 0, to = area_floor(area);

	return to > from ? to - from : 0;
}

/* Recomputes the free space below area after a border moved. */
static void gap_refresh(struct vm_area *area)
{
	if (!area)
		return;
	area->gap = gap_below(area, area_prev(area));
	rb_update_path(&area->node, gap_update);
}

struct vm_area *area_next(struct vm_area *area)
{
	return to_area(rb_next(&area->node));
}

struct vm_area *area_prev(struct vm_area *area)
{
	return to_area(rb_prev(&area->node));
}

struct vm_area *area_last(struct aspace *as)
{
	return to_area(rb_last(&as->areas));
}

struct vm_area *area_find(struct aspace *as, vaddr_t addr)
{
	struct vm_area *hint = __atomic_load_n(&as->last_area, __ATOMIC_RELAXED), *best = NULL;
	struct rb_node *node = as->areas.node;

	if (hint && addr >= hint->start && addr < hint->end)
		return hint;
	while (node) {
		struct vm_area *area = to_area(node);

		if (addr >= area->end) {
			node = node->right;
			continue;
		}
		best = area;
		if (addr >= area->start) {
			__atomic_store_n(&as->last_area, area, __ATOMIC_RELAXED);
			break;
		}
		node = node->left;
	}
	return best;
}

struct vm_area *area_at(struct aspace *as, vaddr_t addr)
{
	struct vm_area *area = area_find(as, addr);

	return area && area->start <= addr ? area : NULL;
}

bool area_overlaps(struct aspace *as, vaddr_t start, vaddr_t end)
{
	struct vm_area *area = area_find(as, start);

	return area && area->start < end;
}

static void tree_insert(struct vm_area *area)
{
	struct aspace *as = area->aspace;
	struct rb_node **link = &as->areas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = area->start < to_area(parent)->start ? &parent->left : &parent->right;
	}
	rb_link(&area->node, parent, link);
	area->gap = area->max_gap = 0;
	rb_insert_augmented(&as->areas, &area->node, gap_update);
	gap_refresh(area);
	gap_refresh(area_next(area));
	as->n_areas++;
	as->generation++;
}

static void tree_erase(struct vm_area *area)
{
	struct aspace *as = area->aspace;
	struct vm_area *next = area_next(area);

	rb_erase_augmented(&as->areas, &area->node, gap_update);
	gap_refresh(next);
	as->n_areas--;
	as->generation++;
	if (as->last_area == area)
		as->last_area = NULL;
}

void area_link(struct vm_area *area)
{
	tree_insert(area);
	rmap_lock(area->cache);
	rmap_link_locked(area);
	rmap_unlock(area->cache);
}

void area_unlink(struct vm_area *area)
{
	rmap_lock(area->cache);
	rmap_unlink_locked(area);
	rmap_unlock(area->cache);
	tree_erase(area);
}

void area_link_upper(struct vm_area *area, struct vm_area *upper)
{
	rmap_lock(area->cache);
	area->end = upper->start;
	rmap_link_locked(upper);
	rmap_unlock(area->cache);
	tree_insert(upper);
}

void area_absorb(struct vm_area *low, struct vm_area *high)
{
	rmap_lock(low->cache);
	low->end = high->end;
	rmap_unlink_locked(high);
	rmap_unlock(low->cache);
	tree_erase(high);
}

void area_resize(struct vm_area *area, vaddr_t start, vaddr_t end, pgoff_t index)
{
	rmap_lock(area->cache);
	area->start = start;
	area->end = end;
	area->index = index;
	rmap_unlock(area->cache);
	gap_refresh(area);
	gap_refresh(area_next(area));
	area->aspace->generation++;
}

/*
 * The highest fitting range in the gaps of the subtree, or 0. As deep as the tree is high (at most
 * 2 log2 of vm.max_map_count).
 */
static vaddr_t gap_search(struct rb_node *node, u64 length, vaddr_t bottom, vaddr_t top)
{
	struct vm_area *area = to_area(node);
	vaddr_t from, to, found = 0;

	if (!node || area->max_gap < length)
		return 0;
	if (area->end < top)
		found = gap_search(node->right, length, bottom, top);
	if (found)
		return found;
	to = min(area_floor(area), top);
	from = max(area_floor(area) - min(area->gap, area_floor(area)), bottom);
	if (to > from && to - from >= length)
		return to - length;
	/* What lies to the left ends below this area's gap. */
	if (area->start <= bottom)
		return 0;
	return gap_search(node->left, length, bottom, top);
}

vaddr_t area_gap_find(struct aspace *as, u64 length, vaddr_t bottom, vaddr_t top)
{
	struct vm_area *last = area_last(as);
	vaddr_t from = last ? max(last->end, bottom) : bottom;

	if (top > from && top - from >= length)
		return top - length;
	return gap_search(as->areas.node, length, bottom, top);
}
