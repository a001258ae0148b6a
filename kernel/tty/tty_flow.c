/* tcflow(3), tcflush(3), tcdrain(3), tcsendbreak(3), and the modem lines (ioctl_tty(2)). */
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "tty/tty_int.h"

#define BREAK_NS (250 * NSEC_PER_MSEC)

/* Sends a character ahead of stopped output. To a master it is output like any other: the terminal
 * is started for it, unless tcflow(3) stopped it. */
static void send_ahead(struct tty *t, u8 c)
{
	bool stopped = t->is_pty && t->ldisc.stopped;

	if (c == LDISC_DISABLED || !t->ops->room(t) || (stopped && t->ldisc.stopped_by_call))
		return;
	if (stopped && t->ops->flow)
		t->ops->flow(t, false);
	t->ops->put(t, &c, 1);
	if (stopped && t->ops->flow)
		t->ops->flow(t, true);
}

static long flow(struct tty *t, u64 action)
{
	int err = tty_check_change(t);

	if (err)
		return err;
	if (action > TCION)
		return -EINVAL;
	mutex_lock(&t->ldisc_lock);
	if (action == TCOOFF)
		ldisc_stop(&t->ldisc, true);
	else if (action == TCOON)
		ldisc_start(&t->ldisc, true);
	else
		send_ahead(t, t->ldisc.termios.c_cc[action == TCION ? VSTART : VSTOP]);
	mutex_unlock(&t->ldisc_lock);
	return 0;
}

static long flush(struct tty *t, u64 queue)
{
	int err = tty_check_change(t);

	if (err)
		return err;
	if (queue > TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&t->ldisc_lock);
	if (queue != TCOFLUSH) {
		ring_skip(&t->input, ring_used(&t->input));
		ldisc_flush_input(&t->ldisc);
	}
	if (queue != TCIFLUSH && t->ops->flush)
		t->ops->flush(t);
	mutex_unlock(&t->ldisc_lock);
	if (queue != TCIFLUSH)
		wait_wake_one(&t->write_wait, POLLOUT | POLLWRNORM);
	return 0;
}

static int drain(struct tty *t)
{
	int err = tty_drain(t, ~0ull);

	if (!err && thread_signal_pending())
		err = -EINTR;
	return err;
}

static long break_set(struct tty *t, bool on)
{
	int err = tty_check_change(t);

	if (!err && on)
		err = drain(t);
	if (!err && t->ops->set_break)
		t->ops->set_break(t, on);
	return err;
}

static long break_send(struct tty *t, u64 duration_ns)
{
	int err = tty_check_change(t);

	if (!err)
		err = drain(t);
	if (err || !duration_ns || !t->ops->set_break)
		return err;
	err = mutex_lock_interruptible(&t->write_lock);
	if (err)
		return -EINTR;
	t->ops->set_break(t, true);
	err = wait_interruptible_timeout(&t->write_wait, false, clock_monotonic() + duration_ns);
	t->ops->set_break(t, false);
	mutex_unlock(&t->write_lock);
	return err == -ABI_ETIMEDOUT ? 0 : -EINTR;
}

static long count_out(u64 arg, u32 n)
{
	return copy_out_obj((u32 __user *)arg, &n);
}

static u32 input_count(struct tty *t)
{
	u32 n;

	mutex_lock(&t->ldisc_lock);
	tty_input_run_locked(t);
	n = ldisc_input_count(&t->ldisc);
	mutex_unlock(&t->ldisc_lock);
	return n;
}

long tty_flow_ioctl(struct tty *t, u32 request, u64 arg)
{
	switch (request) {
	case TCXONC:
		return flow(t, arg);
	case TCFLSH:
		return flush(t, arg);
	case TCSBRK: /* 0: a break; else tcdrain(3) */
		return break_send(t, arg ? 0 : BREAK_NS);
	case TCSBRKP: /* in tenths of a second, or 0 */
		return break_send(t, arg ? min(arg, (u64)600) * 100 * NSEC_PER_MSEC : BREAK_NS);
	case TIOCSBRK:
		return break_set(t, true);
	case TIOCCBRK:
		return break_set(t, false);
	case TIOCOUTQ:
		return count_out(arg, t->ops->pending ? (u32)t->ops->pending(t) : 0);
	case TIOCINQ:
		return count_out(arg, input_count(t));
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}

#define MODEM_OUTPUTS (TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1 | TIOCM_OUT2 | TIOCM_LOOP)

static long modem_change(struct tty *t, u32 request, u64 arg)
{
	u32 lines;

	if (!t->ops->set_modem)
		return -ENOTTY;
	if (copy_in_obj(&lines, (const u32 __user *)arg))
		return -EFAULT;
	lines &= MODEM_OUTPUTS;
	if (request == TIOCMBIC)
		t->ops->set_modem(t, 0, lines);
	else
		t->ops->set_modem(t, lines, request == TIOCMSET ? MODEM_OUTPUTS & ~lines : 0);
	return 0;
}

long tty_modem_ioctl(struct tty *t, u32 request, u64 arg)
{
	switch (request) {
	case TIOCMGET:
		return t->ops->get_modem ? count_out(arg, t->ops->get_modem(t)) : -ENOTTY;
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
		return modem_change(t, request, arg);
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}
