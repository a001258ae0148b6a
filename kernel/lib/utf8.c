/*
 * lib/utf8.c - UTF-8 (RFC 3629): overlong forms, surrogates and values above U+10FFFF are refused.
 */
#include "lib/utf8.h"

enum {
	CODE_MAX = 0x10ffff,
	SURROGATE_FIRST = 0xd800,
	SURROGATE_LAST = 0xdfff,
};

static bool is_character(u32 code)
{
	return code <= CODE_MAX && !(code >= SURROGATE_FIRST && code <= SURROGATE_LAST);
}

/* Begins a sequence with its first byte, which is not ASCII. */
static enum utf8_result feed_lead(struct utf8_state *s, u8 byte, u32 *code)
{
	if (byte >= 0xc2 && byte <= 0xdf)
		*s = (struct utf8_state){ .code = byte & 0x1f, .least = 0x80, .left = 1 };
	else if (byte >= 0xe0 && byte <= 0xef)
		*s = (struct utf8_state){ .code = byte & 0x0f, .least = 0x800, .left = 2 };
	else if (byte >= 0xf0 && byte <= 0xf4)
		*s = (struct utf8_state){ .code = byte & 0x07, .least = 0x10000, .left = 3 };
	else {
		*code = UTF8_REPLACEMENT;
		return UTF8_BAD;
	}
	return UTF8_MORE;
}

enum utf8_result utf8_feed(struct utf8_state *s, u8 byte, u32 *code)
{
	if (!s->left) {
		if (byte < 0x80) {
			*code = byte;
			return UTF8_DONE;
		}
		return feed_lead(s, byte, code);
	}
	if ((byte & 0xc0) != 0x80) {
		s->left = 0;
		*code = UTF8_REPLACEMENT;
		return UTF8_BAD_AGAIN;
	}
	s->code = s->code << 6 | (byte & 0x3f);
	if (--s->left)
		return UTF8_MORE;
	if (s->code < s->least || !is_character(s->code)) {
		*code = UTF8_REPLACEMENT;
		return UTF8_BAD;
	}
	*code = s->code;
	return UTF8_DONE;
}

size_t utf8_decode(const char *s, size_t len, u32 *code)
{
	struct utf8_state state = { 0 };

	for (size_t i = 0; i < len; i++) {
		switch (utf8_feed(&state, (u8)s[i], code)) {
		case UTF8_MORE:
			continue;
		case UTF8_DONE:
			return i + 1;
		case UTF8_BAD:
		case UTF8_BAD_AGAIN:
			return 1;
		}
	}
	*code = UTF8_REPLACEMENT;
	return len ? 1 : 0;
}

size_t utf8_encode(u32 code, char out[4])
{
	if (!is_character(code))
		return 0;
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

struct range {
	u32 first, last;
};

static bool in_ranges(u32 code, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (code >= r[i].first && code <= r[i].last)
			return true;
	return false;
}

/* The blocks that terminals agree on: Unicode's combining marks, and East Asian wide characters. */
unsigned utf8_width(u32 code)
{
	static const struct range none[] = {
		{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
		{ 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
		{ 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
	};
	static const struct range wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
		{ 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return 0;
	if (code < 0x300)
		return 1;
	if (in_ranges(code, none, ARRAY_SIZE(none)))
		return 0;
	return in_ranges(code, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}
