/*
 * What changes of a disk while it is there: its partitions, by a new look at its table (BLKRRPART)
 * or one by one (BLKPG), and its size. Locks as in disk.c.
 */
#include "dev/blk_int.h"
#include "dev/disk_int.h"
#include "dev/uevent.h"

#include "abi/errno.h"

static bool in_use(const struct blkdev *d)
{
	return d->holders || ref_read(&d->refs) > 1;
}

/* Takes all partitions out, unless somebody uses one: 0 or -EBUSY. Partitions locked. */
static int partitions_forget(struct disk *disk)
{
	struct blkdev *d;
	int err = 0;

	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disk->blkdevs, link)
		if (d->partition && in_use(d))
			err = -EBUSY;
	mutex_unlock(&disk_registry);
	if (!err)
		disk_forget_from(disk, 1);
	return err;
}

int disk_rescan(struct disk *disk)
{
	int err = disk->unpartitioned ? -EINVAL : 0;

	mutex_lock(&disk_partitions);
	if (!err)
		err = disk->gone ? -ENXIO : partitions_forget(disk);
	if (!err) {
		disk_scan(disk);
		disk_announce_from(disk, 1);
		if (disk->blkdevs.next == disk->blkdevs.prev) /* nothing else tells of it */
			uevent_send_blkdev(UEVENT_CHANGE, disk->whole, NULL);
	}
	mutex_unlock(&disk_partitions);
	return err;
}

int disk_forget_partitions(struct disk *disk)
{
	int err;

	mutex_lock(&disk_partitions);
	err = partitions_forget(disk);
	mutex_unlock(&disk_partitions);
	return err;
}

/* 0 if a partition of this number may lie there; `self` is not in its own way. */
static int place_check(const struct disk *disk, unsigned number, lba_t start, u64 n_sectors,
		       const struct blkdev *self)
{
	u64 mask = (disk->sector_size >> 9) - 1;
	const struct blkdev *d;

	if (!number || number > DISK_PARTITIONS || !n_sectors || (start | n_sectors) & mask ||
	    start >= disk->n_sectors || n_sectors > disk->n_sectors - start)
		return -EINVAL;
	list_for_each_entry(d, &disk->blkdevs, link) {
		if (!d->partition || d == self)
			continue;
		if (d->partition == number ||
		    (start < d->start + d->n_sectors && d->start < start + n_sectors))
			return -EBUSY;
	}
	return 0;
}

int disk_partition_add(struct disk *disk, unsigned number, lba_t start, u64 n_sectors)
{
	struct blkdev *made = NULL;
	int err;

	mutex_lock(&disk_partitions);
	mutex_lock(&disk_registry);
	err = disk->gone ? -ENXIO : place_check(disk, number, start, n_sectors, NULL);
	if (!err)
		err = blkdev_create(disk, number, start, n_sectors, NULL, NULL);
	if (!err) {
		made = list_last_entry(&disk->blkdevs, struct blkdev, link);
		blkdev_get(made);
	}
	mutex_unlock(&disk_registry);
	if (made) {
		disk_announce(made, true);
		blkdev_put(made);
	}
	mutex_unlock(&disk_partitions);
	return err;
}

int disk_partition_remove(struct disk *disk, unsigned number)
{
	struct blkdev *d, *found = NULL;
	int err = -ENXIO;

	mutex_lock(&disk_partitions);
	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disk->blkdevs, link)
		if (number && d->partition == number)
			found = d;
	if (found) {
		err = in_use(found) ? -EBUSY : 0;
		if (!err) {
			disk_lists_remove(&found->link);
			found->gone = true;
		}
	}
	mutex_unlock(&disk_registry);
	if (!err) {
		disk_announce(found, false);
		blkdev_put(found);
	}
	mutex_unlock(&disk_partitions);
	return err;
}

int disk_partition_resize(struct disk *disk, unsigned number, lba_t start, u64 n_sectors)
{
	struct blkdev *d, *found = NULL;
	int err = -ENXIO;

	mutex_lock(&disk_partitions);
	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disk->blkdevs, link)
		if (number && d->partition == number)
			found = d;
	if (found)
		err = found->start == start ? place_check(disk, number, start, n_sectors, found) :
					      -EINVAL;
	if (!err)
		WRITE_ONCE(found->n_sectors, n_sectors);
	mutex_unlock(&disk_registry);
	mutex_unlock(&disk_partitions);
	return err;
}

void disk_set_size(struct disk *disk, u64 n_sectors)
{
	u64 flags = spin_lock_irq(&disk->lock), before = disk->n_sectors;

	WRITE_ONCE(disk->n_sectors, n_sectors);
	WRITE_ONCE(disk->whole->n_sectors, n_sectors);
	spin_unlock_irq(&disk->lock, flags);
	if (n_sectors < before)
		pagecache_drop_range(&disk->whole->cache, n_sectors >> 3, ~0ull);
}
