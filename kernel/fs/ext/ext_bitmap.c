/*
 * fs/ext/ext_bitmap.c - reading the bitmaps of a group.
 *
 * When one is first read since mount it is compared with what must be true of it: the group's own
 * metadata is in use, and so are the bits behind the last block or inode. A bitmap that fails says
 * that anything might be taken twice, so nothing more is taken from that group.
 */
#include "fs/ext/ext_bitmap.h"

#include "lib/bitmap.h"

static bool bits_set(const u64 *map, u64 first, u64 count, size_t nbits)
{
	if (first >= nbits)
		return true; /* with flex_bg: not in this group */
	return bitmap_find_next_zero(map, min(first + count, (u64)nbits), first) >=
	       min(first + count, (u64)nbits);
}

static bool block_bitmap_sane(const struct ext_fs *fs, u32 group, const u64 *map)
{
	const struct ext_geo *geo = &fs->geo;
	const struct ext_group_desc *d = fs->groups[group].desc;
	u64 base = ext_group_first_block(geo, group);
	u32 n = ext_group_blocks(geo, group);
	size_t nbits = geo->block_size * 8;

	return bits_set(map, 0, fs->groups[group].head_blocks, n) &&
	       bits_set(map, ext_desc_block_bitmap(geo, d) - base, 1, n) &&
	       bits_set(map, ext_desc_inode_bitmap(geo, d) - base, 1, n) &&
	       bits_set(map, ext_desc_inode_table(geo, d) - base, geo->itable_blocks, n) &&
	       bits_set(map, n, nbits - n, nbits);
}

static bool inode_bitmap_sane(const struct ext_fs *fs, u32 group, const u64 *map)
{
	size_t nbits = fs->geo.block_size * 8;
	u32 n = fs->geo.inodes_per_group;

	if (group == 0 && !bits_set(map, 0, fs->geo.first_ino - 1, n))
		return false;
	return bits_set(map, n, nbits - n, nbits);
}

static int bitmap_bad(struct ext_fs *fs, u32 group, const char *which)
{
	struct ext_group *g = &fs->groups[group];

	WRITE_ONCE(g->bad, true);
	return ext_error(fs, "%s bitmap of group %u is damaged", which, group);
}

int ext_block_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b)
{
	struct ext_group *g = &fs->groups[group];
	int err;

	if (g->bad)
		return -EIO;
	err = ext_block_get(fs, ext_desc_block_bitmap(&fs->geo, g->desc), b);
	if (err || g->block_bitmap_ok)
		return err;
	if (!block_bitmap_sane(fs, group, b->data)) {
		bcache_put(b);
		return bitmap_bad(fs, group, "block");
	}
	g->block_bitmap_ok = true;
	return 0;
}

int ext_inode_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b)
{
	struct ext_group *g = &fs->groups[group];
	int err;

	if (g->bad)
		return -EIO;
	err = ext_block_get(fs, ext_desc_inode_bitmap(&fs->geo, g->desc), b);
	if (err || g->inode_bitmap_ok)
		return err;
	if (!inode_bitmap_sane(fs, group, b->data)) {
		bcache_put(b);
		return bitmap_bad(fs, group, "inode");
	}
	g->inode_bitmap_ok = true;
	return 0;
}
