/*
 * fs/ext/ext_remount.c - a mounted file system becomes writable, or no longer is.
 *
 * A read-only mount that met a journal to replay has the replayed blocks in memory only. When it
 * becomes writable the journal is replayed again, to the disk this time, and the buffers that stay
 * with the mount are taken from their own places. The old ones, and the tree that led to them,
 * remain until unmount: whoever is just reading through them reads the same.
 */
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_journal.h"
#include "fs/ext/ext_super.h"

/* The superblock's buffer is that of its own place on the disk. */
static int super_go_home(struct ext_fs *fs)
{
	u64 at = fs->opt.super_at << 10;
	struct bblock b;
	int err = bcache_get(fs->dev, at >> fs->geo.block_bits, fs->geo.block_size, &b);

	if (err)
		return err;
	fs->away_super = fs->super_block;
	fs->super_block = b;
	WRITE_ONCE(fs->super, (void *)((u8 *)b.data + (at & (fs->geo.block_size - 1))));
	return 0;
}

static int overlay_to_disk(struct ext_fs *fs)
{
	int err = ext_state_check_features(fs);

	if (!err && !fs->away_super.page)
		err = super_go_home(fs);
	if (!err)
		err = ext_journal_recover(fs, true);
	if (!err)
		err = ext_groups_go_home(fs);
	if (!err)
		WRITE_ONCE(fs->overlaid, false);
	return err;
}

int ext_remount(struct superblock *sb, u32 flags, const char *options)
{
	struct ext_fs *fs = sb->data;
	struct ext_options opt = fs->opt;
	bool read_only = flags & SB_READ_ONLY;
	int err = ext_options_parse(sb, options, &opt);

	if (err)
		return err;
	opt.data_given = fs->opt.data_given; /* the order stays what it is */
	if (opt.super_at != fs->opt.super_at || opt.noload != fs->opt.noload) {
		super_log(sb, LOG_ERR, "sb= and noload cannot be changed by remounting");
		return -EINVAL;
	}
	if (read_only && fs->writable) {
		if (ext_orphan_first(fs))
			return -EBUSY; /* removed files are in use: they must be freed by writing */
		ext_state_end_write(fs);
	} else if (!read_only && !fs->writable) {
		if (fs->had_errors) {
			super_log(sb, LOG_ERR, "damaged: cannot be remounted for writing");
			return -EROFS;
		}
		err = fs->overlaid ? overlay_to_disk(fs) : 0;
		if (!err)
			err = ext_state_begin_write(fs);
		if (err)
			return err;
		ext_orphans_process(fs);
	}
	mutex_lock(&fs->super_lock);
	fs->opt = opt;
	if (opt.no_acl)
		__atomic_fetch_and(&sb->flags, ~(u32)SB_ACL, __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(&sb->flags, SB_ACL, __ATOMIC_RELAXED);
	mutex_unlock(&fs->super_lock);
	return 0;
}
