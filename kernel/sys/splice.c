/*
 * splice(2), tee(2), vmsplice(2).
 */
#include "abi/fcntl.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "ipc/pipe.h"
#include "ipc/splice.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

/* A file's side: its offset, if one is given. */
static int offset_in(struct file *f, const loff_t __user *uoff, loff_t *pos)
{
	if (!uoff)
		return 0;
	if (copy_in_obj(pos, uoff) < 0)
		return -EFAULT;
	return f->seekable && *pos >= 0 ? 0 : -EINVAL;
}

static long splice_out(struct file *pipe, struct file *out, loff_t __user *uoff, size_t len,
		       u32 flags)
{
	loff_t pos = 0;
	long n = offset_in(out, uoff, &pos);

	if (!n && out->flags & O_APPEND)
		n = -EINVAL;
	if (!n)
		n = splice_to_file(pipe, out, uoff ? &pos : NULL, len, flags,
				   rlimit_current(RLIMIT_FSIZE));
	if (n > 0 && uoff && copy_out_obj(uoff, &pos) < 0)
		n = -EFAULT;
	return n;
}

static long splice_in(struct file *in, loff_t __user *uoff, struct file *pipe, size_t len,
		      u32 flags)
{
	loff_t pos = 0;
	long n = S_ISDIR(in->inode->mode) ? -EINVAL : offset_in(in, uoff, &pos);

	if (!n)
		n = splice_from_file(in, uoff ? &pos : NULL, pipe, len, flags);
	if (n > 0 && uoff && copy_out_obj(uoff, &pos) < 0)
		n = -EFAULT;
	return n;
}

static long splice_files(struct file *in, loff_t __user *off_in, struct file *out,
			 loff_t __user *off_out, size_t len, u32 flags)
{
	bool from_pipe = pipe_is_pipe(in), to_pipe = pipe_is_pipe(out);

	if (!in->can_read || !out->can_write)
		return -EBADF;
	if ((from_pipe && off_in) || (to_pipe && off_out))
		return -ESPIPE;
	if (from_pipe && to_pipe)
		return splice_pipes(in, out, len, flags, false);
	if (from_pipe)
		return splice_out(in, out, off_out, len, flags);
	return to_pipe ? splice_in(in, off_in, out, len, flags) : -EINVAL;
}

long sys_splice(int fd_in, loff_t __user *off_in, int fd_out, loff_t __user *off_out, size_t len,
		unsigned flags)
{
	struct fd_ref in, out;
	long n = -EBADF;

	if (!len)
		return 0;
	if (gap_flags(flags, SPLICE_FLAGS))
		return -EINVAL;
	in = fd_arg_io(fd_in);
	if (!in.file)
		return -EBADF;
	out = fd_arg_io(fd_out);
	if (out.file) {
		n = splice_files(in.file, off_in, out.file, off_out,
				 min(len, (size_t)MAX_RW_COUNT), flags);
		n = write_result(out.file, n);
		fd_end(out);
	}
	fd_end(in);
	return n;
}

long sys_tee(int fd_in, int fd_out, size_t len, unsigned flags)
{
	struct fd_ref in, out;
	long n = -EBADF;

	if (gap_flags(flags, SPLICE_FLAGS))
		return -EINVAL;
	if (!len)
		return 0;
	in = fd_arg_io(fd_in);
	if (!in.file)
		return -EBADF;
	out = fd_arg_io(fd_out);
	if (out.file) {
		if (!in.file->can_read || !out.file->can_write)
			n = -EBADF;
		else if (!pipe_is_pipe(in.file) || !pipe_is_pipe(out.file))
			n = -EINVAL;
		else
			n = splice_pipes(in.file, out.file, len, flags, true);
		n = write_result(out.file, n);
		fd_end(out);
	}
	fd_end(in);
	return n;
}

/* The pages of the caller are copied, not lent: SPLICE_F_GIFT is a hint (vmsplice(2)). */
long sys_vmsplice(int fd, const struct iovec __user *uiov, unsigned long nr_segs, unsigned flags)
{
	struct iovec fast[IOV_FAST], *heap = NULL;
	struct fd_ref r;
	struct iov_iter it;
	long n;

	if (gap_flags(flags, SPLICE_FLAGS) || nr_segs > UIO_MAXIOV)
		return -EINVAL;
	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	n = iov_import(&it, uiov, (unsigned)nr_segs, fast, &heap);
	if (!n && iov_left(&it))
		n = !pipe_is_pipe(r.file) ? -EBADF :
		    r.file->can_write ? splice_from_memory(r.file, &it, flags) :
					splice_to_memory(r.file, &it, flags);
	kfree(heap);
	n = write_result(r.file, n);
	fd_end(r);
	return n;
}
