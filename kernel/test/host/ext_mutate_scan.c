/*
 * test/host/ext_mutate_scan.c - finds the pieces of a sound image. What does not fit is passed by.
 */
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#include "test/host/rename.h"

#include "lib/string.h"
#include "test/host/ext_mutate.h"

#define JOURNAL_BLOCKS 40u /* of the log, from its start: the rest is empty in our images */

static void add(struct ext_image *image, enum ext_piece_kind kind, u32 owner, u32 index, u64 at,
		u32 size)
{
	if (at + size > image->size)
		return;
	if ((image->n_pieces & (image->n_pieces - 1)) == 0)
		image->pieces = realloc(image->pieces, (image->n_pieces ? image->n_pieces * 2 : 1) *
						sizeof(*image->pieces));
	image->pieces[image->n_pieces++] = (struct ext_piece){ kind, owner, index, size, at };
}

static void add_block(struct ext_image *image, enum ext_piece_kind kind, u32 owner, u32 index,
		      u64 block)
{
	if (block)
		add(image, kind, owner, index, block * image->geo.block_size,
		    image->geo.block_size);
}

/* What the contents of an inode are, or N_PIECE_KINDS: nothing that the driver looks into. */
static enum ext_piece_kind content_kind(const struct ext_image *image, u32 ino,
					const struct ext_raw_inode *raw)
{
	const struct ext_super *s = (const void *)(image->data + EXT_SUPER_OFFSET);

	if (ino == EXT_JOURNAL_INO)
		return PIECE_JOURNAL;
	if (s->orphan_file_inum && ino == s->orphan_file_inum)
		return PIECE_ORPHAN;
	return (raw->mode & 0170000) == 0040000 ? PIECE_DIR :
	       (raw->mode & 0170000) == 0120000 ? PIECE_LINK : N_PIECE_KINDS;
}

static void add_content(struct ext_image *image, u32 ino, enum ext_piece_kind kind, u32 index,
			u64 block)
{
	if (kind != N_PIECE_KINDS && (kind != PIECE_JOURNAL || index < JOURNAL_BLOCKS))
		add_block(image, kind, ino, index, block);
}

static void scan_extents(struct ext_image *image, u32 ino, enum ext_piece_kind kind, const u8 *node)
{
	const struct ext_extent_header *h = (const void *)node;

	for (u32 i = 0; h->magic == EXT_EXTENT_MAGIC && i < h->entries && i < h->max; i++) {
		const struct ext_extent *e = (const void *)(node + sizeof(*h) + i * sizeof(*e));
		const struct ext_extent_index *x = (const void *)e;
		u64 child = x->leaf_lo | (u64)x->leaf_hi << 32;

		if (h->depth == 0) {
			for (u32 k = 0; k < e->len && e->len <= EXT_EXTENT_INIT_MAX; k++)
				add_content(image, ino, kind, e->block + k, e->start_lo + k);
		} else if ((child + 1) * image->geo.block_size <= image->size) {
			add_block(image, PIECE_EXTENT, ino, 0, child);
			scan_extents(image, ino, kind,
				     image->data + child * image->geo.block_size);
		}
	}
}

static u32 scan_indirect(struct ext_image *image, u32 ino, enum ext_piece_kind kind, u32 block,
			 unsigned level, u32 index)
{
	const u32 *child = (const void *)(image->data + (u64)block * image->geo.block_size);
	u32 each = 1;

	for (unsigned i = 1; i < level; i++)
		each *= image->geo.addr_per_block;
	if (level == 0) {
		add_content(image, ino, kind, index, block);
	} else if (block && ((u64)block + 1) * image->geo.block_size <= image->size) {
		add_block(image, PIECE_INDIRECT, ino, 0, block);
		for (u32 i = 0; i < image->geo.addr_per_block; i++)
			if (child[i])
				scan_indirect(image, ino, kind, child[i], level - 1,
					      index + i * each);
	}
	return level ? each * image->geo.addr_per_block : 1;
}

static void scan_inode(struct ext_image *image, u32 ino, u64 at)
{
	const struct ext_raw_inode *raw = (const void *)(image->data + at);
	enum ext_piece_kind kind = content_kind(image, ino, raw);
	u32 index = 0;

	add(image, PIECE_INODE, ino, 0, at, image->geo.inode_size);
	add_block(image, PIECE_XATTR, ino, 0, raw->file_acl_lo);
	if (raw->flags & EXT_FL_INLINE_DATA || (kind == PIECE_LINK && raw->size_lo < 60) ||
	    (raw->mode & 0170000) == 0010000 || (raw->mode & 0130000) == 0020000 ||
	    (raw->mode & 0170000) == 0140000)
		return;
	if (raw->flags & EXT_FL_EXTENTS) {
		scan_extents(image, ino, kind, (const u8 *)raw->block);
		return;
	}
	for (unsigned i = 0; i < EXT_N_BLOCKS; i++)
		index += scan_indirect(image, ino, kind, raw->block[i],
				       i < EXT_NDIR ? 0 : i - EXT_NDIR + 1, index);
}

static bool is_power_of(u32 n, u32 base)
{
	while (n % base == 0)
		n /= base;
	return n == 1;
}

static u64 desc_at(const struct ext_image *image, u32 group)
{
	const struct ext_geo *geo = &image->geo;
	u32 meta = group / geo->descs_per_block, first = meta * geo->descs_per_block;
	u64 block = EXT_SUPER_OFFSET / geo->block_size + 1 + meta;
	bool super = first < 2 || !(geo->ro_compat & EXT_RO_SPARSE_SUPER) ||
		     is_power_of(first, 3) || is_power_of(first, 5) || is_power_of(first, 7);

	if (geo->incompat & EXT_INCOMPAT_META_BG && meta >= geo->first_meta_bg)
		block = ext_group_first_block(geo, first) + super;
	return block * geo->block_size + group % geo->descs_per_block * geo->desc_size;
}

static void scan_group(struct ext_image *image, u32 group)
{
	const struct ext_geo *geo = &image->geo;
	u64 at = desc_at(image, group);
	struct ext_group_desc desc = { 0 };
	const u8 *map;

	if (at + geo->desc_size > image->size)
		return;
	memcpy(&desc, image->data + at, min(geo->desc_size, (u32)sizeof(desc)));
	add(image, PIECE_GROUP, group, 0, at, geo->desc_size);
	add_block(image, PIECE_BLOCK_MAP, group, 0, ext_desc_block_bitmap(geo, &desc));
	add_block(image, PIECE_INODE_MAP, group, 0, ext_desc_inode_bitmap(geo, &desc));
	if ((desc.flags & EXT_BG_INODE_UNINIT && (geo->metadata_csum || geo->gdt_csum)) ||
	    (ext_desc_inode_bitmap(geo, &desc) + 1) * geo->block_size > image->size)
		return;
	map = image->data + ext_desc_inode_bitmap(geo, &desc) * geo->block_size;
	for (u32 i = 0; i < geo->inodes_per_group; i++) {
		u64 table = ext_desc_inode_table(geo, &desc) * geo->block_size;

		if (map[i / 8] >> i % 8 & 1 && table + (i + 1) * geo->inode_size <= image->size)
			scan_inode(image, group * geo->inodes_per_group + i + 1,
				   table + i * geo->inode_size);
	}
}

static int by_kind(const void *a, const void *b)
{
	const struct ext_piece *p = a, *q = b;

	if (p->kind != q->kind)
		return p->kind < q->kind ? -1 : 1;
	return p->at < q->at ? -1 : p->at > q->at;
}

static void scan_sectors(struct ext_image *image)
{
	image->geo.block_bits = 9;
	for (u64 at = 0; at + 512 <= image->size; at += 512)
		if (!mem_is_all(image->data + at, 0, 512))
			add(image, PIECE_INODE, 0, 0, at, 512);
}

void ext_image_scan(struct ext_image *image)
{
	struct ext_super *s = (void *)(image->data + EXT_SUPER_OFFSET);

	image->pieces = NULL;
	image->n_pieces = 0;
	image->is_gpt = memcmp(image->data + 512, "EFI PART", 8) == 0;
	image->is_ext = ext_check_super(s, image->size >> 10, &image->geo) == NULL;
	if (image->is_ext) {
		add(image, PIECE_SUPER, 0, 0, EXT_SUPER_OFFSET, EXT_SUPER_SIZE);
		for (u32 i = 0; i < image->geo.n_groups; i++)
			scan_group(image, i);
	} else {
		scan_sectors(image);
	}
	qsort(image->pieces, image->n_pieces, sizeof(*image->pieces), by_kind);
	for (unsigned kind = 0, i = 0; kind <= N_PIECE_KINDS; kind++) {
		while (i < image->n_pieces && image->pieces[i].kind < kind)
			i++;
		image->of_kind[kind] = i;
	}
}

void ext_image_free(struct ext_image *image)
{
	free(image->pieces);
	image->pieces = NULL;
}
