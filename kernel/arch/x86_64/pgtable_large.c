/*
 * Large entries of the user half (arch/mmu.h says what they are). Each has put a table aside in the
 * chain pt->spare, linked by the tables' first words; any of them serves any entry.
 *
 * A split replaces one entry that maps 2 MiB by a table whose entries map the same frames with the
 * same rights. Processors may go on using either form (Intel SDM, volume 3, 4.10.2.3), and an
 * INVLPG of any address within drops both, so whoever changes one of the new entries flushes its
 * page and needs to know nothing of the split.
 */
#include "abi/errno.h"
#include "arch/x86_64/mmu_int.h"
#include "core/panic.h"

static u64 n_mapped, n_splits; /* a */

void mmu_large_stats(u64 *mapped, u64 *splits)
{
	*mapped = __atomic_load_n(&n_mapped, __ATOMIC_RELAXED);
	*splits = __atomic_load_n(&n_splits, __ATOMIC_RELAXED);
}

/* ---- Spare tables ---- */

static bool spare_push(struct pgtable *pt)
{
	paddr_t pa = table_alloc();

	if (!pa)
		return false;
	*(u64 *)phys_to_virt(pa) = pt->spare;
	pt->spare = pa;
	pt->n_tables++;
	return true;
}

static paddr_t spare_pop(struct pgtable *pt)
{
	paddr_t pa = pt->spare;

	kassert(pa);
	pt->spare = *(u64 *)phys_to_virt(pa);
	return pa;
}

u64 *large_split(struct pgtable *pt, u64 *entry)
{
	u64 leaf = *entry & ~PTE_LARGE;
	paddr_t pa = spare_pop(pt);
	u64 *table = phys_to_virt(pa);

	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = leaf + i * PAGE_SIZE;
	__atomic_store_n(entry, pa | TABLE_USER, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&n_mapped, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&n_splits, 1, __ATOMIC_RELAXED);
	return table;
}

/* ---- Entries ---- */

/* The entry of level 2 for va, or NULL if its table is missing. */
static u64 *slot_find(struct pgtable *pt, vaddr_t va)
{
	u64 *table = phys_to_virt(pt->root);

	for (unsigned level = 4; level > 2; level--) {
		u64 entry = table[level_index(va, level)];

		if (!(entry & PTE_PRESENT))
			return NULL;
		table = entry_table(entry);
	}
	return &table[level_index(va, 2)];
}

/* The same, tables made; NULL without memory. */
static u64 *slot_make(struct pgtable *pt, vaddr_t va)
{
	u64 *table = phys_to_virt(pt->root);

	for (unsigned level = 4; level > 2; level--) {
		u64 *entry = &table[level_index(va, level)];
		bool missing = !(*entry & PTE_PRESENT);

		table = table_descend(entry, TABLE_USER);
		if (!table)
			return NULL;
		pt->n_tables += missing;
	}
	return &table[level_index(va, 2)];
}

/* The slot of a large entry that is there. */
static u64 *slot_of_large(struct pgtable *pt, vaddr_t va)
{
	u64 *slot = slot_find(pt, va);

	kassert(slot && (*slot & PTE_LARGE));
	return slot;
}

pte_t pgtable_large(struct pgtable *pt, vaddr_t va)
{
	u64 *slot = slot_find(pt, va);
	u64 entry = slot ? pte_read(slot) : 0;

	return entry & PTE_LARGE ? entry : 0;
}

bool pgtable_large_room(struct pgtable *pt, vaddr_t va)
{
	u64 *slot = slot_find(pt, va);

	return !slot || !pte_read(slot);
}

int pgtable_large_set(struct pgtable *pt, vaddr_t va, pte_t pte)
{
	u64 *slot = slot_make(pt, va);

	if (!slot)
		return -ENOMEM;
	if (*slot)
		return -EEXIST;
	if (!spare_push(pt))
		return -ENOMEM;
	pte_write(slot, pte | PTE_LARGE);
	__atomic_fetch_add(&n_mapped, 1, __ATOMIC_RELAXED);
	return 0;
}

void pgtable_large_replace(struct pgtable *pt, vaddr_t va, pte_t pte)
{
	u64 *slot = slot_find(pt, va), table;

	kassert(slot && (*slot & PTE_PRESENT) && !(*slot & PTE_LARGE));
	table = *slot & PTE_ADDR;
	/* Read as an entry by who still knows the table, the link is none. */
	*(u64 *)phys_to_virt(table) = pt->spare;
	pte_write(slot, pte | PTE_LARGE);
	tlb_flush_tables(pt);
	pt->spare = table;
	__atomic_fetch_add(&n_mapped, 1, __ATOMIC_RELAXED);
}

void pgtable_large_change(struct pgtable *pt, vaddr_t va, pte_t pte)
{
	pte_write(slot_of_large(pt, va), pte | PTE_LARGE);
}

pte_t pgtable_large_clear(struct pgtable *pt, vaddr_t va)
{
	pte_t pte = pte_exchange(slot_of_large(pt, va), 0);

	/* It has never been in use, so no processor knows it. */
	table_free(spare_pop(pt));
	pt->n_tables--;
	__atomic_fetch_sub(&n_mapped, 1, __ATOMIC_RELAXED);
	return pte;
}

int pgtable_large_move(struct pgtable *pt, vaddr_t from, vaddr_t to)
{
	u64 *slot = slot_make(pt, to);

	if (!slot)
		return -ENOMEM;
	if (*slot)
		return -EEXIST;
	pte_write(slot, pte_exchange(slot_of_large(pt, from), 0));
	return 0;
}
