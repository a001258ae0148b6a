/*
 * fs/ext/ext_bitmap.c - reading the bitmaps of a group.
 *
 * When one is first read since mount it is compared with what must be true of it: the group's own
 * metadata is in use, and so are the bits behind the last block or inode. A bitmap that fails says
 * that anything might be taken twice, so nothing more is taken from that group.
 *
 * With checksums of groups a bitmap may not have been written yet: the descriptor says so, and it
 * is made when it is first wanted. Only those who change bitmaps ask for them.
 */
#include "fs/ext/ext_bitmap.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "lib/bitmap.h"
#include "lib/string.h"

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
	const struct ext_group_desc *d = ext_group_nth(fs, group)->desc;
	u64 base = ext_group_first_block(geo, group);
	u32 n = ext_group_blocks(geo, group);
	size_t nbits = geo->block_size * 8;

	return bits_set(map, 0, ext_group_nth(fs, group)->head_blocks, n) &&
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
	struct ext_group *g = ext_group_nth(fs, group);

	WRITE_ONCE(g->bad, true);
	return ext_error(fs, "%s bitmap of group %u is damaged", which, group);
}

void ext_block_bitmap_dirty(struct ext_fs *fs, u32 group, struct bblock *b)
{
	if (!fs->journal)
		ext_csum_block_bitmap_set(&fs->geo, ext_group_nth(fs, group)->desc, b->data);
	ext_block_dirty(fs, b);
	ext_group_dirty(fs, group, EXT_STALE_BLOCKS);
}

void ext_inode_bitmap_dirty(struct ext_fs *fs, u32 group, struct bblock *b)
{
	if (!fs->journal)
		ext_csum_inode_bitmap_set(&fs->geo, ext_group_nth(fs, group)->desc, b->data);
	ext_block_dirty(fs, b);
	ext_group_dirty(fs, group, EXT_STALE_INODES);
}

static bool block_sum_matches(const struct ext_fs *fs, const struct ext_group *g,
			      const struct bblock *b)
{
	return g->stale & EXT_STALE_BLOCKS || ext_csum_block_bitmap(&fs->geo, g->desc, b->data);
}

static bool inode_sum_matches(const struct ext_fs *fs, const struct ext_group *g,
			      const struct bblock *b)
{
	return g->stale & EXT_STALE_INODES || ext_csum_inode_bitmap(&fs->geo, g->desc, b->data);
}

/* Whether the group's descriptor can say of a bitmap that it was never written. */
static bool may_be_uninit(const struct ext_fs *fs)
{
	return fs->geo.metadata_csum || fs->geo.gdt_csum;
}

/* Sets those of [first, first + count) that are among the group's n blocks. */
static void set_within(u64 *map, u64 first, u64 count, u32 n)
{
	if (first < n)
		bitmap_set_range(map, first, min(count, n - first));
}

/* False if it has not as many free blocks as the group counts. */
static bool block_bitmap_make(struct ext_fs *fs, u32 group, struct bblock *b)
{
	const struct ext_geo *geo = &fs->geo;
	struct ext_group_desc *d = ext_group_nth(fs, group)->desc;
	u64 base = ext_group_first_block(geo, group);
	u32 n = ext_group_blocks(geo, group), nbits = geo->block_size * 8;

	memset(b->data, 0, geo->block_size);
	set_within(b->data, 0, ext_group_nth(fs, group)->head_blocks, n);
	set_within(b->data, ext_desc_block_bitmap(geo, d) - base, 1, n);
	set_within(b->data, ext_desc_inode_bitmap(geo, d) - base, 1, n);
	set_within(b->data, ext_desc_inode_table(geo, d) - base, geo->itable_blocks, n);
	bitmap_set_range(b->data, n, nbits - n);
	if (nbits - bitmap_weight(b->data, nbits) != ext_group_nth(fs, group)->free_blocks)
		return false;
	d->flags &= (u16)~EXT_BG_BLOCK_UNINIT;
	ext_block_bitmap_dirty(fs, group, b);
	return true;
}

static bool inode_bitmap_make(struct ext_fs *fs, u32 group, struct bblock *b)
{
	u32 n = fs->geo.inodes_per_group;

	if (ext_group_nth(fs, group)->free_inodes != n)
		return false;
	memset(b->data, 0, fs->geo.block_size);
	bitmap_set_range(b->data, n, fs->geo.block_size * 8 - n);
	ext_group_nth(fs, group)->desc->flags &= (u16)~EXT_BG_INODE_UNINIT;
	ext_inode_bitmap_dirty(fs, group, b);
	return true;
}

int ext_block_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b)
{
	struct ext_group *g = ext_group_nth(fs, group);
	bool made = true;
	int err;

	if (g->bad)
		return -EIO;
	err = ext_block_get(fs, ext_desc_block_bitmap(&fs->geo, g->desc), b);
	if (err || g->block_bitmap_ok)
		return err;
	if (may_be_uninit(fs) && g->desc->flags & EXT_BG_BLOCK_UNINIT)
		made = block_bitmap_make(fs, group, b);
	if (!made || !block_sum_matches(fs, g, b) ||
	    !block_bitmap_sane(fs, group, b->data)) {
		bcache_put(b);
		return bitmap_bad(fs, group, "block");
	}
	g->block_bitmap_ok = true;
	return 0;
}

int ext_inode_bitmap_get(struct ext_fs *fs, u32 group, struct bblock *b)
{
	struct ext_group *g = ext_group_nth(fs, group);
	bool made = true;
	int err;

	if (g->bad)
		return -EIO;
	err = ext_block_get(fs, ext_desc_inode_bitmap(&fs->geo, g->desc), b);
	if (err || g->inode_bitmap_ok)
		return err;
	if (may_be_uninit(fs) && g->desc->flags & EXT_BG_INODE_UNINIT)
		made = inode_bitmap_make(fs, group, b);
	if (!made || !inode_sum_matches(fs, g, b) ||
	    !inode_bitmap_sane(fs, group, b->data)) {
		bcache_put(b);
		return bitmap_bad(fs, group, "inode");
	}
	g->inode_bitmap_ok = true;
	return 0;
}
