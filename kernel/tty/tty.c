/* Terminals: their storage, and how their discipline calls what is behind them. See tty_int.h for
 * the theory. */
#include "lib/string.h"
#include "mm/slab.h"
#include "tty/tty_int.h"

const struct termios2 tty_termios_default = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 003, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 004,
		[VMIN] = 1, [VSTART] = 021, [VSTOP] = 023,
		[VSUSP] = 032, [VREPRINT] = 022, [VDISCARD] = 017, [VWERASE] = 027, [VLNEXT] = 026,
	},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

static struct tty *ldisc_tty(struct ldisc *l)
{
	return container_of(l, struct tty, ldisc);
}

static size_t host_room(struct ldisc *l)
{
	struct tty *t = ldisc_tty(l);

	return l->stopped ? 0 : t->ops->room(t);
}

static void host_put(struct ldisc *l, const u8 *data, size_t n)
{
	struct tty *t = ldisc_tty(l);

	t->ops->put(t, data, n);
}

static void host_signal(struct ldisc *l, int signo)
{
	tty_signal_foreground(ldisc_tty(l), signo);
}

static void host_flush_output(struct ldisc *l)
{
	struct tty *t = ldisc_tty(l);

	if (t->ops->flush)
		t->ops->flush(t);
	wait_wake_one(&t->write_wait, POLLOUT | POLLWRNORM);
}

static void host_input_flushed(struct ldisc *l)
{
	struct tty *t = ldisc_tty(l);

	if (t->ops->input_flushed)
		t->ops->input_flushed(t);
	tty_input_unthrottle_locked(t);
}

static void host_flow(struct ldisc *l, bool stopped)
{
	struct tty *t = ldisc_tty(l);

	if (t->ops->flow)
		t->ops->flow(t, stopped);
	if (!stopped)
		wait_wake_one(&t->write_wait, POLLOUT | POLLWRNORM);
}

static void host_readable(struct ldisc *l)
{
	wait_wake_one(&ldisc_tty(l)->read_wait, POLLIN | POLLRDNORM);
}

static const struct ldisc_host tty_ldisc_host = {
	.room = host_room,
	.put = host_put,
	.signal = host_signal,
	.flush_output = host_flush_output,
	.input_flushed = host_input_flushed,
	.flow = host_flow,
	.readable = host_readable,
};

/* There is input, or room for echo that waits (tty_output_ready()). */
static void tty_input_worker(struct work *work)
{
	struct tty *t = container_of(work, struct tty, input_work);

	mutex_lock(&t->ldisc_lock);
	tty_input_run_locked(t);
	ldisc_echo_send(&t->ldisc);
	mutex_unlock(&t->ldisc_lock);
}

struct tty *tty_alloc(u32 dev, const struct tty_ops *ops, void *data,
	const struct termios2 *termios, u32 ring_size)
{
	struct tty *t = kzalloc(sizeof(*t), MM_KERNEL);
	u8 *ring = kmalloc(ring_size, MM_KERNEL);

	if (!t || !ring) {
		kfree(t);
		kfree(ring);
		return NULL;
	}
	ref_set(&t->refs, 1);
	t->dev = dev;
	t->ops = ops;
	t->data = data;
	t->init_termios = *termios;
	t->room_least = TTY_ROOM_LEAST;
	mutex_init(&t->lock, RANK_TTY, "tty");
	mutex_init(&t->read_lock, RANK_TTY, "tty_read");
	mutex_init(&t->write_lock, RANK_TTY, "tty_write");
	mutex_init(&t->ldisc_lock, RANK_TTY_LDISC, "ldisc");
	spin_init(&t->ctl, RANK_TTY_STATE, "tty_ctl");
	spin_init(&t->input_lock, RANK_TTY_PORT, "tty_input");
	wait_init(&t->read_wait);
	wait_init(&t->write_wait);
	ldisc_init(&t->ldisc, &tty_ldisc_host, termios);
	ring_init(&t->input, ring, ring_size);
	work_init(&t->input_work, tty_input_worker);
	return t;
}

void tty_put(struct tty *t)
{
	if (!ref_put(&t->refs))
		return;
	work_flush(&t->input_work);
	if (t->ops->free)
		t->ops->free(t);
	kfree(t->input.buf);
	kfree(t);
}
