/*
 * fs/ext/ext_error.c - what happens when the disk turns out to be damaged.
 *
 * Damage is logged with the type and device ("ext2 (sda3): …"), at most ERROR_BURST messages per
 * ERROR_WINDOW_NS, and recorded in the superblock's state, so that e2fsck looks. Then errors=
 * decides: go on, refuse all further writing, or panic. Callers return -EIO to their users.
 */
#include "fs/ext/ext_int.h"

#include "core/clock.h"
#include "core/panic.h"

#define ERROR_BURST	10
#define ERROR_WINDOW_NS	(5ull * NSEC_PER_SEC)

void ext_message(const struct superblock *sb, enum log_level level, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_emit(level, "%s (%s): %s", sb->type->name, sb->dev->name, text);
}

/* Whether one more message may go out now. */
static bool error_may_log(struct ext_fs *fs)
{
	u64 now = clock_monotonic();
	bool yes;

	spin_lock(&fs->error_lock);
	if (fs->error_count == 0 || now - fs->error_epoch_ns > ERROR_WINDOW_NS) {
		fs->error_epoch_ns = now;
		fs->error_count = 0;
	}
	yes = fs->error_count < ERROR_BURST;
	if (yes)
		fs->error_count++;
	spin_unlock(&fs->error_lock);
	return yes;
}

static void error_act(struct ext_fs *fs)
{
	u32 errors = READ_ONCE(fs->opt.errors);

	WRITE_ONCE(fs->had_errors, true);
	if (errors == EXT_ERRORS_PANIC)
		panic("%s (%s): damaged, and mounted with errors=panic", fs->sb->type->name,
		      fs->dev->name);
	if (errors == EXT_ERRORS_RO &&
	    __atomic_exchange_n(&fs->writable, false, __ATOMIC_ACQ_REL)) {
		/* Nothing will write the superblock after this: leave the mark now. */
		fs->super->state |= EXT_STATE_ERROR;
		ext_csum_super_set(&fs->geo, fs->super);
		bcache_dirty(fs->dev, &fs->super_block);
		__atomic_fetch_or(&fs->sb->flags, SB_READ_ONLY, __ATOMIC_RELAXED);
		ext_message(fs->sb, LOG_ERR, "remounted read-only");
	}
}

int ext_error(struct ext_fs *fs, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (error_may_log(fs))
		ext_message(fs->sb, LOG_ERR, "error: %s", text);
	error_act(fs);
	return -EIO;
}

int ext_inode_error(const struct inode *inode, const char *fmt, ...)
{
	struct ext_fs *fs = ext_fs_of(inode);
	char text[140];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ext_error(fs, "inode %llu: %s", (unsigned long long)inode->ino, text);
}
