/*
 * Copies between descriptors inside the kernel: sendfile(2) and copy_file_range(2), through a
 * bounce page.
 */
#include "abi/ioctl.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

#define BOUNCE_SIZE (64 * 1024)

/* Moves up to `count` bytes; *in_pos and *out_pos advance (NULL: the file's own position). Bytes,
 * or -errno if none moved. */
static ssize_t copy_bytes(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			  size_t count)
{
	size_t size = min(count, (size_t)BOUNCE_SIZE), done = 0;
	char *bounce = kmalloc(max(size, (size_t)1), MM_KERNEL);
	ssize_t n = 0;

	if (!bounce)
		return -ENOMEM;
	while (done < count) {
		struct iov_iter it;
		ssize_t written;
		size_t chunk = min(size, count - done);
		loff_t start = in_pos ? *in_pos : 0;

		iov_init_kernel(&it, bounce, chunk);
		n = file_read(in, &it, in_pos);
		if (n <= 0)
			break;
		iov_init_kernel(&it, bounce, (size_t)n);
		written = file_write(out, &it, out_pos, rlimit_current(RLIMIT_FSIZE));
		if (written != n) { /* what was read too much is unread */
			loff_t back = written > 0 ? n - written : n;

			if (in_pos)
				*in_pos = start + n - back;
			else
				file_seek(in, -back, SEEK_CUR);
			if (written > 0)
				done += (size_t)written;
			n = written;
			break;
		}
		done += (size_t)n;
		if (thread_signal_pending())
			break;
	}
	kfree(bounce);
	return done ? (ssize_t)done : n;
}

/* Such a copy counts as a read and a write. */
static void copy_count(ssize_t n)
{
	read_count(n);
	write_count(n);
}

static void ends_put(struct fd_ref in, struct fd_ref out)
{
	if (in.file)
		fd_end(in);
	if (out.file)
		fd_end(out);
}

/* Whether `n` bytes from `pos` on can be counted; `n` is shortened to what one call moves. */
static int range_check(loff_t pos, size_t *n)
{
	if ((ssize_t)*n < 0 || pos < 0 || (loff_t)((u64)pos + *n) < 0)
		return -EINVAL;
	*n = min(*n, (size_t)MAX_RW_COUNT);
	return 0;
}

static long send_check(struct file *in, struct file *out, const loff_t *pos, size_t *count)
{
	int error;

	if (!in || !in->can_read)
		return -EBADF;
	if (pos && !in->seekable)
		return -ESPIPE;
	error = range_check(pos ? *pos : in->pos, count);
	if (error)
		return error;
	if (!out || !out->can_write)
		return -EBADF;
	if (out->flags & O_APPEND || (!S_ISREG(in->inode->mode) && !S_ISBLK(in->inode->mode)))
		return -EINVAL;
	return 0;
}

long sys_sendfile(int out_fd, int in_fd, loff_t __user *offset, size_t count)
{
	struct fd_ref in, out;
	loff_t at = 0, *pos = offset ? &at : NULL;
	long n;

	if (offset && copy_in_obj(&at, offset) < 0)
		return -EFAULT;
	in = fd_arg_io(in_fd);
	out = fd_arg_io(out_fd);
	n = send_check(in.file, out.file, pos, &count);
	if (n)
		goto out;
	n = file_send(in.file, out.file, pos, count);
	if (n == -ABI_EOPNOTSUPP)
		n = copy_bytes(in.file, pos, out.file, NULL, count);
	copy_count(n);
	n = write_result(out.file, n);
	if (n > 0 && offset && copy_out_obj(offset, &at) < 0)
		n = -EFAULT;
out:
	ends_put(in, out);
	return n;
}

/* Which files bytes are copied between (copy_file_range(2)). */
static int copy_range_files(const struct file *in, const struct file *out)
{
	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
		return -EINVAL;
	if (!in->can_read || !out->can_write || (out->flags & O_APPEND))
		return -EBADF;
	if (in->inode->sb != out->inode->sb)
		return -EXDEV;
	return out->inode->flags & FS_IMMUTABLE_FL ? -EPERM : 0;
}

/* ... and how many of *len can be: those before the end of the one file and before what limits the
 * other, none of them at both places. */
static int copy_range_check(struct file *in, struct file *out, loff_t in_pos, loff_t out_pos,
			    size_t *len)
{
	u64 most = rlimit_current(RLIMIT_FSIZE), limit = min(most, out->inode->sb->max_file_size);
	u64 end = (u64)READ_ONCE(in->inode->size), from = (u64)in_pos, to = (u64)out_pos;
	int error = copy_range_files(in, out);

	if (error)
		return error;
	if (from + *len < from || to + *len < to)
		return -EOVERFLOW;
	*len = from < end ? min(*len, (size_t)(end - from)) : 0;
	if (out_pos >= 0 && to >= limit)
		return to >= most ? -EFSIZELIMIT : -EFBIG;
	if (out_pos >= 0)
		*len = min(*len, (size_t)(limit - to));
	if (in->inode == out->inode && to + *len > from && to < from + *len)
		return -EINVAL;
	error = range_check(in_pos, len);
	return error ? error : range_check(out_pos, len);
}

long sys_copy_file_range(int fd_in, loff_t __user *off_in, int fd_out, loff_t __user *off_out,
			 size_t len, unsigned flags)
{
	struct fd_ref in = fd_arg_io(fd_in), out = fd_arg_io(fd_out);
	loff_t in_pos, out_pos;
	long n = -EBADF;

	if (!in.file || !out.file)
		goto out;
	in_pos = in.file->pos;
	out_pos = out.file->pos;
	n = -EFAULT;
	if ((off_in && copy_in_obj(&in_pos, off_in) < 0) ||
	    (off_out && copy_in_obj(&out_pos, off_out) < 0))
		goto out;
	n = flags ? -EINVAL : copy_range_check(in.file, out.file, in_pos, out_pos, &len);
	if (!n && len) {
		n = copy_bytes(in.file, off_in ? &in_pos : NULL, out.file,
			       off_out ? &out_pos : NULL, len);
		copy_count(n);
	}
	n = write_result(out.file, n);
	if (n > 0 && ((off_in && copy_out_obj(off_in, &in_pos) < 0) ||
		      (off_out && copy_out_obj(off_out, &out_pos) < 0)))
		n = -EFAULT;
out:
	ends_put(in, out);
	return n;
}
