/*
 * read(2), write(2) and their families: descriptor to file, user buffer to iterator, then
 * file_read() or file_write().
 */
#include "abi/limits.h"
#include "core/gaps.h"
#include "mm/slab.h"
#include "net/sock.h"
#include "proc/signal.h"
#include "sys/sys_int.h"

long write_result(struct file *f, long n)
{
	struct abi_siginfo info;

	if (unlikely(n == -ABI_EPIPE || n == -ABI_EFSIZELIMIT)) {
		struct sock *s = file_sock(f);

		if (s && s->type != SOCK_STREAM)
			return n;
		info = signal_info_user(n == -ABI_EPIPE ? SIGPIPE : SIGXFSZ, SI_USER);
		signal_send_task(task_current(), &info);
	}
	return n == -ABI_EFSIZELIMIT ? -ABI_EFBIG : n;
}

void read_count(ssize_t n)
{
	struct usage_counts *counts = &task_current()->counts;

	counts->syscr++;
	if (n > 0)
		counts->rchar += (u64)n;
}

void write_count(ssize_t n)
{
	struct usage_counts *counts = &task_current()->counts;

	counts->syscw++;
	if (n > 0)
		counts->wchar += (u64)n;
}

static ssize_t read_counted(struct file *f, struct iov_iter *it, loff_t *pos)
{
	ssize_t n = file_read(f, it, pos);

	read_count(n);
	return n;
}

static ssize_t write_counted(struct file *f, struct iov_iter *it, loff_t *pos)
{
	ssize_t n = file_write(f, it, pos, rlimit_current(RLIMIT_FSIZE));

	write_count(n);
	return write_result(f, n);
}

/* One buffer: the whole of it must lie in user space, however much will be moved. */
static int buffer_arg(struct iov_iter *it, const void __user *buf, size_t count)
{
	if (!user_range_ok(buf, count))
		return -EFAULT;
	return iov_init_user(it, (void __user *)buf, min(count, (size_t)MAX_RW_COUNT));
}

long sys_read(int fd, void __user *buf, size_t count)
{
	struct fd_ref r = fd_arg_io(fd);
	struct iov_iter it;
	long n;

	if (!r.file)
		return -EBADF;
	n = buffer_arg(&it, buf, count);
	if (!n)
		n = read_counted(r.file, &it, NULL);
	fd_end(r);
	return n;
}

long sys_write(int fd, const void __user *buf, size_t count)
{
	struct fd_ref r = fd_arg_io(fd);
	struct iov_iter it;
	long n;

	if (!r.file)
		return -EBADF;
	n = buffer_arg(&it, buf, count);
	if (!n)
		n = write_counted(r.file, &it, NULL);
	fd_end(r);
	return n;
}

/* A read or write at a given place: only on files that have places. */
static long rw_at(int fd, struct iov_iter *it, loff_t pos, bool write)
{
	struct fd_ref r = fd_arg_io(fd);
	long n;

	if (!r.file)
		return -EBADF;
	if (!r.file->seekable)
		n = -ESPIPE;
	else if (pos < 0)
		n = -EINVAL;
	else
		n = write ? write_counted(r.file, it, &pos) : read_counted(r.file, it, &pos);
	fd_end(r);
	return n;
}

long sys_pread64(int fd, void __user *buf, size_t count, loff_t pos)
{
	struct iov_iter it;

	if (pos < 0)
		return -EINVAL;
	if (buffer_arg(&it, buf, count) < 0)
		return -EFAULT;
	return rw_at(fd, &it, pos, false);
}

long sys_pwrite64(int fd, const void __user *buf, size_t count, loff_t pos)
{
	struct iov_iter it;

	if (pos < 0)
		return -EINVAL;
	if (buffer_arg(&it, buf, count) < 0)
		return -EFAULT;
	return rw_at(fd, &it, pos, true);
}

/* What RWF_* want of this transfer; those that are not known, or not to be had, are refused. */
static int rw_flags(struct file *f, struct iov_iter *it, int flags, bool write)
{
	if (gap_flags((u32)flags, RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND | RWF_NOWAIT))
		return -EOPNOTSUPP;
	if (flags & RWF_NOWAIT && !f->ops->has_nowait)
		return -EOPNOTSUPP;
	it->append = flags & RWF_APPEND;
	it->nowait = flags & RWF_NOWAIT;
	return 0;
}

/* The vector forms; pos NULL: at the file's own position. */
static long rw_vector(int fd, const struct iovec __user *uiov, unsigned long n_iov,
		      const loff_t *pos, int flags, bool write)
{
	struct iovec fast[IOV_FAST], *heap = NULL;
	struct fd_ref r = fd_arg_io(fd);
	struct iov_iter it;
	long n;

	if (!r.file)
		return -EBADF;
	n = n_iov > UIO_MAXIOV || (pos && *pos < 0) ?
		    -EINVAL :
		    iov_import(&it, uiov, (unsigned)n_iov, fast, &heap);
	if (n)
		goto out;
	n = iov_left(&it) ? rw_flags(r.file, &it, flags, write) : 0;
	if (n)
		goto free;
	if (pos)
		n = rw_at(fd, &it, *pos, write);
	else
		n = write ? write_counted(r.file, &it, NULL) : read_counted(r.file, &it, NULL);
	if (n > 0 && write && flags & (RWF_DSYNC | RWF_SYNC)) {
		int error = file_sync(r.file, !(flags & RWF_SYNC));

		n = error ? error : n;
	}
free:
	kfree(heap);
out:
	fd_end(r);
	return n;
}

long sys_readv(int fd, const struct iovec __user *iov, unsigned long iovcnt)
{
	return rw_vector(fd, iov, iovcnt, NULL, 0, false);
}

long sys_writev(int fd, const struct iovec __user *iov, unsigned long iovcnt)
{
	return rw_vector(fd, iov, iovcnt, NULL, 0, true);
}

long sys_preadv(int fd, const struct iovec __user *iov, unsigned long iovcnt, unsigned long pos_low,
		unsigned long pos_high)
{
	loff_t pos = (loff_t)pos_low; /* on 64-bit machines the low word has it all */

	return rw_vector(fd, iov, iovcnt, &pos, 0, false);
}

long sys_pwritev(int fd, const struct iovec __user *iov, unsigned long iovcnt,
		 unsigned long pos_low, unsigned long pos_high)
{
	loff_t pos = (loff_t)pos_low;

	return rw_vector(fd, iov, iovcnt, &pos, 0, true);
}

/* preadv2(2), pwritev2(2): position -1 is the file's own. */
static long rw_vector_flags(int fd, const struct iovec __user *iov, unsigned long iovcnt,
			    loff_t pos, int flags, bool write)
{
	return rw_vector(fd, iov, iovcnt, pos == -1 ? NULL : &pos, flags, write);
}

long sys_preadv2(int fd, const struct iovec __user *iov, unsigned long iovcnt,
		 unsigned long pos_low, unsigned long pos_high, int flags)
{
	return rw_vector_flags(fd, iov, iovcnt, (loff_t)pos_low, flags, false);
}

long sys_pwritev2(int fd, const struct iovec __user *iov, unsigned long iovcnt,
		  unsigned long pos_low, unsigned long pos_high, int flags)
{
	return rw_vector_flags(fd, iov, iovcnt, (loff_t)pos_low, flags, true);
}

long sys_lseek(int fd, loff_t offset, unsigned whence)
{
	struct fd_ref r = fd_arg_io(fd);
	long n;

	if (!r.file)
		return -EBADF;
	n = whence > SEEK_HOLE ? -EINVAL : file_seek(r.file, offset, (int)whence);
	fd_end(r);
	return n;
}
