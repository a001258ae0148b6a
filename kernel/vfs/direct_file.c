/*
 * O_DIRECT on regular files whose file system has direct_ops: bytes go between a buffer (direct.c)
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

/* Reads n bytes at `at` by way of the cache. */
static int read_cached(struct inode *inode, u8 *to, loff_t at, size_t n)
{
	while (n) {
		size_t offset = (size_t)at & ~PAGE_MASK, part = min(n, (size_t)PAGE_SIZE - offset);
		pgoff_t index = (pgoff_t)at >> PAGE_SHIFT;
		struct page *page;
		int err = pagecache_get(&inode->cache, index, index, &page);

		if (err)
			return err;
		memcpy(to, (u8 *)page_to_virt(page) + offset, part);
		page_put(page);
		to += part;
		at += (loff_t)part;
		n -= part;
	}
	return 0;
}

/* Reads [at, at + n), n in whole sectors, within the file but for the rest of its last sector. */
static int read_chunk(struct inode *inode, struct bounce *b, loff_t at, size_t n)
{
	for (size_t done = 0; done < n;) {
		loff_t here = at + (loff_t)done;
		struct direct_run run;
		size_t part;
		int err = inode->ops->direct->map(inode, here, (loff_t)(n - done), false, &run);

		if (err)
			return err;
		part = min((size_t)run.n, n - done);
		if (run.kind == DIRECT_DISK)
			err = bounce_transfer(b, done, inode->sb->dev, BLK_READ, run.lba, part,
					      false);
		else if (run.kind == DIRECT_CACHED || READ_ONCE(inode->cache.n_dirty))
			err = read_cached(inode, bounce_at(b, done), here, part);
		else
			memset(bounce_at(b, done), 0, part);
		if (err)
			return err;
		done += part;
	}
	return 0;
}

static ssize_t read_locked(struct inode *inode, struct iov_iter *to, loff_t start)
{
	loff_t at = start, end, size = inode->size;
	u32 sector = inode->sb->dev->disk->sector_size;
	struct bounce b;
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
		err = bounce_init(&b, inode->sb->dev->disk, (size_t)(end - at));
	if (err < 0)
		return err;
	while (at < end && err == 0 && !thread_fatal_pending()) {
		size_t n = min((size_t)(end - at), bounce_bytes(&b)), copied = 0;

		err = read_chunk(inode, &b, at, align_up(n, (size_t)sector));
		if (err == 0)
			copied = iov_copy_to(to, bounce_at(&b, 0), n);
		at += (loff_t)copied;
		if (err == 0 && copied < n)
			err = -EFAULT;
	}
	bounce_fini(&b);
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

/* Bytes that are in memory, by way of the cache, onto the disk: how many, or an error. */
static ssize_t write_cached(struct inode *inode, void *bytes, loff_t at, size_t n)
{
	struct iov_iter from;
	ssize_t done;
	int err;

	iov_init_kernel(&from, bytes, n);
	done = cached_write_pages(inode, &from, at);
	if (done <= 0)
		return done;
	err = direct_cache_out(&inode->cache, at, at + done, false);
	return err ? err : done;
}

/* The first run of [at, at + n), from `offset` of the buffer: bytes, or an error. */
static ssize_t write_run(struct inode *inode, struct bounce *b, size_t offset, loff_t at, size_t n)
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
		if (run.kind == DIRECT_DISK)
			err = bounce_transfer(b, offset, inode->sb->dev, BLK_WRITE, run.lba, part,
					      false);
	}
	if (err == 0 && run.kind == DIRECT_DISK)
		err = ops->written(inode, at, &run, at + (loff_t)part);
	rwsem_write_end(&inode->cache.invalidate);
	if (err)
		return err;
	return run.kind == DIRECT_DISK ? (ssize_t)part :
					 write_cached(inode, bounce_at(b, offset), at, part);
}

ssize_t direct_write(struct inode *inode, struct iov_iter *from, loff_t start)
{
	loff_t at = start;
	struct bounce b;
	ssize_t err = bounce_init(&b, inode->sb->dev->disk, iov_left(from));

	if (err < 0)
		return err;
	while (iov_left(from) && err >= 0 && !thread_fatal_pending()) {
		size_t n = min(iov_left(from), bounce_bytes(&b));

		if (iov_copy_from(from, bounce_at(&b, 0), n) < n) {
			err = -EFAULT;
			break;
		}
		for (size_t done = 0; done < n && err >= 0;) {
			err = write_run(inode, &b, done, at, n - done);
			done += (size_t)max(err, (ssize_t)0);
			at += max(err, (ssize_t)0);
		}
	}
	bounce_fini(&b);
	return at > start ? at - start : err;
}
