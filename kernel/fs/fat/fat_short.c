/*
 * fs/fat/fat_short.c - short names: to be shown, and as aliases of long ones (specification, "The
 * Basis-Name Generation Algorithm" and "The Numeric-Tail Generation Algorithm"); and the names of
 * the type msdos, which has no others.
 */
#include "fs/fat/fat_name.h"

#include "abi/errno.h"
#include "lib/ctype.h"
#include "lib/string.h"

u8 fat_short_checksum(const u8 *name)
{
	u8 sum = 0;

	for (u32 i = 0; i < 11; i++)
		sum = (u8)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

static u16 to_lower(u16 c)
{
	if (c < 0x80)
		return (u16)char_lower(c);
	return c >= 0xc0 && c <= 0xde && c != 0xd7 ? (u16)(c + 0x20) : c;
}

static u16 to_upper(u16 c)
{
	if (c < 0x80)
		return (u16)char_upper(c);
	return c >= 0xe0 && c <= 0xfe && c != 0xf7 ? (u16)(c - 0x20) : c;
}

/* Part of a short name as Unicode, without the spaces at its end; false: not a name. */
static bool part_decode(const struct codepage *cp, const u8 *part, u32 size, bool lower,
			u16 *out, u32 *n)
{
	while (size && part[size - 1] == ' ')
		size--;
	for (u32 i = 0; i < size; i++) {
		u8 c = part[i];
		u16 u = c < 0x80 ? c : cp->upper[c - 0x80];

		if (c < ' ' || c == '/')
			return false;
		out[(*n)++] = lower ? to_lower(u) : u;
	}
	return true;
}

u32 fat_short_decode(const struct fat_names *how, const struct fat_dirent *de, u16 *out)
{
	bool all = how->shortname == FAT_SHORT_LOWER;
	bool flags = how->shortname == FAT_SHORT_WINNT || how->shortname == FAT_SHORT_MIXED;
	u8 name[11];
	u32 n = 0, base;

	memcpy(name, de->name, sizeof(name));
	if (name[0] == FAT_NAME_E5)
		name[0] = FAT_NAME_FREE;
	if (!part_decode(how->codepage, name, 8, all || (flags && de->lcase & FAT_LCASE_BASE), out,
			 &n))
		return 0;
	base = n;
	out[n++] = '.';
	if (!part_decode(how->codepage, name + 8, 3, all || (flags && de->lcase & FAT_LCASE_EXT),
			 out, &n))
		return 0;
	if (n == base + 1)
		n--;
	return base ? n : 0;
}

/* Up to `size` characters of a part of an alias: how many. */
static u32 part_encode(const struct codepage *cp, const u16 *text, u32 n, u8 *out, u32 size,
		       bool *fits, bool *upper, bool *lower)
{
	u32 used = 0;

	for (u32 i = 0; i < n; i++) {
		u8 c;

		if (text[i] == ' ' || text[i] == '.') {
			*fits = false;
			continue;
		}
		if (used == size) {
			*fits = false;
			break;
		}
		c = text[i] < 0x80 && strchr(";+=[],", text[i]) ?
			0 : codepage_encode(cp, to_upper(text[i]));
		*fits = *fits && c;
		*upper = *upper || to_lower(text[i]) != text[i];
		*lower = *lower || to_upper(text[i]) != text[i];
		out[used++] = c ? c : '_';
	}
	return used;
}

int fat_alias_make(const struct codepage *cp, const u16 *name, u32 n, struct fat_alias *out)
{
	u32 start = 0, dot = n, used;

	*out = (struct fat_alias){ .fits = true };
	memset(out->name, ' ', sizeof(out->name));
	while (start < n && (name[start] == '.' || name[start] == ' '))
		start++;
	if (start)
		out->fits = false;
	for (u32 i = start + 1; i < n; i++)
		if (name[i] == '.')
			dot = i;
	if (dot + 1 == n) { /* nothing follows it */
		out->fits = false;
		n = dot;
	}
	if (start >= n)
		return -EINVAL;
	used = part_encode(cp, name + start, dot - start, out->name, 8, &out->fits,
			   &out->base_upper, &out->base_lower);
	if (used == 0)
		return -EINVAL;
	if (dot < n)
		part_encode(cp, name + dot + 1, n - dot - 1, out->name + 8, 3, &out->fits,
			    &out->ext_upper, &out->ext_lower);
	out->base = (u8)min(used, 6u);
	if (out->name[0] == FAT_NAME_FREE)
		out->name[0] = FAT_NAME_E5;
	return 0;
}

bool fat_alias_alone(const struct fat_alias *alias, enum fat_shortname how, u8 *lcase)
{
	*lcase = 0;
	if (!alias->fits)
		return false;
	if (how != FAT_SHORT_WINNT)
		return !alias->base_lower && !alias->ext_lower;
	if ((alias->base_lower && alias->base_upper) || (alias->ext_lower && alias->ext_upper))
		return false;
	*lcase = (u8)((alias->base_lower ? FAT_LCASE_BASE : 0) |
		      (alias->ext_lower ? FAT_LCASE_EXT : 0));
	return true;
}

void fat_alias_tail(struct fat_alias *alias, unsigned number, u16 salt)
{
	static const char digits[] = "0123456789ABCDEF";
	u32 at = alias->base;

	if (number > 9) {
		at = min(at, 2u);
		for (int shift = 12; shift >= 0; shift -= 4)
			alias->name[at++] = (u8)digits[salt >> shift & 15];
		number = 1 + number % 9;
	}
	alias->name[at++] = '~';
	alias->name[at++] = (u8)('0' + number);
	while (at < 8)
		alias->name[at++] = ' ';
}

/* One part of a name of msdos: characters taken, or -EINVAL. */
static int msdos_part(const char *text, u32 n, enum fat_check check, u8 *out, u32 size)
{
	if (n > size && check == FAT_CHECK_STRICT)
		return -EINVAL;
	n = min(n, size);
	for (u32 i = 0; i < n; i++) {
		u8 c = (u8)text[i];

		if (c < ' ' || c == ':' || c == '\\')
			return -EINVAL;
		if (check != FAT_CHECK_RELAXED && strchr("*?<>|\"", c))
			return -EINVAL;
		if (check == FAT_CHECK_STRICT && (strchr("+=,; ", c) || char_is_upper(c)))
			return -EINVAL;
		out[i] = (u8)char_upper(c);
	}
	return n && text[n - 1] == ' ' ? -EINVAL : (int)n;
}

int fat_msdos_encode(const char *text, u32 length, enum fat_check check, bool dots, u8 *out)
{
	u32 dot;
	int n;

	memset(out, ' ', 11);
	if (length && text[0] == '.') {
		if (!dots)
			return -EINVAL;
		text++;
		length--;
	}
	for (dot = 0; dot < length && text[dot] != '.';)
		dot++;
	n = msdos_part(text, dot, check, out, 8);
	if (n <= 0)
		return -EINVAL;
	if (dot < length) {
		u32 rest = length - dot - 1;
		const char *more = memchr(text + dot + 1, '.', rest);

		if (more && check == FAT_CHECK_STRICT)
			return -EINVAL;
		n = msdos_part(text + dot + 1, more ? (u32)(more - text - dot - 1) : rest, check,
			       out + 8, 3);
		if (n < 0)
			return n;
	}
	if (out[0] == FAT_NAME_FREE)
		out[0] = FAT_NAME_E5;
	return 0;
}

u32 fat_msdos_decode(const struct fat_dirent *de, bool dots, bool nocase, char *out)
{
	u32 n = 0, base;

	if (dots && de->attr & FAT_ATTR_HIDDEN)
		out[n++] = '.';
	base = n;
	for (u32 i = 0, end = 8; i < 11; i++) {
		u8 c = i == 0 && de->name[0] == FAT_NAME_E5 ? FAT_NAME_FREE : de->name[i];

		if (i == 8) {
			end = 11;
			if (mem_is_all(de->name + 8, ' ', 3))
				break;
			out[n++] = '.';
		}
		if (mem_is_all(de->name + i, ' ', end - i)) {
			i = end - 1;
			continue;
		}
		if (c < ' ' || c == '/')
			return 0;
		out[n++] = (char)(nocase ? c : char_lower(c));
	}
	return n > base && out[base] != '.' ? n : 0;
}
