/*
 * Private to vm: large entries (arch/mmu.h) for anonymous memory.
 *
 * A large entry stands for 512 leaf entries in every respect: its frames are single frames, each
 * with a reference and a map count for each large or leaf entry. So whoever does not care walks
 * with pgtable_next(), which splits, and sees leaf entries only. All under table_lock.
 */
#pragma once

#include "vm/vm_int.h"

#define LARGE_ORDER 9
#define LARGE_PAGES (1u << LARGE_ORDER)

static inline vaddr_t large_base(vaddr_t va) { return align_down(va, (vaddr_t)LARGE_PAGE_SIZE); }

/* Whether the area covers the whole aligned 2 MiB around addr. */
static inline bool area_covers_large(const struct vm_area *area, vaddr_t addr)
{
	vaddr_t base = large_base(addr);

	return area->end - area->start >= LARGE_PAGE_SIZE && base >= area->start &&
	       area->end - base >= LARGE_PAGE_SIZE;
}
/*
 * Whether areas like this one can have large pages at all, its place aside, and whether faults may
 * give it some.
 */
bool area_can_large(const struct vm_area *area);
bool area_may_large(const struct vm_area *area);
/*
 * 512 frames in a row, single ones with a reference and one entry each, or NULL. `flags`: MM_ZERO,
 * MM_WAIT … They are given back by large_drop().
 */
struct page *large_alloc(unsigned flags);
void large_count_collapse(void);

/*
 * A first store at f->addr, which area_covers_large(): whether it was met with a large page. If
 * not, a small one will do.
 */
bool fault_large(struct fault *f, struct vm_area *area);
/*
 * A store to a present entry that may be large: whether that is now writable (all its pages are
 * this space's own). If not, it is split. table_lock held.
 */
bool large_store_locked(struct fault *f, struct vm_area *area);
/*
 * Shares the large entry at va with the child of fork, read-only in both: 0, -ENOMEM; sets
 * *protected if the parent lost the right to write. table_lock of the parent held.
 */
int large_fork_locked(struct aspace *as, struct aspace *child, vaddr_t va, bool *protected);
/* Whether a device writes some of the 512 frames from `head` on. table_lock held. */
bool large_is_pinned(const struct aspace *as, const struct page *head);
/* One entry less for the 512 frames from `head` on, and its references. */
void large_drop(struct page *head);
/*
 * MADV_COLLAPSE: 0, the last failure (-EINVAL: not such memory, or nothing there; -ENOMEM; -EAGAIN:
 * in use), -ENOMEM for a gap, -ERESTARTSYS. No lock held.
 */
int vm_collapse(struct aspace *as, vaddr_t start, vaddr_t end);
/* Frees empty leaf tables in [start, end), to make room for large entries. as->lock held. */
void large_make_room(struct aspace *as, vaddr_t start, vaddr_t end);
/* The entry for va as it would be in a leaf table; 0: none. table_lock held. */
pte_t space_entry(struct aspace *as, vaddr_t va);
void large_init(void);
