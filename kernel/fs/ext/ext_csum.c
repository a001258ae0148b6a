/*
 * fs/ext/ext_csum.c - metadata checksums: kernel.org "ext4 Data Structures", chapter "Checksums".
 *
 * A checksum field counts as zero, or is left out, while its structure is summed; each function
 * says which by its ranges.
 */
#include "fs/ext/ext_csum.h"

#include "lib/crc.h"

static const u32 zero;

bool ext_csum_group(const struct ext_geo *geo, const struct ext_super *s, u32 group,
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
		return (u16)crc == desc->checksum;
	}
	if (!geo->gdt_csum)
		return true;
	sum = crc16_update(0xffff, s->uuid, sizeof(s->uuid));
	sum = crc16_update(sum, &group, sizeof(group));
	sum = crc16_update(sum, desc, at);
	sum = crc16_update(sum, (const u8 *)desc + after, geo->desc_size - after);
	return sum == desc->checksum;
}

u32 ext_csum_inode_seed(const struct ext_geo *geo, u32 ino, u32 generation)
{
	u32 crc = crc32c_update(geo->csum_seed, &ino, sizeof(ino));

	return crc32c_update(crc, &generation, sizeof(generation));
}

bool ext_csum_inode(const struct ext_geo *geo, u32 ino, const struct ext_raw_inode *raw)
{
	const u32 lo = offsetof(struct ext_raw_inode, checksum_lo);
	const u32 hi = offsetof(struct ext_raw_inode, checksum_hi);
	const u8 *p = (const u8 *)raw;
	bool wide = geo->inode_size > EXT_INODE_SIZE_OLD && raw->extra_isize >= 4;
	u32 crc;

	if (!geo->metadata_csum)
		return true;
	crc = ext_csum_inode_seed(geo, ino, raw->generation);
	crc = crc32c_update(crc, p, lo);
	crc = crc32c_update(crc, &zero, 2);
	crc = crc32c_update(crc, p + lo + 2, EXT_INODE_SIZE_OLD - lo - 2);
	if (geo->inode_size == EXT_INODE_SIZE_OLD)
		return (u16)crc == raw->checksum_lo;
	crc = crc32c_update(crc, p + EXT_INODE_SIZE_OLD, hi - EXT_INODE_SIZE_OLD);
	if (wide)
		crc = crc32c_update(crc, &zero, 2);
	else
		crc = crc32c_update(crc, p + hi, 2);
	crc = crc32c_update(crc, p + hi + 2, geo->inode_size - hi - 2);
	if (wide)
		return crc == (raw->checksum_lo | (u32)raw->checksum_hi << 16);
	return (u16)crc == raw->checksum_lo;
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

bool ext_csum_dir_index(const struct ext_geo *geo, u32 inode_seed, const void *block, u32 entries)
{
	const u8 *p = block;
	const struct ext_dx_countlimit *c = (const void *)(p + entries);
	const struct ext_dx_tail *tail;
	u32 crc;

	if (!geo->metadata_csum)
		return true;
	tail = (const void *)(p + entries + c->limit * sizeof(struct ext_dx_entry));
	crc = crc32c_update(inode_seed, p, entries + c->count * sizeof(struct ext_dx_entry));
	crc = crc32c_update(crc, &tail->reserved, sizeof(tail->reserved));
	crc = crc32c_update(crc, &zero, sizeof(tail->checksum));
	return crc == tail->checksum;
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

bool ext_csum_xattr_block(const struct ext_geo *geo, u64 number, const void *block)
{
	const struct ext_xattr_header *h = block;
	const u32 at = offsetof(struct ext_xattr_header, checksum),
		  after = at + sizeof(h->checksum);
	u32 crc;

	if (!geo->metadata_csum)
		return true;
	crc = crc32c_update(geo->csum_seed, &number, sizeof(number));
	crc = crc32c_update(crc, block, at);
	crc = crc32c_update(crc, &zero, sizeof(h->checksum));
	crc = crc32c_update(crc, (const u8 *)block + after, geo->block_size - after);
	return crc == h->checksum;
}
