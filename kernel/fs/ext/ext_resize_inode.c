/*
 * fs/ext/ext_resize_inode.c - the resize inode, which has the blocks in reserve for descriptors.
 *
 * Behind the descriptors of group 0, and of each backup of them, mke2fs leaves blocks free for more
 * (the superblock's reserved_gdt_blocks). So that nobody else takes them they belong to inode 7.
 * Its double indirect block has at place n, modulo its length, block n of the descriptors, as long
 * as that is in reserve; and such a block is an indirect block itself, with the same block of each
 * backup, in the order of their groups. So a block that becomes descriptors leaves the map with all
 * its backups, and a group with a backup enters every list.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_resize.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"
#include "lib/string.h"
#include "mm/kmap.h"

/* Groups below that one which have a backup. */
static u32 backups_below(const struct ext_fs *fs, u32 group)
{
	u32 n = 0;

	for (u32 i = 1; i < group; i++)
		n += ext_group_has_super(&fs->geo, fs->super, i);
	return n;
}

static bool reserve_exists(const struct ext_fs *fs)
{
	return fs->geo.compat & EXT_COMPAT_RESIZE_INODE;
}

static bool enters_lists(const struct ext_fs *fs, const struct ext_new_group *n)
{
	return ext_group_has_super(&fs->geo, fs->super, n->number);
}

/* Blocks that stay in reserve with the group. */
static u32 reserve_left(const struct ext_fs *fs, const struct ext_new_group *n)
{
	return fs->super->reserved_gdt_blocks - n->new_gdt;
}

u32 ext_reserve_credits(const struct ext_fs *fs, const struct ext_new_group *n)
{
	if (!reserve_exists(fs))
		return 0;
	return 2 + (enters_lists(fs, n) ? reserve_left(fs, n) : 0);
}

static int reserve_bad(const struct ext_fs *fs, const char *why)
{
	super_log(fs->sb, LOG_ERR, "its resize inode is damaged (%s): run e2fsck", why);
	return -EUCLEAN;
}

/* The inode and its map. */
static int reserve_read(struct ext_fs *fs, struct ext_reserve *r)
{
	const char *why = NULL;
	u64 map;
	int err = ext_raw_get(fs, EXT_RESIZE_INO, &r->table, &r->raw);

	if (err)
		return err;
	map = r->raw->block[EXT_DIND];
	if (!ext_csum_inode(&fs->geo, EXT_RESIZE_INO, r->raw))
		why = "checksum";
	else if (!S_ISREG(r->raw->mode) || r->raw->links_count != 1)
		why = "mode";
	else if (r->raw->flags & EXT_FL_EXTENTS || !ext_blocks_valid(&fs->geo, map, 1) ||
		 ext_overlaps_metadata(fs, map, 1))
		why = "map";
	err = why ? reserve_bad(fs, why) : ext_block_get(fs, map, &r->map);
	if (err)
		bcache_put(&r->table);
	else
		r->open = true;
	return err;
}

/* Where the map has block n of the descriptors; NULL if it has something else there. */
static u32 *map_entry(const struct ext_fs *fs, const struct ext_reserve *r, u32 n)
{
	u32 *entry = (u32 *)r->map.data + n % fs->geo.addr_per_block;

	return *entry == ext_gdt_location(fs, n) ? entry : NULL;
}

/* The lists of all blocks that stay in reserve. */
static int lists_read(struct ext_fs *fs, const struct ext_new_group *n, struct ext_reserve *r)
{
	u32 left = reserve_left(fs, n), first = fs->geo.n_gdt_blocks + n->new_gdt;
	int err = 0;

	r->at = backups_below(fs, n->number);
	if (r->at >= fs->geo.addr_per_block)
		return -ENOSPC;
	r->lists = kvmalloc(max(left, 1u) * sizeof(*r->lists), MM_KERNEL | MM_ZERO);
	if (!r->lists)
		return -ENOMEM;
	for (u32 i = 0; i < left && !err; i++) {
		if (!map_entry(fs, r, first + i))
			return reserve_bad(fs, "block in reserve");
		err = ext_block_get(fs, ext_gdt_location(fs, first + i), &r->lists[i]);
		if (!err)
			r->n_lists = i + 1;
		if (!err && ((u32 *)r->lists[i].data)[r->at])
			err = reserve_bad(fs, "list of backups");
	}
	return err;
}

/* What a block in reserve and its backups count in the inode's i_blocks. */
static u32 held_sectors(const struct ext_fs *fs, const struct ext_new_group *n)
{
	return (1 + backups_below(fs, n->number)) << (fs->geo.block_bits - 9);
}

int ext_reserve_open(struct ext_fs *fs, const struct ext_new_group *n, struct ext_reserve *r)
{
	int err;

	*r = (struct ext_reserve){ 0 };
	if (!reserve_exists(fs))
		return 0;
	err = reserve_read(fs, r);
	if (err)
		return err;
	if (n->new_gdt && (!map_entry(fs, r, fs->geo.n_gdt_blocks) ||
			   r->raw->blocks_lo < held_sectors(fs, n)))
		err = reserve_bad(fs, "block for descriptors");
	if (!err && enters_lists(fs, n))
		err = lists_read(fs, n, r);
	if (err)
		ext_reserve_close(r);
	return err;
}

void ext_reserve_take(struct ext_fs *fs, const struct ext_new_group *n, struct ext_reserve *r)
{
	const struct ext_geo *geo = &fs->geo;
	u32 sectors = geo->block_size >> 9, first = geo->n_gdt_blocks + n->new_gdt;
	u64 base = ext_group_first_block(geo, n->number);

	if (!r->open)
		return;
	if (n->new_gdt) {
		*map_entry(fs, r, geo->n_gdt_blocks) = 0;
		r->raw->blocks_lo -= held_sectors(fs, n);
		ext_block_dirty(fs, &r->map);
	}
	for (u32 i = 0; i < r->n_lists; i++) {
		((u32 *)r->lists[i].data)[r->at] = (u32)(base + 1 + first + i);
		ext_block_dirty(fs, &r->lists[i]);
	}
	r->raw->blocks_lo += r->n_lists * sectors;
	if (n->new_gdt || r->n_lists) {
		ext_csum_inode_set(geo, EXT_RESIZE_INO, r->raw);
		ext_block_dirty(fs, &r->table);
	}
}

void ext_reserve_close(struct ext_reserve *r)
{
	for (u32 i = 0; i < r->n_lists; i++)
		bcache_put(&r->lists[i]);
	kvfree(r->lists);
	r->lists = NULL;
	r->n_lists = 0;
	if (!r->open)
		return;
	bcache_put(&r->map);
	bcache_put(&r->table);
	r->open = false;
}

int ext_reserve_end(struct ext_fs *fs)
{
	struct ext_reserve r = { 0 };
	u64 map;
	int err;

	if (!reserve_exists(fs))
		return 0;
	err = reserve_read(fs, &r);
	if (err)
		return err;
	map = r.raw->block[EXT_DIND];
	if (r.raw->blocks_lo != fs->geo.block_size >> 9)
		err = reserve_bad(fs, "number of blocks");
	if (!err) {
		bcache_put(&r.map);
		r.open = false;
		err = ext_blocks_free(fs, map, 1, true);
		if (!err) {
			memset(r.raw, 0, fs->geo.inode_size);
			ext_csum_inode_set(&fs->geo, EXT_RESIZE_INO, r.raw);
			ext_block_dirty(fs, &r.table);
		}
		bcache_put(&r.table);
	}
	ext_reserve_close(&r);
	return err;
}
