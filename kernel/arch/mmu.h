/*
 * Page tables and translation caches. A `struct pgtable` is the root of one address space; its
 * upper half is the kernel's and shared by all. Leaf entries (pte_t) of the user half are read and
 * written by vm, under its own page-table lock; the levels above are arch's.
 *
 * Layout of virtual memory (4-level):
 *   0x0000000000001000 … USER_TOP              user
 *   PHYSMAP_BASE  + physical address           all of physical memory, large pages, no execute
 *   PAGEMAP_BASE  + pfn * sizeof(struct page)  array of struct page (mm maps what exists)
 *   KMAP_BASE … KMAP_TOP                       vmalloc, stacks, device registers (mm/vmalloc)
 *   KERNEL_BASE                                the image (-2 GiB), linked addresses
 */
#pragma once

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define LARGE_PAGE_SIZE (2ull << 20)

#define USER_BOTTOM  0x1000ull
#define USER_TOP     0x00007ffffffff000ull
#define PHYSMAP_BASE 0xffff888000000000ull
#define PAGEMAP_BASE 0xffffea0000000000ull
#define KMAP_BASE    0xffffc90000000000ull
#define KMAP_TOP     0xffffc98000000000ull /* one level-4 entry: 512 GiB */
#define KERNEL_BASE  0xffffffff80000000ull

enum mmu_prot {
	MMU_READ    = 1 << 0,
	MMU_WRITE   = 1 << 1,
	MMU_EXEC    = 1 << 2,
	MMU_USER    = 1 << 3,
	MMU_NOCACHE = 1 << 4, /* device registers: strongly uncached */
	MMU_WC      = 1 << 5, /* write combining, for frame buffers */
};

typedef u64 pte_t;

struct pgtable {
	paddr_t root;
	u64 cpus[1];  /* a: bit per CPU on which it is active */
	u64 n_tables; /* below the root, spare ones too; lock of whoever makes and prunes them */
	paddr_t spare; /* the same: a chain of tables, one for each large entry */
};

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(PHYSMAP_BASE + pa);
}

/* Physical address of a physmap or kernel-image pointer (not of vmalloc memory). */
static inline paddr_t virt_to_phys(const void *p)
{
	u64 va = (u64)p;
	extern u64 kernel_phys_delta; /* KERNEL_BASE-linked address minus physical address */

	return va >= KERNEL_BASE ? va - kernel_phys_delta : va - PHYSMAP_BASE;
}

/*
 * Where arch takes frames for page tables from (zeroed, 4 KiB; 0 = none) and returns them to.
 * Called by mm once it is up; before, tables come from boot memory and are never freed.
 */
void mmu_set_frame_source(paddr_t (*alloc)(void), void (*free)(paddr_t pa));

/* A new address space whose user half is empty: 0 or -ENOMEM. */
int pgtable_init(struct pgtable *pt);
/*
 * Frees all tables of the user half and the root. It is active nowhere; the leaf entries are
 * already cleared.
 */
void pgtable_fini(struct pgtable *pt);
/*
 * Makes `pt` (NULL: the kernel's own) this CPU's address space, without any flush if it already is.
 * Interrupts off.
 */
void pgtable_activate(struct pgtable *pt);
/*
 * A thread without user memory runs next: what is active stays so, but flushes of its pages need
 * not interrupt this CPU. Interrupts off.
 */
void pgtable_rest(void);

/*
 * The leaf slot of `va` if its table exists, else NULL. Caller holds the space's page-table lock.
 */
pte_t *pgtable_pte(struct pgtable *pt, vaddr_t va);
/* The same, but missing tables are allocated (never sleeps; NULL when out of memory). Same lock. */
pte_t *pgtable_pte_alloc(struct pgtable *pt, vaddr_t va);
/*
 * Walks existing leaf tables: moves *va up to the first address at or above it and below `end`
 * whose leaf table exists; returns its slot, with *n the number of slots that follow in the same
 * table below `end` (itself included); NULL when there is none. The caller continues with *va += *n
 * * PAGE_SIZE. Same lock.
 */
pte_t *pgtable_next(struct pgtable *pt, vaddr_t *va, vaddr_t end, size_t *n);
/*
 * Frees the tables that lie wholly in [start, end), whose leaf entries are all zero. The caller
 * flushes the TLB before the call, holds the lock, and knows that no area uses the range.
 */
void pgtable_prune(struct pgtable *pt, vaddr_t start, vaddr_t end);

/*
 * Large pages of the user half. In place of a leaf table may stand a large entry: 512 leaf entries
 * in one, for frames in a row, with the same rights and soft bits. It comes with a spare table, so
 * it can always be split into the leaf entries that it stands for. The functions above do so with
 * whatever large entry they meet; that changes no translation, so there is nothing to flush.
 *
 * As pgtable_next(), but a large entry that lies wholly in [*va, end) is left as it is: *n is 0
 * then, the result is the entry (to read), and the caller continues with *va += LARGE_PAGE_SIZE.
 * Same lock here and below.
 */
pte_t *pgtable_next_large(struct pgtable *pt, vaddr_t *va, vaddr_t end, size_t *n);
/* The large entry that maps va, or 0. */
pte_t pgtable_large(struct pgtable *pt, vaddr_t va);
/* Whether there is neither a leaf table nor a large entry for va. */
bool pgtable_large_room(struct pgtable *pt, vaddr_t va);
/*
 * Enters a large entry, present, at va where there is room; pte as for a leaf, of the first frame;
 * va and frame aligned. 0, -EEXIST if there is no room, -ENOMEM.
 */
int must_check pgtable_large_set(struct pgtable *pt, vaddr_t va, pte_t pte);
/*
 * The same in place of the leaf table that is there, whose entries are all zero and in no TLB; it
 * becomes the spare table.
 */
void pgtable_large_replace(struct pgtable *pt, vaddr_t va, pte_t pte);
/* Puts another (a leaf's bits, present) in place of the one at va. */
void pgtable_large_change(struct pgtable *pt, vaddr_t va, pte_t pte);
/* Takes the one at va out: what it was. */
pte_t pgtable_large_clear(struct pgtable *pt, vaddr_t va);
/*
 * Moves the one at `from` to `to`: 0, -EEXIST, -ENOMEM. Moving it back at once cannot fail.
 */
int must_check pgtable_large_move(struct pgtable *pt, vaddr_t from, vaddr_t to);
/* Large entries in all spaces now, and how many were split since boot. */
void mmu_large_stats(u64 *mapped, u64 *splits);

/* Leaf entries. Zero is "nothing". A non-present, non-zero entry is vm's own (pte_swap). */
pte_t pte_make(paddr_t pa, unsigned prot); /* prot: enum mmu_prot */
#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_USER     BIT(2)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_LARGE    BIT(7)  /* of a large entry; never in a leaf table */
#define PTE_SOFT0    BIT(9)  /* free for vm */
#define PTE_SOFT1    BIT(10) /* free for vm */
#define PTE_NX       BIT(63)
#define PTE_ADDR     0x000ffffffffff000ull

static inline bool pte_large(pte_t pte) { return pte & PTE_LARGE; }
static inline bool pte_present(pte_t pte) { return pte & PTE_PRESENT; }
static inline paddr_t pte_paddr(pte_t pte) { return pte & PTE_ADDR; }
static inline pte_t pte_read(const pte_t *slot) { return __atomic_load_n(slot, __ATOMIC_RELAXED); }
static inline void pte_write(pte_t *slot, pte_t pte)
{
	__atomic_store_n(slot, pte, __ATOMIC_RELEASE);
}
/*
 * Replaces an entry and returns the old one with the accessed and dirty bits the CPU has set up to
 * then.
 */
static inline pte_t pte_exchange(pte_t *slot, pte_t pte)
{
	return __atomic_exchange_n(slot, pte, __ATOMIC_ACQ_REL);
}

/* Drops `va` from this CPU's TLB only (entry made more permissive, or a stale fault). */
void tlb_flush_local(vaddr_t va);
/*
 * Drops [start, end) of `pt` from the TLB of every CPU that runs it, and returns when all have done
 * so; above 64 pages everything is dropped. Caller: interrupts on, or only this CPU active. No
 * spinlock that an interrupt takes.
 */
void tlb_flush_range(struct pgtable *pt, vaddr_t start, vaddr_t end);
/* The same for the whole user half. */
void tlb_flush_space(struct pgtable *pt);
/* The same for kernel addresses, on all CPUs. */
void tlb_flush_kernel(vaddr_t start, vaddr_t end);

/*
 * Maps n pages at kernel address va to pa …: 0 or -ENOMEM. The range is unmapped before. Callers
 * serialise per range.
 */
int mmu_map_kernel(vaddr_t va, paddr_t pa, size_t n, unsigned prot);
/* Removes n pages at va; does not flush. */
void mmu_unmap_kernel(vaddr_t va, size_t n);
/* Whether a kernel address is mapped; its physical address to *pa if pa. */
bool mmu_translate_kernel(vaddr_t va, paddr_t *pa);

/* Fills (clears) one page fast. `page` is 4 KiB aligned. */
void page_clear(void *page);
void page_copy(void *dst, const void *src);
