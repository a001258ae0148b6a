/* Private to dev/: the registry of disks, for the files that use it. */
#pragma once

#include "dev/blk.h"
#include "sched/mutex.h"

extern struct mutex disk_registry; /* RANK_BDEV */
extern struct list disks;          /* r: in order of registration */

/* Taken besides the registry for changes of `disks` and each disk's blkdevs. RANK_DRIVER. */
extern struct spinlock disk_lists;

/* RANK_PARTITIONS: held while partitions of a registered disk come and go. */
extern struct mutex disk_partitions;
/* Tells the listener. No lock but disk_partitions. */
void disk_announce(struct blkdev *d, bool added);
/* The same of all the disk's blkdevs from the first one on that are there. */
void disk_announce_from(struct disk *disk, unsigned first);
/* Takes an entry out of a list of the registry. Registry locked. */
void disk_lists_remove(struct list *entry);
/* Takes all blkdevs after the first `keep` out of the registry, and tells. */
void disk_forget_from(struct disk *disk, unsigned keep);

/* The nth disk, with a reference, or NULL. */
struct disk *disk_at(unsigned n);
