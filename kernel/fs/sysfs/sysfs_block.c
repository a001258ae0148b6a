/*
 * A directory per disk, with one per partition in it, by their numbers, in the tree of devices;
 * /sys/block, /sys/class/block and /sys/dev/block are links to these. What lsblk, blkid and fdisk
 * read is here, under the names that they know.
 */
#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "dev/blk.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define ULL(x) ((unsigned long long)(x))

static struct blkdev *device_get(unsigned index)
{
	return blkdev_find_number(index >> 20, index & 0xfffff);
}

static unsigned next_disk(unsigned of, unsigned after, char *name, size_t size)
{
	return blkdev_next(BLKDEV_DISKS, after, name, size);
}

static unsigned next_virtual(unsigned of, unsigned after, char *name, size_t size)
{
	return blkdev_next(BLKDEV_VIRTUAL, after, name, size);
}

static unsigned next_any(unsigned of, unsigned after, char *name, size_t size)
{
	return blkdev_next(0, after, name, size);
}

static unsigned next_number(unsigned of, unsigned after, char *name, size_t size)
{
	unsigned number = blkdev_next(0, after, name, size);

	if (number)
		snprintf(name, size, "%u:%u", number >> 20, number & 0xfffff);
	return number;
}

/* A text about a block device and its disk. */
#define SHOW(name, body) \
	static int show_##name(struct text *t, unsigned index) \
	{ \
		struct blkdev *d = device_get(index); \
		const struct disk *disk; \
\
		if (!d) \
			return -ENODEV; \
		disk = d->disk; \
		(void)disk; \
		body; \
		blkdev_put(d); \
		return 0; \
	}
#define SHOW_NUMBER(name, value) SHOW(name, text_printf(t, "%llu\n", ULL(value)))
#define SHOW_TEXT(name, value)   SHOW(name, text_printf(t, "%s\n", value))

static void print_stat(struct text *t, struct blkdev *d)
{
	static const enum blk_op ops[] = { BLK_READ, BLK_WRITE, BLK_DISCARD };
	struct blk_stats s;

	blkdev_stats(d, &s);
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		text_printf(t, "%8llu %8llu %8llu %8llu ", ULL(s.ios[ops[i]]),
			     ULL(s.merges[ops[i]]), ULL(s.sectors[ops[i]]),
			     ULL(s.ns[ops[i]] / NSEC_PER_MSEC));
		if (ops[i] == BLK_WRITE)
			text_printf(t, "%8llu %8llu %8llu ", ULL(s.in_flight),
				     ULL(s.busy_ns / NSEC_PER_MSEC),
				     ULL(s.weighted_ns / NSEC_PER_MSEC));
	}
	text_printf(t, "%8llu %8llu\n", ULL(s.ios[BLK_FLUSH]),
		     ULL(s.ns[BLK_FLUSH] / NSEC_PER_MSEC));
}

SHOW(dev, text_printf(t, "%u:%u\n", d->major, d->minor))
SHOW(stat, print_stat(t, d))
SHOW_NUMBER(size, d->n_sectors)
SHOW_NUMBER(start, d->start)
SHOW_NUMBER(partition, d->partition)
SHOW_NUMBER(ro, blkdev_is_read_only(d))
SHOW_NUMBER(removable, disk->removable)
SHOW_NUMBER(alignment_offset, 0)
SHOW_NUMBER(discard_alignment, 0)
SHOW_NUMBER(range, 16)
SHOW_NUMBER(ext_range, 256)
SHOW_NUMBER(hidden, 0)
SHOW_NUMBER(diskseq, disk->sequence)

SHOW_NUMBER(logical_block_size, disk->sector_size)
SHOW_NUMBER(physical_block_size, disk->physical_sector_size)
SHOW_NUMBER(optimal_io_size, 0)
SHOW_NUMBER(read_ahead_kb, READ_ONCE(disk->ahead) * 4)
SHOW_NUMBER(rotational, disk->rotational)
SHOW_NUMBER(max_sectors_kb, disk->max_sectors / 2)
SHOW_NUMBER(max_segments, disk->max_segments)
SHOW_NUMBER(max_segment_size, disk->max_segment_bytes)
SHOW_NUMBER(nr_requests, disk->depth)
SHOW_NUMBER(discard_granularity, disk->discard ? disk->sector_size : 0)
SHOW_NUMBER(discard_max_bytes, disk->discard ? ULL(disk->max_discard_sectors) << 9 : 0)
SHOW_NUMBER(fua, disk->fua)
SHOW_TEXT(write_cache, disk->write_cache ? "write back" : "write through")
SHOW_TEXT(scheduler, "[reads-first]")
SHOW_TEXT(zoned, "none")

static bool fill_block(unsigned index, struct devtree_entry *out)
{
	struct blkdev *d = device_get(index);

	if (!d)
		return false;
	devtree_blkdev(d, out);
	blkdev_put(d);
	return true;
}

SYSFS_DEVICE(block, fill_block)

static int link_host(char *buf, size_t size, unsigned index)
{
	struct blkdev *d = device_get(index);

	if (!d)
		return -ENOENT;
	snprintf(buf, size, "../../../%u:0:0:0", d->disk->host->number);
	blkdev_put(d);
	return 0;
}

#define READ(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_##name_ }
#define READ_AS(name_, shown) { .name = name_, .mode = S_IFREG | 0444, .show = show_##shown }
static const struct sysfs_node queue_children[] = {
	READ(discard_granularity), READ(discard_max_bytes),
	READ_AS("discard_max_hw_bytes", discard_max_bytes), READ(fua),
	READ_AS("hw_sector_size", logical_block_size), READ(logical_block_size),
	READ_AS("max_hw_sectors_kb", max_sectors_kb), READ(max_sectors_kb),
	READ(max_segment_size), READ(max_segments),
	READ_AS("minimum_io_size", physical_block_size), READ(nr_requests),
	READ(optimal_io_size), READ(physical_block_size), READ(read_ahead_kb), READ(rotational),
	READ(scheduler), READ(write_cache), READ(zoned),
	{ NULL },
};

/* What the driver tells of the disk itself, for loop devices. */
static int describe(struct text *t, unsigned index, const char *name)
{
	struct blkdev *d = device_get(index);
	char *buf = kmalloc(PATH_MAX, MM_KERNEL);
	int err = !d ? -ENODEV : !buf ? -ENOMEM : 0;

	if (!err)
		err = d->disk->ops->describe(d->disk, name, buf, PATH_MAX);
	if (!err)
		text_printf(t, "%s\n", buf);
	kfree(buf);
	if (d)
		blkdev_put(d);
	return err;
}

#define DESCRIBE(name) \
	static int show_loop_##name(struct text *t, unsigned index) \
	{ \
		return describe(t, index, #name); \
	}
DESCRIBE(autoclear)
DESCRIBE(backing_file)
DESCRIBE(dio)
DESCRIBE(offset)
DESCRIBE(partscan)
DESCRIBE(sizelimit)

static const struct sysfs_node loop_children[] = {
	READ_AS("autoclear", loop_autoclear), READ_AS("backing_file", loop_backing_file),
	READ_AS("dio", loop_dio), READ_AS("offset", loop_offset),
	READ_AS("partscan", loop_partscan), READ_AS("sizelimit", loop_sizelimit),
	{ NULL },
};

/* Whether the disk with that number has some property. Does not sleep. */
static bool is_described(unsigned index)
{
	return blkdev_property(index, BLKDEV_DESCRIBED);
}

static bool is_hardware(unsigned index)
{
	return blkdev_property(index, BLKDEV_HARDWARE);
}

/* Devices made of others do not exist. */
static const struct sysfs_node no_children[] = { { NULL } };

#define COMMON \
	READ(alignment_offset), READ(dev), READ(discard_alignment), READ(ro), READ(size), \
	READ(stat), SYSFS_DEVICE_FILES(block), SYSFS_DIRECTORY("holders", no_children)

static const struct sysfs_node partition_children[] = {
	COMMON, READ(partition), READ(start),
	{ NULL },
};

const struct sysfs_node sysfs_disk_children[] = {
	COMMON, READ(diskseq), READ(ext_range), READ(hidden), READ(range), READ(removable),
	{ .name = "device", .mode = S_IFLNK | 0777, .link = link_host, .present = is_hardware },
	{ .name = "loop", .mode = S_IFDIR | 0755, .children = loop_children,
	  .present = is_described },
	SYSFS_DIRECTORY("queue", queue_children),
	SYSFS_DIRECTORY("slaves", no_children),
	{ .name = "", .mode = S_IFDIR | 0755, .children = partition_children,
	  .next_in = blkdev_next },
	{ NULL },
};

static int link_up(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../", fill_block, index);
}

static int link_up_twice(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../", fill_block, index);
}

const struct sysfs_node sysfs_block_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .next_in = next_disk, .link = link_up },
	{ NULL },
};

const struct sysfs_node sysfs_block_virtual_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = sysfs_disk_children,
	  .next_in = next_virtual },
	{ NULL },
};

const struct sysfs_node sysfs_block_class_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .next_in = next_any, .link = link_up_twice },
	{ NULL },
};

const struct sysfs_node sysfs_block_dev_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .next_in = next_number, .link = link_up_twice },
	{ NULL },
};
