/*
 * lib/ctype.h - classes of ASCII characters, independent of any locale.
 */
#ifndef LIB_CTYPE_H
#define LIB_CTYPE_H

#include "lib/types.h"

static inline bool char_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool char_is_upper(int c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool char_is_lower(int c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool char_is_alpha(int c)
{
	return char_is_upper(c) || char_is_lower(c);
}

static inline bool char_is_alnum(int c)
{
	return char_is_alpha(c) || char_is_digit(c);
}

static inline bool char_is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool char_is_print(int c)
{
	return c >= ' ' && c < 0x7f;
}

static inline int char_lower(int c)
{
	return char_is_upper(c) ? c - 'A' + 'a' : c;
}

static inline int char_upper(int c)
{
	return char_is_lower(c) ? c - 'a' + 'A' : c;
}

/* Value of a hexadecimal digit, or -1. */
static inline int char_hex_value(int c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
