/* Private to vfs: what the two files about swap areas share. */
#pragma once

#include "vfs/swapfile.h"
#include "vm/swap.h"

struct blkdev;

/* Slots slot … slot + n - 1 lie in a row on the device, from sector lba on. */
struct swap_extent { u64 slot, n; u64 lba; };

/* I: constant once in use.  l: the list's lock. */
struct swapfile {
	struct blkdev *dev;          /* I: referenced; claimed if file is NULL */
	struct file *file;           /* I: the swap file, or NULL: the device itself */
	struct inode *inode;         /* I: of the file, or NULL */
	char *name;                  /* I: as /proc/swaps shows it */
	struct swap_extent *extents; /* I: by slot; bad slots are in none */
	unsigned n_extents;          /* I */
	struct swap_area *area;      /* I */
	struct list link;            /* l */
};

/* Reads and writes pages whose index is a slot (pagecache_ops). */
extern const struct pagecache_ops swapfile_page_ops;
