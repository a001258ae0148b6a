/*
 * lib/parse.c - numbers and words out of text.
 */
#include "lib/parse.h"

#include "abi/errno.h"
#include "lib/ctype.h"
#include "lib/string.h"

/* Value of a digit of a base up to 36, or 36 if it is none. */
static unsigned digit_value(char c)
{
	if (char_is_digit(c))
		return (unsigned)(c - '0');
	if (char_is_alpha(c))
		return (unsigned)(char_lower(c) - 'a') + 10;
	return 36;
}

/* Skips a 0x that is followed by a digit, and settles base 0. */
static const char *parse_prefix(const char *s, unsigned *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && char_hex_value(s[2]) >= 0;

	if (hex && (*base == 0 || *base == 16)) {
		*base = 16;
		return s + 2;
	}
	if (*base == 0)
		*base = s[0] == '0' ? 8 : 10;
	return s;
}

/* Digits as far as they go, with the end always told. */
static int parse_digits(const char *s, unsigned base, u64 *out, const char **end)
{
	bool overflow = false;
	const char *p;
	u64 v = 0;

	s = parse_prefix(s, &base);
	for (p = s; digit_value(*p) < base; p++)
		overflow |= mul_overflow(v, (u64)base, &v) ||
			    add_overflow(v, (u64)digit_value(*p), &v);
	*end = p;
	if (p == s)
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	*out = v;
	return 0;
}

/* Tells the caller where the number ended, or insists that the string ended too. */
static int parse_finish(const char *p, const char **end)
{
	if (end) {
		*end = p;
		return 0;
	}
	if (*p == '\n')
		p++;
	return *p ? -EINVAL : 0;
}

int parse_u64(const char *s, unsigned base, u64 *out, const char **end)
{
	const char *p;
	u64 v;
	int err = parse_digits(s, base, &v, &p);

	if (!err)
		err = parse_finish(p, end);
	if (!err)
		*out = v;
	return err;
}

int parse_u32(const char *s, unsigned base, u32 *out, const char **end)
{
	u64 v;
	int err = parse_u64(s, base, &v, end);

	if (err)
		return err;
	if (v > ~(u32)0)
		return -ERANGE;
	*out = (u32)v;
	return 0;
}

int parse_s64(const char *s, unsigned base, s64 *out, const char **end)
{
	bool negative = *s == '-';
	u64 v, limit = (u64)1 << 63;
	int err;

	if (*s == '-' || *s == '+')
		s++;
	err = parse_u64(s, base, &v, end);
	if (err)
		return err;
	if (v > limit - !negative)
		return -ERANGE;
	*out = negative ? (s64)-v : (s64)v;
	return 0;
}

int parse_s32(const char *s, unsigned base, s32 *out, const char **end)
{
	s64 v;
	int err = parse_s64(s, base, &v, end);

	if (err)
		return err;
	if (v != (s32)v)
		return -ERANGE;
	*out = (s32)v;
	return 0;
}

int parse_size(const char *s, u64 *out, const char **end)
{
	static const char suffixes[] = "kmgt";
	const char *p, *suffix;
	unsigned shift = 0;
	u64 v;
	int err = parse_digits(s, 0, &v, &p);

	if (err)
		return err;
	suffix = *p ? strchr(suffixes, char_lower(*p)) : NULL;
	if (suffix) {
		shift = 10 * (unsigned)(suffix - suffixes + 1);
		p++;
	}
	if (v << shift >> shift != v)
		return -ERANGE;
	err = parse_finish(p, end);
	if (!err)
		*out = v << shift;
	return err;
}

/* Where the word at s ends: white space outside double quotes, or the terminator. */
static const char *word_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || !char_is_space(*s)); s++)
		if (*s == '"')
			quoted = !quoted;
	return s;
}

/* Copies from..end without double quotes; the length, or -ERANGE. */
static int copy_unquoted(const char *from, const char *end, char *buf, size_t size)
{
	size_t n = 0;

	for (; from < end; from++) {
		if (*from == '"')
			continue;
		if (n + 1 >= size)
			return -ERANGE;
		buf[n++] = *from;
	}
	if (n >= size)
		return -ERANGE;
	buf[n] = '\0';
	return (int)n;
}

int parse_cmdline_value(const char *line, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	int result = -ENOENT;

	for (;;) {
		const char *end;

		while (char_is_space(*line))
			line++;
		if (!*line)
			return result;
		end = word_end(line);
		if (strncmp(line, key, len) == 0) {
			const char *value = line + len;

			if (*value == '=')
				result = copy_unquoted(value + 1, end, buf, size);
			else if (value == end)
				result = copy_unquoted(end, end, buf, size);
		}
		line = end;
	}
}
