/*
 * Block devices as files: /dev/sda is the page cache of the device, the same that file systems read
 * their metadata through. Reads and writes are of any length; ioctls tell its geometry. Before:
 * file_rw.c; behind: dev/blkdev_cache.c.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/file_int.h"
#include "vm/aspace.h"

struct blkfile {
	struct blkdev *dev; /* referenced */
	bool exclusive;     /* claimed */
	bool opened;        /* for its contents, with blkdev_open() */
};

static struct blkdev *device_of(const struct file *f)
{
	return ((struct blkfile *)f->private)->dev;
}

static loff_t device_size(const struct blkdev *dev)
{
	return (loff_t)(dev->n_sectors << 9);
}

int blkfile_open(struct file *f, struct blkdev *dev)
{
	struct blkfile *b;
	int err = 0;

	if (f->can_write && dev->disk->read_only)
		return dev->disk->cdrom ? -EROFS : -EACCES;
	b = kmalloc(sizeof(*b), MM_KERNEL);
	if (!b)
		return -ENOMEM;
	/* O_NONBLOCK: a drive shall be told something, whatever is in it. */
	err = blkdev_open(dev);
	b->opened = err == 0;
	if (err < 0 && !(dev->disk->cdrom && f->flags & O_NONBLOCK)) {
		kfree(b);
		return err;
	}
	/* O_EXCL without O_CREAT: nobody may have mounted or claimed it (open(2)). */
	b->exclusive = f->flags & O_EXCL;
	err = b->exclusive ? blkdev_claim(dev) : 0;
	if (err < 0) {
		if (b->opened)
			blkdev_close(dev);
		kfree(b);
		return err;
	}
	blkdev_get(dev);
	b->dev = dev;
	f->private = b;
	f->data_errors = pagecache_told(&dev->cache);
	f->ops = &blkfile_ops;
	f->seekable = true;
	return 0;
}

static void blkfile_release(struct file *f)
{
	struct blkfile *b = f->private;

	if (f->can_write)
		pagecache_sync(&b->dev->cache);
	if (b->exclusive)
		blkdev_release(b->dev);
	if (b->opened)
		blkdev_close(b->dev);
	blkdev_put(b->dev);
	kfree(b);
}

static ssize_t blkfile_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct blkdev *dev = device_of(f);
	loff_t at = *pos, size = device_size(dev);
	ssize_t err = 0;

	while (iov_left(to) && at < size) {
		size_t offset = (size_t)at & (PAGE_SIZE - 1), n, copied;
		pgoff_t last = (pgoff_t)(at + (loff_t)min(iov_left(to), (size_t)(size - at)) - 1) >>
			       PAGE_SHIFT;
		struct page *page;

		err = pagecache_get(&dev->cache, (pgoff_t)at >> PAGE_SHIFT, last, &page);
		if (err < 0)
			break;
		n = min(min(iov_left(to), (size_t)(PAGE_SIZE - offset)), (size_t)(size - at));
		copied = iov_copy_to(to, (char *)page_to_virt(page) + offset, n);
		page_put(page);
		at += (loff_t)copied;
		if (copied < n) {
			err = -EFAULT;
			break;
		}
	}
	if (at == *pos)
		return err;
	err = at - *pos;
	*pos = at;
	return err;
}

/* Copies into one page, with no lock held meanwhile: bytes, or an error. */
static ssize_t write_page(struct blkdev *dev, struct iov_iter *from, loff_t at, size_t n)
{
	size_t offset = (size_t)at & (PAGE_SIZE - 1), copied;
	struct pagecache *cache = &dev->cache;
	struct page *page;
	int err = pagecache_get_locked(cache, (pgoff_t)at >> PAGE_SHIFT, false, &page);

	if (err < 0)
		return err;
	page_unlock(page);
	copied = iov_copy_from(from, (char *)page_to_virt(page) + offset, n);
	if (copied) {
		page_lock(page);
		if (cache->ops->prepare_write)
			err = cache->ops->prepare_write(cache, page, (unsigned)offset,
							(unsigned)(offset + copied));
		if (err == 0)
			page_dirty(page);
		page_unlock(page);
	}
	page_put(page);
	return err < 0 ? err : copied ? (ssize_t)copied : -EFAULT;
}

/*
 * A page that is not in memory and is overwritten whole need not be read, but it cannot be up to
 * date before the new bytes are there: these are fetched into `bounce` first. Bytes, or an error.
 */
static ssize_t write_whole(struct blkdev *dev, struct iov_iter *from, loff_t at, void *bounce)
{
	struct pagecache *cache = &dev->cache;
	size_t copied = iov_copy_from(from, bounce, PAGE_SIZE);
	struct page *page;
	int err;

	if (!copied)
		return -EFAULT;
	err = pagecache_get_locked(cache, (pgoff_t)at >> PAGE_SHIFT, copied == PAGE_SIZE, &page);
	if (err < 0)
		return err;
	err = cache->ops->prepare_write(cache, page, 0, (unsigned)copied);
	if (err == 0) {
		memcpy(page_to_virt(page), bounce, copied);
		page_set(page, PG_UPTODATE);
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
	return err < 0 ? err : (ssize_t)copied;
}

/* Whether `n` bytes at `at` are a page that would have to be read only to be overwritten. */
static bool is_absent_whole(struct blkdev *dev, loff_t at, size_t n)
{
	struct page *page;

	if (n != PAGE_SIZE)
		return false;
	page = pagecache_find(&dev->cache, (pgoff_t)at >> PAGE_SHIFT);
	if (page)
		page_put(page);
	return !page;
}

static ssize_t blkfile_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct blkdev *dev = device_of(f);
	loff_t at = *pos, size = device_size(dev);
	void *bounce = NULL;
	ssize_t err = 0;

	if (iov_left(from) && at >= size)
		return -ENOSPC;
	while (iov_left(from) && at < size) {
		size_t n =
			min((size_t)(PAGE_SIZE - ((size_t)at & (PAGE_SIZE - 1))), iov_left(from));

		n = min(n, (size_t)(size - at));
		if (is_absent_whole(dev, at, n) &&
		    (bounce || (bounce = kmalloc(PAGE_SIZE, MM_KERNEL))))
			err = write_whole(dev, from, at, bounce);
		else
			err = write_page(dev, from, at, n);
		if (err < 0)
			break;
		at += err;
		if ((size_t)err < n || thread_fatal_pending())
			break;
		sched_point();
	}
	kfree(bounce);
	if (at == *pos)
		return err;
	err = at - *pos;
	if (f->flags & (O_DSYNC | O_DIRECT)) {
		int sync;

		(void)pagecache_write_range(&dev->cache, (pgoff_t)*pos >> PAGE_SHIFT,
					    (pgoff_t)(at - 1) >> PAGE_SHIFT, true);
		sync = file_data_error(f, &dev->cache);
		if (sync == 0 && f->flags & O_DSYNC)
			sync = blk_flush(dev);
		if (sync < 0 && sync != -EOPNOTSUPP)
			err = sync;
	} else {
		writeback_throttle(&dev->cache);
	}
	*pos = at;
	return err;
}

static loff_t blkfile_seek(struct file *f, loff_t offset, int whence)
{
	loff_t size = device_size(device_of(f));

	if (whence == SEEK_CUR)
		offset += f->pos;
	else if (whence == SEEK_END)
		offset += size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (offset < 0 || offset > size)
		return -EINVAL;
	return f->pos = offset;
}

static int blkfile_fsync(struct file *f, bool data_only)
{
	struct blkdev *dev = device_of(f);
	int err, flush;

	(void)pagecache_sync(&dev->cache);
	err = file_data_error(f, &dev->cache);
	flush = blk_flush(dev);
	return err < 0 || flush == -EOPNOTSUPP ? err : flush;
}

static void mapped_get(struct vm_area *area)
{
	file_get(area->source_data);
}

static void mapped_put(struct vm_area *area)
{
	file_put(area->source_data);
}

static int mapped_sync(struct vm_area *area, pgoff_t first, pgoff_t last)
{
	struct file *f = area->source_data;

	(void)pagecache_write_range(area->cache, first, last, true);
	return file_data_error(f, area->cache);
}

static const struct area_source device_area = {
	.get = mapped_get,
	.put = mapped_put,
	.sync = mapped_sync,
};

static int blkfile_mmap(struct file *f, struct map_request *req)
{
	req->cache = &device_of(f)->cache;
	req->source = &device_area;
	req->source_data = f;
	return 0;
}

static long put_u64(u64 arg, u64 value) { return copy_out_obj((u64 __user *)arg, &value); }
static long put_u32(u64 arg, u32 value) { return copy_out_obj((u32 __user *)arg, &value); }
static long put_u16(u64 arg, u16 value) { return copy_out_obj((u16 __user *)arg, &value); }

static long flush_buffers(struct file *f, struct blkdev *dev)
{
	int err;

	if (!cred_capable(f->cred, CAP_SYS_ADMIN))
		return -EACCES;
	err = pagecache_sync(&dev->cache);
	pagecache_shrink(&dev->cache);
	return err;
}

static long discard(struct file *f, struct blkdev *dev, u64 arg)
{
	u64 range[2];
	int err = copy_in(range, (const void __user *)arg, sizeof(range));

	if (err < 0)
		return err;
	if (!f->can_write)
		return -EBADF;
	if ((range[0] | range[1]) & 511 || range[0] > (u64)device_size(dev) ||
	    range[1] > (u64)device_size(dev) - range[0])
		return -EINVAL;
	if (!range[1])
		return 0;
	pagecache_drop_range(&dev->cache, range[0] >> PAGE_SHIFT,
			     (range[0] + range[1] - 1) >> PAGE_SHIFT);
	return blk_discard(dev, range[0] >> 9, range[1] >> 9);
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

/* BLKPG: what partitions the kernel knows of, without a table. */
static long table_change(struct file *f, struct blkdev *dev, u64 arg)
{
	struct table_change change;
	struct table_entry e;
	int err = copy_in_obj(&change, (const struct table_change __user *)arg);

	if (!err)
		err = copy_in_obj(&e, (const struct table_entry __user *)change.entry);
	if (err < 0)
		return err;
	if (!cred_capable(f->cred, CAP_SYS_ADMIN))
		return -EACCES;
	if (dev->partition || e.number <= 0)
		return -EINVAL;
	if (change.op == TABLE_REMOVE)
		return disk_partition_remove(dev->disk, (unsigned)e.number);
	if (change.op != TABLE_ADD || e.start < 0 || e.length <= 0 || (e.start | e.length) & 511)
		return -EINVAL;
	return disk_partition_add(dev->disk, (unsigned)e.number, (u64)e.start >> 9,
				  (u64)e.length >> 9);
}

static long blkfile_ioctl(struct file *f, u32 request, u64 arg)
{
	struct blkdev *dev = device_of(f);
	const struct disk *disk = dev->disk;

	switch (request) {
	case BLKGETSIZE64:
		return put_u64(arg, (u64)device_size(dev));
	case BLKGETSIZE:
		return put_u64(arg, dev->n_sectors);
	case BLKSSZGET:
		return put_u32(arg, disk->sector_size);
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_u32(arg, max(disk->physical_sector_size, disk->sector_size));
	case BLKIOOPT:
	case BLKALIGNOFF:
	case BLKDISCARDZEROES:
		return put_u32(arg, 0);
	case BLKBSZGET:
		return put_u32(arg, PAGE_SIZE);
	case BLKSECTGET:
		return put_u16(arg, (u16)min(disk->max_sectors, 0xffffu));
	case BLKROTATIONAL:
		return put_u16(arg, disk->rotational);
	case BLKROGET:
		return put_u32(arg, disk->read_only);
	case BLKFLSBUF:
		return flush_buffers(f, dev);
	case BLKRRPART:
		return cred_capable(f->cred, CAP_SYS_ADMIN) ? disk_rescan(dev->disk) : -EACCES;
	case BLKPG:
		return table_change(f, dev, arg);
	case BLKDISCARD:
		return discard(f, dev, arg);
	case HDIO_GETGEO:
		return geometry(dev, arg);
	default:
		if (disk->cdrom)
			return cdrom_ioctl(f, dev, request, arg,
					   ((struct blkfile *)f->private)->opened);
		return -ENOTTY;
	}
}

const struct file_ops blkfile_ops = {
	.release = blkfile_release,
	.read = blkfile_read,
	.write = blkfile_write,
	.seek = blkfile_seek,
	.ioctl = blkfile_ioctl,
	.mmap = blkfile_mmap,
	.fsync = blkfile_fsync,
};
