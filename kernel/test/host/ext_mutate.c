/*
 * test/host/ext_mutate.c - what an edit does to an image, and its checksums afterwards.
 */
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#include "test/host/rename.h"

#include "fs/ext/ext_csum.h"
#include "fs/jbd/jbd_disk.h"
#include "lib/crc.h"
#include "test/host/ext_mutate.h"

/* Numbers at which sizes, counts and signs turn over. */
static const u32 edges[] = {
	0, 1, 2, 3, 7, 8, 11, 12, 15, 16, 31, 32, 127, 128, 255, 256, 511, 512, 1023, 1024,
	2047, 2048, 4095, 4096, 8191, 8192, 32767, 32768, 32769, 65535, 65536, 0x7fffffff,
	0x80000000, 0xfffff000, 0xfffffffe, 0xffffffff, 0x00ffffff, 0x10000000,
	EXT_EXTENT_MAGIC, JBD_MAGIC,
};

enum ext_edit_op { OP_SET8, OP_SET16, OP_SET32, OP_ADD32, OP_FLIP, OP_EDGE32, OP_EDGE16,
		   OP_MOVE, OP_SWAP, OP_CLEAR, OP_BLOCK, OP_INODE, OP_ADD16, OP_FEATURE,
		   OP_BIG32, OP_FLIP2 };

static const struct ext_piece *pick(const struct ext_image *image, unsigned kind, unsigned which)
{
	unsigned first = image->of_kind[kind], n = image->of_kind[kind + 1] - first;

	return n ? &image->pieces[first + which % n] : NULL;
}

static u16 get16(const u8 *p) { u16 v; memcpy(&v, p, 2); return v; }
static u32 get32(const u8 *p) { u32 v; memcpy(&v, p, 4); return v; }
static void put16(u8 *p, u32 v) { u16 w = (u16)v; memcpy(p, &w, 2); }
static void put32(u8 *p, u32 v) { memcpy(p, &v, 4); }

void ext_image_edit(struct ext_image *image, const struct ext_edit *e)
{
	const struct ext_piece *piece = pick(image, e->kind % N_PIECE_KINDS, e->which), *other;
	u32 at, v = e->value;
	u8 *p;

	if (!piece)
		piece = pick(image, PIECE_INODE, e->which);
	at = e->at % piece->size & ~(e->op & 0x20 ? 1u : 3u);
	at = min(at, piece->size - 4);
	/* Mostly something that is used. */
	for (unsigned i = 0; e->op & 0x10 && i < 256 && at + 8 <= piece->size; i++, at += 4)
		if (get32(image->data + piece->at + at))
			break;
	p = image->data + piece->at + at;
	other = &image->pieces[v % image->n_pieces];
	switch ((enum ext_edit_op)(e->op & 15)) {
	case OP_SET8: p[v >> 8 & 3] = (u8)v; break;
	case OP_SET16: put16(p, v); break;
	case OP_SET32: put32(p, v); break;
	case OP_BIG32: put32(p, v << 16 | e->which); break;
	case OP_ADD32: put32(p, get32(p) + (u32)(s32)(s16)v); break;
	case OP_ADD16: put16(p, get16(p) + (u32)(s32)(s8)v); break;
	case OP_FLIP: case OP_FLIP2: put32(p, get32(p) ^ 1u << (v & 31)); break;
	case OP_EDGE32: put32(p, edges[v % ARRAY_SIZE(edges)]); break;
	case OP_EDGE16: put16(p, edges[v % ARRAY_SIZE(edges)]); break;
	case OP_MOVE: put32(p, get32(image->data + piece->at + min(v % piece->size & ~3u,
								     piece->size - 4))); break;
	case OP_CLEAR: memset(p, 0, min(v % 64 + 1, piece->size - at)); break;
	case OP_BLOCK: put32(p, (u32)(other->at >> image->geo.block_bits)); break;
	case OP_INODE: put32(p, v % 64); break;
	case OP_SWAP:
		other = pick(image, piece->kind, v);
		memmove(image->data + piece->at, image->data + other->at,
			min(piece->size, other->size));
		break;
	case OP_FEATURE:
		if (!image->is_ext)
			break;
		p = image->data + EXT_SUPER_OFFSET + offsetof(struct ext_super, feature_compat) +
		    e->which % 3 * 4;
		put32(p, get32(p) ^ 1u << v % 20);
		break;
	}
}

static void sum_dir(const struct ext_geo *geo, u32 seed, const struct ext_raw_inode *raw,
		    u32 index, u8 *block)
{
	const struct ext_dirent *first = (const void *)block;
	bool node = first->inode == 0 && first->rec_len == geo->block_size &&
		    first->name_len == 0;
	u32 entries = index == 0 ? EXT_DX_ROOT_OFFSET : EXT_DX_NODE_OFFSET;
	const struct ext_dx_countlimit *c = (const void *)(block + entries);

	if (!(raw->flags & EXT_FL_INDEX) || (index && !node)) {
		ext_csum_dir_leaf_set(geo, seed, block);
	} else if (c->count <= c->limit &&
		   entries + c->limit * sizeof(struct ext_dx_entry) +
				   sizeof(struct ext_dx_tail) <= geo->block_size) {
		ext_csum_dir_index_set(geo, seed, block, entries);
	}
}

static void sum_orphan(const struct ext_geo *geo, u32 seed, u64 number, u8 *block)
{
	u32 size = geo->block_size - 8;
	u32 crc = crc32c_update(seed, &number, sizeof(number));

	put32(block + size + 4, crc32c_update(crc, block, size));
}

static void sum_journal(const struct ext_geo *geo, u32 index, u8 *block)
{
	struct jbd_super *s = (void *)block;

	if (index || !(s->feature_incompat & (u32)__builtin_bswap32(JBD_INCOMPAT_CSUM_V2 |
								    JBD_INCOMPAT_CSUM_V3)))
		return;
	s->checksum = 0;
	s->checksum = __builtin_bswap32(crc32c_update(~0u, s, sizeof(*s)));
}

static const struct ext_raw_inode *raw_of(const struct ext_image *image, u32 ino)
{
	for (unsigned i = image->of_kind[PIECE_INODE]; i < image->of_kind[PIECE_INODE + 1]; i++)
		if (image->pieces[i].owner == ino)
			return (const void *)(image->data + image->pieces[i].at);
	return NULL;
}

/* An inode's seed, of what its generation is now. */
static u32 seed_of(const struct ext_image *image, const struct ext_geo *geo, u32 ino)
{
	const struct ext_raw_inode *raw = raw_of(image, ino);

	return raw ? ext_csum_inode_seed(geo, ino, raw->generation) : 0;
}

static void sum_group(struct ext_image *image, const struct ext_geo *geo,
		      const struct ext_piece *piece)
{
	const struct ext_super *s = (const void *)(image->data + EXT_SUPER_OFFSET);
	struct ext_group_desc desc = { 0 };
	const struct ext_piece *maps[2] = { NULL, NULL };

	memcpy(&desc, image->data + piece->at, min(piece->size, (u32)sizeof(desc)));
	for (unsigned i = image->of_kind[PIECE_BLOCK_MAP]; i < image->of_kind[PIECE_INODE]; i++)
		if (image->pieces[i].owner == piece->owner)
			maps[image->pieces[i].kind == PIECE_INODE_MAP] = &image->pieces[i];
	if (maps[0])
		ext_csum_block_bitmap_set(geo, &desc, image->data + maps[0]->at);
	if (maps[1])
		ext_csum_inode_bitmap_set(geo, &desc, image->data + maps[1]->at);
	ext_csum_group_set(geo, s, piece->owner, &desc);
	memcpy(image->data + piece->at, &desc, min(piece->size, (u32)sizeof(desc)));
}

static void sum_piece(struct ext_image *image, const struct ext_geo *geo,
		      const struct ext_piece *piece)
{
	u8 *p = image->data + piece->at;
	u32 seed = piece->kind >= PIECE_DIR ? seed_of(image, geo, piece->owner) : 0;
	const struct ext_raw_inode *raw;

	switch (piece->kind) {
	case PIECE_SUPER: ext_csum_super_set(geo, (void *)p); break;
	case PIECE_GROUP: sum_group(image, geo, piece); break;
	case PIECE_INODE: ext_csum_inode_set(geo, piece->owner, (void *)p); break;
	case PIECE_DIR:
		raw = raw_of(image, piece->owner);
		if (raw && geo->metadata_csum)
			sum_dir(geo, seed, raw, piece->index, p);
		break;
	case PIECE_EXTENT: ext_csum_extent_block_set(geo, seed, p); break;
	case PIECE_XATTR:
		ext_csum_xattr_block_set(geo, piece->at >> geo->block_bits, p);
		break;
	case PIECE_ORPHAN:
		sum_orphan(geo, seed, piece->at >> geo->block_bits, p);
		break;
	case PIECE_JOURNAL: sum_journal(geo, piece->index, p); break;
	default: break;
	}
}

/* The headers of a GPT, and the entries they name. */
static void sum_gpt(struct ext_image *image)
{
	for (unsigned i = 0; i < 2; i++) {
		u8 *h = image->data + (i ? image->size - 512 : 512);
		u64 entries = ((u64)get32(h + 76) << 32 | get32(h + 72)) * 512;
		u64 n = (u64)get32(h + 80) * get32(h + 84);

		if (entries < image->size && n <= image->size - entries)
			put32(h + 88, crc32(image->data + entries, n));
		put32(h + 16, 0);
		put32(h + 16, crc32(h, min(get32(h + 12), 512u)));
	}
}

void ext_image_sum(struct ext_image *image)
{
	const struct ext_super *s = (const void *)(image->data + EXT_SUPER_OFFSET);
	struct ext_geo geo = image->geo, now;

	if (image->is_gpt)
		sum_gpt(image);
	if (!image->is_ext)
		return;
	/* By what the superblock says now, where that is possible at all. */
	ext_csum_super_set(&geo, (void *)(image->data + EXT_SUPER_OFFSET));
	if (ext_check_super(s, image->size >> 10, &now) == NULL) {
		geo.csum_seed = now.csum_seed;
		geo.metadata_csum = now.metadata_csum;
		geo.gdt_csum = now.gdt_csum;
	}
	for (unsigned i = 0; i < image->n_pieces; i++)
		if (image->pieces[i].kind != PIECE_SUPER)
			sum_piece(image, &geo, &image->pieces[i]);
}
