/*
 * Disks and their block devices: registration, removal, references. A *disk* is the driver's; a
 * *blkdev* is the whole of it or a partition, and is what users hold. The registry holds a
 * reference to each blkdev while it can be found; each blkdev holds one to its disk; the driver's
 * structure is released when the last of them is gone, so removal of the hardware waits for nobody.
 *
 * Numbers: disk n has major 8, 65 … 71, 128 … 135 and sixteen minors, as in Linux's list;
 * partitions beyond the fifteenth get minors of major 259.
 *
 * Locks: `registry` guards the lists, names and claims; who changes a list takes `disk_lists`, too,
 * so that it can be walked with either. The listener (devfs) is called without it,
 * because it makes directory entries, whose locks come first.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "core/clock.h"
#include "core/log.h"
#include "dev/disk_int.h"
#include "dev/uevent.h"
#include "lib/bitmap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define DISKS_MAX 256
#define EXTENDED_MAJOR 259
#define EXTENDED_MAX 4096

struct mutex disk_registry = MUTEX_INIT(disk_registry, RANK_BDEV, "disks");
struct list disks = LIST_INIT(disks);
struct spinlock disk_lists = SPINLOCK_INIT(RANK_DRIVER, "disk lists");

struct mutex disk_partitions = MUTEX_INIT(disk_partitions, RANK_PARTITIONS, "partitions");

static u64 names_used[BITMAP_WORDS(DISKS_MAX)];       /* r: bit n: the nth disk letter */
static u64 extended_used[BITMAP_WORDS(EXTENDED_MAX)]; /* r: minors of EXTENDED_MAJOR */
static u64 last_sequence; /* r */
static void (*listener)(struct blkdev *d, bool added); /* r */

/* "sda" … "sdz", "sdaa" … for 0, 1 … */
static void name_format(unsigned n, char *name, size_t size)
{
	if (n < 26)
		snprintf(name, size, "sd%c", 'a' + n);
	else
		snprintf(name, size, "sd%c%c", 'a' + n / 26 - 1, 'a' + n % 26);
}

/* The number of a disk letter, or DISKS_MAX for any other name. */
static unsigned name_parse(const char *name)
{
	char other[16];

	for (unsigned n = 0; n < DISKS_MAX; n++) {
		name_format(n, other, sizeof(other));
		if (!strcmp(name, other))
			return n;
	}
	return DISKS_MAX;
}

int disk_name_next(char *name, size_t size)
{
	size_t n;

	mutex_lock(&disk_registry);
	n = bitmap_find_first_zero(names_used, DISKS_MAX);
	if (n < DISKS_MAX)
		bitmap_set(names_used, n);
	mutex_unlock(&disk_registry);
	if (n == DISKS_MAX)
		return -ENOSPC;
	name_format((unsigned)n, name, size);
	return 0;
}

static void numbers_set(struct disk *disk)
{
	unsigned n = name_parse(disk->name), block = n / 16;

	if (n == DISKS_MAX)
		return; /* the driver has set them */
	disk->major = block == 0 ? SCSI_DISK_MAJOR : block < 8 ? 64 + block : 120 + block;
	disk->minor = n % 16 * 16;
	disk->n_minors = 16;
}

void disk_get(struct disk *disk)
{
	ref_get(&disk->refs);
}

void disk_put(struct disk *disk)
{
	unsigned n;

	if (!ref_put(&disk->refs))
		return;
	n = name_parse(disk->name);
	if (n < DISKS_MAX) {
		mutex_lock(&disk_registry);
		bitmap_clear(names_used, n);
		mutex_unlock(&disk_registry);
	}
	blk_bounce_fini(disk);
	if (disk->ops->release)
		disk->ops->release(disk);
}

static void lists_add(struct list *entry, struct list *to)
{
	spin_lock(&disk_lists);
	list_add_tail(entry, to);
	spin_unlock(&disk_lists);
}

void disk_lists_remove(struct list *entry)
{
	spin_lock(&disk_lists);
	list_del_init(entry);
	spin_unlock(&disk_lists);
}

static int number_assign(struct blkdev *d)
{
	size_t n;

	if (!d->partition || d->partition < d->disk->n_minors) {
		d->major = d->disk->major;
		d->minor = d->disk->minor + d->partition;
		return 0;
	}
	n = bitmap_find_first_zero(extended_used, EXTENDED_MAX);
	if (n == EXTENDED_MAX)
		return -ENOSPC;
	bitmap_set(extended_used, n);
	d->major = EXTENDED_MAJOR;
	d->minor = (u32)n;
	return 0;
}

int blkdev_create(struct disk *disk, unsigned partition, lba_t start, u64 n_sectors, const u8 *uuid,
		  const char *label)
{
	struct blkdev *d = kzalloc(sizeof(*d), MM_KERNEL);
	size_t length = strlen(disk->name);
	int err;

	if (!d)
		return -ENOMEM;
	d->disk = disk;
	d->start = start;
	d->n_sectors = n_sectors;
	d->partition = partition;
	ref_set(&d->refs, 1);
	if (!partition)
		strlcpy(d->name, disk->name, sizeof(d->name));
	else /* a name that ends in a digit gets a p between */
		snprintf(d->name, sizeof(d->name), "%s%s%u", disk->name,
			 disk->name[length - 1] <= '9' ? "p" : "", partition);
	if (uuid)
		memcpy(d->uuid, uuid, sizeof(d->uuid));
	if (label)
		strlcpy(d->label, label, sizeof(d->label));
	err = number_assign(d);
	if (err) {
		kfree(d);
		return err;
	}
	blkdev_cache_init(d);
	disk_get(disk);
	if (partition)
		blkdev_get(disk->whole); /* which counts what its partitions do */
	lists_add(&d->link, &disk->blkdevs);
	if (!partition)
		disk->whole = d;
	return 0;
}

void blkdev_put(struct blkdev *d)
{
	struct disk *disk = d->disk;
	struct blkdev *whole = d->partition ? disk->whole : NULL;

	if (!ref_put(&d->refs))
		return;
	pagecache_fini(&d->cache);
	if (d->major == EXTENDED_MAJOR) {
		mutex_lock(&disk_registry);
		bitmap_clear(extended_used, d->minor);
		mutex_unlock(&disk_registry);
	}
	kfree(d);
	if (whole)
		blkdev_put(whole);
	disk_put(disk);
}

void disk_announce(struct blkdev *d, bool added)
{
	void (*notify)(struct blkdev *d, bool added);

	mutex_lock(&disk_registry);
	notify = listener;
	mutex_unlock(&disk_registry);
	if (notify)
		notify(d, added);
	uevent_send_blkdev(added ? UEVENT_ADD : UEVENT_REMOVE, d, NULL);
}

/* The nth blkdev of the disk that is a partition (n > 0) or the whole (0), with a reference, or
 * NULL. */
static struct blkdev *disk_nth(struct disk *disk, unsigned n)
{
	struct blkdev *d, *found = NULL;

	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disk->blkdevs, link) {
		if (n-- == 0) {
			found = d;
			blkdev_get(d);
			break;
		}
	}
	mutex_unlock(&disk_registry);
	return found;
}

void disk_announce_from(struct disk *disk, unsigned first)
{
	struct blkdev *d;

	for (unsigned n = first; (d = disk_nth(disk, n)); n++) {
		disk_announce(d, true);
		blkdev_put(d);
	}
}

void disk_forget_from(struct disk *disk, unsigned keep)
{
	struct blkdev *d;

	for (;;) {
		mutex_lock(&disk_registry);
		d = NULL;
		if (disk->blkdevs.prev != &disk->blkdevs &&
		    (!keep || disk->blkdevs.prev != disk->blkdevs.next)) {
			d = list_last_entry(&disk->blkdevs, struct blkdev, link);
			disk_lists_remove(&d->link);
			d->gone = true;
		}
		mutex_unlock(&disk_registry);
		if (!d)
			return;
		disk_announce(d, false);
		blkdev_put(d);
	}
}

void disk_init(struct disk *disk)
{
	spin_init(&disk->lock, RANK_BLK, "disk");
	list_init(&disk->waiting[0]);
	list_init(&disk->waiting[1]);
	list_init(&disk->running);
	list_init(&disk->blkdevs);
	list_init(&disk->link);
	ref_set(&disk->refs, 1);
	blk_watchdog_init(disk);
	numbers_set(disk);
}

int disk_add(struct disk *disk)
{
	int err;

	mutex_lock(&disk_partitions); /* whoever removes it waits until all of it is there */
	mutex_lock(&disk_registry);
	disk->sequence = ++last_sequence;
	disk->ahead = pagecache_ahead_default();
	err = disk->gone ? -ENXIO : blk_bounce_init(disk);
	if (!err)
		err = blkdev_create(disk, 0, 0, disk->n_sectors, NULL, NULL);
	if (!err)
		lists_add(&disk->link, &disks);
	mutex_unlock(&disk_registry);
	if (!err) {
		disk_scan(disk);
		disk_announce_from(disk, 0);
	}
	mutex_unlock(&disk_partitions);
	return err;
}

int disk_register(struct disk *disk)
{
	int err;

	disk_init(disk);
	err = disk_add(disk);
	if (err)
		disk_put(disk);
	return err;
}

void disk_unregister(struct disk *disk)
{
	struct list ended = LIST_INIT(ended), requests = LIST_INIT(requests);
	u64 flags = spin_lock_irq(&disk->lock);

	disk->gone = true;
	list_splice_init(&disk->waiting[0], &requests);
	list_splice_init(&disk->waiting[1], &requests);
	disk->refused = NULL;
	while (!list_empty(&requests)) {
		struct blk_request *req = list_first_entry(&requests, struct blk_request, link);

		list_del(&req->link);
		blk_chain_split(disk, req, &ended);
	}
	list_for_each(p, &ended) {
		struct blk_request *req = list_entry(p, struct blk_request, link);

		req->error = -ENXIO;
		blk_count_locked(req->dev, -1, clock_monotonic());
	}
	spin_unlock_irq(&disk->lock, flags);
	blk_end(&ended);
	delayed_work_cancel_sync(&disk->watchdog);
	mutex_lock(&disk_partitions); /* whoever makes some sees that the disk is gone */
	mutex_lock(&disk_registry);
	disk_lists_remove(&disk->link);
	mutex_unlock(&disk_registry);
	disk_forget_from(disk, 0);
	mutex_unlock(&disk_partitions);
	disk_put(disk);
}

u32 disk_openers(struct disk *disk)
{
	u32 n;

	mutex_lock(&disk_registry);
	n = disk->n_openers;
	mutex_unlock(&disk_registry);
	return n;
}

void blkdev_set_notify(void (*fn)(struct blkdev *d, bool added))
{
	struct disk *disk;

	mutex_lock(&disk_registry);
	listener = fn;
	mutex_unlock(&disk_registry);
	for (unsigned n = 0; (disk = disk_at(n)); n++) {
		struct blkdev *d;

		for (unsigned i = 0; (d = disk_nth(disk, i)); i++) {
			fn(d, true);
			blkdev_put(d);
		}
		disk_put(disk);
	}
}

void blk_init(void)
{
	blk_pool_init();
	thread_set_plug_hook(blk_plug_flush);
}
