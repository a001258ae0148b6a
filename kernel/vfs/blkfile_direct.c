/*
 * Block devices with O_DIRECT: transfers go to the disk at once and leave nothing in the cache.
 * What the cache has of the range is written before a read, and dropped around a write, so that
 * both ways of access see the same bytes. A device that is mounted is written by way of the cache
 * all the same, since the file system holds pages of it. The memory is direct.c's.
 */
#include "lib/string.h"
#include "vfs/blkfile_int.h"
#include "vfs/direct_int.h"

ssize_t blkfile_read_direct(struct blkdev *dev, struct iov_iter *to, loff_t *pos)
{
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct direct d;
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
		err = direct_init(&d, dev->disk, (size_t)(end - at), true);
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		err = direct_fetch(&d, to, dev, (lba_t)at >> 9, (size_t)(end - at), &at);
		if (thread_fatal_pending())
			break;
	}
	direct_fini(&d);
	if (at > *pos)
		err = at - *pos;
	*pos = at;
	return err;
}

ssize_t blkfile_write_direct(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct blkdev *dev = blkfile_dev(f);
	loff_t at = *pos, end, size = blkfile_size(dev);
	struct direct d;
	ssize_t err = direct_check(dev, from, at);

	if (err < 0 || !iov_left(from))
		return err;
	end = at + (loff_t)min(iov_left(from), (size_t)(size - at));
	if (from->nowait && direct_cache_is_busy(&dev->cache, at, end))
		return -EAGAIN;
	err = direct_cache_out(&dev->cache, at, end, true);
	if (err == 0)
		err = direct_init(&d, dev->disk, (size_t)(end - at), false);
	if (err < 0)
		return err;
	while (at < end && err == 0) {
		ssize_t n = direct_begin(&d, from, (size_t)(end - at));

		if (n < 0) {
			err = n;
			break;
		}
		err = direct_transfer(&d, 0, dev, BLK_WRITE, (lba_t)at >> 9, (size_t)n,
				      f->flags & O_DSYNC);
		thread_current()->io.written += (u64)n;
		direct_end(&d);
		if (err == 0)
			at += n;
		if (thread_fatal_pending())
			break;
	}
	direct_fini(&d);
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
	struct direct d;
	ssize_t n;
	int err = direct_cache_out(&dev->cache, from, to, true);

	if (err == 0)
		err = direct_init(&d, dev->disk, (size_t)(to - from), false);
	if (err < 0)
		return err;
	n = direct_own(&d, (size_t)(to - from));
	if (n < 0)
		err = (int)n;
	else
		memset(page_to_virt(d.page), 0, (size_t)n);
	while (from < to && err == 0) {
		n = min(n, (ssize_t)(to - from));
		err = direct_transfer(&d, 0, dev, BLK_WRITE, (lba_t)from >> 9, (size_t)n, false);
		from += n;
		if (err == 0 && thread_fatal_pending())
			err = -EINTR;
	}
	direct_fini(&d);
	return err;
}
