/*
 * Which memory the shadow of core/kasan.h has. Not instrumented; used in VARIANT=kasan only.
 *
 *   1. At the first instruction of C the whole shadow is one page of zeros, by three tables of
 *      which every entry leads to the next: all may be touched. What frames write there is thrown
 *      away.
 *   2. With the final page tables RAM and the image get shadow of their own, an eighth of their
 *      size, from boot memory; what else can be mapped (registers, firmware) keeps the page of
 *      zeros, now read only.
 *   3. The shadow of KMAP_BASE … KMAP_TOP grows with the areas that are reserved there, and stays.
 */
#include "core/kasan.h"

#include "abi/errno.h"
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/image_int.h"
#include "arch/x86_64/kasan_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/msr_int.h"
#include "core/panic.h"
#include "core/spinlock.h"

#define PAGE_TABLE __aligned(4096)

static u8 zero_page[PAGE_SIZE] PAGE_TABLE;
static u64 zero_tables[3][TABLE_ENTRIES] PAGE_TABLE; /* of levels 1, 2, 3 */

static struct spinlock shadow_lock = SPINLOCK_INIT(RANK_RMAP, "kasan shadow");

static vaddr_t shadow_of(vaddr_t va)
{
	return (va >> KASAN_SHADOW_SHIFT) + KASAN_SHADOW_OFFSET;
}

/* Before kernel_phys_delta is set, and before shadow is there. */
static paddr_t image_phys(const void *p)
{
	return (u64)p - KERNEL_BASE;
}

/* What an entry of a table of that level holds so that all below it are zeros. */
static u64 zero_entry(unsigned level)
{
	return level == 1 ? image_phys(zero_page) | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX
			  : image_phys(zero_tables[level - 2]) | TABLE_KERNEL;
}

void kasan_shadow_boot(void)
{
	u64 *root = phys_to_virt(cr3_read() & PTE_ADDR);

	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		zero_tables[0][i] = zero_entry(1) | PTE_WRITE;
		zero_tables[1][i] = zero_entry(2);
		zero_tables[2][i] = zero_entry(3);
	}
	for (vaddr_t va = KASAN_SHADOW_START; va < KASAN_SHADOW_END; va += level_size(4))
		root[level_index(va, 4)] = zero_entry(4);
}

/* Shadow for the page-aligned range, in pieces of `unit` bytes of shadow. */
static void shadow_map(vaddr_t start, vaddr_t end, u64 unit, unsigned level)
{
	vaddr_t from = align_down(shadow_of(start), unit), to = align_up(shadow_of(end), unit);

	for (; from < to; from += unit)
		if (!mmu_translate_kernel(from, NULL) &&
		    kernel_map(from, boot_alloc(unit, unit), unit, MMU_READ | MMU_WRITE, level))
			panic("kasan: no memory for page tables");
}

/* Whatever of a table of that level leads nowhere leads to zeros. */
static void fill_holes(u64 *table, unsigned level)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (!(table[i] & PTE_PRESENT))
			table[i] = zero_entry(level);
		else if (level > 1 && !(table[i] & PTE_LARGE))
			fill_holes(entry_table(table[i]), level - 1);
	}
}

void kasan_shadow_init(void)
{
	u64 *root = phys_to_virt(kernel_root);
	unsigned kmap = level_index(shadow_of(KMAP_BASE), 4);

	for (unsigned i = 0; i < boot_n_usable; i++)
		shadow_map((vaddr_t)phys_to_virt(boot_usable[i].start),
			   (vaddr_t)phys_to_virt(boot_usable[i].end), LARGE_PAGE_SIZE, 2);
	shadow_map((vaddr_t)image_start, (vaddr_t)image_end, PAGE_SIZE, 1);

	for (vaddr_t va = KASAN_SHADOW_START; va < KASAN_SHADOW_END; va += level_size(4)) {
		u64 *entry = &root[level_index(va, 4)];

		if (level_index(va, 4) == kmap) {
			if (!table_descend(entry, TABLE_KERNEL))
				panic("kasan: no memory for page tables");
		} else if (*entry & PTE_PRESENT) {
			fill_holes(entry_table(*entry), 3);
		} else {
			*entry = zero_entry(4);
		}
	}
}

void kasan_shadow_seal(void)
{
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		((volatile u8 *)zero_page)[i] = 0;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		zero_tables[0][i] &= ~PTE_WRITE;
	cr3_write(cr3_read());
	kasan_start();
}

int kasan_shadow_populate(vaddr_t start, size_t size)
{
	vaddr_t at = align_down(shadow_of(start), PAGE_SIZE), end = shadow_of(start + size - 1) + 1;
	int ret = 0;

	for (; !ret && at < end; at += PAGE_SIZE) {
		u64 flags = spin_lock_irq(&shadow_lock);
		paddr_t pa;

		if (!mmu_translate_kernel(at, NULL)) {
			pa = table_alloc();
			ret = pa ? kernel_map(at, pa, PAGE_SIZE, MMU_READ | MMU_WRITE, 1) : -ENOMEM;
			if (ret && pa)
				table_free(pa);
		}
		spin_unlock_irq(&shadow_lock, flags);
	}
	return ret;
}
