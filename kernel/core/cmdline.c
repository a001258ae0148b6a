/*
 * The kernel command line: words separated by white space; double quotes keep white space in a
 * value and are dropped. Nothing is stored: the line is short, and few ask.
 */
#include "arch/boot.h"
#include "core/cmdline.h"
#include "lib/ctype.h"
#include "lib/parse.h"
#include "lib/string.h"

#define VALUE_MAX 256

/* Skips one word; quotes hide white space. */
static const char *word_end(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || !char_is_space(*p)); p++)
		quoted ^= *p == '"';
	return p;
}

/* The word after *p: its first character, its end through *end; NULL at the end of the line. */
static const char *next_word(const char *p, const char **end)
{
	while (char_is_space(*p))
		p++;
	*end = word_end(p);
	return *p ? p : NULL;
}

/* Whether the word [p, end) is `name` or name=…; *value is what follows the '=', or end. */
static bool word_is(const char *p, const char *end, const char *name, const char **value)
{
	size_t n = strlen(name);

	if ((size_t)(end - p) < n || memcmp(p, name, n) || (p + n != end && p[n] != '='))
		return false;
	*value = p + n == end ? end : p + n + 1;
	return true;
}

static void copy_value(const char *p, const char *end, char *out, size_t size)
{
	size_t n = 0;

	for (; p < end && n + 1 < size; p++) {
		if (*p != '"')
			out[n++] = *p;
	}
	if (size)
		out[n] = 0;
}

bool cmdline_get_nth(const char *name, unsigned nth, char *out, size_t size)
{
	const char *end = boot_info.cmdline, *p, *value;

	while ((p = next_word(end, &end))) {
		if (word_is(p, end, name, &value) && nth-- == 0) {
			copy_value(value, end, out, size);
			return true;
		}
	}
	return false;
}

bool cmdline_get(const char *name, char *out, size_t size)
{
	bool found = false;

	for (unsigned i = 0; cmdline_get_nth(name, i, out, size); i++)
		found = true;
	return found;
}

bool cmdline_has(const char *name)
{
	const char *end = boot_info.cmdline, *p, *value;

	while ((p = next_word(end, &end))) {
		if (word_is(p, end, name, &value) && value == end)
			return true;
	}
	return false;
}

u64 cmdline_u64(const char *name, u64 fallback)
{
	char value[VALUE_MAX];
	u64 n;

	if (!cmdline_get(name, value, sizeof(value)) || parse_u64(value, 0, &n, NULL))
		return fallback;
	return n;
}
