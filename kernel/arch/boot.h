/* What the boot loader (multiboot2 or PVH) told us; constant after arch_init_early(). */
#pragma once

#include "lib/types.h"

struct boot_range {
	paddr_t start, end; /* bytes; end exclusive */
};

#define BOOT_RANGES_MAX 128

struct boot_framebuffer {
	paddr_t base;
	u32 width, height, pitch; /* pixels, pixels, bytes */
	u8 bpp;                   /* 0: none; 16, 24, 32 */
	u8 red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
	bool text;                /* EGA text mode instead: width × height cells at base */
};

struct boot_info {
	char cmdline[2048];
	struct boot_range ram[BOOT_RANGES_MAX]; /* usable, sorted, merged, page-aligned inwards,
						 * kernel image and boot data taken out */
	unsigned n_ram;
	paddr_t ram_end;          /* end of the highest usable range, before anything was taken
				   * out */
	u64 ram_bytes;            /* all usable RAM, image included */
	struct boot_framebuffer fb;
	paddr_t rsdp;             /* 0: not told (arch searches the BIOS area) */
	struct boot_range initrd; /* empty: none */
	const char *loader;
};

extern struct boot_info boot_info;

/* Whether physical addresses start to end (exclusive) touch the kernel's image. */
bool boot_image_overlaps(paddr_t start, paddr_t end);

/*
 * Takes `bytes` (page multiple), aligned to `align`, from the usable memory for good, zeroed,
 * before mm is up; panics if there are none.
 */
paddr_t boot_alloc(u64 bytes, u64 align);

/* Brings up CPU 0: descriptor tables, traps, physmap, per-CPU area. First call of init/main.c. */
void arch_init_early(void);
/* Interrupt controllers, clock calibration, timer, vDSO data. After mm_init(). */
void arch_init_late(void);
