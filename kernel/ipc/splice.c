/*
 * Between a pipe and a file or memory. The file's read or write works on the pages of the ring:
 * while it runs, the pipe is not locked, since the file may wait for long and has locks of its
 * own, but marked: `taking` keeps others from reading, so that what the file did not take is still
 * in front; `filling` keeps others from writing. Who sleeps in the pipe is woken when the mark
 * goes.
 */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "ipc/splice_int.h"
#include "lib/string.h"

static bool would_block(const struct file *pipe, u32 flags)
{
	return flags & SPLICE_F_NONBLOCK || pipe->flags & O_NONBLOCK;
}

int splice_wait_data(struct file *pipe, u32 flags)
{
	struct pipe *p = pipe->private;
	int err;

	mutex_lock(&p->lock);
	while (!pipe_may_read(p)) {
		mutex_unlock(&p->lock);
		if (would_block(pipe, flags))
			return -EAGAIN;
		err = wait_interruptible(&p->can_read, pipe_may_read(p));
		if (err < 0)
			return err;
		mutex_lock(&p->lock);
	}
	return 0;
}

static bool has_room(const struct pipe *p)
{
	return (pipe_space(p) && !READ_ONCE(p->filling)) || !READ_ONCE(p->readers);
}

int splice_wait_room(struct file *pipe, u32 flags)
{
	struct pipe *p = pipe->private;
	int err;

	mutex_lock(&p->lock);
	while (!has_room(p)) {
		mutex_unlock(&p->lock);
		if (would_block(pipe, flags))
			return -EAGAIN;
		/* Readers tell of room when it is enough for a write of PIPE_BUF. */
		err = wait_interruptible(&p->can_write, pipe_may_write(p));
		if (err < 0)
			return err;
		mutex_lock(&p->lock);
	}
	if (p->readers)
		return 0;
	mutex_unlock(&p->lock);
	return -EPIPE;
}

/* Pieces of the ring as an iterator over kernel memory. */
static struct iov_iter pieces_iter(const struct iovec *v, unsigned n, size_t total)
{
	return (struct iov_iter){ .iov = v, .n_iov = n, .left = total, .kernel = true };
}

/* The bytes inside, up to len, in pieces; p held. */
static unsigned pieces_of_data(struct pipe *p, struct iovec *v, size_t len, u32 *total)
{
	u32 most = (u32)min(len, (size_t)pipe_used(p)), n;
	unsigned i = 0;

	for (*total = 0; *total < most && i < SPLICE_PIECES; *total += n) {
		void *at = pipe_data(p, *total, &n);

		n = min(n, most - *total);
		v[i++] = (struct iovec){ (__force void __user *)at, n };
	}
	return i;
}

static unsigned pieces_of_room(struct pipe *p, struct iovec *v, size_t len, u32 *total)
{
	u32 most = (u32)min(len, (size_t)pipe_space(p)), n;
	unsigned i = 0;

	for (*total = 0; *total < most && i < SPLICE_PIECES; *total += n) {
		void *at = pipe_room(p, *total, &n);

		if (!at)
			break;
		n = min(n, most - *total);
		v[i++] = (struct iovec){ (__force void __user *)at, n };
	}
	return i;
}

/* Pieces to a file that takes pages as they are: bytes, or an error before any. */
static ssize_t send_pieces(struct file *out, const struct iovec *v, unsigned n, bool more)
{
	ssize_t done = 0;

	for (unsigned i = 0; i < n; i++) {
		void *at = (__force void *)v[i].iov_base;
		ssize_t sent = out->ops->send_page(out, virt_to_page(at),
						   (u32)((uintptr_t)at & (PAGE_SIZE - 1)),
						   (u32)v[i].iov_len, more || i + 1 < n);

		if (sent < 0)
			return done ? done : sent;
		done += sent;
		if ((size_t)sent < v[i].iov_len)
			break;
	}
	return done;
}

/* One round to a file; the pipe is locked at entry and not at the end. Bytes taken, or an error. */
static ssize_t drain(struct pipe *p, struct file *out, loff_t *pos, size_t len, u64 fsize_limit,
		     bool more, u32 *offered)
{
	struct iovec v[SPLICE_PIECES];
	unsigned n_pieces = pieces_of_data(p, v, len, offered);
	struct iov_iter it = pieces_iter(v, n_pieces, *offered);
	ssize_t n;

	p->taking = true;
	/* A writer may replace pages that somebody refers to (pipe_ring.c). */
	for (unsigned i = 0; i < n_pieces; i++)
		page_get(virt_to_page((__force void *)v[i].iov_base));
	mutex_unlock(&p->lock);
	if (out->ops->send_page && !pos)
		n = send_pieces(out, v, n_pieces, more || len > *offered);
	else
		n = file_write(out, &it, pos, fsize_limit);
	for (unsigned i = 0; i < n_pieces; i++)
		page_put(virt_to_page((__force void *)v[i].iov_base));
	mutex_lock(&p->lock);
	p->taking = false;
	if (n > 0)
		pipe_consume(p, (u32)n);
	mutex_unlock(&p->lock);
	wait_wake_one(&p->can_read, POLLIN | POLLRDNORM);
	if (n > 0)
		wait_wake_one(&p->can_write, POLLOUT | POLLWRNORM);
	return n;
}

ssize_t splice_to_file(struct file *pipe, struct file *out, loff_t *pos, size_t len, u32 flags,
		       u64 fsize_limit)
{
	struct pipe *p = pipe->private;
	ssize_t done = 0, n;
	u32 offered;

	while (len) {
		/* Waiting is for the first bytes only. */
		n = splice_wait_data(pipe, done ? flags | SPLICE_F_NONBLOCK : flags);
		if (n < 0)
			return done ? done : n;
		if (!pipe_used(p)) {
			mutex_unlock(&p->lock);
			break;
		}
		n = drain(p, out, pos, len, fsize_limit, flags & SPLICE_F_MORE, &offered);
		if (n <= 0)
			return done ? done : n;
		done += n;
		len -= (size_t)n;
		if ((u32)n < offered || thread_signal_pending())
			break;
		sched_point();
	}
	return done;
}

ssize_t splice_from_file(struct file *in, loff_t *pos, struct file *pipe, size_t len, u32 flags)
{
	struct pipe *p = pipe->private;
	struct iovec v[SPLICE_PIECES];
	struct iov_iter it;
	unsigned n_pieces;
	ssize_t n;
	u32 total;

	/* The flag is the socket's as well (splice(2)). */
	if (flags & SPLICE_F_NONBLOCK && S_ISSOCK(in->inode->mode) &&
	    !(file_poll(in, NULL) & (POLLIN | POLLERR | POLLHUP)))
		return -EAGAIN;
	n = splice_wait_room(pipe, flags);
	if (n < 0)
		return n;
	n_pieces = pieces_of_room(p, v, len, &total);
	if (!total) {
		mutex_unlock(&p->lock);
		return -ENOMEM;
	}
	p->filling = true;
	mutex_unlock(&p->lock);
	it = pieces_iter(v, n_pieces, total);
	n = file_read(in, &it, pos);
	mutex_lock(&p->lock);
	p->filling = false;
	if (n > 0)
		p->head += (u32)n;
	else
		pipe_consume(p, 0);
	mutex_unlock(&p->lock);
	wait_wake_one(&p->can_write, POLLOUT | POLLWRNORM);
	if (n > 0)
		wait_wake_one(&p->can_read, POLLIN | POLLRDNORM);
	return n;
}

ssize_t splice_to_memory(struct file *pipe, struct iov_iter *to, u32 flags)
{
	struct pipe *p = pipe->private;
	ssize_t n = splice_wait_data(pipe, flags);

	if (n < 0)
		return n;
	n = pipe_copy_out(p, to, (u32)min(iov_left(to), (size_t)pipe_used(p)));
	mutex_unlock(&p->lock);
	if (n > 0)
		wait_wake_one(&p->can_write, POLLOUT | POLLWRNORM);
	return n;
}

ssize_t splice_from_memory(struct file *pipe, struct iov_iter *from, u32 flags)
{
	struct pipe *p = pipe->private;
	ssize_t n = splice_wait_room(pipe, flags);

	if (n < 0)
		return n;
	n = pipe_copy_in(p, from, (u32)min(iov_left(from), (size_t)pipe_space(p)));
	mutex_unlock(&p->lock);
	if (n > 0)
		wait_wake_one(&p->can_read, POLLIN | POLLRDNORM);
	return n;
}
