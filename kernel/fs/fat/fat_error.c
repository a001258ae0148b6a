/*
 * fs/fat/fat_error.c - what happens when the disk turns out to be damaged.
 *
 * Damage is logged with the type and device ("vfat (sda1): …"), a burst of messages at a time
 * (core/log_limit.h). Then errors= decides: go on, refuse all further writing, or panic. The volume
 * stays marked as not clean, so that fsck.fat looks.
 */
#include "fs/fat/fat_int.h"

#include "core/panic.h"

int fat_error(struct fat_fs *fs, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log_limit_pass(&fs->error_limit))
		super_log(fs->sb, LOG_ERR, "error: %s", text);
	WRITE_ONCE(fs->had_errors, true);
	if (fs->opt.errors == FAT_ERRORS_PANIC)
		panic("%s (%s): damaged, and mounted with errors=panic", fs->sb->type->name,
		      fs->dev->name);
	if (fs->opt.errors == FAT_ERRORS_RO &&
	    __atomic_exchange_n(&fs->writable, false, __ATOMIC_ACQ_REL)) {
		__atomic_fetch_or(&fs->sb->flags, SB_READ_ONLY, __ATOMIC_RELAXED);
		super_log(fs->sb, LOG_ERR, "remounted read-only");
	}
	return -EIO;
}
