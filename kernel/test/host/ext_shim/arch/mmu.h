/*
 * test/host/ext_shim/arch/mmu.h - stands in for arch/mmu.h where kernel sources with pages are run
 * on the host: the array of struct page and the memory behind it are mappings of the test's own at
 * addresses that a process can have (ext_host.c).
 */
#pragma once

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define USER_TOP     0x00007ffffffff000ull
#define PAGEMAP_BASE 0x200000000000ull
#define PHYSMAP_BASE 0x210000000000ull

typedef u64 pte_t;

struct pgtable {
	paddr_t root;
	u64 cpus[1];
};

static inline void *phys_to_virt(paddr_t pa) { return (void *)(PHYSMAP_BASE + pa); }
static inline paddr_t virt_to_phys(const void *p) { return (u64)p - PHYSMAP_BASE; }

void page_clear(void *page);
void page_copy(void *dst, const void *src);
