/* Scan code set 1. KEY_* numbers follow it for the keys of the old keyboard (1 … 0x58), so that a
 * table is needed only for those with the prefix 0xe0 and a few late ones. */
#include "dev/input_set1.h"

#include "lib/string.h"

#define KEY_SYSRQ 99
#define KEY_PAUSE 119
#define LAST_PLAIN 0x58

/* After 0xe0. */
static const u8 extended[128] = {
	[0x10] = 165, /* previous song */ [0x19] = 163, /* next song */
	[0x1c] = 96,  /* keypad enter */  [0x1d] = 97,  /* right ctrl */
	[0x20] = 113, /* mute */          [0x21] = 140, /* calculator */
	[0x22] = 164, /* play */          [0x24] = 166, /* stop */
	[0x2e] = 114, /* volume down */   [0x30] = 115, /* volume up */
	[0x32] = 172, /* home page */     [0x35] = 98,  /* keypad slash */
	[0x37] = 99,  /* print screen */  [0x38] = 100, /* right alt */
	[0x46] = 119, /* ctrl-pause */
	[0x47] = 102, /* home */          [0x48] = 103, /* up */
	[0x49] = 104, /* page up */       [0x4b] = 105, /* left */
	[0x4d] = 106, /* right */         [0x4f] = 107, /* end */
	[0x50] = 108, /* down */          [0x51] = 109, /* page down */
	[0x52] = 110, /* insert */        [0x53] = 111, /* delete */
	[0x5b] = 125, /* left meta */     [0x5c] = 126, /* right meta */
	[0x5d] = 127, /* compose */       [0x5e] = 116, /* power */
	[0x5f] = 142, /* sleep */         [0x63] = 143, /* wake up */
	[0x65] = 217, /* search */        [0x66] = 156, /* bookmarks */
	[0x67] = 173, /* refresh */       [0x68] = 128, /* stop loading */
	[0x69] = 159, /* forward */       [0x6a] = 158, /* back */
	[0x6b] = 157, /* computer */      [0x6c] = 155, /* mail */
	[0x6d] = 226, /* media select */
};

static const struct { u8 code, key; } late[] = {
	{ 0x54, 99 },  /* alt-print screen */
	{ 0x73, 89 },  /* ro */
	{ 0x70, 93 },  /* katakana/hiragana */
	{ 0x79, 92 },  /* henkan */
	{ 0x7b, 94 },  /* muhenkan */
	{ 0x7d, 124 }, /* yen */
};

unsigned input_set1_key(bool is_extended, u8 code)
{
	if (is_extended)
		return extended[code & 0x7f];
	for (unsigned i = 0; i < ARRAY_SIZE(late); i++)
		if (late[i].code == code)
			return late[i].key;
	return code <= LAST_PLAIN ? code : 0;
}

/* A sequence of codes, each with its release bit if the key goes up. */
static size_t sequence(u8 prefix, u8 first, u8 second, u8 up, u8 *out)
{
	out[0] = prefix;
	out[1] = first | up;
	out[2] = prefix == 0xe1 ? second | up : prefix;
	out[3] = second | up;
	return prefix == 0xe1 ? 3 : 4;
}

size_t input_set1_bytes(unsigned key, bool down, u8 out[INPUT_SET1_BYTES])
{
	u8 up = down ? 0 : 0x80;

	if (key == KEY_PAUSE)
		return sequence(0xe1, 0x1d, 0x45, up, out);
	if (key == KEY_SYSRQ)
		return sequence(0xe0, 0x2a, 0x37, up, out);
	for (unsigned i = 0; i < ARRAY_SIZE(late); i++) {
		if (late[i].key == key) {
			out[0] = late[i].code | up;
			return 1;
		}
	}
	for (unsigned code = 0; code < ARRAY_SIZE(extended); code++) {
		if (key && extended[code] == key) {
			out[0] = 0xe0;
			out[1] = (u8)code | up;
			return 2;
		}
	}
	out[0] = (u8)key | up;
	return key && key <= LAST_PLAIN;
}
