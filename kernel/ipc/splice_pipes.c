/*
 * Between two pipes: the bytes are copied with both locked, so that a tee's copy and a splice's
 * move are each one step. The locks are taken in the order of their addresses; to wait, both are
 * given back.
 */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "ipc/splice_int.h"
#include "lib/string.h"

static void lock_both(struct pipe *a, struct pipe *b)
{
	if (a > b)
		swap(a, b);
	mutex_lock(&a->lock);
	mutex_lock(&b->lock);
}

static void unlock_both(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/*
 * Waits for bytes in one and room in the other: 1 with both locked; with neither 0 if no bytes
 * will come any more, or an error.
 */
static int wait_both(struct file *in, struct file *out, u32 flags)
{
	struct pipe *from = in->private, *to = out->private;
	int err;

	for (;;) {
		bool end;

		err = splice_wait_data(in, flags);
		if (err < 0)
			return err;
		end = !pipe_used(from);
		mutex_unlock(&from->lock);
		if (end)
			return 0;
		err = splice_wait_room(out, flags);
		if (err < 0)
			return err;
		mutex_unlock(&to->lock);
		lock_both(from, to);
		if (!to->readers) {
			unlock_both(from, to);
			return -EPIPE;
		}
		if (pipe_used(from) && !from->taking && pipe_space(to) && !to->filling)
			return 1;
		unlock_both(from, to);
	}
}

/* Both locked: bytes, or -ENOMEM. */
static ssize_t copy(struct pipe *from, struct pipe *to, u32 len)
{
	u32 done = 0;

	while (done < len) {
		struct iov_iter it;
		ssize_t moved;
		u32 n;
		void *at = pipe_data(from, done, &n);

		n = min(n, len - done);
		iov_init_kernel(&it, at, n);
		moved = pipe_copy_in(to, &it, n);
		if (moved < 0)
			return done ? (ssize_t)done : moved;
		done += (u32)moved;
		if ((u32)moved < n)
			break;
	}
	return (ssize_t)done;
}

ssize_t splice_pipes(struct file *in, struct file *out, size_t len, u32 flags, bool keep)
{
	struct pipe *from = in->private, *to = out->private;
	ssize_t n;
	u32 at;

	if (from == to)
		return -EINVAL;
	n = wait_both(in, out, flags);
	if (n <= 0)
		return n;
	len = min(len, (size_t)min(pipe_used(from), pipe_space(to)));
	if (from->n_packets)
		len = pipe_packets_fit(from, to, (u32)len);
	at = to->head;
	n = len ? copy(from, to, (u32)len) : -ENOMEM;
	if (n > 0 && from->n_packets)
		pipe_packets_copied(from, to, (u32)n, at);
	if (n > 0 && !keep)
		pipe_consume(from, (u32)n);
	unlock_both(from, to);
	if (n > 0) {
		wait_wake_one(&to->can_read, POLLIN | POLLRDNORM);
		if (!keep)
			wait_wake_one(&from->can_write, POLLOUT | POLLWRNORM);
	}
	return n;
}
