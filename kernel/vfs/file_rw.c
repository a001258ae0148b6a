/*
 * Reading, writing and seeking on open files: access modes, position, limits; what moves the bytes
 * are the file's operations, mostly cached_read.c and cached_write.c.
 */
#include "abi/limits.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "vfs/file_int.h"
#include "vfs/notify.h"

/* Only a file that somebody else may be using as well needs its position locked. */
static inline bool pos_begin(struct file *f)
{
	bool shared = ref_read(&f->refs) > 1;

	if (shared)
		mutex_lock(&f->pos_lock);
	return shared;
}

static inline void pos_end(struct file *f, bool shared)
{
	if (shared)
		mutex_unlock(&f->pos_lock);
}

static inline ssize_t call_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	if (likely(f->ops->read == cached_read))
		return cached_read(f, to, pos);
	return f->ops->read(f, to, pos);
}

static ssize_t read_at(struct file *f, struct iov_iter *to, loff_t *pos)
{
	loff_t at = 0;
	ssize_t n;
	bool shared;

	if (unlikely(!f->can_read))
		return -EBADF;
	if (unlikely(!f->ops->read))
		return S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
	if (unlikely(to->left > MAX_RW_COUNT))
		to->left = MAX_RW_COUNT;
	if (pos)
		return *pos < 0 ? -EINVAL : call_read(f, to, pos);
	if (!f->seekable)
		return f->ops->read(f, to, &at);
	shared = pos_begin(f);
	at = f->pos;
	n = call_read(f, to, &at);
	if (n >= 0)
		f->pos = at;
	pos_end(f, shared);
	return n;
}

ssize_t file_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	ssize_t n = read_at(f, to, pos);

	if (n > 0)
		notify_file(f, IN_ACCESS);
	return n;
}

/* A write at a known position, shortened to the limit. */
static ssize_t call_write(struct file *f, struct iov_iter *from, loff_t *pos, u64 fsize_limit)
{
	if (likely(f->ops->write == cached_write))
		return cached_write_limited(f, from, pos, fsize_limit);
	if (fsize_limit != ~0ull && S_ISREG(f->inode->mode)) {
		if (from->left && (u64)*pos >= fsize_limit)
			return -EFSIZELIMIT;
		from->left = min(from->left, (size_t)(fsize_limit - (u64)*pos));
	}
	return f->ops->write(f, from, pos);
}

static ssize_t write_at(struct file *f, struct iov_iter *from, loff_t *pos, u64 fsize_limit)
{
	loff_t at = 0;
	ssize_t n;
	bool shared;

	if (unlikely(!f->can_write))
		return -EBADF;
	if (unlikely(!f->ops->write))
		return -EINVAL;
	if (unlikely(from->left > MAX_RW_COUNT))
		from->left = MAX_RW_COUNT;
	if (pos)
		return *pos < 0 ? -EINVAL : call_write(f, from, pos, fsize_limit);
	if (!f->seekable)
		return f->ops->write(f, from, &at);
	shared = pos_begin(f);
	at = f->pos;
	n = call_write(f, from, &at, fsize_limit);
	if (n >= 0)
		f->pos = at;
	pos_end(f, shared);
	return n;
}

ssize_t file_write(struct file *f, struct iov_iter *from, loff_t *pos, u64 fsize_limit)
{
	ssize_t n = write_at(f, from, pos, fsize_limit);

	if (n > 0)
		notify_file(f, IN_MODIFY);
	return n;
}

ssize_t file_send(struct file *in, struct file *out, loff_t *pos, size_t n)
{
	loff_t at;
	bool shared;
	ssize_t sent;

	if (in->ops->read != cached_read || !out->ops->send_page)
		return -EOPNOTSUPP;
	if (pos)
		return cached_send(in, out, pos, n);
	shared = pos_begin(in);
	at = in->pos;
	sent = cached_send(in, out, &at, n);
	in->pos = at;
	pos_end(in, shared);
	return sent;
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, loff_t pos)
{
	struct iov_iter to;
	size_t done = 0;

	while (done < n) {
		ssize_t got;

		iov_init_kernel(&to, (char *)buf + done, n - done);
		got = file_read(f, &to, &pos);
		if (got < 0)
			return done ? (ssize_t)done : got;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

loff_t file_seek(struct file *f, loff_t offset, int whence)
{
	loff_t pos;
	bool shared;

	if (!f->ops->seek)
		return -ESPIPE;
	if ((unsigned)whence > SEEK_MAX)
		return -EINVAL;
	shared = pos_begin(f);
	pos = f->ops->seek(f, offset, whence);
	pos_end(f, shared);
	return pos;
}

loff_t file_seek_to(struct file *file, loff_t offset, int whence, loff_t end)
{
	loff_t base = whence == SEEK_CUR ? file->pos : whence == SEEK_END ? end : 0;

	if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) || base < 0 ||
	    add_overflow(base, offset, &offset) || offset < 0)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

loff_t cached_seek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file->inode;
	loff_t size = READ_ONCE(inode->size), base = 0;

	switch (whence) {
	case SEEK_CUR:
		base = file->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA: /* lseek(2): a file system that knows no holes has data up to the end */
	case SEEK_HOLE:
		if (offset < 0 || offset >= size)
			return -ENXIO;
		if (whence == SEEK_HOLE)
			offset = size;
		break;
	default:
		break;
	}
	if (add_overflow(base, offset, &offset))
		return -EOVERFLOW;
	if (offset < 0 || (u64)offset > inode->sb->max_file_size)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

u32 file_poll(struct file *f, struct poll_table *table)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, table);
}

ssize_t simple_read_buffer(struct iov_iter *to, loff_t *pos, const void *buf, size_t size)
{
	size_t n, copied;

	if (*pos < 0)
		return -EINVAL;
	if ((u64)*pos >= size || !iov_left(to))
		return 0;
	n = min(size - (size_t)*pos, iov_left(to));
	copied = iov_copy_to(to, (const char *)buf + *pos, n);
	if (!copied)
		return -EFAULT;
	*pos += (loff_t)copied;
	return (ssize_t)copied;
}
