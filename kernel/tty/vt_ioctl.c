/*
 * ioctl_console(2) on virtual consoles: the screen's mode, switching. There are no loadable fonts,
 * and a console is never left to a process to switch (VT_PROCESS): those requests fail.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "tty/vt_console.h"

/* TIOCLINUX subcodes */
enum { TIOCL_SHIFT_STATE = 6, TIOCL_MOUSE = 7, TIOCL_FRONT = 12 };

bool vt_may_change(struct tty *t)
{
	return tty_is_mine(t) || cred_capable(cred_current(), CAP_SYS_TTY_CONFIG);
}

static long out_u8(u64 arg, u8 v)
{
	return copy_out_obj((u8 __user *)arg, &v);
}

static long out_u32(u64 arg, u32 v)
{
	return copy_out_obj((u32 __user *)arg, &v);
}

static long screen_mode_set(struct vt_console *c, u64 mode)
{
	u64 flags;

	if (!vt_may_change(c->tty))
		return -EPERM;
	if (mode != KD_TEXT && mode != KD_GRAPHICS)
		return -EINVAL;
	flags = spin_lock_irq(&vt_lock);
	c->graphics = mode == KD_GRAPHICS;
	vt_console_refresh_locked();
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

static bool in_use(unsigned index)
{
	struct vt_console *c = vt_consoles[index];

	return c && (c->tty->n_open || c->tty->n_console);
}

/* The first console that nobody has open. */
static long query_free(u64 arg)
{
	u32 found = ~0u;

	for (unsigned i = VT_CONSOLES; i-- > 0;)
		if (!in_use(i))
			found = i + 1;
	return out_u32(arg, found);
}

static long state_get(u64 arg)
{
	struct vt_stat state = { .v_active = (u16)(vt_front + 1), .v_state = 1 };

	for (unsigned i = 0; i < VT_CONSOLES; i++)
		if (in_use(i))
			state.v_state |= (u16)(2u << i);
	return copy_out_obj((struct vt_stat __user *)arg, &state);
}

static long activate(struct vt_console *c, u64 n)
{
	if (!vt_may_change(c->tty))
		return -EPERM;
	return n ? vt_console_switch((unsigned)min(n - 1, (u64)VT_CONSOLES)) : -ENXIO;
}

static long wait_active(struct vt_console *c, u64 n)
{
	if (!vt_may_change(c->tty))
		return -EPERM;
	if (!n || n > VT_CONSOLES)
		return -ENXIO;
	return wait_interruptible(&vt_switched, READ_ONCE(vt_front) == n - 1);
}

static long mode_set(struct vt_console *c, u64 arg)
{
	struct vt_mode mode;
	u64 flags;

	if (!vt_may_change(c->tty))
		return -EPERM;
	if (copy_in_obj(&mode, (const struct vt_mode __user *)arg))
		return -EFAULT;
	if (mode.mode != VT_AUTO)
		return -EINVAL;
	mode.frsig = 0;
	flags = spin_lock_irq(&vt_lock);
	c->mode = mode;
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

static long mode_get(struct vt_console *c, u64 arg)
{
	struct vt_mode mode;
	u64 flags = spin_lock_irq(&vt_lock);

	mode = c->mode;
	spin_unlock_irq(&vt_lock, flags);
	return copy_out_obj((struct vt_mode __user *)arg, &mode);
}

/* Consoles keep their memory; the request tells whether it could be given back. */
static long disallocate(u64 n)
{
	if (n > VT_CONSOLES)
		return -ENXIO;
	return n && (in_use((unsigned)n - 1) || READ_ONCE(vt_front) == n - 1) ? -EBUSY : 0;
}

static u8 modifiers(void)
{
	u64 flags = spin_lock_irq(&vt_lock);
	u8 bits = (u8)vt_keyboard_modifiers(&vt_keyboard);

	spin_unlock_irq(&vt_lock, flags);
	return bits;
}

static long linux_ioctl(struct vt_console *c, u64 arg)
{
	u8 code;

	if (!vt_may_change(c->tty))
		return -EPERM;
	if (copy_in_obj(&code, (const u8 __user *)arg))
		return -EFAULT;
	switch (code) {
	case TIOCL_SHIFT_STATE:
		return out_u8(arg, modifiers());
	case TIOCL_MOUSE:
		return out_u8(arg, 0);
	case TIOCL_FRONT:
		return (long)READ_ONCE(vt_front);
	default:
		return -EINVAL;
	}
}

long vt_console_ioctl(struct tty *t, struct file *file, u32 request, u64 arg)
{
	struct vt_console *c = t->data;

	switch (request) {
	case KDGETMODE:
		return out_u32(arg, c->graphics ? KD_GRAPHICS : KD_TEXT);
	case KDSETMODE:
		return screen_mode_set(c, arg);
	case VT_OPENQRY:
		return query_free(arg);
	case VT_GETSTATE:
		return state_get(arg);
	case VT_ACTIVATE:
		return activate(c, arg);
	case VT_WAITACTIVE:
		return wait_active(c, arg);
	case VT_GETMODE:
		return mode_get(c, arg);
	case VT_SETMODE:
		return mode_set(c, arg);
	case VT_DISALLOCATE:
		return disallocate(arg);
	case TIOCLINUX:
		return linux_ioctl(c, arg);
	default:
		return vt_keyboard_ioctl(c, request, arg);
	}
}
