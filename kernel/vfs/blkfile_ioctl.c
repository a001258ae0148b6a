/*
 * ioctl(2) on block devices (linux/fs.h, linux/blkpg.h, linux/hdreg.h, scsi/scsi_ioctl.h): sizes
 * and geometry, partitions, what is cached, discarding and zeroing; what is left is the driver's.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "vfs/blkfile_int.h"

#define SECTORS_PER_PAGE (PAGE_SIZE >> 9)
#define READAHEAD_MAX 16384 /* pages */

static long put_u64(u64 arg, u64 value) { return copy_out_obj((u64 __user *)arg, &value); }
static long put_u32(u64 arg, u32 value) { return copy_out_obj((u32 __user *)arg, &value); }
static long put_u16(u64 arg, u16 value) { return copy_out_obj((u16 __user *)arg, &value); }

static long flush_buffers(struct blkdev *dev)
{
	int err;

	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EACCES;
	err = pagecache_sync(&dev->cache);
	pagecache_shrink(&dev->cache);
	return err;
}

/*
 * The bytes of a BLKDISCARD or BLKZEROOUT: 0, -EFAULT, -EBADF, -EPERM, -EINVAL; -EBUSY if the
 * device is mounted.
 */
static int range_get(struct file *f, struct blkdev *dev, u64 arg, u64 range[2])
{
	u64 mask = dev->disk->sector_size - 1, size = (u64)blkfile_size(dev);

	if (!f->can_write)
		return -EBADF;
	if (copy_in(range, (const void __user *)arg, 2 * sizeof(*range)))
		return -EFAULT;
	if ((range[0] | range[1]) & mask || range[0] > size || range[1] > size - range[0])
		return -EINVAL;
	if (blkfile_is_claimed(f))
		return -EBUSY;
	return blkdev_is_read_only(dev) ? -EPERM : 0;
}

static long discard(struct file *f, struct blkdev *dev, u64 arg)
{
	u64 range[2];
	int err;

	if (!f->can_write)
		return -EBADF;
	if (!dev->disk->discard)
		return -EOPNOTSUPP;
	err = range_get(f, dev, arg, range);
	if (err < 0 || !range[1])
		return err;
	pagecache_drop_range(&dev->cache, range[0] >> PAGE_SHIFT,
			     (range[0] + range[1] - 1) >> PAGE_SHIFT);
	return blk_discard(dev, range[0] >> 9, range[1] >> 9);
}

static long zero_out(struct file *f, struct blkdev *dev, u64 arg)
{
	u64 range[2];
	int err = range_get(f, dev, arg, range);

	if (err < 0 || !range[1])
		return err;
	return blkfile_zero(dev, (loff_t)range[0], (loff_t)(range[0] + range[1]));
}

/* The classic translation: 255 heads, 63 sectors. */
static long geometry(struct blkdev *dev, u64 arg)
{
	struct hd_geometry g = { .heads = 255, .sectors = 63, .start = dev->start };

	g.cylinders = (u16)min_t(u64, dev->n_sectors / (255 * 63), 65535);
	return copy_out_obj((struct hd_geometry __user *)arg, &g);
}

/* As struct blkpg_partition and blkpg_ioctl_arg of linux/blkpg.h. */
struct table_entry {
	s64 start, length; /* bytes */
	s32 number;
	char unused[128];
};
struct table_change {
	s32 op, flags, length;
	struct table_entry __user *entry;
};
#define TABLE_ADD    1
#define TABLE_REMOVE 2
#define TABLE_RESIZE 3

/* BLKPG: what partitions the kernel knows of, without a table. */
static long table_change(struct blkdev *dev, u64 arg)
{
	struct table_change change;
	struct table_entry e;
	int err = copy_in_obj(&change, (const struct table_change __user *)arg);

	if (!err)
		err = copy_in_obj(&e, (const struct table_entry __user *)change.entry);
	if (err < 0)
		return err;
	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EACCES;
	if (dev->partition || e.number <= 0)
		return -EINVAL;
	if (change.op == TABLE_REMOVE)
		return disk_partition_remove(dev->disk, (unsigned)e.number);
	if (change.op != TABLE_ADD && change.op != TABLE_RESIZE)
		return -EINVAL;
	if (e.start < 0 || e.length <= 0 || (e.start | e.length) & 511)
		return -EINVAL;
	if (change.op == TABLE_RESIZE)
		return disk_partition_resize(dev->disk, (unsigned)e.number, (u64)e.start >> 9,
					     (u64)e.length >> 9);
	return disk_partition_add(dev->disk, (unsigned)e.number, (u64)e.start >> 9,
				  (u64)e.length >> 9);
}

static bool is_admin(void)
{
	return cred_capable(cred_caller(), CAP_SYS_ADMIN);
}

static long read_only_set(struct file *f, struct blkdev *dev, u64 arg)
{
	u32 on;

	if (!is_admin())
		return -EACCES;
	if (copy_in_obj(&on, (const u32 __user *)arg))
		return -EFAULT;
	WRITE_ONCE(dev->read_only, on != 0);
	return 0;
}

/* The size of blocks that the device is said to have: as large as its length allows. */
static u32 block_size(const struct blkdev *dev)
{
	u64 size = (u64)blkfile_size(dev);
	u32 n = READ_ONCE(dev->block_size);

	if (n)
		return n;
	for (n = dev->disk->sector_size; n < PAGE_SIZE && !(size & n);)
		n <<= 1;
	return n;
}

static long block_size_set(struct file *f, struct blkdev *dev, u64 arg)
{
	struct blkfile *b = f->private;
	u32 n;
	int err;

	if (!is_admin())
		return -EACCES;
	if (!arg)
		return -EINVAL;
	if (copy_in_obj(&n, (const u32 __user *)arg))
		return -EFAULT;
	if (n < dev->disk->sector_size || n > PAGE_SIZE || n & (n - 1))
		return -EINVAL;
	err = b->exclusive ? 0 : blkdev_claim(dev);
	if (err < 0)
		return -EBUSY;
	WRITE_ONCE(dev->block_size, n);
	if (!b->exclusive)
		blkdev_release(dev);
	return 0;
}

static long readahead_get(const struct blkdev *dev, u64 arg)
{
	if (!arg)
		return -EINVAL;
	return put_u64(arg, (u64)READ_ONCE(dev->disk->ahead) * SECTORS_PER_PAGE);
}

static long readahead_set(struct file *f, struct blkdev *dev, u64 sectors)
{
	if (!is_admin())
		return -EACCES;
	WRITE_ONCE(dev->disk->ahead, (u32)min_t(u64, sectors / SECTORS_PER_PAGE, READAHEAD_MAX));
	return 0;
}

/* Where a SCSI disk is: one target on the host that its port is. */
static long scsi_ioctl(const struct disk *disk, u32 request, u64 arg)
{
	u32 host = disk->host->number;
	struct scsi_idlun { u32 address, unique; } id = { .address = (host & 0xff) << 24 };

	switch (request) {
	case SCSI_IOCTL_GET_IDLUN:
		return copy_out_obj((struct scsi_idlun __user *)arg, &id);
	case SCSI_IOCTL_GET_BUS_NUMBER:
		return put_u32(arg, disk->host->number);
	case SG_GET_VERSION_NUM:
		return put_u32(arg, SG_VERSION);
	default:
		return -ENOTTY;
	}
}

/* What concerns the contents. */
static long contents_ioctl(struct file *f, struct blkdev *dev, u32 request, u64 arg)
{
	switch (request) {
	case BLKFLSBUF:
		return flush_buffers(dev);
	case BLKRRPART:
		if (!is_admin())
			return -EACCES;
		return dev->partition ? -EINVAL : disk_rescan(dev->disk);
	case BLKPG:
		return table_change(dev, arg);
	case BLKDISCARD:
		return discard(f, dev, arg);
	case BLKSECDISCARD:
		return f->can_write ? -EOPNOTSUPP : -EBADF;
	case BLKZEROOUT:
		return zero_out(f, dev, arg);
	default:
		return -ENOTTY;
	}
}

/* What can be set. */
static long settings_ioctl(struct file *f, struct blkdev *dev, u32 request, u64 arg)
{
	switch (request) {
	case BLKROSET:
		return read_only_set(f, dev, arg);
	case BLKROGET:
		return put_u32(arg, blkdev_is_read_only(dev));
	case BLKRASET:
	case BLKFRASET:
		return readahead_set(f, dev, arg);
	case BLKRAGET:
	case BLKFRAGET:
		return readahead_get(dev, arg);
	case BLKBSZGET:
		return put_u32(arg, block_size(dev));
	case BLKBSZSET:
		return block_size_set(f, dev, arg);
	default:
		return -ENOTTY;
	}
}

static long facts_ioctl(struct blkdev *dev, u32 request, u64 arg)
{
	const struct disk *disk = dev->disk;

	switch (request) {
	case BLKGETSIZE64:
		return put_u64(arg, (u64)blkfile_size(dev));
	case BLKGETSIZE:
		return put_u64(arg, READ_ONCE(dev->n_sectors));
	case BLKSSZGET:
		return put_u32(arg, disk->sector_size);
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_u32(arg, max(disk->physical_sector_size, disk->sector_size));
	case BLKIOOPT:
	case BLKALIGNOFF:
	case BLKDISCARDZEROES:
	case BLKGETZONESZ:
	case BLKGETNRZONES:
		return put_u32(arg, 0);
	case BLKGETDISKSEQ:
		return put_u64(arg, disk->sequence);
	case BLKSECTGET:
		return put_u16(arg, (u16)min(disk->max_sectors, 0xffffu));
	case BLKROTATIONAL:
		return put_u16(arg, disk->rotational);
	case HDIO_GETGEO:
		return arg ? geometry(dev, arg) : -EINVAL;
	default:
		return disk->host ? scsi_ioctl(disk, request, arg) : -ENOTTY;
	}
}

long blkfile_ioctl(struct file *f, u32 request, u64 arg)
{
	struct blkdev *dev = blkfile_dev(f);
	struct disk *disk = dev->disk;
	long err = facts_ioctl(dev, request, arg);

	if (err == -ABI_ENOTTY)
		err = settings_ioctl(f, dev, request, arg);
	if (err == -ABI_ENOTTY)
		err = contents_ioctl(f, dev, request, arg);
	if (err == -ABI_ENOTTY && disk->cdrom)
		err = cdrom_ioctl(f, dev, request, arg, ((struct blkfile *)f->private)->opened);
	if (err == -ABI_ENOTTY && disk->ops->ioctl)
		err = disk->ops->ioctl(disk, dev, f, request, arg);
	return err;
}
