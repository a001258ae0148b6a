/*
 * fs/ext/ext_options.c - the text of mount options.
 *
 * Options that other drivers of this file system take and that change nothing here (acl,
 * user_xattr, barrier …) are accepted in silence, so that an fstab written for another system
 * works; what is not known at all is refused with a message.
 */
#include "fs/ext/ext_super.h"

#include "lib/parse.h"
#include "lib/string.h"

static const char *const ignored[] = {
	"barrier", "nobarrier", "barrier=0",
	"barrier=1", "orlov", "oldalloc", "nocheck", "check=none", "reservation", "noreservation",
	"minixdf", "grpid", "bsdgroups", "nogrpid", "sysvgroups", "block_validity",
	"noblock_validity", "nobh", "bh", "nouid32", "noinit_itable", "init_itable", "lazytime",
	"nolazytime",
	"defaults", "ro", "rw", "debug",
};

static bool option_ignored(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (strcmp(word, ignored[i]) == 0)
			return true;
	return false;
}

static int option_errors(const char *value, struct ext_options *o)
{
	if (strcmp(value, "continue") == 0)
		o->errors = EXT_ERRORS_CONTINUE;
	else if (strcmp(value, "remount-ro") == 0)
		o->errors = EXT_ERRORS_RO;
	else if (strcmp(value, "panic") == 0)
		o->errors = EXT_ERRORS_PANIC;
	else
		return -EINVAL;
	o->errors_given = true;
	return 0;
}

/*
 * data=: there is one order, that of `ordered`, which keeps what `writeback` would promise, too.
 * `journal` promises more than is done.
 */
static int option_data(const char *value, struct ext_options *o)
{
	if (strcmp(value, "ordered") != 0 && strcmp(value, "writeback") != 0)
		return -EINVAL;
	o->data_given = true;
	return 0;
}

static int option_parse(const char *word, struct ext_options *o)
{
	u32 id;

	if (str_starts_with(word, "errors="))
		return option_errors(word + 7, o);
	if (str_starts_with(word, "data="))
		return option_data(word + 5, o);
	if (strcmp(word, "noload") == 0 || strcmp(word, "norecovery") == 0) {
		o->noload = true;
		return 0;
	}
	if (strcmp(word, "discard") == 0 || strcmp(word, "nodiscard") == 0) {
		o->discard = word[0] == 'd';
		return 0;
	}
	if (strcmp(word, "acl") == 0 || strcmp(word, "noacl") == 0) {
		o->no_acl = word[0] == 'n';
		return 0;
	}
	if (strcmp(word, "user_xattr") == 0 || strcmp(word, "nouser_xattr") == 0) {
		o->no_user_xattr = word[0] == 'n';
		return 0;
	}
	if (strcmp(word, "delalloc") == 0 || strcmp(word, "nodelalloc") == 0) {
		o->delalloc = word[0] == 'd';
		o->delalloc_given = true;
		return 0;
	}
	if (strcmp(word, "auto_da_alloc") == 0 || strcmp(word, "noauto_da_alloc") == 0) {
		o->no_auto_da_alloc = word[0] == 'n';
		return 0;
	}
	if (str_starts_with(word, "sb=")) {
		o->super_given = true;
		return parse_u64(word + 3, 0, &o->super_at, NULL);
	}
	if (str_starts_with(word, "resuid=")) {
		o->resuid_given = true;
		return parse_u32(word + 7, 0, &o->resuid, NULL);
	}
	if (str_starts_with(word, "resgid=")) {
		o->resgid_given = true;
		return parse_u32(word + 7, 0, &o->resgid, NULL);
	}
	if (str_starts_with(word, "commit=") || str_starts_with(word, "stripe="))
		return parse_u32(word + 7, 0, &id, NULL);
	return option_ignored(word) ? 0 : -EINVAL;
}

int ext_options_parse(const struct superblock *sb, const char *text, struct ext_options *o)
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
	return 0;
}

bool ext_options_delalloc(const struct ext_fs *fs)
{
	return strcmp(fs->sb->type->name, "ext4") == 0 &&
	       !(fs->super->default_mount_opts & EXT_DEFAULT_NODELALLOC);
}

void ext_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct ext_fs *fs = sb->data;
	static const char *const names[] = {
		[EXT_ERRORS_CONTINUE] = "continue", [EXT_ERRORS_RO] = "remount-ro",
		[EXT_ERRORS_PANIC] = "panic",
	};
	size_t n = 0;

	if (size)
		buf[0] = '\0';
	if (fs->opt.errors_given)
		n += scnprintf(buf + n, size - n, ",errors=%s", names[fs->opt.errors]);
	if (fs->opt.super_given)
		n += scnprintf(buf + n, size - n, ",sb=%llu", (unsigned long long)fs->opt.super_at);
	if (fs->opt.resuid_given)
		n += scnprintf(buf + n, size - n, ",resuid=%u", fs->opt.resuid);
	if (fs->opt.resgid_given)
		n += scnprintf(buf + n, size - n, ",resgid=%u", fs->opt.resgid);
	if (fs->opt.no_user_xattr)
		n += scnprintf(buf + n, size - n, ",nouser_xattr");
	if (fs->opt.delalloc != ext_options_delalloc(fs))
		n += scnprintf(buf + n, size - n, ",%sdelalloc", fs->opt.delalloc ? "" : "no");
	if (fs->opt.data_given)
		n += scnprintf(buf + n, size - n, ",data=ordered");
	if (fs->opt.no_auto_da_alloc)
		n += scnprintf(buf + n, size - n, ",noauto_da_alloc");
	if (fs->opt.no_acl)
		n += scnprintf(buf + n, size - n, ",noacl");
	if (fs->opt.discard)
		n += scnprintf(buf + n, size - n, ",discard");
	if (fs->opt.noload)
		scnprintf(buf + n, size - n, ",norecovery");
}
