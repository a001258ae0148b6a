/*
 * fs/ext/ext_resize_backup.c - copies of the superblock and of the group descriptors.
 *
 * They are for e2fsck, when the first ones are lost: as mke2fs and e2fsck write them, a copy of the
 * superblock says that the file system is not clean, and nothing of a journal to be replayed.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_resize.h"
#include "fs/ext/ext_super.h"

#include "lib/string.h"

/* A block that will be overwritten, within a handle of its own if it is one of the file system. */
static int backup_begin(struct ext_fs *fs, u64 block, bool journaled, struct bblock *b)
{
	int err = journaled ? ext_begin(fs, 1) : 0;

	if (err)
		return err;
	err = bcache_get_new(fs->dev, block, fs->geo.block_size, b);
	if (err && journaled)
		ext_end(fs);
	return err;
}

static void backup_end(struct ext_fs *fs, bool journaled, struct bblock *b)
{
	if (journaled)
		ext_block_dirty(fs, b);
	else
		bcache_dirty(fs->dev, b);
	bcache_put(b);
	if (journaled)
		ext_end(fs);
}

int ext_backup_super(struct ext_fs *fs, u32 group, bool journaled)
{
	struct ext_super *s;
	struct bblock b;
	int err = backup_begin(fs, ext_group_first_block(&fs->geo, group), journaled, &b);

	if (err)
		return err;
	s = b.data;
	mutex_lock(&fs->super_lock);
	*s = *fs->super;
	mutex_unlock(&fs->super_lock);
	s->block_group_nr = (u16)group;
	s->state &= (u16)~EXT_STATE_VALID;
	s->feature_incompat &= ~(u32)EXT_INCOMPAT_RECOVER;
	ext_csum_super_set(&fs->geo, s);
	backup_end(fs, journaled, &b);
	return 0;
}

int ext_backup_gdt(struct ext_fs *fs, u32 n, u64 to, bool journaled)
{
	const struct ext_geo *geo = &fs->geo;
	u32 first = n * geo->descs_per_block;
	struct bblock b;
	int err = backup_begin(fs, to, journaled, &b);

	if (err)
		return err;
	memcpy(b.data, ext_gdt_nth(fs, n)->data, geo->block_size);
	/* They change meanwhile, and may not have been summed since. */
	for (u32 i = 0; i < geo->descs_per_block && first + i < geo->n_groups; i++)
		ext_csum_group_set(geo, fs->super, first + i,
				   (void *)((u8 *)b.data + i * geo->desc_size));
	backup_end(fs, journaled, &b);
	return 0;
}

/* Those at the start of a group. */
static int backup_group(struct ext_fs *fs, u32 group, u32 first)
{
	const struct ext_geo *geo = &fs->geo;
	u64 base = ext_group_first_block(geo, group);
	u32 n = min(geo->n_gdt_blocks, geo->first_meta_bg);
	int err = ext_backup_super(fs, group, true);

	if (group / geo->descs_per_block >= geo->first_meta_bg)
		return err;
	for (u32 i = first; i < n && !err; i++)
		err = ext_backup_gdt(fs, i, base + 1 + i, true);
	return err;
}

/* meta_bg: a block of descriptors is in the second and the last of the groups it describes, too. */
static int backup_meta(struct ext_fs *fs, u32 n)
{
	const struct ext_geo *geo = &fs->geo;
	const u32 groups[] = { n * geo->descs_per_block + 1, (n + 1) * geo->descs_per_block - 1 };
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(groups) && !err; i++)
		if (groups[i] < geo->n_groups)
			err = ext_backup_gdt(fs, n, ext_group_first_block(geo, groups[i]) +
					     ext_group_has_super(geo, fs->super, groups[i]), true);
	return err;
}

int ext_backup_all(struct ext_fs *fs, u32 first)
{
	const struct ext_geo *geo = &fs->geo;
	int err = 0;

	for (u32 i = 1; i < geo->n_groups && !err; i++)
		if (ext_group_has_super(geo, fs->super, i))
			err = backup_group(fs, i, first);
	for (u32 i = max(first, geo->first_meta_bg); i < geo->n_gdt_blocks && !err; i++)
		err = backup_meta(fs, i);
	return err;
}
