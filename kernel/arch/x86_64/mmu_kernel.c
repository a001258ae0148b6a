/*
 * The kernel half of virtual memory. All address spaces share it by holding the same level-4
 * entries, so these must all exist before the first address space is made; below them tables come
 * and go freely.
 *
 * Tables are allocated from boot memory until mm gives a frame source, and are never freed.
 */
#include "abi/errno.h"
#include "arch/boot.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/mmu_int.h"
#include "core/panic.h"
#include "core/spinlock.h"

/* Where registers that arch itself uses are mapped: above the image, below the top 1 GiB. */
#define DEVICE_BASE 0xffffffffc0000000ull
#define DEVICE_TOP  0xffffffffd0000000ull

paddr_t kernel_root;

static struct spinlock kernel_tables_lock = SPINLOCK_INIT(RANK_PTABLE, "kernel_tables");
static paddr_t (*frame_alloc)(void);
static void (*frame_free)(paddr_t pa);
static bool root_frozen;
static vaddr_t device_next = DEVICE_BASE;

void mmu_set_frame_source(paddr_t (*alloc)(void), void (*free)(paddr_t pa))
{
	frame_alloc = alloc;
	frame_free = free;
}

paddr_t table_alloc(void)
{
	return frame_alloc ? frame_alloc() : boot_alloc(PAGE_SIZE, PAGE_SIZE);
}

void table_free(paddr_t pa)
{
	frame_free(pa);
}

void mmu_freeze_root(void)
{
	root_frozen = true;
}

u64 *table_descend(u64 *entry, u64 bits)
{
	if (!(*entry & PTE_PRESENT)) {
		paddr_t pa = table_alloc();

		if (!pa)
			return NULL;
		__atomic_store_n(entry, pa | bits, __ATOMIC_RELEASE);
	}
	return entry_table(*entry);
}

pte_t pte_make(paddr_t pa, unsigned prot)
{
	pte_t pte = pa | PTE_PRESENT | PTE_ACCESSED;

	if (prot & MMU_WRITE)
		pte |= PTE_WRITE;
	if (!(prot & MMU_EXEC))
		pte |= PTE_NX;
	if (prot & MMU_USER)
		pte |= PTE_USER;
	else
		pte |= PTE_GLOBAL | PTE_DIRTY;
	if (prot & MMU_NOCACHE)
		pte |= PTE_PCD | PTE_PWT;
	else if (prot & MMU_WC)
		pte |= PTE_PWT;
	return pte;
}

/* The largest page that may begin at va and pa with `size` bytes to go. */
static unsigned best_level(vaddr_t va, paddr_t pa, u64 size, unsigned max_level)
{
	unsigned level = max_level;

	while (level > 1 && (size < level_size(level) || !is_aligned(va | pa, level_size(level))))
		level--;
	return level;
}

/*
 * Maps one page of at most the given level (a table in the way makes it smaller): its level, or 0
 * without memory.
 */
static unsigned map_one(vaddr_t va, paddr_t pa, unsigned prot, unsigned level)
{
	u64 *table = phys_to_virt(kernel_root);
	u64 *entry = &table[level_index(va, 4)];

	if (!(*entry & PTE_PRESENT) && root_frozen)
		return 0;
	for (unsigned l = 4; l > 1; l--) {
		entry = &table[level_index(va, l)];
		if (l == level && !(*entry & PTE_PRESENT)) {
			*entry = pte_make(pa, prot) | PTE_LARGE;
			return l;
		}
		kassert(l == 4 || !(*entry & PTE_LARGE));
		table = table_descend(entry, TABLE_KERNEL);
		if (!table)
			return 0;
	}
	entry = &table[level_index(va, 1)];
	kassert(!(*entry & PTE_PRESENT));
	pte_write(entry, pte_make(pa, prot));
	return 1;
}

int kernel_map(vaddr_t va, paddr_t pa, u64 size, unsigned prot, unsigned max_level)
{
	int ret = 0;
	u64 flags = spin_lock_irq(&kernel_tables_lock);

	if (max_level == 3 && !cpu_features.gbpages)
		max_level = 2;
	for (u64 done = 0; done < size;) {
		unsigned level = map_one(va + done, pa + done, prot,
					 best_level(va + done, pa + done, size - done, max_level));

		if (!level) {
			ret = -ENOMEM;
			break;
		}
		done += level_size(level);
	}
	spin_unlock_irq(&kernel_tables_lock, flags);
	return ret;
}

int mmu_map_kernel(vaddr_t va, paddr_t pa, size_t n, unsigned prot)
{
	int ret = kernel_map(va, pa, n << PAGE_SHIFT, prot, 2);

	if (ret)
		mmu_unmap_kernel(va, n);
	return ret;
}

/* The leaf entry of a kernel address and its level, or NULL. */
static u64 *kernel_leaf(vaddr_t va, unsigned *level)
{
	u64 *table = phys_to_virt(kernel_root);

	for (unsigned l = 4;; l--) {
		u64 *entry = &table[level_index(va, l)];

		*level = l;
		if (!(*entry & PTE_PRESENT))
			return NULL;
		if (l == 1 || (l < 4 && (*entry & PTE_LARGE)))
			return entry;
		table = entry_table(*entry);
	}
}

void mmu_unmap_kernel(vaddr_t va, size_t n)
{
	vaddr_t end = va + (n << PAGE_SHIFT);
	u64 flags = spin_lock_irq(&kernel_tables_lock);

	while (va < end) {
		unsigned level;
		u64 *entry = kernel_leaf(va, &level);

		if (entry) {
			kassert(is_aligned(va, level_size(level)) && end - va >= level_size(level));
			pte_write(entry, 0);
		}
		va = align_down(va, level_size(level)) + level_size(level);
	}
	spin_unlock_irq(&kernel_tables_lock, flags);
}

bool mmu_translate_kernel(vaddr_t va, paddr_t *pa)
{
	unsigned level;
	u64 *entry;

	if ((s64)(va << 16) >> 16 != (s64)va || va < PHYSMAP_BASE)
		return false;
	entry = kernel_leaf(va, &level);
	if (!entry)
		return false;
	if (pa)
		*pa = align_down(*entry & PTE_ADDR, level_size(level)) +
		      (va & (level_size(level) - 1));
	return true;
}

const void *physmap_extend(paddr_t pa, u64 size)
{
	paddr_t page = align_down(pa, PAGE_SIZE), end;

	if (add_overflow(pa, size, &end) || end > 1ull << cpu_features.phys_bits)
		return NULL;
	for (; page < end; page += PAGE_SIZE) {
		vaddr_t va = (vaddr_t)phys_to_virt(page);

		if (!mmu_translate_kernel(va, NULL) && kernel_map(va, page, PAGE_SIZE, MMU_READ, 1))
			return NULL;
	}
	return phys_to_virt(pa);
}

void *device_map(paddr_t pa, u64 size)
{
	paddr_t first = align_down(pa, PAGE_SIZE);
	u64 length = align_up(pa + size, PAGE_SIZE) - first;
	vaddr_t va = device_next;

	if (length > DEVICE_TOP - va || kernel_map(va, first, length,
						   MMU_READ | MMU_WRITE | MMU_NOCACHE, 1))
		panic("no room for the registers at %#llx", (unsigned long long)pa);
	device_next += length;
	return (void *)(va + (pa - first));
}
