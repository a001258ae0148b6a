/* Keys by the map: see vt_keys.h. One function for each type of keysym, in the table at the end;
 * ioctl_console(2) and keymaps(5) say what they mean. */
#include "tty/vt_keys.h"

#include "lib/string.h"
#include "lib/utf8.h"

/* One key's way. */
struct stroke {
	struct vt_keyboard *keyboard;
	struct vt_keys *keys;
	const struct vt_keymap *map;
	unsigned key;
	bool again; /* repeated */
	struct vt_key_result *result;
};

unsigned vt_keyboard_modifiers(const struct vt_keyboard *keyboard)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < KG_CAPSSHIFT; i++)
		if (keyboard->held[i])
			bits |= 1u << i;
	return bits;
}

static void put(struct stroke *s, u8 byte)
{
	if (s->result->n < sizeof(s->result->bytes))
		s->result->bytes[s->result->n++] = (char)byte;
}

static void put_text(struct stroke *s, const char *text)
{
	while (*text)
		put(s, (u8)*text++);
}

static void put_character(struct stroke *s, u32 code)
{
	char bytes[4];
	size_t n = utf8_encode(code, bytes);

	if (!s->keys->unicode) {
		if (code < 256)
			put(s, (u8)code);
		return;
	}
	for (size_t i = 0; i < n; i++)
		put(s, (u8)bytes[i]);
}

/* What a waiting mark makes of the character: both in one, the mark alone, one after the other. */
static u32 accented(struct stroke *s, u32 code)
{
	u32 mark = s->keyboard->mark, both;

	s->keyboard->mark = 0;
	if (!mark)
		return code;
	both = vt_keymap_accent(s->map, mark, code);
	if (both)
		return both;
	if (code == ' ' || code == mark)
		return mark;
	put_character(s, mark);
	return code;
}

static void character(struct stroke *s, u32 code)
{
	code = accented(s, code);
	if (s->keyboard->compose) {
		s->keyboard->compose = false;
		s->keyboard->mark = code;
		return;
	}
	put_character(s, code);
}

static void latin(struct stroke *s, u8 value)
{
	character(s, value);
}

static void dead(struct stroke *s, u8 value)
{
	s->keyboard->mark = accented(s, vt_keymap_mark(value));
}

static void dead2(struct stroke *s, u8 value)
{
	s->keyboard->mark = accented(s, value);
}

static void function(struct stroke *s, u8 value)
{
	s->result->string = vt_keymap_function(s->map, value);
	s->result->n = strlen(s->result->string);
}

static void cursor(struct stroke *s, u8 value)
{
	put_text(s, s->keys->app_cursor ? "\033O" : "\033[");
	put(s, (u8)"BDCA"[value]);
}

static void enter(struct stroke *s)
{
	if (s->keyboard->mark)
		put_character(s, s->keyboard->mark);
	s->keyboard->mark = 0;
	put_text(s, s->keys->newline ? "\r\n" : "\r");
}

/* The cursor's key of the same name, while Num Lock is off: whether it has one. */
static bool keypad_cursor(struct stroke *s, u8 value)
{
	static const u8 functions[] = {
		[0] = FN_INSERT, [1] = FN_SELECT, [3] = FN_PAGE_DOWN, [7] = FN_FIND,
		[9] = FN_PAGE_UP, [PAD_COMMA] = FN_REMOVE, [PAD_DOT] = FN_REMOVE,
	};
	static const u8 directions[] = {
		[2] = CUR_DOWN, [4] = CUR_LEFT, [6] = CUR_RIGHT, [8] = CUR_UP,
	};

	if (value == 5)
		put_text(s, s->keys->app_cursor ? "\033OG" : "\033[G");
	else if (value <= 8 && !(value & 1) && value)
		cursor(s, directions[value]);
	else if (value < ARRAY_SIZE(functions) && functions[value])
		function(s, functions[value]);
	else
		return false;
	return true;
}

static void keypad(struct stroke *s, u8 value)
{
	if (s->keys->app_keypad && !s->keyboard->held[KG_SHIFT]) {
		put_text(s, "\033O");
		put(s, (u8)"pqrstuvwxylSRQMnnmPQ"[value]);
		return;
	}
	if (!(s->keys->locks & VT_LOCK_NUM) && keypad_cursor(s, value))
		return;
	if (value == PAD_ENTER)
		enter(s);
	else
		put(s, (u8)"0123456789+-*/\r,.?()"[value]);
}

static void console(struct stroke *s, u8 value)
{
	s->result->action = VT_KEY_CONSOLE;
	s->result->console = value;
}

static void modifier(struct stroke *s, u8 value)
{
	if (s->again || s->keyboard->modifier_of[s->key])
		return;
	if (value == KG_CAPSSHIFT) {
		value = KG_SHIFT;
		s->keys->locks &= ~VT_LOCK_CAPS;
		s->result->action = VT_KEY_LOCKS;
	}
	s->keyboard->modifier_of[s->key] = value + 1;
	s->keyboard->held[value]++;
}

/* With the modifier's end comes the character that was typed by its number. */
static void modifier_up(struct stroke *s)
{
	struct vt_keyboard *k = s->keyboard;
	u8 value = k->modifier_of[s->key];

	if (!value)
		return;
	k->modifier_of[s->key] = 0;
	k->held[value - 1]--;
	if (k->has_digits && !s->keys->raw)
		put_character(s, s->keys->unicode ? k->digits : k->digits & 0xff);
	k->has_digits = false;
	k->digits = 0;
}

static void meta(struct stroke *s, u8 value)
{
	if (s->keys->meta_bit) {
		put_character(s, value | 0x80);
	} else {
		put(s, 033);
		put(s, value);
	}
}

static void digit(struct stroke *s, u8 value)
{
	struct vt_keyboard *k = s->keyboard;

	k->digits = value < 10 ? k->digits * 10 + value : k->digits * 16 + value - 10;
	k->has_digits = true;
}

static void lock(struct stroke *s, u8 value)
{
	if (!s->again)
		s->keys->locked ^= (u8)(1u << value);
}

/* Held it is the modifier, touched it is that for the next key. */
static void sticky(struct stroke *s, u8 value)
{
	struct vt_keys *k = s->keys;

	modifier(s, value);
	if (s->again)
		return;
	k->sticky ^= (u8)(1u << value);
	if (!s->map->table[k->locked ^ k->sticky])
		k->sticky = (u8)(1u << value);
}

static void special_lock(struct stroke *s, u8 locks, enum vt_key_action action)
{
	if (s->again)
		return;
	s->keys->locks = locks;
	s->result->action = action;
}

static void special(struct stroke *s, u8 value)
{
	static const u8 actions[SPEC_COUNT] = {
		[SPEC_BREAK] = VT_KEY_BREAK, [SPEC_LAST_CONSOLE] = VT_KEY_LAST_CONSOLE,
		[SPEC_SCROLL_FORTH] = VT_KEY_LOOK_FORTH, [SPEC_SCROLL_BACK] = VT_KEY_LOOK_BACK,
		[SPEC_BOOT] = VT_KEY_BOOT, [SPEC_PREVIOUS_CONSOLE] = VT_KEY_PREVIOUS_CONSOLE,
		[SPEC_NEXT_CONSOLE] = VT_KEY_NEXT_CONSOLE,
	};
	u8 locks = s->keys->locks;

	switch (value) {
	case SPEC_ENTER:
		enter(s);
		break;
	case SPEC_CAPS:
		special_lock(s, locks ^ VT_LOCK_CAPS, VT_KEY_LOCKS);
		break;
	case SPEC_CAPS_ON:
		special_lock(s, locks | VT_LOCK_CAPS, VT_KEY_LOCKS);
		break;
	case SPEC_NUM:
		if (s->keys->app_keypad)
			put_text(s, "\033OP");
		else
			special_lock(s, locks ^ VT_LOCK_NUM, VT_KEY_LOCKS);
		break;
	case SPEC_BARE_NUM:
		special_lock(s, locks ^ VT_LOCK_NUM, VT_KEY_LOCKS);
		break;
	case SPEC_HOLD:
		special_lock(s, locks ^ VT_LOCK_SCROLL, VT_KEY_HOLD);
		break;
	case SPEC_COMPOSE:
		s->keyboard->compose = true;
		break;
	default:
		s->result->action = (enum vt_key_action)actions[value];
	}
}

static void (*const meaning[KT_TYPES])(struct stroke *s, u8 value) = {
	[KT_LATIN] = latin, [KT_FN] = function, [KT_SPEC] = special, [KT_PAD] = keypad,
	[KT_DEAD] = dead, [KT_CONS] = console, [KT_CUR] = cursor, [KT_SHIFT] = modifier,
	[KT_META] = meta, [KT_ASCII] = digit, [KT_LOCK] = lock, [KT_LETTER] = latin,
	[KT_SLOCK] = sticky, [KT_DEAD2] = dead2,
};

void vt_key(struct vt_keyboard *keyboard, struct vt_keys *keys, const struct vt_keymap *map,
	unsigned key, enum vt_key_event event, struct vt_key_result *result)
{
	struct stroke s = { keyboard, keys, map, key, event == VT_KEY_AGAIN, result };
	unsigned number = ((vt_keyboard_modifiers(keyboard) | keys->sticky) ^ keys->locked) & 0xff;
	u16 *table = map->table[number], *other = map->table[number ^ 1 << KG_SHIFT], keysym;

	*result = (struct vt_key_result){ .action = VT_KEY_NONE };
	if (event == VT_KEY_UP) {
		modifier_up(&s);
		return;
	}
	if (!table || key >= VT_KEYS) {
		keys->sticky = 0;
		return;
	}
	keysym = table[key];
	if (KTYP(keysym) == KT_LETTER && keys->locks & VT_LOCK_CAPS && other)
		keysym = other[key];
	if (keys->raw && KTYP(keysym) != KT_SHIFT)
		return;
	if (KTYP(keysym) >= KT_TYPES)
		character(&s, KEYSYM_UNICODE(keysym));
	else if (meaning[KTYP(keysym)])
		meaning[KTYP(keysym)](&s, KVAL(keysym));
	if (KTYP(keysym) != KT_SLOCK && KTYP(keysym) != KT_SHIFT)
		keys->sticky = 0;
}
