/* Keys of the consoles: what the US map sends, and maps that were loaded; scan codes. */
#include "test/host/unit.h"

#include "dev/input_set1.h"
#include "tty/vt_keys.h"

enum { SHIFT = 1, CTRL = 2, ALT = 4, ALTGR = 8 };
static const u8 modifier_keys[] = { 42, 29, 56, 100 };

static struct vt_keymap map;
static struct vt_keyboard keyboard;
static struct vt_keys keys;
static struct vt_key_result result;
static u16 tables[VT_US_TABLES][VT_KEYS];

static void begin_keys(void)
{
	u16 *storage[VT_US_TABLES];

	for (unsigned i = 0; i < VT_US_TABLES; i++)
		storage[i] = tables[i];
	memset(&map, 0, sizeof(map));
	memset(&keyboard, 0, sizeof(keyboard));
	keys = (struct vt_keys){ .unicode = true };
	vt_keymap_us(&map, storage);
}

/* Presses a key, or lets it go: what it sends. */
static const char *event(unsigned code, enum vt_key_event event)
{
	static char bytes[64];
	const char *text;

	vt_key(&keyboard, &keys, &map, code, event, &result);
	text = result.string ? result.string : result.bytes;
	memcpy(bytes, text, result.n);
	bytes[result.n] = 0;
	return bytes;
}

static const char *key(unsigned code, unsigned modifiers)
{
	struct vt_key_result kept;
	const char *text;

	for (unsigned i = 0; i < ARRAY_SIZE(modifier_keys); i++)
		if (modifiers >> i & 1)
			event(modifier_keys[i], VT_KEY_DOWN);
	text = strdup(event(code, VT_KEY_DOWN));
	kept = result;
	event(code, VT_KEY_UP);
	for (unsigned i = 0; i < ARRAY_SIZE(modifier_keys); i++)
		if (modifiers >> i & 1)
			event(modifier_keys[i], VT_KEY_UP);
	result = kept;
	return text;
}

#define KEY(code, modifiers, bytes) \
	do { \
		const char *text_ = key(code, modifiers); \
		CHECK_STR(text_, bytes); \
		free((void *)text_); \
	} while (0)

TEST(keys_of_the_us_map)
{
	begin_keys();
	KEY(30, 0, "a");
	KEY(30, SHIFT, "A");
	KEY(46, CTRL, "\003");
	KEY(48, ALT, "\033b");
	KEY(48, ALT | SHIFT, "\033B");
	KEY(2, SHIFT, "!");
	KEY(12, SHIFT, "_");
	KEY(40, SHIFT, "\"");
	KEY(43, SHIFT, "|");
	KEY(53, 0, "/");
	KEY(57, 0, " ");
	KEY(14, 0, "\177");
	KEY(28, 0, "\r");
	KEY(28, ALT, "\033\r");
	KEY(1, 0, "\033");
	KEY(103, 0, "\033[A");
	KEY(102, 0, "\033[1~");
	KEY(111, 0, "\033[3~");
	KEY(104, 0, "\033[5~");
	KEY(59, 0, "\033[[A");
	KEY(63, 0, "\033[[E");
	KEY(64, 0, "\033[17~");
	KEY(88, 0, "\033[24~");
	KEY(59, SHIFT, "\033[25~");
	KEY(15, SHIFT, "\033[Z");
	KEY(72, 0, "\033[A");
	KEY(74, 0, "-");
	KEY(57, CTRL, "");
	CHECK_EQ(result.n, 1); /* NUL */
	keys.meta_bit = true;
	KEY(30, ALT, "\303\241");
}

TEST(keys_by_modes_and_locks)
{
	begin_keys();
	keys.app_cursor = true;
	KEY(105, 0, "\033OD");
	event(58, VT_KEY_DOWN);
	event(69, VT_KEY_DOWN);
	CHECK_EQ(result.action, VT_KEY_LOCKS);
	CHECK_EQ(keys.locks, VT_LOCK_CAPS | VT_LOCK_NUM);
	event(58, VT_KEY_AGAIN);
	KEY(30, 0, "A");
	KEY(30, SHIFT, "a");
	KEY(3, 0, "2"); /* caps does not shift digits */
	KEY(71, 0, "7");
	keys.app_keypad = true;
	KEY(77, 0, "\033Ov");
	KEY(96, 0, "\033OM");
	keys.newline = true;
	KEY(28, 0, "\r\n");
}

TEST(keys_do_things)
{
	begin_keys();
	KEY(60, ALT, "");
	CHECK_EQ(result.action, VT_KEY_CONSOLE);
	CHECK_EQ(result.console, 1);
	KEY(105, ALT, "");
	CHECK_EQ(result.action, VT_KEY_PREVIOUS_CONSOLE);
	KEY(104, SHIFT, "");
	CHECK_EQ(result.action, VT_KEY_LOOK_BACK);
	KEY(111, CTRL | ALT, "");
	CHECK_EQ(result.action, VT_KEY_BOOT);
	/* Alt and a number */
	event(56, VT_KEY_DOWN);
	event(73, VT_KEY_DOWN);
	event(72, VT_KEY_DOWN);
	CHECK_STR(event(56, VT_KEY_UP), "b");
	CHECK_STR(event(56, VT_KEY_UP), "");
	keys.raw = true;
	event(42, VT_KEY_DOWN);
	CHECK_STR(event(30, VT_KEY_DOWN), "");
	CHECK_EQ(vt_keyboard_modifiers(&keyboard), 1);
	event(42, VT_KEY_UP);
	CHECK_EQ(vt_keyboard_modifiers(&keyboard), 0);
}

TEST(dead_keys)
{
	begin_keys();
	CHECK(map.n_accents < VT_ACCENTS_MAX);
	for (unsigned i = 0; i < map.n_accents; i++)
		CHECK(map.accents[i].mark && map.accents[i].base && map.accents[i].result);
	tables[0][26] = KEYSYM(KT_DEAD, 4);
	tables[0][27] = KEYSYM(KT_DEAD2, '\'');
	KEY(26, 0, "");
	KEY(30, 0, "\303\244"); /* ä */
	KEY(26, 0, "");
	KEY(45, 0, "\"x");
	KEY(27, 0, "");
	KEY(57, 0, "'");
	KEY(26, 0, "");
	KEY(26, 0, "");
	KEY(57, 0, "\"");
	KEY(127, 0, ""); /* Compose */
	KEY(12, 0, "");
	KEY(38, 0, "\305\202"); /* ł */
	keys.unicode = false;
	KEY(26, 0, "");
	KEY(22, 0, "\374");
}

TEST(characters_of_unicode)
{
	begin_keys();
	tables[2][18] = KEYSYM_UNICODE(0x20ac);
	tables[0][39] = KEYSYM(KT_LETTER, 0xf6);
	tables[1][39] = KEYSYM(KT_LETTER, 0xd6);
	KEY(18, ALTGR, "\342\202\254");
	KEY(39, 0, "\303\266");
	keys.locks = VT_LOCK_CAPS;
	KEY(39, 0, "\303\226");
	keys.locks = 0;
	tables[0][58] = KEYSYM(KT_LOCK, KG_SHIFT);
	tables[0][86] = KEYSYM(KT_SLOCK, KG_ALTGR);
	KEY(86, 0, "");
	KEY(18, 0, "\342\202\254");
	KEY(18, 0, "e");
	KEY(58, 0, "");
	KEY(2, 0, "!");
	CHECK(vt_keysym_is_valid(KEYSYM_UNICODE(0x20ac), true));
	CHECK(!vt_keysym_is_valid(KEYSYM_UNICODE(0x20ac), false));
	CHECK(!vt_keysym_is_valid(KEYSYM(KT_CUR, 4), true));
}

TEST(scan_codes)
{
	u8 out[INPUT_SET1_BYTES];

	CHECK_EQ(input_set1_bytes(30, false, out), 1);
	CHECK_EQ(out[0], 0x9e);
	CHECK_EQ(input_set1_bytes(103, true, out), 2);
	CHECK_EQ(out[0] << 8 | out[1], 0xe048);
	CHECK_EQ(input_set1_bytes(119, true, out), 3);
	CHECK_EQ(out[0] << 16 | out[1] << 8 | out[2], 0xe11d45);
	CHECK_EQ(input_set1_bytes(99, false, out), 4);
	CHECK_EQ(out[3], 0xb7);
	CHECK_EQ(input_set1_bytes(0, true, out), 0);
	CHECK_EQ(input_set1_bytes(240, true, out), 0);
	for (unsigned code = 1; code < 128; code++)
		for (unsigned extended = 0; extended < 2; extended++) {
			unsigned key = input_set1_key(extended, (u8)code);
			size_t n = key ? input_set1_bytes(key, true, out) : 0;

			if (n && n < 3)
				CHECK_EQ(input_set1_key(n == 2, out[n - 1]), key);
		}
}

TEST(random_keys_keep_it_sound)
{
	begin_keys();
	for (unsigned round = 0; round < 100000; round++) {
		u16 keysym = (u16)unit_rand();

		if (vt_keysym_is_valid(keysym, true))
			map.table[0][unit_below(VT_KEYS)] = keysym;
		vt_key(&keyboard, &keys, &map, unit_below(VT_KEYS),
		       (enum vt_key_event)unit_below(3), &result);
		CHECK(result.string || result.n <= sizeof(result.bytes));
		for (unsigned i = 0; i < KG_COUNT; i++)
			CHECK(keyboard.held[i] < 255);
	}
}
