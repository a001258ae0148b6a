/*
 * fs/ext/ext_check.h - validation of on-disk structures, as pure functions of bytes.
 *
 * The checkers answer NULL when the structure can be used, else a short text that says what is
 * wrong with it. None of them reads outside the size it is given; they hold no lock and log
 * nothing. The host builds them under sanitizers and with a fuzzer.
 */
#pragma once

#include "fs/ext/ext_disk.h"

/* What a superblock says, in convenient units. Constant once mounted. */
struct ext_geo {
	u32 block_size;		/* bytes */
	u32 block_bits;		/* log2 of it */
	u32 inode_size;		/* bytes */
	u32 desc_size;		/* bytes */
	u32 blocks_per_group;
	u32 inodes_per_group;
	u32 inodes_per_block;
	u32 itable_blocks;	/* per group */
	u32 first_data_block;
	u32 first_ino;		/* first inode number that is not reserved */
	u32 n_inodes;
	u64 n_blocks;
	u32 n_groups;
	u32 descs_per_block;
	u32 n_gdt_blocks;
	u32 first_meta_bg;
	u32 addr_per_block;	/* block numbers in an indirect block */
	u32 addr_bits;		/* log2 of it */
	u32 compat, incompat, ro_compat;
	u32 csum_seed;
	bool metadata_csum, gdt_csum;
};

/* `dev_kib`: size of the device in units of 1 KiB. Fills *geo on success. */
const char *must_check ext_check_super(const struct ext_super *s, u64 dev_kib, struct ext_geo *geo);

/* `desc` has geo->desc_size valid bytes. */
const char *must_check ext_check_group(const struct ext_geo *geo, u32 group,
				       const struct ext_group_desc *desc);

/* `raw` has geo->inode_size valid bytes. A free inode (mode 0, no links) is not for this. */
const char *must_check ext_check_inode(const struct ext_geo *geo, u32 ino,
				       const struct ext_raw_inode *raw);

/* The entry at `offset` of a directory block of `size` bytes. Free entries pass. */
const char *must_check ext_check_dirent(const struct ext_geo *geo, const void *block, u32 offset,
					u32 size);

/* A node of an extent tree in `size` bytes; `depth` is the depth it must have, or -1 for a root. */
const char *must_check ext_check_extent_node(const struct ext_geo *geo, const void *node, u32 size,
					     int depth);

/*
 * A hashed directory's block, root (block 0) or inner node, of geo->block_size bytes: its entries
 * start at byte *entries with limit and count. Their block numbers and order are for the reader to
 * distrust: a search visits a few of many.
 */
const char *must_check ext_check_dx_node(const struct ext_geo *geo, const void *block, bool root,
					 u32 *entries);

/*
 * Attribute entries at `entries` (offset into `area` of `size` bytes); values are counted from
 * `values`.
 */
const char *must_check ext_check_xattrs(const void *area, u32 size, u32 entries, u32 values);

/* Bytes of a directory's leaf that entries can have: a checksum's tail is behind them. */
static inline u32 ext_leaf_size(const struct ext_geo *geo)
{
	return geo->block_size - (geo->metadata_csum ? (u32)sizeof(struct ext_dir_tail) : 0);
}

static inline u64 ext_super_blocks(const struct ext_super *s)
{
	u64 n = s->blocks_count_lo;

	return s->feature_incompat & EXT_INCOMPAT_64BIT ? n | (u64)s->blocks_count_hi << 32 : n;
}

/* Whether [block, block + count) lies within the file system, behind the boot block. */
static inline bool ext_blocks_valid(const struct ext_geo *geo, u64 block, u64 count)
{
	return block >= geo->first_data_block && block != 0 && block < geo->n_blocks &&
	       count <= geo->n_blocks - block;
}

static inline u64 ext_group_first_block(const struct ext_geo *geo, u32 group)
{
	return (u64)group * geo->blocks_per_group + geo->first_data_block;
}

static inline u32 ext_block_group(const struct ext_geo *geo, u64 block)
{
	return (u32)((block - geo->first_data_block) / geo->blocks_per_group);
}

/* Blocks of a group: all alike but the last. */
static inline u32 ext_group_blocks(const struct ext_geo *geo, u32 group)
{
	u64 left = geo->n_blocks - ext_group_first_block(geo, group);

	return left < geo->blocks_per_group ? (u32)left : geo->blocks_per_group;
}

/* Fields that are split in two halves, the second of which exists in large descriptors only. */
static inline u64 ext_desc_block_bitmap(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->block_bitmap_lo | (geo->desc_size >= 64 ? (u64)d->block_bitmap_hi << 32 : 0);
}

static inline u64 ext_desc_inode_bitmap(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->inode_bitmap_lo | (geo->desc_size >= 64 ? (u64)d->inode_bitmap_hi << 32 : 0);
}

static inline u64 ext_desc_inode_table(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->inode_table_lo | (geo->desc_size >= 64 ? (u64)d->inode_table_hi << 32 : 0);
}

static inline u32 ext_desc_free_blocks(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->free_blocks_lo | (geo->desc_size >= 64 ? (u32)d->free_blocks_hi << 16 : 0);
}

static inline u32 ext_desc_free_inodes(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->free_inodes_lo | (geo->desc_size >= 64 ? (u32)d->free_inodes_hi << 16 : 0);
}

static inline u32 ext_desc_itable_unused(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->itable_unused_lo | (geo->desc_size >= 64 ? (u32)d->itable_unused_hi << 16 : 0);
}

static inline u32 ext_desc_used_dirs(const struct ext_geo *geo, const struct ext_group_desc *d)
{
	return d->used_dirs_lo | (geo->desc_size >= 64 ? (u32)d->used_dirs_hi << 16 : 0);
}

/* Only regular files, and directories with large_dir, use the upper half of the size. */
static inline u64 ext_raw_size(const struct ext_geo *geo, const struct ext_raw_inode *raw)
{
	bool wide = (raw->mode & 0170000) == 0100000 || geo->incompat & EXT_INCOMPAT_LARGEDIR;

	return raw->size_lo | (wide ? (u64)raw->size_hi << 32 : 0);
}
