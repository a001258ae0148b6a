/*
 * mremap(2): shrink by unmapping the tail, grow in place where there is room, else move the entries
 * to a new place. A move copies no memory: leaf entries change their slot.
 */
#include "abi/mman.h"
#include "core/gaps.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/vm_int.h"

struct remap {
	struct aspace *as;
	vaddr_t old;
	u64 old_length, new_length; /* page multiples */
	u32 flags;
	vaddr_t hint;
	vaddr_t populate;           /* result: locked memory that was added, 0: none */
};

/* Moves n leaf entries from `src` on to `to`: 0, or -EAGAIN where a table could not be had. */
static int move_slots(struct aspace *as, pte_t *src, vaddr_t to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pte_t *dst;

		if (!pte_read(&src[i]))
			continue;
		dst = pgtable_pte_alloc(&as->pgtable, to + i * PAGE_SIZE);
		if (!dst)
			return -EAGAIN;
		pte_write(dst, pte_exchange(&src[i], 0));
	}
	return 0;
}

/*
 * Moves what lies at *va, which goes on behind it, `by` bytes up (or down: wrapping): 0, or -EAGAIN
 * where a table could not be had, with *va as it was and some moved.
 */
static int move_some(struct aspace *as, vaddr_t *va, vaddr_t end, u64 by)
{
	bool aligned = is_aligned(by, LARGE_PAGE_SIZE);
	size_t n;
	pte_t *src;
	int err;

	src = aligned ? pgtable_next_large(&as->pgtable, va, end, &n)
		      : pgtable_next(&as->pgtable, va, end, &n);
	if (!src) {
		*va = end;
		return 0;
	}
	if (unlikely(!n)) {
		err = pgtable_large_move(&as->pgtable, *va, *va + by);
		if (err == -ABI_ENOMEM)
			return -EAGAIN;
		if (!err) {
			*va += LARGE_PAGE_SIZE;
			return 0;
		}
		/* There is a table: small pages it must be. */
		src = pgtable_next(&as->pgtable, va, end, &n);
	}
	err = move_slots(as, src, *va + by, n);
	if (!err)
		*va += n * PAGE_SIZE;
	return err;
}

/*
 * Moves the entries of [old, old + length) of `from` to `to` (already linked): 0 or -ENOMEM with
 * some moved.
 */
static int move_entries(struct vm_area *from, vaddr_t old, vaddr_t to, u64 length)
{
	struct aspace *as = from->aspace;
	vaddr_t va = old, end = old + length;
	int err = 0;

	while (va < end && !err) {
		vaddr_t base;

		/*
		 * A walk of the reverse map sees an entry in its old or its new place, and may
		 * free its page, which nobody must reach by the old one then.
		 */
		rmap_lock(from->cache);
		spin_lock(&as->table_lock);
		err = move_some(as, &va, end, to - old);
		base = large_base(err ? va : va - PAGE_SIZE);
		if (from->cache)
			tlb_flush_range(&as->pgtable, max(base, old),
					min(base + (vaddr_t)LARGE_PAGE_SIZE, end));
		spin_unlock(&as->table_lock);
		rmap_unlock(from->cache);
		/* Nobody is killed for it: reclaim cannot look at a space that is locked. */
		if (unlikely(err == -ABI_EAGAIN))
			err = vm_make_room(MM_NOFS) ? 0 : -ENOMEM;
		sched_point();
	}
	tlb_flush_range(&as->pgtable, old, end);
	return err;
}

/* What growth by `pages` needs: 0 or negative errno. The charge is taken. */
static int reserve(struct vm_area *area, u64 pages)
{
	struct aspace *as = area->aspace;
	int err = 0;

	if (area->flags & AREA_LOCKED)
		err = area_check_locked(as, pages);
	if (!err)
		err = area_check_limits(as, area->flags, pages);
	if (!err && (area->flags & AREA_ACCOUNTED))
		err = vm_charge(pages);
	return err == -ABI_EPERM ? -EAGAIN : err;
}

static bool room_above(struct vm_area *area, u64 more)
{
	struct vm_area *next = area_next(area);
	vaddr_t floor = next ? next->start : USER_TOP;

	if (next && (next->flags & AREA_GROWSDOWN))
		floor -= min(floor, (vaddr_t)STACK_GUARD_GAP);
	return floor >= area->end && floor - area->end >= more;
}

/* Moves the range to new_addr with its new length. Everything is reserved; the place is free. */
static int move_area(struct remap *r, struct vm_area *area, vaddr_t new_addr)
{
	struct aspace *as = r->as;
	u64 moved = min(r->old_length, r->new_length);
	struct vm_area *copy = area_dup(area, as);
	u32 flags;
	int err;

	if (!copy)
		return -ENOMEM;
	copy->start = new_addr;
	copy->end = new_addr + r->new_length;
	copy->index = area->cache || area->source ? area_index(area, r->old)
						  : new_addr >> PAGE_SHIFT;
	flags = copy->flags;
	area_link(copy);
	err = move_entries(area, r->old, new_addr, moved);
	if (err) {
		/* Back again: the old tables are still there, so this cannot fail. */
		(void)move_entries(copy, new_addr, r->old, moved);
		area_unlink(copy);
		area_free(copy);
		return err;
	}
	area_account(as, flags, (s64)(r->new_length >> PAGE_SHIFT));
	if (r->flags & MREMAP_DONTUNMAP) {
		/* The old range stays, empty; its locked pages went with the new one. */
		if (area->flags & AREA_LOCKED) {
			as->n_locked -= area_pages(area);
			area->flags &= ~(u32)AREA_LOCKED;
		}
		return 0;
	}
	(void)area_merge(copy);
	if (!r->old_length)
		return 0;
	return unmap_locked(as, r->old, r->old + r->old_length);
}

/* Finds the area and checks that the range may be remapped. */
static int remap_check(struct remap *r, struct vm_area **out)
{
	struct vm_area *area = area_at(r->as, r->old);

	if (!area)
		return -EFAULT;
	if (!r->old_length && !(area->flags & AREA_SHARED))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && (area->flags & (AREA_SPECIAL | AREA_DEVICE)))
		return -EINVAL;
	if (r->old_length > area->end - r->old)
		return -EFAULT;
	if (r->new_length > r->old_length && (area->flags & (AREA_SPECIAL | AREA_DEVICE)))
		return -EFAULT;
	if (area->cache &&
	    area_index(area, r->old) + (r->new_length >> PAGE_SHIFT) < area_index(area, r->old))
		return -EINVAL;
	*out = area;
	return 0;
}

/* Moves to an address of the kernel's choice, or to the caller's with MREMAP_FIXED. */
static int remap_move(struct remap *r, vaddr_t *out)
{
	bool keep = r->flags & MREMAP_DONTUNMAP || !r->old_length;
	u64 grown = keep ? r->new_length : r->new_length - min(r->new_length, r->old_length);
	struct aspace *as = r->as;
	struct vm_area *area;
	vaddr_t addr;
	int err;

	if (as->n_areas + 3 >= vm_max_map_count)
		return -ENOMEM;
	err = map_choose(as, r->hint, r->new_length, r->flags & MREMAP_FIXED ? MAP_FIXED : 0,
			 &addr);
	if (!err && (r->flags & MREMAP_FIXED))
		err = unmap_locked(as, addr, addr + r->new_length);
	/* A smaller target: the tail goes first. */
	if (!err && r->old_length > r->new_length) {
		err = unmap_locked(as, r->old + r->new_length, r->old + r->old_length);
		r->old_length = r->new_length;
	}
	if (!err)
		err = remap_check(r, &area);
	if (!err)
		err = reserve(area, grown >> PAGE_SHIFT);
	if (err)
		return err;
	/*
	 * What is moved keeps its charge: unmapping the old range gives one back that the new range
	 * needs.
	 */
	if ((area->flags & AREA_ACCOUNTED) && !keep)
		vm_count(VM_COMMITTED, (s64)(r->old_length >> PAGE_SHIFT));
	if (grown && (area->flags & AREA_LOCKED))
		r->populate = addr;
	err = move_area(r, area, addr);
	if (err) {
		area = area_at(as, r->old);
		if (area && (area->flags & AREA_ACCOUNTED))
			vm_uncharge((grown + (keep ? 0 : r->old_length)) >> PAGE_SHIFT);
		return err;
	}
	*out = addr;
	return 0;
}

static int remap_locked(struct remap *r, vaddr_t *out)
{
	struct vm_area *area;
	u64 more;
	int err;

	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		err = remap_check(r, &area);
		return err ? err : remap_move(r, out);
	}
	if (r->old_length > r->new_length) {
		err = area_at(r->as, r->old)
			      ? unmap_locked(r->as, r->old + r->new_length, r->old + r->old_length)
			      : -EFAULT;
		*out = r->old;
		return err;
	}
	err = remap_check(r, &area);
	if (err)
		return err;
	*out = r->old;
	more = r->new_length - r->old_length;
	if (!more)
		return 0;
	if (r->old_length && r->old + r->old_length == area->end && room_above(area, more)) {
		err = reserve(area, more >> PAGE_SHIFT);
		if (err)
			return err;
		area_resize(area, area->start, area->end + more, area->index);
		area_account(r->as, area->flags, (s64)(more >> PAGE_SHIFT));
		if (area->flags & AREA_LOCKED)
			r->populate = r->old;
		(void)area_merge(area);
		return 0;
	}
	return r->flags & MREMAP_MAYMOVE ? remap_move(r, out) : -ENOMEM;
}

int vm_remap(struct aspace *as, vaddr_t old, u64 old_length, u64 new_length, u32 flags,
	     vaddr_t hint, vaddr_t *out)
{
	struct remap r = { .as = as, .old = old, .flags = flags, .hint = hint };
	bool populate;
	int err;

	r.old_length = align_up(old_length, (u64)PAGE_SIZE);
	r.new_length = align_up(new_length, (u64)PAGE_SIZE);
	if (gap_flags(flags, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && r.old_length != r.new_length)
		return -EINVAL;
	if ((old & ~PAGE_MASK) || !r.new_length || r.old_length < old_length || old >= USER_TOP)
		return -EINVAL;
	if (r.new_length > USER_TOP)
		return flags & MREMAP_FIXED ? -EINVAL : -ENOMEM;
	if (flags & MREMAP_FIXED) {
		if ((hint & ~PAGE_MASK) || hint > USER_TOP - r.new_length)
			return -EINVAL;
		if (hint < old + r.old_length && old < hint + r.new_length)
			return -EINVAL;
	} else if (!(flags & MREMAP_DONTUNMAP)) {
		r.hint = 0;
	}
	if (flags & MREMAP_MAYMOVE)
		vm_make_room_for_tables(min(r.old_length, r.new_length) / LARGE_PAGE_SIZE + 4);
	err = rwsem_write_killable(&as->lock);
	if (err)
		return err;
	err = remap_locked(&r, out);
	populate = !err && r.populate && !as->lock_on_fault;
	aspace_write_end(as);
	if (populate)
		vm_populate(as, r.populate, r.new_length);
	return err;
}
