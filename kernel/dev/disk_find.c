/*
 * Finding disks and block devices: by name, by number, by what the partition table says of them;
 * claims; and the partition scan of one disk.
 */
#include "dev/blk_int.h"
#include "dev/disk_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "dev/cdrom.h"
#include "dev/partition.h"
#include "lib/ctype.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/uuid.h"
#include "mm/slab.h"

struct disk *disk_at(unsigned n)
{
	struct disk *d, *found = NULL;

	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disks, link) {
		if (n-- == 0) {
			found = d;
			disk_get(d);
			break;
		}
	}
	mutex_unlock(&disk_registry);
	return found;
}

void disk_each(void (*fn)(struct disk *disk, void *arg), void *arg)
{
	struct disk *d;

	mutex_lock(&disk_registry);
	list_for_each_entry(d, &disks, link)
		fn(d, arg);
	mutex_unlock(&disk_registry);
}

void blkdev_each(void (*fn)(struct blkdev *d, void *arg), void *arg)
{
	struct disk *disk;
	struct blkdev *d;

	mutex_lock(&disk_registry);
	list_for_each_entry(disk, &disks, link)
		list_for_each_entry(d, &disk->blkdevs, link)
			fn(d, arg);
	mutex_unlock(&disk_registry);
}

static bool belongs(const struct blkdev *d, u32 of)
{
	if (of == BLKDEV_DISKS)
		return !d->partition;
	if (of == BLKDEV_VIRTUAL)
		return !d->partition && !d->disk->host;
	return !of || (d->partition && BLKDEV_NUMBER(d->disk->major, d->disk->minor) == of);
}

u32 blkdev_next(u32 of, u32 after, char *name, size_t size)
{
	struct disk *disk;
	struct blkdev *d;
	u32 best = 0;

	spin_lock(&disk_lists);
	list_for_each_entry(disk, &disks, link)
		list_for_each_entry(d, &disk->blkdevs, link) {
			u32 number = BLKDEV_NUMBER(d->major, d->minor);

			if (number <= after || (best && number > best) || !belongs(d, of))
				continue;
			best = number;
			strlcpy(name, d->name, size);
		}
	spin_unlock(&disk_lists);
	return best;
}

bool blkdev_property(u32 number, enum blkdev_property property)
{
	struct disk *disk;
	bool is = false;

	spin_lock(&disk_lists);
	list_for_each_entry(disk, &disks, link)
		if (BLKDEV_NUMBER(disk->major, disk->minor) == number)
			is = property == BLKDEV_DESCRIBED ? READ_ONCE(disk->described) :
							    disk->host != NULL;
	spin_unlock(&disk_lists);
	return is;
}

/* The first blkdev that `matches`, with a reference, or NULL. */
static struct blkdev *find(bool (*matches)(const struct blkdev *d, const void *key),
			   const void *key)
{
	struct blkdev *d, *found = NULL;
	struct disk *disk;

	mutex_lock(&disk_registry);
	list_for_each_entry(disk, &disks, link)
		list_for_each_entry(d, &disk->blkdevs, link)
			if (!found && matches(d, key))
				found = d;
	if (found)
		blkdev_get(found);
	mutex_unlock(&disk_registry);
	return found;
}

static bool name_matches(const struct blkdev *d, const void *key)
{
	return !strcmp(d->name, key);
}

static bool label_matches(const struct blkdev *d, const void *key)
{
	return d->partition && d->label[0] && !strcmp(d->label, key);
}

static bool uuid_matches(const struct blkdev *d, const void *key)
{
	return d->partition && !memcmp(d->uuid, key, sizeof(d->uuid));
}

static bool number_matches(const struct blkdev *d, const void *key)
{
	const u32 *number = key;

	return d->major == number[0] && d->minor == number[1];
}

/* "12345678-05": signature of the disk and number, hexadecimal. */
static int mbr_uuid_parse(const char *text, u8 uuid[16])
{
	const char *end;
	u64 signature, number;

	if (parse_u64(text, 16, &signature, &end) || end != text + 8 || *end != '-' ||
	    parse_u64(end + 1, 16, &number, NULL) || number > 255)
		return -EINVAL;
	memset(uuid, 0, 16);
	for (unsigned i = 0; i < 4; i++)
		uuid[i] = (u8)(signature >> (24 - 8 * i));
	uuid[4] = (u8)number;
	return 0;
}

struct blkdev *blkdev_find(const char *name)
{
	struct uuid uuid;

	if (str_starts_with(name, "PARTLABEL="))
		return find(label_matches, name + 10);
	if (str_starts_with(name, "PARTUUID=")) {
		name += 9;
		if ((strlen(name) != 36 || uuid_parse(name, &uuid)) && mbr_uuid_parse(name, uuid.b))
			return NULL;
		return uuid_is_null(&uuid) ? NULL : find(uuid_matches, uuid.b);
	}
	if (str_starts_with(name, "/dev/"))
		name += 5;
	return find(name_matches, name);
}

struct blkdev *blkdev_find_number(u32 major, u32 minor)
{
	u32 number[2] = { major, minor };

	return find(number_matches, number);
}

static void opener_leaves(struct blkdev *d)
{
	struct disk *disk = d->disk;
	struct blkdev *part;
	bool last;

	mutex_lock(&disk_registry);
	last = --disk->n_openers == 0;
	if (last) /* what was asked for (BLKBSZSET) is for as long */
		list_for_each_entry(part, &disk->blkdevs, link)
			WRITE_ONCE(part->block_size, 0);
	mutex_unlock(&disk_registry);
	if (last && disk->ops->closed)
		disk->ops->closed(disk);
}

int blkdev_open(struct blkdev *d)
{
	int err = 0;

	mutex_lock(&disk_registry);
	if (d->gone)
		err = -ENXIO;
	else
		d->disk->n_openers++;
	mutex_unlock(&disk_registry);
	if (err || !d->disk->cdrom)
		return err;
	err = cdrom_open(d->disk->cdrom);
	if (err)
		opener_leaves(d);
	return err;
}

void blkdev_close(struct blkdev *d)
{
	if (d->disk->cdrom)
		cdrom_close(d->disk->cdrom);
	opener_leaves(d);
}

/* A disk and its partitions exclude each other, too. */
int blkdev_claim(struct blkdev *d)
{
	struct blkdev *other;
	int err = 0;

	mutex_lock(&disk_registry);
	list_for_each_entry(other, &d->disk->blkdevs, link)
		if (other->holders && (other == d || !other->partition || !d->partition))
			err = -EBUSY;
	if (d->gone)
		err = -ENXIO;
	if (!err)
		d->holders++;
	mutex_unlock(&disk_registry);
	return err;
}

void blkdev_release(struct blkdev *d)
{
	mutex_lock(&disk_registry);
	d->holders--;
	mutex_unlock(&disk_registry);
}

struct disk_reader {
	struct partition_reader reader;
	struct disk *disk;
};

static int disk_read(struct partition_reader *r, u64 lba, unsigned count, void *buf)
{
	struct disk *disk = container_of(r, struct disk_reader, reader)->disk;
	u32 scale = r->sector_size >> 9;
	struct dma_piece pieces[PARTITION_BUF / PAGE_SIZE];
	u32 bytes = count * r->sector_size;
	struct blk_request req = {
		.dev = disk->whole,
		.op = BLK_READ,
		.lba = lba * scale,
		.n_sectors = count * scale,
		.pieces = pieces,
	};

	while (req.n_pieces * PAGE_SIZE < bytes) {
		u32 done = req.n_pieces * PAGE_SIZE;

		pieces[req.n_pieces++] = (struct dma_piece){ virt_to_page((char *)buf + done), 0,
							      min(bytes - done, (u32)PAGE_SIZE) };
	}
	return blk_submit_wait(&req);
}

static void table_scan(struct disk *disk)
{
	struct page *work = page_alloc_order(2, MM_KERNEL); /* PARTITION_BUF */
	struct partition *found = kmalloc_array(PARTITION_MAX, sizeof(*found), MM_KERNEL);
	u32 scale = disk->sector_size >> 9;
	const char *kind;
	int n = -ENOMEM;

	if (work && found) {
		struct disk_reader r = {
			.reader.read = disk_read,
			.reader.n_sectors = disk->n_sectors / scale,
			.reader.sector_size = disk->sector_size,
			.reader.buf = page_to_virt(work),
			.disk = disk,
		};

		n = partition_scan(&r.reader, found, PARTITION_MAX, &kind);
	}
	if (n < 0)
		log_warn("%s: the partition table cannot be read (%d)", disk->name, n);
	mutex_lock(&disk_registry);
	for (int i = 0; i < n; i++)
		if (blkdev_create(disk, found[i].number, found[i].start * scale, found[i].n * scale,
				  found[i].uuid, found[i].label))
			log_err("%s: partition %u left out", disk->name, found[i].number);
	mutex_unlock(&disk_registry);
	if (n >= 0)
		log_info("%s: %lu MiB, %s, %d partitions", disk->name,
			 (unsigned long)(disk->n_sectors >> 11), kind, n);
	kfree(found);
	if (work)
		page_free_order(work, 2);
}

void disk_scan(struct disk *disk)
{
	if (!disk->unpartitioned)
		table_scan(disk);
}
