/*
 * fs/ext/ext_freeze.c - a mounted file system that is whole on its device for a while (FIFREEZE).
 *
 * vfs has written everything and keeps everybody out. With a journal that is emptied, and the
 * superblock says so: a copy of the device is as clean as after unmounting. Without one it is as
 * after sync(2): whole, but for the mark of being mounted.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_super.h"

#include "fs/jbd/jbd.h"

/* The superblock, with nobody in a handle and the journal empty, says whether it is needed. */
static int recover_mark(struct ext_fs *fs, bool needed)
{
	struct ext_super *s = fs->super;

	mutex_lock(&fs->super_lock);
	if (needed)
		s->feature_incompat |= EXT_INCOMPAT_RECOVER;
	else
		s->feature_incompat &= ~(u32)EXT_INCOMPAT_RECOVER;
	ext_csum_super_set(&fs->geo, s);
	bcache_dirty(fs->dev, &fs->super_block);
	mutex_unlock(&fs->super_lock);
	return ext_meta_sync(fs);
}

int ext_freeze(struct superblock *sb)
{
	struct ext_fs *fs = sb->data;
	int err;

	if (!fs->journaled)
		return ext_sync_super(sb, true);
	err = jbd_freeze(fs->journal);
	if (err)
		return err;
	err = recover_mark(fs, false);
	if (err)
		ext_thaw(sb);
	return err;
}

void ext_thaw(struct superblock *sb)
{
	struct ext_fs *fs = sb->data;
	int err;

	if (!fs->journaled)
		return;
	/* Before anything is in the log, the disk says that it counts. */
	err = recover_mark(fs, true);
	if (err) {
		super_log(sb, LOG_ERR, "cannot write the superblock (error %d)", err);
		ext_abort(fs, err);
	}
	jbd_thaw(fs->journal);
}
