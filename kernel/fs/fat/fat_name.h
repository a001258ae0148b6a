/*
 * fs/fat/fat_name.h - names: pure functions over bytes.
 *
 * A file has a short name (8.3, in a code page of one byte per character, upper case) and, on vfat,
 * perhaps a long one (UTF-16), whose case is kept and has no meaning; then the short one is its
 * alias, made from the long one. Users see names in a character set of their choice.
 */
#pragma once

#include "fs/fat/fat_disk.h"
#include "lib/codepage.h"

enum fat_charset { FAT_UTF8, FAT_LATIN1, FAT_ASCII };

/* How short names are shown, and when they need a long one beside them: mount option shortname=. */
enum fat_shortname { FAT_SHORT_LOWER, FAT_SHORT_WIN95, FAT_SHORT_WINNT, FAT_SHORT_MIXED };

/* What decides whether two names are the same. */
struct fat_names {
	enum fat_charset charset;
	const struct codepage *codepage;
	enum fat_shortname shortname;
	bool exact;		/* check=strict: case has a meaning */
};

/*
 * Text of the user's to UTF-16, at most FAT_LONG_MAX units: how many, -EINVAL (not of the character
 * set) or -ENAMETOOLONG.
 */
int fat_text_decode(enum fat_charset set, const char *text, u32 length, u16 *out);
/* The other way: bytes written, or 0 if it does not fit or the set lacks a character. */
u32 fat_text_encode(enum fat_charset set, const u16 *name, u32 n, char *out, u32 size);
/* Length without the dots at the end, which do not belong to a name on vfat. */
u32 fat_text_strip(const char *text, u32 length);

bool fat_name_equal(const struct fat_names *how, const u16 *a, u32 na, const u16 *b, u32 nb);
/* Whether a long name of that text may be made: 0 or -EINVAL. */
int fat_name_check(const u16 *name, u32 n);

/* Short names */
#define FAT_SHORT_CHARS 12u
/* An entry's short name as Unicode, "NAME.EXT": how many units, 0 if it is none. */
u32 fat_short_decode(const struct fat_names *how, const struct fat_dirent *de, u16 *out);
static inline bool fat_short_is_dots(const u8 *name)
{
	return name[0] == '.' && (name[1] == ' ' || (name[1] == '.' && name[2] == ' '));
}
u8 fat_short_checksum(const u8 *name);

struct fat_alias {
	u8 name[11];
	u8 base;		/* characters before the tail at most */
	bool fits;		/* it says all that the long name says but its case */
	bool base_upper, base_lower, ext_upper, ext_lower; /* has letters of that case */
};
/* The alias of a valid long name: 0 or -EINVAL (nothing is left of it). */
int fat_alias_make(const struct codepage *cp, const u16 *name, u32 n, struct fat_alias *out);
/*
 * Whether the alias alone, with *lcase in its entry, stands for the name as this way of showing
 * and making short names has it.
 */
bool fat_alias_alone(const struct fat_alias *alias, enum fat_shortname how, u8 *lcase);
/*
 * Puts a numeric tail into the alias: "~1" for `number` 1 to 9; beyond, four hexadecimal digits of
 * `salt` go before it.
 */
void fat_alias_tail(struct fat_alias *alias, unsigned number, u16 salt);

/* Long names: the slots of one, as they come by on the way through a directory. */
struct fat_long {
	u16 text[FAT_SLOTS_MAX * FAT_SLOT_CHARS];
	u32 at;			/* position of the first slot */
	u8 n_slots, next;	/* slots in all; the number that must come next, 0: complete */
	u8 checksum;
	bool open;		/* slots have come and nothing was wrong */
};
void fat_long_feed(struct fat_long *l, const struct fat_slot *slot, u32 at);
/* The entry has come: units of its long name, or 0 if those slots are not its or say nothing. */
u32 fat_long_end(struct fat_long *l, const u8 *short_name);
/* Slots that a long name takes. */
static inline u32 fat_long_slots(u32 n)
{
	return (n + FAT_SLOT_CHARS - 1) / FAT_SLOT_CHARS;
}
/* Slot number `id` (1 …) of a long name. */
void fat_long_slot(const u16 *name, u32 n, u32 id, u8 checksum, struct fat_slot *out);

/* msdos: 8.3 without Unicode. */
enum fat_check { FAT_CHECK_RELAXED, FAT_CHECK_NORMAL, FAT_CHECK_STRICT };
/* A user's name as an entry's; what is too long is cut off, unless strict. 0 or -EINVAL. */
int fat_msdos_encode(const char *text, u32 length, enum fat_check check, bool dots, u8 *out);
/* An entry's name as a user's, at most 13 bytes: how many, 0 if it is none. */
u32 fat_msdos_decode(const struct fat_dirent *de, bool dots, bool nocase, char *out);
