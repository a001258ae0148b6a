/*
 * fs/ext/ext_check.c - is what lies on the disk usable?
 *
 * The superblock yields a struct ext_geo in which every field is in a range that the rest of the
 * driver relies on: block sizes 1 to 4 KiB, groups that fit their bitmaps, inode tables of whole
 * blocks, at least one group. Later checks take that geometry for granted and bound everything
 * else by it. Pure functions; see ext_check.h.
 */
#include "fs/ext/ext_check.h"

#include "lib/bitops.h"
#include "lib/crc.h"

static const char *check_super_sizes(const struct ext_super *s, struct ext_geo *geo)
{
	bool old = s->rev_level == 0;

	if (s->rev_level > 1)
		return "unknown revision";
	if (s->log_block_size > 6)
		return "bad block size";
	if (s->log_block_size > 2)
		return "blocks larger than 4096 bytes are not supported";
	geo->block_bits = 10 + s->log_block_size;
	geo->block_size = 1u << geo->block_bits;
	geo->addr_bits = geo->block_bits - 2;
	geo->addr_per_block = 1u << geo->addr_bits;
	geo->inode_size = old ? EXT_INODE_SIZE_OLD : s->inode_size;
	geo->first_ino = old ? EXT_GOOD_OLD_FIRST_INO : s->first_ino;
	if (geo->inode_size < EXT_INODE_SIZE_OLD || geo->inode_size > geo->block_size ||
	    !is_pow2(geo->inode_size))
		return "bad inode size";
	if (geo->first_ino < EXT_GOOD_OLD_FIRST_INO)
		return "bad first inode";
	geo->compat = old ? 0 : s->feature_compat;
	geo->incompat = old ? 0 : s->feature_incompat;
	geo->ro_compat = old ? 0 : s->feature_ro_compat;
	geo->desc_size = EXT_DESC_SIZE_OLD;
	if (geo->incompat & EXT_INCOMPAT_64BIT) {
		geo->desc_size = s->desc_size;
		if (geo->desc_size < sizeof(struct ext_group_desc) ||
		    geo->desc_size > 1024 || !is_pow2(geo->desc_size))
			return "bad group descriptor size";
	}
	return NULL;
}

static const char *check_super_groups(const struct ext_super *s, u64 dev_kib, struct ext_geo *geo)
{
	u32 bitmap_bits = geo->block_size * 8;
	u64 groups;

	geo->blocks_per_group = s->blocks_per_group;
	geo->inodes_per_group = s->inodes_per_group;
	geo->inodes_per_block = geo->block_size / geo->inode_size;
	geo->first_data_block = s->first_data_block;
	geo->n_inodes = s->inodes_count;
	geo->n_blocks = ext_super_blocks(s);
	if (geo->ro_compat & EXT_RO_BIGALLOC) {
		if (s->log_cluster_size < s->log_block_size || s->log_cluster_size > 20 ||
		    s->clusters_per_group == 0 || s->clusters_per_group > bitmap_bits ||
		    (u64)s->clusters_per_group << (s->log_cluster_size - s->log_block_size) !=
			    geo->blocks_per_group)
			return "bad cluster size";
	} else if (geo->blocks_per_group > bitmap_bits) {
		return "more blocks per group than a bitmap holds";
	}
	if (geo->blocks_per_group < 64 || geo->blocks_per_group % 8)
		return "bad number of blocks per group";
	if (geo->inodes_per_group == 0 || geo->inodes_per_group > bitmap_bits ||
	    geo->inodes_per_group % geo->inodes_per_block)
		return "bad number of inodes per group";
	geo->itable_blocks = geo->inodes_per_group / geo->inodes_per_block;
	if (geo->first_data_block !=
	    (geo->block_size == 1024 && !(geo->ro_compat & EXT_RO_BIGALLOC)))
		return "bad first data block";
	if (geo->n_blocks <= geo->first_data_block + 4u)
		return "too few blocks";
	if (geo->n_blocks > dev_kib >> (geo->block_bits - 10))
		return "file system is larger than its device";
	groups = DIV_ROUND_UP(geo->n_blocks - geo->first_data_block, geo->blocks_per_group);
	if (groups * geo->inodes_per_group != geo->n_inodes)
		return "number of inodes does not match the groups";
	geo->n_groups = (u32)groups;
	geo->descs_per_block = geo->block_size / geo->desc_size;
	geo->n_gdt_blocks = DIV_ROUND_UP(geo->n_groups, geo->descs_per_block);
	geo->first_meta_bg = geo->incompat & EXT_INCOMPAT_META_BG ? s->first_meta_bg : ~0u;
	if (geo->incompat & EXT_INCOMPAT_META_BG && s->first_meta_bg > geo->n_gdt_blocks)
		return "bad first meta block group";
	if (geo->n_inodes < geo->first_ino)
		return "too few inodes";
	return NULL;
}

static const char *check_super_csum(const struct ext_super *s, struct ext_geo *geo)
{
	geo->metadata_csum = geo->ro_compat & EXT_RO_METADATA_CSUM;
	geo->gdt_csum = !geo->metadata_csum && geo->ro_compat & EXT_RO_GDT_CSUM;
	geo->csum_seed = 0;
	if (!geo->metadata_csum)
		return NULL;
	if (s->checksum_type != 1)
		return "unknown checksum type";
	if (s->checksum != crc32c_update(~0u, s, offsetof(struct ext_super, checksum)))
		return "superblock checksum is wrong";
	geo->csum_seed = geo->incompat & EXT_INCOMPAT_CSUM_SEED ?
		s->checksum_seed : crc32c_update(~0u, s->uuid, sizeof(s->uuid));
	return NULL;
}

const char *ext_check_super(const struct ext_super *s, u64 dev_kib, struct ext_geo *geo)
{
	const char *why;

	if (s->magic != EXT_MAGIC)
		return "no ext superblock";
	why = check_super_sizes(s, geo);
	if (!why)
		why = check_super_csum(s, geo);
	if (!why)
		why = check_super_groups(s, dev_kib, geo);
	return why;
}

const char *ext_check_group(const struct ext_geo *geo, u32 group, const struct ext_group_desc *desc)
{
	u64 lo = geo->first_data_block, hi = geo->n_blocks;
	u64 bb = ext_desc_block_bitmap(geo, desc);
	u64 ib = ext_desc_inode_bitmap(geo, desc);
	u64 it = ext_desc_inode_table(geo, desc);

	if (!(geo->incompat & EXT_INCOMPAT_FLEX_BG)) {
		lo = ext_group_first_block(geo, group);
		hi = lo + ext_group_blocks(geo, group);
	}
	/* Nothing may lie on the first block of all: superblock or boot block. */
	if (lo == geo->first_data_block)
		lo++;
	if (bb < lo || bb >= hi)
		return "block bitmap out of range";
	if (ib < lo || ib >= hi || ib == bb)
		return "inode bitmap out of range";
	if (it < lo || it >= hi || geo->itable_blocks > hi - it)
		return "inode table out of range";
	if ((bb >= it && bb - it < geo->itable_blocks) ||
	    (ib >= it && ib - it < geo->itable_blocks))
		return "bitmap inside the inode table";
	if (ext_desc_free_blocks(geo, desc) > ext_group_blocks(geo, group))
		return "more free blocks than blocks";
	if (ext_desc_free_inodes(geo, desc) > geo->inodes_per_group)
		return "more free inodes than inodes";
	if (ext_desc_used_dirs(geo, desc) > geo->inodes_per_group)
		return "more directories than inodes";
	return NULL;
}

static bool mode_is_known(u16 mode)
{
	switch (mode & 0170000) {
	case 0010000: case 0020000: case 0040000: case 0060000:
	case 0100000: case 0120000: case 0140000:
		return true;
	}
	return false;
}

static const char *check_inode_map(const struct ext_geo *geo, u32 ino,
				   const struct ext_raw_inode *raw)
{
	unsigned type = raw->mode & 0170000;
	u64 size = ext_raw_size(geo, raw);

	if (raw->flags & EXT_FL_INLINE_DATA) {
		if (!(geo->incompat & EXT_INCOMPAT_INLINE_DATA))
			return "inline data without the feature";
		if (raw->flags & EXT_FL_EXTENTS || geo->inode_size <= EXT_INODE_SIZE_OLD)
			return "inline data and extents at once";
		return size > geo->inode_size ? "inline data larger than the inode" : NULL;
	}
	if (raw->flags & EXT_FL_EXTENTS) {
		if (!(geo->incompat & EXT_INCOMPAT_EXTENTS))
			return "extents without the feature";
		/* A link's text may be there instead: whoever knows looks again. */
		if (type == 0100000 || type == 0040000)
			return ext_check_extent_node(geo, raw->block, sizeof(raw->block), -1);
	}
	if (type == 0040000 && ino == EXT_ROOT_INO && !raw->block[0] &&
	    !(raw->flags & EXT_FL_EXTENTS))
		return "root directory without blocks";
	return NULL;
}

const char *ext_check_inode(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw)
{
	u64 size = ext_raw_size(geo, raw);
	unsigned type = raw->mode & 0170000;

	if (!mode_is_known(raw->mode))
		return "unknown file type";
	if (ino == EXT_ROOT_INO && type != 0040000)
		return "root is not a directory";
	if (size > 0x7fffffffffffffffull)
		return "negative size";
	if (type == 0040000 && !(raw->flags & EXT_FL_INLINE_DATA) &&
	    (size == 0 || size & (geo->block_size - 1) || size >> geo->block_bits > 0x7fffffff))
		return "directory of bad size";
	if (type == 0120000 && (size == 0 || size > geo->block_size))
		return "symbolic link of bad size";
	if (geo->inode_size > EXT_INODE_SIZE_OLD && raw->extra_isize &&
	    (raw->extra_isize > geo->inode_size - EXT_INODE_SIZE_OLD || raw->extra_isize & 3 ||
	     raw->extra_isize < 4))
		return "bad extra size";
	return check_inode_map(geo, ino, raw);
}

const char *ext_check_dirent(const struct ext_geo *geo, const void *block, u32 offset, u32 size)
{
	const struct ext_dirent *de = (const void *)((const u8 *)block + offset);

	if (offset & 3 || size < EXT_DIRENT_HEAD || offset > size - EXT_DIRENT_HEAD)
		return "entry crosses the block's end";
	if (de->rec_len < EXT_DIRENT_LEN(de->inode ? 1 : 0) || de->rec_len & 3)
		return "bad record length";
	if (de->rec_len > size - offset)
		return "record crosses the block's end";
	if (de->inode == 0)
		return NULL;
	if (de->name_len == 0 || EXT_DIRENT_LEN(de->name_len) > de->rec_len)
		return "bad name length";
	if (de->inode > geo->n_inodes)
		return "inode number out of range";
	return NULL;
}

static const char *check_extent_leaf(const struct ext_geo *geo, const struct ext_extent *e, u32 n)
{
	u64 next = 0;

	for (u32 i = 0; i < n; i++) {
		u32 len =
			e[i].len > EXT_EXTENT_INIT_MAX ? e[i].len - EXT_EXTENT_INIT_MAX : e[i].len;

		if (len == 0 || e[i].block < next)
			return "extents empty or out of order";
		next = (u64)e[i].block + len;
		if (next > 0x100000000ull)
			return "extent beyond the largest file";
		if (!ext_blocks_valid(geo, e[i].start_lo | (u64)e[i].start_hi << 32, len))
			return "extent out of range";
	}
	return NULL;
}

static const char *check_extent_index(const struct ext_geo *geo, const struct ext_extent_index *x,
				      u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (i && x[i].block <= x[i - 1].block)
			return "extent index out of order";
		if (!ext_blocks_valid(geo, x[i].leaf_lo | (u64)x[i].leaf_hi << 32, 1))
			return "extent index out of range";
	}
	return NULL;
}

const char *ext_check_extent_node(const struct ext_geo *geo, const void *node, u32 size, int depth)
{
	const struct ext_extent_header *h = node;

	if (h->magic != EXT_EXTENT_MAGIC)
		return "no extent header";
	if (depth >= 0 ? h->depth != depth : h->depth > EXT_EXTENT_DEPTH_MAX)
		return "bad extent depth";
	if (h->max == 0 || h->max > (size - sizeof(*h)) / sizeof(struct ext_extent))
		return "bad extent limit";
	if (h->entries > h->max || (h->entries == 0 && h->depth > 0))
		return "bad number of extents";
	if (h->depth)
		return check_extent_index(geo, (const void *)(h + 1), h->entries);
	return check_extent_leaf(geo, (const void *)(h + 1), h->entries);
}

static const char *check_dx_root(const struct ext_geo *geo, const u8 *block)
{
	const struct ext_dirent *dot = (const void *)block;
	const struct ext_dirent *dotdot = (const void *)(block + 12);
	const struct ext_dx_root_info *info = (const void *)(block + EXT_DX_INFO_OFFSET);

	if (dot->rec_len != 12 || dot->name_len != 1 || dot->name[0] != '.')
		return "index without \".\"";
	if (dotdot->rec_len != geo->block_size - 12 || dotdot->name_len != 2 ||
	    dotdot->name[0] != '.' || dotdot->name[1] != '.')
		return "index without \"..\"";
	if (info->zero || info->info_length != 8 || info->unused_flags & 1)
		return "bad index root";
	if (info->hash_version >= EXT_HASH_LEGACY_UNSIGNED)
		return "unknown hash";
	if (info->indirect_levels > (geo->incompat & EXT_INCOMPAT_LARGEDIR ? 2 : 1))
		return "index too deep";
	return NULL;
}

const char *ext_check_dx_node(const struct ext_geo *geo, const void *block, bool root, u32 *entries)
{
	const struct ext_dirent *fake = block;
	const struct ext_dx_countlimit *c;
	u32 offset = root ? EXT_DX_ROOT_OFFSET : EXT_DX_NODE_OFFSET, room;
	const char *why = root ? check_dx_root(geo, block) : NULL;

	if (why)
		return why;
	if (!root && (fake->inode || fake->rec_len != geo->block_size))
		return "bad index node";
	c = (const void *)((const u8 *)block + offset);
	room = (geo->block_size - offset -
		(geo->metadata_csum ? (u32)sizeof(struct ext_dx_tail) : 0)) /
	       (u32)sizeof(struct ext_dx_entry);
	if (c->limit != room)
		return "bad index limit";
	if (c->count == 0 || c->count > c->limit)
		return "bad index count";
	*entries = offset;
	return NULL;
}

const char *ext_check_xattrs(const void *area, u32 size, u32 entries, u32 values)
{
	const u8 *base = area;
	u32 at = entries;

	for (;;) {
		const struct ext_xattr_entry *e = (const void *)(base + at);
		u32 len;

		if (at & 3 || at > size || size - at < sizeof(u32))
			return "attributes without an end";
		if (*(const u32 *)e == 0)
			return NULL;
		if (size - at < sizeof(*e))
			return "attribute crosses the end";
		len = EXT_XATTR_LEN(e->name_len);
		if (len > size - at)
			return "attribute name crosses the end";
		if (!e->value_inum && e->value_size &&
		    (values > size || e->value_offs > size - values ||
		     e->value_size > size - values - e->value_offs))
			return "attribute value crosses the end";
		at += len;
	}
}
