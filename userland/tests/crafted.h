/*
 * The disk of damaged images: made by kernel/test/host/crafted_disk.c, read by prog_crafted.c.
 */
#ifndef CRAFTED_H
#define CRAFTED_H

#include <stdint.h>

#define CRAFTED_MAGIC 0x3154464152434b53ull /* "SKCRAFT1" */
#define CRAFTED_BASES 24

struct crafted_head {
	uint64_t magic, n_bases, count;
	struct {
		uint64_t at, n;		/* sectors */
		char type[16];		/* of mount(2), or "table" */
	} bases[CRAFTED_BASES];
};

struct crafted_record {
	uint64_t magic, number;
	uint32_t base, n;		/* of how many sectors the contents follow */
};

#endif
