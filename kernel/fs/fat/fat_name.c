/*
 * fs/fat/fat_name.c - long names: characters, comparison, slots.
 *
 * Case is folded for ASCII letters, and in ISO 8859-1 for its others; in UTF-8 the rest is
 * compared as it is, as dentries of other systems do.
 */
#include "fs/fat/fat_name.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "lib/utf8.h"

static int utf8_to_utf16(const char *text, u32 length, u16 *out)
{
	u32 n = 0;

	for (u32 at = 0; at < length;) {
		u32 code, used = (u32)utf8_decode(text + at, length - at, &code);

		if (code == UTF8_REPLACEMENT &&
		    (used != 3 || memcmp(text + at, "\xef\xbf\xbd", 3) != 0))
			return -EINVAL;
		at += used;
		if (n + (code > 0xffff) >= FAT_LONG_MAX)
			return -ENAMETOOLONG;
		if (code > 0xffff) {
			out[n++] = (u16)(0xd800 + ((code - 0x10000) >> 10));
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		out[n++] = (u16)code;
	}
	return (int)n;
}

int fat_text_decode(enum fat_charset set, const char *text, u32 length, u16 *out)
{
	if (set == FAT_UTF8)
		return utf8_to_utf16(text, length, out);
	if (length > FAT_LONG_MAX)
		return -ENAMETOOLONG;
	for (u32 i = 0; i < length; i++) {
		if (set == FAT_ASCII && (u8)text[i] > 0x7f)
			return -EINVAL;
		out[i] = (u8)text[i];
	}
	return (int)length;
}

static bool is_surrogate(u32 c, u32 half)
{
	return (c & 0xfc00) == half;
}

u32 fat_text_encode(enum fat_charset set, const u16 *name, u32 n, char *out, u32 size)
{
	u32 used = 0, limit = set == FAT_UTF8 ? 0x10ffff : set == FAT_LATIN1 ? 0xff : 0x7f;

	for (u32 i = 0; i < n; i++) {
		u32 code = name[i];
		char bytes[4];
		size_t k = 1;

		if (is_surrogate(code, 0xd800) && i + 1 < n && is_surrogate(name[i + 1], 0xdc00))
			code = 0x10000 + ((code & 0x3ff) << 10) + (name[++i] & 0x3ff);
		if (code > limit)
			return 0;
		bytes[0] = (char)code;
		if (set == FAT_UTF8)
			k = utf8_encode(code, bytes);
		if (k == 0 || used + k > size)
			return 0;
		memcpy(out + used, bytes, k);
		used += (u32)k;
	}
	return used;
}

u32 fat_text_strip(const char *text, u32 length)
{
	while (length && text[length - 1] == '.')
		length--;
	return length;
}

static u16 fold(const struct fat_names *how, u16 c)
{
	if (how->exact)
		return c;
	if (c >= 'a' && c <= 'z')
		return (u16)(c - 'a' + 'A');
	if (how->charset == FAT_LATIN1 && c >= 0xe0 && c <= 0xfe && c != 0xf7)
		return (u16)(c - 0x20);
	return c;
}

bool fat_name_equal(const struct fat_names *how, const u16 *a, u32 na, const u16 *b, u32 nb)
{
	if (na != nb)
		return false;
	for (u32 i = 0; i < na; i++)
		if (a[i] != b[i] && fold(how, a[i]) != fold(how, b[i]))
			return false;
	return true;
}

int fat_name_check(const u16 *name, u32 n)
{
	if (n == 0 || name[n - 1] == ' ')
		return -EINVAL;
	for (u32 i = 0; i < n; i++)
		if (name[i] < ' ' || (name[i] < 0x80 && strchr("\"*/:<>?\\|", name[i])))
			return -EINVAL;
	return 0;
}

/* The characters of a slot, wherever they are in it. */
static u16 slot_char(const struct fat_slot *slot, u32 i)
{
	return i < 5 ? slot->name0_4[i] : i < 11 ? slot->name5_10[i - 5] : slot->name11_12[i - 11];
}

static void slot_set_char(struct fat_slot *slot, u32 i, u16 c)
{
	if (i < 5)
		slot->name0_4[i] = c;
	else if (i < 11)
		slot->name5_10[i - 5] = c;
	else
		slot->name11_12[i - 11] = c;
}

void fat_long_feed(struct fat_long *l, const struct fat_slot *slot, u32 at)
{
	u8 id = slot->id & (FAT_SLOT_LAST - 1);

	if (slot->id & FAT_SLOT_LAST) {
		l->n_slots = id;
		l->next = id;
		l->checksum = slot->checksum;
		l->at = at;
		l->open = true;
	}
	if (!l->open || id == 0 || id > FAT_SLOTS_MAX || id != l->next ||
	    slot->checksum != l->checksum || slot->type || slot->id & 0x80) {
		l->open = false;
		return;
	}
	l->next--;
	for (u32 i = 0; i < FAT_SLOT_CHARS; i++)
		l->text[(id - 1u) * FAT_SLOT_CHARS + i] = slot_char(slot, i);
}

u32 fat_long_end(struct fat_long *l, const u8 *short_name)
{
	u32 max = l->n_slots * FAT_SLOT_CHARS, n = 0;

	if (!l->open || l->next)
		return 0;
	l->open = false;
	if (l->checksum != fat_short_checksum(short_name))
		return 0;
	while (n < max && l->text[n])
		n++;
	if (n > FAT_LONG_MAX || (n == 1 && l->text[0] == '.') ||
	    (n == 2 && l->text[0] == '.' && l->text[1] == '.'))
		return 0;
	for (u32 i = 0; i < n; i++)
		if (l->text[i] == '/')
			return 0;
	return n;
}

void fat_long_slot(const u16 *name, u32 n, u32 id, u8 checksum, struct fat_slot *out)
{
	u32 first = (id - 1) * FAT_SLOT_CHARS;

	*out = (struct fat_slot){ .id = (u8)id, .attr = FAT_ATTR_LONG, .checksum = checksum };
	if (id == fat_long_slots(n))
		out->id |= FAT_SLOT_LAST;
	for (u32 i = 0; i < FAT_SLOT_CHARS; i++)
		slot_set_char(out, i, first + i < n ? name[first + i] :
					      first + i == n ? 0 : 0xffff);
}
