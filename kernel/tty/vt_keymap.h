/*
 * The US keyboard: what a key with its modifiers sends. Pure. Key codes are those of dev/input.h.
 */
#pragma once

#include "lib/types.h"

/* as TIOCLINUX 6 tells them */
enum vt_modifier { VT_SHIFT = 1, VT_ALTGR = 2, VT_CTRL = 4, VT_ALT = 8 };
enum vt_lock_key { VT_LOCK_SCROLL = 1, VT_LOCK_NUM = 2, VT_LOCK_CAPS = 4 };   /* as KDGKBLED */

struct vt_keys {
	u8 modifiers; /* enum vt_modifier, held down */
	u8 locks;     /* enum vt_lock_key, switched on */
	bool app_cursor, app_keypad, newline; /* the emulator's modes */
	bool meta_bit; /* Alt sets bit 7 instead of sending ESC first */
};

#define VT_KEY_BYTES 8

/* The bytes that a key sends: how many; 0: none. */
size_t vt_key_bytes(const struct vt_keys *keys, unsigned key, char out[VT_KEY_BYTES]);
/* The modifier that a key is, or 0; and the lock that it switches, or 0. */
unsigned vt_key_modifier(unsigned key);
unsigned vt_key_lock(unsigned key);
/* n of Fn, or 0. */
unsigned vt_key_function(unsigned key);
enum {
	VT_KEY_SCROLL_LOCK = 70, VT_KEY_PAGE_UP = 104, VT_KEY_LEFT = 105, VT_KEY_RIGHT = 106,
	VT_KEY_PAGE_DOWN = 109,
};
