/*
 * The PVH start information (Xen's public header start_info.h, as `qemu -kernel` passes it): memory
 * map, command line, modules and the RSDP. All addresses lie below 4 GiB.
 */
#include "arch/mmu.h"
#include "arch/x86_64/boot_int.h"

#define PVH_MAGIC       0x336ec578
#define PVH_E820_RAM    1
#define PVH_ENTRIES_MAX 1024

struct pvh_start_info {
	u32 magic, version, flags, n_modules;
	u64 modules, cmdline, rsdp;
	/* From version 1: */
	u64 memory_map;
	u32 n_memory_map, reserved;
};

struct pvh_module {
	u64 start, size, cmdline, reserved;
};

struct pvh_memory_entry {
	u64 base, size;
	u32 type, reserved;
};

void boot_pvh_parse(paddr_t info)
{
	const struct pvh_start_info *si = phys_to_virt(info);
	const struct pvh_memory_entry *map;

	if (si->magic != PVH_MAGIC)
		return;
	boot_info.loader = "PVH";
	boot_info.rsdp = si->rsdp;
	if (si->cmdline && si->cmdline < GIB(4))
		boot_cmdline_set(phys_to_virt(si->cmdline), GIB(4) - si->cmdline);
	if (si->n_modules && si->modules && si->modules < GIB(4)) {
		const struct pvh_module *m = phys_to_virt(si->modules);
		u64 end;

		if (m->size && !add_overflow(m->start, m->size, &end))
			boot_info.initrd = (struct boot_range){ m->start, end };
	}
	if (si->version < 1 || !si->memory_map || si->memory_map >= GIB(4))
		return;
	map = phys_to_virt(si->memory_map);
	for (u32 i = 0; i < si->n_memory_map && i < PVH_ENTRIES_MAX; i++) {
		u64 end;

		if (add_overflow(map[i].base, map[i].size, &end))
			end = ~0ull;
		if (map[i].type == PVH_E820_RAM)
			boot_ram_add(map[i].base, end);
		else
			boot_ram_exclude(map[i].base, end);
	}
}
