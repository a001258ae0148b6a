/*
 * Virtual consoles, private to the room: tty1 … tty6, six terminals that share a display and a
 * keyboard. The one in front is shown and typed into; tty0 names it. The others' output goes into
 * their own cells and is shown when they come to the front. A console is made when it is first
 * opened or switched to; the first at boot.
 *
 * Lock: vt_lock (unranked, interrupts off: the log writes here from any context) guards emulators,
 * what is in front, and the keyboard's state.
 */
#pragma once

#include "abi/ioctl.h"
#include "core/spinlock.h"
#include "dev/display.h"
#include "tty/tty_int.h"
#include "tty/vt_emul.h"
#include "tty/vt_keys.h"

#define VT_CONSOLES 6

/* v: vt_lock.  I: constant. */
struct vt_console {
	unsigned number;       /* I: 1 … VT_CONSOLES */
	struct tty *tty;       /* I: referenced */
	struct vt emul;        /* v */
	bool graphics;         /* v: KD_GRAPHICS: somebody else draws */
	u8 keyboard_mode;      /* v: K_* */
	u8 lamps;              /* v: as KDSETLED set them, or LAMPS_LOCKS */
	struct vt_keys keys;   /* v: locks and modes; modifiers are the keyboard's */
	struct vt_mode mode;   /* v */
};

extern struct spinlock vt_lock;
/* v to read, and vt_make_lock to change; never NULL again */
extern struct vt_console *vt_consoles[VT_CONSOLES];
extern unsigned vt_front;                           /* v: index of the console in front */
extern unsigned vt_last;                            /* v: the one that was there before */
extern struct wait_queue vt_switched;               /* another one came to the front */

/* The console with that index, made if it is not there: NULL: no memory. Thread context. */
struct vt_console *vt_console_make(unsigned index);
/* Brings a console to the front: 0, -ENXIO or -ENOMEM. Thread context. */
int vt_console_switch(unsigned index);
/* The same from any context, a little later. */
void vt_console_switch_later(unsigned index);
/* Shows what is in front, after somebody else drew. vt_lock held. */
void vt_console_refresh_locked(void);
/* Terminal of ttyN, N from 1 on, or of the console in front (0), referenced: 0, -ENXIO, -ENOMEM. */
int vt_tty_get(unsigned n, struct tty **out);
/* Whether there is a screen. */
bool vt_has_display(void);
/* Draws all that is to be seen now, by force: for panics. */
void vt_display_flush(void);

/* vt_keyboard.c */
void vt_keyboard_init(void);
/* Lamps of the console in front. vt_lock held. */
void vt_keyboard_leds_locked(void);
#define LAMPS_LOCKS 0xff /* the lamps show the locks */
extern struct vt_keyboard vt_keyboard; /* v */
extern struct vt_keymap vt_keymap;     /* v */

/* vt_ioctl.c */
long vt_console_ioctl(struct tty *t, struct file *file, u32 request, u64 arg);
/* Who may change a console: those it controls, and the privileged. */
bool vt_may_change(struct tty *t);
/* vt_keyboard_ioctl.c, vt_keymap_ioctl.c: requests about the keyboard, and about its map;
 * TTY_IOCTL_UNKNOWN: it is none of these. */
long vt_keyboard_ioctl(struct vt_console *c, u32 request, u64 arg);
long vt_keymap_ioctl(struct vt_console *c, u32 request, u64 arg);
/* vt_log.c: the kernel's log on the screen, if console= wants it. */
void vt_log_init(void);
/* Boot. */
void vt_console_init(void);
