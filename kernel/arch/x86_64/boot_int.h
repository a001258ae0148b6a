/* How the two boot protocols hand over, and the list of usable memory while it is being made. */
#pragma once

/* boot_protocol */
#define BOOT_UNKNOWN    0
#define BOOT_MULTIBOOT2 1
#define BOOT_PVH        2

/* = KSTACK_SIZE */
#ifdef CONFIG_KASAN
#define BOOT_STACK_SIZE 32768
#else
#define BOOT_STACK_SIZE 16384
#endif

#ifndef __ASSEMBLER__

#include "arch/boot.h"

extern u32 boot_protocol;
extern u64 boot_info_paddr;
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];

/* Read the loader's structure, which lies below 4 GiB, by the temporary physmap. */
void boot_multiboot2_parse(paddr_t info);
void boot_pvh_parse(paddr_t info);

/*
 * Adds or takes out a range of usable memory, in any order; holes win over RAM whatever the order
 * of the calls.
 */
void boot_ram_add(paddr_t start, paddr_t end);
void boot_ram_exclude(paddr_t start, paddr_t end);

/* Sets boot_info.cmdline, cut to its size. */
void boot_cmdline_set(const char *text, size_t max);
/* Keeps a copy of the loader's copy of the RSDP (ACPI 5.2.5.3), `length` bytes. */
void boot_rsdp_keep(const void *rsdp, size_t length);

/* Fills boot_info. First thing on CPU 0. */
void boot_info_init(void);

/* All usable ranges as the firmware told them, image and boot data included. */
extern struct boot_range boot_usable[BOOT_RANGES_MAX];
extern unsigned boot_n_usable;

/* A page of RAM below 64 KiB that nobody uses (never page 0), or 0 if there is none. */
paddr_t boot_low_page(void);

/* boot_alloc() takes only memory below this while the temporary physmap is in use. */
void boot_alloc_limit_set(paddr_t limit);

#endif
