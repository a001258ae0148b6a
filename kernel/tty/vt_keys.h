/*
 * From a key that goes down or up to what the console gets: by the map, the modifiers that are
 * held, the locks, and a dead key that waits for its letter. Pure.
 *
 * Lock: the caller's, around every call.
 */
#pragma once

#include "tty/vt_keymap.h"

enum vt_lock_key { VT_LOCK_SCROLL = 1, VT_LOCK_NUM = 2, VT_LOCK_CAPS = 4 };   /* as KDGKBLED */

/* What the consoles share: the state of the keyboard. */
struct vt_keyboard {
	u8 held[KG_COUNT];       /* keys that hold each modifier */
	u8 modifier_of[VT_KEYS]; /* that a key holds, plus one; 0: none */
	u32 mark;                /* of a dead key; 0: none waits */
	bool compose;            /* the next character is a mark */
	u32 digits;              /* of a character typed by its number, while a modifier is held */
	bool has_digits;
};

/* A console's. */
struct vt_keys {
	u8 locks;         /* enum vt_lock_key, switched on */
	u8 default_locks; /* as KDSKBLED set them */
	u8 locked;        /* modifiers by KT_LOCK: bits of a table's number */
	u8 sticky;        /* by KT_SLOCK: for the next key */
	bool unicode;     /* K_UNICODE: characters in UTF-8; else one byte each */
	bool raw;         /* only modifiers are followed */
	bool app_cursor, app_keypad, newline; /* the emulator's modes */
	bool meta_bit;    /* Alt sets bit 7 instead of sending ESC first */
};

enum vt_key_action {
	VT_KEY_NONE, VT_KEY_CONSOLE /* number in `console` */, VT_KEY_LAST_CONSOLE,
	VT_KEY_PREVIOUS_CONSOLE, VT_KEY_NEXT_CONSOLE, VT_KEY_LOCKS /* they changed */,
	VT_KEY_HOLD /* Scroll Lock did */, VT_KEY_LOOK_BACK, VT_KEY_LOOK_FORTH, VT_KEY_BOOT,
	VT_KEY_BREAK,
};

enum vt_key_event { VT_KEY_UP, VT_KEY_DOWN, VT_KEY_AGAIN };

/* What a key leads to: bytes, and something to be done. */
struct vt_key_result {
	enum vt_key_action action;
	unsigned console;   /* from 0 */
	const char *string; /* a function key's, in the map; or NULL, and then */
	size_t n;
	char bytes[16];
};

void vt_key(struct vt_keyboard *keyboard, struct vt_keys *keys, const struct vt_keymap *map,
	unsigned key, enum vt_key_event event, struct vt_key_result *result);
/* The modifiers that are held, as bits of a table's number. */
unsigned vt_keyboard_modifiers(const struct vt_keyboard *keyboard);
