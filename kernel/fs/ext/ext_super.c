/*
 * fs/ext/ext_super.c - mounting and unmounting.
 *
 * One driver serves three types; what it does follows from the feature words of the superblock, the
 * type only narrows what is accepted: "ext2" takes what the classic driver takes, "ext3" a file
 * system with a journal, "ext4" everything that can be read here. Writing is possible where every
 * feature is understood for writing; "ext3" and "ext4" do it by way of the journal, if there is
 * one, which is replayed at mount if need be.
 */
#include "fs/ext/ext.h"
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_journal.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "abi/capability.h"
#include "fs/jbd/jbd.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "mm/slab.h"

#define EXT2_INCOMPAT	(EXT_INCOMPAT_FILETYPE | EXT_INCOMPAT_META_BG)
#define EXT4_INCOMPAT	(EXT2_INCOMPAT | EXT_INCOMPAT_RECOVER | EXT_INCOMPAT_EXTENTS | \
			 EXT_INCOMPAT_64BIT | EXT_INCOMPAT_MMP | EXT_INCOMPAT_FLEX_BG | \
			 EXT_INCOMPAT_EA_INODE | EXT_INCOMPAT_CSUM_SEED | EXT_INCOMPAT_LARGEDIR | \
			 EXT_INCOMPAT_INLINE_DATA)

struct ext_flavour {
	struct fs_type type;
	u32 incompat;		/* features it takes */
	bool needs_journal;
};

static const struct super_ops ext_super_ops;

static const char *incompat_name(u32 bit)
{
	switch (bit) {
	case EXT_INCOMPAT_COMPRESSION: return "compression";
	case EXT_INCOMPAT_JOURNAL_DEV: return "journal_dev";
	case EXT_INCOMPAT_EXTENTS: return "extents";
	case EXT_INCOMPAT_64BIT: return "64bit";
	case EXT_INCOMPAT_FLEX_BG: return "flex_bg";
	case EXT_INCOMPAT_ENCRYPT: return "encrypt";
	case EXT_INCOMPAT_CASEFOLD: return "casefold";
	case EXT_INCOMPAT_INLINE_DATA: return "inline_data";
	}
	return "not known here";
}

static int super_check_features(struct ext_fs *fs, const struct ext_flavour *flavour)
{
	struct superblock *sb = fs->sb;
	u32 bad = fs->geo.incompat & ~flavour->incompat;

	if (bad & ~(u32)EXT_INCOMPAT_RECOVER) {
		u32 bit = (u32)rounddown_pow2(bad & ~(u32)EXT_INCOMPAT_RECOVER);

		super_log(sb, LOG_ERR, "cannot be mounted as %s: feature %s (incompat %#x)",
			  flavour->type.name, incompat_name(bit), bad);
		return -EINVAL;
	}
	if (fs->geo.ro_compat & EXT_RO_VERITY) {
		super_log(sb, LOG_ERR, "feature verity is not supported");
		return -EINVAL;
	}
	if (flavour->needs_journal && !(fs->geo.compat & EXT_COMPAT_HAS_JOURNAL)) {
		super_log(sb, LOG_ERR, "has no journal: mount it as ext2");
		return -EINVAL;
	}
	return 0;
}

/* Reads the superblock at its place, then again as a part of a block of the right size. */
static int super_read(struct ext_fs *fs)
{
	u64 at = fs->opt.super_at, block;
	struct bblock b;
	const char *why;
	int err;

	if (at == 0 || at >= fs->dev->n_sectors / 2) {
		super_log(fs->sb, LOG_ERR, "no superblock can be at sb=%llu",
			  (unsigned long long)at);
		return -EINVAL;
	}
	err = bcache_get(fs->dev, at, EXT_SUPER_SIZE, &b);
	if (err) {
		super_log(fs->sb, LOG_ERR, "cannot read the superblock (error %d)", err);
		return err;
	}
	why = ext_check_super(b.data, fs->dev->n_sectors / 2, &fs->geo);
	bcache_put(&b);
	if (why) {
		super_log(fs->sb, LOG_ERR, "bad superblock: %s", why);
		return -EINVAL;
	}
	block = (at << 10) >> fs->geo.block_bits;
	err = bcache_get(fs->dev, block, fs->geo.block_size, &fs->super_block);
	if (err)
		return err;
	fs->super = (void *)((u8 *)fs->super_block.data + ((at << 10) & (fs->geo.block_size - 1)));
	/* Nobody but us writes there, but it may have been read from a bad sector's neighbour. */
	why = ext_check_super(fs->super, fs->dev->n_sectors / 2, &fs->geo);
	if (why) {
		super_log(fs->sb, LOG_ERR, "bad superblock: %s", why);
		return -EINVAL;
	}
	return 0;
}

/* The superblock again, as the journal has it. */
static int super_reload(struct ext_fs *fs, const struct ext_flavour *flavour)
{
	u64 at = fs->opt.super_at << 10;
	u32 block_size = fs->geo.block_size;
	struct bblock b;
	const char *why;
	int err = ext_block_get(fs, at >> fs->geo.block_bits, &b);

	if (err)
		return err;
	bcache_put(&fs->super_block);
	fs->super_block = b;
	fs->super = (void *)((u8 *)b.data + (at & (block_size - 1)));
	why = ext_check_super(fs->super, fs->dev->n_sectors / 2, &fs->geo);
	if (!why && fs->geo.block_size != block_size)
		why = "another block size";
	if (why) {
		super_log(fs->sb, LOG_ERR, "bad superblock in the journal: %s", why);
		return -EINVAL;
	}
	return super_check_features(fs, flavour);
}

/* Where a crash left a journal to replay, this is done before anything else is read. */
static int super_recover(struct ext_fs *fs, const struct ext_flavour *flavour)
{
	int err = 0;

	if (!(fs->geo.incompat & EXT_INCOMPAT_RECOVER))
		return 0;
	if (fs->opt.noload) {
		super_log(fs->sb, LOG_WARNING,
			  "journal not replayed (noload): files may look damaged");
		return 0;
	}
	if (!(fs->sb->flags & SB_READ_ONLY))
		err = ext_state_check_features(fs);
	if (!err)
		err = ext_journal_recover(fs, !(fs->sb->flags & SB_READ_ONLY));
	return err ? err : super_reload(fs, flavour);
}

static void super_take_options(struct ext_fs *fs)
{
	const struct ext_super *s = fs->super;
	struct ext_options *o = &fs->opt;
	bool wide = fs->geo.incompat & EXT_INCOMPAT_64BIT;
	u64 reserved = s->r_blocks_count_lo | (wide ? (u64)s->r_blocks_count_hi << 32 : 0);

	if (!o->errors_given)
		o->errors = s->errors >= EXT_ERRORS_CONTINUE && s->errors <= EXT_ERRORS_PANIC ?
			s->errors : EXT_ERRORS_CONTINUE;
	if (!o->resuid_given)
		o->resuid = s->def_resuid;
	if (!o->resgid_given)
		o->resgid = s->def_resgid;
	fs->reserved_blocks = (s64)min(reserved, fs->geo.n_blocks);
	fs->hash_base = s->flags & EXT_FLAG_UNSIGNED_HASH ? EXT_HASH_LEGACY_UNSIGNED : 0;
	fs->max_links = fs->geo.incompat & EXT_INCOMPAT_EXTENTS ||
			fs->geo.ro_compat & EXT_RO_DIR_NLINK ? 65000 : 32000;
}

/* Largest size of a file in bytes: by its map, and by the 32 bits of i_blocks. */
static u64 super_max_file_size(const struct ext_fs *fs)
{
	const struct ext_geo *geo = &fs->geo;
	u64 per = geo->addr_per_block, limit = ext_map_limit(geo);
	u64 sectors = ~0u >> (geo->block_bits - 9);

	if (geo->incompat & EXT_INCOMPAT_EXTENTS)
		return (u64)~0u << geo->block_bits;
	if (fs->super->rev_level == 0)
		return 0x7fffffff;
	sectors -= 1 + (1 + per) + (1 + per + per * per); /* its indirect blocks count, too */
	return min(limit, sectors) << geo->block_bits;
}

static int super_fill(struct ext_fs *fs, const struct ext_flavour *flavour)
{
	struct superblock *sb = fs->sb;
	int err = super_read(fs);

	if (err)
		return err;
	err = super_check_features(fs, flavour);
	if (!err)
		err = super_recover(fs, flavour);
	if (err)
		return err;
	fs->journaled = flavour->incompat & EXT_INCOMPAT_RECOVER && !fs->opt.noload &&
			fs->geo.compat & EXT_COMPAT_HAS_JOURNAL;
	if (fs->opt.data_given && !fs->journaled) {
		super_log(sb, LOG_ERR, "data= is for a file system with a journal");
		return -EINVAL;
	}
	super_take_options(fs);
	err = ext_groups_load(fs);
	if (err)
		return err;
	sb->ops = &ext_super_ops;
	sb->block_size = fs->geo.block_size;
	sb->magic = EXT2_SUPER_MAGIC;
	sb->flags |= fs->opt.no_acl ? 0 : SB_ACL;
	sb->max_file_size = super_max_file_size(fs);
	sb->time_granularity_ns = fs->geo.inode_size > EXT_INODE_SIZE_OLD ? 1 : NSEC_PER_SEC;
	sb->time_min = EXT_TIME_MIN;
	sb->time_max = fs->geo.inode_size > EXT_INODE_SIZE_OLD ? EXT_TIME_MAX_EXTRA : EXT_TIME_MAX;
	ext_statfs_prepare(fs);
	if (!(sb->flags & SB_READ_ONLY))
		err = ext_state_begin_write(fs);
	return err;
}

/*
 * After an abort the device's cache has changes that were lost beside some that are in the log, in
 * one page even: none of it may be written, and the next mount has to read.
 */
static void cache_drop(struct ext_fs *fs)
{
	bcache_forget(fs->dev, 0, fs->geo.block_size, fs->geo.n_blocks);
	(void)bcache_sync(fs->dev);
	bcache_drop_clean(fs->dev);
}

static void super_free(struct ext_fs *fs)
{
	ext_groups_free(fs);
	if (fs->super)
		bcache_put(&fs->super_block);
	if (fs->away_super.page)
		bcache_put(&fs->away_super);
	ext_overlay_free(fs);
	if (fs->cache_stale)
		cache_drop(fs);
	fs->sb->data = NULL;
	kfree(fs);
}

static int super_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	struct ext_flavour *flavour = container_of(sb->type, struct ext_flavour, type);
	struct ext_fs *fs;
	int err;

	fs = kzalloc(sizeof(*fs), MM_KERNEL);
	if (!fs)
		return -ENOMEM;
	fs->sb = sb;
	fs->dev = dev;
	sb->dev = dev;
	sb->data = fs;
	mutex_init(&fs->super_lock, RANK_FS2, "ext super");
	spin_init(&fs->window_lock, RANK_INODE_SPIN, "ext windows");
	spin_init(&fs->orphan_lock, RANK_INODE_SPIN, "ext orphans");
	spin_init(&fs->error_lock, RANK_INODE_SPIN, "ext errors");
	spin_init(&fs->ordered_lock, RANK_INODE_SPIN, "ext ordered");
	spin_init(&fs->freed_lock, RANK_INODE_SPIN, "ext freed");
	mutex_init(&fs->orphan_mutex, RANK_FS_LIST, "ext orphans");
	mutex_init(&fs->order_mutex, RANK_JOURNAL, "ext order");
	fs->order_epoch = 2;
	fs->order_stable = 1;
	wait_init(&fs->ordered_wait);
	list_init(&fs->orphans);
	list_init(&fs->ordered);
	rb_init(&fs->freed);
	rb_init(&fs->windows);
	radix_init(&fs->overlay, &ext_radix_ops);
	fs->opt.super_at = EXT_SUPER_OFFSET / 1024;
	err = ext_options_parse(sb, options, &fs->opt);
	if (!err)
		err = super_fill(fs, flavour);
	if (err)
		goto fail;
	if (!fs->opt.delalloc_given)
		fs->opt.delalloc = ext_options_delalloc(fs);
	err = ext_iget(sb, EXT_ROOT_INO, &sb->root_inode);
	if (err) {
		super_log(sb, LOG_ERR, "cannot read the root directory (error %d)", err);
		goto fail;
	}
	if (fs->writable)
		ext_orphans_process(fs);
	return 0;
fail:
	if (fs->writable || fs->journal)
		ext_state_end_write(fs);
	super_free(fs);
	return err;
}

static void super_unmount(struct superblock *sb)
{
	struct ext_fs *fs = sb->data;

	if (fs->writable || fs->journal)
		ext_state_end_write(fs);
	super_free(fs);
}

bool ext_may_use_reserve(const struct ext_fs *fs, const struct cred *cred)
{
	return cred_capable(cred, CAP_SYS_RESOURCE) || cred->fsuid == fs->opt.resuid ||
	       (fs->opt.resgid != 0 && cred_in_group(cred, fs->opt.resgid));
}

static const struct super_ops ext_super_ops = {
	.inode_alloc = ext_inode_alloc,
	.inode_free = ext_inode_free,
	.inode_write = ext_inode_write,
	.inode_evict = ext_inode_evict,
	.sync = ext_sync_super,
	.statfs = ext_statfs,
	.remount = ext_remount,
	.freeze = ext_freeze,
	.thaw = ext_thaw,
	.unmount = super_unmount,
	.show_options = ext_show_options,
};

static bool super_suits(struct fs_type *type, struct blkdev *dev);

/* The first that takes a file system is the one for it when none is named. */
static struct ext_flavour flavours[] = {
	{ .type = { .name = "ext3", .flags = FS_NEEDS_DEV | FS_FREEZES,
		    .mount = super_mount, .suits = super_suits },
	  .incompat = EXT2_INCOMPAT | EXT_INCOMPAT_RECOVER, .needs_journal = true },
	{ .type = { .name = "ext2", .flags = FS_NEEDS_DEV | FS_FREEZES,
		    .mount = super_mount, .suits = super_suits },
	  .incompat = EXT2_INCOMPAT },
	{ .type = { .name = "ext4", .flags = FS_NEEDS_DEV | FS_FREEZES,
		    .mount = super_mount, .suits = super_suits },
	  .incompat = EXT4_INCOMPAT },
};

static bool super_suits(struct fs_type *type, struct blkdev *dev)
{
	const struct ext_super *s;
	u32 compat, incompat;
	struct bblock b;
	bool ours;

	if (bcache_get(dev, EXT_SUPER_OFFSET / EXT_SUPER_SIZE, EXT_SUPER_SIZE, &b))
		return false;
	s = b.data;
	ours = s->magic == EXT_MAGIC;
	compat = s->rev_level ? s->feature_compat : 0;
	incompat = s->rev_level ? s->feature_incompat : 0;
	bcache_put(&b);
	for (size_t i = 0; ours && i < ARRAY_SIZE(flavours); i++)
		if (!(incompat & ~flavours[i].incompat) &&
		    (!flavours[i].needs_journal || compat & EXT_COMPAT_HAS_JOURNAL))
			return type == &flavours[i].type;
	return false;
}

void fs_ext_init(void)
{
	int err = ext_inode_cache_init();

	for (size_t i = 0; !err && i < ARRAY_SIZE(flavours); i++)
		err = fs_register(&flavours[i].type);
	if (err)
		log_err("ext2: cannot be registered (error %d)", err);
}
