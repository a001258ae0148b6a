/*
 * fork(2): the new space gets a copy of each area. Private pages become shared between the two,
 * read-only in both, and are copied by whoever stores first; so leaf tables are copied, entry by
 * entry. What a fault can find again in the page cache is not copied, except for code: the child
 * runs at once where the parent stands.
 *
 * The new space is reachable by the reverse map as soon as its areas are listed, so entries of
 * areas with a cache are copied under its mmap_lock; nobody else knows the child's tables yet.
 */
#include "mm/slab.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/swap_int.h"

/* Executable areas up to this size are copied with their entries. */
#define CODE_PAGES_MAX 1024

/* How many of n entries come before the first whose page a device writes. */
static size_t count_unpinned(const pte_t *from, size_t n)
{
	size_t i = 0;

	for (; i < n; i++) {
		const struct page *page = pte_page(pte_read(&from[i]));

		if (page && (page->flags & PG_ANON) && page_pinned(page))
			break;
	}
	return i;
}

/* The child's entry for such a page, which stays the parent's: 0, or -EAGAIN for want of a page. */
static int copy_pinned(struct aspace *child, pte_t from, pte_t *to)
{
	struct page *page = page_copy_pinned(pte_page(from));

	if (!page)
		return -EAGAIN;
	child->n_resident_anon++;
	*to = (from & ~PTE_ADDR) | page_to_phys(page);
	return 0;
}

/*
 * Copies n entries of one leaf table; *protected if some of the parent's lost the right to write.
 */
static int copy_slots(struct aspace *child, pte_t *from, pte_t *to, size_t n, bool private,
		      bool *protected)
{
	bool taken = false;
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		pte_t pte = pte_read(&from[i]);
		struct page *page;

		if (!pte)
			continue;
		page = pte_page(pte);
		if (private && (pte & PTE_WRITE)) {
			pte &= ~PTE_WRITE;
			pte_write(&from[i], pte);
			taken = true;
		}
		if (likely(page)) {
			page_get(page);
			__atomic_fetch_add(&page->map_count, 1, __ATOMIC_RELAXED);
			++*resident_counter(child, page);
		} else if (unlikely(pte_is_swap(pte))) {
			if (swap_entry_dup(pte)) {
				err = -ENOMEM;
				break;
			}
			child->n_swapped++;
		}
		to[i] = pte;
	}
	*protected |= taken;
	return err;
}

/*
 * Copies the entries of one leaf table, or a large one, and moves *va behind: 0, -ENOMEM, or
 * -EAGAIN with *va where a table, or a page, could not be had.
 */
static int copy_some(struct vm_area *area, struct aspace *child, vaddr_t *va, bool *protected)
{
	struct aspace *as = area->aspace;
	bool private = !(area->flags & AREA_SHARED), pinned = READ_ONCE(as->n_pinned);
	pte_t *from, *to;
	size_t n;
	int err;

	from = pgtable_next_large(&as->pgtable, va, area->end, &n);
	if (!from) {
		*va = area->end;
		return 0;
	}
	if (unlikely(!n) && large_is_pinned(as, phys_to_page(pte_paddr(pte_read(from)))))
		from = pgtable_next(&as->pgtable, va, area->end, &n);
	if (unlikely(!n)) {
		if (large_fork_locked(as, child, *va, protected))
			return -EAGAIN;
		*va += LARGE_PAGE_SIZE;
		return 0;
	}
	to = pgtable_pte_alloc(&child->pgtable, *va);
	if (!to)
		return -EAGAIN;
	if (unlikely(pinned))
		n = count_unpinned(from, n);
	if (likely(n)) {
		err = copy_slots(child, from, to, n, private, protected);
		*va += n * PAGE_SIZE;
	} else {
		err = copy_pinned(child, pte_read(from), to);
		*va += err ? 0 : PAGE_SIZE;
	}
	return err;
}

/* Copies the entries of an area: 0 or -ENOMEM. */
static int copy_entries(struct vm_area *area, struct vm_area *copy, bool *protected)
{
	struct aspace *as = area->aspace;
	vaddr_t va = area->start;
	int err = 0;

	while (va < area->end && !err) {
		rmap_lock(area->cache);
		spin_lock(&as->table_lock);
		err = copy_some(area, copy->aspace, &va, protected);
		spin_unlock(&as->table_lock);
		rmap_unlock(area->cache);
		/* Nobody is killed for it: reclaim cannot look at the parent while it is locked. */
		if (unlikely(err == -ABI_EAGAIN))
			err = vm_make_room(MM_NOFS) ? 0 : -ENOMEM;
		sched_point();
	}
	return err;
}

static bool entries_wanted(const struct vm_area *area)
{
	if (area->flags & (AREA_DEVICE | AREA_WIPEONFORK | AREA_SHARED))
		return false;
	if (!area->cache || (area->flags & AREA_COWED))
		return true;
	return (area->flags & AREA_EXEC) && area_pages(area) <= CODE_PAGES_MAX;
}

static int copy_area(struct aspace *child, struct vm_area *area, bool *protected)
{
	struct vm_area *copy;
	int err;

	if (area->flags & AREA_ACCOUNTED) {
		err = vm_charge(area_pages(area));
		if (err)
			return err;
	}
	copy = area_dup(area, child);
	if (!copy) {
		if (area->flags & AREA_ACCOUNTED)
			vm_uncharge(area_pages(area));
		return -ENOMEM;
	}
	copy->flags &= ~(u32)AREA_LOCKED;
	if (copy->flags & AREA_WIPEONFORK)
		copy->flags &= ~(u32)AREA_COWED;
	area_link(copy);
	area_account(child, copy->flags, (s64)area_pages(copy));
	return entries_wanted(area) ? copy_entries(area, copy, protected) : 0;
}

/* What is not memory. */
static void copy_facts(struct aspace *to, const struct aspace *from)
{
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	to->start_brk = from->start_brk;
	to->brk = from->brk;
	to->start_stack = from->start_stack;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->mmap_top = from->mmap_top;
	for (unsigned i = 0; i < ARRAY_SIZE(to->auxv); i++)
		to->auxv[i] = from->auxv[i];
	to->limits_as = from->limits_as;
	to->limits_data = from->limits_data;
	to->limits_stack = from->limits_stack;
	to->limits_memlock = from->limits_memlock;
	to->oom_score_adj = from->oom_score_adj;
	to->no_large = from->no_large;
}

int aspace_fork(struct aspace *from, struct aspace **out)
{
	struct aspace *child;
	bool protected = false;
	int err;

	/* What it holds itself may be what has to go. */
	vm_make_room_for_tables(READ_ONCE(from->pgtable.n_tables));
	err = aspace_create(&child);
	if (err)
		return err;
	err = rwsem_write_killable(&from->lock);
	if (err)
		goto fail;
	copy_facts(child, from);
	for (struct vm_area *area = area_first(from); area && !err; area = area_next(area))
		if (!(area->flags & AREA_DONTFORK))
			err = copy_area(child, area, &protected);
	if (protected)
		tlb_flush_space(&from->pgtable);
	rwsem_write_end(&from->lock);
	if (err)
		goto fail;
	*out = child;
	return 0;
fail:
	aspace_put_user(child);
	return err;
}
