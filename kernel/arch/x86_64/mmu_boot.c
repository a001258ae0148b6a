/*
 * The final kernel page tables, in place of head.S' temporary ones: all usable memory in the
 * physmap by the largest pages, the low MiB, and the image by segment: text read and execute,
 * constants and the per-CPU template read only, data without execute, nothing below the boot stack.
 * The physmap's alias of text and constants is read only as well, so nothing that is executed can
 * be written.
 */
#include "abi/errno.h"
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/image_int.h"
#include "arch/x86_64/kasan_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/msr_int.h"
#include "core/panic.h"

#define LOW_END MIB(1)

static void map(vaddr_t va, paddr_t pa, u64 size, unsigned prot, unsigned max_level)
{
	if (kernel_map(va, pa, size, prot, max_level))
		panic("boot: no memory for page tables");
}

/* Maps one piece of RAM at its physmap address. */
static void map_physmap(paddr_t start, paddr_t end, unsigned prot)
{
	if (start < end)
		map((vaddr_t)phys_to_virt(start), start, end - start, prot, 3);
}

/* RAM, cut where the image's constant part lies. */
static void map_ram(const struct boot_range *r)
{
	paddr_t ro_start = virt_to_phys(text_start);
	paddr_t ro_end = align_up(virt_to_phys(rodata_end), PAGE_SIZE);
	paddr_t start = max(r->start, (paddr_t)LOW_END);

	map_physmap(start, min(r->end, max(ro_start, start)), MMU_READ | MMU_WRITE);
	map_physmap(max(start, ro_start), min(r->end, ro_end), MMU_READ);
	map_physmap(max(start, ro_end), r->end, MMU_READ | MMU_WRITE);
}

static void map_image(const char *start, const char *end, unsigned prot)
{
	vaddr_t from = align_down((vaddr_t)start, PAGE_SIZE),
		to = align_up((vaddr_t)end, PAGE_SIZE);

	map(from, virt_to_phys((void *)from), to - from, prot, 2);
}

void mmu_boot_init(void)
{
	kernel_root = boot_alloc(PAGE_SIZE, PAGE_SIZE);

	map((vaddr_t)phys_to_virt(0), 0, LOW_END, MMU_READ | MMU_WRITE, 1);
	for (unsigned i = 0; i < boot_n_usable; i++)
		map_ram(&boot_usable[i]);

	map_image(text_start, text_end, MMU_READ | MMU_EXEC);
	map_image(rodata_start, rodata_end, MMU_READ);
	map_image(data_start, percpu_start, MMU_READ | MMU_WRITE);
	map_image(percpu_start, percpu_end, MMU_READ);
	map_image(bss_start, boot_stack_guard, MMU_READ | MMU_WRITE);
	map_image(boot_stack, data_end, MMU_READ | MMU_WRITE);

	/*
	 * Level-4 entries that all address spaces will share, though nothing is mapped there yet.
	 */
	if (!table_descend((u64 *)phys_to_virt(kernel_root) + level_index(KMAP_BASE, 4),
			   TABLE_KERNEL))
		panic("boot: no memory for page tables");

	kasan_shadow_init();

	cr3_write(kernel_root);
	boot_alloc_limit_set(~0ull);
	kasan_shadow_seal();
}
