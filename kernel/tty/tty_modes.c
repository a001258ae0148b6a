/*
 * Getting and setting modes: tcgetattr(3) and tcsetattr(3) in the three shapes that exist, struct
 * termios, struct termios2 (with speeds as numbers) and System V's struct termio; and the bits
 * locked against change (TIOCSLCKTRMIOS).
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "tty/tty_int.h"

enum shape { SHAPE_TERMIOS, SHAPE_TERMIOS2, SHAPE_TERMIO };
enum when { WHEN_NOW, WHEN_DRAINED, WHEN_FLUSHED };

void tty_get_modes(struct tty *t, struct termios2 *out)
{
	mutex_lock(&t->lock);
	*out = t->ldisc.termios;
	mutex_unlock(&t->lock);
}

static u32 keep_locked(u32 new_bits, u32 old, u32 locked)
{
	return (new_bits & ~locked) | (old & locked);
}

static void apply_locks(struct termios2 *termios, const struct termios2 *old,
	const struct termios2 *locked)
{
	termios->c_iflag = keep_locked(termios->c_iflag, old->c_iflag, locked->c_iflag);
	termios->c_oflag = keep_locked(termios->c_oflag, old->c_oflag, locked->c_oflag);
	termios->c_cflag = keep_locked(termios->c_cflag, old->c_cflag, locked->c_cflag);
	termios->c_lflag = keep_locked(termios->c_lflag, old->c_lflag, locked->c_lflag);
	if (locked->c_line)
		termios->c_line = old->c_line;
	for (unsigned i = 0; i < NCCS; i++)
		if (locked->c_cc[i])
			termios->c_cc[i] = old->c_cc[i];
}

void tty_set_modes(struct tty *t, struct termios2 *termios)
{
	struct termios2 old;

	mutex_lock(&t->lock);
	old = t->ldisc.termios;
	apply_locks(termios, &old, &t->locked);
	termios->c_line = N_TTY;
	if (t->ops->set_termios)
		t->ops->set_termios(t, termios, &old);
	mutex_lock(&t->ldisc_lock);
	ldisc_set_termios(&t->ldisc, termios);
	mutex_unlock(&t->ldisc_lock);
	mutex_unlock(&t->lock);
	wait_wake(&t->write_wait, POLLOUT | POLLWRNORM);
}

static int copy_modes_out(const struct termios2 *termios, enum shape shape, u64 arg)
{
	struct termio old = { 0 };

	if (shape == SHAPE_TERMIOS2)
		return copy_out_obj((struct termios2 __user *)arg, termios);
	if (shape == SHAPE_TERMIOS)
		return copy_out((void __user *)arg, termios, sizeof(struct termios));
	old.c_iflag = (u16)termios->c_iflag;
	old.c_oflag = (u16)termios->c_oflag;
	old.c_cflag = (u16)termios->c_cflag;
	old.c_lflag = (u16)termios->c_lflag;
	old.c_line = termios->c_line;
	memcpy(old.c_cc, termios->c_cc, NCC);
	return copy_out_obj((struct termio __user *)arg, &old);
}

static u32 low_half(u32 old, u16 low)
{
	return (old & 0xffff0000) | low;
}

/* The user's modes on top of those that are: 0 or -EFAULT. */
static int copy_modes_in(struct termios2 *termios, enum shape shape, u64 arg)
{
	size_t size = shape == SHAPE_TERMIOS2 ? sizeof(*termios) : sizeof(struct termios);
	struct termio old;
	u32 input_flag, input_speed;

	if (shape == SHAPE_TERMIO) {
		if (copy_in_obj(&old, (const struct termio __user *)arg))
			return -EFAULT;
		termios->c_iflag = low_half(termios->c_iflag, old.c_iflag);
		termios->c_oflag = low_half(termios->c_oflag, old.c_oflag);
		termios->c_cflag = low_half(termios->c_cflag, old.c_cflag);
		termios->c_lflag = low_half(termios->c_lflag, old.c_lflag);
		memcpy(termios->c_cc, old.c_cc, NCC);
	} else if (copy_in(termios, (const void __user *)arg, size)) {
		return -EFAULT;
	}
	input_flag = termios->c_cflag >> IBSHIFT & CBAUD;
	input_speed = termios->c_ispeed;
	termios->c_ospeed = tty_baud(termios->c_cflag, termios->c_ospeed);
	termios->c_ispeed = termios->c_ospeed;
	if (input_flag)
		termios->c_ispeed = tty_baud(input_flag, input_speed);
	return 0;
}

static long modes_set(struct tty *t, enum shape shape, enum when when, u64 arg)
{
	struct termios2 termios;
	int err = tty_check_change(t);

	if (err)
		return err;
	tty_get_modes(t, &termios);
	if (copy_modes_in(&termios, shape, arg))
		return -EFAULT;
	if (when != WHEN_NOW) {
		err = tty_drain(t, ~0ull);
		if (err)
			return err;
	}
	if (when == WHEN_FLUSHED) {
		mutex_lock(&t->ldisc_lock);
		ring_skip(&t->input, ring_used(&t->input));
		ldisc_flush_input(&t->ldisc);
		mutex_unlock(&t->ldisc_lock);
	}
	tty_set_modes(t, &termios);
	return 0;
}

static long modes_get(struct tty *t, enum shape shape, u64 arg)
{
	struct termios2 termios;

	tty_get_modes(t, &termios);
	return copy_modes_out(&termios, shape, arg);
}

static long locks_get(struct tty *t, u64 arg)
{
	struct termios2 locked;

	mutex_lock(&t->lock);
	locked = t->locked;
	mutex_unlock(&t->lock);
	return copy_modes_out(&locked, SHAPE_TERMIOS, arg);
}

static long locks_set(struct tty *t, u64 arg)
{
	struct termios2 locked = { 0 };

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_in(&locked, (const void __user *)arg, sizeof(struct termios)))
		return -EFAULT;
	mutex_lock(&t->lock);
	t->locked = locked;
	mutex_unlock(&t->lock);
	return 0;
}

static long carrier_set(struct tty *t, u64 arg)
{
	struct termios2 termios;
	s32 on;

	if (copy_in_obj(&on, (const s32 __user *)arg))
		return -EFAULT;
	tty_get_modes(t, &termios);
	termios.c_cflag = (termios.c_cflag & ~(u32)CLOCAL) | (on ? CLOCAL : 0);
	tty_set_modes(t, &termios);
	return 0;
}

static long carrier_get(struct tty *t, u64 arg)
{
	s32 on = !!(t->ldisc.termios.c_cflag & CLOCAL);

	return copy_out_obj((s32 __user *)arg, &on);
}

static const struct { u32 request; u8 shape, when; } setters[] = {
	{ TCSETS, SHAPE_TERMIOS, WHEN_NOW },
	{ TCSETSW, SHAPE_TERMIOS, WHEN_DRAINED },
	{ TCSETSF, SHAPE_TERMIOS, WHEN_FLUSHED },
	{ TCSETS2, SHAPE_TERMIOS2, WHEN_NOW },
	{ TCSETSW2, SHAPE_TERMIOS2, WHEN_DRAINED },
	{ TCSETSF2, SHAPE_TERMIOS2, WHEN_FLUSHED },
	{ TCSETA, SHAPE_TERMIO, WHEN_NOW },
	{ TCSETAW, SHAPE_TERMIO, WHEN_DRAINED },
	{ TCSETAF, SHAPE_TERMIO, WHEN_FLUSHED },
};

long tty_modes_ioctl(struct tty *t, u32 request, u64 arg)
{
	switch (request) {
	case TCGETS:
		return modes_get(t, SHAPE_TERMIOS, arg);
	case TCGETS2:
		return modes_get(t, SHAPE_TERMIOS2, arg);
	case TCGETA:
		return modes_get(t, SHAPE_TERMIO, arg);
	case TIOCGLCKTRMIOS:
		return locks_get(t, arg);
	case TIOCSLCKTRMIOS:
		return locks_set(t, arg);
	case TIOCGSOFTCAR:
		return carrier_get(t, arg);
	case TIOCSSOFTCAR:
		return carrier_set(t, arg);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(setters); i++)
		if (setters[i].request == request)
			return modes_set(t, setters[i].shape, setters[i].when, arg);
	return TTY_IOCTL_UNKNOWN;
}
