/*
 * fs/ext/ext_csum.c - metadata checksums: kernel.org "ext4 Data Structures", chapter "Checksums".
 *
 * A checksum field counts as zero, or is left out, while its structure is summed; each function
 * says which by its ranges.
 */
#include "fs/ext/ext_csum.h"

#include "lib/crc.h"

static const u32 zero;

static u16 group_sum(const struct ext_geo *geo, const struct ext_super *s, u32 group,
		     const struct ext_group_desc *desc)
{
	const u32 at = offsetof(struct ext_group_desc, checksum),
		  after = at + sizeof(desc->checksum);
	u32 crc;
	u16 sum;

	if (geo->metadata_csum) {
		crc = crc32c_update(geo->csum_seed, &group, sizeof(group));
		crc = crc32c_update(crc, desc, at);
		crc = crc32c_update(crc, &zero, sizeof(desc->checksum));
		crc = crc32c_update(crc, (const u8 *)desc + after, geo->desc_size - after);
		return (u16)crc;
	}
	sum = crc16_update(0xffff, s->uuid, sizeof(s->uuid));
	sum = crc16_update(sum, &group, sizeof(group));
	sum = crc16_update(sum, desc, at);
	return crc16_update(sum, (const u8 *)desc + after, geo->desc_size - after);
}

bool ext_csum_group(const struct ext_geo *geo, const struct ext_super *s, u32 group,
		    const struct ext_group_desc *desc)
{
	return (!geo->metadata_csum && !geo->gdt_csum) ||
	       group_sum(geo, s, group, desc) == desc->checksum;
}

void ext_csum_group_set(const struct ext_geo *geo, const struct ext_super *s, u32 group,
			struct ext_group_desc *desc)
{
	if (geo->metadata_csum || geo->gdt_csum)
		desc->checksum = group_sum(geo, s, group, desc);
}

void ext_csum_super_set(const struct ext_geo *geo, struct ext_super *s)
{
	if (geo->metadata_csum)
		s->checksum = crc32c_update(~0u, s, offsetof(struct ext_super, checksum));
}

/* The upper half of a bitmap's sum exists in large descriptors only. */
static bool bitmap_matches(const struct ext_geo *geo, const void *map, u32 bits, u16 lo, u16 hi)
{
	u32 crc = crc32c_update(geo->csum_seed, map, bits / 8);

	return (u16)crc == lo &&
	       (geo->desc_size < sizeof(struct ext_group_desc) || crc >> 16 == hi);
}

static u32 block_bitmap_bits(const struct ext_geo *geo)
{
	return min(geo->blocks_per_group, geo->block_size * 8); /* clusters have no more, either */
}

bool ext_csum_block_bitmap(const struct ext_geo *geo, const struct ext_group_desc *desc,
			   const void *map)
{
	return !geo->metadata_csum ||
	       bitmap_matches(geo, map, block_bitmap_bits(geo), desc->block_bitmap_csum_lo,
			      desc->block_bitmap_csum_hi);
}

bool ext_csum_inode_bitmap(const struct ext_geo *geo, const struct ext_group_desc *desc,
			   const void *map)
{
	return !geo->metadata_csum ||
	       bitmap_matches(geo, map, geo->inodes_per_group, desc->inode_bitmap_csum_lo,
			      desc->inode_bitmap_csum_hi);
}

void ext_csum_block_bitmap_set(const struct ext_geo *geo, struct ext_group_desc *desc,
			       const void *map)
{
	u32 crc;

	if (!geo->metadata_csum)
		return;
	crc = crc32c_update(geo->csum_seed, map, block_bitmap_bits(geo) / 8);
	desc->block_bitmap_csum_lo = (u16)crc;
	if (geo->desc_size >= sizeof(*desc))
		desc->block_bitmap_csum_hi = (u16)(crc >> 16);
}

void ext_csum_inode_bitmap_set(const struct ext_geo *geo, struct ext_group_desc *desc,
			       const void *map)
{
	u32 crc;

	if (!geo->metadata_csum)
		return;
	crc = crc32c_update(geo->csum_seed, map, geo->inodes_per_group / 8);
	desc->inode_bitmap_csum_lo = (u16)crc;
	if (geo->desc_size >= sizeof(*desc))
		desc->inode_bitmap_csum_hi = (u16)(crc >> 16);
}

u32 ext_csum_inode_seed(const struct ext_geo *geo, u32 ino, u32 generation)
{
	u32 crc = crc32c_update(geo->csum_seed, &ino, sizeof(ino));

	return crc32c_update(crc, &generation, sizeof(generation));
}

/* Whether the inode has room for all 32 bits. */
static bool inode_sum_is_wide(const struct ext_geo *geo, const struct ext_raw_inode *raw)
{
	return geo->inode_size > EXT_INODE_SIZE_OLD && raw->extra_isize >= 4;
}

static u32 inode_sum(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw)
{
	const u32 lo = offsetof(struct ext_raw_inode, checksum_lo);
	const u32 hi = offsetof(struct ext_raw_inode, checksum_hi);
	const u8 *p = (const u8 *)raw;
	u32 crc = ext_csum_inode_seed(geo, ino, raw->generation);

	crc = crc32c_update(crc, p, lo);
	crc = crc32c_update(crc, &zero, 2);
	crc = crc32c_update(crc, p + lo + 2, EXT_INODE_SIZE_OLD - lo - 2);
	if (geo->inode_size == EXT_INODE_SIZE_OLD)
		return crc;
	crc = crc32c_update(crc, p + EXT_INODE_SIZE_OLD, hi - EXT_INODE_SIZE_OLD);
	crc = crc32c_update(crc, inode_sum_is_wide(geo, raw) ? (const u8 *)&zero : p + hi, 2);
	return crc32c_update(crc, p + hi + 2, geo->inode_size - hi - 2);
}

bool ext_csum_inode(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw)
{
	u32 crc;

	if (!geo->metadata_csum)
		return true;
	crc = inode_sum(geo, ino, raw);
	return (u16)crc == raw->checksum_lo &&
	       (!inode_sum_is_wide(geo, raw) || crc >> 16 == raw->checksum_hi);
}

void ext_csum_inode_set(const struct ext_geo *geo, u32 ino, struct ext_raw_inode *raw)
{
	u32 crc;

	if (!geo->metadata_csum)
		return;
	crc = inode_sum(geo, ino, raw);
	raw->checksum_lo = (u16)crc;
	if (inode_sum_is_wide(geo, raw))
		raw->checksum_hi = (u16)(crc >> 16);
}

bool ext_csum_dir_leaf(const struct ext_geo *geo, u32 inode_seed, const void *block)
{
	const u32 size = geo->block_size - (u32)sizeof(struct ext_dir_tail);
	const struct ext_dir_tail *tail = (const void *)((const u8 *)block + size);

	if (!geo->metadata_csum)
		return true;
	if (tail->zero || tail->rec_len != sizeof(*tail) || tail->zero2 ||
	    tail->type != EXT_FT_CSUM_TAIL)
		return false;
	return crc32c_update(inode_seed, block, size) == tail->checksum;
}

void ext_csum_dir_leaf_set(const struct ext_geo *geo, u32 inode_seed, void *block)
{
	const u32 size = ext_leaf_size(geo);

	if (geo->metadata_csum)
		*(struct ext_dir_tail *)((u8 *)block + size) = (struct ext_dir_tail){
			.rec_len = sizeof(struct ext_dir_tail), .type = EXT_FT_CSUM_TAIL,
			.checksum = crc32c_update(inode_seed, block, size),
		};
}

static u32 index_sum(u32 inode_seed, const u8 *block, u32 entries, struct ext_dx_tail **tail)
{
	const struct ext_dx_countlimit *c = (const void *)(block + entries);
	u32 crc = crc32c_update(inode_seed, block,
				entries + c->count * (u32)sizeof(struct ext_dx_entry));

	*tail = (void *)(block + entries + c->limit * sizeof(struct ext_dx_entry));
	crc = crc32c_update(crc, &(*tail)->reserved, sizeof((*tail)->reserved));
	return crc32c_update(crc, &zero, sizeof((*tail)->checksum));
}

bool ext_csum_dir_index(const struct ext_geo *geo, u32 inode_seed, const void *block, u32 entries)
{
	struct ext_dx_tail *tail;

	return !geo->metadata_csum ||
	       index_sum(inode_seed, block, entries, &tail) == tail->checksum;
}

void ext_csum_dir_index_set(const struct ext_geo *geo, u32 inode_seed, void *block, u32 entries)
{
	struct ext_dx_tail *tail;

	if (geo->metadata_csum) {
		u32 crc = index_sum(inode_seed, block, entries, &tail);

		tail->checksum = crc;
	}
}

bool ext_csum_extent_block(const struct ext_geo *geo, u32 inode_seed, const void *block)
{
	const struct ext_extent_header *h = block;
	u32 size = (u32)sizeof(*h) + h->max * (u32)sizeof(struct ext_extent);
	u32 sum;

	if (!geo->metadata_csum)
		return true;
	if (size > geo->block_size - sizeof(u32))
		return false;
	sum = *(const u32 *)((const u8 *)block + size);
	return crc32c_update(inode_seed, block, size) == sum;
}

void ext_csum_extent_block_set(const struct ext_geo *geo, u32 inode_seed, void *block)
{
	const struct ext_extent_header *h = block;
	u32 size = (u32)sizeof(*h) + h->max * (u32)sizeof(struct ext_extent);

	if (geo->metadata_csum && size <= geo->block_size - sizeof(u32))
		*(u32 *)((u8 *)block + size) = crc32c_update(inode_seed, block, size);
}

static u32 xattr_sum(const struct ext_geo *geo, u64 number, const void *block)
{
	const u32 at = offsetof(struct ext_xattr_header, checksum), after = at + sizeof(u32);
	u32 crc = crc32c_update(geo->csum_seed, &number, sizeof(number));

	crc = crc32c_update(crc, block, at);
	crc = crc32c_update(crc, &zero, sizeof(zero));
	return crc32c_update(crc, (const u8 *)block + after, geo->block_size - after);
}

bool ext_csum_xattr_block(const struct ext_geo *geo, u64 number, const void *block)
{
	const struct ext_xattr_header *h = block;

	return !geo->metadata_csum || xattr_sum(geo, number, block) == h->checksum;
}

void ext_csum_xattr_block_set(const struct ext_geo *geo, u64 number, void *block)
{
	if (geo->metadata_csum)
		((struct ext_xattr_header *)block)->checksum = xattr_sum(geo, number, block);
}
