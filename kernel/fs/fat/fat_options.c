/*
 * fs/fat/fat_options.c - the text of mount options (mount(8), "Mount options for fat" and "for
 * vfat"). Options that other drivers of this file system take and that change nothing here are
 * accepted in silence; what is not known at all is refused with a message.
 */
#include "fs/fat/fat_int.h"

#include "lib/parse.h"
#include "lib/string.h"

static const char *const ignored[] = {
	"defaults", "ro", "rw", "debug", "posix", "uni_xlate", "nodiscard", "conv=b", "conv=t",
	"conv=a", "conv=binary", "conv=text", "conv=auto", "fat=12", "fat=16", "fat=32",
	"utf8=0", "utf8=no", "utf8=false", "nfs", "lazytime", "nolazytime",
};

/* A word that sets a flag. */
static const struct { const char *word; size_t at; bool value; } flags[] = {
#define FLAG(word, field, value) { word, offsetof(struct fat_options, field), value }
	FLAG("quiet", quiet, true), FLAG("showexec", showexec, true), FLAG("rodir", rodir, true),
	FLAG("sys_immutable", sys_immutable, true), FLAG("discard", discard, true),
	FLAG("flush", flush, true), FLAG("usefree", usefree, true), FLAG("dots", dots, true),
	FLAG("nodots", dots, false), FLAG("dotsOK=yes", dots, true),
	FLAG("dotsOK=no", dots, false), FLAG("nocase", nocase, true),
	FLAG("nonumtail", no_tail, true), FLAG("nonumtail=1", no_tail, true),
	FLAG("nonumtail=yes", no_tail, true), FLAG("nonumtail=true", no_tail, true),
	FLAG("nonumtail=0", no_tail, false), FLAG("nonumtail=no", no_tail, false),
	FLAG("nonumtail=false", no_tail, false), FLAG("utf8", utf8, true),
	FLAG("utf8=1", utf8, true), FLAG("utf8=yes", utf8, true), FLAG("utf8=true", utf8, true),
	FLAG("tz=UTC", tz_given, true),
#undef FLAG
};

/* A word with a number, in its base. */
static const struct { const char *word; size_t at; unsigned base; } numbers[] = {
#define NUMBER(word, field, base) { word, offsetof(struct fat_options, field), base }
	NUMBER("uid=", uid, 10), NUMBER("gid=", gid, 10), NUMBER("fmask=", fmask, 8),
	NUMBER("dmask=", dmask, 8), NUMBER("allow_utime=", utime_mode, 8),
#undef NUMBER
};

static int option_choice(const char *word, struct fat_options *o)
{
	static const struct { const char *word; size_t at; u32 value; } choices[] = {
#define CHOICE(word, field, value) { word, offsetof(struct fat_options, field), value }
		CHOICE("errors=continue", errors, FAT_ERRORS_CONTINUE),
		CHOICE("errors=remount-ro", errors, FAT_ERRORS_RO),
		CHOICE("errors=panic", errors, FAT_ERRORS_PANIC),
		CHOICE("check=r", check, FAT_CHECK_RELAXED),
		CHOICE("check=relaxed", check, FAT_CHECK_RELAXED),
		CHOICE("check=n", check, FAT_CHECK_NORMAL),
		CHOICE("check=normal", check, FAT_CHECK_NORMAL),
		CHOICE("check=s", check, FAT_CHECK_STRICT),
		CHOICE("check=strict", check, FAT_CHECK_STRICT),
		CHOICE("shortname=lower", names.shortname, FAT_SHORT_LOWER),
		CHOICE("shortname=win95", names.shortname, FAT_SHORT_WIN95),
		CHOICE("shortname=winnt", names.shortname, FAT_SHORT_WINNT),
		CHOICE("shortname=mixed", names.shortname, FAT_SHORT_MIXED),
		CHOICE("iocharset=utf8", names.charset, FAT_UTF8),
		CHOICE("iocharset=iso8859-1", names.charset, FAT_LATIN1),
		CHOICE("iocharset=ascii", names.charset, FAT_ASCII),
		CHOICE("iocharset=us-ascii", names.charset, FAT_ASCII),
#undef CHOICE
	};

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (strcmp(word, choices[i].word) == 0) {
			*(u32 *)((char *)o + choices[i].at) = choices[i].value;
			return 0;
		}
	}
	return -ENOENT;
}

static int option_value(const char *word, struct fat_options *o)
{
	u32 number;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_starts_with(word, numbers[i].word))
			return parse_u32(word + strlen(numbers[i].word), numbers[i].base,
					 (u32 *)((char *)o + numbers[i].at), NULL);
	if (str_starts_with(word, "umask=")) {
		err = parse_u32(word + 6, 8, &o->fmask, NULL);
		o->dmask = o->fmask;
		return err;
	}
	if (str_starts_with(word, "codepage=")) {
		err = parse_u32(word + 9, 10, &number, NULL);
		o->names.codepage = number == 850 ? &codepage_850 : &codepage_437;
		return err || number == o->names.codepage->number ? err : -EINVAL;
	}
	if (str_starts_with(word, "time_offset=")) {
		err = parse_s32(word + 12, 10, &o->time_offset, NULL);
		o->tz_given = true;
		return err || (o->time_offset >= -1440 && o->time_offset <= 1440) ? err : -EINVAL;
	}
	return -ENOENT;
}

static int option_parse(const char *word, struct fat_options *o)
{
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(word, flags[i].word) == 0) {
			*(bool *)((char *)o + flags[i].at) = flags[i].value;
			return 0;
		}
	}
	err = option_choice(word, o);
	if (err == -ABI_ENOENT)
		err = option_value(word, o);
	for (size_t i = 0; err == -ABI_ENOENT && i < ARRAY_SIZE(ignored); i++)
		if (strcmp(word, ignored[i]) == 0)
			return 0;
	return err;
}

int fat_options_parse(const struct superblock *sb, const char *text, struct fat_options *o)
{
	char word[48];

	while (*text) {
		size_t n = strcspn(text, ",");

		if (n >= sizeof(word)) {
			super_log(sb, LOG_ERR, "mount option too long");
			return -EINVAL;
		}
		memcpy(word, text, n);
		word[n] = '\0';
		if (n && option_parse(word, o) < 0) {
			super_log(sb, LOG_ERR, "unknown or malformed mount option \"%s\"", word);
			return -EINVAL;
		}
		text += n;
		text += *text == ',';
	}
	o->fmask &= 0777;
	o->dmask &= 0777;
	if (o->utf8)
		o->names.charset = FAT_UTF8;
	o->names.exact = o->vfat && o->check == FAT_CHECK_STRICT;
	o->utime_mode = (o->utime_mode == ~0u ? ~o->dmask : o->utime_mode) & 0022;
	return 0;
}

void fat_show_options(struct superblock *sb, char *buf, size_t size)
{
	static const char *const errors[] = { "continue", "remount-ro", "panic" };
	static const char *const sets[] = { "utf8", "iso8859-1", "ascii" };
	static const char *const shortnames[] = { "lower", "win95", "winnt", "mixed" };
	const struct fat_fs *fs = sb->data;
	const struct fat_options *o = &fs->opt;
	size_t n = 0;

	if (size)
		buf[0] = '\0';
	if (o->uid)
		n += scnprintf(buf + n, size - n, ",uid=%u", o->uid);
	if (o->gid)
		n += scnprintf(buf + n, size - n, ",gid=%u", o->gid);
	n += scnprintf(buf + n, size - n, ",fmask=%04o,dmask=%04o", o->fmask, o->dmask);
	if (o->utime_mode)
		n += scnprintf(buf + n, size - n, ",allow_utime=%04o", o->utime_mode);
	n += scnprintf(buf + n, size - n, ",codepage=%u", o->names.codepage->number);
	if (o->vfat)
		n += scnprintf(buf + n, size - n, ",iocharset=%s,shortname=%s",
			       sets[o->names.charset], shortnames[o->names.shortname]);
	if (o->check != FAT_CHECK_NORMAL)
		n += scnprintf(buf + n, size - n, ",check=%c",
			       o->check == FAT_CHECK_STRICT ? 's' : 'r');
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].value && !strchr(flags[i].word, '=') &&
		    strcmp(flags[i].word, "utf8") != 0 &&
		    *(const bool *)((const char *)o + flags[i].at))
			n += scnprintf(buf + n, size - n, ",%s", flags[i].word);
	if (o->time_offset)
		n += scnprintf(buf + n, size - n, ",time_offset=%d", o->time_offset);
	else if (o->tz_given)
		n += scnprintf(buf + n, size - n, ",tz=UTC");
	scnprintf(buf + n, size - n, ",errors=%s", errors[o->errors]);
}
