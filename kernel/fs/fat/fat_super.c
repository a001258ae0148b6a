/*
 * fs/fat/fat_super.c - mounting and unmounting.
 *
 * One driver serves two types: "vfat" has long names, "msdos" does not. Whatever they are named on
 * the disk, FAT12, FAT16 and FAT32 differ here in little but the width of the FAT's entries and
 * where the root directory is.
 */
#include "fs/fat/fat.h"

#include "fs/fat/fat_int.h"
#include "mm/kmap.h"

static const struct super_ops fat_super_ops;

static int super_read(struct fat_fs *fs)
{
	struct superblock *sb = fs->sb;
	struct bblock b;
	const char *why;
	int err = bcache_get(fs->dev, 0, 512, &b);

	if (err) {
		super_log(sb, LOG_ERR, "cannot read the boot sector (error %d)", err);
		return err == -ABI_ENXIO ? -EINVAL : err;
	}
	why = fat_check_boot(b.data, fs->dev->n_sectors, &fs->geo);
	bcache_put(&b);
	if (!why && fs->geo.sector_size < fs->dev->disk->sector_size)
		why = "sectors smaller than the device's";
	if (why) {
		super_log(sb, LOG_ERR, "bad boot sector: %s", why);
		return -EINVAL;
	}
	if (fs->geo.cut)
		super_log(sb, LOG_WARNING, "the device is smaller than the volume");
	return 0;
}

static int super_fill(struct fat_fs *fs)
{
	struct superblock *sb = fs->sb;
	int err = super_read(fs);

	if (err)
		return err;
	sb->ops = &fat_super_ops;
	sb->block_size = fs->geo.cluster_size;
	sb->magic = MSDOS_SUPER_MAGIC;
	sb->max_file_size = 0xffffffffu;
	sb->time_granularity_ns = NSEC_PER_SEC;
	sb->utime_mode = fs->opt.utime_mode;
	__atomic_fetch_or(&sb->flags, SB_NO_CACHE_NEGATIVE | SB_SPELLINGS, __ATOMIC_RELAXED);
	fat_state_load(fs);
	return sb->flags & SB_READ_ONLY ? 0 : fat_state_begin_write(fs);
}

static struct fat_fs *fs_alloc(struct superblock *sb, struct blkdev *dev)
{
	struct fat_fs *fs = kvmalloc(sizeof(*fs), MM_KERNEL | MM_ZERO);

	if (!fs)
		return NULL;
	fs->sb = sb;
	fs->dev = dev;
	mutex_init(&fs->fat_lock, RANK_FS2, "fat table");
	mutex_init(&fs->make_lock, RANK_FS, "fat make");
	spin_init(&fs->hash_lock, RANK_INODE_SPIN, "fat hash");
	wait_init(&fs->evicted);
	fs->opt = (struct fat_options){
		.uid = sb->mounter_uid, .gid = sb->mounter_gid, .fmask = sb->mounter_umask,
		.dmask = sb->mounter_umask, .utime_mode = ~0u, .errors = FAT_ERRORS_RO,
		.names = { .charset = FAT_UTF8, .codepage = &codepage_437,
			   .shortname = FAT_SHORT_MIXED },
		.check = FAT_CHECK_NORMAL,
		.vfat = sb->type->name[0] == 'v',
	};
	return fs;
}

static int super_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	struct fat_fs *fs = fs_alloc(sb, dev);
	int err;

	if (!fs)
		return -ENOMEM;
	sb->dev = dev;
	sb->data = fs;
	err = fat_options_parse(sb, options, &fs->opt);
	if (!err)
		err = super_fill(fs);
	if (!err) {
		err = fat_root_get(sb, &sb->root_inode);
		if (err)
			super_log(sb, LOG_ERR, "cannot read the root directory (error %d)", err);
	}
	if (!err)
		return 0;
	if (fs->writable)
		fat_state_end_write(fs);
	sb->data = NULL;
	kvfree(fs);
	return err;
}

static void super_unmount(struct superblock *sb)
{
	struct fat_fs *fs = sb->data;

	if (fs->writable)
		fat_state_end_write(fs);
	sb->data = NULL;
	kvfree(fs);
}

static const struct super_ops fat_super_ops = {
	.inode_alloc = fat_inode_alloc,
	.inode_free = fat_inode_free,
	.inode_write = fat_inode_write,
	.inode_evict = fat_inode_evict,
	.sync = fat_sync_super,
	.statfs = fat_statfs,
	.remount = fat_remount,
	.unmount = super_unmount,
	.show_options = fat_show_options,
	.time_trim = fat_time_trim,
};

/* In the order in which they are tried where no type is named: most have long names. */
static struct fs_type types[] = {
	{ .name = "vfat", .flags = FS_NEEDS_DEV, .mount = super_mount },
	{ .name = "msdos", .flags = FS_NEEDS_DEV, .mount = super_mount },
};

void fs_fat_init(void)
{
	int err = fat_inode_cache_init();

	for (size_t i = 0; !err && i < ARRAY_SIZE(types); i++)
		err = fs_register(&types[i]);
	if (err)
		log_err("vfat: cannot be registered (error %d)", err);
}
