/*
 * fs/ext/ext_csum.h - the checksums of metadata_csum and uninit_bg (pure functions).
 *
 * With metadata_csum each structure carries a CRC-32C seeded by the file system's UUID and by what
 * owns it, so that a misplaced write shows as well as a torn one. Those that verify answer true
 * where the file system has no such checksum; those that set then do nothing.
 */
#pragma once

#include "fs/ext/ext_check.h"

/* `desc` of group number `group`; `s` for its UUID. */
bool ext_csum_group(const struct ext_geo *geo, const struct ext_super *s, u32 group,
		    const struct ext_group_desc *desc);
void ext_csum_group_set(const struct ext_geo *geo, const struct ext_super *s, u32 group,
			struct ext_group_desc *desc);
/* The superblock's own; ext_check_super() verifies it. */
void ext_csum_super_set(const struct ext_geo *geo, struct ext_super *s);
/* Bitmaps of geo->block_size bytes; their sums are in the descriptor. */
bool ext_csum_block_bitmap(const struct ext_geo *geo, const struct ext_group_desc *desc,
			   const void *map);
bool ext_csum_inode_bitmap(const struct ext_geo *geo, const struct ext_group_desc *desc,
			   const void *map);
void ext_csum_block_bitmap_set(const struct ext_geo *geo, struct ext_group_desc *desc,
			       const void *map);
void ext_csum_inode_bitmap_set(const struct ext_geo *geo, struct ext_group_desc *desc,
			       const void *map);
/* A raw inode of geo->inode_size bytes. */
bool ext_csum_inode(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw);
void ext_csum_inode_set(const struct ext_geo *geo, u32 ino, struct ext_raw_inode *raw);
/* What an inode's own blocks are seeded with. */
u32 ext_csum_inode_seed(const struct ext_geo *geo, u32 ino, u32 generation);
/* A directory block: leaf, or with `dx` the index entries at that byte offset. */
bool ext_csum_dir_leaf(const struct ext_geo *geo, u32 inode_seed, const void *block);
bool ext_csum_dir_index(const struct ext_geo *geo, u32 inode_seed, const void *block, u32 entries);
/* The leaf gets its tail, too, for which the entries leave room. */
void ext_csum_dir_leaf_set(const struct ext_geo *geo, u32 inode_seed, void *block);
void ext_csum_dir_index_set(const struct ext_geo *geo, u32 inode_seed, void *block, u32 entries);
/* A block of an extent tree that passed ext_check_extent_node(). */
bool ext_csum_extent_block(const struct ext_geo *geo, u32 inode_seed, const void *block);
void ext_csum_extent_block_set(const struct ext_geo *geo, u32 inode_seed, void *block);
/* A block of extended attributes, which lies at `number`. */
bool ext_csum_xattr_block(const struct ext_geo *geo, u64 number, const void *block);
void ext_csum_xattr_block_set(const struct ext_geo *geo, u64 number, void *block);
