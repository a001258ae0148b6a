/* What keys of consoles mean (linux/keyboard.h), and ioctl_console(2)'s structures about it. */
#pragma once

#include "abi/types.h"

/* A keysym: a type and a value, or a character of Unicode, told by its upper four bits turned. */
#define KEYSYM(type, value) ((u16)((type) << 8 | (value)))
#define KEYSYM_UNICODE(code) ((u16)((code) ^ 0xf000))
#define KTYP(keysym) ((keysym) >> 8)
#define KVAL(keysym) ((keysym) & 0xff)
enum {
	KT_LATIN, KT_FN, KT_SPEC, KT_PAD, KT_DEAD, KT_CONS, KT_CUR, KT_SHIFT, KT_META, KT_ASCII,
	KT_LOCK, KT_LETTER, KT_SLOCK, KT_DEAD2, KT_BRL, KT_TYPES
};
/* KT_FN: F1 is 0 … F20 is 19, F21 is 30 … */
enum {
	FN_FIND = 20, FN_INSERT, FN_REMOVE, FN_SELECT, FN_PAGE_UP, FN_PAGE_DOWN, FN_MACRO, FN_HELP,
	FN_DO, FN_PAUSE
};
enum {
	SPEC_HOLE, SPEC_ENTER, SPEC_REGISTERS, SPEC_MEMORY, SPEC_STATE, SPEC_BREAK,
	SPEC_LAST_CONSOLE, SPEC_CAPS, SPEC_NUM, SPEC_HOLD, SPEC_SCROLL_FORTH, SPEC_SCROLL_BACK,
	SPEC_BOOT, SPEC_CAPS_ON, SPEC_COMPOSE, SPEC_SAK, SPEC_PREVIOUS_CONSOLE,
	SPEC_NEXT_CONSOLE, SPEC_SPAWN_CONSOLE, SPEC_BARE_NUM, SPEC_COUNT
};
/* KT_PAD: 0 … 9 are the digits */
enum {
	PAD_PLUS = 10, PAD_MINUS, PAD_STAR, PAD_SLASH, PAD_ENTER, PAD_COMMA, PAD_DOT,
	PAD_PLUS_MINUS, PAD_OPEN, PAD_CLOSE, PAD_COUNT
};
enum { CUR_DOWN, CUR_LEFT, CUR_RIGHT, CUR_UP, CUR_COUNT };
/* KT_SHIFT, KT_LOCK, KT_SLOCK; the first eight number the tables by their bits */
enum {
	KG_SHIFT, KG_ALTGR, KG_CTRL, KG_ALT, KG_SHIFTL, KG_SHIFTR, KG_CTRLL, KG_CTRLR,
	KG_CAPSSHIFT, KG_COUNT
};
#define KT_DEAD_COUNT  27
#define KT_ASCII_COUNT 26 /* ten decimal digits, sixteen hexadecimal ones */

#define K_HOLE      KEYSYM(KT_SPEC, SPEC_HOLE)
#define K_ALLOCATED KEYSYM(KT_SPEC, 126) /* what KDSKBENT of key 0 says of a table */
#define K_NOSUCHMAP KEYSYM(KT_SPEC, 127)

struct kbentry {
	u8 kb_table, kb_index;
	u16 kb_value;
};

struct kbsentry {
	u8 kb_func;
	u8 kb_string[512];
};

struct kbdiacr {
	u8 diacr, base, result;
};

struct kbdiacrs {
	u32 kb_cnt;
	struct kbdiacr kbdiacr[256];
};

struct kbdiacruc {
	u32 diacr, base, result;
};

struct kbdiacrsuc {
	u32 kb_cnt;
	struct kbdiacruc kbdiacruc[256];
};
