/*
 * The master side of a pseudo terminal as a file: /dev/ptmx gives a new pair at each open. In
 * packet mode each read begins with a byte that is 0 before data, or else tells what happened to
 * the slave (ioctl_tty(2), TIOCPKT).
 */
#include "abi/ioctl.h"
#include "abi/signal.h"
#include "arch/usercopy.h"
#include "lib/format.h"
#include "tty/pty.h"

#define PIECE 1024

static int master_open(struct file *file)
{
	struct pty *p;
	int err = pty_create(&p);

	file->private = p;
	return err;
}

static void master_release(struct file *file)
{
	pty_master_close(file->private);
}

static bool master_readable(struct pty *p)
{
	return !ring_empty(&p->out) || READ_ONCE(p->packet_status) || READ_ONCE(p->slave_closed);
}

/* Takes bytes; in packet mode the first of a read is the status, and unless that is TIOCPKT_DATA it
 * is all. How many bytes are in `piece`. */
static u32 master_take(struct pty *p, u8 *piece, u32 n, bool first)
{
	u32 got = 0;

	spin_lock(&p->lock);
	if (!p->packet || !first) {
		got = ring_read(&p->out, piece, n);
	} else if (p->packet_status) {
		piece[got++] = p->packet_status;
		p->packet_status = 0;
	} else if (!ring_empty(&p->out)) {
		piece[0] = TIOCPKT_DATA;
		got = 1 + ring_read(&p->out, piece + 1, n - 1);
	}
	spin_unlock(&p->lock);
	return got;
}

static ssize_t read_some(struct pty *p, struct iov_iter *to)
{
	u8 piece[PIECE];
	ssize_t done = 0;

	while (iov_left(to)) {
		u32 want = (u32)min(iov_left(to), sizeof(piece));
		u32 got = master_take(p, piece, want, done == 0);
		size_t copied = iov_copy_to(to, piece, got);

		done += (ssize_t)copied;
		if (copied < got)
			return done ? done : -EFAULT;
		if (got < want)
			break;
	}
	return done;
}

static int read_wait(struct pty *p, struct file *file)
{
	if (READ_ONCE(p->slave_closed) && ring_empty(&p->out))
		return -EIO;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_interruptible(&p->read_wait, master_readable(p));
}

static int lock_side(struct mutex *m, const struct file *file)
{
	if (!(file->flags & O_NONBLOCK))
		return mutex_lock_interruptible(m);
	return mutex_try_lock(m) ? 0 : -EAGAIN;
}

static ssize_t master_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct pty *p = file->private;
	ssize_t n = 0;
	int err = lock_side(&p->read_lock, file);

	if (err)
		return err;
	while (iov_left(to)) {
		n = read_some(p, to);
		if (n)
			break;
		n = read_wait(p, file);
		if (n)
			break;
	}
	mutex_unlock(&p->read_lock);
	if (n > 0 && tty_writable(p->slave))
		tty_output_ready(p->slave);
	return n;
}

/* One piece: how many bytes the slave took before an error. */
static size_t write_piece(struct pty *p, struct file *file, const u8 *data, size_t n, int *error)
{
	size_t done = 0;

	for (;;) {
		done += tty_input_quiet(p->slave, data + done,
			min(n - done, (size_t)ring_space(&p->slave->input)));
		tty_input_run(p->slave);
		if (done == n)
			return done;
		if (ring_space(&p->slave->input))
			continue;
		if (file->flags & O_NONBLOCK) {
			*error = -EAGAIN;
			return done;
		}
		*error = wait_interruptible(&p->write_wait, pty_master_writable(p));
		if (*error)
			return done;
	}
}

static ssize_t write_loop(struct pty *p, struct file *file, struct iov_iter *from)
{
	u8 piece[PIECE];
	ssize_t done = 0;
	int error = 0;

	while (iov_left(from) && !error) {
		size_t want = min(iov_left(from), sizeof(piece));
		size_t n = iov_copy_from(from, piece, want);

		if (n)
			done += (ssize_t)write_piece(p, file, piece, n, &error);
		if (n < want && !error)
			error = -EFAULT;
		if (!error && iov_left(from) && thread_signal_pending())
			error = -ERESTARTSYS;
	}
	return done ? done : error;
}

static ssize_t master_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct pty *p = file->private;
	ssize_t n;
	int err = lock_side(&p->write_lock, file);

	if (err)
		return err;
	n = write_loop(p, file, from);
	mutex_unlock(&p->write_lock);
	return n;
}

static u32 master_poll(struct file *file, struct poll_table *table)
{
	struct pty *p = file->private;
	u32 events = 0;

	poll_wait(table, &p->read_wait);
	poll_wait(table, &p->write_wait);
	if (!ring_empty(&p->out))
		events |= POLLIN | POLLRDNORM;
	if (READ_ONCE(p->packet_status))
		events |= POLLPRI | POLLIN | POLLRDNORM;
	if (pty_master_writable(p))
		events |= POLLOUT | POLLWRNORM;
	if (READ_ONCE(p->slave_closed))
		events |= POLLHUP;
	return events;
}

static long out_u32(u64 arg, u32 v)
{
	return copy_out_obj((u32 __user *)arg, &v);
}

static long in_flag(u64 arg, bool *flag)
{
	s32 v;

	if (copy_in_obj(&v, (const s32 __user *)arg))
		return -EFAULT;
	*flag = v;
	return 0;
}

static long packet_set(struct pty *p, u64 arg)
{
	bool on;
	long err = in_flag(arg, &on);

	if (err)
		return err;
	spin_lock(&p->lock);
	if (on && !p->packet)
		p->packet_status = 0;
	p->packet = on;
	if (!on)
		p->packet_status = 0;
	spin_unlock(&p->lock);
	return 0;
}

static long lock_set(struct pty *p, u64 arg)
{
	bool on;
	long err = in_flag(arg, &on);

	if (!err)
		WRITE_ONCE(p->locked, on);
	return err;
}

/* TIOCSIG: a signal character that the master has seen. */
static long send_signal(struct pty *p, u64 signo)
{
	if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(p->slave, (int)signo);
	return 0;
}

/* TIOCGPTPEER: a descriptor of the slave, opened without its name. */
static long open_peer(struct pty *p, u32 flags)
{
	struct fd_table *files = task_current()->files;
	struct file *file;
	int fd, err;

	fd = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	err = devpts_open(p, flags, &file);
	if (err) {
		fd_cancel(files, fd);
		return err;
	}
	fd_install(files, fd, file);
	return fd;
}

static long flush(struct pty *p, u64 queue)
{
	struct tty *slave = p->slave;

	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue != TCOFLUSH) {
		spin_lock(&p->lock);
		ring_skip(&p->out, ring_used(&p->out));
		spin_unlock(&p->lock);
		tty_output_ready(slave);
	}
	if (queue != TCIFLUSH) {
		mutex_lock(&slave->ldisc_lock);
		ring_skip(&slave->input, ring_used(&slave->input));
		mutex_unlock(&slave->ldisc_lock);
		wait_wake_one(&p->write_wait, POLLOUT | POLLWRNORM);
	}
	return 0;
}

static long own_ioctl(struct pty *p, u32 request, u64 arg)
{
	switch (request) {
	case TIOCGPTN:
		return out_u32(arg, p->index);
	case TIOCSPTLCK:
		return lock_set(p, arg);
	case TIOCGPTLCK:
		return out_u32(arg, READ_ONCE(p->locked));
	case TIOCPKT:
		return packet_set(p, arg);
	case TIOCGPKT:
		return out_u32(arg, READ_ONCE(p->packet));
	case TIOCGPTPEER:
		return open_peer(p, (u32)arg);
	case TIOCSIG:
		return send_signal(p, arg);
	case TIOCINQ:
		return out_u32(arg, ring_used(&p->out));
	case TIOCOUTQ:
		return out_u32(arg, 0);
	case TCFLSH:
		return flush(p, arg);
	case TCSBRK:
	case TCSBRKP:
		return 0;
	case TCXONC:
		return arg > TCION ? -EINVAL : 0;
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}

/* What the master does not know itself is asked of the slave. */
static long master_ioctl(struct file *file, u32 request, u64 arg)
{
	struct pty *p = file->private;
	long result = own_ioctl(p, request, arg);

	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_modes_ioctl(p->slave, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_window_ioctl(p->slave, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_session_ioctl(p->slave, file, request, arg, true);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_misc_ioctl(p->slave, request, arg);
	return result == TTY_IOCTL_UNKNOWN ? -ENOTTY : result;
}

/* /proc/[pid]/fdinfo */
static void master_show_info(struct file *file, char *buf, size_t size)
{
	struct pty *p = file->private;

	snprintf(buf, size, "tty-index:\t%u\n", p->index);
}

const struct file_ops pty_master_ops = {
	.open = master_open,
	.release = master_release,
	.read = master_read,
	.write = master_write,
	.ioctl = master_ioctl,
	.poll = master_poll,
	.show_info = master_show_info,
};
