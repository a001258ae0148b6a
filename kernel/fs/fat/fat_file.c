/*
 * fs/fat/fat_file.c - open files, and changing a file's size.
 *
 * A file has no holes, so what lies between the end and bytes written behind it gets clusters, and
 * zeroes that are written to them at once; the page that holds the old end gets its zeroes in the
 * cache. Shrinking takes the pages out of the cache, then frees the clusters: nobody can be
 * writing to one by the time that it may belong to another file.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"

#define ZERO_CHUNK	(1u << 20)	/* bytes of zeroes at a time */

int fat_zero_sectors(struct fat_fs *fs, u64 lba, u64 n)
{
	struct page *zero = page_alloc(MM_WAIT | MM_NOFS | MM_ZERO);
	int err = zero ? 0 : -ENOMEM;

	while (!err && n) {
		struct blk_request *req = blk_request_alloc(BLK_RESERVE_PIECES);

		req->dev = fs->dev;
		req->op = BLK_WRITE;
		req->lba = lba;
		while (n && req->n_pieces < BLK_RESERVE_PIECES) {
			u32 part = (u32)min(n, (u64)PAGE_SIZE / 512);

			req->pieces[req->n_pieces++] = (struct dma_piece){ zero, 0, part << 9 };
			req->n_sectors += part;
			n -= part;
		}
		lba += req->n_sectors;
		err = blk_submit_wait(req);
		blk_request_free(req);
	}
	if (zero)
		page_put(zero);
	return err;
}

/* Zeroes on the disk from byte `from`, a page's first one, up to the end of the sector of `to`. */
static int zero_disk(struct inode *inode, u64 from, u64 to)
{
	struct fat_fs *fs = fat_fs_of(inode);
	const struct fat_geo *geo = &fs->geo;
	u64 end = (to + geo->sector_size - 1) & ~(u64)(geo->sector_size - 1);

	while (from < end) {
		u32 logical = (u32)(from >> geo->cluster_bits);
		u64 within = from & (geo->cluster_size - 1), n;
		struct fat_run run;
		int err = fat_map(inode, logical, fat_clusters_for(fs, end - from) + 1, &run);

		if (err)
			return err;
		n = min(min(((u64)run.count << geo->cluster_bits) - within, end - from),
			(u64)ZERO_CHUNK);
		err = fat_zero_sectors(fs, (fat_cluster_sector(geo, run.cluster) <<
					    (geo->sector_bits - 9)) + (within >> 9), n >> 9);
		if (err)
			return err;
		from += n;
		WRITE_ONCE(inode->size, (s64)min(from, to));
		if (thread_fatal_pending())
			return -ERESTARTSYS;
		sched_point();
	}
	return 0;
}

/* The page that holds the end of file: zeroes up to its end, or to `to`. */
static int zero_tail(struct inode *inode, s64 to)
{
	s64 old = inode->size, end = (s64)(((u64)old & PAGE_MASK) + PAGE_SIZE);
	size_t offset = (u64)old & ~PAGE_MASK;
	struct page *page;
	int err;

	if (!offset)
		return 0;
	err = pagecache_get_locked(&inode->cache, (pgoff_t)old >> PAGE_SHIFT, false, &page);
	if (err)
		return err;
	memset((u8 *)page_to_virt(page) + offset, 0, PAGE_SIZE - offset);
	WRITE_ONCE(inode->size, min(to, end));
	page_dirty(page);
	page_unlock(page);
	page_put(page);
	return 0;
}

int fat_fill_gap(struct inode *inode, s64 to)
{
	s64 old = inode->size, next = (s64)(((u64)old + PAGE_SIZE - 1) & PAGE_MASK);
	int err;

	if ((u64)to > inode->sb->max_file_size)
		return -EFBIG;
	err = fat_map_extend(inode, fat_clusters_for(fat_fs_of(inode), (u64)to));
	if (!err)
		err = zero_tail(inode, to);
	if (!err && to > next)
		err = zero_disk(inode, (u64)next, (u64)to);
	if (!err)
		WRITE_ONCE(inode->size, to);
	else
		fat_map_trim(inode);
	inode_dirty(inode);
	return err;
}

int fat_resize(struct inode *inode, s64 size)
{
	if (!fat_writable(inode))
		return -EROFS;
	if (size > inode->size)
		return fat_fill_gap(inode, size);
	rwsem_write(&inode->cache.invalidate);
	WRITE_ONCE(inode->size, size);
	pagecache_truncate(&inode->cache, (u64)size);
	rwsem_write_end(&inode->cache.invalidate);
	return fat_map_truncate(inode, fat_clusters_for(fat_fs_of(inode), (u64)size));
}

/* fsync(2): the file, its entry, and the FAT; vfs flushes the device after its part. */
static int fat_fsync(struct file *file, bool data_only)
{
	int err = cached_fsync(file, data_only), err2 = 0;

	/* The entry's block and the FAT are left to an earlier write-back. */
	if (fat_writable(file->inode))
		err2 = file_sync_meta(file);
	return err ? err : err2;
}

/* Makes the file longer, with zeroes: there is nowhere to keep clusters beyond its end. */
static int fat_fallocate(struct file *file, u32 mode, loff_t offset, loff_t length)
{
	struct inode *inode = file->inode;
	int err = 0;

	if (mode)
		return -EOPNOTSUPP;
	rwsem_write(&inode->lock);
	if (offset + length > inode->size) {
		err = fat_fill_gap(inode, offset + length);
		if (!err)
			inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	}
	rwsem_write_end(&inode->lock);
	return err;
}

/* With the mount option flush, what was written goes to the disk when the file is closed. */
static void fat_release(struct file *file)
{
	if ((file->flags & O_ACCMODE) == O_RDONLY || !fat_fs_of(file->inode)->opt.flush)
		return;
	(void)pagecache_write_range(&file->inode->cache, 0, ~0ull, false);
}

/* Any position in a directory may come back. */
static loff_t fat_dir_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, file->inode->size + FAT_DIR_FIRST);
}

const struct file_ops fat_file_ops = {
	.release = fat_release,
	.read = cached_read,
	.write = cached_write,
	.seek = cached_seek,
	.ioctl = fat_ioctl,
	.mmap = cached_mmap,
	.fsync = fat_fsync,
	.fallocate = fat_fallocate,
};

const struct file_ops fat_dir_ops = {
	.seek = fat_dir_seek,
	.readdir = fat_readdir,
	.ioctl = fat_dir_ioctl,
	.fsync = fat_fsync,
};
