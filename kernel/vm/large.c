/*
 * Transparent large pages. The first store into an aligned 2 MiB that an area of plain anonymous
 * memory covers, and where nothing is mapped yet, gets 512 frames in a row and one large entry: one
 * fault and one walk level less instead of 512 faults. It is tried only while memory is plentiful,
 * and never waited for.
 *
 * fork shares the large entry read-only. A store to such an entry makes it writable again when the
 * other side is gone (exec, exit); else it is split, and pages are copied one by one. Everything
 * that concerns less than the whole, and all that is rare, splits too.
 *
 * Frames that are freed together go back to the allocator as the block they came from.
 */
#include "vm/large.h"

#include "core/cmdline.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "vm/large_int.h"

#define LARGE_BITS (PTE_ACCESSED | PTE_DIRTY)

static const char *const mode_names[] = {
	[VM_LARGE_ALWAYS] = "always",
	[VM_LARGE_MADVISE] = "madvise",
	[VM_LARGE_NEVER] = "never",
};

static enum vm_large_mode mode;   /* a */
static u64 enough;                /* I: free frames above which memory is plentiful */
static u64 n_allocated, n_fallbacks, n_collapsed; /* a */

enum vm_large_mode vm_large_mode(void)
{
	return READ_ONCE(mode);
}

void vm_large_set_mode(enum vm_large_mode new)
{
	WRITE_ONCE(mode, new);
}

const char *vm_large_name(enum vm_large_mode which)
{
	return mode_names[which];
}

int vm_large_parse(const char *name, enum vm_large_mode *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (strcmp(name, mode_names[i]) == 0) {
			*out = (enum vm_large_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

void vm_large_stats(struct vm_large_stats *out)
{
	mmu_large_stats(&out->mapped, &out->splits);
	out->allocated = __atomic_load_n(&n_allocated, __ATOMIC_RELAXED);
	out->fallbacks = __atomic_load_n(&n_fallbacks, __ATOMIC_RELAXED);
	out->collapsed = __atomic_load_n(&n_collapsed, __ATOMIC_RELAXED);
}

void large_count_collapse(void)
{
	__atomic_fetch_add(&n_collapsed, 1, __ATOMIC_RELAXED);
}

void large_init(void)
{
	struct mm_stats stats;
	char text[16];

	mm_stats(&stats);
	enough = stats.total / 8 + 2 * mm_mark_low() + LARGE_PAGES;
	if (cmdline_get("transparent_hugepage", text, sizeof(text)))
		(void)vm_large_parse(text, &mode);
}

bool area_can_large(const struct vm_area *area)
{
	return !area->cache && !area->source &&
	       !(area->flags & (AREA_SHARED | AREA_DEVICE | AREA_SPECIAL | AREA_GROWSDOWN |
				AREA_NOHUGE)) &&
	       !READ_ONCE(area->aspace->no_large);
}

bool area_may_large(const struct vm_area *area)
{
	if (!area_can_large(area))
		return false;
	switch (READ_ONCE(mode)) {
	case VM_LARGE_ALWAYS:
		return true;
	case VM_LARGE_MADVISE:
		return area->flags & AREA_HUGE;
	default:
		return false;
	}
}

bool area_large_eligible(const struct vm_area *area)
{
	vaddr_t base = align_up(area->start, (vaddr_t)LARGE_PAGE_SIZE);

	return base < area->end && area->end - base >= LARGE_PAGE_SIZE && area_may_large(area);
}

/* ---- Faults ---- */

struct page *large_alloc(unsigned flags)
{
	struct page *head = page_alloc_order(LARGE_ORDER, MM_USER | MM_MOVABLE | flags);

	if (!head)
		return NULL;
	page_split_order(head, LARGE_ORDER);
	for (unsigned i = 0; i < LARGE_PAGES; i++) {
		head[i].flags = PG_ANON | PG_UPTODATE;
		head[i].map_count = 1;
	}
	vm_count(VM_ANON, LARGE_PAGES);
	return head;
}

bool fault_large(struct fault *f, struct vm_area *area)
{
	vaddr_t base = large_base(f->addr);
	struct aspace *as = f->as;
	struct page *head;
	pte_t entry;
	bool room;
	int err;

	if (leaf_slot(as, f->addr) || !area_may_large(area))
		return false;
	spin_lock(&as->table_lock);
	room = pgtable_large_room(&as->pgtable, base);
	entry = pgtable_large(&as->pgtable, base);
	spin_unlock(&as->table_lock);
	/* Another thread was first. */
	if (entry & PTE_WRITE)
		return true;
	if (!room)
		return false;
	head = mm_free_frames() >= enough ? large_alloc(MM_ZERO) : NULL;
	if (!head) {
		__atomic_fetch_add(&n_fallbacks, 1, __ATOMIC_RELAXED);
		return false;
	}
	spin_lock(&as->table_lock);
	err = pgtable_large_set(&as->pgtable, base,
				area_pte(area, page_to_phys(head), true, LARGE_BITS));
	if (!err)
		as->n_resident_anon += LARGE_PAGES;
	spin_unlock(&as->table_lock);
	if (err) {
		large_drop(head);
		return false;
	}
	__atomic_fetch_add(&n_allocated, 1, __ATOMIC_RELAXED);
	return true;
}

static bool all_own(const struct page *head)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		if (__atomic_load_n(&head[i].refs, __ATOMIC_ACQUIRE) != 1)
			return false;
	return true;
}

bool large_store_locked(struct fault *f, struct vm_area *area)
{
	struct pgtable *pt = &f->as->pgtable;
	vaddr_t base = large_base(f->addr);
	pte_t entry = pgtable_large(pt, base);

	if (!entry)
		return false;
	if (entry & PTE_WRITE) {
		tlb_flush_local(f->addr);
		return true;
	}
	/* More rights on the same frames need no flush. */
	if (area_covers_large(area, f->addr) && all_own(phys_to_page(pte_paddr(entry)))) {
		pgtable_large_change(pt, base, area_pte(area, pte_paddr(entry), true, LARGE_BITS));
		return true;
	}
	(void)pgtable_pte(pt, f->addr);
	return false;
}

pte_t space_entry(struct aspace *as, vaddr_t va)
{
	pte_t *slot = leaf_slot(as, va), large;

	if (likely(slot))
		return pte_read(slot);
	large = pgtable_large(&as->pgtable, va);
	if (large)
		return (large & ~PTE_LARGE) + (va - large_base(va));
	slot = pgtable_pte(&as->pgtable, va);
	return slot ? pte_read(slot) : 0;
}

/* ---- fork, and the end ---- */

int large_fork_locked(struct aspace *as, struct aspace *child, vaddr_t va, bool *protected)
{
	pte_t entry = pgtable_large(&as->pgtable, va) & ~PTE_LARGE;
	struct page *head = phys_to_page(pte_paddr(entry));
	int err = pgtable_large_set(&child->pgtable, va, entry & ~PTE_WRITE);

	if (err)
		return err;
	for (unsigned i = 0; i < LARGE_PAGES; i++) {
		page_get(&head[i]);
		__atomic_fetch_add(&head[i].map_count, 1, __ATOMIC_RELAXED);
	}
	child->n_resident_anon += LARGE_PAGES;
	if (entry & PTE_WRITE) {
		pgtable_large_change(&as->pgtable, va, entry & ~PTE_WRITE);
		*protected = true;
	}
	return 0;
}

void large_drop(struct page *head)
{
	u64 freed[LARGE_PAGES / 64] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < LARGE_PAGES; i++) {
		struct page *page = &head[i];
		u32 one = 1;

		/* As page_drop(): someone may look at a frame for a moment. */
		if (page->map_count == 1 &&
		    __atomic_compare_exchange_n(&page->refs, &one, 0, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			page->map_count = 0;
			freed[i / 64] |= BIT(i % 64);
			n++;
		} else {
			page_unmap_put(page);
		}
	}
	vm_count(VM_ANON, -(s64)n);
	if (n == LARGE_PAGES) {
		page_release_block(head, LARGE_ORDER);
		return;
	}
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		if (freed[i / 64] & BIT(i % 64))
			page_release(&head[i]);
}

static bool table_empty(const pte_t *slot)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		if (pte_read(&slot[i]))
			return false;
	return true;
}

void large_make_room(struct aspace *as, vaddr_t start, vaddr_t end)
{
	vaddr_t base = align_up(start, (vaddr_t)LARGE_PAGE_SIZE);

	for (; base < end && end - base >= LARGE_PAGE_SIZE; base += LARGE_PAGE_SIZE) {
		vaddr_t va = base;
		pte_t *slot;
		size_t n;

		spin_lock(&as->table_lock);
		slot = pgtable_next_large(&as->pgtable, &va, end, &n);
		if (!slot) {
			base = end - LARGE_PAGE_SIZE;
		} else if (va != base) {
			base = large_base(va) - LARGE_PAGE_SIZE;
		} else if (n && table_empty(slot)) {
			leaves_forget(as);
			pgtable_prune(&as->pgtable, base, base + LARGE_PAGE_SIZE);
		}
		spin_unlock(&as->table_lock);
	}
}
