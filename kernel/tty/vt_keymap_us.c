/* The US keyboard's map, which is there until another is loaded. */
#include "lib/ctype.h"
#include "tty/vt_keymap.h"

enum {
	KEY_BACKSPACE = 14, KEY_TAB = 15, KEY_ENTER = 28, KEY_LEFTCTRL = 29, KEY_LEFTSHIFT = 42,
	KEY_RIGHTSHIFT = 54, KEY_KPASTERISK = 55, KEY_LEFTALT = 56, KEY_CAPSLOCK = 58, KEY_F1 = 59,
	KEY_F10 = 68, KEY_NUMLOCK = 69, KEY_SCROLLLOCK = 70, KEY_KP7 = 71, KEY_KPDOT = 83,
	KEY_102ND = 86, KEY_F11 = 87, KEY_F12 = 88, KEY_KPENTER = 96, KEY_RIGHTCTRL = 97,
	KEY_KPSLASH = 98, KEY_RIGHTALT = 100, KEY_HOME = 102, KEY_UP, KEY_PAGEUP, KEY_LEFT,
	KEY_RIGHT, KEY_END, KEY_DOWN, KEY_PAGEDOWN, KEY_INSERT, KEY_DELETE, KEY_PAUSE = 119,
	KEY_COMPOSE = 127,
};

enum { SHIFT = 1 << KG_SHIFT, ALTGR = 1 << KG_ALTGR, CTRL = 1 << KG_CTRL, ALT = 1 << KG_ALT };

static const u8 us_tables[VT_US_TABLES] = {
	0, SHIFT, ALTGR, CTRL, SHIFT | CTRL, ALT, SHIFT | ALT, CTRL | ALT,
};

static const char plain[] =
	"\0\033" "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0\0\0 ";
static const char shifted[] =
	"\0\033" "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0\0\0 ";

static const u8 keypad[] = {
	7, 8, 9, PAD_MINUS, 4, 5, 6, PAD_PLUS, 1, 2, 3, 0, PAD_DOT,
};

/* The same in every table. */
static const struct { u8 key; u16 keysym; } always[] = {
	{ KEY_ENTER, KEYSYM(KT_SPEC, SPEC_ENTER) },
	{ KEY_LEFTCTRL, KEYSYM(KT_SHIFT, KG_CTRL) }, { KEY_RIGHTCTRL, KEYSYM(KT_SHIFT, KG_CTRL) },
	{ KEY_LEFTSHIFT, KEYSYM(KT_SHIFT, KG_SHIFT) },
	{ KEY_RIGHTSHIFT, KEYSYM(KT_SHIFT, KG_SHIFT) },
	{ KEY_LEFTALT, KEYSYM(KT_SHIFT, KG_ALT) }, { KEY_RIGHTALT, KEYSYM(KT_SHIFT, KG_ALTGR) },
	{ KEY_CAPSLOCK, KEYSYM(KT_SPEC, SPEC_CAPS) }, { KEY_NUMLOCK, KEYSYM(KT_SPEC, SPEC_NUM) },
	{ KEY_SCROLLLOCK, KEYSYM(KT_SPEC, SPEC_HOLD) },
	{ KEY_KPASTERISK, KEYSYM(KT_PAD, PAD_STAR) }, { KEY_KPSLASH, KEYSYM(KT_PAD, PAD_SLASH) },
	{ KEY_KPENTER, KEYSYM(KT_PAD, PAD_ENTER) }, { KEY_HOME, KEYSYM(KT_FN, FN_FIND) },
	{ KEY_UP, KEYSYM(KT_CUR, CUR_UP) }, { KEY_DOWN, KEYSYM(KT_CUR, CUR_DOWN) },
	{ KEY_LEFT, KEYSYM(KT_CUR, CUR_LEFT) }, { KEY_RIGHT, KEYSYM(KT_CUR, CUR_RIGHT) },
	{ KEY_PAGEUP, KEYSYM(KT_FN, FN_PAGE_UP) }, { KEY_PAGEDOWN, KEYSYM(KT_FN, FN_PAGE_DOWN) },
	{ KEY_END, KEYSYM(KT_FN, FN_SELECT) }, { KEY_INSERT, KEYSYM(KT_FN, FN_INSERT) },
	{ KEY_DELETE, KEYSYM(KT_FN, FN_REMOVE) }, { KEY_PAUSE, KEYSYM(KT_FN, FN_PAUSE) },
	{ KEY_COMPOSE, KEYSYM(KT_SPEC, SPEC_COMPOSE) },
};

/* In one table only. */
static const struct { u8 table, key; u16 keysym; } sometimes[] = {
	{ SHIFT, KEY_TAB, KEYSYM(KT_FN, 255) },
	{ SHIFT, KEY_PAGEUP, KEYSYM(KT_SPEC, SPEC_SCROLL_BACK) },
	{ SHIFT, KEY_PAGEDOWN, KEYSYM(KT_SPEC, SPEC_SCROLL_FORTH) },
	{ ALT, KEY_ENTER, KEYSYM(KT_META, '\r') },
	{ ALT, KEY_LEFT, KEYSYM(KT_SPEC, SPEC_PREVIOUS_CONSOLE) },
	{ ALT, KEY_RIGHT, KEYSYM(KT_SPEC, SPEC_NEXT_CONSOLE) },
	{ CTRL, KEY_PAUSE, KEYSYM(KT_SPEC, SPEC_BREAK) },
	{ CTRL | ALT, KEY_DELETE, KEYSYM(KT_SPEC, SPEC_BOOT) },
	{ CTRL | ALT, KEY_KPDOT, KEYSYM(KT_SPEC, SPEC_BOOT) },
};

/* Ctrl makes a control character of what the key prints: 0 … 31 or DEL; -1: of this one none. */
static int control_of(char c, char with_shift)
{
	if (char_is_alpha(c) || c == '[' || c == '\\' || c == ']')
		return c & 0x1f;
	switch (c) {
	case ' ':
	case '2':
	case '`': return 0;
	case '3': return 033;
	case '4': return 034;
	case '5': return 035;
	case '6': return 036;
	case '7':
	case '-': return 037;
	case '8': return 0177;
	case '/': return with_shift == '?' ? 0177 : 037;
	case '\177': return '\b';
	case '\t':
	case '\033': return c;
	default: return -1;
	}
}

static u16 letter(unsigned table, char base, char with_shift)
{
	char c = table & SHIFT ? with_shift : base;

	if (table & CTRL) {
		int control = control_of(base, c);

		if (control < 0)
			return K_HOLE;
		return KEYSYM(table & ALT ? KT_META : KT_LATIN, control);
	}
	if (table & ALT)
		return KEYSYM(KT_META, c);
	return KEYSYM(char_is_alpha(c) ? KT_LETTER : KT_LATIN, c);
}

static void set_keypad(unsigned table, u16 *to)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keypad); i++) {
		unsigned type = table == ALT && keypad[i] < 10 ? KT_ASCII : KT_PAD;

		to[KEY_KP7 + i] = KEYSYM(type, keypad[i]);
	}
}

/* Alt: consoles; Shift: F13 on. */
static u16 function(unsigned table, unsigned n)
{
	if (table & ALT)
		return KEYSYM(KT_CONS, n);
	n += table & SHIFT ? 12 : 0;
	return KEYSYM(KT_FN, n < 20 ? n : n + 10);
}

static void fill(unsigned table, u16 *to)
{
	for (unsigned key = 0; key < VT_KEYS; key++)
		to[key] = K_HOLE;
	for (unsigned key = 1; key < sizeof(plain) - 1; key++)
		if (plain[key])
			to[key] = letter(table, plain[key], shifted[key]);
	to[KEY_102ND] = letter(table, '<', '>');
	set_keypad(table, to);
	for (unsigned n = 0; n < 12; n++)
		to[n < 10 ? KEY_F1 + n : KEY_F11 + n - 10] = function(table, n);
	for (unsigned i = 0; i < ARRAY_SIZE(always); i++)
		to[always[i].key] = always[i].keysym;
	for (unsigned i = 0; i < ARRAY_SIZE(sometimes); i++)
		if (sometimes[i].table == table)
			to[sometimes[i].key] = sometimes[i].keysym;
}

void vt_keymap_us(struct vt_keymap *map, u16 *storage[VT_US_TABLES])
{
	for (unsigned i = 0; i < VT_US_TABLES; i++) {
		map->table[us_tables[i]] = storage[i];
		fill(us_tables[i], storage[i]);
	}
	vt_keymap_accents(map);
}
