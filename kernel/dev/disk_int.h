/* Private to dev/: the registry of disks, for the two files that use it. */
#pragma once

#include "dev/blk.h"
#include "sched/mutex.h"

extern struct mutex disk_registry; /* RANK_BDEV */
extern struct list disks;          /* r: in order of registration */

/* The nth disk, with a reference, or NULL. */
struct disk *disk_at(unsigned n);
