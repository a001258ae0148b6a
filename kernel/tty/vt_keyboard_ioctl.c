/* ioctl_console(2) about the keyboard: its mode, locks and lamps, what Alt does. */
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "tty/vt_console.h"

enum { META_BIT = 3, META_ESCAPE = 4 }; /* KDGKBMETA */
#define LOCKS         7u
#define DEFAULT_SHIFT 4 /* KDSKBLED's defaults stand above what is on */

static long out_u8(u64 arg, u8 v)
{
	return copy_out_obj((u8 __user *)arg, &v);
}

static long out_u32(u64 arg, u32 v)
{
	return copy_out_obj((u32 __user *)arg, &v);
}

static long mode_set(struct vt_console *c, u64 mode)
{
	u64 flags;

	if (mode > K_OFF)
		return -EINVAL;
	flags = spin_lock_irq(&vt_lock);
	c->keyboard_mode = (u8)mode;
	c->keys.unicode = mode == K_UNICODE;
	c->keys.raw = mode != K_UNICODE && mode != K_XLATE;
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

static void leds_changed_locked(struct vt_console *c)
{
	if (c == vt_consoles[vt_front])
		vt_keyboard_leds_locked();
}

/* What is on, and above it what a reset of the keyboard would turn on. */
static long locks_set(struct vt_console *c, u64 locks)
{
	u64 flags;

	if (locks & ~(u64)(LOCKS | LOCKS << DEFAULT_SHIFT))
		return -EINVAL;
	flags = spin_lock_irq(&vt_lock);
	c->keys.locks = locks & LOCKS;
	c->keys.default_locks = locks >> DEFAULT_SHIFT & LOCKS;
	leds_changed_locked(c);
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

/* Lamps that tell of something else than the locks; any higher bit gives them back. */
static long lamps_set(struct vt_console *c, u64 lamps)
{
	u64 flags = spin_lock_irq(&vt_lock);

	c->lamps = lamps & ~(u64)LOCKS ? LAMPS_LOCKS : (u8)lamps;
	leds_changed_locked(c);
	spin_unlock_irq(&vt_lock, flags);
	return 0;
}

static long meta_set(struct vt_console *c, u64 meta)
{
	if (meta != META_BIT && meta != META_ESCAPE)
		return -EINVAL;
	WRITE_ONCE(c->keys.meta_bit, meta == META_BIT);
	return 0;
}

static long set(struct vt_console *c, u32 request, u64 arg)
{
	if (!vt_may_change(c->tty))
		return -EPERM;
	switch (request) {
	case KDSKBMODE:
		return mode_set(c, arg);
	case KDSKBLED:
		return locks_set(c, arg);
	case KDSETLED:
		return lamps_set(c, arg);
	default:
		return meta_set(c, arg);
	}
}

long vt_keyboard_ioctl(struct vt_console *c, u32 request, u64 arg)
{
	switch (request) {
	case KDGKBTYPE:
		return out_u8(arg, KB_101);
	case KDGKBMODE:
		return out_u32(arg, c->keyboard_mode);
	case KDGKBLED:
		return out_u8(arg, (u8)(c->keys.locks | c->keys.default_locks << DEFAULT_SHIFT));
	case KDGETLED:
		return out_u8(arg, c->lamps == LAMPS_LOCKS ? c->keys.locks : c->lamps);
	case KDGKBMETA:
		return out_u32(arg, c->keys.meta_bit ? META_BIT : META_ESCAPE);
	case KDSKBMODE:
	case KDSKBLED:
	case KDSETLED:
	case KDSKBMETA:
		return set(c, request, arg);
	default:
		return vt_keymap_ioctl(c, request, arg);
	}
}
