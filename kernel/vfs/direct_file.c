/*
 * O_DIRECT on regular files whose file system has direct_ops: bytes go between memory (direct.c)
 * and the blocks where the file has them. What the page cache has of the range is written first,
 * and dropped before it is overwritten.
 *
 * Reads hold inode->lock for reading, so that no block is freed under way; what a mapping stores
 * meanwhile is seen or not. Writes hold it for writing, and, from the moment that the cache is
 * looked at until the new bytes are on the disk, the cache's `invalidate`: no page can be brought
 * in with old bytes, nor an entry made writable. The caller's memory is not touched then, since it
 * may be mapped from this very file.
 *
 * Who does not want to wait (RWF_NOWAIT) gets -EAGAIN where a lock is held, the cache has something
 * to write, or blocks would have to be found; the transfer itself takes what it takes.
 *
 * What cannot go to the disk so (a part of a block that was never written, say) goes through the
 * cache, and is written at once.
 */
#include "abi/stat.h"
#include "lib/string.h"
#include "vfs/direct_int.h"
#include "vfs/file_int.h"

bool inode_is_direct(struct inode *inode)
{
	const struct direct_ops *ops = inode->ops->direct;

	return ops && S_ISREG(inode->mode) && ops->possible(inode);
}

/* Reads n bytes by way of the cache: 0, -EIO, -ENOMEM, -EFAULT; *at moves on. */
static int read_cached(struct inode *inode, struct iov_iter *to, size_t n, loff_t *at)
{
	int err = 0;

	while (n && !err) {
		size_t offset = (size_t)*at & ~PAGE_MASK, part = min(n, (size_t)PAGE_SIZE - offset);
		pgoff_t index = (pgoff_t)*at >> PAGE_SHIFT;
		struct page *page;
		size_t copied;

		err = pagecache_get(&inode->cache, index, index, &page);
		if (err)
			return err;
		copied = iov_copy_to(to, (u8 *)page_to_virt(page) + offset, part);
		page_put(page);
		*at += (loff_t)copied;
		err = copied < part ? -EFAULT : 0;
		n -= part;
	}
	return err;
}

/* Reads the first run of [*at, *at + n), or a part of it: as read_cached(). */
static int read_run(struct inode *inode, struct direct *d, struct iov_iter *to, size_t n,
		    loff_t *at)
{
	struct blkdev *dev = inode->sb->dev;
	struct direct_run run;
	size_t zeroed;
	int err = inode->ops->direct->map(inode, *at,
					  (loff_t)align_up(n, (size_t)dev->disk->sector_size),
					  false, &run);

	if (err)
		return err;
	n = min((size_t)run.n, n);
	if (run.kind == DIRECT_DISK)
		return direct_fetch(d, to, dev, run.lba, n, at);
	if (run.kind == DIRECT_CACHED || READ_ONCE(inode->cache.n_dirty))
		return read_cached(inode, to, n, at);
	zeroed = iov_zero(to, n);
	*at += (loff_t)zeroed;
	return zeroed < n ? -EFAULT : 0;
}

static ssize_t read_locked(struct inode *inode, struct iov_iter *to, loff_t start)
{
	loff_t at = start, end, size = inode->size;
	struct direct d;
	ssize_t err;

	if (at >= size || !iov_left(to))
		return 0;
	err = direct_check(inode->sb->dev, to, at);
	if (err)
		return err;
	end = at + (loff_t)min(iov_left(to), (size_t)(size - at));
	if (to->nowait && direct_cache_is_busy(&inode->cache, at, end))
		return -EAGAIN;
	err = direct_cache_out(&inode->cache, at, end, false);
	if (err == 0)
		err = direct_init(&d, inode->sb->dev->disk, (size_t)(end - at), true);
	if (err < 0)
		return err;
	while (at < end && err == 0 && !thread_fatal_pending())
		err = read_run(inode, &d, to, (size_t)(end - at), &at);
	direct_fini(&d);
	return at > start ? at - start : err;
}

ssize_t direct_read(struct inode *inode, struct iov_iter *to, loff_t *pos)
{
	ssize_t n;

	if (!to->nowait)
		rwsem_read(&inode->lock);
	else if (!rwsem_try_read(&inode->lock))
		return -EAGAIN;
	n = read_locked(inode, to, *pos);
	rwsem_read_end(&inode->lock);
	if (n > 0)
		*pos += n;
	return n;
}

/* Whether all of [at, end) is on the disk, and can be overwritten there. */
static int check_overwrite(struct inode *inode, loff_t at, loff_t end)
{
	struct direct_run run;
	int err = 0;

	/* What is lost by being written to is found out by who may wait. */
	if (end > inode->size || !inode->no_caps || inode->mode & (S_ISUID | S_ISGID) ||
	    direct_cache_is_busy(&inode->cache, at, end))
		return -EAGAIN;
	for (; at < end && err == 0; at += run.n) {
		err = inode->ops->direct->map(inode, at, end - at, false, &run);
		if (err == 0 && run.kind != DIRECT_DISK)
			err = -EAGAIN;
	}
	return err;
}

int direct_write_check(struct inode *inode, const struct iov_iter *from, loff_t at)
{
	int err = direct_check(inode->sb->dev, from, at);

	return err || !from->nowait ? err :
				      check_overwrite(inode, at, at + (loff_t)iov_left(from));
}

/* Bytes of the memory, by way of the cache, onto the disk: how many, or an error. */
static ssize_t write_cached(struct inode *inode, const struct direct *d, size_t offset, loff_t at,
			    size_t n)
{
	struct iov_iter from;
	void *bytes = direct_span(d, offset, &n);
	ssize_t done;
	int err;

	iov_init_kernel(&from, bytes, n);
	done = cached_write_pages(inode, &from, at);
	if (done <= 0)
		return done;
	err = direct_cache_out(&inode->cache, at, at + done, false);
	return err ? err : done;
}

/* The first run of [at, at + n), from `offset` of the memory: bytes, or an error. */
static ssize_t write_run(struct inode *inode, struct direct *d, size_t offset, loff_t at, size_t n)
{
	const struct direct_ops *ops = inode->ops->direct;
	struct direct_run run;
	size_t part = 0;
	int err;

	rwsem_write(&inode->cache.invalidate);
	err = direct_cache_out(&inode->cache, at, at + (loff_t)n, true);
	if (err == 0)
		err = ops->map(inode, at, (loff_t)n, true, &run);
	if (err == 0) {
		part = min((size_t)run.n, n);
		if (run.kind == DIRECT_DISK) {
			err = direct_transfer(d, offset, inode->sb->dev, BLK_WRITE, run.lba, part,
					      false);
			thread_current()->io.written += part;
		}
	}
	if (err == 0 && run.kind == DIRECT_DISK)
		err = ops->written(inode, at, &run, at + (loff_t)part);
	rwsem_write_end(&inode->cache.invalidate);
	if (err)
		return err;
	return run.kind == DIRECT_DISK ? (ssize_t)part : write_cached(inode, d, offset, at, part);
}

ssize_t direct_write(struct inode *inode, struct iov_iter *from, loff_t start)
{
	loff_t at = start;
	struct direct d;
	ssize_t err = direct_init(&d, inode->sb->dev->disk, iov_left(from), false);

	if (err < 0)
		return err;
	while (iov_left(from) && err >= 0 && !thread_fatal_pending()) {
		ssize_t n = direct_begin(&d, from, iov_left(from));

		if (n < 0) {
			err = n;
			break;
		}
		for (size_t done = 0; done < (size_t)n && err >= 0;) {
			err = write_run(inode, &d, done, at, (size_t)n - done);
			done += (size_t)max(err, (ssize_t)0);
			at += max(err, (ssize_t)0);
		}
		direct_end(&d);
	}
	direct_fini(&d);
	return at > start ? at - start : err;
}
