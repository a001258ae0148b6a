/* Page table pieces shared by mmu_boot.c, mmu_kernel.c, pgtable.c and tlb.c. */
#pragma once

#include "arch/mmu.h"

#define PTE_PWT    BIT(3)
#define PTE_PCD    BIT(4)
#define PTE_GLOBAL BIT(8)

#define TABLE_ENTRIES 512

/* Bits of an entry that points to a lower table. */
#define TABLE_KERNEL (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define TABLE_USER   (TABLE_KERNEL | PTE_USER)

/* Level 1 holds 4 KiB leaves, level 4 is the root. */
static inline u64 level_size(unsigned level)
{
	return 1ull << (PAGE_SHIFT + 9 * (level - 1));
}

static inline unsigned level_index(vaddr_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

static inline u64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDR);
}

/* Root of the kernel's own address space. */
extern paddr_t kernel_root;

/*
 * A zeroed table from the frame source, or from boot memory before there is one; 0 if there is
 * none.
 */
paddr_t table_alloc(void);
void table_free(paddr_t pa);

/* The table that *entry points to, made with `bits` if missing; NULL if there is no memory. */
u64 *table_descend(u64 *entry, u64 bits);

/*
 * Splits the large entry of the user half at *entry into a leaf table, which becomes its spare one:
 * the table.
 */
u64 *large_split(struct pgtable *pt, u64 *entry);
/* Moves va to the start of the next entry of that level. */
static inline vaddr_t next_entry(vaddr_t va, unsigned level)
{
	return align_down(va, level_size(level)) + level_size(level);
}

/*
 * Maps [va, va + size) of the kernel half with the largest pages that alignment and max_level allow
 * (1: 4 KiB only). What is mapped already must not overlap. 0 or -ENOMEM.
 */
int kernel_map(vaddr_t va, paddr_t pa, u64 size, unsigned prot, unsigned max_level);

/*
 * Makes firmware memory readable in the physmap where it is not yet: its address there, or NULL if
 * there is no memory.
 */
const void *physmap_extend(paddr_t pa, u64 size);

/* Maps device registers for good, before mm exists: never fails (boot only). */
void *device_map(paddr_t pa, u64 size);

/* Builds the final kernel page tables and switches to them. Boot CPU, once. */
void mmu_boot_init(void);
/* From now on kernel-half roots are shared: new level-4 entries are refused. */
void mmu_freeze_root(void);

/*
 * tlb.c: drops all that CPUs have cached of the space, tables above the leaves included, before
 * some are freed. As tlb_flush_space().
 */
void tlb_flush_tables(struct pgtable *pt);
/*
 * tlb.c: makes every CPU leave the space that still has it loaded for lack of another. Interrupts
 * on.
 */
void tlb_evict_space(struct pgtable *pt);
