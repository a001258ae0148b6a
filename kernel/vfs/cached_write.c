/*
 * Writing regular files through the page cache. The inode's lock is held for the whole call; each
 * page is locked to be found and to reserve its blocks, unlocked while bytes are copied from the
 * user (the buffer may fault on this very page, or on one whose lock another writer holds), and
 * locked again to be marked dirty: only then may the end of file move over the new bytes.
 */
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/file_int.h"
#include "vfs/filecap.h"

/*
 * Makes room for [offset, offset + n) of a locked page, then unlocks it. On failure the page is
 * put.
 */
static int page_reserve(struct pagecache *cache, struct page *page, size_t offset, size_t n)
{
	int err = 0;

	if (cache->ops && cache->ops->prepare_write)
		err = cache->ops->prepare_write(cache, page, (unsigned)offset,
						(unsigned)(offset + n));
	page_unlock(page);
	if (err < 0)
		page_put(page);
	return err;
}

/* `n` new bytes are in the page at file position `at`. Puts the page. 0, -ENOSPC, -EIO … */
static int page_commit(struct inode *inode, struct page *page, loff_t at, size_t n)
{
	const struct pagecache_ops *ops = inode->cache.ops;
	unsigned offset = (unsigned)at & (PAGE_SIZE - 1);
	int err = 0;

	if (ops && ops->make_dirty) {
		err = ops->make_dirty(&inode->cache, page, offset, offset + (unsigned)n,
				      at + (loff_t)n);
	} else {
		page_lock(page);
		page_dirty(page);
		if (at + (loff_t)n > inode->size)
			WRITE_ONCE(inode->size, at + (loff_t)n);
	}
	if (!err)
		page_unlock(page);
	page_put(page);
	return err;
}

/*
 * A page of which the caller will write [offset, offset + n): locked, up to date. Behind the end of
 * file nothing needs to be read.
 */
static int page_for_write(struct inode *inode, pgoff_t index, struct page **out)
{
	bool fresh = (loff_t)(index << PAGE_SHIFT) >= inode->size;
	int err = pagecache_get_locked(&inode->cache, index, fresh, out);

	if (err < 0 || page_test(*out, PG_UPTODATE))
		return err;
	page_clear(page_to_virt(*out));
	page_set(*out, PG_UPTODATE);
	return 0;
}

/*
 * A page that is not in memory and is overwritten whole: its old contents need not be read, but it
 * cannot be up to date before the new ones are there. So these are fetched into `bounce` first.
 * Bytes written, or an error.
 */
static ssize_t write_whole(struct inode *inode, struct iov_iter *from, loff_t at, void *bounce)
{
	size_t copied = iov_copy_from(from, bounce, PAGE_SIZE);
	struct page *page;
	int err;

	if (!copied)
		return -EFAULT;
	err = pagecache_get_locked(&inode->cache, (pgoff_t)at >> PAGE_SHIFT, copied == PAGE_SIZE,
				   &page);
	if (err < 0)
		return err;
	/*
	 * Contents change under the lock here: no reader sees a mixture before the page is up to
	 * date.
	 */
	if (inode->cache.ops && inode->cache.ops->prepare_write)
		err = inode->cache.ops->prepare_write(&inode->cache, page, 0, (unsigned)copied);
	if (!err) {
		memcpy(page_to_virt(page), bounce, copied);
		page_set(page, PG_UPTODATE);
		if (inode->cache.ops && inode->cache.ops->prepare_write)
			page_dirty(page); /* lest it be unlocked and clean, with a new block */
	}
	page_unlock(page);
	if (!err)
		err = page_commit(inode, page, at, copied);
	else
		page_put(page);
	return err < 0 ? err : (ssize_t)copied;
}

/* Whether the page holding `at` would have to be read only to be overwritten. */
static bool is_absent_whole(struct inode *inode, loff_t at, size_t n)
{
	struct page *page;

	if (n != PAGE_SIZE || at >= inode->size)
		return false;
	page = pagecache_find(&inode->cache, (pgoff_t)at >> PAGE_SHIFT);
	if (!page)
		return inode->cache.ops && inode->cache.ops->read;
	page_put(page);
	return false;
}

static ssize_t write_piece(struct inode *inode, struct iov_iter *from, loff_t at, size_t n)
{
	size_t offset = (size_t)at & (PAGE_SIZE - 1), copied;
	struct page *page;
	int err;

	err = page_for_write(inode, (pgoff_t)at >> PAGE_SHIFT, &page);
	if (err == 0)
		err = page_reserve(&inode->cache, page, offset, n);
	if (unlikely(err < 0))
		return err;
	copied = iov_copy_from(from, (char *)page_to_virt(page) + offset, n);
	if (unlikely(!copied)) {
		page_put(page);
		return -EFAULT;
	}
	err = page_commit(inode, page, at, copied);
	return err ? err : (ssize_t)copied;
}

ssize_t cached_write_pages(struct inode *inode, struct iov_iter *from, loff_t at)
{
	loff_t start = at;
	void *bounce = NULL;
	ssize_t done = 0;

	WRITE_ONCE(inode->cache.write_end, (u64)at + iov_left(from));
	while (iov_left(from)) {
		size_t n =
			min((size_t)(PAGE_SIZE - ((size_t)at & (PAGE_SIZE - 1))), iov_left(from));

		if (unlikely(is_absent_whole(inode, at, n)) &&
		    (bounce || (bounce = kmalloc(PAGE_SIZE, MM_KERNEL))))
			done = write_whole(inode, from, at, bounce);
		else
			done = write_piece(inode, from, at, n);
		if (done < 0)
			break;
		at += done;
		if ((size_t)done < n) {
			done = -EFAULT;
			break;
		}
		if (thread_fatal_pending()) {
			done = -ERESTARTSYS;
			break;
		}
		sched_point();
	}
	store_release(&inode->cache.write_end, 0ul);
	kfree(bounce);
	return at > start ? at - start : done;
}

int cached_zero_tail(struct inode *inode, s64 old_size, s64 pos)
{
	size_t offset = (size_t)old_size & (PAGE_SIZE - 1), end = PAGE_SIZE;
	struct page *page;
	int err;

	if (!offset)
		return 0;
	if (pos >> PAGE_SHIFT == old_size >> PAGE_SHIFT)
		end = (size_t)pos & (PAGE_SIZE - 1);
	if (end <= offset)
		return 0;
	err = pagecache_get_locked(&inode->cache, (pgoff_t)old_size >> PAGE_SHIFT, false, &page);
	if (err < 0)
		return err;
	/* A hole reads as zeros already: only a page with something in it is touched. */
	if (!mem_is_all((char *)page_to_virt(page) + offset, 0, end - offset)) {
		memset((char *)page_to_virt(page) + offset, 0, end - offset);
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
	return 0;
}

int file_modified(struct file *file)
{
	struct inode *inode = file->inode;
	u32 mode = inode->mode;

	if (unlikely(!inode->no_caps)) {
		int err = inode_caps_drop(inode);

		if (err < 0)
			return err;
	}
	if (unlikely(mode & (S_ISUID | S_ISGID)) && !cred_capable(cred_caller(), CAP_FSETID)) {
		mode = inode_mode_without_suid(inode, cred_caller());
		if (mode != inode->mode) {
			struct inode_attr attr = { .mask = ATTR_MODE, .mode = mode };
			int err = inode_setattr(inode, &attr);

			if (err < 0)
				return err;
		}
	}
	inode_touch_written(inode);
	return 0;
}

/* Shortens the iterator to the limits of process and file system: 0, -EFSIZELIMIT, -EFBIG. */
static int write_limit(const struct inode *inode, struct iov_iter *from, loff_t at, u64 fsize_limit)
{
	u64 limit = min(fsize_limit, inode->sb->max_file_size);

	if ((u64)at >= limit)
		return (u64)at >= fsize_limit ? -EFSIZELIMIT : -EFBIG;
	from->left = min(from->left, (size_t)(limit - (u64)at));
	return 0;
}

/* The bytes from..to are on the disk: 0 or a write error. */
static int write_range(struct file *file, loff_t from, loff_t to)
{
	struct pagecache *cache = &file->inode->cache;

	(void)pagecache_write_range(cache, (pgoff_t)from >> PAGE_SHIFT, (pgoff_t)to >> PAGE_SHIFT,
				    true);
	return file_data_error(file, cache);
}

/* The way in for a writer, with inode->lock: 0, -EAGAIN (he does not wait), -ERESTARTSYS. */
static int write_enter(struct inode *inode, bool nowait)
{
	struct gate *gate = inode->sb->gate;
	int err;

	if (unlikely(nowait)) {
		if (!gate_try_enter(gate, GATE_CALL))
			return -EAGAIN;
		if (rwsem_try_write(&inode->lock))
			return 0;
		gate_leave(gate, GATE_CALL);
		return -EAGAIN;
	}
	err = gate_enter(gate, GATE_CALL);
	if (likely(err == 0))
		rwsem_write(&inode->lock);
	return err;
}

ssize_t cached_write_limited(struct file *file, struct iov_iter *from, loff_t *pos, u64 fsize_limit)
{
	struct inode *inode = file->inode;
	bool direct = unlikely(file->flags & O_DIRECT) && inode_is_direct(inode), stable;
	loff_t at, old_size;
	ssize_t n;

	if (!iov_left(from))
		return 0;
	if (unlikely(from->nowait && !direct))
		return -EOPNOTSUPP; /* as Linux has it */
	n = write_enter(inode, from->nowait);
	if (unlikely(n < 0))
		return n;
	old_size = inode->size;
	at = file->flags & O_APPEND || from->append ? old_size : *pos;
	n = write_limit(inode, from, at, fsize_limit);
	if (n == 0 && direct)
		n = direct_write_check(inode, from, at);
	if (n == 0)
		n = file_modified(file);
	if (n == 0 && at > old_size)
		n = inode->ops->fill_gap ? inode->ops->fill_gap(inode, at)
					 : cached_zero_tail(inode, old_size, at);
	if (n == 0)
		n = direct ? direct_write(inode, from, at) : cached_write_pages(inode, from, at);
	if (inode->size != old_size)
		inode_dirty(inode);
	rwsem_write_end(&inode->lock);
	gate_leave(inode->sb->gate, GATE_CALL);
	if (n <= 0)
		return n;
	*pos = at + n;
	stable = file_is_synchronous(file);
	if (unlikely(stable || file->flags & O_DIRECT)) {
		int err = stable ? file_sync_written(file) : write_range(file, at, at + n - 1);

		return err < 0 ? err : n;
	}
	if (!(inode->cache.flags & PAGECACHE_NO_RECLAIM))
		writeback_throttle(&inode->cache);
	return n;
}

ssize_t cached_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return cached_write_limited(file, from, pos, ~0ull);
}
