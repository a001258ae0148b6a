/*
 * Pipes: reading, writing, polling, both ends' lives (pipe(7)). A read takes what there is and
 * sleeps only on an empty pipe; a write of up to PIPE_BUF bytes goes in whole. The lock is held
 * while user memory is copied; wakes come after it is released, and only when they end somebody's
 * wait: the first bytes in an empty pipe wake readers, space for PIPE_BUF bytes wakes writers. Who
 * wakes the other end keeps the CPU: it probably has more to write or read, and then a full or
 * empty pipe makes the switch. pipe_ring.c is the buffer, pipe_packet.c what keeps packets apart in
 * it.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "ipc/pipe_int.h"
#include "lib/bitops.h"
#include "lib/format.h"

u32 pipe_max_size = 1u << 20;

static ssize_t pipe_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct pipe *p = f->private;
	bool was_tight, wake;
	ssize_t n;
	u32 used;

	if (unlikely(!iov_left(to)))
		return 0;
	mutex_lock(&p->lock);
	while (!(used = pipe_used(p)) || unlikely(p->taking)) {
		if (!used && !p->writers) {
			n = 0;
			goto out;
		}
		if (f->flags & O_NONBLOCK) {
			n = -EAGAIN;
			goto out;
		}
		mutex_unlock(&p->lock);
		n = wait_interruptible(&p->can_read, pipe_may_read(p));
		if (n < 0)
			return n;
		mutex_lock(&p->lock);
	}
	was_tight = pipe_space(p) < PIPE_BUF;
	if (unlikely(p->n_packets))
		n = pipe_packet_out(p, to);
	else
		n = pipe_copy_out(p, to, (u32)min(iov_left(to), (size_t)used));
	wake = was_tight && pipe_space(p) >= PIPE_BUF;
	mutex_unlock(&p->lock);
	if ((wake || READ_ONCE(p->polled)) && n > 0)
		wait_wake_one_sync(&p->can_write, POLLOUT | POLLWRNORM);
	return n;
out:
	mutex_unlock(&p->lock);
	return n;
}

/* Puts in what fits now, p held: bytes, 0 if the caller must wait, or an error. */
static ssize_t write_some(struct pipe *p, struct iov_iter *from, bool packets, bool atomic)
{
	u32 space = pipe_space(p);
	size_t left = iov_left(from);

	if (!p->readers)
		return -EPIPE;
	if (!space || unlikely(p->filling))
		return 0;
	if (unlikely(packets))
		return pipe_packet_in(p, from);
	if (atomic && space < left)
		return 0;
	return pipe_copy_in(p, from, (u32)min(left, (size_t)space));
}

static ssize_t pipe_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct pipe *p = f->private;
	bool atomic = iov_left(from) <= PIPE_BUF, packets = f->flags & O_DIRECT;
	ssize_t done = 0, n;

	if (unlikely(!iov_left(from)))
		return 0;
	for (;;) {
		bool was_empty;

		mutex_lock(&p->lock);
		was_empty = !pipe_used(p);
		n = write_some(p, from, packets, atomic);
		mutex_unlock(&p->lock);
		if (n > 0) {
			done += n;
			if (was_empty || READ_ONCE(p->polled))
				wait_wake_one_sync(&p->can_read, POLLIN | POLLRDNORM);
		}
		if (n < 0 || !iov_left(from))
			break;
		if (packets && n)
			continue;
		if (f->flags & O_NONBLOCK) {
			n = -EAGAIN;
			break;
		}
		n = wait_interruptible(&p->can_write, pipe_may_write(p));
		if (n < 0)
			break;
	}
	return done ? done : n;
}

static u32 pipe_poll(struct file *f, struct poll_table *table)
{
	struct pipe *p = f->private;
	u32 events = 0;

	if (table && !READ_ONCE(p->polled))
		__atomic_store_n(&p->polled, true, __ATOMIC_SEQ_CST);
	if (f->can_read) {
		poll_wait(table, &p->can_read);
		if (pipe_used(p))
			events |= POLLIN | POLLRDNORM;
		/*
		 * A FIFO opened without blocking before any writer came has not lost one (fifo.c).
		 */
		if (!READ_ONCE(p->writers) && f->hint != READ_ONCE(p->writer_opens))
			events |= POLLHUP;
	}
	if (f->can_write) {
		poll_wait(table, &p->can_write);
		if (pipe_space(p) >= PIPE_BUF)
			events |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(p->readers))
			events |= POLLERR;
	}
	return events;
}

static long pipe_ioctl(struct file *f, u32 request, u64 arg)
{
	s32 used;

	if (request != FIONREAD)
		return -ENOTTY;
	used = (s32)pipe_used(f->private);
	return copy_out_obj((s32 __user *)arg, &used);
}

/* Who used the structure leaves it; the last one frees it. */
static void pipe_leave(struct inode *inode, struct pipe *p)
{
	bool last;

	spin_lock(&inode->spin);
	last = --p->users == 0;
	if (last)
		inode->pipe = NULL;
	spin_unlock(&inode->spin);
	if (last)
		pipe_free(p);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;

	mutex_lock(&p->lock);
	p->readers -= f->can_read;
	p->writers -= f->can_write;
	mutex_unlock(&p->lock);
	wait_wake(&p->can_read, POLLIN | POLLHUP);
	wait_wake(&p->can_write, POLLOUT | POLLERR);
	pipe_leave(f->inode, p);
}

/* Waits until the other end has been opened once more than `seen`: 0 or -ERESTARTSYS. */
static int wait_for_other(struct wait_queue *queue, u32 *opens, u32 seen)
{
	return wait_interruptible(queue, READ_ONCE(*opens) != seen);
}

/* The structure of a FIFO, made by the first who opens it, with a user counted. */
static struct pipe *fifo_enter(struct inode *inode)
{
	struct pipe *fresh = NULL, *p;

	for (;;) {
		spin_lock(&inode->spin);
		if (!inode->pipe && fresh) {
			inode->pipe = fresh;
			fresh = NULL;
		}
		p = inode->pipe;
		if (p)
			p->users++;
		spin_unlock(&inode->spin);
		if (p)
			break;
		fresh = pipe_alloc();
		if (!fresh)
			return NULL;
	}
	if (fresh)
		pipe_free(fresh);
	return p;
}

/*
 * fifo(7): opening one end waits for the other; without blocking a writer needs a reader and a
 * reader needs nobody. A pipe that is opened once more, by /proc/[pid]/fd (proc(5)), waits for
 * nobody: there is no name by which another could come.
 */
static int fifo_open(struct file *f)
{
	bool nonblock = f->flags & O_NONBLOCK;
	bool alone = f->can_read != f->can_write && !inode_is_pseudo(f->inode);
	struct pipe *p = fifo_enter(f->inode);
	u32 seen;
	int err = 0;

	if (!p)
		return -ENOMEM;
	if (!f->can_read && !f->can_write) {
		pipe_leave(f->inode, p);
		return -EINVAL;
	}
	mutex_lock(&p->lock);
	if (alone && f->can_write && nonblock && !p->readers) {
		mutex_unlock(&p->lock);
		pipe_leave(f->inode, p);
		return -ENXIO;
	}
	f->private = p;
	f->ops = &pipe_ops;
	p->readers += f->can_read;
	p->writers += f->can_write;
	p->reader_opens += f->can_read;
	p->writer_opens += f->can_write;
	f->hint = ~0ull;
	if (alone && f->can_read && !p->writers) {
		seen = p->writer_opens;
		mutex_unlock(&p->lock);
		wait_wake(&p->can_write, POLLOUT);
		if (nonblock)
			f->hint = seen; /* no hang-up until a writer has come and gone */
		else
			err = wait_for_other(&p->can_read, &p->writer_opens, seen);
	} else if (alone && f->can_write && !p->readers) {
		seen = p->reader_opens;
		mutex_unlock(&p->lock);
		wait_wake(&p->can_read, POLLIN);
		err = wait_for_other(&p->can_write, &p->reader_opens, seen);
	} else {
		mutex_unlock(&p->lock);
		wait_wake(&p->can_write, POLLOUT);
		wait_wake(&p->can_read, POLLIN);
	}
	if (err < 0)
		pipe_release(f);
	return err;
}

int pipe_create(u32 flags, const struct cred *cred, struct file *out[2])
{
	struct inode *inode;
	struct pipe *p;
	char name[32];
	int err = -ENOMEM;

	if (flags & ~(u32)(O_NONBLOCK | O_CLOEXEC | O_DIRECT))
		return -EINVAL;
	inode = inode_alloc_pseudo(S_IFIFO | 0600, cred);
	if (!inode)
		return -ENOMEM;
	p = pipe_alloc();
	if (!p)
		goto out_inode;
	p->readers = p->writers = 1;
	p->reader_opens = p->writer_opens = 1;
	p->users = 2;
	inode->pipe = p;
	snprintf(name, sizeof(name), "pipe:[%llu]", (unsigned long long)inode->ino);
	err = file_create_inode(inode, NULL, name, &pipe_ops, p, O_RDONLY | (flags & O_NONBLOCK),
				&out[0]);
	if (err < 0)
		goto out_pipe;
	out[0]->hint = ~0ull;
	err = file_create_inode(inode, NULL, name, &pipe_ops, p,
				O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), &out[1]);
	if (err < 0) {
		file_put(out[0]); /* leaves the pipe to us */
		goto out_pipe;
	}
	inode_put(inode);
	return 0;

out_pipe:
	pipe_free(p);
out_inode:
	inode_put(inode);
	return err;
}

bool pipe_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

long pipe_get_size(struct file *f)
{
	return pipe_is_pipe(f) ? (long)READ_ONCE(((struct pipe *)f->private)->size) : -EBADF;
}

long pipe_set_size(struct file *f, u64 size, const struct cred *cred)
{
	struct pipe *p = f->private;
	int err;

	if (!pipe_is_pipe(f))
		return -EBADF;
	if (!size || size > 1u << 31)
		return -EINVAL;
	size = roundup_pow2(max_t(u64, size, PAGE_SIZE));
	if (size > pipe_max_size && size > p->size && !cred_capable(cred, CAP_SYS_RESOURCE))
		return -EPERM;
	mutex_lock(&p->lock);
	err = pipe_resize(p, (u32)size);
	mutex_unlock(&p->lock);
	if (err < 0)
		return err;
	wait_wake(&p->can_write, POLLOUT | POLLWRNORM);
	return (long)size;
}

void pipe_init(void)
{
	vfs_set_fifo_ops(&fifo_ops);
}

const struct file_ops pipe_ops = {
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
};

/* What a FIFO has until it is open. */
const struct file_ops fifo_ops = {
	.open = fifo_open,
	.release = pipe_release,
};
