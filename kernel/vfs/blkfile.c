/*
 * Block devices as files: /dev/sda is the page cache of the device, the same that file systems read
 * their metadata through. Reads and writes are of any length; those with O_DIRECT pass it by
 * (blkfile_direct.c); ioctls are in blkfile_ioctl.c. Before: file_rw.c; behind: dev/blkdev_cache.c.
 */
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/blkfile_int.h"
#include "vm/aspace.h"

int blkfile_open(struct file *f, struct blkdev *dev)
{
	struct blkfile *b;
	int err = 0;

	if (f->can_write && dev->disk->read_only && (dev->disk->host || dev->disk->cdrom))
		return -EROFS;
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
	struct blkdev *dev = blkfile_dev(f);
	loff_t at = *pos, size = blkfile_size(dev);
	ssize_t err = 0;

	if (f->flags & O_DIRECT)
		return blkfile_read_direct(dev, to, pos);
	while (iov_left(to) && at < size) {
		size_t offset = (size_t)at & (PAGE_SIZE - 1), n, copied;
		pgoff_t last = (pgoff_t)(at + (loff_t)min(iov_left(to), (size_t)(size - at)) - 1) >>
			       PAGE_SHIFT;
		struct page *page;

		if (unlikely(to->nowait) &&
		    !cached_page_is_there(&dev->cache, (pgoff_t)at >> PAGE_SHIFT))
			err = -EAGAIN;
		else
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
	struct blkdev *dev = blkfile_dev(f);
	loff_t at = *pos, size = blkfile_size(dev);
	void *bounce = NULL;
	ssize_t err = 0;

	if (blkdev_is_read_only(dev))
		return -EPERM;
	if (iov_left(from) && at >= size)
		return -ENOSPC;
	if (f->flags & O_DIRECT && !blkfile_is_claimed(f))
		return blkfile_write_direct(f, from, pos);
	if (unlikely(from->nowait))
		return -EOPNOTSUPP; /* as for files */
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
	if (f->flags & O_DSYNC) {
		int sync;

		(void)pagecache_write_range(&dev->cache, (pgoff_t)*pos >> PAGE_SHIFT,
					    (pgoff_t)(at - 1) >> PAGE_SHIFT, true);
		sync = file_data_error(f, &dev->cache);
		if (sync == 0)
			sync = blk_flush(dev);
		if (sync < 0 && sync != -ABI_EOPNOTSUPP)
			err = sync;
	} else {
		writeback_throttle(&dev->cache);
	}
	*pos = at;
	return err;
}

static loff_t blkfile_seek(struct file *f, loff_t offset, int whence)
{
	loff_t size = blkfile_size(blkfile_dev(f));

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
	struct blkdev *dev = blkfile_dev(f);
	int err, flush;

	(void)pagecache_sync(&dev->cache);
	err = file_data_error(f, &dev->cache);
	flush = blk_flush(dev);
	return err < 0 || flush == -ABI_EOPNOTSUPP ? err : flush;
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
	req->cache = &blkfile_dev(f)->cache;
	req->source = &device_area;
	req->source_data = f;
	return 0;
}

const struct file_ops blkfile_ops = {
	.release = blkfile_release,
	.read = blkfile_read,
	.write = blkfile_write,
	.seek = blkfile_seek,
	.ioctl = blkfile_ioctl,
	.mmap = blkfile_mmap,
	.fsync = blkfile_fsync,
	.has_nowait = true,
};
