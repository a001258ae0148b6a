/*
 * What keys mean: a *table* of 256 keysyms (abi/keyboard.h) for each set of modifiers that has a
 * meaning, numbered by their bits; the strings of function keys; and *accents*, which make one
 * character of a mark and a letter. There is one map for all consoles. Pure: storage is the
 * caller's.
 *
 * Lock: the caller's, around every call.
 */
#pragma once

#include "abi/keyboard.h"
#include "lib/types.h"

#define VT_TABLES      256
#define VT_KEYS        256
#define VT_FUNCTIONS   256
#define VT_ACCENTS_MAX 256
#define VT_TABLE_BYTES (VT_KEYS * sizeof(u16))
#define VT_US_TABLES   8 /* that the US map has */

struct vt_accent { u32 mark, base, result; };

struct vt_keymap {
	u16 *table[VT_TABLES];        /* NULL: keys do nothing with these modifiers */
	char *function[VT_FUNCTIONS]; /* NULL: the usual one */
	struct vt_accent accents[VT_ACCENTS_MAX];
	unsigned n_accents;
};

/* The US map in an empty one, on storage for its tables, and the usual accents. */
void vt_keymap_us(struct vt_keymap *map, u16 *storage[VT_US_TABLES]);
void vt_keymap_accents(struct vt_keymap *map);
/* What a function key sends, NUL-terminated. */
const char *vt_keymap_function(const struct vt_keymap *map, unsigned n);
/* The character that a mark and a letter make, or 0. */
u32 vt_keymap_accent(const struct vt_keymap *map, u32 mark, u32 base);
/* The character that stands for a dead key (KT_DEAD) in accents. */
u32 vt_keymap_mark(unsigned dead);
/* Whether a program may give a key that meaning; unicode: the keyboard's mode is K_UNICODE. */
bool vt_keysym_is_valid(u16 keysym, bool unicode);
