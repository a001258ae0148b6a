/*
 * fs/ext/ext_csum.h - the checksums of metadata_csum and uninit_bg, verified (pure functions).
 *
 * With metadata_csum each structure carries a CRC-32C seeded by the file system's UUID and by what
 * owns it, so that a misplaced write shows as well as a torn one. All answer true where the file
 * system has no such checksum.
 */
#pragma once

#include "fs/ext/ext_check.h"

/* `desc` of group number `group`; `s` for its UUID. */
bool ext_csum_group(const struct ext_geo *geo, const struct ext_super *s, u32 group,
		    const struct ext_group_desc *desc);
/* A raw inode of geo->inode_size bytes. */
bool ext_csum_inode(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw);
/* What an inode's own blocks are seeded with. */
u32 ext_csum_inode_seed(const struct ext_geo *geo, u32 ino, u32 generation);
/* A directory block: leaf, or with `dx` the index entries at that byte offset. */
bool ext_csum_dir_leaf(const struct ext_geo *geo, u32 inode_seed, const void *block);
bool ext_csum_dir_index(const struct ext_geo *geo, u32 inode_seed, const void *block, u32 entries);
/* A block of an extent tree that passed ext_check_extent_node(). */
bool ext_csum_extent_block(const struct ext_geo *geo, u32 inode_seed, const void *block);
/* A block of extended attributes, which lies at `number`. */
bool ext_csum_xattr_block(const struct ext_geo *geo, u64 number, const void *block);
