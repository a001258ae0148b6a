/*
 * lib/uuid.c - UUIDs (RFC 4122).
 */
#include "lib/uuid.h"

#include "abi/errno.h"
#include "lib/ctype.h"
#include "lib/string.h"

/* A hyphen stands before these bytes in the text. */
static bool hyphen_before(unsigned byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool uuid_is_null(const struct uuid *u)
{
	return mem_is_all(u->b, 0, sizeof(u->b));
}

void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	for (unsigned i = 0; i < sizeof(u->b); i++) {
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = "0123456789abcdef"[u->b[i] >> 4];
		*out++ = "0123456789abcdef"[u->b[i] & 15];
	}
	*out = '\0';
}

int uuid_parse(const char *s, struct uuid *out)
{
	struct uuid u;

	for (unsigned i = 0; i < sizeof(u.b); i++) {
		int hi, lo;

		if (hyphen_before(i) && *s++ != '-')
			return -EINVAL;
		hi = char_hex_value(*s);
		if (hi < 0)
			return -EINVAL;
		lo = char_hex_value(s[1]);
		if (lo < 0)
			return -EINVAL;
		u.b[i] = (u8)(hi << 4 | lo);
		s += 2;
	}
	*out = u;
	return 0;
}

void uuid_from_guid(const u8 guid[16], struct uuid *out)
{
	static const u8 from[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct uuid u;

	for (unsigned i = 0; i < 16; i++)
		u.b[i] = guid[from[i]];
	*out = u;
}

void uuid_make_v4(const u8 random[16], struct uuid *out)
{
	memcpy(out->b, random, sizeof(out->b));
	out->b[6] = (u8)((out->b[6] & 0x0f) | 0x40);
	out->b[8] = (u8)((out->b[8] & 0x3f) | 0x80);
}
