/* The US keyboard and the sequences of its function keys, as terminfo's `linux` lists them. */
#include "tty/vt_keymap.h"

#include "lib/ctype.h"
#include "lib/format.h"
#include "lib/string.h"

enum {
	KEY_BACKSPACE = 14, KEY_TAB = 15, KEY_ENTER = 28, KEY_LEFTCTRL = 29,
	KEY_LEFTSHIFT = 42, KEY_RIGHTSHIFT = 54, KEY_LEFTALT = 56, KEY_CAPSLOCK = 58,
	KEY_F1 = 59, KEY_F10 = 68, KEY_NUMLOCK = 69, KEY_KP7 = 71,
	KEY_KPDOT = 83, KEY_102ND = 86, KEY_F11 = 87, KEY_F12 = 88,
	KEY_KPENTER = 96, KEY_RIGHTCTRL = 97, KEY_KPSLASH = 98, KEY_RIGHTALT = 100,
	KEY_HOME = 102, KEY_DELETE = 111, KEY_PAUSE = 119,
};

static const char plain[] =
	"\0\033" "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033" "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* From KEY_KP7 on: with Num Lock; the cursor key of the same name; DEC's letter in application
 * mode. */
static const char keypad_digits[] = "789-456+1230.";
static const u8 keypad_cursor[] = { 102, 103, 104, 0, 105, 0, 106, 0, 107, 108, 109, 110, 111 };
static const char keypad_letters[] = "wxySturlqrspn";

/* Home … Delete: a letter after CSI (or SS3), or a number before '~'. */
static const struct { char letter; u8 number; } cursor_keys[] = {
	{ 0, 1 }, { 'A', 0 }, { 0, 5 }, { 'D', 0 }, { 'C', 0 },
	{ 0, 4 }, { 'B', 0 }, { 0, 6 }, { 0, 2 }, { 0, 3 },
};
/* F1 … F20 */
static const u8 function_numbers[] = {
	0, 0, 0, 0, 0, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34,
};

unsigned vt_key_modifier(unsigned key)
{
	switch (key) {
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
		return VT_SHIFT;
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
		return VT_CTRL;
	case KEY_LEFTALT:
		return VT_ALT;
	case KEY_RIGHTALT:
		return VT_ALTGR;
	default:
		return 0;
	}
}

unsigned vt_key_lock(unsigned key)
{
	switch (key) {
	case KEY_CAPSLOCK:
		return VT_LOCK_CAPS;
	case KEY_NUMLOCK:
		return VT_LOCK_NUM;
	case VT_KEY_SCROLL_LOCK:
		return VT_LOCK_SCROLL;
	default:
		return 0;
	}
}

unsigned vt_key_function(unsigned key)
{
	if (key >= KEY_F1 && key <= KEY_F10)
		return key - KEY_F1 + 1;
	return key == KEY_F11 ? 11 : key == KEY_F12 ? 12 : 0;
}

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
	case '\r':
	case '\033': return c;
	default: return -1;
	}
}

static size_t function_bytes(unsigned n, bool shift, char *out)
{
	n += shift ? 12 : 0;
	if (n > ARRAY_SIZE(function_numbers))
		return 0;
	if (n <= 5)
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033[[%c", 'A' + n - 1);
	return (size_t)snprintf(out, VT_KEY_BYTES, "\033[%u~", function_numbers[n - 1]);
}

static size_t cursor_bytes(const struct vt_keys *keys, unsigned key, char *out)
{
	unsigned i = key - KEY_HOME;

	if (cursor_keys[i].letter)
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033%c%c", keys->app_cursor ? 'O' : '[',
			cursor_keys[i].letter);
	return (size_t)snprintf(out, VT_KEY_BYTES, "\033[%u~", cursor_keys[i].number);
}

static size_t keypad_bytes(const struct vt_keys *keys, unsigned key, char *out)
{
	unsigned i = key - KEY_KP7;

	if (keys->app_keypad && !(keys->modifiers & VT_SHIFT))
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033O%c", keypad_letters[i]);
	if (!keypad_cursor[i] && key != KEY_KP7 + 5) {
		out[0] = keypad_digits[i];
		return 1;
	}
	if (!!(keys->locks & VT_LOCK_NUM) != !!(keys->modifiers & VT_SHIFT)) {
		out[0] = keypad_digits[i];
		return 1;
	}
	if (!keypad_cursor[i]) /* 5: the middle */
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033[G");
	return cursor_bytes(keys, keypad_cursor[i], out);
}

static size_t enter_bytes(const struct vt_keys *keys, char *out)
{
	out[0] = '\r';
	out[1] = '\n';
	return keys->newline ? 2 : 1;
}

/* A key of the main block. */
static size_t letter_bytes(const struct vt_keys *keys, unsigned key, char *out)
{
	bool shift = keys->modifiers & VT_SHIFT;
	char base, with_shift, c;
	size_t n = 0;

	if (key == KEY_102ND) {
		base = '<';
		with_shift = '>';
	} else {
		base = key < sizeof(plain) - 1 ? plain[key] : 0;
		with_shift = base ? shifted[key] : 0;
	}
	if (!base)
		return 0;
	if (key == KEY_TAB && shift)
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033[Z");
	if (char_is_alpha(base) && (keys->locks & VT_LOCK_CAPS))
		shift = !shift;
	c = shift ? with_shift : base;
	if (keys->modifiers & VT_CTRL) {
		int control = control_of(base, c);

		if (control < 0)
			return 0;
		c = (char)control;
	}
	if (keys->modifiers & VT_ALT) {
		if (keys->meta_bit)
			c = (char)(c | 0x80);
		else
			out[n++] = '\033';
	}
	if (c == '\r')
		return n + enter_bytes(keys, out + n);
	out[n++] = c;
	return n;
}

size_t vt_key_bytes(const struct vt_keys *keys, unsigned key, char out[VT_KEY_BYTES])
{
	if (vt_key_function(key))
		return function_bytes(vt_key_function(key), keys->modifiers & VT_SHIFT, out);
	if (key >= KEY_KP7 && key <= KEY_KPDOT)
		return keypad_bytes(keys, key, out);
	if (key >= KEY_HOME && key <= KEY_DELETE)
		return cursor_bytes(keys, key, out);
	if (key == KEY_KPENTER) {
		if (keys->app_keypad)
			return (size_t)snprintf(out, VT_KEY_BYTES, "\033OM");
		return enter_bytes(keys, out);
	}
	if (key == KEY_KPSLASH) {
		out[0] = '/';
		return 1;
	}
	if (key == KEY_PAUSE)
		return (size_t)snprintf(out, VT_KEY_BYTES, "\033[P");
	return letter_bytes(keys, key, out);
}
