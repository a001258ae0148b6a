/*
 * What the boot loader told us. The two protocols' parsers (boot_multiboot2.c, boot_pvh.c) read the
 * loader's structure and report here; the result is the public boot_info. Nothing of the loader's
 * memory is needed afterwards but the initial RAM disk, so all the rest of usable memory may be
 * given away.
 *
 * boot_alloc() hands out memory from the top of the highest usable range until mm takes over. While
 * only the temporary physmap exists, it stays below 4 GiB.
 */
#include "arch/boot.h"
#include "arch/mmu.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/image_int.h"
#include "arch/x86_64/range_int.h"
#include "core/panic.h"
#include "core/resource.h"
#include "lib/string.h"

/*
 * Real mode's vectors and BIOS data, and room for the start of other CPUs below 1 MiB (which start
 * in real mode).
 */
#define LOW_RESERVED 0x10000

u32 boot_protocol;
u64 boot_info_paddr;
struct boot_info boot_info;
struct boot_range boot_usable[BOOT_RANGES_MAX];
unsigned boot_n_usable;
u64 kernel_phys_delta;

static struct range_list usable = { .ranges = boot_usable };
static struct boot_range hole_ranges[BOOT_RANGES_MAX];
static struct range_list holes = { .ranges = hole_ranges };
static paddr_t alloc_limit = GIB(4);
static u8 rsdp_copy[64] __aligned(16);

void boot_ram_add(paddr_t start, paddr_t end)
{
	range_add(&usable, start, end);
}

void boot_ram_exclude(paddr_t start, paddr_t end)
{
	range_add(&holes, start, end);
}

void boot_cmdline_set(const char *text, size_t max)
{
	size_t n = strnlen(text, min(max, sizeof(boot_info.cmdline) - 1));

	memcpy(boot_info.cmdline, text, n);
	boot_info.cmdline[n] = 0;
}

void boot_rsdp_keep(const void *rsdp, size_t length)
{
	if (length > sizeof(rsdp_copy))
		length = sizeof(rsdp_copy);
	memset(rsdp_copy, 0, sizeof(rsdp_copy));
	memcpy(rsdp_copy, rsdp, length);
	boot_info.rsdp = virt_to_phys(rsdp_copy);
}

void boot_alloc_limit_set(paddr_t limit)
{
	alloc_limit = limit;
}

static void image_note(const char *name, const char *start, const char *end)
{
	resource_add(RESOURCE_MEMORY, virt_to_phys(start), (u64)(end - start), name);
}

/* Whether a range lies in memory that nobody else has. */
static bool is_usable(const struct boot_range *r)
{
	paddr_t start = align_down(r->start, PAGE_SIZE), end = align_up(r->end, PAGE_SIZE);

	if (boot_image_overlaps(start, end) || start < LOW_RESERVED)
		return false;
	for (unsigned i = 0; i < boot_n_usable; i++)
		if (start >= boot_usable[i].start && end <= boot_usable[i].end)
			return true;
	return false;
}

/*
 * The public list: what is usable, without the image, the initial RAM disk and the reserved low
 * memory.
 */
static void make_ram_list(void)
{
	struct range_list ram = { .ranges = boot_info.ram };

	for (unsigned i = 0; i < holes.n; i++)
		range_remove(&usable, holes.ranges[i].start, holes.ranges[i].end);
	range_trim_to_pages(&usable);
	boot_n_usable = usable.n;

	for (unsigned i = 0; i < usable.n; i++) {
		boot_info.ram_bytes += boot_usable[i].end - boot_usable[i].start;
		boot_info.ram_end = boot_usable[i].end;
		range_add(&ram, boot_usable[i].start, boot_usable[i].end);
	}
	if (!is_usable(&boot_info.initrd))
		boot_info.initrd = (struct boot_range){ 0, 0 };
	for (unsigned i = 0; i < usable.n; i++)
		resource_add(RESOURCE_MEMORY, boot_usable[i].start,
			     boot_usable[i].end - boot_usable[i].start, "System RAM");
	image_note("Kernel code", text_start, text_end);
	image_note("Kernel rodata", rodata_start, rodata_end);
	image_note("Kernel data", data_start, data_end);
	image_note("Kernel bss", bss_start, image_end);
	range_remove(&ram, 0, LOW_RESERVED);
	range_remove(&ram, virt_to_phys(image_start), virt_to_phys(image_end));
	if (boot_info.initrd.end > boot_info.initrd.start)
		range_remove(&ram, align_down(boot_info.initrd.start, PAGE_SIZE),
			     align_up(boot_info.initrd.end, PAGE_SIZE));
	range_trim_to_pages(&ram);
	boot_info.n_ram = ram.n;
}

void boot_info_init(void)
{
	kernel_phys_delta = KERNEL_BASE;
	boot_info.loader = "unknown";
	if (boot_protocol == BOOT_MULTIBOOT2)
		boot_multiboot2_parse(boot_info_paddr);
	else if (boot_protocol == BOOT_PVH)
		boot_pvh_parse(boot_info_paddr);
	make_ram_list();
	if (boot_info.n_ram == 0)
		panic("boot: the boot loader told of no usable memory");
}

paddr_t boot_low_page(void)
{
	for (unsigned i = boot_n_usable; i-- > 0;) {
		paddr_t end = min(boot_usable[i].end, (paddr_t)LOW_RESERVED);

		if (end > PAGE_SIZE &&
		    end - PAGE_SIZE >= max(boot_usable[i].start, (paddr_t)PAGE_SIZE))
			return end - PAGE_SIZE;
	}
	return 0;
}

paddr_t boot_alloc(u64 bytes, u64 align)
{
	struct range_list ram = { .ranges = boot_info.ram, .n = boot_info.n_ram };

	for (unsigned i = ram.n; i-- > 0;) {
		struct boot_range r = ram.ranges[i];
		paddr_t end = min(r.end, alloc_limit), start;

		if (end <= r.start || end - r.start < bytes)
			continue;
		start = align_down(end - bytes, max((u64)PAGE_SIZE, align));
		if (start < r.start || start < MIB(1))
			continue;
		range_remove(&ram, start, start + bytes);
		boot_info.n_ram = ram.n;
		memset(phys_to_virt(start), 0, bytes);
		return start;
	}
	panic("boot: no %llu bytes of memory", (unsigned long long)bytes);
}

bool boot_image_overlaps(paddr_t start, paddr_t end)
{
	return start < virt_to_phys(image_end) && end > virt_to_phys(image_start);
}
