/*
 * fs/fat/fat_state.c - the volume while mounted: clean or not, free clusters, sync, remount.
 *
 * While it is mounted for writing it is marked as not clean, on the disk and before anything else
 * changes, both where Linux looks (the boot sector) and where Windows does (entry 1 of the FAT);
 * the marks go after everything else was written, unless they were there before: then they stay
 * until fsck.fat has looked. FSInfo is a hint: what it says of free clusters holds until somebody
 * asks for their number or there seem to be none.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"

/* Reads FSInfo, at mount. */
void fat_state_load(struct fat_fs *fs)
{
	u32 n_free = FAT_UNKNOWN, next = FAT_UNKNOWN;
	struct bblock b;

	fs->was_dirty = fs->geo.dirty;
	if (fs->geo.fsinfo_sector &&
	    bcache_get(fs->dev, fs->geo.fsinfo_sector, fs->geo.sector_size, &b) == 0) {
		if (!fat_check_fsinfo(b.data, &fs->geo, &n_free, &next))
			fs->geo.fsinfo_sector = 0;
		bcache_put(&b);
	}
	fs->free_clusters = fs->was_dirty && !fs->opt.usefree ? FAT_UNKNOWN : n_free;
	fs->next_free = next == FAT_UNKNOWN ? FAT_FIRST : next;
}

/* fat_lock held. */
static int info_write(struct fat_fs *fs)
{
	struct fat_fsinfo *info;
	struct bblock b;
	int err;

	if (!fs->info_dirty || !fs->geo.fsinfo_sector)
		return 0;
	err = bcache_get(fs->dev, fs->geo.fsinfo_sector, fs->geo.sector_size, &b);
	if (err)
		return err;
	info = b.data;
	info->free_clusters = fs->free_clusters;
	info->next_free = fat_cluster_valid(&fs->geo, fs->next_free) ? fs->next_free : FAT_FIRST;
	bcache_dirty(fs->dev, &b);
	bcache_put(&b);
	fs->info_dirty = false;
	return 0;
}

static int state_mark(struct fat_fs *fs, bool clean)
{
	struct fat_cursor c = fat_cursor(fs);
	struct fat_boot *boot;
	struct bblock b;
	u8 *state;
	int err;

	mutex_lock(&fs->fat_lock);
	err = bcache_get(fs->dev, 0, fs->geo.sector_size, &b);
	if (err)
		goto out;
	boot = b.data;
	state = fs->geo.width == 32 ? &boot->fat32.state : &boot->fat16.state;
	*state = (u8)(clean ? *state & ~FAT_STATE_DIRTY : *state | FAT_STATE_DIRTY);
	bcache_dirty(fs->dev, &b);
	bcache_put(&b);
	err = fat_table_mark(&c, clean);
	fat_cursor_put(&c);
out:
	mutex_unlock(&fs->fat_lock);
	return err;
}

/* Makes all metadata stable: 0, or an error if any write failed since writing began. */
static int meta_sync(struct fat_fs *fs)
{
	int err = bcache_sync(fs->dev);

	if (!err && load_acquire(&fs->dev->cache.n_errors) != fs->write_errors)
		err = -EIO;
	return err ? err : blk_flush(fs->dev);
}

int fat_state_begin_write(struct fat_fs *fs)
{
	int err = -EROFS;

	if (fs->dev->disk->read_only) {
		super_log(fs->sb, LOG_ERR, "the device is read-only");
		return err;
	}
	if (fs->was_dirty)
		super_log(fs->sb, LOG_WARNING, "was not cleanly unmounted: run fsck.fat");
	fs->write_errors = READ_ONCE(fs->dev->cache.n_errors);
	if (!fs->was_dirty) {
		err = state_mark(fs, false);
		if (!err)
			err = meta_sync(fs);
		if (err) {
			super_log(fs->sb, LOG_ERR, "cannot be marked (error %d)", err);
			return err;
		}
	}
	WRITE_ONCE(fs->writable, true);
	return 0;
}

void fat_state_end_write(struct fat_fs *fs)
{
	u32 unused;
	int err = 0;

	if (fs->info_dirty && fs->geo.fsinfo_sector && fs->free_clusters == FAT_UNKNOWN)
		err = fat_free_count(fs, &unused);
	mutex_lock(&fs->fat_lock);
	if (!err)
		err = info_write(fs);
	mutex_unlock(&fs->fat_lock);
	/* Everything else first: it may be called clean only when that is stable. */
	if (!err)
		err = meta_sync(fs);
	if (!err && !fs->was_dirty && !READ_ONCE(fs->had_errors)) {
		err = state_mark(fs, true);
		if (!err)
			err = meta_sync(fs);
	}
	if (err)
		super_log(fs->sb, LOG_ERR, "cannot be written completely (error %d)", err);
	WRITE_ONCE(fs->writable, false);
}

int fat_sync_super(struct superblock *sb, bool wait)
{
	struct fat_fs *fs = sb->data;
	int err = 0, err2;

	if (READ_ONCE(fs->writable)) {
		mutex_lock(&fs->fat_lock);
		err = info_write(fs);
		mutex_unlock(&fs->fat_lock);
	}
	if (!wait)
		return err;
	err2 = bcache_sync(fs->dev);
	if (!err2)
		err2 = blk_flush(fs->dev);
	return err ? err : err2;
}

int fat_statfs(struct superblock *sb, struct abi_statfs *out)
{
	struct fat_fs *fs = sb->data;
	u32 n_free;
	int err = fat_free_count(fs, &n_free);

	if (err)
		return err;
	out->f_bsize = out->f_frsize = fs->geo.cluster_size;
	out->f_blocks = fat_n_clusters(&fs->geo);
	out->f_bfree = out->f_bavail = n_free;
	out->f_namelen = fs->opt.vfat ? 255 : 12;
	return 0;
}

/* Only the flags change: the other options are those of the mount. */
int fat_remount(struct superblock *sb, u32 flags, const char *options)
{
	struct fat_fs *fs = sb->data;
	bool read_only = flags & SB_READ_ONLY;

	if (read_only && fs->writable) {
		fat_state_end_write(fs);
	} else if (!read_only && !fs->writable) {
		if (fs->had_errors) {
			super_log(sb, LOG_ERR, "damaged: cannot be remounted for writing");
			return -EROFS;
		}
		return fat_state_begin_write(fs);
	}
	return 0;
}
