/* The life of an open terminal: open(2), close(2), hanging up. */
#include "abi/capability.h"
#include "core/clock.h"
#include "mm/slab.h"
#include "tty/tty_int.h"

#define CLOSE_WAIT_NS  (30 * NSEC_PER_SEC) /* the last close waits so long for output to leave */
#define CARRIER_LOOK_NS (100 * NSEC_PER_MSEC)

/* The first file: the terminal starts afresh, but for a slave, whose master may have written
 * already. lock held. */
static int first_open(struct tty *t)
{
	if (t->is_pty)
		goto open;
	mutex_lock(&t->ldisc_lock);
	if (t->reset_termios)
		ldisc_init(&t->ldisc, t->ldisc.host, &t->init_termios);
	else
		ldisc_reset(&t->ldisc);
	ring_skip(&t->input, ring_used(&t->input));
	t->throttled = false;
	mutex_unlock(&t->ldisc_lock);
open:
	return t->ops->open ? t->ops->open(t) : 0;
}

static void last_close(struct tty *t)
{
	t->exclusive = false;
	tty_forget_session(t);
	mutex_lock(&t->ldisc_lock);
	if (t->ldisc.stopped && !t->is_pty && t->ops->flush)
		t->ops->flush(t);
	mutex_unlock(&t->ldisc_lock);
	(void)tty_drain(t, clock_monotonic() + CLOSE_WAIT_NS);
	if (t->ops->close)
		t->ops->close(t);
}

static bool carrier_there(struct tty *t)
{
	return (t->ldisc.termios.c_cflag & CLOCAL) || !t->ops->get_modem ||
		(t->ops->get_modem(t) & TIOCM_CAR);
}

/* Without CLOCAL open(2) waits for the carrier. */
static int wait_carrier(struct tty *t, const struct tty_file *tf, struct file *file)
{
	int err = 0;

	while (!(file->flags & O_NONBLOCK) && !carrier_there(t) && !tty_file_hung(tf)) {
		err = wait_interruptible_timeout(&t->read_wait, carrier_there(t),
			clock_monotonic() + CARRIER_LOOK_NS);
		if (err && err != -ABI_ETIMEDOUT)
			return err;
	}
	return 0;
}

/* Files that were hung up still count for a slave, so that its master sees no end when a login
 * takes the terminal over; a port was closed when it was hung up. */
static void file_leave(struct tty *t, const struct tty_file *tf)
{
	bool hung;

	mutex_lock(&t->lock);
	hung = tty_file_hung(tf);
	if (tf->console)
		t->n_console--;
	else if (hung)
		t->n_hung--;
	else
		t->n_open--;
	if (!t->n_open && !t->n_console && !(t->is_pty ? t->n_hung : hung))
		last_close(t);
	mutex_unlock(&t->lock);
}

static int file_enter(struct tty *t, struct tty_file *tf)
{
	int err = 0;

	mutex_lock(&t->lock);
	if (t->exclusive && !cred_capable(cred_current(), CAP_SYS_ADMIN))
		err = -EBUSY;
	else if (!t->n_open && !t->n_console)
		err = first_open(t);
	if (!err) {
		tf->generation = t->generation;
		if (tf->console)
			t->n_console++;
		else
			t->n_open++;
	}
	mutex_unlock(&t->lock);
	return err;
}

int tty_open_file(struct file *file, struct tty *t, bool console, bool may_control)
{
	struct tty_file *tf = kmalloc(sizeof(*tf), MM_KERNEL);
	int err = -ENOMEM;

	if (!tf)
		goto fail;
	*tf = (struct tty_file){ .tty = t, .console = console };
	err = file_enter(t, tf);
	if (err)
		goto fail;
	err = wait_carrier(t, tf, file);
	if (err) {
		file_leave(t, tf);
		goto fail;
	}
	file->private = tf;
	if (may_control)
		tty_claim_at_open(t, file);
	return 0;
fail:
	kfree(tf);
	tty_put(t);
	return err;
}


void tty_close_file(struct file *file)
{
	struct tty_file *tf = file->private;

	file_leave(tf->tty, tf);
	tty_put(tf->tty);
	kfree(tf);
}

void tty_hangup(struct tty *t, bool leader_ends)
{
	bool open;

	mutex_lock(&t->lock);
	tty_session_hangup(t, leader_ends);
	open = t->n_open;
	t->n_hung += t->n_open;
	t->n_open = 0;
	t->exclusive = false;
	WRITE_ONCE(t->generation, t->generation + 1);
	mutex_lock(&t->ldisc_lock);
	if (t->ops->flush)
		t->ops->flush(t);
	ldisc_resume(&t->ldisc);
	ring_skip(&t->input, ring_used(&t->input));
	ldisc_flush_input(&t->ldisc);
	mutex_unlock(&t->ldisc_lock);
	if (open && !t->n_console && !t->is_pty && t->ops->close)
		t->ops->close(t);
	mutex_unlock(&t->lock);
	wait_wake(&t->read_wait, POLLIN | POLLRDNORM | POLLHUP | POLLERR);
	wait_wake(&t->write_wait, POLLOUT | POLLWRNORM | POLLHUP | POLLERR);
}
