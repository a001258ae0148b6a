/*
 * Block devices with O_DIRECT: transfers go to the disk at once and leave nothing in the cache.
 * What the cache has of the range is written before a read, and dropped around a write, so that
 * both ways of access see the same bytes. A device that is mounted is written by way of the cache
 * all the same, since the file system holds pages of it. The
 * buffers are those of direct.c.
 */
#include "lib/string.h"
#include "vfs/blkfile_int.h"
#include "vfs/direct_int.h"

ssize_t blkfile_read_direct(struct blkdev *dev, struct iov_iter *to, loff_t *pos)
{
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct bounce b;
	ssize_t err = direct_check(dev, to, at);

	if (err < 0)
		return err;
	if (at >= size || !iov_left(to))
		return 0;
	end = at + (loff_t)min(iov_left(to), (size_t)(size - at));
	if (to->nowait && direct_cache_is_busy(&dev->cache, at, end))
		return -EAGAIN;
	err = direct_cache_out(&dev->cache, at, end, false);
	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(end - at));
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		size_t n = min((size_t)(end - at), bounce_bytes(&b)), copied = 0;

		err = bounce_transfer(&b, 0, dev, BLK_READ, (lba_t)at >> 9, n, false);
		if (err == 0)
			copied = iov_copy_to(to, page_to_virt(b.page), n);
		at += (loff_t)copied;
		if (err == 0 && copied < n)
			err = -EFAULT;
		if (thread_fatal_pending())
			break;
	}
	bounce_fini(&b);
	if (at > *pos)
		err = at - *pos;
	*pos = at;
	return err;
}

ssize_t blkfile_write_direct(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct blkdev *dev = blkfile_dev(f);
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct bounce b;
	ssize_t err = direct_check(dev, from, at);

	if (err < 0 || !iov_left(from))
		return err;
	end = at + (loff_t)min(iov_left(from), (size_t)(size - at));
	if (from->nowait && direct_cache_is_busy(&dev->cache, at, end))
		return -EAGAIN;
	err = direct_cache_out(&dev->cache, at, end, true);
	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(end - at));
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		size_t n = min((size_t)(end - at), bounce_bytes(&b));
		size_t copied = iov_copy_from(from, page_to_virt(b.page), n);

		if (copied < n)
			err = -EFAULT;
		else
			err = bounce_transfer(&b, 0, dev, BLK_WRITE, (lba_t)at >> 9, n,
					      f->flags & O_DSYNC);
		if (err == 0)
			at += (loff_t)n;
		if (thread_fatal_pending())
			break;
	}
	bounce_fini(&b);
	/* A reader, or a mapping, may have brought old bytes into the cache meanwhile. */
	if (at > *pos)
		pagecache_drop_range(&dev->cache, (pgoff_t)*pos >> PAGE_SHIFT,
				     (pgoff_t)(at - 1) >> PAGE_SHIFT);
	if (at > *pos)
		err = at - *pos;
	*pos = at;
	return err;
}

int blkfile_zero(struct blkdev *dev, loff_t from, loff_t to)
{
	struct bounce b;
	int err = direct_cache_out(&dev->cache, from, to, true);

	if (err == 0)
		err = bounce_init(&b, dev->disk, (size_t)(to - from));
	if (err < 0)
		return err;
	memset(page_to_virt(b.page), 0, bounce_bytes(&b));
	while (from < to && err == 0) {
		size_t n = min((size_t)(to - from), bounce_bytes(&b));

		err = bounce_transfer(&b, 0, dev, BLK_WRITE, (lba_t)from >> 9, n, false);
		from += (loff_t)n;
		if (err == 0 && thread_fatal_pending())
			err = -EINTR;
	}
	bounce_fini(&b);
	return err;
}
