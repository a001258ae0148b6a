/*
 * A sorted list of disjoint ranges of physical memory. When it is full, what cannot be kept is lost
 * memory, never wrong memory.
 */
#pragma once

#include "arch/boot.h"

struct range_list {
	struct boot_range *ranges; /* BOOT_RANGES_MAX of them */
	unsigned n;
};

/* Adds [start, end), merging with what it overlaps or touches. */
void range_add(struct range_list *list, paddr_t start, paddr_t end);
/* Takes [start, end) out. */
void range_remove(struct range_list *list, paddr_t start, paddr_t end);
/* Rounds each range inwards to whole pages and drops the empty ones. */
void range_trim_to_pages(struct range_list *list);
