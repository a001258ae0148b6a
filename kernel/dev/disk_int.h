/* Private to dev/: the registry of disks, for the two files that use it. */
#pragma once

#include "dev/blk.h"
#include "sched/mutex.h"

extern struct mutex disk_registry; /* RANK_BDEV */
extern struct list disks;          /* r: in order of registration */

/* Taken besides the registry for changes of `disks` and each disk's blkdevs. RANK_DRIVER. */
extern struct spinlock disk_lists;

/* The nth disk, with a reference, or NULL. */
struct disk *disk_at(unsigned n);
