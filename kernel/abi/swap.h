/*
 * abi/swap.h - swapon(2), and the header of a swap area as mkswap(8) writes it.
 */
#ifndef ABI_SWAP_H
#define ABI_SWAP_H

#include "abi/types.h"

#define SWAP_FLAG_PREFER	0x8000	/* a priority is given */
#define SWAP_FLAG_PRIO_MASK	0x7fff
#define SWAP_FLAG_DISCARD	0x10000	/* tell the device what is not in use: by the next two */
#define SWAP_FLAG_DISCARD_ONCE	0x20000	/* all of the area, at swapon */
#define SWAP_FLAG_DISCARD_PAGES	0x40000	/* pages when they are freed */
#define SWAP_FLAGS_VALID	0x7ffff

#define SWAP_VERSION		1
#define SWAP_MAGIC		"SWAPSPACE2"
#define SWAP_MAGIC_LENGTH	10
#define SWAP_BADPAGES_MAX	637

/* The first page. */
struct abi_swap_header {
	u8 bootbits[1024];
	u32 version;
	u32 last_page;		/* number of the last page */
	u32 nr_badpages;
	u8 uuid[16];
	u8 label[16];
	u32 padding[117];
	u32 badpages[SWAP_BADPAGES_MAX];
	u8 filler[2];
	char magic[SWAP_MAGIC_LENGTH];
};
static_assert(sizeof(struct abi_swap_header) == 4096, "swap header");

#endif
