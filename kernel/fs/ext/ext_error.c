/*
 * fs/ext/ext_error.c - what happens when the disk turns out to be damaged.
 *
 * Damage is logged with the type and device ("ext2 (sda3): …"), a burst of messages at a time
 * (core/log_limit.h), and recorded in the superblock, so that e2fsck looks: in its state, and how
 * many there were, which was the first and which the last. Then errors= decides: go on, refuse all
 * further writing, or panic. Callers return -EIO to their users.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"

#include "core/clock.h"
#include "core/panic.h"
#include "lib/string.h"

/* Keeps what the superblock is to say: the first error since it was last told, and the latest. */
static void error_note(struct ext_fs *fs, u64 ino, const struct ext_error_site *site)
{
	struct ext_error_note note = { .site = site, .time = (u64)clock_now().tv_sec,
				       .ino = (u32)ino };

	spin_lock(&fs->error_lock);
	if (fs->errors_untold++ == 0)
		fs->first_error = note;
	fs->last_error = note;
	spin_unlock(&fs->error_lock);
}

static void error_func(u8 field[EXT_ERROR_FUNC], const char *name)
{
	memset(field, 0, EXT_ERROR_FUNC);
	memcpy(field, name, min(strlen(name), (size_t)EXT_ERROR_FUNC));
}

void ext_error_record(struct ext_fs *fs)
{
	struct ext_super *s = fs->super;
	struct ext_error_note first, last;
	u32 n;

	spin_lock(&fs->error_lock);
	n = fs->errors_untold;
	first = fs->first_error;
	last = fs->last_error;
	fs->errors_untold = 0;
	spin_unlock(&fs->error_lock);
	if (!n)
		return;
	if (!s->first_error_time && !s->first_error_time_hi) {
		s->first_error_time = (u32)first.time;
		s->first_error_time_hi = (u8)(first.time >> 32);
		s->first_error_ino = first.ino;
		s->first_error_block = 0;
		s->first_error_line = first.site->line;
		s->first_error_errcode = EXT_ERROR_CORRUPTED;
		error_func(s->first_error_func, first.site->function);
	}
	s->last_error_time = (u32)last.time;
	s->last_error_time_hi = (u8)(last.time >> 32);
	s->last_error_ino = last.ino;
	s->last_error_block = 0;
	s->last_error_line = last.site->line;
	s->last_error_errcode = EXT_ERROR_CORRUPTED;
	error_func(s->last_error_func, last.site->function);
	s->error_count += min(n, ~0u - s->error_count);
	s->state |= EXT_STATE_ERROR;
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
		if (fs->journal) {
			__atomic_fetch_or(&fs->sb->flags, SB_READ_ONLY, __ATOMIC_RELAXED);
			ext_abort(fs, -EIO);
			return;
		}
		/* Nothing will write the superblock after this: leave the mark now. */
		ext_error_record(fs);
		fs->super->state |= EXT_STATE_ERROR;
		ext_csum_super_set(&fs->geo, fs->super);
		bcache_dirty(fs->dev, &fs->super_block);
		__atomic_fetch_or(&fs->sb->flags, SB_READ_ONLY, __ATOMIC_RELAXED);
		super_log(fs->sb, LOG_ERR, "remounted read-only");
	}
}

int ext_error_at(struct ext_fs *fs, const struct ext_error_site *site, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log_limit_pass(&fs->error_limit))
		super_log(fs->sb, LOG_ERR, "error: %s", text);
	error_note(fs, 0, site);
	error_act(fs);
	return -EIO;
}

int ext_inode_error_at(const struct inode *inode, const struct ext_error_site *site,
		       const char *fmt, ...)
{
	struct ext_fs *fs = ext_fs_of(inode);
	char text[140];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log_limit_pass(&fs->error_limit))
		super_log(fs->sb, LOG_ERR, "error: inode %llu: %s",
			  (unsigned long long)inode->ino, text);
	error_note(fs, inode->ino, site);
	error_act(fs);
	return -EIO;
}
