/*
 * Reading and mapping regular files through the page cache. While bytes are copied to the user a
 * reference to the page is held and no lock, since the buffer may fault on the same page. Before:
 * file_rw.c; behind: vm/pagecache.c and the file system's read.
 */
#include "abi/fcntl.h"
#include "lib/string.h"
#include "vfs/file_int.h"
#include "vm/aspace.h"

/*
 * The page at index, up to date; read-ahead is vm's. NULL: a hole of a file that has nothing but
 * its pages.
 */
static inline int get_page(struct pagecache *cache, pgoff_t index, pgoff_t last, struct page **out)
{
	if (likely(cache->ops->read))
		return pagecache_get(cache, index, last, out);
	*out = pagecache_find(cache, index);
	if (unlikely(!*out && pagecache_was_swapped(cache) && pagecache_exists(cache, index)))
		return pagecache_get(cache, index, index, out);
	return 0;
}

bool cached_page_is_there(struct pagecache *cache, pgoff_t index)
{
	struct page *page = pagecache_find(cache, index);
	bool there = page && READ_ONCE(page->flags) & PG_UPTODATE;

	if (page)
		page_put(page);
	return there;
}

ssize_t cached_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct inode *inode = file->inode;
	struct pagecache *cache = &inode->cache;
	loff_t at = *pos, size = READ_ONCE(inode->size);
	ssize_t err = 0;

	if (unlikely(file->flags & O_DIRECT) && inode_is_direct(inode)) {
		err = direct_read(inode, to, &at);
		size = 0;
	}
	while (iov_left(to) && at < size) {
		size_t offset = (size_t)at & (PAGE_SIZE - 1), n, copied;
		size_t want = min(iov_left(to), (size_t)(size - at));
		struct page *page;

		if (unlikely(to->nowait) &&
		    !cached_page_is_there(cache, (pgoff_t)at >> PAGE_SHIFT)) {
			err = -EAGAIN;
			break;
		}
		err = get_page(cache, (pgoff_t)at >> PAGE_SHIFT,
			       (pgoff_t)(at + (loff_t)want - 1) >> PAGE_SHIFT, &page);
		if (unlikely(err < 0))
			break;
		/* The end may have come nearer while the page was read. */
		size = READ_ONCE(inode->size);
		if (unlikely(at >= size)) {
			if (page)
				page_put(page);
			break;
		}
		n = min(min(iov_left(to), (size_t)(PAGE_SIZE - offset)), (size_t)(size - at));
		if (likely(page)) {
			copied = iov_copy_to(to, (char *)page_to_virt(page) + offset, n);
			page_put(page);
		} else {
			copied = iov_zero(to, n);
		}
		at += (loff_t)copied;
		if (unlikely(copied < n)) {
			err = -EFAULT;
			break;
		}
		sched_point();
	}
	if (!(file->flags & O_NOATIME) && file->path.mount)
		inode_touch_atime(inode, file->path.mount->flags);
	if (at == *pos)
		return err;
	err = at - *pos;
	*pos = at;
	return err;
}

/* Part of a page, or of one of zeros if it is NULL (a hole). */
static ssize_t send_part(struct file *out, struct page *page, u32 offset, u32 n, bool more)
{
	ssize_t sent;

	if (!page)
		page = page_alloc(MM_KERNEL | MM_ZERO);
	if (!page)
		return -ENOMEM;
	sent = out->ops->send_page(out, page, offset, n, more);
	page_put(page);
	return sent;
}

ssize_t cached_send(struct file *file, struct file *out, loff_t *pos, size_t n)
{
	struct inode *inode = file->inode;
	loff_t at = *pos, end = at + (loff_t)n;
	ssize_t sent = 0;

	while (at < end && at < READ_ONCE(inode->size)) {
		loff_t last = min(end, READ_ONCE(inode->size));
		u32 offset = (u32)at & ((u32)PAGE_SIZE - 1);
		u32 part = (u32)min((loff_t)(PAGE_SIZE - offset), last - at);
		struct page *page;

		sent = get_page(&inode->cache, (pgoff_t)at >> PAGE_SHIFT,
				(pgoff_t)(last - 1) >> PAGE_SHIFT, &page);
		if (sent < 0)
			break;
		sent = send_part(out, page, offset, part, at + part < last);
		if (sent <= 0)
			break;
		at += sent;
		if ((u32)sent < part || thread_signal_pending())
			break;
		sched_point();
	}
	if (!(file->flags & O_NOATIME) && file->path.mount)
		inode_touch_atime(inode, file->path.mount->flags);
	if (at == *pos)
		return sent;
	sent = at - *pos;
	*pos = at;
	return sent;
}

static void mapped_get(struct vm_area *area)
{
	file_get(area->source_data);
}

static void mapped_put(struct vm_area *area)
{
	file_put(area->source_data);
}

static void mapped_describe(struct vm_area *area, const struct path *root, char *buf, size_t size,
			    u64 *dev, u64 *ino)
{
	struct file *file = area->source_data;
	char *text;

	*dev = file->inode->sb->dev_id;
	*ino = file->inode->ino;
	if (path_to_string(&file->path, root, buf, size, &text) < 0) {
		if (size)
			buf[0] = 0;
		return;
	}
	memmove(buf, text, strlen(text) + 1);
}

static int mapped_sync(struct vm_area *area, pgoff_t first, pgoff_t last)
{
	struct file *file = area->source_data;

	(void)pagecache_write_range(area->cache, first, last, true);
	return file_data_error(file, area->cache);
}

static const struct area_source file_area = {
	.get = mapped_get,
	.put = mapped_put,
	.sync = mapped_sync,
	.describe = mapped_describe,
};

int cached_mmap(struct file *file, struct map_request *req)
{
	req->cache = &file->inode->cache;
	req->source = &file_area;
	req->source_data = file;
	if (!(file->flags & O_NOATIME) && file->path.mount)
		inode_touch_atime(file->inode, file->path.mount->flags);
	return 0;
}

