/*
 * Regular files of tmpfs and memory files: pages of the page cache that have no disk behind them.
 * What a page holds was charged when it was first written; seals (memfd) forbid changes for good.
 */
#include "abi/fcntl.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/string.h"
#include "vm/aspace.h"

static int tmpfs_prepare_write(struct pagecache *cache, struct page *page, unsigned from,
			       unsigned to)
{
	struct inode *inode = cache->owner;
	int err;

	if (page_test(page, PG_PRIVATE))
		return 0;
	err = tmpfs_charge(inode->sb);
	if (err < 0)
		return err;
	page_set(page, PG_PRIVATE);
	__atomic_fetch_add(&inode->blocks, PAGE_SIZE / 512, __ATOMIC_RELAXED);
	return 0;
}

static void tmpfs_release(struct pagecache *cache, struct page *page)
{
	struct inode *inode = cache->owner;

	page_reset(page, PG_PRIVATE);
	__atomic_fetch_sub(&inode->blocks, PAGE_SIZE / 512, __ATOMIC_RELAXED);
	tmpfs_uncharge(inode->sb);
}

static void tmpfs_release_swapped(struct pagecache *cache)
{
	struct inode *inode = cache->owner;

	__atomic_fetch_sub(&inode->blocks, PAGE_SIZE / 512, __ATOMIC_RELAXED);
	tmpfs_uncharge(inode->sb);
}

const struct pagecache_ops tmpfs_page_ops = {
	.prepare_write = tmpfs_prepare_write,
	.release = tmpfs_release,
	.release_swapped = tmpfs_release_swapped,
};

static ssize_t tmpfs_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct inode *inode = file->inode;
	u32 seals = READ_ONCE(tmpfs_i(inode)->seals);
	loff_t size = READ_ONCE(inode->size);

	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (seals & F_SEAL_GROW) {
		if (*pos >= size || file->flags & O_APPEND || from->append)
			return iov_left(from) ? -EPERM : 0;
		from->left = min(from->left, (size_t)(size - *pos));
	}
	return cached_write(file, from, pos);
}

/* inode->lock held. */
static int tmpfs_setattr(struct inode *inode, const struct inode_attr *attr)
{
	u32 seals = tmpfs_i(inode)->seals;

	if (attr->mask & ATTR_SIZE) {
		if (seals & F_SEAL_SHRINK && attr->size < inode->size)
			return -EPERM;
		if (seals & F_SEAL_GROW && attr->size > inode->size)
			return -EPERM;
	}
	return inode_setattr_simple(inode, attr);
}

static int tmpfs_mmap(struct file *file, struct map_request *req)
{
	u32 seals = READ_ONCE(tmpfs_i(file->inode)->seals);

	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) && req->flags & AREA_SHARED) {
		if (req->flags & AREA_WRITE)
			return -EPERM;
		req->flags &= ~(u32)AREA_MAYWRITE;
	}
	return cached_mmap(file, req);
}

static int tmpfs_fsync(struct file *file, bool data_only)
{
	return 0;
}

/* Zeroes [from, to) of one page if there is one: 0, or why it cannot be had from swap. */
static int zero_part(struct inode *inode, loff_t from, loff_t to)
{
	pgoff_t index = (pgoff_t)from >> PAGE_SHIFT;
	struct page *page;
	int err;

	if (from == to || !pagecache_exists(&inode->cache, index))
		return 0;
	err = pagecache_get_locked(&inode->cache, index, false, &page);
	if (err < 0)
		return err;
	memset((char *)page_to_virt(page) + (from & (loff_t)(PAGE_SIZE - 1)), 0,
	       (size_t)(to - from));
	page_unlock(page);
	page_put(page);
	return 0;
}

static int punch_hole(struct inode *inode, loff_t start, loff_t end)
{
	loff_t first = align_up(start, (loff_t)PAGE_SIZE),
	       last = align_down(end, (loff_t)PAGE_SIZE);
	int err;

	if (first > last) /* within one page */
		return zero_part(inode, start, end);
	err = zero_part(inode, start, first);
	if (err == 0)
		err = zero_part(inode, last, end);
	if (err < 0 || first == last)
		return err;
	rwsem_write(&inode->cache.invalidate);
	pagecache_drop_range(&inode->cache, (pgoff_t)first >> PAGE_SHIFT,
			     ((pgoff_t)last >> PAGE_SHIFT) - 1);
	rwsem_write_end(&inode->cache.invalidate);
	return 0;
}

/* Charges and makes the pages of a range; none when the file system could never hold them all. */
static int fill_range(struct inode *inode, loff_t start, loff_t end)
{
	start = align_down(start, (loff_t)PAGE_SIZE);
	if (!tmpfs_could_hold(inode->sb, (u64)(end - start + PAGE_SIZE - 1) / PAGE_SIZE))
		return -ENOSPC;
	for (loff_t at = start; at < end; at += PAGE_SIZE) {
		struct page *page;
		int err = pagecache_get_locked(&inode->cache, (pgoff_t)at >> PAGE_SHIFT, false,
					       &page);

		if (err < 0)
			return err;
		err = tmpfs_prepare_write(&inode->cache, page, 0, PAGE_SIZE);
		page_unlock(page);
		page_put(page);
		if (err < 0)
			return err;
		if (thread_signal_pending())
			return -EINTR;
	}
	return 0;
}

static int tmpfs_fallocate(struct file *file, u32 mode, loff_t offset, loff_t length)
{
	struct inode *inode = file->inode;
	loff_t end = offset + length;
	u32 seals;
	int err = 0;

	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	rwsem_write(&inode->lock);
	seals = tmpfs_i(inode)->seals;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
			err = -EPERM;
		else
			err = punch_hole(inode, offset, end);
	} else if (seals & F_SEAL_GROW && end > inode->size && !(mode & FALLOC_FL_KEEP_SIZE)) {
		err = -EPERM;
	} else {
		err = fill_range(inode, offset, end);
		if (err < 0 && end > inode->size) { /* what it made behind the end is not kept */
			rwsem_write(&inode->cache.invalidate);
			pagecache_truncate(&inode->cache, (u64)inode->size);
			rwsem_write_end(&inode->cache.invalidate);
		}
		if (err == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->size)
			WRITE_ONCE(inode->size, end);
	}
	if (err == 0)
		err = file_modified(file);
	rwsem_write_end(&inode->lock);
	return err;
}

/* lseek(2) SEEK_DATA and SEEK_HOLE: pages that exist are data. */
static loff_t tmpfs_seek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file->inode;
	loff_t size = READ_ONCE(inode->size);
	bool want = whence == SEEK_DATA;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return cached_seek(file, offset, whence);
	if (offset < 0 || offset >= size)
		return -ENXIO;
	while (offset < size) {
		if (pagecache_exists(&inode->cache, (pgoff_t)offset >> PAGE_SHIFT) == want)
			break;
		offset = align_down(offset, (loff_t)PAGE_SIZE) + (loff_t)PAGE_SIZE;
	}
	if (offset >= size) {
		if (want)
			return -ENXIO;
		offset = size;
	}
	return file->pos = offset;
}

const struct inode_ops tmpfs_file_inode_ops = {
	.flags_shown = TMPFS_FL_SETTABLE,
	.set_flags = tmpfs_set_flags,
	.setattr = tmpfs_setattr,
	.set_acl = tmpfs_set_acl,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};

const struct file_ops tmpfs_file_ops = {
	.read = cached_read,
	.write = cached_write,
	.seek = tmpfs_seek,
	.mmap = cached_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

/* Memory files look at their seals first. */
const struct file_ops tmpfs_memfd_ops = {
	.read = cached_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

const struct file_ops tmpfs_dir_file_ops = {
	.seek = cached_seek,
	.readdir = tmpfs_readdir,
	.fsync = tmpfs_fsync,
};
