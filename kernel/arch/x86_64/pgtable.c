/*
 * The user half of an address space: four levels, of which the lowest is vm's to read and write
 * under its page-table lock. Tables above are made as leaves are asked for, and go when their range
 * is pruned or the space ends. Large entries, which stand in place of leaf tables, are in
 * pgtable_large.c.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/x86_64/mmu_int.h"
#include "core/panic.h"
#include "lib/string.h"

#define USER_ROOT_ENTRIES (TABLE_ENTRIES / 2)

int pgtable_init(struct pgtable *pt)
{
	paddr_t root = table_alloc();

	if (!root)
		return -ENOMEM;
	mmu_freeze_root();
	memcpy((u64 *)phys_to_virt(root) + USER_ROOT_ENTRIES,
	       (u64 *)phys_to_virt(kernel_root) + USER_ROOT_ENTRIES,
	       USER_ROOT_ENTRIES * sizeof(u64));
	*pt = (struct pgtable){ .root = root };
	return 0;
}

/*
 * Whether eight entries are empty: most are, and every process ends with a look at all of its
 * tables.
 */
static inline bool empty_eight(const u64 *e)
{
	return !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
}

/*
 * Frees the tables below `table`, whose level is given (its entries point to level - 1). n is a
 * multiple of 8.
 */
static void free_below(u64 *table, unsigned level, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (is_aligned(i, 8) && empty_eight(&table[i])) {
			i += 7;
			continue;
		}
		if (!(table[i] & PTE_PRESENT))
			continue;
		if (level > 2)
			free_below(entry_table(table[i]), level - 1, TABLE_ENTRIES);
		table_free(table[i] & PTE_ADDR);
	}
}

void pgtable_fini(struct pgtable *pt)
{
	tlb_evict_space(pt);
	kassert(!pt->spare);
	free_below(phys_to_virt(pt->root), 4, USER_ROOT_ENTRIES);
	table_free(pt->root);
	pt->root = 0;
}

__section(".text.hot") pte_t *pgtable_pte(struct pgtable *pt, vaddr_t va)
{
	u64 *table = phys_to_virt(pt->root);

	for (unsigned level = 4; level > 1; level--) {
		u64 entry = table[level_index(va, level)];

		if (unlikely((entry & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT)) {
			if (!(entry & PTE_PRESENT))
				return NULL;
			table = large_split(pt, &table[level_index(va, level)]);
			break;
		}
		table = entry_table(entry);
	}
	return &table[level_index(va, 1)];
}

__section(".text.hot") pte_t *pgtable_pte_alloc(struct pgtable *pt, vaddr_t va)
{
	u64 *table = phys_to_virt(pt->root);

	for (unsigned level = 4; level > 1; level--) {
		u64 *entry = &table[level_index(va, level)];

		if (*entry & PTE_PRESENT) {
			table = unlikely(*entry & PTE_LARGE) ? large_split(pt, entry)
							     : entry_table(*entry);
			continue;
		}
		table = table_descend(entry, TABLE_USER);
		if (!table)
			return NULL;
		pt->n_tables++;
	}
	return &table[level_index(va, 1)];
}

/*
 * The walk of pgtable_next(); `keep`: large entries that lie wholly in the range are left, with *n
 * 0.
 */
static inline pte_t *walk_next(struct pgtable *pt, vaddr_t *va, vaddr_t end, size_t *n, bool keep)
{
	while (*va < end) {
		u64 *table = phys_to_virt(pt->root);
		unsigned level;

		for (level = 4; level > 1; level--) {
			u64 *entry = &table[level_index(*va, level)];

			if (!(*entry & PTE_PRESENT))
				break;
			if (likely(!(*entry & PTE_LARGE))) {
				table = entry_table(*entry);
				continue;
			}
			if (keep && is_aligned(*va, LARGE_PAGE_SIZE) &&
			    end - *va >= LARGE_PAGE_SIZE) {
				*n = 0;
				return entry;
			}
			table = large_split(pt, entry);
		}
		if (level == 1) {
			*n = (min(end, next_entry(*va, 2)) - *va) >> PAGE_SHIFT;
			return &table[level_index(*va, 1)];
		}
		*va = next_entry(*va, level);
	}
	return NULL;
}

pte_t *pgtable_next(struct pgtable *pt, vaddr_t *va, vaddr_t end, size_t *n)
{
	return walk_next(pt, va, end, n, false);
}

pte_t *pgtable_next_large(struct pgtable *pt, vaddr_t *va, vaddr_t end, size_t *n)
{
	return walk_next(pt, va, end, n, true);
}

/*
 * Unlinks the tables below `table` that lie wholly in [start, end) and strings them together by
 * their first entry, which nothing reads any more: *freed is the first. [start, end) lies within
 * the table.
 */
static void unlink_tables(u64 *table, unsigned level, vaddr_t start, vaddr_t end, paddr_t *freed)
{
	for (vaddr_t va = start; va < end; va = next_entry(va, level)) {
		u64 *entry = &table[level_index(va, level)];
		vaddr_t stop = min(end, next_entry(va, level));
		paddr_t pa = *entry & PTE_ADDR;

		if (!(*entry & PTE_PRESENT))
			continue;
		if (level > 2)
			unlink_tables(phys_to_virt(pa), level - 1, va, stop, freed);
		if (stop - va < level_size(level))
			continue;
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
		*(u64 *)phys_to_virt(pa) = *freed;
		*freed = pa;
	}
}

void pgtable_prune(struct pgtable *pt, vaddr_t start, vaddr_t end)
{
	paddr_t freed = 0;

	unlink_tables(phys_to_virt(pt->root), 4, start, end, &freed);
	if (!freed)
		return;
	tlb_flush_tables(pt);
	while (freed) {
		paddr_t pa = freed;

		freed = *(u64 *)phys_to_virt(pa);
		table_free(pa);
		pt->n_tables--;
	}
}
