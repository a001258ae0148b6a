/* Output of terminals: write(2) through the discipline, waiting for room, and for the last bit to
 * leave. */
#include "core/clock.h"
#include "tty/tty_int.h"

#define PIECE          512
#define DRAIN_LOOK_NS  (2 * NSEC_PER_MSEC) /* transmitters do not tell when they are idle */

bool tty_writable(struct tty *t)
{
	return !READ_ONCE(t->ldisc.stopped) && t->ops->room(t) >= t->room_least;
}

void tty_output_ready(struct tty *t)
{
	if (ldisc_echo_pending(&t->ldisc))
		work_queue(&t->input_work);
	wait_wake_one(&t->write_wait, POLLOUT | POLLWRNORM);
}

static bool output_idle(struct tty *t)
{
	return (!t->ops->pending || !t->ops->pending(t)) && (!t->ops->idle || t->ops->idle(t));
}

int tty_drain(struct tty *t, u64 deadline_ns)
{
	u64 now;

	while (!output_idle(t) && !READ_ONCE(t->other_closed)) {
		int err;

		now = clock_monotonic();
		if (now >= deadline_ns)
			break;
		err = wait_interruptible_timeout(&t->write_wait, output_idle(t),
			min(deadline_ns, now + DRAIN_LOOK_NS));
		if (err && err != -ABI_ETIMEDOUT)
			return err;
	}
	return 0;
}

/* Whether nobody will see what is written. */
static bool is_dead(const struct tty *t, const struct tty_file *tf)
{
	return tty_file_hung(tf) || READ_ONCE(t->other_closed);
}

/* One piece of at most PIECE bytes: how many were put before an error, which is told in *error. */
static size_t write_piece(struct tty *t, const struct tty_file *tf, struct file *file,
	const u8 *data, size_t n, int *error)
{
	size_t done = 0;

	for (;;) {
		if (is_dead(t, tf)) {
			*error = -EIO;
			return done;
		}
		mutex_lock(&t->ldisc_lock);
		done += ldisc_write(&t->ldisc, data + done, n - done);
		mutex_unlock(&t->ldisc_lock);
		if (done == n)
			return done;
		if (file->flags & O_NONBLOCK) {
			*error = -EAGAIN;
			return done;
		}
		*error = wait_interruptible(&t->write_wait, tty_writable(t) || is_dead(t, tf));
		if (*error)
			return done;
	}
}

static ssize_t write_loop(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *from)
{
	u8 piece[PIECE];
	ssize_t done = 0;
	int error = 0;

	while (iov_left(from) && !error) {
		size_t want = min(iov_left(from), sizeof(piece));
		size_t n = iov_copy_from(from, piece, want), put;

		put = n ? write_piece(t, tf, file, piece, n, &error) : 0;
		done += (ssize_t)put;
		if (n < want && !error)
			error = -EFAULT;
		if (!error && iov_left(from) && thread_signal_pending())
			error = -ERESTARTSYS;
	}
	return done ? done : error;
}

ssize_t tty_write_body(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *from)
{
	ssize_t n;
	int err;

	if (file->flags & O_NONBLOCK) {
		if (!mutex_try_lock(&t->write_lock))
			return -EAGAIN;
	} else {
		err = mutex_lock_interruptible(&t->write_lock);
		if (err)
			return err;
	}
	n = write_loop(t, tf, file, from);
	mutex_unlock(&t->write_lock);
	return n;
}
