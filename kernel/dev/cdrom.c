/*
 * CD-ROM drives: the commands of MMC-5 and SPC-4 that a drive for reading needs. When it is opened
 * the drive is asked for its medium; a drive that has a new one says so once (UNIT ATTENTION), to
 * whichever command comes first, and what the page cache has of the old one is forgotten then.
 *
 * Locks: each drive's, over whole commands. `changed` is set by drivers in any context.
 */
#include "dev/cdrom.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "core/clock.h"
#include "core/log.h"
#include "dev/cdrom_commands.h"
#include "dev/disk_int.h"
#include "dev/uevent.h"
#include "lib/bitmap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define DRIVES_MAX   256
#define READY_TRIES  40 /* a drive that spins up is asked so often, */
#define READY_MS     250 /* after so long each */

static u64 numbers_used[BITMAP_WORDS(DRIVES_MAX)]; /* registry's lock */

static void change_tell(struct work *work)
{
	struct cdrom *cd = container_of(work, struct cdrom, tell);

	struct disk *disk = cd->disk;
	struct blkdev *d = blkdev_find_number(disk->major, disk->minor);

	if (d && d->disk == disk)
		uevent_send_blkdev(UEVENT_CHANGE, d, "DISK_MEDIA_CHANGE=1\n");
	if (d)
		blkdev_put(d);
	disk_put(disk); /* may free it with this work */
}

int cdrom_init(struct cdrom *cd, struct disk *disk)
{
	size_t n;

	mutex_lock(&disk_registry);
	n = bitmap_find_first_zero(numbers_used, DRIVES_MAX);
	if (n < DRIVES_MAX)
		bitmap_set(numbers_used, n);
	mutex_unlock(&disk_registry);
	if (n == DRIVES_MAX)
		return -ENOSPC;
	cd->disk = disk;
	cd->number = (unsigned)n;
	mutex_init(&cd->lock, RANK_PARTITIONS, "cdrom");
	work_init(&cd->tell, change_tell);
	disk->cdrom = cd;
	disk->major = SCSI_CDROM_MAJOR;
	disk->minor = cd->number;
	disk->sector_size = disk->physical_sector_size = CDROM_SECTOR;
	disk->removable = disk->read_only = disk->unpartitioned = true;
	snprintf(disk->name, sizeof(disk->name), "sr%u", cd->number);
	return 0;
}

void cdrom_fini(struct cdrom *cd)
{
	mutex_lock(&disk_registry);
	bitmap_clear(numbers_used, cd->number);
	mutex_unlock(&disk_registry);
}

int cdrom_check(const struct blk_request *req)
{
	const struct cdrom *cd = req->dev->disk->cdrom;
	const struct blkdev *dev = req->dev;
	u64 size = READ_ONCE(dev->n_sectors);

	if (!cd)
		return -EOPNOTSUPP;
	if (req->op == BLK_PACKET)
		return 0;
	if (req->op != BLK_READ)
		return -EROFS;
	if (READ_ONCE(cd->changed))
		return -ENOMEDIUM;
	if (!req->n_sectors || (req->lba | req->n_sectors) & (CDROM_SECTOR / 512 - 1))
		return -EINVAL;
	return req->lba >= size || req->n_sectors > size - req->lba ? -ENXIO : 0;
}

/* The medium is not what it was: programs are told, once until it has been looked at. */
static void change_note(struct cdrom *cd)
{
	if (__atomic_exchange_n(&cd->changed, true, __ATOMIC_ACQ_REL))
		return;
	__atomic_fetch_add(&cd->n_changes, 1, __ATOMIC_RELAXED);
	disk_get(cd->disk);
	if (!work_queue(&cd->tell))
		disk_put(cd->disk); /* the one that waits has another reference */
}

void cdrom_note(struct cdrom *cd, const u8 sense[18])
{
	bool gone = SENSE_KEY(sense) == SENSE_NOT_READY && SENSE_CODE(sense) == SENSE_NO_MEDIUM;
	bool new = SENSE_KEY(sense) == SENSE_ATTENTION && SENSE_CODE(sense) == SENSE_MEDIUM_CHANGED;

	if (!gone && !new)
		return;
	change_note(cd);
}

int cdrom_command(struct cdrom *cd, struct blk_packet *packet, void *buf, u32 bytes)
{
	struct dma_piece pieces[CDROM_BUF_PAGES + 1];
	struct blk_request req = {
		.dev = cd->disk->whole,
		.op = BLK_PACKET,
		.timeout_ns = packet->timeout_ns,
		.packet = packet,
		.pieces = pieces,
	};
	char *at = buf;

	while (bytes && req.n_pieces < ARRAY_SIZE(pieces)) {
		u32 offset = (u32)((vaddr_t)at & ~PAGE_MASK);
		u32 n = min(bytes, (u32)PAGE_SIZE - offset);

		pieces[req.n_pieces++] = (struct dma_piece){ virt_to_page(at), offset, n };
		at += n;
		bytes -= n;
	}
	memset(packet->sense, 0, sizeof(packet->sense));
	return bytes ? -EINVAL : blk_submit_wait(&req);
}

/* Runs a command again while the drive only says that something happened to it. */
static int run(struct cdrom *cd, struct blk_packet *packet, void *buf, u32 bytes)
{
	int err = -EIO;

	for (unsigned i = 0; i < 4; i++) {
		err = cdrom_command(cd, packet, buf, bytes);
		if (err != -ABI_EIO || SENSE_KEY(packet->sense) != SENSE_ATTENTION)
			break;
	}
	return err;
}

/* A command without data. */
static int order(struct cdrom *cd, u8 code, u8 argument)
{
	struct blk_packet packet = { .cdb = { code, [4] = argument } };

	return run(cd, &packet, NULL, 0);
}

static void doze(void)
{
	u64 until = clock_monotonic() + READY_MS * NSEC_PER_MSEC;

	while (clock_monotonic() < until) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(until);
		thread_running();
	}
}

/* Waits for a drive that is getting ready: 0, -ENOMEDIUM, -EIO, -ENXIO. */
static int wait_ready(struct cdrom *cd, unsigned tries)
{
	bool first = true;
	struct blk_packet packet;
	int err = -EIO;

	for (unsigned i = 0; i < tries; i++) {
		packet = (struct blk_packet){ .cdb = { MMC_TEST_UNIT_READY } };
		err = run(cd, &packet, NULL, 0);
		if (err != -ABI_EIO)
			return err;
		if (SENSE_KEY(packet.sense) != SENSE_NOT_READY)
			return -EIO;
		if (SENSE_CODE(packet.sense) == SENSE_NO_MEDIUM) {
			/* The old one is gone; some say so once although a new one is there. */
			err = -ENOMEDIUM;
			if (!first)
				return err;
			first = false;
			continue;
		}
		if (SENSE_CODE(packet.sense) != SENSE_NOT_YET)
			return -EIO;
		doze();
	}
	return err;
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* The medium's size in units of 512 bytes. */
static int capacity(struct cdrom *cd, u64 *out)
{
	struct blk_packet packet = { .cdb = { MMC_READ_CAPACITY } };
	u8 *answer = kzalloc(8, MM_KERNEL);
	int err = -ENOMEM;

	if (!answer)
		return err;
	err = run(cd, &packet, answer, 8);
	/* Last sector and size of sectors; some drives tell nonsense of the latter. */
	if (!err)
		*out = ((u64)be32(answer) + 1) * (CDROM_SECTOR / 512);
	kfree(answer);
	return err;
}

static void size_set(struct cdrom *cd, u64 n_sectors)
{
	WRITE_ONCE(cd->disk->n_sectors, n_sectors);
	WRITE_ONCE(cd->disk->whole->n_sectors, n_sectors);
}

/* Looks what is in the drive; the old medium's pages are forgotten if it is gone. cd->lock. */
static int medium_look(struct cdrom *cd, unsigned tries)
{
	struct pagecache *cache = &cd->disk->whole->cache;
	u64 n_sectors = 0;
	int err = wait_ready(cd, tries);

	if (READ_ONCE(cd->changed) || err) {
		rwsem_write(&cache->invalidate);
		size_set(cd, 0);
		pagecache_drop_range(cache, 0, ~(pgoff_t)0 >> PAGE_SHIFT);
		rwsem_write_end(&cache->invalidate);
	}
	if (!err)
		err = capacity(cd, &n_sectors);
	if (err)
		return err;
	size_set(cd, n_sectors);
	__atomic_store_n(&cd->changed, false, __ATOMIC_RELEASE);
	return 0;
}

void cdrom_settle(struct cdrom *cd)
{
	int err;

	mutex_lock(&cd->lock);
	err = medium_look(cd, 2); /* else the first one who opens it waits */
	mutex_unlock(&cd->lock);
	if (err)
		log_info("%s: no medium (%d)", cd->disk->name, err);
	else
		log_info("%s: a medium of %lu MiB", cd->disk->name,
			 (unsigned long)(cd->disk->n_sectors >> 11));
}

/* The door follows what users and the lock ask for. cd->lock. */
static int door_set(struct cdrom *cd)
{
	return order(cd, MMC_PREVENT_REMOVAL, cd->n_users || cd->keep_locked);
}

/* Whether the tray is out (MMC-5, 6.7.2). cd->lock. */
static bool tray_open(struct cdrom *cd)
{
	struct blk_packet packet = { .cdb = { MMC_GET_EVENT, 1, [4] = MMC_EVENT_MEDIA, [8] = 8 } };
	u8 *answer = kzalloc(8, MM_KERNEL);
	bool is_open = answer && !run(cd, &packet, answer, 8) && !(answer[2] & MMC_EVENT_NONE) &&
		       answer[5] & MMC_MEDIA_TRAY_OPEN;

	kfree(answer);
	return is_open;
}

int cdrom_open(struct cdrom *cd)
{
	int err;

	mutex_lock(&cd->lock);
	err = medium_look(cd, READY_TRIES);
	if (err == -ABI_ENOMEDIUM && tray_open(cd) && !order(cd, MMC_START_STOP, MMC_LOAD))
		err = medium_look(cd, READY_TRIES);
	if (!err && !cd->n_users++ && !cd->keep_locked)
		(void)door_set(cd); /* not all have one that can be locked */
	mutex_unlock(&cd->lock);
	return err;
}

void cdrom_close(struct cdrom *cd)
{
	mutex_lock(&cd->lock);
	if (!--cd->n_users && !cd->keep_locked)
		(void)door_set(cd);
	mutex_unlock(&cd->lock);
}

enum cdrom_state cdrom_state(struct cdrom *cd)
{
	struct blk_packet packet = { .cdb = { MMC_TEST_UNIT_READY } };
	enum cdrom_state state = CDROM_NOT_READY;

	mutex_lock(&cd->lock);
	if (!run(cd, &packet, NULL, 0))
		state = CDROM_DISC_OK;
	else if (SENSE_CODE(packet.sense) == SENSE_NO_MEDIUM)
		state = tray_open(cd) ? CDROM_TRAY_OPEN : CDROM_NO_DISC;
	mutex_unlock(&cd->lock);
	return state;
}

bool cdrom_take_change(struct cdrom *cd)
{
	bool changed;

	mutex_lock(&cd->lock);
	(void)order(cd, MMC_TEST_UNIT_READY, 0);
	changed = READ_ONCE(cd->n_changes) != cd->n_told;
	cd->n_told = READ_ONCE(cd->n_changes);
	mutex_unlock(&cd->lock);
	return changed;
}

int cdrom_eject(struct cdrom *cd, bool mine)
{
	int err = -EBUSY;

	mutex_lock(&cd->lock);
	if (cd->n_users <= mine && !cd->keep_locked) {
		(void)order(cd, MMC_PREVENT_REMOVAL, 0);
		err = order(cd, MMC_START_STOP, MMC_EJECT);
		if (err && cd->n_users)
			(void)door_set(cd);
		if (!err)
			change_note(cd);
	}
	mutex_unlock(&cd->lock);
	return err;
}

int cdrom_load(struct cdrom *cd)
{
	int err;

	mutex_lock(&cd->lock);
	err = order(cd, MMC_START_STOP, MMC_LOAD);
	mutex_unlock(&cd->lock);
	return err;
}

int cdrom_lock(struct cdrom *cd, bool locked, bool mine, bool forced)
{
	int err = -EBUSY;

	mutex_lock(&cd->lock);
	if (locked || forced || cd->n_users <= mine) {
		err = order(cd, MMC_PREVENT_REMOVAL, locked);
		if (!err)
			cd->keep_locked = locked;
	}
	mutex_unlock(&cd->lock);
	return err;
}
