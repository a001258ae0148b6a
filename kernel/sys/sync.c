/*
 * To the disk and hints about it: fsync(2), sync(2), sync_file_range(2), posix_fadvise(2),
 * readahead(2).
 */
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "sys/sys_int.h"

static long sync_fd(int fd, bool data_only)
{
	struct fd_ref r = fd_arg_io(fd);
	long error;

	if (!r.file)
		return -EBADF;
	error = file_sync(r.file, data_only);
	fd_end(r);
	return error;
}

long sys_fsync(int fd)
{
	return sync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
	return sync_fd(fd, true);
}

long sys_sync(void)
{
	vfs_sync_all();
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd_ref r = fd_arg_io(fd);
	long error, earlier;

	if (!r.file)
		return -EBADF;
	error = vfs_sync_super(r.file->inode->sb);
	earlier = file_super_error(r.file);
	fd_end(r);
	return error ? error : earlier;
}

#define SYNC_RANGE_WAIT_BEFORE 1
#define SYNC_RANGE_WRITE       2
#define SYNC_RANGE_WAIT_AFTER  4

static long sync_range(struct file *file, u64 first, u64 last, bool wait)
{
	struct pagecache *cache = &file->inode->cache;

	pagecache_write_range(cache, first, last, wait);
	return wait ? file_data_error(file, cache) : 0;
}

long sys_sync_file_range(int fd, loff_t offset, loff_t nbytes, unsigned flags)
{
	struct fd_ref r;
	long error = 0;
	u64 last;

	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	last = nbytes ? (u64)(offset + nbytes - 1) >> PAGE_SHIFT : ~0ull;
	if (offset < 0 || nbytes < 0 || (loff_t)((u64)offset + (u64)nbytes) < 0 || (flags & ~7u))
		error = -EINVAL;
	else if (!S_ISREG(r.file->inode->mode) && !S_ISBLK(r.file->inode->mode))
		error = S_ISDIR(r.file->inode->mode) ? 0 : -ESPIPE;
	else if (flags)
		error = sync_range(r.file, (u64)offset >> PAGE_SHIFT, last,
				   flags & (SYNC_RANGE_WAIT_BEFORE | SYNC_RANGE_WAIT_AFTER));
	fd_end(r);
	return error;
}

#define FADV_NORMAL     0
#define FADV_RANDOM     1
#define FADV_SEQUENTIAL 2
#define FADV_WILLNEED   3
#define FADV_DONTNEED   4
#define FADV_NOREUSE    5

static long advise(struct file *file, u64 first, u64 last, int advice)
{
	struct pagecache *cache = &file->inode->cache;

	switch (advice) {
	case FADV_NORMAL:
	case FADV_RANDOM:
	case FADV_SEQUENTIAL:
	case FADV_NOREUSE:
		return 0; /* the window finds out by itself how the file is read */
	case FADV_WILLNEED:
		pagecache_readahead(cache, first, last);
		return 0;
	case FADV_DONTNEED:
		pagecache_write_range(cache, first, last, false);
		pagecache_shrink(cache);
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_fadvise64(int fd, loff_t offset, size_t len, int advice)
{
	struct fd_ref r = fd_arg_io(fd);
	long error;

	if (!r.file)
		return -EBADF;
	if (S_ISFIFO(r.file->inode->mode))
		error = -ESPIPE;
	else if ((loff_t)len < 0 || advice < FADV_NORMAL || advice > FADV_NOREUSE)
		error = -EINVAL;
	else
		error = advise(r.file, (u64)offset >> PAGE_SHIFT,
			       len ? ((u64)offset + len - 1) >> PAGE_SHIFT : ~0ull, advice);
	fd_end(r);
	return error;
}

long sys_readahead(int fd, loff_t offset, size_t count)
{
	struct fd_ref r = fd_arg_io(fd);
	long error = 0;

	if (!r.file)
		return -EBADF;
	if (!r.file->can_read)
		error = -EBADF;
	else if (!S_ISREG(r.file->inode->mode) && !S_ISBLK(r.file->inode->mode))
		error = -EINVAL;
	else if (count)
		pagecache_readahead(&r.file->inode->cache, (u64)offset >> PAGE_SHIFT,
				    ((u64)offset + count - 1) >> PAGE_SHIFT);
	fd_end(r);
	return error;
}
