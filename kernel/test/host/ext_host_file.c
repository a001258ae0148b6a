/*
 * test/host/ext_host_file.c - contents of files, links and directories: what vfs and vm do
 * around the driver's operations.
 */
#include "test/host/ext_host_int.h"

#include "core/clock.h"

int host_truncate(struct inode *inode, s64 size)
{
	struct inode_attr attr = { .mask = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = size,
				   .mtime = clock_now(), .ctime = clock_now() };
	int err;

	rwsem_write(&inode->lock);
	err = inode->ops->setattr(inode, &attr);
	rwsem_write_end(&inode->lock);
	return err;
}

/* The bytes between the old end and a write behind it. */
static int zero_tail(struct inode *inode, s64 at)
{
	s64 old = inode->size;
	u64 end =
		(u64)at >> PAGE_SHIFT == (u64)old >> PAGE_SHIFT ? (u64)at & ~PAGE_MASK : PAGE_SIZE;
	struct page *page;
	int err;

	if (at <= old || !(old & (s64)~PAGE_MASK))
		return 0;
	err = pagecache_get_locked(&inode->cache, (u64)old >> PAGE_SHIFT, false, &page);
	if (err)
		return err;
	if (!mem_is_all((u8 *)page_to_virt(page) + ((u64)old & ~PAGE_MASK), 0,
			end - ((u64)old & ~PAGE_MASK))) {
		memset((u8 *)page_to_virt(page) + ((u64)old & ~PAGE_MASK), 0,
		       end - ((u64)old & ~PAGE_MASK));
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
	return 0;
}

static int write_piece(struct inode *inode, const void *buf, size_t n, s64 at)
{
	size_t offset = (u64)at & ~PAGE_MASK;
	bool fresh = ((u64)at & PAGE_MASK) >= (u64)inode->size || n == PAGE_SIZE;
	struct page *page;
	int err = pagecache_get_locked(&inode->cache, (u64)at >> PAGE_SHIFT, fresh, &page);

	if (err)
		return err;
	if (!page_test(page, PG_UPTODATE) && n < PAGE_SIZE) {
		memset(page_to_virt(page), 0, PAGE_SIZE);
		page_set(page, PG_UPTODATE);
	}
	if (inode->cache.ops->make_dirty) {
		memcpy((u8 *)page_to_virt(page) + offset, buf, n);
		page_set(page, PG_UPTODATE);
		page_unlock(page);
		err = inode->cache.ops->make_dirty(&inode->cache, page, (unsigned)offset,
						   (unsigned)(offset + n), at + (s64)n);
		if (!err)
			page_unlock(page);
		page_put(page);
		return err;
	}
	err = inode->cache.ops->prepare_write(&inode->cache, page, (unsigned)offset,
					      (unsigned)(offset + n));
	if (!err) {
		memcpy((u8 *)page_to_virt(page) + offset, buf, n);
		page_set(page, PG_UPTODATE);
		page_dirty(page);
		if (at + (s64)n > inode->size)
			inode->size = at + (s64)n;
	}
	page_unlock(page);
	page_put(page);
	return err;
}

/* One piece by way of the cache: how long, or an error. */
static ssize_t write_cached(struct inode *inode, const void *buf, size_t n, s64 at)
{
	size_t part = min(n, (size_t)(PAGE_SIZE - ((u64)at & ~PAGE_MASK)));
	int err = write_piece(inode, buf, part, at);

	return err ? err : (ssize_t)part;
}

/* One run past it, as vfs/direct_file.c does. */
static ssize_t write_direct(struct inode *inode, const void *buf, size_t n, s64 at)
{
	u64 first = (u64)at >> PAGE_SHIFT, last = ((u64)at + n - 1) >> PAGE_SHIFT;
	struct direct_run run;
	size_t part = 0;
	int err;

	rwsem_write(&inode->cache.invalidate);
	err = pagecache_write_range(&inode->cache, first, last, true);
	pagecache_drop_range(&inode->cache, first, last);
	if (!err)
		err = inode->ops->direct->map(inode, at, (s64)n, true, &run);
	if (!err && run.kind == DIRECT_DISK) {
		part = min(n, (size_t)run.n);
		if (!host_dev_write(inode->sb->dev, buf, (u32)part, run.lba << 9))
			err = -EIO;
		else
			err = inode->ops->direct->written(inode, at, &run, at + (s64)part);
	}
	rwsem_write_end(&inode->cache.invalidate);
	if (err || part)
		return err ? err : (ssize_t)part;
	return write_cached(inode, buf, min(n, (size_t)run.n), at);
}

static ssize_t write_by(struct inode *inode, const void *buf, size_t n, s64 at,
			ssize_t (*write_some)(struct inode *inode, const void *buf, size_t n,
					      s64 at))
{
	size_t done = 0;
	int err;

	rwsem_write(&inode->lock);
	inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	if (inode->ops->fill_gap)
		err = at > inode->size ? inode->ops->fill_gap(inode, at) : 0;
	else
		err = zero_tail(inode, at);
	while (!err && done < n) {
		ssize_t part = write_some(inode, (const u8 *)buf + done, n - done, at + (s64)done);

		err = part < 0 ? (int)part : 0;
		if (!err)
			done += (size_t)part;
	}
	inode_dirty(inode);
	rwsem_write_end(&inode->lock);
	return done ? (ssize_t)done : err;
}

ssize_t host_write(struct inode *inode, const void *buf, size_t n, s64 at)
{
	return write_by(inode, buf, n, at, write_cached);
}

ssize_t host_write_direct(struct inode *inode, const void *buf, size_t n, s64 at)
{
	return write_by(inode, buf, n, at, write_direct);
}

ssize_t host_read(struct inode *inode, void *buf, size_t n, s64 at)
{
	size_t done = 0;

	if (at >= inode->size)
		return 0;
	n = min(n, (size_t)(inode->size - at));
	while (done < n) {
		u64 pos = (u64)at + done;
		size_t part = min(n - done, (size_t)(PAGE_SIZE - (pos & ~PAGE_MASK)));
		struct page *page;
		int err = pagecache_get(&inode->cache, pos >> PAGE_SHIFT,
					((u64)at + n - 1) >> PAGE_SHIFT, &page);

		if (err)
			return done ? (ssize_t)done : err;
		memcpy((u8 *)buf + done, (u8 *)page_to_virt(page) + (pos & ~PAGE_MASK), part);
		page_put(page);
		done += part;
	}
	return (ssize_t)done;
}

ssize_t host_readlink(struct inode *inode, char *buf, size_t size)
{
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	return (ssize_t)strlcpy(buf, inode->link_target, size);
}

struct host_sink {
	struct dir_sink sink;
	unsigned left;
	void (*fn)(const char *name, u64 ino, u8 type, void *arg);
	void *arg;
};

static bool sink_emit(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
		      u64 next)
{
	struct host_sink *s = container_of(sink, struct host_sink, sink);
	char text[256];

	if (s->left == 0)
		return false;
	s->left--;
	memcpy(text, name, length);
	text[length] = '\0';
	s->fn(text, ino, type, s->arg);
	return true;
}

int host_readdir(struct inode *dir, unsigned chunk,
		 void (*fn)(const char *name, u64 ino, u8 type, void *arg), void *arg)
{
	struct file file = { .inode = dir };
	struct host_sink s = { .sink.emit = sink_emit, .fn = fn, .arg = arg };
	int err;

	do {
		s.left = chunk;
		rwsem_read(&dir->lock);
		err = dir->fops->readdir(&file, &s.sink);
		rwsem_read_end(&dir->lock);
	} while (!err && s.left < chunk);
	return err;
}

struct file *host_open(struct inode *inode, u32 flags)
{
	struct file *file = calloc(1, sizeof(*file));

	inode_get(inode);
	file->inode = inode;
	file->flags = flags;
	file->cred = &host_cred;
	if (inode->fops->open && inode->fops->open(file))
		abort();
	return file;
}

void host_close(struct file *file)
{
	if (file->inode->fops->release)
		file->inode->fops->release(file);
	inode_put(file->inode);
	free(file);
}
