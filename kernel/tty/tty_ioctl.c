/* ioctl(2) on terminals: what belongs to no other file, and the order in which the others are
 * asked. See ioctl_tty(2). */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/signal.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "tty/tty_int.h"

void tty_set_window(struct tty *t, const struct winsize *size)
{
	bool changed;

	spin_lock(&t->ctl);
	changed = memcmp(&t->winsize, size, sizeof(*size)) != 0;
	t->winsize = *size;
	spin_unlock(&t->ctl);
	if (changed)
		tty_signal_foreground(t, SIGWINCH);
}

static long window_set(struct tty *t, u64 arg)
{
	struct winsize size;
	int err = 0;

	if (copy_in_obj(&size, (const struct winsize __user *)arg))
		return -EFAULT;
	if (t->ops->resize)
		err = t->ops->resize(t, &size);
	if (!err)
		tty_set_window(t, &size);
	return err;
}

long tty_window_ioctl(struct tty *t, u32 request, u64 arg)
{
	struct winsize size;

	if (request == TIOCSWINSZ)
		return window_set(t, arg);
	if (request != TIOCGWINSZ)
		return TTY_IOCTL_UNKNOWN;
	spin_lock(&t->ctl);
	size = t->winsize;
	spin_unlock(&t->ctl);
	return copy_out_obj((struct winsize __user *)arg, &size);
}

static long exclusive_set(struct tty *t, bool on)
{
	mutex_lock(&t->lock);
	t->exclusive = on;
	mutex_unlock(&t->lock);
	return 0;
}

static long discipline_set(u64 arg)
{
	s32 n;

	if (copy_in_obj(&n, (const s32 __user *)arg))
		return -EFAULT;
	return n == N_TTY ? 0 : -EINVAL;
}

static long number_out(u64 arg, u32 n)
{
	return copy_out_obj((u32 __user *)arg, &n);
}

static long hangup(struct tty *t)
{
	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	tty_hangup(t, false);
	return 0;
}

/* TIOCSTI: typing for somebody else is an attack more often than not. */
static long simulate(struct tty *t, u64 arg)
{
	u8 c;

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EIO;
	if (copy_in_obj(&c, (const u8 __user *)arg))
		return -EFAULT;
	tty_input_quiet(t, &c, 1);
	tty_input_run(t);
	return 0;
}

long tty_misc_ioctl(struct tty *t, u32 request, u64 arg)
{
	switch (request) {
	case TIOCEXCL:
	case TIOCNXCL:
		return exclusive_set(t, request == TIOCEXCL);
	case TIOCGEXCL:
		return number_out(arg, t->exclusive);
	case TIOCGETD:
		return number_out(arg, N_TTY);
	case TIOCSETD:
		return discipline_set(arg);
	case TIOCGDEV:
		return number_out(arg, t->dev);
	case TIOCVHANGUP:
		return hangup(t);
	case TIOCSTI:
		return simulate(t, arg);
	case TIOCCONS: /* the kernel's messages go where console= says */
		return cred_capable(cred_current(), CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}

long tty_ioctl(struct file *file, u32 request, u64 arg)
{
	struct tty_file *tf = file->private;
	struct tty *t = tf->tty;
	long result;

	if (tty_file_hung(tf))
		return request == TIOCSPGRP ? -ENOTTY : -EIO;
	result = t->ops->ioctl ? t->ops->ioctl(t, file, request, arg) : TTY_IOCTL_UNKNOWN;
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_modes_ioctl(t, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_window_ioctl(t, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_session_ioctl(t, file, request, arg, false);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_flow_ioctl(t, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_modem_ioctl(t, request, arg);
	if (result == TTY_IOCTL_UNKNOWN)
		result = tty_misc_ioctl(t, request, arg);
	return result == TTY_IOCTL_UNKNOWN ? -ENOTTY : result;
}
