/*
 * Who decodes what: ranges of physical memory and of I/O ports, for /proc/iomem and /proc/ioports.
 * Whoever finds a device, or drives one, says so; nothing is refused, since it is the firmware that
 * gives addresses out. A range within another one is a part of it.
 */
#pragma once

#include "lib/types.h"

enum resource_kind { RESOURCE_MEMORY, RESOURCE_PORTS };

struct resource {
	u64 start, end; /* the last one is in it */
	u8 kind;
	char name[27];
};

/* Notes `size` bytes or ports from start on; 0: nothing. The name is copied. Any thread, or boot;
 * a few hundred are kept. */
void resource_add(enum resource_kind kind, u64 start, u64 size, const char *name);
/* Those of a kind in order of address, the larger before what it contains: how many, at most
 * max. */
unsigned resource_list(enum resource_kind kind, struct resource *out, unsigned max);
#define RESOURCES_MAX 256
