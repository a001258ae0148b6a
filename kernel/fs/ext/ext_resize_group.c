/*
 * fs/ext/ext_resize_group.c - what is in the blocks of a new group.
 *
 * Behind the backups, if it has some, come its block bitmap, its inode bitmap and its inode table,
 * whether or not other groups have theirs together (flex_bg). All that is written where no file
 * system is yet, so not by the journal: it only has to be stable before the group counts.
 *
 * With checksums of groups a descriptor says how much of the inode table was ever used, and nobody
 * reads the rest: it is left as it is, and the flag INODE_ZEROED not set.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_resize.h"
#include "fs/ext/ext_super.h"

#include "lib/bitmap.h"
#include "lib/string.h"

#define LEAST_FREE 50u /* blocks of a short group beside its own, as for mke2fs */

u32 ext_new_group_overhead(const struct ext_fs *fs, const struct ext_new_group *n)
{
	return n->head + 2 + fs->geo.itable_blocks;
}

bool ext_new_group_plan(const struct ext_fs *fs, u32 number, u64 end, struct ext_new_group *n)
{
	const struct ext_geo *geo = &fs->geo;
	u64 base = ext_group_first_block(geo, number);

	if (base >= end)
		return false;
	*n = (struct ext_new_group){ .number = number };
	n->n_blocks = (u32)min(end - base, (u64)geo->blocks_per_group);
	n->head = ext_group_head_blocks(fs, number);
	n->new_gdt = number % geo->descs_per_block == 0;
	return n->n_blocks >= ext_new_group_overhead(fs, n) +
			      (n->n_blocks < geo->blocks_per_group ? LEAST_FREE : 0);
}

static int zero_blocks(struct ext_fs *fs, u64 block, u32 n)
{
	struct bblock b;

	for (u32 i = 0; i < n; i++) {
		int err = bcache_get_new(fs->dev, block + i, fs->geo.block_size, &b);

		if (err)
			return err;
		bcache_dirty(fs->dev, &b);
		bcache_put(&b);
	}
	return 0;
}

/* Backups as they are before the group is there; they get what is new when all groups are. */
static int head_write(struct ext_fs *fs, const struct ext_new_group *n)
{
	const struct ext_geo *geo = &fs->geo;
	u64 base = ext_group_first_block(geo, n->number);
	int err = zero_blocks(fs, base, n->head);

	if (err || !ext_group_has_super(geo, fs->super, n->number))
		return err;
	err = ext_backup_super(fs, n->number, false);
	if (n->number / geo->descs_per_block >= geo->first_meta_bg)
		return err;
	for (u32 i = 0; i < min(geo->n_gdt_blocks, geo->first_meta_bg) && !err; i++)
		err = ext_backup_gdt(fs, i, base + 1 + i, false);
	return err;
}

/* A bitmap: the first `used` bits are set, and those from `n` on. */
static int bitmap_write(struct ext_fs *fs, u64 block, u32 used, u32 n, struct bblock *b)
{
	int err = bcache_get_new(fs->dev, block, fs->geo.block_size, b);

	if (err)
		return err;
	bitmap_set_range(b->data, 0, used);
	bitmap_set_range(b->data, n, fs->geo.block_size * 8 - n);
	bcache_dirty(fs->dev, b);
	return 0;
}

static void desc_fill(const struct ext_fs *fs, struct ext_new_group *n, u64 at)
{
	const struct ext_geo *geo = &fs->geo;
	u32 free = n->n_blocks - ext_new_group_overhead(fs, n), inodes = geo->inodes_per_group;

	n->desc = (struct ext_group_desc){
		.block_bitmap_lo = (u32)at, .block_bitmap_hi = (u32)(at >> 32),
		.inode_bitmap_lo = (u32)(at + 1), .inode_bitmap_hi = (u32)((at + 1) >> 32),
		.inode_table_lo = (u32)(at + 2), .inode_table_hi = (u32)((at + 2) >> 32),
		.free_blocks_lo = (u16)free, .free_blocks_hi = (u16)(free >> 16),
		.free_inodes_lo = (u16)inodes, .free_inodes_hi = (u16)(inodes >> 16),
	};
	if (!geo->metadata_csum && !geo->gdt_csum)
		return;
	n->desc.flags = EXT_BG_INODE_UNINIT;
	n->desc.itable_unused_lo = (u16)inodes;
	n->desc.itable_unused_hi = (u16)(inodes >> 16);
}

int ext_new_group_write(struct ext_fs *fs, struct ext_new_group *n)
{
	const struct ext_geo *geo = &fs->geo;
	u64 at = ext_group_first_block(geo, n->number) + n->head;
	struct bblock b;
	int err = head_write(fs, n);

	if (err)
		return err;
	desc_fill(fs, n, at);
	err = bitmap_write(fs, at, ext_new_group_overhead(fs, n), n->n_blocks, &b);
	if (err)
		return err;
	ext_csum_block_bitmap_set(geo, &n->desc, b.data);
	bcache_put(&b);
	err = bitmap_write(fs, at + 1, 0, geo->inodes_per_group, &b);
	if (err)
		return err;
	ext_csum_inode_bitmap_set(geo, &n->desc, b.data);
	bcache_put(&b);
	return n->desc.flags & EXT_BG_INODE_UNINIT ? 0
						   : zero_blocks(fs, at + 2, geo->itable_blocks);
}
