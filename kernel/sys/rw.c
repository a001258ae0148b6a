/*
 * read(2), write(2) and their families: descriptor to file, user buffer to iterator, then file_read() or file_write().
 */
#include "abi/limits.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "sys/sys_int.h"

/* Signals that a failed write raises: SIGPIPE at a pipe without readers, SIGXFSZ beyond RLIMIT_FSIZE. */
static ssize_t write_result(ssize_t n)
{
	struct abi_siginfo info;

	if (unlikely(n == -EPIPE || n == -EFBIG)) {
		if (n == -EFBIG && rlimit_current(RLIMIT_FSIZE) == RLIM_INFINITY)
			return n;
		info = signal_info_user(n == -EPIPE ? SIGPIPE : SIGXFSZ, SI_USER);
		signal_send_task(task_current(), &info);
	}
	return n;
}

static ssize_t read_counted(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct task *task = task_current();
	ssize_t n = file_read(f, it, pos);

	task->io_syscr++;
	if (n > 0)
		task->io_rchar += (u64)n;
	return n;
}

static ssize_t write_counted(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct task *task = task_current();
	ssize_t n = file_write(f, it, pos, rlimit_current(RLIMIT_FSIZE));

	task->io_syscw++;
	if (n > 0)
		task->io_wchar += (u64)n;
	return write_result(n);
}

long sys_read(int fd, void __user *buf, size_t count)
{
	struct fd_ref r = fd_arg_io(fd);
	struct iov_iter it;
	long n;

	if (!r.file)
		return -EBADF;
	n = iov_init_user(&it, buf, min(count, (size_t)MAX_RW_COUNT));
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
	n = iov_init_user(&it, (void __user *)buf, min(count, (size_t)MAX_RW_COUNT));
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
	if (iov_init_user(&it, buf, min(count, (size_t)MAX_RW_COUNT)) < 0)
		return -EFAULT;
	return rw_at(fd, &it, pos, false);
}

long sys_pwrite64(int fd, const void __user *buf, size_t count, loff_t pos)
{
	struct iov_iter it;

	if (pos < 0)
		return -EINVAL;
	if (iov_init_user(&it, (void __user *)buf, min(count, (size_t)MAX_RW_COUNT)) < 0)
		return -EFAULT;
	return rw_at(fd, &it, pos, true);
}

/* The vector forms; pos NULL: at the file's own position. */
static long rw_vector(int fd, const struct iovec __user *uiov, unsigned long n_iov, const loff_t *pos, bool write)
{
	struct iovec fast[IOV_FAST], *heap = NULL;
	struct iov_iter it;
	struct fd_ref r;
	long n;

	if (n_iov > UIO_MAXIOV)
		return -EINVAL;
	if (pos && *pos < 0)
		return -EINVAL;
	n = iov_import(&it, uiov, (unsigned)n_iov, fast, &heap);
	if (n)
		return n;
	if (pos) {
		n = rw_at(fd, &it, *pos, write);
	} else {
		r = fd_arg_io(fd);
		if (!r.file) {
			n = -EBADF;
		} else {
			n = write ? write_counted(r.file, &it, NULL) : read_counted(r.file, &it, NULL);
			fd_end(r);
		}
	}
	kfree(heap);
	return n;
}

long sys_readv(int fd, const struct iovec __user *iov, unsigned long iovcnt)
{
	return rw_vector(fd, iov, iovcnt, NULL, false);
}

long sys_writev(int fd, const struct iovec __user *iov, unsigned long iovcnt)
{
	return rw_vector(fd, iov, iovcnt, NULL, true);
}

long sys_preadv(int fd, const struct iovec __user *iov, unsigned long iovcnt, unsigned long pos_low, unsigned long pos_high)
{
	loff_t pos = (loff_t)pos_low; /* on 64-bit machines the low word has it all */

	return rw_vector(fd, iov, iovcnt, &pos, false);
}

long sys_pwritev(int fd, const struct iovec __user *iov, unsigned long iovcnt, unsigned long pos_low, unsigned long pos_high)
{
	loff_t pos = (loff_t)pos_low;

	return rw_vector(fd, iov, iovcnt, &pos, true);
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
